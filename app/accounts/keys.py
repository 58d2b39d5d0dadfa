"""API keys: making, listing and revoking them.

A person has at most two live keys, so that one can take over from the other. The
secret is answered once and never stored.
"""

import datetime as dt
import secrets
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.accounts.models import ApiKey, Person
from app.accounts.organisations import MemberLeft, NotManager, UnknownMember
from app.accounts.schemas import KeyCreated, KeyDraft, KeyRead, shown
from app.accounts.service import Caller, Scope, digest
from app.audit.service import Actor, Deed, Trail
from app.kit.clock import instant_text, parse_instant
from app.kit.errors import Conflict, Forbidden, Invalid, NotFound
from app.reference.enums import Role

LIVE_KEYS: Final = 2
_LONGEST: Final = dt.timedelta(days=731)
_PERSON: Final = "/person"


class NoSuchKey(NotFound):
    en = "There is no such API key."
    zh = "该 API 密钥不存在。"


class TwoLiveKeys(Conflict):
    en = "A person has at most two live keys; revoke one first."
    zh = "每人最多有两个有效密钥,请先吊销其一。"


class MemberHasKey(Conflict):
    en = "The member has a live key and makes others with it."
    zh = "该成员已有有效密钥,可自行创建其他密钥。"


class ScopeNotHeld(Forbidden):
    en = "A key passes on no more than its own scopes; {scopes} are not among them."
    zh = "密钥不得授予超出自身的权限范围:{scopes}。"


class BadExpiry(Invalid):
    en = "A key expires in the future, within two years."
    zh = "密钥的失效时刻须在未来两年之内。"


def make_key(
    person_id: str,
    *,
    at: dt.datetime,
    kind: str = "live",
    scopes: Collection[str] = tuple(Scope),
    expires_at: dt.datetime | None = None,
) -> tuple[ApiKey, str]:
    """Return a new key of somebody, to be stored, and its text, to be shown once."""
    key_id = secrets.token_hex(6)
    text = f"tanyin_{kind}_{key_id}_{secrets.token_hex(32)}"
    key = ApiKey(
        id=key_id,
        person_id=person_id,
        secret_sha256=digest(text),
        scopes=[scope.value for scope in Scope if scope in scopes],
        created_at=at,
        expires_at=expires_at,
    )
    return key, text


async def create_key(trail: Trail, draft: KeyDraft) -> tuple[ApiKey, str]:
    """Make a key of the actor, or the first one of a member that they manage."""
    owner = await _owner(trail, draft.person)
    scopes = trail.actor.scopes if draft.scopes is None else draft.scopes
    beyond = [scope for scope in scopes if scope not in trail.actor.scopes]
    if beyond:
        raise ScopeNotHeld(pointer="/scopes", scopes=", ".join(beyond))
    return issue_key(
        trail, owner, scopes=scopes, expires_at=_expiry(trail, draft.expires_at)
    )


def issue_key(
    trail: Trail,
    owner: str,
    *,
    scopes: Collection[str] = tuple(Scope),
    expires_at: dt.datetime | None = None,
) -> tuple[ApiKey, str]:
    """Store a new key of *owner* with its event."""
    key, text = make_key(owner, at=trail.at, scopes=scopes, expires_at=expires_at)
    trail.session.add(key)
    after = {
        "person": owner,
        "scopes": key.scopes,
        "expires_at": shown(expires_at),
    }
    deed = Deed(act="CREATE_KEY", object_type="API_KEY", object_id=key.id, after=after)
    trail.record(deed)
    return key, text


async def list_keys(
    session: AsyncSession, caller: Caller, person_id: str | None, at: dt.datetime
) -> Sequence[ApiKey]:
    """Return the caller's keys, or those of a member that they manage."""
    owner = caller.person_id
    if person_id is not None and person_id != owner:
        person = await queries.find_person(session, person_id)
        if person is None or person.organisation_id != caller.organisation_id:
            raise UnknownMember(pointer="?person")
        if not caller.is_manager:
            raise NotManager(pointer="?person")
        owner = person.id
    return await queries.list_keys(session, owner, at)


def read_key(key: ApiKey) -> KeyRead:
    """Return *key* as it is answered, without its secret."""
    return KeyRead(
        id=key.id,
        person=key.person_id,
        scopes=tuple(Scope(scope) for scope in key.scopes),
        created_at=instant_text(key.created_at),
        expires_at=shown(key.expires_at),
        revoked_at=shown(key.revoked_at),
    )


def read_new_key(key: ApiKey, text: str) -> KeyCreated:
    """Return a new key as it is answered once, with its *text*."""
    return KeyCreated(**read_key(key).model_dump(), key=text)


async def revoke_key(trail: Trail, key_id: str) -> None:
    """End a key of the actor, or of a member that they manage."""
    known = await queries.find_api_key(trail.session, key_id)
    if known is None or not await _may_revoke(trail, known):
        raise NoSuchKey
    key = await queries.lock_key(trail.session, key_id)
    if key is None or key.revoked_at is not None:
        return
    key.revoked_at = trail.at
    deed = Deed(
        act="REVOKE_KEY",
        object_type="API_KEY",
        object_id=key.id,
        before={"person": key.person_id, "revoked": False},
        after={"person": key.person_id, "revoked": True},
    )
    trail.record(deed)


async def _owner(trail: Trail, person_id: str | None) -> str:
    """Return whose key is asked for, if they may have one more."""
    own = trail.actor.person_id
    if person_id is None or person_id == own:
        if await queries.count_live_keys(trail.session, own, trail.at) >= LIVE_KEYS:
            raise TwoLiveKeys
        return own
    person = await queries.find_person(trail.session, person_id)
    if person is None or not _is_in_reach(trail.actor, person):
        raise UnknownMember(pointer=_PERSON)
    if person.organisation_id == trail.actor.organisation_id:
        _require_manager(trail.actor)
    if person.left_at is not None:
        raise MemberLeft(pointer=_PERSON)
    # Nobody acts in the name of somebody who acts: a first key, or one in place of
    # those that were lost.
    if await queries.count_live_keys(trail.session, person_id, trail.at):
        raise MemberHasKey(pointer=_PERSON)
    return person_id


def _is_in_reach(actor: Actor, person: Person) -> bool:
    """Tell whether *person* is a colleague, or a manager who lost their keys.

    Without the latter an organisation whose managers have none were lost for good.
    """
    is_colleague = person.organisation_id == actor.organisation_id
    return is_colleague or (actor.role == Role.ADMIN and person.is_manager)


def _require_manager(actor: Actor) -> None:
    if not actor.is_manager:
        raise NotManager(pointer=_PERSON)


async def _may_revoke(trail: Trail, key: ApiKey) -> bool:
    if key.person_id == trail.actor.person_id:
        return True
    owner = await queries.find_person(trail.session, key.person_id)
    is_colleague = (
        owner is not None and owner.organisation_id == trail.actor.organisation_id
    )
    return is_colleague and trail.actor.is_manager


def _expiry(trail: Trail, text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    instant = parse_instant(text)
    if not trail.at < instant <= trail.at + _LONGEST:
        raise BadExpiry(pointer="/expires_at")
    return instant
