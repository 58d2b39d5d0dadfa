"""Which published versions are computed from what a submission changes."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import service as factors
from app.factors.content import Content
from app.factors.queries import VersionAt
from app.kit.decimals import rounded
from app.reference.gases import GAS_CODES
from app.submissions import queries
from app.submissions.models import Submission, SubmissionItem
from app.units.catalogue import unit
from app.units.factor_unit import parse_factor_unit

_DEPTH: Final = 10


@dataclass(frozen=True, slots=True)
class _Shift:
    """A version that would move, in kg per canonical unit; None where unknown."""

    code: str
    change: Fraction | None
    via: tuple[str, ...]


async def of(session: AsyncSession, submission: Submission) -> list[dict[str, Any]]:
    """Return a `Movement` document for each derived version, transitively."""
    found: list[dict[str, Any]] = []
    async for block in queries.blocks_of_items(session, submission.id):
        codes = {item.factor for item in block if item.factor and item.content}
        present = await factors.find_present(session, codes)
        for item in block:
            if item.content and item.factor in present:
                found += await _of_item(session, item, present[item.factor])
    return found


async def _of_item(
    session: AsyncSession, item: SubmissionItem, current: VersionAt
) -> list[dict[str, Any]]:
    candidate = Content.model_validate_json(item.content or b"")
    before = _in_kg(current.record["content"])
    start = _Shift(current.code, _in_kg(candidate.model_dump()) - before, ())
    pin = f"{current.code}@{current.version}"
    return [
        {"item": item.number, "candidate": pin, **movement}
        for movement in await _spread(session, start)
    ]


async def _spread(session: AsyncSession, start: _Shift) -> list[dict[str, Any]]:
    """Follow derivations from version to version, each factor once."""
    movements: list[dict[str, Any]] = []
    seen, wave = {start.code}, [start]
    for _ in range(_DEPTH):
        following: list[_Shift] = []
        for shift in wave:
            for derived in await factors.derived_from(session, shift.code):
                if derived.code in seen:
                    continue
                seen.add(derived.code)
                content = derived.record["content"]
                change = _carried(content, shift)
                pin = f"{derived.code}@{derived.version}"
                movements.append(
                    {
                        "code": derived.code,
                        "version": derived.version,
                        "value": content["value"],
                        "unit": content["unit"],
                        "change": _shown(content, change),
                        "via": list(shift.via),
                    }
                )
                following.append(_Shift(derived.code, change, (*shift.via, pin)))
        wave = following
    return movements


def _carried(content: dict[str, Any], shift: _Shift) -> Fraction | None:
    """Return how far *content* moves, from the amounts that its derivation states."""
    parts = [text for text in content["derivation"] if text.startswith(shift.code)]
    amounts = [_amount(text) for text in parts]
    if shift.change is None or None in amounts:
        return None
    per_unit = sum(filter(None, amounts), Fraction(0))
    return shift.change * per_unit / _declared(content)


def _amount(text: str) -> Fraction | None:
    """Return the amount in a derivation such as CODE@1 * 2 kWh, canonically."""
    _, _, stated = text.partition(" * ")
    number, _, code = stated.partition(" ")
    return Fraction(number) * unit(code).factor if stated else None


def _in_kg(content: dict[str, Any]) -> Fraction:
    """Return the value in kg per canonical unit of the declared one."""
    stated = parse_factor_unit(content["unit"], GAS_CODES)
    return Fraction(content["value"]) * stated.kg_per_canonical


def _declared(content: dict[str, Any]) -> Fraction:
    return parse_factor_unit(content["unit"], GAS_CODES).per.factor


def _shown(content: dict[str, Any], change: Fraction | None) -> str | None:
    if change is None:
        return None
    stated = parse_factor_unit(content["unit"], GAS_CODES)
    return rounded(float(change / stated.kg_per_canonical))
