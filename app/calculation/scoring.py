"""Data quality as lines and factor versions state it, and what follows from context.

What a line says of itself comes first, then what is known of its factor; what nobody
says is scored 5.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from app.calculation import quality
from app.calculation.assembly import Assembly
from app.calculation.findings import Ledger
from app.calculation.notices import line_pointer
from app.calculation.quality import BEST, TRACED, WORST, Marks
from app.calculation.request import (
    CalculationRequest,
    Emission,
    Input,
    Process,
)
from app.calculation.shapes import Assessment
from app.calculation.sums import Floats
from app.kit.decimals import number_text
from app.kit.errors import Invalid
from app.reference.regions import region

_FIELD: Final = "data_quality"
_CRITERIA: Final = ("ter", "ger", "tir", "p")
_YEAR: Final = slice(4)  # of a day such as 2026-01-31


class ScoreOutOfRange(Invalid):
    en = "A data-quality score is from 1 (best) to 5; this one is {score}."
    zh = "数据质量评分须在 1(最好)至 5 之间,此值为 {score}。"


class DataQualityNotAllowed(Invalid):
    en = "A line that takes from a process has no data quality: its lines have theirs."
    zh = "取自过程的输入不能填报数据质量,应由该过程的各行填报。"


def check(request: CalculationRequest, ledger: Ledger) -> None:
    """Refuse what is wrong with the data quality that *request* states."""
    asked = request.get("data_quality", {})
    if "region" in asked:
        try:
            region(asked["region"])
        except Invalid as error:
            ledger.refuse(error, f"/{_FIELD}/region")
    for number, process in enumerate(request["processes"]):
        for place, line in enumerate(process.get("inputs", ())):
            factor = line.get("factor")
            if _FIELD in line or (isinstance(factor, dict) and _FIELD in factor):
                _check_line(line, line_pointer(number, place), ledger)
        for place, emission in enumerate(process.get("emissions", ())):
            if _FIELD in emission:
                _check_line(emission, line_pointer(number, -1 - place), ledger)


def _check_line(line: Input | Emission, where: str, ledger: Ledger) -> None:
    factor = line.get("factor")
    if isinstance(factor, dict):
        _check_scores(factor.get(_FIELD, {}), f"{where}/factor/{_FIELD}", ledger)
    if "process" in line and _FIELD in line:
        ledger.refuse(DataQualityNotAllowed(), f"{where}/{_FIELD}")
        return
    _check_scores(line.get(_FIELD, {}), f"{where}/{_FIELD}", ledger)


def _check_scores(stated: Mapping[str, Any], where: str, ledger: Ledger) -> None:
    for name in _CRITERIA:
        if name in stated:
            try:
                _check_score(stated[name])
            except Invalid as error:
                ledger.refuse(error, f"{where}/{name}")


def _check_score(number: object) -> None:
    text = number_text(number)
    if not BEST <= Decimal(text) <= WORST:
        raise ScoreOutOfRange(score=text)


class Stated(NamedTuple):
    """What is known of an amount or of a factor; None where nothing is."""

    ter: float | None = None
    ger: float | None = None
    tir: float | None = None
    p: float | None = None
    primary: bool | None = None
    traced: float | None = None


# The scores that a line or an inline factor states, or which version it takes.
_Source: TypeAlias = Mapping[str, Any] | str | None


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores the lines of a request for an *assessment*.

    *contents* are those of the versions that the request names, by `CODE@n`.
    """

    assessment: Assessment
    contents: Mapping[str, Mapping[str, Any]]
    _known: dict[tuple[Hashable, Hashable], Marks] = field(default_factory=dict)

    def marks(self, processes: Sequence[Process], assembly: Assembly) -> Floats:
        """Return the marks of each line of *assembly*, one row each."""
        labels = [route.coefficient.label for route in assembly.routes]
        rows = [
            self._emission(processes[number]["emissions"][-1 - place])
            if place < 0
            else self._input(processes[number]["inputs"][place], labels[route])
            for number, place, route in zip(
                assembly.system.process.tolist(),
                assembly.place.tolist(),
                assembly.route.tolist(),
                strict=True,
            )
        ]
        return np.array(rows, dtype=np.float64).reshape(-1, len(Marks._fields))

    def _emission(self, line: Emission) -> Marks:
        return self._marks(line.get(_FIELD, {}), None)

    def _input(self, line: Input, label: str) -> Marks:
        factor = line.get("factor")
        own = factor.get(_FIELD, {}) if isinstance(factor, dict) else label
        return self._marks(line.get(_FIELD, {}), own)

    def _marks(self, amount: Mapping[str, Any], factor: _Source) -> Marks:
        # Many lines say the same.
        key = (_key(amount), _key(factor))
        known = self._known.get(key)
        if known is None:
            stated = _stated(amount)
            # An emission is nothing but its amount.
            other = stated if factor is None else self._factor(factor)
            known = self._known[key] = _marks(stated, other)
        return known

    def _factor(self, factor: Mapping[str, Any] | str) -> Stated:
        """Return what is known of a factor: by its record, and by where and when.

        Of two scores that are known the worse counts.
        """
        if not isinstance(factor, str):
            return _stated(factor)
        content = self.contents[factor]
        own = _published_scores(content.get(_FIELD) or {})
        year, place = data_year(content), self.assessment.get("region")
        tir = ger = None
        if year is not None:
            tir = quality.temporal(self.assessment["assessment_year"] - year)
        if place is not None:
            ger = quality.geographical(content["region"], place)
        return own._replace(ger=_worse(own.ger, ger), tir=_worse(own.tir, tir))


