"""The amounts that a request states: read, judged by themselves, in canonical units."""

from fractions import Fraction
from typing import Final

from app.calculation import findings
from app.calculation.request import InlineFactor, Input, Output
from app.calculation.shapes import Quantity
from app.kit.decimals import number_text
from app.units.algebra import Dimension, Unit, convert
from app.units.catalogue import canonical_unit, unit

T_KM: Final = unit("t_km")
_KG_M_PER_T_KM: Final = Fraction(1_000_000)


def check_removal(value: float) -> None:
    """Refuse a line of category BIO_REMOVAL that adds."""
    if value > 0:
        raise findings.PositiveRemoval(pointer="/category")


def check_value(output: Output, pointer: str) -> None:
    """Refuse a malformed value, whether or not the allocation looks at it."""
    if "value" in output:
        number_text(output["value"], pointer + "/value")


def refuse_on_link(line: Input) -> None:
    """Refuse what only a factor line may state."""
    if "stage" in line:
        raise findings.StageNotAllowed(pointer="/stage")
    if "category" in line:
        raise findings.CategoryNotAllowed(pointer="/category")


def stated_unit(line: Input) -> Unit:
    """Return the unit of an input that states one."""
    if "unit" not in line:
        raise findings.InputAmount
    return unit(line["unit"], "/unit")


def stated_amount(line: Input) -> str:
    """Return the decimal amount of an input that states amount and unit alone."""
    if "amount" not in line or "mass" in line or "distance" in line:
        raise findings.InputAmount
    if "unit" not in line:
        raise findings.InputAmount
    return number_text(line["amount"], "/amount")


def transported(line: Input) -> float:
    """Return mass times distance in t_km."""
    whole = "mass" in line and "distance" in line
    if not whole or "amount" in line or "unit" in line:
        raise findings.InputAmount
    mass = _canonical(line["mass"], Dimension.MASS, "/mass")
    distance = _canonical(line["distance"], Dimension.LENGTH, "/distance")
    if distance < 0:
        raise findings.NegativeDistance(pointer="/distance/amount")
    return float(mass * distance / _KG_M_PER_T_KM)


def is_plain(factor: InlineFactor) -> bool:
    """Tell whether *factor* states name, value and unit and nothing else."""
    return len(factor) == len(InlineFactor.__required_keys__)


def strength(factor: str | InlineFactor) -> float:
    """Return what multiplies the coefficient of the route that *factor* takes."""
    if isinstance(factor, str) or not is_plain(factor):
        return 1.0
    return float(number_text(factor["value"], "/factor/value"))


def _canonical(quantity: Quantity, dimension: Dimension, pointer: str) -> Fraction:
    amount = Fraction(number_text(quantity["amount"], pointer + "/amount"))
    stated = unit(quantity["unit"], pointer + "/unit")
    return convert(amount, stated, canonical_unit(dimension), pointer + "/unit")
