"""Organisations and their members.

An administrator makes an organisation and says which roles it has; from then on its
managers decide who is who in it. Every act is an event, without names.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.models import Organisation, Person
from app.accounts.schemas import (
    ManagerDraft,
    MemberDraft,
    MemberPatch,
    MemberRead,
    OrganisationDraft,
    OrganisationPatch,
    OrganisationRead,
    shown,
)
from app.audit.service import Actor, Deed, Trail
from app.kit.errors import Conflict, Forbidden, Invalid, NotFound
from app.kit.paging import read_cursor, write_cursor
from app.kit.schemas import BilingualName
from app.reference.enums import Role

_OVERSEERS: Final = frozenset({Role.ADMIN, Role.AUDITOR})
_LAST_ID: Final = TypeAdapter(str)


class UnknownOrganisation(NotFound):
    en = "There is no such organisation."
    zh = "该机构不存在。"


class UnknownMember(NotFound):
    en = "The organisation has no such member."
    zh = "该机构没有此成员。"


class NotAdministrator(Forbidden):
    en = "This is for administrators."
    zh = "此操作须由系统管理员执行。"


class NotManager(Forbidden):
    en = "This is for managers of the organisation."
    zh = "此操作须由该机构的管理人员执行。"


class OwnOrganisation(Forbidden):
    en = "Nobody suspends their own organisation."
    zh = "不得暂停本人所在的机构。"


class OwnRole(Forbidden):
    en = "Nobody changes their own role; another manager does."
    zh = "不得更改本人的角色,须由另一位管理人员更改。"


class RoleNotInOrganisation(Invalid):
    en = "The organisation has the roles {roles}, and {role} is not among them."
    zh = "该机构的角色为 {roles},不含 {role}。"


class RoleInUse(Conflict):
    en = "Members still have the roles {roles}; change theirs first."
    zh = "仍有成员担任角色 {roles},请先更改其角色。"


class NameTaken(Conflict):
    en = "Another organisation has this Chinese name."
    zh = "该中文名称已被其他机构使用。"


class CreditCodeTaken(Conflict):
    en = "Another organisation has this credit code."
    zh = "该统一社会信用代码已被其他机构使用。"


class MemberLeft(Conflict):
    en = "The member has left."
    zh = "该成员已离开。"


class LastManager(Conflict):
    en = "This is the last manager; appoint another one first."
    zh = "该成员是最后一位管理人员,请先指定另一位。"


class Viewer(Protocol):
    """Who looks, by organisation and role."""

    @property
    def organisation_id(self) -> str: ...
    @property
    def role(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Members:
    """Some members of an organisation, and where the next ones begin."""

    people: tuple[Person, ...]
    next_cursor: str | None


async def get_organisation(
    session: AsyncSession, organisation_id: str, viewer: Viewer
) -> Organisation:
    """Return an organisation that *viewer* may see: their own, or any as overseer."""
    is_own = viewer.organisation_id == organisation_id
    if is_own or viewer.role in _OVERSEERS:
        organisation = await queries.find_organisation(session, organisation_id)
        if organisation is not None:
            return organisation
    raise UnknownOrganisation


async def list_members(
    session: AsyncSession,
    organisation: Organisation,
    *,
    limit: int,
    cursor: str | None,
    pointer: str,
) -> Members:
    """Return a page of members; *pointer* is where the cursor stands."""
    query = {"members": organisation.id}
    after = "" if cursor is None else read_cursor(cursor, query, _LAST_ID, pointer)
    found = await queries.list_members(
        session, organisation.id, after=after, limit=limit + 1
    )
    shown = tuple(found[:limit])
    is_last = len(found) <= limit
    return Members(shown, None if is_last else write_cursor(query, shown[-1].id))


def read_organisation(organisation: Organisation) -> OrganisationRead:
    """Return *organisation* as it is answered."""
    return OrganisationRead(
        id=organisation.id,
        name=BilingualName(zh=organisation.name_zh, en=organisation.name_en),
        credit_code=organisation.credit_code,
        credit_code_note=organisation.credit_code_note,
        roles=tuple(Role(role) for role in organisation.roles),
        suspended_at=shown(organisation.suspended_at),
    )


def read_member(person: Person, viewer: Viewer) -> MemberRead:
    """Return *person* as *viewer* sees them: with a name only among colleagues."""
    is_colleague = person.organisation_id == viewer.organisation_id
    return MemberRead(
        person=person.id,
        name=person.name if is_colleague else None,
        role=Role(person.role),
        is_manager=person.is_manager,
        left_at=shown(person.left_at),
    )


async def create_organisation(trail: Trail, draft: OrganisationDraft) -> Organisation:
    """Add an organisation, as an administrator."""
    require_administrator(trail.actor)
    await _check_free(trail.session, draft)
    organisation = Organisation(
        id=f"org_{secrets.token_hex(8)}",
        name_zh=draft.name.zh,
        name_en=draft.name.en,
        credit_code=draft.credit_code,
        credit_code_note=draft.credit_code_note,
        roles=_distinct(draft.roles),
    )
    _check_role(organisation, draft.manager.role, "/manager/role")
    trail.session.add(organisation)
    # Its people refer to it by its id alone.
    await trail.session.flush()
    after = {"roles": organisation.roles, "credit_code": draft.credit_code}
    _record(
        trail,
        "CREATE_ORGANISATION",
        organisation,
        after=after,
        reason=draft.credit_code_note,
    )
    return organisation


async def change_organisation(
    trail: Trail, organisation_id: str, patch: OrganisationPatch
) -> Organisation:
    """Change the roles of an organisation, suspend or reinstate it."""
    await get_organisation(trail.session, organisation_id, trail.actor)
    require_administrator(trail.actor)
    organisation = await queries.lock_organisation(trail.session, organisation_id)
    if organisation is None:
        raise UnknownOrganisation
    before = _state(organisation)
    if patch.roles is not None:
        await _set_roles(trail.session, organisation, patch.roles)
    if patch.suspended is not None:
        _suspend(trail, organisation, suspended=patch.suspended)
    after = _state(organisation)
    if after != before:
        _record(
            trail,
            "CHANGE_ORGANISATION",
            organisation,
            before=before,
            after=after,
            reason=patch.reason,
        )
    return organisation


async def add_member(trail: Trail, organisation_id: str, draft: MemberDraft) -> Person:
    """Add somebody to the actor's organisation; they have no key yet."""
    organisation = await _managed(trail, organisation_id)
    return await admit(trail, organisation, draft, is_manager=draft.is_manager)


