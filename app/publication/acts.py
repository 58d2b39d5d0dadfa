"""What publishers do to published versions, with one or two signatures.

Suspending takes one; reinstating, voiding, retiring and publishing by the roads
AUTHORITY and IMPORT take two, and so does a release: the first call proposes, another
publisher confirms.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.service import Deed, Trail
from app.factors import service as factors
from app.factors.codes import Pin
from app.factors.content import Content
from app.kit.errors import Conflict, Forbidden, NotFound
from app.publication import releases
from app.publication import service as publication
from app.publication.models import Act
from app.publication.service import Publication, Published
from app.reference.enums import Road, Role, VersionStatus
from app.reference.policy import Policy
from app.translog import service as translog

_NAMED: Final = 500


class ActKind(StrEnum):
    """What is done."""

    SUSPEND = "SUSPEND"
    REINSTATE = "REINSTATE"
    VOID = "VOID"
    RETIRE = "RETIRE"
    PUBLISH = "PUBLISH"
    RELEASE = "RELEASE"


class NotAPublisher(Forbidden):
    code = "NOT_A_PUBLISHER"
    en = "This is for publishers."
    zh = "此操作须由发布人执行。"


class SamePublisher(Forbidden):
    code = "DUTIES_NOT_SEPARATE"
    en = "Another publisher than the one who proposed it confirms an act."
    zh = "确认须由提出人以外的另一名发布人完成。"


class NoSuchAct(NotFound):
    code = "UNKNOWN_ACT"
    en = "There is no such act."
    zh = "该行为不存在。"


class AlreadyConfirmed(Conflict):
    en = "The act is confirmed already."
    zh = "该行为已确认。"


class WrongStatus(Conflict):
    en = "{act} is not possible at status {status}."
    zh = "状态 {status} 下不能执行 {act}。"


class RoadClosed(Forbidden):
    en = "The road {road} is not open here; IMPORT is in demonstration mode only."
    zh = "{road} 途径在此不可用;IMPORT 仅在演示模式下开放。"


class DocumentMissing(Conflict):
    en = "The road AUTHORITY needs a source with document number, title and date."
    zh = "AUTHORITY 途径的来源须有文号、标题和日期。"


# A void version stays void for ever: a later status of its factor must not hide that.
_ADMITTED: Final = {
    ActKind.SUSPEND: {VersionStatus.PUBLISHED, VersionStatus.SUPERSEDED},
    ActKind.REINSTATE: {VersionStatus.SUSPENDED},
    ActKind.VOID: {
        VersionStatus.PUBLISHED,
        VersionStatus.SUPERSEDED,
        VersionStatus.SUSPENDED,
        VersionStatus.RETIRED,
    },
    ActKind.RETIRE: {
        VersionStatus.PUBLISHED,
        VersionStatus.SUPERSEDED,
        VersionStatus.SUSPENDED,
    },
}
_RESULT: Final = {
    ActKind.SUSPEND: VersionStatus.SUSPENDED,
    ActKind.REINSTATE: VersionStatus.PUBLISHED,
    ActKind.VOID: VersionStatus.VOID,
    ActKind.RETIRE: VersionStatus.RETIRED,
}


@dataclass(frozen=True, slots=True)
class Target:
    """A version, or (version None) a whole factor."""

    code: str
    version: int | None


async def propose(trail: Trail, kind: ActKind, target: Target, reason: str) -> Act:
    """Propose an act on a version; suspending is done at once."""
    _check_role(trail)
    await _check_status(trail.session, kind, target)
    act = _new(trail, kind, reason)
    act.code, act.version = target.code, target.version
    if kind is ActKind.SUSPEND:
        await _perform(trail, act)
    else:
        _record(trail, act, "PROPOSE")
    return act


async def propose_publication(
    trail: Trail, road: Road, contents: Sequence[Content], reason: str, policy: Policy
) -> Act:
    """Propose to publish contents by AUTHORITY or IMPORT."""
    _check_role(trail)
    if road is Road.PANEL or road not in policy.roads:
        raise RoadClosed(road=road)
    if road is Road.AUTHORITY and not all(map(_is_documented, contents)):
        raise DocumentMissing
    act = _new(trail, ActKind.PUBLISH, reason)
    items = [each.model_dump(mode="json") for each in contents]
    act.details = {"road": road, "items": items}
    _record(trail, act, "PROPOSE")
    return act


async def propose_release(trail: Trail, name: str, reason: str) -> Act:
    """Propose to give *name* to the snapshot at which the act is confirmed."""
    _check_role(trail)
    await releases.check_free(trail.session, name)
    act = _new(trail, ActKind.RELEASE, reason)
    act.details = {"name": name}
    _record(trail, act, "PROPOSE")
    return act


async def confirm(trail: Trail, act_id: str) -> Act:
    """Perform a proposed act as the second publisher."""
    _check_role(trail)
    act = await _lock(trail.session, act_id)
    if act.confirmed_at is not None or act.log_index is not None:
        raise AlreadyConfirmed
    if act.proposed_by == trail.actor.person_id:
        raise SamePublisher
    act.confirmed_by, act.confirmed_at = trail.actor.person_id, trail.at
    await trail.session.flush()
    await _perform(trail, act)
    return act


async def list_open(session: AsyncSession, limit: int) -> Sequence[Act]:
    """Return the acts that wait for their second signature, the oldest first."""
    rows = await session.scalars(
        sa.select(Act)
        .where(Act.log_index.is_(None))
        .order_by(Act.proposed_at, Act.id)
        .limit(limit)
    )
    return rows.all()


def _new(trail: Trail, kind: ActKind, reason: str) -> Act:
    act = Act(
        id=f"act_{secrets.token_hex(8)}",
        kind=kind,
        reason=reason,
        details={},
        proposed_by=trail.actor.person_id,
        proposed_at=trail.at,
    )
    trail.session.add(act)
    return act


def _check_role(trail: Trail) -> None:
    if trail.actor.role != Role.PUBLISHER:
        raise NotAPublisher


async def _check_status(session: AsyncSession, kind: ActKind, target: Target) -> None:
    # A whole factor stands and falls with its current version.
    found = await factors.get_present(session, Pin(target.code, target.version))
    if found.status not in _ADMITTED[kind]:
        raise WrongStatus(act=kind, status=found.status)


async def _lock(session: AsyncSession, act_id: str) -> Act:
    rows = await session.scalars(
        sa.select(Act)
        .where(Act.id == act_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    act = rows.one_or_none()
    if act is None:
        raise NoSuchAct
    return act


async def _perform(trail: Trail, act: Act) -> None:
    if act.kind == ActKind.PUBLISH:
        published = await _publish(trail, act)
        act.log_index = published[-1].log_index
        act.details = {
            "road": act.details["road"],
            "first_log_index": published[0].log_index,
            "published": [f"{one.code}@{one.version}" for one in published],
        }
    elif act.kind == ActKind.RELEASE:
        act.log_index = await releases.make(
            trail.session, act.details["name"], act.reason, _signers(act)
        )
    else:
        act.log_index = await _change_status(trail.session, act)
    _record(trail, act, "CONFIRM" if act.confirmed_by else act.kind, is_public=True)


def _signers(act: Act) -> tuple[str, str]:
    return act.proposed_by, str(act.confirmed_by)


async def _change_status(session: AsyncSession, act: Act) -> int:
    kind = ActKind(act.kind)
    # Status is what the log says: under its lock nobody changes it meanwhile.
    await translog.open_appender(session)
    await _check_status(session, kind, Target(str(act.code), act.version))
    return await publication.change_status(
        session,
        str(act.code),
        version=act.version,
        status=_RESULT[kind],
        reason=act.reason,
    )


async def _publish(trail: Trail, act: Act) -> list[Published]:
    signers = _signers(act)
    road = Road(act.details["road"])
    return await publication.publish_all(
        trail.session,
        [
            Publication(Content.model_validate(each, strict=False), road, signers)
            for each in act.details["items"]
        ],
    )


def _is_documented(content: Content) -> bool:
    source = content.sources[0]
    return source.document_number is not None and source.date is not None


def _record(trail: Trail, act: Act, name: str, *, is_public: bool = False) -> None:
    published = act.details.get("published", ())
    after: dict[str, Any] = {
        "kind": act.kind,
        "code": act.code,
        "version": act.version,
        "road": act.details.get("road"),
        "release": act.details.get("name"),
        "published": list(published[:_NAMED]),
        "count": len(published or act.details.get("items", ())),
        # Of the entries from here to the event's own `log_index`, all are of this act.
        "first_log_index": act.details.get("first_log_index", act.log_index),
    }
    deed = Deed(
        act=name,
        object_type="ACT",
        object_id=act.id,
        after=after,
        reason=act.reason,
        log_index=act.log_index,
        is_public=is_public,
    )
    trail.record(deed)
