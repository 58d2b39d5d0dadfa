"""What a factor is, beside its number: what the checks on a model look at. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from app.reference.enums import Boundary, FactorKind
from app.units.factor_unit import parse_parameter_unit

_CARBON: Final = frozenset({"CARBON_FOSSIL", "CARBON_BIOGENIC"})


@dataclass(frozen=True, slots=True)
class Taken:
    """A factor that a published value was computed from: *amount* of it per unit."""

    code: str
    amount: str
    unit: str


@dataclass(frozen=True, slots=True)
class Nature:
    """What a factor is.

    `code` is that of a published version, whose `boundary` is what the version states
    and `carbon`, if stated, the kg of carbon in a kg of its product. `includes` are the
    codes of what an inline figure says that it contains.
    """

    kind: str = FactorKind.PCF
    code: str | None = None
    boundary: str = Boundary.NOT_STATED
    carbon: Fraction | None = None
    derivation: tuple[Taken, ...] = ()
    includes: tuple[str, ...] = ()


OWN: Final = Nature()


def published_nature(code: str, content: Mapping[str, Any]) -> Nature:
    """Return what a published version says of itself."""
    return Nature(
        kind=content["kind"],
        code=code,
        boundary=content["boundary"],
        carbon=_carbon(content["properties"]),
        derivation=tuple(_taken(content["derivation"])),
    )


def _carbon(properties: list[Mapping[str, str]]) -> Fraction | None:
    shares = [
        Fraction(each["value"]) * parse_parameter_unit(each["unit"]).factor
        for each in properties
        if each["property"] in _CARBON
    ]
    return sum(shares, Fraction(0)) if shares else None


def _taken(derivation: list[str]) -> list[Taken]:
    """Return the parts of a derivation that state how much they are of what."""
    found = []
    for text in derivation:
        pin, _, quantity = text.partition(" * ")
        amount, _, unit = quantity.partition(" ")
        if unit:
            found.append(Taken(pin.partition("@")[0], amount, unit))
    return found
