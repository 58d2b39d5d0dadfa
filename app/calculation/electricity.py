"""Electricity by where it comes from, and the totals in which it counts. Pure.

A contract or a direct line has two counterparts: its own generation, in the
market-based total, and the grid, in the location-based one. Both stand among the
inputs, each with a tag; a view says which of the two counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from app.calculation.macros import Electricity, ElectricityTag
from app.calculation.request import CalculationRequest, Input
from app.calculation.shapes import ElectricityBasis, ElectricityTotal
from app.calculation.terms import (
    Faults,
    ParameterMissing,
    ParameterOutOfRange,
    Term,
    decimal_text,
    refuse_unused,
)
from app.kit.errors import Invalid
from app.units.algebra import Dimension
from app.units.catalogue import unit

MARKET: Final[ElectricityTotal] = "MARKET_BASED"
LOCATION: Final[ElectricityTotal] = "LOCATION_BASED"
TOTALS: Final = (MARKET, LOCATION)
SOURCES: Final = ("generation", "transmission", "grid")
_ALWAYS: Final = (
    *("basis", "amount", "unit", "generation", "loss", "transmission"),
    "stage",
)
# What a basis needs beside that, and takes no other of; and what it is needed for.
_MORE: Final[Mapping[ElectricityBasis, tuple[str, ...]]] = {
    "ON_SITE": (),
    "DIRECT_LINE": ("grid",),
    "CONTRACT": ("grid", "certificates"),
    "GRID": (),
}
_WHY: Final = {"grid": LOCATION, "certificates": MARKET}
TWOFOLD: Final = frozenset(basis for basis, more in _MORE.items() if "grid" in more)


class NotElectricity(Invalid):
    en = '"{unit}" is no unit of energy.'
    zh = "“{unit}”不是能量单位。"


@dataclass(frozen=True, slots=True)
class View:
    """Which of the two counterparts counts, by basis; only bases that occur."""

    chosen: Mapping[ElectricityBasis, ElectricityTotal]

    def counts(self, line: Input) -> bool:
        """Tell whether *line* is part of the total."""
        tag = line.get("electricity")
        if tag is None or "total" not in tag:
            return True
        return self.chosen.get(tag["basis"]) == tag["total"]


def views(request: CalculationRequest) -> dict[ElectricityTotal, View] | None:
    """Return the view of each total; None where *request* states no electricity."""
    bases = {tag["basis"] for _, _, _, tag in tagged(request)}
    if not bases:
        return None
    twofold = bases & TWOFOLD
    return {total: View(dict.fromkeys(twofold, total)) for total in TOTALS}


def main_view(request: CalculationRequest) -> View:
    """Return the view of the result.

    A direct line counts as what it is; a contract does where certificates are allowed.
    """
    contract = MARKET if request.get("gec_allowed", False) else LOCATION
    chosen: dict[ElectricityBasis, ElectricityTotal]
    chosen = {"DIRECT_LINE": MARKET, "CONTRACT": contract}
    bases = {tag["basis"] for _, _, _, tag in tagged(request)}
    return View({basis: total for basis, total in chosen.items() if basis in bases})


def tagged(
    request: CalculationRequest,
) -> Iterator[tuple[int, int, Input, ElectricityTag]]:
    """Yield each input of electricity with the numbers of its process and itself."""
    for number, process in enumerate(request["processes"]):
        for place, line in enumerate(process.get("inputs", ())):
            if "electricity" in line:
                yield number, place, line, line["electricity"]


def terms(macro: Electricity) -> list[Term]:
    """Return the terms of *macro*; raises `Findings`."""
    faults = Faults()
    basis = macro["basis"]
    refuse_unused(faults, basis, macro, (*_ALWAYS, *_MORE[basis]))
    for name in _MORE[basis]:
        if not macro.get(name):
            where, term = f"/{name}", _WHY[name]
            missing = ParameterMissing(
                pointer=where, method=basis, name=name, term=term
            )
            faults.keep(missing)
    amount = faults.quantity(macro["amount"]) or Fraction(0)
    faults.attempt(lambda: check_unit(macro["unit"], "/unit"))
    arriving = _arriving(macro, faults)
    faults.finish()
    return list(_terms(macro, amount, 1 / arriving))


def check_unit(text: str, pointer: str) -> None:
    """Refuse a unit that is none of energy."""
    if unit(text, pointer).dimension is not Dimension.ENERGY:
        raise NotElectricity(pointer=pointer, unit=text)


def _arriving(macro: Electricity, faults: Faults) -> Fraction:
    """Return the part of what is generated that arrives."""
    loss = Fraction(0)
    if "loss" in macro:
        loss = faults.number(macro["loss"], "/loss") or loss
    if not 0 <= loss < 1:
        shown = f"{float(loss):.12g}"
        faults.keep(
            ParameterOutOfRange(
                pointer="/loss", name="loss", value=shown, bounds=">= 0, < 1"
            )
        )
        return Fraction(1)
    return 1 - loss


def _terms(macro: Electricity, amount: Fraction, gross: Fraction) -> Iterator[Term]:
    name = "generation/(1-loss)" if gross != 1 else "generation"
    tag = _tag(macro, MARKET)
    own = tag.copy()
    if macro["basis"] in TWOFOLD:
        delivered = decimal_text(amount)
        own["delivered"] = {"amount": delivered, "unit": macro["unit"]}
    if "certificates" in macro:
        own["certificates"] = macro["certificates"]
    yield _term(macro, name, "generation", (gross, amount), own)
    if "transmission" in macro:
        yield _term(macro, "transmission", "transmission", (Fraction(1), amount), tag)
    if "grid" in macro:
        tag = _tag(macro, LOCATION)
        yield _term(macro, "grid", "grid", (Fraction(1), amount), tag)


def _tag(macro: Electricity, total: ElectricityTotal) -> ElectricityTag:
    tag: ElectricityTag = {"basis": macro["basis"]}
    if macro["basis"] in TWOFOLD:
        tag["total"] = total
    return tag


def _term(
    macro: Electricity,
    name: str,
    source: str,
    sizes: tuple[Fraction, Fraction],
    tag: ElectricityTag,
) -> Term:
    """Return a term; *sizes* are its coefficient and the amount of the macro."""
    return Term(
        name=name,
        source=source,
        coefficient=sizes[0],
        amount=sizes[0] * sizes[1],
        unit=macro["unit"],
        stage=macro.get("stage"),
        tag=tag,
    )
