"""Factors that a calculation chooses by description.

A line with `select` is read as one whose factor is a key: the description in canonical
form and the dimension of the line. What a key stands for is found once, before the
system is assembled, and takes the place of the description where a request is pinned.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.calculation import amounts
from app.calculation.findings import InputTarget, Notice
from app.calculation.request import Input
from app.factors import resolving, traces
from app.factors.candidates import MOST
from app.factors.codes import Pin
from app.factors.ladder import Candidate, Criterion, Distance
from app.factors.resolving import Conditions, Question
from app.factors.selection import Choice, Result
from app.factors.selects import Select
from app.factors.traces import CandidateRead, Trace
from app.kit.errors import Invalid
from app.units.algebra import Dimension

# Longer than what a request may write as `factor`, so that no text is taken for a key.
_PREFIX: Final = "the factor that is described, per a unit of "


class TooManySelects(Invalid):
    en = "A request holds at most {limit} different descriptions; here are {count}."
    zh = "一次请求最多 {limit} 个不同的 select,此次为 {count} 个。"


class AmbiguousFactor(Invalid):
    en = "{count} factors fit alike ({pins}); state more, or name one of them."
    zh = "有 {count} 个因子同样符合({pins}),请补充条件或直接指定其一。"


class TooManyFactors(AmbiguousFactor):
    code = "AMBIGUOUS_FACTOR"
    en = "More than {limit} factors fit; state more."
    zh = "符合的因子超过 {limit} 个,请补充条件。"


class NoFactorFound(Invalid):
    en = "There is no such factor: {reason_en}."
    zh = "没有这样的因子:{reason_zh}。"


class FallbackRefused(Invalid):
    code = "FACTOR_FALLBACK"
    en = "Nothing fits without a fallback, which strict refuses; the nearest is {pin}."
    zh = "不放宽条件则无因子可用,而 strict 不允许放宽;最接近的是 {pin}。"


class FactorFallback(Notice):
    en = "{factor} ({region}, {year}) is not quite what is asked for: {distance_en}."
    zh = "{factor}({region},{year} 年)与所要求的不尽相同:{distance_zh}。"


@dataclass(frozen=True, slots=True)
class Picked:
    """What the descriptions of a request came to, by key."""

    pins: Mapping[str, Pin | Invalid] = field(default_factory=dict)
    notices: Mapping[str, Notice] = field(default_factory=dict)
    traces: Mapping[str, Trace] = field(default_factory=dict)


NOTHING: Final = Picked()


def named(line: Input) -> Input:
    """Return *line* with a key for a factor in place of its description.

    Raises what is wrong with the unit, on which the key depends.
    """
    if "select" not in line:
        return line
    if "process" in line or "factor" in line:
        raise InputTarget
    found = line.copy()
    found["factor"] = _key(line["select"], _dimension(line))
    del found["select"]
    return found


def pinned(line: Input, pins: Mapping[str, str]) -> Input:
    """Return *line* with the reference or the description that *pins* knows pinned."""
    found = named(line)
    reference = found.get("factor")
    if not isinstance(reference, str) or reference not in pins:
        return line
    if found is line:
        found = line.copy()
    found["factor"] = pins[reference]
    return found


def pointer(reference: str) -> str:
    """Return where in its line *reference* stands."""
    return "/select" if reference.startswith(_PREFIX) else "/factor"


def _key(select: Select, dimension: str | None) -> str:
    text = orjson.dumps(select, option=orjson.OPT_SORT_KEYS).decode()
    return f"{_PREFIX}{dimension or ''} {text}"


def _dimension(line: Input) -> Dimension | None:
    """Return what the factor is to be per; a unit that is asked for says it itself."""
    if "mass" in line or "distance" in line:
        stated = amounts.T_KM
    else:
        stated = amounts.stated_unit(line)
    return None if "unit" in line["select"] else stated.dimension


def asked(lines: Iterable[Input]) -> dict[str, Question]:
    """Return what the descriptions of *lines* ask for, each different one once."""
    return dict(_questions(lines))


def _questions(lines: Iterable[Input]) -> Iterator[tuple[str, Question]]:
    for line in lines:
        # What is wrong with the unit is told where the line is read.
        with suppress(Invalid):
            dimension = _dimension(line)
            yield _key(line["select"], dimension), Question(line["select"], dimension)


async def pick(
    session: AsyncSession, lines: Iterable[Input], conditions: Conditions
) -> Picked:
    """Return what the descriptions of *lines* come to, each different one once."""
    questions = asked(lines)
    if not questions:
        return NOTHING
    if len(questions) > resolving.LIMIT:
        excess = TooManySelects(limit=resolving.LIMIT, count=len(questions))
        return Picked(dict.fromkeys(questions, excess))
    choices = await resolving.resolve(session, list(questions.values()), conditions)
    shown = [each for choice in choices for each in choice.shown]
    known = await resolving.read_candidates(session, shown)
    return _picked(dict(zip(questions, choices, strict=True)), questions, known)


def _picked(
    choices: Mapping[str, Choice],
    questions: Mapping[str, Question],
    known: Mapping[str, CandidateRead],
) -> Picked:
    pins: dict[str, Pin | Invalid] = {}
    notices: dict[str, Notice] = {}
    found: dict[str, Trace] = {}
    for key, choice in choices.items():
        taken = choice.taken
        if taken is None:
            pins[key] = _refusal(choice, known)
            continue
        pins[key] = Pin(taken.code, taken.version)
        if choice.result is Result.FALLBACK:
            notices[key] = _notice(taken, choice.distance)
        found[key] = traces.trace(questions[key].select, choice)
    return Picked(pins, notices, found)


def _refusal(choice: Choice, known: Mapping[str, CandidateRead]) -> Invalid:
    error = _error(choice)
    error.candidates = tuple(known[each.code] for each in choice.shown)
    return error


def _error(choice: Choice) -> Invalid:
    pins = [traces.pin(each) for each in choice.shown]
    if choice.criterion is Criterion.BREADTH:
        return TooManyFactors(limit=MOST)
    if choice.result is Result.AMBIGUOUS:
        more = ["…"] if choice.count > len(pins) else []
        return AmbiguousFactor(count=choice.count, pins=", ".join([*pins, *more]))
    if choice.criterion is Criterion.STRICT:
        return FallbackRefused(pin=pins[0])
    reason = traces.absence(choice)
    detail = reason["detail"] if reason else {"zh": "", "en": ""}
    return NoFactorFound(reason_zh=detail["zh"], reason_en=detail["en"])


def _notice(taken: Candidate, distance: Distance) -> FactorFallback:
    parts = [
        (distance.region_rungs, "地区上升 {} 级", "region {} up"),
        (distance.years, "年份相差 {} 年", "year {} off"),
        (distance.boundary_rungs, "系统边界放宽 {} 级", "boundary {} down"),
        (distance.technology_rungs, "技术未说明", "technology not stated"),
    ]
    moved = [(number, zh, en) for number, zh, en in parts if number]
    return FactorFallback(
        factor=traces.pin(taken),
        region=taken.region,
        year=taken.year,
        distance_zh="、".join(zh.format(number) for number, zh, _ in moved),
        distance_en=", ".join(en.format(number) for number, _, en in moved),
    )


def answered(factors: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return by key what the descriptions came to, from *factors* of an answer."""
    return {
        _key(trace["asked"], trace["dimension"]): trace["taken"]
        for each in factors
        for trace in each.get("trace") or ()
    }
