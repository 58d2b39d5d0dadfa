"""The rows of an answer: processes and contributions, the largest first. Pure."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, cast

import msgspec
import numpy as np

from app.calculation import engine
from app.calculation.assembly import (
    STAGES,
)
from app.calculation.calculated import Calculated
from app.calculation.documents import (
    Contribution,
    ProcessPart,
    Rest,
)
from app.calculation.graphs import Flags, Ints
from app.calculation.notices import line_pointer
from app.calculation.resolution import Route
from app.calculation.sums import Floats
from app.kit.columns import rounded_column
from app.kit.decimals import rounded

# Values that print alike in 12 digits differ by less than this, relatively.
_PRINTED_ALIKE: Final = 1e-11
# A FULL answer has a row for each process and line: structs are made and encoded faster
# than the dictionaries that they stand for.
_PROCESS_ROW: Final = msgspec.defstruct("ProcessRow", list(ProcessPart.__annotations__))
_CONTRIBUTION_ROW: Final = msgspec.defstruct(
    "ContributionRow", list(Contribution.__annotations__)
)


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
    sizes = np.abs(values[candidates])
    order = np.argsort(-sizes, kind="stable")
    ranked, sizes = candidates[order], sizes[order]
    is_near = sizes[1:] >= sizes[:-1] * (1 - _PRINTED_ALIKE)
    if is_near.any():
        _settle(values, ranked, is_near, name)
    return ranked[:length]


def _settle(
    values: Floats, ranked: Ints, is_near: Flags, name: Callable[[int], Any]
) -> None:
    """Sort each run of *ranked*, in which one is near the next, as it is printed."""
    starts = np.flatnonzero(np.concatenate([[True], ~is_near, [True]]))
    for run in np.flatnonzero(np.diff(starts) > 1).tolist():
        near = slice(starts[run], starts[run + 1])
        printed = rounded_column(values[ranked[near]])
        keys = [
            (-abs(float(text)), name(each), each)
            for text, each in zip(printed, ranked[near].tolist(), strict=True)
        ]
        ranked[near] = [each for *_, each in sorted(keys)]


def listed_processes(done: Calculated, length: int | None) -> Ints:
    totals = done.solution.direct + done.solution.upstream
    reached = np.flatnonzero(done.solution.reached)
    return _ranked(totals, reached, length, lambda number: number)


def listed_lines(done: Calculated, length: int | None) -> Ints:
    lines = np.flatnonzero(done.solution.reached[done.assembly.system.process])
    return _ranked(done.solution.value, lines, length, partial(_pointer, done))


def process_rows(done: Calculated, shown: Ints) -> list[ProcessPart]:
    solution, assembly = done.solution, done.assembly
    names = assembly.system.names
    totals = solution.direct + solution.upstream
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


def contributions(done: Calculated, shown: Ints) -> tuple[list[Contribution], Rest]:
    solution = done.solution
    is_other = solution.reached[done.assembly.system.process]
    is_other[shown] = False
    rest = engine.total(solution.value[is_other].tolist())
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


def _shares(values: Floats, total: float) -> list[str] | list[None]:
    return rounded_column(values / total) if total else [None] * len(values)
