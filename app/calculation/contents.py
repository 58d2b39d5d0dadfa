"""What outputs and lines state of mass and carbon in them, and balances of theirs.

Judged here by itself; whether it balances is told in `balances`.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from app.calculation.findings import Ledger
from app.calculation.request import CalculationRequest, Process
from app.kit.decimals import number_text, rounded
from app.kit.errors import Invalid
from app.units.algebra import Dimension, convert
from app.units.catalogue import canonical_unit, unit

FIELDS: Final = ("carbon_content", "mass_per_unit")
_KILOGRAM: Final = canonical_unit(Dimension.MASS)


class ContentNotAllowed(Invalid):
    en = (
        "{field} belongs to an output, or to a factor line with amount and unit; "
        "what comes from a process has what its output states."
    )
    zh = "{field} 仅用于产出,或以 amount 和 unit 填报的因子行;取自过程的以其产出为准。"


class NegativeContent(Invalid):
    en = "{field} is not negative."
    zh = "{field} 不得为负。"


class ContentAboveMass(Invalid):
    en = "A unit of {mass} kg cannot hold {carbon} kg of carbon."
    zh = "每单位质量为 {mass} kg,不可能含碳 {carbon} kg。"


class MassPerUnitNotAllowed(Invalid):
    en = "{unit} is a unit of mass and needs no mass_per_unit."
    zh = "{unit} 本身是质量单位,无需 mass_per_unit。"


class ToleranceInvalid(Invalid):
    en = "A tolerance is a fraction from 0 to below 1."
    zh = "容差为 0 至 1(不含)之间的小数。"


def check(request: CalculationRequest, ledger: Ledger) -> None:
    """Refuse whatever is wrong with a content or a balance that *request* states."""
    for number, process in enumerate(request["processes"]):
        for pointer, stated, is_allowed in _stating(process):
            where = f"/processes/{number}{pointer}"
            for error in _wrong(stated, is_allowed=is_allowed):
                ledger.refuse(error, where)
        for pointer, error in _wrong_margins(process):
            ledger.refuse(error, f"/processes/{number}/balance{pointer}")


def states_any(stated: Mapping[str, Any]) -> bool:
    """Tell whether *stated* has a content."""
    return "carbon_content" in stated or "mass_per_unit" in stated


def _stating(process: Process) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    if states_any(process["output"]):
        yield "/output", process["output"], True
    for place, product in enumerate(process.get("co_products", ())):
        if states_any(product):
            yield f"/co_products/{place}", product, True
    for place, line in enumerate(process.get("inputs", ())):
        if states_any(line):
            yield f"/inputs/{place}", line, "factor" in line and "unit" in line


def _wrong(stated: Mapping[str, Any], *, is_allowed: bool) -> Iterator[Invalid]:
    values: dict[str, Fraction] = {}
    for name in FIELDS:
        if name not in stated:
            continue
        if not is_allowed:
            yield ContentNotAllowed(pointer=f"/{name}", field=name)
            continue
        try:
            values[name] = Fraction(number_text(stated[name], f"/{name}"))
        except Invalid as error:
            yield error
            continue
        if values[name] < 0:
            yield NegativeContent(pointer=f"/{name}", field=name)
    if values:
        yield from _impossible(stated, values)


def _impossible(
    stated: Mapping[str, Any], values: Mapping[str, Fraction]
) -> Iterator[Invalid]:
    try:
        measured = unit(stated["unit"])
    except Invalid:
        return  # which is told where units are read
    mass, carbon = values.get("mass_per_unit"), values.get("carbon_content")
    if measured.dimension is Dimension.MASS:
        if mass is not None:
            yield MassPerUnitNotAllowed(pointer="/mass_per_unit", unit=measured.code)
        mass = measured.factor
    if mass is not None and carbon is not None and carbon > mass:
        facts = {"mass": rounded(float(mass)), "carbon": rounded(float(carbon))}
        yield ContentAboveMass(pointer="/carbon_content", **facts)


def _wrong_margins(process: Process) -> Iterator[tuple[str, Invalid]]:
    balance: Mapping[str, Any] = process.get("balance", {})
    for kind, margin in balance.items():
        for name in margin:
            try:
                _check_margin(name, margin)
            except Invalid as error:
                yield f"/{kind}/{name}{error.pointer or ''}", error.placed("")


def _check_margin(name: str, margin: Mapping[str, Any]) -> None:
    if name == "tolerance":
        if not 0 <= Fraction(number_text(margin[name])) < 1:
            raise ToleranceInvalid
    elif kilograms(margin[name]) < 0:
        raise NegativeContent(pointer="/amount", field=name)


def kilograms(quantity: Mapping[str, Any]) -> Fraction:
    """Return a quantity of mass in kg."""
    amount = Fraction(number_text(quantity["amount"], "/amount"))
    return convert(amount, unit(quantity["unit"], "/unit"), _KILOGRAM, "/unit")
