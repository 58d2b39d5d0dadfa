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
from bench.service import get, post, running
from bench.system import Published, System, random_system

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

AGREEMENT: Final = 1e-9
# Brightway's rounds, ours.
ROUNDS: Final = {10_000: (5, 15), 100_000: (3, 9)}
REQUIRED: Final = {"SUMMARY": 20.0, "FULL": 10.0}
# Within a factor of two: a tenfold system no longer fits the processor's cache.
LINEAR: Final = 0.5
_ADDRESS: Final = "/v1/calculations"
_FACTORS: Final = 50
_UNITS: Final = ("kWh", "kg", "t")


class Disagreement(RuntimeError):
    """The two results differ, so that their times cannot be compared."""


@dataclass(frozen=True, slots=True)
class _Ours:
    seconds: float
    value: float


def measure(data: Path, *, million: bool) -> Iterator[Figure]:
    """Yield the figures, the smallest system first."""
    with running(data) as port:
        published = _published(port)
        for size in ROUNDS:
            for loops in (False, True):
                system = random_system(size, loops=loops, published=published)
                yield from _compare(port, system, loops=loops)
        if million:
            yield _growth(port, published)


def _compare(port: int, system: System, *, loops: bool) -> Iterator[Figure]:
    size = len(system.processes)
    rounds, posts = ROUNDS[size]
    theirs = brightway.measure(system.columns(), rounds)
    shape = "loops" if loops else "tree"
    ours = {detail: _post(port, system, detail, posts) for detail in REQUIRED}
    for detail, each in ours.items():
        if not math.isclose(each.value, theirs.score, rel_tol=AGREEMENT):
            raise Disagreement(f"{each.value} against Brightway's {theirs.score}")
        yield Figure(
            f"{shape} of {size:,}, {detail}, against write and solve",
            seconds(theirs.total),
            seconds(each.seconds),
            theirs.total / each.seconds,
            REQUIRED[detail],
        )
    yield Figure(
        f"{shape} of {size:,}, SUMMARY, against solve alone",
        seconds(theirs.solve),
        seconds(ours["SUMMARY"].seconds),
        theirs.solve / ours["SUMMARY"].seconds,
        note=theirs.versions,
    )


def _growth(port: int, published: Sequence[Published]) -> Figure:
    small = random_system(100_000, loops=False, published=published)
    tenfold = 10 * _post(port, small, "SUMMARY", 3).seconds
    del small
    large = random_system(1_000_000, loops=False, published=published)
    spent = _post(port, large, "SUMMARY", 1).seconds
    name = "tree of 1,000,000, SUMMARY, against ten times 100,000"
    return Figure(name, seconds(tenfold), seconds(spent), tenfold / spent, LINEAR)


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