def _key(source: _Source) -> Hashable:
    if source is None or isinstance(source, str):
        return source
    return tuple(source.items())


def data_year(content: Mapping[str, Any]) -> float | None:
    """Return the middle of the years that a version's data are of, if it is known.

    The year of a publication says nothing of the years of its data.
    """
    period = content.get("data_period") or {}
    first, last = period.get("first"), period.get("last")
    if first and last:
        return (int(first[_YEAR]) + int(last[_YEAR])) / 2
    if content.get("year_basis") == "PUBLICATION":
        return None
    return float(content["reference_year"])


def _stated(document: Mapping[str, Any]) -> Stated:
    # Checked before: a number, or a decimal.
    scores = {name: float(document[name]) for name in _CRITERIA if name in document}
    level = document.get("traceability")
    traced = None if level is None else TRACED[level]
    return Stated(**scores, primary=document.get("primary"), traced=traced)


def _published_scores(document: Mapping[str, str]) -> Stated:
    """Return the scores of a record; what is none from 1 to 5 says nothing."""
    scores = {name: float(document[name]) for name in _CRITERIA if name in document}
    usable = [name for name, each in scores.items() if BEST <= each <= WORST]
    return _stated({name: document[name] for name in usable})


def _worse(one: float | None, other: float | None) -> float | None:
    known = [each for each in (one, other) if each is not None]
    return max(known, default=None)


def _marks(own: Stated, factor: Stated) -> Marks:
    ter = factor.ter if own.ter is None else own.ter
    ger = factor.ger if own.ger is None else own.ger
    times = (own.tir, factor.tir)
    known = [each is not None for each in (ter, ger, own.p)]
    both = bool(own.primary and factor.primary)
    return Marks(
        ter=_or_worst(ter),
        ger=_or_worst(ger),
        tir=sum(map(_or_worst, times)) / 2,
        p=_or_worst(own.p),
        known=(sum(known) + sum(each is not None for each in times) / 2) / 4,
        primary=float(both),
        national=1.0 if both else 0.5 * bool(own.primary),
        traced=own.traced or 0.0,
        tells_primary=float(own.primary is not None),
        tells_traced=float(own.traced is not None),
    )


def _or_worst(score: float | None) -> float:
    return WORST if score is None else score
