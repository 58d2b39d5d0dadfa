"""A footprint beside the published ones of its category."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from app.factors.content import Content
from app.submissions.validation.contents import footprint, of_content
from app.submissions.validation.facts import Candidate, Facts, Peers
from app.submissions.validation.rules import Breach, Check, Rule, Severity

UNIT_DOUBTFUL: Final = Rule(
    id="UNIT_DOUBTFUL",
    severity=Severity.WARN,
    zh=(
        "数值为同类 {count} 个已发布因子中位数({median} {unit})的 {times} 倍;"
        "请核对单位。"
    ),
    en=(
        "The value is {times} times the median of {count} published factors of its "
        "category, {median} {unit}; check the unit."
    ),
    source="TanYin: 1.5 decades, half of a slip by one thousand",
    numbers={"decades": "1.5", "peers": "5"},
)
UNIT_WRONG: Final = Rule(
    id="UNIT_WRONG",
    severity=Severity.BLOCK,
    zh=(
        "数值为同类 {count} 个已发布因子中位数({median} {unit})的 {times} 倍,"
        "通常是单位错误(kg 与 t、kWh 与 MWh、g 与 kg、万);如数值无误,请说明。"
    ),
    en=(
        "The value is {times} times the median of {count} published factors of its "
        "category, {median} {unit}: mostly a slip of kg and t, kWh and MWh, g "
        "and kg or 万; explain it if the value is right."
    ),
    source="TanYin: 2.5 decades, nearly a slip by one thousand",
    waivable=True,
    numbers={"decades": "2.5", "peers": "5"},
)
OUTLIER: Final = Rule(
    id="OUTLIER",
    severity=Severity.WARN,
    zh=(
        "数值偏离同类 {count} 个已发布因子(中位数 {median} {unit}):"
        "稳健 z 值为 {score}。"
    ),
    en=(
        "The value stands apart from {count} published factors of its category, with "
        "median {median} {unit}: its robust z is {score}."
    ),
    source="Iglewicz and Hoaglin 1993: modified z-score above 3.5, of logarithms here",
    numbers={"score": "3.5", "scale": "0.6745", "peers": "5"},
)
OUTLIER_FAR: Final = Rule(
    id="OUTLIER_FAR",
    severity=Severity.WARN,
    zh=(
        "数值严重偏离同类 {count} 个已发布因子(中位数 {median} {unit}):"
        "稳健 z 值为 {score},须由专家签字确认。"
    ),
    en=(
        "The value stands far apart from {count} published factors of its category, "
        "with median {median} {unit}: its robust z is {score}, and an expert "
        "must sign for it."
    ),
    source="TanYin; the modified z-score is that of Iglewicz and Hoaglin 1993",
    numbers={"score": "6", "scale": "0.6745", "peers": "5"},
)
RULES: Final[Sequence[Rule]] = (UNIT_DOUBTFUL, UNIT_WRONG, OUTLIER, OUTLIER_FAR)

_FEWEST: Final = int(OUTLIER.numbers["peers"])
_SCALE: Final = float(OUTLIER.numbers["scale"])
_DOUBTFUL: Final = float(UNIT_DOUBTFUL.numbers["decades"])
_WRONG: Final = float(UNIT_WRONG.numbers["decades"])
_APART: Final = float(OUTLIER.numbers["score"])
_FAR: Final = float(OUTLIER_FAR.numbers["score"])


@of_content
def _beside_peers(content: Content, _: Candidate, facts: Facts) -> Iterator[Breach]:
    stated = footprint(content.kind, content.unit, content.value)
    if stated is None or stated[1] <= 0:
        return
    unit, value = stated
    peers = facts.peers.get((content.category, unit))
    if peers is None or peers.count < _FEWEST:
        return
    median = peers.median * float(content.value) / value
    shown = {"count": peers.count, "median": f"{median:.4g}", "unit": content.unit}
    yield from _decades(value, peers, shown)
    yield from _score(value, peers, shown)


def _decades(value: float, peers: Peers, shown: dict[str, object]) -> Iterator[Breach]:
    times = value / peers.median
    decades = abs(math.log10(times))
    if decades >= _DOUBTFUL:
        rule = UNIT_WRONG if decades >= _WRONG else UNIT_DOUBTFUL
        yield Breach(rule, "/value", {**shown, "times": f"{times:.3g}"})


def _score(value: float, peers: Peers, shown: dict[str, object]) -> Iterator[Breach]:
    # Where half of the peers are alike, the measure of their spread says nothing.
    if not peers.log_mad:
        return
    score = _SCALE * (math.log(value) - peers.log_median) / peers.log_mad
    if abs(score) > _APART:
        rule = OUTLIER_FAR if abs(score) > _FAR else OUTLIER
        yield Breach(rule, "/value", {**shown, "score": f"{score:.1f}"})


CHECKS: Final[Sequence[Check]] = (_beside_peers,)
