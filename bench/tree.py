"""A system over HTTP against Brightway, which writes and solves the same one."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, Final

from bench import brightway
from bench.figures import Figure, seconds
from bench.service import get, peak_memory, post, running
from bench.system import Published, System, random_system

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AGREEMENT: Final = 1e-9
# Turns, and our requests of each detail in a turn.
ROUNDS: Final = {10_000: (5, 9), 100_000: (3, 5)}
REQUIRED: Final = {"SUMMARY": 20.0, "FULL": 10.0}
# A system a thousand times as large no longer fits the processor's cache.
_GROWTH: Final = 1.5
_MEMORY: Final = 20
_SIZES: Final = (1_000, 1_000_000)
_ADDRESS: Final = "/v1/calculations"
_FACTORS: Final = 50
_UNITS: Final = ("kWh", "kg", "t")


class Disagreement(RuntimeError):
    """The two results differ, so that their times cannot be compared."""


@dataclass(frozen=True, slots=True)
class _Ours:
    seconds: float
    value: float


@dataclass(frozen=True, slots=True)
class _Turn:
    theirs: brightway.Outcome
    ours: dict[str, _Ours]


def measure(data: Path) -> Iterator[Figure]:
    """Yield the figures, the smallest system first."""
    with running(data) as port:
        published = _published(port)
        for size in ROUNDS:
            for shape, loops in (("tree", 0), ("loops", size // 1000)):
                system = random_system(size, loops=loops, published=published)
                yield from _compare(port, system, shape)


def measure_growth(data: Path) -> Iterator[Figure]:
    """Yield how the time of a process grows, and what the largest system occupies."""
    with running(data) as port:
        published = _published(port)
        smallest = random_system(_SIZES[0], published=published)
        before = _post(port, smallest, "SUMMARY", 31).seconds / _SIZES[0]
        largest = random_system(_SIZES[1], published=published)
        body = len(largest.request("SUMMARY"))
        after = _post(port, largest, "SUMMARY", 1).seconds / _SIZES[1]
        occupied = peak_memory()
    yield Figure(
        f"time per process of {_SIZES[1]:,} against {_SIZES[0]:,}",
        f"{before * 1e6:.1f} µs",
        f"{after * 1e6:.1f} µs",
        before / after,
        1 / _GROWTH,
    )
    yield Figure(
        f"memory at the peak of {_SIZES[1]:,} against the body",
        f"{body / 2**20:,.0f} MiB",
        f"{occupied / 2**20:,.0f} MiB",
        body / occupied,
        1 / _MEMORY,
    )


def _compare(port: int, system: System, shape: str) -> Iterator[Figure]:
    """Measure by turns: what else the machine does meets both."""
    size = len(system.processes)
    rounds, posts = ROUNDS[size]
    turns = [_turn(port, system, posts) for _ in range(rounds)]
    total = median(turn.theirs.total for turn in turns)
    for detail in REQUIRED:
        ratios = [turn.theirs.total / turn.ours[detail].seconds for turn in turns]
        yield Figure(
            f"{shape} of {size:,}, {detail}, against write and solve",
            seconds(total),
            seconds(median(turn.ours[detail].seconds for turn in turns)),
            median(ratios),
            REQUIRED[detail],
            f"{min(ratios):.1f} to {max(ratios):.1f}",
        )
    yield Figure(
        f"{shape} of {size:,}, SUMMARY, against solve alone",
        seconds(median(turn.theirs.solve for turn in turns)),
        seconds(median(turn.ours["SUMMARY"].seconds for turn in turns)),
        median(turn.theirs.solve / turn.ours["SUMMARY"].seconds for turn in turns),
        note=turns[0].theirs.versions,
    )


def _turn(port: int, system: System, posts: int) -> _Turn:
    """Let Brightway write and solve *system* once, and post it with each detail."""
    theirs = brightway.measure(system.columns(), 1)
    ours = {detail: _post(port, system, detail, posts) for detail in REQUIRED}
    for each in ours.values():
        if not math.isclose(each.value, theirs.score, rel_tol=AGREEMENT):
            raise Disagreement(f"{each.value} against Brightway's {theirs.score}")
    return _Turn(theirs, ours)


def _post(port: int, system: System, detail: str, times: int) -> _Ours:
    """Return the median after one request that warms up."""
    body = system.request(detail)
    post(port, _ADDRESS, body)
    answers = [post(port, _ADDRESS, body) for _ in range(times)]
    value = float(json.loads(answers[0][1])["result"]["value"])
    return _Ours(median(spent for spent, _ in answers), value)


def _published(port: int) -> list[Published]:
    """Return published factors that are used as they stand, whatever their GWP set."""
    found = [
        Published(each["code"], unit, Decimal(each["value"]))
        for each in get(port, "/v1/factors?kind=PCF&limit=500")["items"]
        for substance, _, unit in [each["unit"].partition("/")]
        if substance == "kgCO2e" and unit in _UNITS and not each["gases"]
        if Decimal(each["value"]) > 0
    ]
    return found[:_FACTORS]
