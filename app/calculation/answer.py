"""From a solution to the answer on the wire. Pure; every number is rounded here.

Rows are structs, and the processes of a bulk request bytes, so that only msgspec can
encode an answer.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias, cast

import msgspec
import numpy as np

from app.calculation import biogenic, engine, rows
from app.calculation.assembly import (
    AS_CLASSIFIED,
    CATEGORIES,
    STAGES,
)
from app.calculation.assessing import assess
from app.calculation.calculated import Calculated
from app.calculation.coefficients import UNSPLIT
from app.calculation.documents import (
    CalculationAnswer,
    CalculationWarning,
    GasPart,
    Result,
    StagePart,
    UsedFactor,
)
from app.calculation.graphs import Ints
from app.calculation.receipts import canonical_request, in_digits
from app.calculation.request import CalculationRequest
from app.calculation.selecting import pinned
from app.calculation.sums import group
from app.calculation.supplements import (
    BiogenicAnswer,
    CutOff,
    ExpandedLine,
    QualityOfResult,
)
from app.factors.queries import VersionAt
from app.factors.traces import Trace
from app.kit.decimals import number_text, rounded
from app.reference.enums import GhgCategory
from app.units.catalogue import unit

SUMMARY_LENGTH: Final = 100
# Route, category and amount of what the result takes alike in both.
_Amounts: TypeAlias = Sequence[tuple[int, int, float]]


def answer(done: Calculated, warnings: list[CalculationWarning]) -> CalculationAnswer:
    """Return the answer to a calculation."""
    amounts = list(_amounts(done))
    categories = _by_category(done, amounts)
    full = done.request.head.get("detail") == "FULL"
    length = None if full else SUMMARY_LENGTH
    listed = rows.listed_processes(done, length), rows.listed_lines(done, length)
    shown, rest = rows.contributions(done, listed[1])
    spread = done.propagated
    return {
        "result": _result(done, categories["BIO_REMOVAL"]),
        "by_stage": _by_stage(done),
        "by_gas": _by_gas(done, amounts),
        "by_category": [
            {"category": GhgCategory(category), "value": rounded(value)}
            for category, value in categories.items()
        ],
        "processes": rows.process_rows(done, listed[0]),
        "contributions": shown,
        "rest": rest,
        "factors": _factors(done.versions, done.traces),
        "pins": sorted({_label(version) for version in done.versions.values()}),
        "request_pinned": _pinned(done),
        "uncertainty": None if spread is None else spread.document(length),
        "expansions": _expansions(done),
        "electricity": None if done.totals is None else done.totals.document(),
        "biogenic": _biogenic(done, amounts, categories),
        "data_quality": _data_quality(done, *listed),
        "cut_off": _cut_off(done),
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


def _cut_off(done: Calculated) -> CutOff | None:
    left_out = done.left_out
    return None if left_out is None else left_out.document(done.solution.result)


def _by_stage(done: Calculated) -> list[StagePart]:
    stages = done.assembly.stage
    sums = group(stages, done.solution.value, len(STAGES))
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
    sums = group(key, amounts, width * len(assembly.routes))
    for number in np.unique(key):
        route, category = divmod(int(number), width)
        yield route, category + AS_CLASSIFIED, float(sums[number])


def _by_gas(done: Calculated, amounts: _Amounts) -> list[GasPart]:
    masses: dict[str, list[float]] = defaultdict(list)
    co2e: dict[str, list[float]] = defaultdict(list)
    for route, _, amount in amounts:
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
    return rounded(engine.total(values))


def _by_category(done: Calculated, amounts: _Amounts) -> dict[str, float]:
    values: dict[str, list[float]] = {each.value: [] for each in CATEGORIES}
    for route, category, amount in amounts:
        coefficient = done.assembly.routes[route].coefficient
        if category == AS_CLASSIFIED:
            for part in coefficient.parts:
                values[part.category].append(amount * part.co2e)
        else:
            values[CATEGORIES[category]].append(amount * coefficient.intensity)
    return {name: engine.total(parts) for name, parts in values.items()}


def _biogenic(
    done: Calculated, amounts: _Amounts, categories: Mapping[str, float]
) -> BiogenicAnswer | None:
    lines = (
        (
            done.assembly.routes[route].coefficient,
            None if category == AS_CLASSIFIED else CATEGORIES[category],
            amount,
        )
        for route, category, amount in amounts
    )
    return biogenic.balance(done.request.head["reference"], lines, categories)


def _data_quality(
    done: Calculated, processes: Ints, lines: Ints
) -> QualityOfResult | None:
    listed = processes[:SUMMARY_LENGTH], lines
    return assess(
        done.request.head, done.versions, done.assembly, done.solution, listed
    )


def _label(version: VersionAt) -> str:
    return f"{version.code}@{version.version}"


def _factors(
    versions: Mapping[str, VersionAt], traces: Mapping[str, Trace]
) -> list[UsedFactor]:
    distinct = {_label(version): version for version in versions.values()}
    told: dict[str, list[Trace]] = {}
    for name, version in versions.items():
        if name in traces:
            told.setdefault(_label(version), []).append(traces[name])
    return [_factor(distinct[label], told.get(label)) for label in sorted(distinct)]


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


def _expansions(done: Calculated) -> list[ExpandedLine] | None:
    processes = done.request.head["processes"]
    pins = {code: _label(version) for code, version in done.versions.items()}
    found: list[ExpandedLine] = [
        {
            "macro": each.macro,
            "term": each.term,
            "coefficient": each.coefficient,
            "source": each.source,
            "pointer": each.pointer,
            "line": in_digits(
                pinned(processes[each.process]["inputs"][each.place], pins)
            ),
        }
        for each in done.request.expansion.lines
    ]
    return found or None


def _pinned(done: Calculated) -> CalculationRequest:
    """Return the request with factors, snapshot and GWP set pinned, as bytes."""
    pins = {code: _label(version) for code, version in done.versions.items()}
    pinned = done.request.head.copy()
    pinned.pop("store", None)
    pinned["snapshot"] = done.snapshot
    pinned["gwp_set"] = done.gwp_set
    processes = done.request.pinned_processes(pins)
    return cast("CalculationRequest", msgspec.Raw(canonical_request(pinned, processes)))
