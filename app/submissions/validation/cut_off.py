"""What was left out of a footprint."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from app.factors.content import Content
from app.submissions.validation.contents import of_content
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.measures import FOOTPRINTS, shown, stated
from app.submissions.validation.rules import Breach, Check, Rule, Severity

CUT_OFF_SHARE: Final = Rule(
    id="CUT_OFF_SHARE",
    severity=Severity.BLOCK,
    zh="舍去部分合计 {percent}%,超过 5%。",
    en="All that was cut off is {percent} %, over 5 %.",
    source="GB/T 44905-2024, as reported: all that is cut off together at most 5 %",
    numbers={"percent": "5"},
)
CUT_OFF_LARGEST: Final = Rule(
    id="CUT_OFF_LARGEST",
    severity=Severity.BLOCK,
    zh="舍去的最大单项为 {percent}%,超过 1%。",
    en="The largest flow that was cut off is {percent} %, over 1 %.",
    source="GB/T 44905-2024, as reported: each flow that is cut off below 1 %",
    numbers={"percent": "1"},
)
CUT_OFF_MISSING: Final = Rule(
    id="CUT_OFF_MISSING",
    severity=Severity.INFO,
    zh="没有说明取舍准则。",
    en="It is not said what was cut off.",
    source="GB/T 24067-2024, cut-off criteria",
)
RULES: Final[Sequence[Rule]] = (CUT_OFF_SHARE, CUT_OFF_LARGEST, CUT_OFF_MISSING)


@of_content
def _shares(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    # The rules are named like the properties that they limit.
    for rule in (CUT_OFF_SHARE, CUT_OFF_LARGEST):
        for place, share in stated(content, rule.id):
            percent = share * 100
            if percent > Fraction(rule.numbers["percent"]):
                facts = {"percent": shown(percent)}
                yield Breach(rule, f"/properties/{place}/value", facts)


@of_content
def _said(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    if content.kind in FOOTPRINTS and content.cut_off is None:
        yield Breach(CUT_OFF_MISSING, "/cut_off")


CHECKS: Final[Sequence[Check]] = (_shares, _said)
