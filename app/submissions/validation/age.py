"""How old the data are."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.factors.content import Content
from app.kit.clock import day
from app.submissions.validation.contents import of_content
from app.submissions.validation.facts import Candidate, Facts, ItemType
from app.submissions.validation.rules import Breach, Check, Rule, Severity

YEAR_OLD: Final = Rule(
    id="YEAR_OLD",
    severity=Severity.WARN,
    zh="基准年 {year} 距今 {age} 年,超过 5 年。",
    en="The reference year {year} lies {age} years back; over 5 is old.",
    source="TanYin",
    numbers={"years": "5"},
)
YEAR_TOO_OLD: Final = Rule(
    id="YEAR_TOO_OLD",
    severity=Severity.BLOCK,
    zh="基准年 {year} 距今 {age} 年,超过 10 年;长寿命资本品等情形请说明。",
    en=(
        "The reference year {year} lies {age} years back, over 10; explain it for "
        "capital stock that changes as slowly."
    ),
    source="TanYin",
    waivable=True,
    numbers={"years": "10"},
)
VALIDITY_ENDED: Final = Rule(
    id="VALIDITY_ENDED",
    severity=Severity.WARN,
    zh="有效期已于 {last} 结束。",
    en="The validity ended on {last}.",
    source="TanYin",
)
RULES: Final[Sequence[Rule]] = (YEAR_OLD, YEAR_TOO_OLD, VALIDITY_ENDED)

_OLD: Final = int(YEAR_OLD.numbers["years"])
_TOO_OLD: Final = int(YEAR_TOO_OLD.numbers["years"])


@of_content
def _age(content: Content, candidate: Candidate, facts: Facts) -> Iterator[Breach]:
    age = facts.today.year - content.reference_year
    # The year of a factor never changes: however old it is, an error is corrected.
    if age <= _OLD or candidate.type is ItemType.CORRECTION:
        return
    rule = YEAR_TOO_OLD if age > _TOO_OLD else YEAR_OLD
    shown = {"year": content.reference_year, "age": age}
    yield Breach(rule, "/reference_year", shown)


@of_content
def _validity(content: Content, _: Candidate, facts: Facts) -> Iterator[Breach]:
    last = day(content.validity.last)
    if last and last < facts.today:
        yield Breach(VALIDITY_ENDED, "/validity/last", {"last": last})


CHECKS: Final[Sequence[Check]] = (_age, _validity)
