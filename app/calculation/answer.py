"""From a solution to the answer on the wire. Pure; every number is rounded here."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from app.calculation import engine
from app.calculation.assembly import (
    AS_CLASSIFIED,
    CATEGORIES,
    STAGES,
    Assembly,
    line_pointer,
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
from app.calculation.engine import Floats, Solution
from app.calculation.request import (
    CalculationRequest,
    GwpSetCode,
    Input,
    Process,
)
from app.calculation.resolution import Route
from app.factors.queries import VersionAt
from app.kit.decimals import number_text, rounded
from app.reference.enums import GhgCategory
from app.reference.stages import Stage
from app.units.catalogue import unit

SUMMARY_LENGTH: Final = 100
# Values that print alike in 12 digits differ by less than this, relatively.
_PRINTED_ALIKE: Final = 1e-11


@dataclass(frozen=True, slots=True)
class Calculated:
    """A request, what was assembled from it, and its solution."""

    request: CalculationRequest
    assembly: Assembly
    solution: Solution
    versions: Mapping[str, VersionAt]
    snapshot: int
    gwp_set: GwpSetCode


def answer(done: Calculated, warnings: list[CalculationWarning]) -> CalculationAnswer:
    """Return the answer to a calculation."""
    categories = _by_category(done)
    full = done.request.get("detail") == "FULL"
    length = None if full else SUMMARY_LENGTH
    shown, rest = _contributions(done, length)
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
        "factors": _factors(done.versions),
        "pins": sorted({_label(version) for version in done.versions.values()}),
        "request_pinned": _pinned(done),
        "warnings": warnings,
        "gwp_set": done.gwp_set,
        "snapshot": done.snapshot,
        "engine": engine.VERSION,
    }


def _result(done: Calculated, removal: float) -> Result:
    reference = done.request["reference"]
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


def _share(value: float, total: float) -> str | None:
    return rounded(value / total) if total else None


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


def _largest(values: Floats, among: engine.Ints, length: int | None) -> engine.Ints:
    """Return those of *among* that may belong to the *length* largest by magnitude."""
    if length is None or len(among) <= length:
        return among
    sizes = np.abs(values[among])
    least: float = np.partition(sizes, len(sizes) - length)[len(sizes) - length]
    near: engine.Ints = among[sizes >= least * (1 - _PRINTED_ALIKE)]
    return near


def _ranked(
    values: Floats, candidates: engine.Ints, name: Callable[[int], Any]
) -> list[int]:
    """Return *candidates* by falling printed magnitude, ties by name."""
    keys = [(-abs(float(rounded(values[c]))), name(int(c)), int(c)) for c in candidates]
    return [candidate for _, _, candidate in sorted(keys)]


def _processes(done: Calculated, length: int | None) -> list[ProcessPart]:
    solution = done.solution
    totals = solution.direct + solution.upstream
    candidates = _largest(totals, np.flatnonzero(solution.reached), length)
    ranked = _ranked(totals, candidates, lambda number: number)
    return [_process(done, number) for number in ranked[:length]]


def _process(done: Calculated, number: int) -> ProcessPart:
    process, solution = done.request["processes"][number], done.solution
    direct, upstream = solution.direct[number], solution.upstream[number]
    return {
        "id": process["id"],
        "name": process.get("name"),
        "via": _via(done, number),
        "stage": Stage(process.get("stage", "UNSPECIFIED")),
        "activity_level": rounded(solution.activity[number]),
        "direct": rounded(direct),
        "upstream": rounded(upstream),
        "total": rounded(direct + upstream),
        "share": _share(direct + upstream, solution.result),
    }


def _via(done: Calculated, number: int) -> str | None:
    via = int(done.solution.via[number])
    return done.request["processes"][via]["id"] if via >= 0 else None


def _contributions(
    done: Calculated, length: int | None
) -> tuple[list[Contribution], Rest]:
    solution, system = done.solution, done.assembly.system
    lines = np.flatnonzero(solution.reached[system.process])
    candidates = _largest(solution.value, lines, length)
    ranked = _ranked(solution.value, candidates, lambda line: _pointer(done, line))
    shown = ranked[:length]
    others = np.setdiff1d(lines, shown, assume_unique=True)
    rest = engine.total(solution.value[others])
    return (
        [_contribution(done, line) for line in shown],
        {"count": len(others), "value": rounded(rest)},
    )


def _pointer(done: Calculated, line: int) -> str:
    assembly = done.assembly
    return line_pointer(int(assembly.system.process[line]), int(assembly.place[line]))


def _contribution(done: Calculated, line: int) -> Contribution:
    assembly, solution = done.assembly, done.solution
    number, place = int(assembly.system.process[line]), int(assembly.place[line])
    route = assembly.routes[assembly.route[line]]
    amount = solution.scale[line] * assembly.system.amount[line]
    is_emission = place < 0
    return {
        "pointer": line_pointer(number, place),
        "process": done.request["processes"][number]["id"],
        "via": _via(done, number),
        "stage": STAGES[assembly.stage[line]],
        "factor": None if is_emission else _factor_label(done, number, place, route),
        "gas": route.coefficient.label if is_emission else None,
        "amount": rounded(amount / float(route.factor)),
        "unit": route.stated.code,
        "value": rounded(solution.value[line]),
        "share": _share(solution.value[line], solution.result),
    }


def _factor_label(done: Calculated, number: int, place: int, route: Route) -> str:
    """Return `CODE@n`, or the name of the line's own inline factor."""
    factor = done.request["processes"][number]["inputs"][place]["factor"]
    return route.coefficient.label if isinstance(factor, str) else factor["name"]


def _label(version: VersionAt) -> str:
    return f"{version.code}@{version.version}"


def _factors(versions: Mapping[str, VersionAt]) -> list[UsedFactor]:
    distinct = {_label(version): version for version in versions.values()}
    return [_factor(distinct[label]) for label in sorted(distinct)]


def _factor(version: VersionAt) -> UsedFactor:
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
    }


def _pinned(done: Calculated) -> CalculationRequest:
    """Return the request with factors, snapshot and GWP set pinned."""
    pins = {code: _label(version) for code, version in done.versions.items()}
    pinned = done.request.copy()
    pinned["snapshot"] = done.snapshot
    pinned["gwp_set"] = done.gwp_set
    pinned["processes"] = [_pin_process(each, pins) for each in pinned["processes"]]
    return pinned


def _pin_process(process: Process, pins: Mapping[str, str]) -> Process:
    lines = process.get("inputs", ())
    if not any(isinstance(line.get("factor"), str) for line in lines):
        return process
    pinned = process.copy()
    pinned["inputs"] = [_pin(line, pins) for line in process["inputs"]]
    return pinned


def _pin(line: Input, pins: Mapping[str, str]) -> Input:
    reference = line.get("factor")
    if not isinstance(reference, str):
        return line
    pinned = line.copy()
    pinned["factor"] = pins[reference]
    return pinned
