"""What differs between two versions of a factor, and what happened between them."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Field, JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import entries
from app.factors.codes import Pin
from app.factors.entries import Entry
from app.factors.schemas import FactorCode, Instant
from app.factors.service import get_version
from app.kit.differences import Difference, delta, differences
from app.kit.schemas import Schema
from app.reference.enums import Road, VersionStatus

# What stands beside a number and says of what it is.
_LABELS: Final = ("gas", "stage", "property", "unit")
_NUMBERS: Final = {"value", "mass_kg", "min", "max", "ter", "ger", "tir", "p"}


class ContentChange(Schema):
    """A field of the content that differs."""

    pointer: str
    """JSON pointer into the content."""
    old: JsonValue
    new: JsonValue
    delta: str | None
    """New number minus old number, exactly; null unless both have the same unit."""


class VersionStep(Schema):
    """A version that was published after the earlier one of the two."""

    version: int
    log_index: int
    recorded_at: Instant
    road: Road
    change_reason: str | None


class StatusStep(Schema):
    """A change of status; of the whole factor where the version is null."""

    version: int | None
    status: VersionStatus
    log_index: int
    recorded_at: Instant
    reason: str


class ChangesRead(Schema):
    """The differences between two versions, and what the log has between them."""

    code: FactorCode
    from_: Annotated[int, Field(alias="from")]
    to: int
    changes: tuple[ContentChange, ...]
    steps: tuple[VersionStep, ...]
    """The versions after the earlier one, up to the later one, each with its reason."""
    status_changes: tuple[StatusStep, ...]
    """Changes of status of the factor and its versions, between the two entries."""


async def compare_versions(
    session: AsyncSession, code: str, old: int, new: int, snapshot: int
) -> ChangesRead:
    """Return how version *new* differs from *old*, which may be the later one."""
    one = await get_version(session, Pin(code, old), snapshot)
    two = await get_version(session, Pin(code, new), snapshot)
    first, last = sorted((one.log_index, two.log_index))
    between = await _between(session, code, first, last)
    return ChangesRead.model_validate(
        {
            "code": code,
            "from": old,
            "to": new,
            "changes": tuple(
                compare_contents(one.record["content"], two.record["content"])
            ),
            "steps": [_step(each) for each in between if "content" in each.record],
            "status_changes": [
                status_step(each) for each in between if "content" not in each.record
            ],
        },
        strict=False,
    )


async def _between(
    session: AsyncSession, code: str, first: int, last: int
) -> list[Entry]:
    """Return the entries on a factor behind *first*, up to *last*."""
    steps = await entries.list_steps(session, code, last + 1, after=first)
    indexes = [step.log_index for step in steps]
    return [each async for each in entries.read_entries(session, indexes)]


def compare_contents(old: Any, new: Any) -> Iterator[ContentChange]:  # noqa: ANN401 - JSON
    """Yield the fields in which two contents differ."""
    found = list(differences(old, new))
    pointers = {each.pointer for each in found}
    for each in found:
        yield ContentChange(
            pointer=each.pointer,
            old=each.old,
            new=each.new,
            delta=_delta(each, pointers),
        )


def _delta(change: Difference, pointers: set[str]) -> str | None:
    """Return by how much a number differs, if it is still a number of the same."""
    parent, _, name = change.pointer.rpartition("/")
    labels = {"/unit", *(f"{parent}/{label}" for label in _LABELS)}
    are_numbers = isinstance(change.old, str) and isinstance(change.new, str)
    if name not in _NUMBERS or not are_numbers or labels & pointers:
        return None
    return delta(change.old, change.new)


def _step(entry: Entry) -> VersionStep:
    return VersionStep(
        version=entry.record["version"],
        log_index=entry.log_index,
        recorded_at=entry.record["recorded_at"],
        road=Road(entry.record["road"]),
        change_reason=entry.record["content"]["change_reason"],
    )


def status_step(entry: Entry) -> StatusStep:
    """Return a change of status as its entry states it."""
    return StatusStep(
        version=entry.record["version"],
        status=VersionStatus(entry.record["status"]),
        log_index=entry.log_index,
        recorded_at=entry.record["recorded_at"],
        reason=entry.record["reason"],
    )
