"""The audit trail: everything to auditors, public acts to everyone."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import ConfigDict, Field

from app.api.submissions import Readable
from app.audit import queries
from app.audit.models import Event
from app.audit.queries import Filter
from app.factors.schemas import DIGITS
from app.http.dependencies import Caller, KnownCaller, ReadSession
from app.http.problems import problem_responses
from app.http.routing import router
from app.kit.clock import instant_text
from app.kit.errors import Forbidden, NotFound
from app.kit.schemas import Schema
from app.reference.enums import Role
from app.submissions.workflow import Standing

routes = router("audit")


class EventRead(Schema):
    """One act; persons are pseudonymous and shown to auditors and the organisation."""

    seq: int
    at: str
    act: str
    object_type: str
    object_id: str
    submission: str | None
    person: str | None
    role: str
    organisation: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None
    request_id: str | None
    log_index: int | None
    """The entry of the log that the act led to. Of several it is the last one, and
    `after.first_log_index` the first: they stand in a row."""
    chain: str | None
    """SHA-256 over all events of the submission up to this one."""


class EventPage(Schema):
    """Events in their order."""

    items: tuple[EventRead, ...]
    next_after: int
    """Ask for `after` this number next."""


Text = Annotated[str, Field(max_length=200)]


class EventQuery(Schema):
    """Which events, from the one behind `after`."""

    # Numbers of a query arrive as text.
    model_config = ConfigDict(strict=False)

    after: Annotated[int, Field(ge=0, lt=2**62), DIGITS] = 0
    limit: Annotated[int, Field(ge=1, le=500), DIGITS] = 100
    object_type: Text | None = None
    object_id: Text | None = None
    person: Text | None = None
    """Of a person; for auditors."""
    act: Text | None = None
    log_index: Annotated[int, Field(ge=0, lt=2**62), DIGITS] | None = None
    """The act that led to this entry of the log."""


class AuditorsOnly(Forbidden):
    en = "These filters are for auditors; everyone may read the public acts."
    zh = "此筛选仅供审计员使用;公开行为可由任何人读取。"


def _read(event: Event, *, full: bool, organisation: str | None = None) -> EventRead:
    # What reviewers and offices do is read where it is shown once it is decided.
    is_open = full or event.is_public or event.organisation_id == organisation
    return EventRead(
        seq=event.seq,
        at=instant_text(event.at),
        act=event.act,
        object_type=event.object_type,
        object_id=event.object_id,
        submission=event.submission_id,
        person=event.person_id if full else None,
        role=event.role,
        organisation=event.organisation_id,
        before=event.before if is_open else _state(event.before),
        after=event.after if is_open else _state(event.after),
        reason=event.reason,
        request_id=event.request_id if full else None,
        log_index=event.log_index,
        chain=event.chain.hex() if event.chain else None,
    )


def _state(document: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return of *document* the state alone: no verdicts, no names of a panel."""
    return document and {key: each for key, each in document.items() if key == "state"}


def _page(
    found: list[Event], after: int, *, full: bool, organisation: str | None = None
) -> EventPage:
    last = found[-1].seq if found else after
    items = tuple(_read(each, full=full, organisation=organisation) for each in found)
    return EventPage(items=items, next_after=last)


@routes.get("/audit/events", responses=problem_responses(Forbidden))
async def list_events(
    session: ReadSession,
    caller: Caller,
    query: Annotated[EventQuery, Query()],
) -> EventPage:
    """List acts in their order: all to auditors, the public ones to everyone."""
    is_auditor = caller is not None and caller.role == Role.AUDITOR
    if query.person is not None and not is_auditor:
        raise AuditorsOnly
    wanted = Filter(
        after=query.after,
        limit=query.limit,
        object_type=query.object_type,
        object_id=query.object_id,
        person_id=query.person,
        act=query.act,
        log_index=query.log_index,
        public_only=not is_auditor,
    )
    found = await queries.list_events(session, wanted)
    return _page(list(found), query.after, full=is_auditor)


@routes.get(
    "/submissions/{submission_id}/events",
    responses=problem_responses(NotFound, Forbidden),
)
async def list_submission_events(
    view: Readable,
    session: ReadSession,
    caller: KnownCaller,
    after: Annotated[int, Query(ge=0, lt=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> EventPage:
    """List what has happened to a submission."""
    wanted = Filter(after=after, limit=limit, submission_id=view.submission.id)
    found = await queries.list_events(session, wanted)
    full = Standing.OFFICE in view.standings
    return _page(list(found), after, full=full, organisation=caller.organisation_id)
