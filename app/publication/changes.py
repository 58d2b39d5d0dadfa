"""What moved between two snapshots, factor by factor, with reasons."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, TypeAlias

from pydantic import Field, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import catalogue
from app.factors.catalogue import History, Verdict
from app.factors.content import GwpBasis
from app.factors.entries import read_entries
from app.factors.schemas import FactorCode, Instant, Label, PageQuery
from app.kit import differences
from app.kit.canonical import Json
from app.kit.errors import Invalid
from app.kit.paging import read_cursor, write_cursor
from app.kit.schemas import DecimalText, Schema
from app.reference.enums import VersionStatus

Content: TypeAlias = dict[str, Any]

_BLOCK: Final = 250
# The last factor that is through, and how many changes of the next one are.
_POSITION: Final = TypeAdapter(
    tuple[
        Annotated[str, Field(max_length=16, pattern=r"^[\x20-\x7e]*$")],
        Annotated[int, Field(ge=0, lt=10_000)],
    ]
)


class ChangeKind(StrEnum):
    """How a factor moved."""

    ADDED = "ADDED"
    CHANGED = "CHANGED"
    SUSPENDED = "SUSPENDED"
    REINSTATED = "REINSTATED"
    RETIRED = "RETIRED"
    VOID = "VOID"


_WITHDRAWALS: Final = {
    VersionStatus.SUSPENDED: ChangeKind.SUSPENDED,
    VersionStatus.RETIRED: ChangeKind.RETIRED,
    VersionStatus.VOID: ChangeKind.VOID,
}


class SinceTooLate(Invalid):
    en = "Changes are asked for since snapshot {since}, which is later than {until}."
    zh = "起点快照 {since} 晚于终点快照 {until}。"


class VersionState(Schema):
    """A version as one of the two snapshots shows it."""

    version: int
    status: VersionStatus
    value: DecimalText
    unit: str
    gwp_set: GwpBasis


class Change(Schema):
    """One way in which a factor moved."""

    change: ChangeKind
    code: FactorCode
    version: int | None
    """The current version where the factor is new or changed, else the one whose status
    moved; null where that of all versions did."""
    name: Label
    before: VersionState | None
    """At the earlier snapshot; null if the version was not there."""
    after: VersionState
    delta: DecimalText | None
    """Of CHANGED, where both units are equal: the new value minus the old one."""
    relative_delta: DecimalText | None
    """The delta divided by the absolute value of the old one; null where that is 0."""
    reason: str | None
    """As the entry states it."""
    log_index: int
    """The entry that did it."""
    recorded_at: Instant


class ChangePage(Schema):
    """What moved between two snapshots, by factor code."""

    items: tuple[Change, ...]
    since: int
    snapshot: int
    next_cursor: str | None
    """What continues the list; null at its end."""


@dataclass(frozen=True, slots=True)
class Span:
    """The entries between two snapshots."""

    since: int
    until: int

    def check(self, pointer: str) -> None:
        """Refuse a beginning after the end; *pointer* is where it stands."""
        if self.since > self.until:
            raise SinceTooLate(pointer=pointer, since=self.since, until=self.until)


@dataclass(frozen=True, slots=True)
class Move:
    """A change by numbers: `before` and `after` are versions of `history`."""

    kind: ChangeKind
    history: History
    version: int | None
    log_index: int
    before: int | None
    after: int

    def entries(self) -> list[int]:
        """Return the log entries that say what is answered of it."""
        versions = [self.after] if self.before is None else [self.before, self.after]
        return [self.log_index, *(self.history.versions[n - 1] for n in versions)]


def moves(history: History, span: Span) -> Iterator[Move]:
    """Yield how a factor moved: first its versions, then their status."""
    yield from _growth(history, span)
    # A verdict on all versions moves several of them at once.
    told = set[int]()
    for version in range(1, history.highest(span.until) + 1):
        move = _withdrawal(history, version, span)
        if move is not None and move.log_index not in told:
            told.add(move.log_index)
            yield move


def _growth(history: History, span: Span) -> Iterator[Move]:
    before, after = history.highest(span.since), history.highest(span.until)
    if before < after:
        kind = ChangeKind.CHANGED if before else ChangeKind.ADDED
        index = history.versions[after - 1]
        yield Move(kind, history, after, index, before or None, after)


def _withdrawal(history: History, version: int, span: Span) -> Move | None:
    """Return how the status of *version* moved; becoming superseded is no move."""
    old, new = (history.verdict(version, size) for size in (span.since, span.until))
    if new is None or _status(old) is _status(new):
        return None
    kind = _WITHDRAWALS.get(new.status, ChangeKind.REINSTATED)
    highest = history.highest(span.since)
    if new.version is None:
        before, after = highest, history.highest(span.until)
    else:
        before, after = version if version <= highest else 0, version
    return Move(kind, history, new.version, new.log_index, before or None, after)


def _status(verdict: Verdict | None) -> VersionStatus:
    return VersionStatus.PUBLISHED if verdict is None else verdict.status


async def list_changes(
    session: AsyncSession, span: Span, page: PageQuery, pointer: str
) -> ChangePage:
    """Return a page of what moved in *span*; a function of its arguments."""
    query: Json = ["changes", span.since, span.until]
    after, skipped = "", 0
    if page.cursor is not None:
        after, skipped = read_cursor(page.cursor, query, _POSITION, pointer)
    end = skipped + page.limit
    found = await _find(session, span, after, end + 1)
    is_last = len(found) <= end
    return ChangePage(
        items=await _read(session, found[skipped:end], span),
        since=span.since,
        snapshot=span.until,
        next_cursor=None if is_last else write_cursor(query, _place(found, end, after)),
    )


def _place(found: list[Move], end: int, after: str) -> Json:
    """Return where the page that begins with number *end* of *found* begins."""
    code = found[end].history.code
    passed = [each.history.code for each in found[:end]]
    before = [each for each in passed if each != code]
    return [before[-1] if before else after, passed.count(code)]


async def _find(
    session: AsyncSession, span: Span, after: str, count: int
) -> list[Move]:
    """Return *count* moves of the factors after *after*, or as many as there are."""
    found: list[Move] = []
    while len(found) < count:
        codes = await catalogue.moved_codes(
            session, span.since, span.until, after, _BLOCK
        )
        for history in await catalogue.load_histories(session, codes, span.until):
            found += moves(history, span)
        if len(codes) < _BLOCK:
            break
        after = codes[-1]
    return found


async def _read(
    session: AsyncSession, page: list[Move], span: Span
) -> tuple[Change, ...]:
    indexes = {index for move in page for index in move.entries()}
    entries = {
        entry.log_index: entry.record async for entry in read_entries(session, indexes)
    }
    return tuple(_change(move, span, entries) for move in page)


def _change(move: Move, span: Span, entries: Mapping[int, Content]) -> Change:
    entry = entries[move.log_index]
    content = _content(move, move.after, entries)
    after = _state(move, move.after, span.until, content)
    before = None
    if move.before is not None:
        old = _content(move, move.before, entries)
        before = _state(move, move.before, span.since, old)
    return Change(
        change=move.kind,
        code=move.history.code,
        version=move.version,
        name=Label(**content["name"]),
        before=before,
        after=after,
        delta=_compare(move, before, after, differences.delta),
        relative_delta=_compare(move, before, after, differences.relative_delta),
        reason=entry["reason"] if "reason" in entry else content["change_reason"],
        log_index=move.log_index,
        recorded_at=entry["recorded_at"],
    )


def _content(move: Move, version: int, entries: Mapping[int, Content]) -> Content:
    content: Content = entries[move.history.versions[version - 1]]["content"]
    return content


def _state(move: Move, version: int, size: int, content: Content) -> VersionState:
    return VersionState(
        version=version,
        status=move.history.status(version, size),
        value=content["value"],
        unit=content["unit"],
        gwp_set=content["gwp_set"],
    )


def _compare(
    move: Move,
    before: VersionState | None,
    after: VersionState,
    compare: Callable[[str, str], str | None],
) -> str | None:
    if move.kind is not ChangeKind.CHANGED or before is None:
        return None
    return compare(before.value, after.value) if before.unit == after.unit else None
