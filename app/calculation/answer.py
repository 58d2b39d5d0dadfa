"""From a solution to the answer on the wire. Pure; every number is rounded here.

Rows are structs, and the processes of a bulk request bytes, so that only msgspec can
encode an answer.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, cast

import msgspec
import numpy as np

from app.calculation import engine
from app.calculation.assembly import (
    AS_CLASSIFIED,
    CATEGORIES,
    STAGES,
    Assembly,
)
from app.calculation.coefficients import UNSPLIT
from app.calculation.documents import (
    CalculationAnswer,
    CalculationWarning,
    Contribution,
    GasPart,
    ProcessPart,
    Rest,
    Result,
    StagePart,
    UsedFactor,
)
from app.calculation.elimination import Floats
from app.calculation.engine import Ints, Solution
from app.calculation.notices import line_pointer
from app.calculation.propagation import Propagated
from app.calculation.reading import Reading
from app.calculation.receipts import canonical_request
from app.calculation.request import CalculationRequest
from app.calculation.resolution import Route
from app.calculation.shapes import GwpSetCode
from app.factors.queries import VersionAt
from app.factors.traces import Trace
from app.kit.columns import rounded_column
from app.kit.decimals import number_text, rounded
from app.reference.enums import GhgCategory
from app.units.catalogue import unit

SUMMARY_LENGTH: Final = 100
# Values that print alike in 12 digits differ by less than this, relatively.
_PRINTED_ALIKE: Final = 1e-11
# A FULL answer has a row for each process and line: structs are made and encoded faster
# than the dictionaries that they stand for.
_PROCESS_ROW: Final = msgspec.defstruct("ProcessRow", list(ProcessPart.__annotations__))
_CONTRIBUTION_ROW: Final = msgspec.defstruct(
    "ContributionRow", list(Contribution.__annotations__)
)


@dataclass(frozen=True, slots=True)
class Calculated:
    """A request, what was assembled from it, and its solution."""

    request: Reading
    assembly: Assembly
    solution: Solution
    versions: Mapping[str, VersionAt]
    snapshot: int
    gwp_set: GwpSetCode
    propagated: Propagated | None = None
    traces: Mapping[str, list[Trace]] = field(default_factory=dict)


def answer(done: Calculated, warnings: list[CalculationWarning]) -> CalculationAnswer:
    """Return the answer to a calculation."""
    categories = _by_category(done)
    full = done.request.head.get("detail") == "FULL"
    length = None if full else SUMMARY_LENGTH
    shown, rest = _contributions(done, length)
    spread = done.propagated
    return {
        "result": _result(done, categories["BIO_REMOVAL"]),
        "by_stage": _by_stage(done),
        "by_gas": _by_gas(done),
        "by_category": [
            {"category": GhgCategory(category), "value": rounded(value)}
            for category, value in categories.items()
        ],
        "processes": _processes(done, length),
        "contributions": shown,
        "rest": rest,
        "factors": _factors(done.versions, done.traces),
        "pins": sorted({_label(version) for version in done.versions.values()}),
        "request_pinned": _pinned(done),
        "uncertainty": None if spread is None else spread.document(length),
        "warnings": warnings,
        "gwp_set": done.gwp_set,
        "snapshot": done.snapshot,
        "engine": engine.VERSION,
        "receipt": None,
        "id": None,
    }


def _result(done: Calculated, removal: float) -> Result:
    reference = done.request.head["reference"]
    return {
        "value": rounded(done.solution.result),
        "unit": "kgCO2e",
        "per": {
            "amount": number_text(reference["amount"]),
            "unit": unit(reference["unit"]).code,
            "process": reference["process"],
        },
        "excluding_uptake": _sum([done.solution.result, -removal]),
    }


def _shares(values: Floats, total: float) -> list[str] | list[None]:
    return rounded_column(values / total) if total else [None] * len(values)


def _by_stage(done: Calculated) -> list[StagePart]:
    stages = done.assembly.stage
    sums = engine.group(stages, done.solution.value, len(STAGES))
    present = np.unique(stages[done.solution.reached[done.assembly.system.process]])
    return [{"stage": STAGES[s], "value": rounded(sums[s])} for s in present]


def _amounts(done: Calculated) -> Iterable[tuple[int, int, float]]:
    """Yield route, category and amount, summed over the reached lines alike in both."""
    assembly = done.assembly
    width = len(CATEGORIES) + 1
    reached = done.solution.reached[assembly.system.process]
    key = (assembly.route * width + assembly.category - AS_CLASSIFIED)[reached]
    amount = assembly.system.amount * assembly.strength
    amounts = (done.solution.scale * amount)[reached]
    sums = engine.group(key, amounts, width * len(assembly.routes))
    for number in np.unique(key):
        route, category = divmod(int(number), width)
        yield route, category + AS_CLASSIFIED, float(sums[number])


def _by_gas(done: Calculated) -> list[GasPart]:
    masses: dict[str, list[float]] = defaultdict(list)
    co2e: dict[str, list[float]] = defaultdict(list)
    for route, _, amount in _amounts(done):
        for part in done.assembly.routes[route].coefficient.parts:
            masses[part.gas].append(amount * (part.mass or 0.0))
            co2e[part.gas].append(amount * part.co2e)
    return [
        {
            "gas": gas,
            "mass_kg": None if gas == UNSPLIT else _sum(masses[gas]),
            "co2e": _sum(co2e[gas]),
        }
        for gas in sorted(co2e)
    ]


def _sum(values: list[float]) -> str:
    return rounded(engine.total(np.array(values)))


def _by_category(done: Calculated) -> dict[str, float]:
    values: dict[str, list[float]] = {each.value: [] for each in CATEGORIES}
    for route, category, amount in _amounts(done):
        coefficient = done.assembly.routes[route].coefficient
        if category == AS_CLASSIFIED:
            for part in coefficient.parts:
                values[part.category].append(amount * part.co2e)
        else:
            values[CATEGORIES[category]].append(amount * coefficient.intensity)
    return {name: engine.total(np.array(parts)) for name, parts in values.items()}


def _largest(values: Floats, among: Ints, length: int | None) -> Ints:
    """Return those of *among* that may belong to the *length* largest by magnitude."""
    if length is None or len(among) <= length:
        return among
    sizes = np.abs(values[among])
    least: float = np.partition(sizes, len(sizes) - length)[len(sizes) - length]
    near: Ints = among[sizes >= least * (1 - _PRINTED_ALIKE)]
    return near


def _ranked(
    values: Floats, among: Ints, length: int | None, name: Callable[[int], Any]
) -> Ints:
    """Return the *length* largest by falling printed magnitude, ties by name."""
    candidates = _largest(values, among, length)
    sizes = np.abs(np.array(rounded_column(values[candidates]), dtype=np.float64))
    order = np.argsort(-sizes, kind="stable")
    ranked = candidates[order].tolist()
    # Where a run of the same size starts, and where the last one ends.
    starts = np.flatnonzero(np.diff(sizes[order], prepend=np.nan, append=np.nan))
    for run in np.flatnonzero(np.diff(starts) > 1).tolist():
        tied = slice(starts[run], starts[run + 1])
        ranked[tied] = sorted(ranked[tied], key=name)
    return np.array(ranked[:length], dtype=np.intp)


def _processes(done: Calculated, length: int | None) -> list[ProcessPart]:
    solution, assembly = done.solution, done.assembly
    names = assembly.system.names
    totals = solution.direct + solution.upstream
    reached = np.flatnonzero(solution.reached)
    shown = _ranked(totals, reached, length, lambda number: number)
    numbers = shown.tolist()
    rows = map(
        _PROCESS_ROW,
        [names[number] for number in numbers],
        [assembly.title[number] for number in numbers],
        _vias(done, shown),
        [STAGES[each] for each in assembly.home[shown].tolist()],
        rounded_column(solution.activity[shown]),
        rounded_column(solution.direct[shown]),
        rounded_column(solution.upstream[shown]),
        rounded_column(totals[shown]),
        _shares(totals[shown], solution.result),
    )
    return cast("list[ProcessPart]", list(rows))


def _vias(done: Calculated, numbers: Ints) -> list[str | None]:
    names = done.assembly.system.names
    vias = done.solution.via[numbers].tolist()
    return [names[via] if via >= 0 else None for via in vias]


def _contributions(
    done: Calculated, length: int | None
) -> tuple[list[Contribution], Rest]:
    solution = done.solution
    is_other = solution.reached[done.assembly.system.process]
    lines = np.flatnonzero(is_other)
    shown = _ranked(solution.value, lines, length, partial(_pointer, done))
    is_other[shown] = False
    rest = engine.total(solution.value[is_other])
    return (
        _contribution_rows(done, shown),
        {"count": int(is_other.sum()), "value": rounded(rest)},
    )


def _pointer(done: Calculated, line: int) -> str:
    assembly = done.assembly
    return line_pointer(int(assembly.system.process[line]), int(assembly.place[line]))


def _contribution_rows(done: Calculated, shown: Ints) -> list[Contribution]:
    assembly, solution = done.assembly, done.solution
    names, process = assembly.system.names, assembly.system.process[shown]
    numbers, places = process.tolist(), assembly.place[shown].tolist()
    routes = [assembly.routes[each] for each in assembly.route[shown].tolist()]
    labels = _labels(done, shown, routes)
    value = solution.value[shown]
    rows = map(
        _CONTRIBUTION_ROW,
        map(line_pointer, numbers, places),
        [names[number] for number in numbers],
        _vias(done, process),
        [STAGES[each] for each in assembly.stage[shown].tolist()],
        [each if k >= 0 else None for each, k in zip(labels, places, strict=True)],
        [each if k < 0 else None for each, k in zip(labels, places, strict=True)],
        rounded_column(_stated_amounts(done, shown)),
        [route.stated.code for route in routes],
        rounded_column(value),
        _shares(value, solution.result),
    )
    return cast("list[Contribution]", list(rows))


def _stated_amounts(done: Calculated, shown: Ints) -> Floats:
    """Return what the result takes in all, in the stated units."""
    assembly = done.assembly
    factors = np.array([float(each.factor) for each in assembly.routes])
    amount = done.solution.scale[shown] * assembly.system.amount[shown]
    stated: Floats = amount / factors[assembly.route[shown]]
    return stated


def _labels(done: Calculated, shown: Ints, routes: Sequence[Route]) -> list[str]:
    """Return the gas, `CODE@n`, or the name of the line's own inline factor."""
    own = done.assembly.label
    return [
        own[line] or route.coefficient.label
        for line, route in zip(shown.tolist(), routes, strict=True)
    ]


def _label(version: VersionAt) -> str:
    return f"{version.code}@{version.version}"


def _factors(
    versions: Mapping[str, VersionAt], traces: Mapping[str, list[Trace]]
) -> list[UsedFactor]:
    distinct = {_label(version): version for version in versions.values()}
    return [_factor(distinct[label], traces.get(label)) for label in sorted(distinct)]


def _factor(version: VersionAt, trace: list[Trace] | None) -> UsedFactor:
    content = version.record["content"]
    return {
        "code": version.code,
        "version": version.version,
        "name": content["name"],
        "value": content["value"],
        "unit": content["unit"],
        "source": content["sources"][0],
        "record_sha256": version.record_sha256,
        "log_index": version.log_index,
        "trace": trace,
    }


def _pinned(done: Calculated) -> CalculationRequest:
    """Return the request with factors, snapshot and GWP set pinned, as bytes."""
    pins = {code: _label(version) for code, version in done.versions.items()}
    pinned = done.request.head.copy()
    pinned.pop("store", None)
    pinned["snapshot"] = done.snapshot
    pinned["gwp_set"] = done.gwp_set
    processes = done.request.pinned_processes(pins)
    return cast("CalculationRequest", msgspec.Raw(canonical_request(pinned, processes)))
