"""How much of a gas is carbon. Pure."""

import re
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from app.reference.gases import GASES

# Standard atomic weights (IUPAC, abridged).
_WEIGHTS: Final = {
    "H": Fraction("1.008"),
    "C": Fraction("12.011"),
    "N": Fraction("14.007"),
    "O": Fraction("15.999"),
    "F": Fraction("18.998"),
    "S": Fraction("32.06"),
    "Cl": Fraction("35.45"),
    "Br": Fraction("79.904"),
}
_ATOMS: Final = re.compile(r"([A-Z][a-z]?)(\d*)")


def carbon_share(formula: str) -> Fraction:
    """Return the kg of carbon in a kg of what *formula* names, such as CHF2CF3."""
    weight: dict[str, Fraction] = {}
    # The c of c-C4F8 says that the molecule is a ring.
    for element, count in _ATOMS.findall(formula.removeprefix("c-")):
        atoms = _WEIGHTS[element] * int(count or 1)
        weight[element] = weight.get(element, Fraction(0)) + atoms
    return weight.get("C", Fraction(0)) / sum(weight.values())


CARBON_SHARES: Final[Mapping[str, Fraction]] = MappingProxyType(
    {gas.code: carbon_share(gas.formula) for gas in GASES.values()}
)
