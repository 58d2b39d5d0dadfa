"""What happened to a factor, in the order of the log, and who did it."""

from typing import Any, Final, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import entries
from app.factors.codes import Pin
from app.factors.entries import Entry
from app.factors.schemas import FactorCode, Instant, Label
from app.factors.service import get_version
from app.kit.schemas import Schema
from app.publication.origins import Involved, NoticeDays, Origin, find_origins
from app.reference.enums import Road, VersionStatus

_ACTS: Final = {
    VersionStatus.PUBLISHED: "REINSTATE",
    VersionStatus.SUSPENDED: "SUSPEND",
    VersionStatus.RETIRED: "RETIRE",
    VersionStatus.VOID: "VOID",
}


class Document(Schema):
    """The document that states the value."""

    title: str
    publisher: Label
    document_number: str | None
    date: str | None
    locator: str | None


class HistoryItem(Schema):
    """One entry of the log on a factor."""

    log_index: int
    recorded_at: Instant
    act: Literal["PUBLISH", "REINSTATE", "SUSPEND", "RETIRE", "VOID"]
    version: int | None
    """Null where the act is on the whole factor."""
    reason: str | None
    road: Road | None
    """Of a publication, and of a retirement that was submitted."""
    submission: str | None
    organisation: str | None
    """Which submitted it."""
    notice: NoticeDays | None
    document: Document | None
    people: tuple[Involved, ...]
    """Who submitted, reviewed and signed."""


class HistoryPage(Schema):
    """The entries on a factor, the first one first."""

    code: FactorCode
    items: tuple[HistoryItem, ...]
    snapshot: int
    next_after: int | None
    """Ask for `after` this log index next; null at the end of the list."""


async def read_history(
    session: AsyncSession, code: str, snapshot: int, *, after: int, limit: int
) -> HistoryPage:
    """Return what is logged of *code* behind entry *after*."""
    await get_version(session, Pin(code, None), snapshot)
    steps = await entries.list_steps(
        session, code, snapshot, after=after, limit=limit + 1
    )
    indexes = [step.log_index for step in steps[:limit]]
    found = [each async for each in entries.read_entries(session, indexes)]
    origins = await find_origins(session, found)
    return HistoryPage(
        code=code,
        items=tuple(
            _read(each, origins.get(each.log_index, Origin())) for each in found
        ),
        snapshot=snapshot,
        next_after=indexes[-1] if len(steps) > limit else None,
    )


def _read(entry: Entry, origin: Origin) -> HistoryItem:
    record = entry.record
    content, passage = record.get("content"), origin.passage
    document: dict[str, Any] = {
        "log_index": entry.log_index,
        "recorded_at": record["recorded_at"],
        "act": "PUBLISH" if content else _ACTS[record["status"]],
        "version": record["version"],
        "reason": content["change_reason"] if content else record["reason"],
        "road": origin.road,
        "submission": passage and passage.id,
        "organisation": passage and passage.organisation,
        "notice": passage and passage.notice,
        "document": _document(content["sources"][0]) if content else None,
        "people": origin.people,
    }
    return HistoryItem.model_validate(document, strict=False)


def _document(citation: dict[str, Any]) -> dict[str, Any]:
    return {name: citation[name] for name in Document.model_fields}
