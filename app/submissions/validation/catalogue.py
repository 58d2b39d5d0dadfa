"""All rules and checks, family by family."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from app.submissions.validation import (
    age,
    boundary,
    cut_off,
    electricity,
    identity,
    organisation,
    peers,
    physical,
    plausibility,
    properties,
    references,
    step,
    structure,
    sums,
)
from app.submissions.validation.rules import Check, Rule

_FAMILIES: Final[Sequence[tuple[Sequence[Check], Sequence[Rule]]]] = (
    (organisation.CHECKS, organisation.RULES),
    (identity.CHECKS, identity.RULES),
    (structure.CHECKS, structure.RULES),
    (boundary.CHECKS, boundary.RULES),
    (sums.CHECKS, sums.RULES),
    (age.CHECKS, age.RULES),
    (cut_off.CHECKS, cut_off.RULES),
    (step.CHECKS, step.RULES),
    (properties.CHECKS, properties.RULES),
    (physical.CHECKS, physical.RULES),
    (plausibility.CHECKS, plausibility.RULES),
    (peers.CHECKS, peers.RULES),
    (references.CHECKS, references.RULES),
    (electricity.CHECKS, electricity.RULES),
)

CHECKS: Final[Sequence[Check]] = tuple(
    check for checks, _ in _FAMILIES for check in checks
)
RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {rule.id: rule for _, rules in _FAMILIES for rule in rules}
)
