"""What became of the versions that somebody has pinned, as a snapshot has it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import TypedDict

from app.factors.codes import InvalidFactorCode, check_code, parse_pin
from app.factors.content import GwpBasis
from app.factors.entries import Entry, read_entries
from app.factors.places import Newest, Place, find_newest, find_places
from app.factors.queries import status_at
from app.factors.schemas import Instant
from app.kit.differences import delta, relative_delta
from app.kit.errors import Invalid
from app.kit.schemas import Schema, checked, document, refusal
from app.reference.enums import VersionStatus

LIMIT: Final = 10_000


class TooManyPins(Invalid):
    en = "A request holds at most {limit} pins; this one holds {count}."
    zh = "一次请求最多 {limit} 个固定版本,此次为 {count} 个。"


class NotPinned(Invalid):
    en = "A pin names a version: CODE@n, with n counted from 1."
    zh = "固定版本须写明版本号:编码@n,n 从 1 起。"


def check_pin(text: str) -> None:
    """Refuse what is not `CODE@n`."""
    try:
        version = parse_pin(text).version
    except InvalidFactorCode:
        check_code(text.partition("@")[0])
        raise NotPinned from None
    if version is None:
        raise NotPinned


def _counted(value: object) -> object:
    """Refuse a list that is too long before anything in it is looked at."""
    if not isinstance(value, list):
        return value
    if len(value) > LIMIT:
        raise refusal(TooManyPins(limit=LIMIT, count=len(value)))
    return tuple(value)


_PIN: Final[Any] = Field(
    json_schema_extra={"pattern": r"^CNF-[0-9]{2}-[0-9]{6}-[0-9]{2}@[1-9][0-9]{0,8}$"},
    examples=["CNF-01-000001-14@1"],
)
PinText = Annotated[str, _PIN]


class PinList(Schema):
    """Pins to look at, and the snapshot at which."""

    pins: Annotated[
        tuple[Annotated[str, _PIN, checked(check_pin)], ...],
        Field(json_schema_extra={"maxItems": LIMIT}),
        BeforeValidator(_counted),
    ]
    snapshot: int | str | None = None
    """A log size, an RFC 3339 instant or the name of a release; the present unless
    stated."""


class PinState(StrEnum):
    """What became of a pinned version."""

    UNCHANGED = "UNCHANGED"
    SUPERSEDED = "SUPERSEDED"
    SUSPENDED = "SUSPENDED"
    RETIRED = "RETIRED"
    VOID = "VOID"
    UNKNOWN = "UNKNOWN"


@document
class Figure(TypedDict):
    """What a version states."""

    value: str
    unit: str
    gwp_set: GwpBasis


@document
class NewerYear(TypedDict):
    """The factor in use of the latest reference year of the same series."""

    pin: PinText
    reference_year: int
    value: str
    unit: str
    gwp_set: GwpBasis


@document
class PinRead(TypedDict):
    """What became of one pin."""

    pin: PinText
    state: PinState
    unknown: Literal["FACTOR", "VERSION"] | None
    """What this snapshot does not have, where the state is UNKNOWN."""
    successor: PinText | None
    """The newest later version that nothing withdraws."""
    old: Figure | None
    new: Figure | None
    """What the successor states."""
    delta: str | None
    """New value minus old value, exactly; null unless both have the same unit."""
    relative_delta: str | None
    """The delta divided by the absolute old value, to 12 digits."""
    reason: str | None
    """Why it was withdrawn; of what is superseded, why the successor was made."""
    since: Instant | None
    log_index: int | None
    """The entry that brought the state: a change of status, or the next version."""
    newer_year: NewerYear | None
    """Beside any state; the pinned value stays right for its own year."""


@document
class PinReport(TypedDict):
    """What became of each pin, in the order of the request."""

    items: tuple[PinRead, ...]
    snapshot: int


@dataclass(frozen=True, slots=True)
class _Fact:
    """Of an entry, what is answered."""

    recorded_at: str | None
    reason: str | None
    figure: Figure | None = None


_NONE: Final = _Fact(None, None)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database has said of all pins: facts by entry, years by series."""

    facts: Mapping[int, _Fact]
    newest: Mapping[str, Newest]

    def fact(self, log_index: int | None) -> _Fact:
        """Return what the entry says; of no entry, nothing."""
        return _NONE if log_index is None else self.facts[log_index]

    def newer(self, place: Place) -> Newest | None:
        """Return the newest factor of its series if that is later."""
        # Asked for the earliest year of the request, which may be another pin's.
        found = self.newest.get(place.series_id or "")
        return found if found and found.year > (place.year or 0) else None


