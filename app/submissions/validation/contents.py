"""What the checks read from a content, in the forms that they compute with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import TypeAlias

from app.factors.content import Content
from app.kit.decimals import scaled
from app.reference.gases import GAS_CODES
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.measures import FOOTPRINTS
from app.submissions.validation.rules import Breach, Check
from app.units.catalogue import canonical_unit
from app.units.factor_unit import parse_factor_unit

ContentCheck: TypeAlias = Callable[[Content, Candidate, Facts], Iterator[Breach]]


@dataclass(frozen=True, slots=True)
class Origin:
    """A version that a value was computed from; `unit` is that of the amount taken."""

    pin: str
    code: str
    unit: str | None


def of_content(check: ContentCheck) -> Check:
    """Return *check* as one that passes over items without content."""

    @wraps(check)
    def checked(candidate: Candidate, facts: Facts) -> Iterator[Breach]:
        if candidate.content is not None:
            yield from check(candidate.content, candidate, facts)

    return checked


def origin(derivation: str) -> Origin:
    """Return what `CODE@n` or `CODE@n * amount unit` names."""
    pin, _, taken = derivation.partition(" * ")
    return Origin(pin, pin.partition("@")[0], taken.partition(" ")[2] or None)


def footprint(kind: str, unit: str, value: str) -> tuple[str, float] | None:
    """Return a footprint as canonical unit and kg CO2e per one of it, if it is one."""
    if kind not in FOOTPRINTS:
        return None
    stated = parse_factor_unit(unit, GAS_CODES)
    if stated.substance != "CO2e":
        return None
    canonical = canonical_unit(stated.per.dimension).code
    return canonical, scaled(value, stated.kg_per_canonical)
