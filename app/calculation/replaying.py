"""Telling whether a calculation done again is the same, and if not, why. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec
import orjson
from typing_extensions import TypedDict

from app.calculation import answer, service
from app.calculation.calculated import Calculated
from app.calculation.comparison import Line, Pair, lines_of, pair_up
from app.calculation.documents import CalculationAnswer, CalculationWarning
from app.calculation.printed import Bilingual, Computed
from app.calculation.reading import Reading
from app.calculation.service import Material
from app.kit.decimals import rounded
from app.kit.errors import Findings, Invalid
from app.kit.schemas import document

TOLERANCE: Final = 1e-9
_MOST_LINES: Final = 1_000
# What says the same in every language of numbers; the rest is about the factors used.
_COMPARED: Final = (
    "result",
    "by_stage",
    "by_gas",
    "by_category",
    "electricity",
    "biogenic",
    "processes",
    "contributions",
    "rest",
    "data_quality",
    "uncertainty",
    "cut_off",
    "pins",
    "gwp_set",
)

Outcome: TypeAlias = Literal["IDENTICAL", "EQUIVALENT", "DIFFERENT"]
Reason: TypeAlias = Literal[
    "FACTOR_CORRECTED", "ANOTHER_SELECTED", "ENGINE_CHANGED", "UNEXPLAINED"
]


@document
class ReplaySide(TypedDict):
    """A result, and what it was calculated with."""

    snapshot: int
    engine: str
    value: Computed


@document
class ReplayLine(TypedDict):
    """A line that is not the same, and why."""

    pointer: str
    reason: Reason
    stored_factor: str | None
    factor: str | None
    stored_value: Computed | None
    value: Computed | None
    difference: Computed
    detail: Bilingual


@document
class ReplayRefusal(TypedDict):
    """Why a request is refused that was answered before."""

    pointer: str
    code: str
    detail: Bilingual


@document
class Replay(TypedDict):
    """What a stored calculation comes to when it is done again."""

    id: str
    outcome: Outcome
    """IDENTICAL: every number prints alike. EQUIVALENT: within 1e-9 of Σ|parts|."""
    stored: ReplaySide
    replayed: ReplaySide | None
    """Null where it is refused."""
    lines: list[ReplayLine]
    """By falling magnitude of the difference, at most 1,000."""
    refusals: list[ReplayRefusal]


def outcome_of(stored: Mapping[str, Any], again: Mapping[str, Any]) -> Outcome:
    """Return how two answers compare, both as JSON documents of one request."""
    if all(stored[name] == again[name] for name in _COMPARED if name in stored):
        return "IDENTICAL"
    figures = _figures(stored), _figures(again)
    allowed = TOLERANCE * max(map(_parts, (stored, again)))
    alike = all(
        abs(figures[0][name] - figures[1][name]) <= allowed
        for name in figures[0].keys() & figures[1].keys()
    )
    # A summary may list another one of two lines of nearly the same size.
    missing = {name for name, _ in figures[0].keys() ^ figures[1].keys()}
    listed = {"processes", "contributions", "rest"}
    return "EQUIVALENT" if alike and missing <= listed else "DIFFERENT"


def _parts(found: Mapping[str, Any]) -> float:
    values = [each["value"] for each in found["contributions"]]
    return math.fsum(abs(float(each)) for each in [*values, found["rest"]["value"]])


def _figures(document: Mapping[str, Any]) -> dict[tuple[str, object], float]:
    """Return every number of kg CO2e by what it is of."""
    result = document["result"]
    found: dict[tuple[str, object], str] = {
        ("result", "value"): result["value"],
        ("result", "excluding_uptake"): result["excluding_uptake"],
    }
    for name, key, value in (
        ("by_stage", "stage", "value"),
        ("by_gas", "gas", "co2e"),
        ("by_category", "category", "value"),
        ("contributions", "pointer", "value"),
    ):
        found |= {(name, each[key]): each[value] for each in document[name]}
    for name in ("market_based", "location_based"):
        if document.get("electricity"):
            found["electricity", name] = document["electricity"][name]
    for name in ("mean", "sd", "median", "p2_5", "p97_5"):
        if document.get("uncertainty"):
            found["uncertainty", name] = document["uncertainty"][name]
    for each in document["processes"]:
        for part in ("direct", "upstream", "total"):
            found["processes", (each["id"], part)] = each[part]
    # What is left over depends on what is listed.
    shown = frozenset(each["pointer"] for each in document["contributions"])
    found["rest", shown] = document["rest"]["value"]
    return {name: float(text) for name, text in found.items()}


def _worst(*outcomes: Outcome) -> Outcome:
    """Return the outcome of several in a row."""
    order: tuple[Outcome, ...] = ("DIFFERENT", "EQUIVALENT", "IDENTICAL")
    return min(outcomes, key=order.index)


def engine_lines(
    stored: Mapping[str, Any], again: Mapping[str, Any]
) -> list[ReplayLine]:
    """Return the listed lines that another engine gave another value."""
    allowed = TOLERANCE * max(map(_parts, (stored, again)))
    now = {each["pointer"]: each for each in again["contributions"]}
    found = []
    for each in stored["contributions"]:
        other = now.get(each["pointer"])
        if other is None:
            continue
        off = float(other["value"]) - float(each["value"])
        if abs(off) > allowed:
            found.append(_engine_line(stored, again, each, other, off))
    return _largest(found)


def _engine_line(
    stored: Mapping[str, Any],
    again: Mapping[str, Any],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    off: float,
) -> ReplayLine:
    engines = stored["engine"], again["engine"]
    reason: Reason = "UNEXPLAINED"
    detail: Bilingual = {
        "zh": "引擎、请求与因子均相同而结果不同,请报告此问题。",
        "en": "Engine, request and factors are the same, and the value is not: report.",
    }
    if engines[0] != engines[1]:
        reason = "ENGINE_CHANGED"
        detail = {
            "zh": f"引擎由 {engines[0]} 变为 {engines[1]}。",
            "en": f"The engine changed from {engines[0]} to {engines[1]}.",
        }
    return {
        "pointer": old["pointer"],
        "reason": reason,
        "stored_factor": old["factor"],
        "factor": new["factor"],
        "stored_value": old["value"],
        "value": new["value"],
        "difference": rounded(off),
        "detail": detail,
    }


def _factor_lines(left: Calculated, right: Calculated) -> list[ReplayLine]:
    """Return the lines whose factor has another version at the snapshot of *right*."""
    reasons = {
        f"{each.code}@{each.version}": each.record["content"].get("change_reason")
        for each in right.versions.values()
    }
    pairs = pair_up(lines_of(left), lines_of(right))
    return _largest(_corrected(pairs, reasons))


def _corrected(
    pairs: Iterable[Pair], reasons: Mapping[str, str | None]
) -> Iterator[ReplayLine]:
    for pair in pairs:
        old, new = pair.left, pair.right
        if old is not None and new is not None and old.name != new.name:
            yield _factor_line(old, new, reasons.get(new.name))


def _factor_line(old: Line, new: Line, why: str | None) -> ReplayLine:
    reason: Reason = "FACTOR_CORRECTED"
    zh, en = f"{old.name} 已由 {new.name} 取代。", f"{new.name} replaces {old.name}."
    if _code(old) != _code(new):
        reason = "ANOTHER_SELECTED"
        zh = f"所述条件此前选中 {old.name},现选中 {new.name}。"
        en = f"The description chose {old.name} and chooses {new.name} now."
    elif why:
        zh, en = f"{zh}理由:{why}", f"{en} Reason: {why}"
    return {
        "pointer": old.pointer,
        "reason": reason,
        "stored_factor": old.name,
        "factor": new.name,
        "stored_value": rounded(old.value),
        "value": rounded(new.value),
        "difference": rounded(new.value - old.value),
        "detail": {"zh": zh, "en": en},
    }


def _code(line: Line) -> str:
    return line.name.partition("@")[0]


def _largest(lines: Iterable[ReplayLine]) -> list[ReplayLine]:
    ranked = sorted(lines, key=lambda line: -abs(float(line["difference"])))
    return ranked[:_MOST_LINES]


def _refusals(error: Invalid) -> list[ReplayRefusal]:
    """Return why a request is refused, line by line."""
    errors = error.errors if isinstance(error, Findings) else (error,)
    return [
        {
            "pointer": each.pointer or "",
            "code": each.code,
            "detail": {"zh": each.detail("zh"), "en": each.detail("en")},
        }
        for each in errors
    ]


def replay(
    stored: Mapping[str, Any], request: Reading, then: Material, there: Material | None
) -> Replay:
    """Return what a stored answer comes to when it is done again.

    *then* is what its snapshot had; *there* what another one has, if it is asked for.
    """
    found = _begun(stored)
    try:
        done, warnings = service.solve(request, then)
        again = _document_of(answer.answer(done, warnings))
        found["outcome"] = outcome_of(stored, again)
        found["replayed"] = _side(again)
        if found["outcome"] == "DIFFERENT":
            found["lines"] = engine_lines(stored, again)
        if there is not None:
            found["replayed"] = None
            _go_on(found, done, again, *service.solve(request, there))
    except Invalid as error:
        found["outcome"] = "DIFFERENT"
        found["refusals"] = _refusals(error)
    return found


def _begun(stored: Mapping[str, Any]) -> Replay:
    return {
        "id": stored["id"],
        "outcome": "DIFFERENT",
        "stored": _side(stored),
        "replayed": None,
        "lines": [],
        "refusals": [],
    }


def _go_on(
    found: Replay,
    then: Calculated,
    before: Mapping[str, Any],
    done: Calculated,
    warnings: list[CalculationWarning],
) -> None:
    """Add what another snapshot changes."""
    now = _document_of(answer.answer(done, warnings))
    found["outcome"] = _worst(found["outcome"], outcome_of(before, now))
    found["replayed"] = _side(now)
    found["lines"] += _factor_lines(then, done)


def _document_of(found: CalculationAnswer) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(msgspec.json.encode(found))
    return document


def _side(found: Mapping[str, Any]) -> ReplaySide:
    return {
        "snapshot": found["snapshot"],
        "engine": found["engine"],
        "value": found["result"]["value"],
    }
