"""The biogenic carbon of a result: what is taken up, and how it leaves again. Pure.

Over a whole life cycle uptake and release of CO2 cancel, save for the carbon that stays
stored or leaves as CH4. Up to a gate the difference is what the product holds.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

from app.calculation.coefficients import Coefficient, Part
from app.calculation.engine import total
from app.calculation.findings import Ledger
from app.calculation.request import CalculationRequest, Reference
from app.calculation.supplements import BiogenicAnswer, CarbonContent
from app.kit.decimals import number_text, rounded
from app.kit.errors import Invalid
from app.reference.enums import GhgCategory
from app.units.algebra import Dimension, convert
from app.units.catalogue import canonical_unit, unit

_UPTAKE: Final = "CO2_BIO_UPTAKE"
_CO2: Final = "CO2_BIO_EMIT"
_CH4: Final = "CH4_BIO"
_GASES: Final = frozenset({_UPTAKE, _CO2, _CH4})
_CATEGORIES: Final = frozenset({GhgCategory.BIO_EMIT, GhgCategory.BIO_REMOVAL})
CO2_PER_CARBON: Final = 44.009 / 12.011
CO2_PER_CH4: Final = 44.009 / 16.043
_CONTENT: Final = "/reference/biogenic_carbon"


class NegativeCarbon(Invalid):
    en = "The carbon in a product is not negative."
    zh = "产品含碳量不得为负。"


class _Sums:
    """Collects masses by gas in kg, and what else is biogenic."""

    def __init__(self) -> None:
        self.mass: dict[str, list[float]] = defaultdict(list)
        self.other: list[float] = []

    def add(self, part: Part, category: str, amount: float) -> None:
        """Add *amount* of *part*, which counts in *category*."""
        if part.gas in _GASES:
            self.mass[part.gas].append(amount * (part.mass or 0.0))
        elif category in _CATEGORIES:
            self.other.append(amount * part.co2e)

    def kg(self, gas: str) -> float:
        """Return the mass of *gas*."""
        return _total(*self.mass[gas])


def check(request: CalculationRequest, ledger: Ledger) -> None:
    """Report what is wrong with the carbon that the product is said to hold."""
    try:
        _content(request["reference"])
    except Invalid as error:
        ledger.refuse(error, "")


def balance(
    reference: Reference,
    lines: Iterable[tuple[Coefficient, str | None, float]],
    categories: Mapping[str, float],
) -> BiogenicAnswer | None:
    """Return the balance; None where nothing is biogenic.

    *lines* are coefficients, the category that replaces theirs, and amounts;
    *categories* the kg CO2e of each category.
    """
    sums = _Sums()
    for coefficient, category, amount in lines:
        for part in coefficient.parts:
            sums.add(part, category or part.category, amount)
    carbon = _content(reference)
    if not sums.mass and not sums.other and carbon is None:
        return None
    released = sums.kg(_CO2), CO2_PER_CH4 * sums.kg(_CH4)
    kept = _total(*released, -sums.kg(_UPTAKE))
    return {
        "removals": rounded(categories[GhgCategory.BIO_REMOVAL]),
        "emissions": rounded(categories[GhgCategory.BIO_EMIT]),
        "uptake_co2_kg": rounded(sums.kg(_UPTAKE)),
        "emitted_co2_kg": rounded(sums.kg(_CO2)),
        "emitted_ch4_kg": rounded(sums.kg(_CH4)),
        "balance_kg": rounded(kept),
        "other": rounded(_total(*sums.other)),
        "content": None if carbon is None else _compared(float(carbon), kept),
    }


def _compared(carbon: float, kept: float) -> CarbonContent:
    uptake = -CO2_PER_CARBON * carbon
    return {
        "carbon_kg": rounded(carbon),
        "co2_kg": rounded(uptake),
        "difference_kg": rounded(_total(kept, -uptake)),
    }


def _total(*values: float) -> float:
    return total(values)


def _content(reference: Reference) -> Fraction | None:
    """Return the biogenic carbon in the product, in kg."""
    if "biogenic_carbon" not in reference:
        return None
    stated = reference["biogenic_carbon"]
    amount = Fraction(number_text(stated["amount"], f"{_CONTENT}/amount"))
    if amount < 0:
        raise NegativeCarbon(pointer=f"{_CONTENT}/amount")
    mass = unit(stated["unit"], f"{_CONTENT}/unit")
    kilogram = canonical_unit(Dimension.MASS)
    return convert(amount, mass, kilogram, f"{_CONTENT}/unit")