async def check_pins(
    session: AsyncSession, pins: Sequence[str], snapshot: int
) -> PinReport:
    """Return what became of each of *pins* at *snapshot*."""
    wanted = {text: parse_pin(text) for text in pins}
    places = await find_places(session, wanted.values(), snapshot)
    known = await _learn(session, places.values(), snapshot)
    found = {text: _read(text, places[pin], known) for text, pin in wanted.items()}
    return {"items": tuple(found[text] for text in pins), "snapshot": snapshot}


async def _learn(
    session: AsyncSession, places: Collection[Place], snapshot: int
) -> _Known:
    newest = await find_newest(session, places, snapshot)
    entries = {each.log_index for each in newest.values()}
    entries.update(*(place.entries() for place in places))
    # Of each entry, which may be long, no more is kept than is answered.
    facts = {
        each.log_index: _fact(each) async for each in read_entries(session, entries)
    }
    return _Known(facts, newest)


def _fact(entry: Entry) -> _Fact:
    recorded_at, content = entry.record["recorded_at"], entry.record.get("content")
    if content is None:
        return _Fact(recorded_at, entry.record["reason"])
    figure: Figure = {
        "value": content["value"],
        "unit": content["unit"],
        "gwp_set": content["gwp_set"],
    }
    return _Fact(recorded_at, content["change_reason"], figure)


def _read(pin: str, place: Place, known: _Known) -> PinRead:
    state, at = _state(place)
    old, new = known.fact(place.version_at), known.fact(place.successor_at)
    since = known.fact(at)
    by, relative = _compare(old.figure, new.figure)
    return {
        "pin": pin,
        "state": state,
        "unknown": _unknown(place),
        "successor": f"{place.code}@{place.successor}" if place.successor else None,
        "old": old.figure,
        "new": new.figure,
        "delta": by,
        "relative_delta": relative,
        "reason": (new if state is PinState.SUPERSEDED else since).reason,
        "since": since.recorded_at,
        "log_index": at,
        "newer_year": _newer_year(known.newer(place), known),
    }


def _state(place: Place) -> tuple[PinState, int | None]:
    """Return what became of a version, and the entry that brought it about."""
    if place.version_at is None:
        return PinState.UNKNOWN, None
    highest = place.version + (place.next_at is not None)
    status = status_at(place.change, place.version, highest)
    if status is VersionStatus.PUBLISHED:
        return PinState.UNCHANGED, None
    if status is VersionStatus.SUPERSEDED:
        return PinState.SUPERSEDED, place.next_at
    return PinState(status), place.changed_at


def _unknown(place: Place) -> Literal["FACTOR", "VERSION"] | None:
    if place.series_id is None:
        return "FACTOR"
    return "VERSION" if place.version_at is None else None


def _compare(old: Figure | None, new: Figure | None) -> tuple[str | None, str | None]:
    """Return difference and relative difference, where they mean something."""
    if old is None or new is None or old["unit"] != new["unit"]:
        return None, None
    values = (old["value"], new["value"])
    return delta(*values), relative_delta(*values)


def _newer_year(newest: Newest | None, known: _Known) -> NewerYear | None:
    if newest is None:
        return None
    figure = known.fact(newest.log_index).figure
    assert figure is not None  # noqa: S101 - the entry of a version
    return {
        "pin": f"{newest.code}@{newest.version}",
        "reference_year": newest.year,
        "value": figure["value"],
        "unit": figure["unit"],
        "gwp_set": figure["gwp_set"],
    }
