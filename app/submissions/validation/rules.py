"""The automatic checks: every rule with its words, and the run over all of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.submissions.validation.facts import Candidate, Facts


class Severity(StrEnum):
    """What a finding means: nothing goes on, somebody must look, good to know."""

    BLOCK = "BLOCK"
    WARN = "WARN"
    INFO = "INFO"


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold. `zh` and `en` are format strings over the facts of a finding.

    A `waivable` rule that blocks only warns where the submitter explains the case: the
    panel then decides. `numbers` are its thresholds, `source` says where they are from.
    """

    id: str
    severity: Severity
    zh: str
    en: str
    source: str
    waivable: bool = False
    numbers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Breach:
    """That a rule does not hold, at a pointer into the content ("" is the item)."""

    rule: Rule
    pointer: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach in one item, as severe as it is after the submitter's explanation."""

    rule: Rule
    item: int
    pointer: str
    severity: Severity
    facts: Mapping[str, Any]

    def detail(self, language: str) -> str:
        """Return the sentence in `zh` or `en`."""
        template = self.rule.zh if language == "zh" else self.rule.en
        return template.format(**self.facts)


Check = Callable[[Candidate, Facts], Iterator[Breach]]


def check(
    candidates: Sequence[Candidate], facts: Facts, checks: Sequence[Check]
) -> list[Finding]:
    """Return every finding of *checks*, in the order of the candidates."""
    return [
        _finding(candidate, breach)
        for candidate in candidates
        for each in checks
        for breach in each(candidate, facts)
    ]


def _finding(candidate: Candidate, breach: Breach) -> Finding:
    rule = breach.rule
    is_waived = rule.waivable and rule.id in candidate.explanations
    severity = Severity.WARN if is_waived else rule.severity
    return Finding(rule, candidate.number, breach.pointer, severity, breach.facts)