async def admit(
    trail: Trail,
    organisation: Organisation,
    draft: MemberDraft | ManagerDraft,
    *,
    is_manager: bool,
) -> Person:
    """Make somebody a member of *organisation*."""
    _check_role(organisation, draft.role, "/role")
    person = Person(
        id=f"p_{secrets.token_hex(8)}",
        organisation_id=organisation.id,
        name=draft.name,
        role=draft.role,
        is_manager=is_manager,
    )
    trail.session.add(person)
    # Their key refers to them by their id alone.
    await trail.session.flush()
    _record(trail, "ADD_MEMBER", person, after=_standing(person))
    return person


async def change_member(
    trail: Trail, organisation_id: str, person_id: str, patch: MemberPatch
) -> Person:
    """Change what a member of the actor's organisation is in it."""
    organisation = await _managed(trail, organisation_id)
    member = await _lock_member(trail.session, organisation_id, person_id)
    before = _standing(member)
    _set_role(trail.actor, organisation, member, patch.role)
    await _keep_a_manager(trail.session, member, patch)
    if patch.is_manager is not None:
        member.is_manager = patch.is_manager
    if patch.left:
        member.left_at = trail.at
    if (after := _standing(member)) != before:
        _record(trail, "CHANGE_MEMBER", member, before=before, after=after)
    return member


def require_administrator(actor: Actor) -> None:
    """Refuse whoever is no administrator."""
    if actor.role != Role.ADMIN:
        raise NotAdministrator


async def _managed(trail: Trail, organisation_id: str) -> Organisation:
    """Return the organisation that the actor manages, or refuse."""
    organisation = await get_organisation(trail.session, organisation_id, trail.actor)
    if trail.actor.organisation_id != organisation_id or not trail.actor.is_manager:
        raise NotManager
    return organisation


async def _lock_member(
    session: AsyncSession, organisation_id: str, person_id: str
) -> Person:
    """Return a member and hold them; people of others are not even touched."""
    known = await queries.find_person(session, person_id)
    if known is None or known.organisation_id != organisation_id:
        raise UnknownMember
    member = await queries.lock_person(session, person_id)
    if member is None or member.left_at is not None:
        raise MemberLeft
    return member


async def _check_free(session: AsyncSession, draft: OrganisationDraft) -> None:
    if await queries.find_namesake(session, draft.name.zh) is not None:
        raise NameTaken(pointer="/name/zh")
    code = draft.credit_code
    if code is not None and await queries.find_by_credit_code(session, code):
        raise CreditCodeTaken(pointer="/credit_code")


async def _set_roles(
    session: AsyncSession, organisation: Organisation, roles: Collection[Role]
) -> None:
    gone = [each for each in organisation.roles if each not in roles]
    used = await queries.roles_in_use(session, organisation.id, gone)
    if used:
        raise RoleInUse(pointer="/roles", roles=", ".join(used))
    organisation.roles = _distinct(roles)


def _suspend(trail: Trail, organisation: Organisation, *, suspended: bool) -> None:
    if organisation.id == trail.actor.organisation_id:
        raise OwnOrganisation(pointer="/suspended")
    if not suspended:
        organisation.suspended_at = None
    elif organisation.suspended_at is None:
        organisation.suspended_at = trail.at


def _set_role(
    actor: Actor, organisation: Organisation, member: Person, role: Role | None
) -> None:
    if role is None:
        return
    if member.id == actor.person_id:
        raise OwnRole(pointer="/role")
    _check_role(organisation, role, "/role")
    member.role = role


async def _keep_a_manager(
    session: AsyncSession, member: Person, patch: MemberPatch
) -> None:
    stays = patch.is_manager is not False and not patch.left
    if stays or not member.is_manager:
        return
    if not await queries.has_other_manager(session, member):
        raise LastManager


def _check_role(organisation: Organisation, role: Role, pointer: str) -> None:
    if role not in organisation.roles:
        roles = ", ".join(organisation.roles)
        raise RoleNotInOrganisation(pointer=pointer, role=role, roles=roles)


def _distinct(roles: Collection[Role]) -> list[str]:
    return [role.value for role in Role if role in roles]


def _state(organisation: Organisation) -> dict[str, Any]:
    return {
        "roles": organisation.roles,
        "suspended": organisation.suspended_at is not None,
    }


def _standing(person: Person) -> dict[str, Any]:
    return {
        "organisation": person.organisation_id,
        "role": person.role,
        "is_manager": person.is_manager,
        "left": person.left_at is not None,
    }


def _record(
    trail: Trail,
    act: str,
    of: Organisation | Person,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any],
    reason: str | None = None,
) -> None:
    kind = "PERSON" if isinstance(of, Person) else "ORGANISATION"
    deed = Deed(
        act=act,
        object_type=kind,
        object_id=of.id,
        before=before,
        after=after,
        reason=reason,
    )
    trail.record(deed)
