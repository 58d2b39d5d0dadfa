"""Draws over HTTP against Brightway's own of the same system, all of it uncertain."""

from __future__ import annotations

import json
import math
from statistics import fmean, median, stdev
from typing import TYPE_CHECKING, Any, Final

import orjson

from bench import brightway
from bench.figures import Figure, seconds
from bench.service import post, running
from bench.system import System, random_system
from bench.tree import Disagreement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUIRED: Final = 20.0
SIZE: Final = 1_000
DRAWS: Final = 10_000
# Brightway's draws take the same time each, so that fewer tell enough.
THEIRS: Final = 1_000
ROUNDS: Final = 5
_AMOUNT: Final = "1.1"
_FACTOR: Final = "1.2"
# Standard errors that two samples of one distribution may lie apart.
_APART: Final = 5.0


def measure(data: Path) -> Iterator[Figure]:
    """Yield the figures for a tree and for loops."""
    with running(data) as port:
        for loops in (0, 1):
            system = random_system(SIZE, loops=loops)
            theirs = brightway.draw(_columns(system), THEIRS)
            spent, answer = _ours(port, system)
            _check(theirs.scores, answer["uncertainty"])
            total = theirs.per_draw * DRAWS
            yield Figure(
                f"{'loops' if loops else 'tree'} of {SIZE:,}, {DRAWS:,} draws",
                seconds(total),
                seconds(spent),
                total / spent,
                REQUIRED,
                note=f"{theirs.versions}; theirs from {THEIRS:,} draws",
            )


def _ours(port: int, system: System) -> tuple[float, Any]:
    """Return the median after one request that warms up, and the answer."""
    body = _request(system)
    answers = [post(port, "/v1/calculations", body) for _ in range(ROUNDS + 1)]
    return median(spent for spent, _ in answers[1:]), json.loads(answers[0][1])


def _request(system: System) -> bytes:
    """Return our request; a line by an inline factor has two uncertain numbers."""
    document = orjson.loads(system.request("SUMMARY"))
    for process in document["processes"]:
        for line in [*process["inputs"], *process.get("emissions", [])]:
            line["uncertainty"] = {"type": "LOGNORMAL", "gsd": _AMOUNT}
            if isinstance(line.get("factor"), dict):
                spread = {"type": "LOGNORMAL", "gsd": _FACTOR}
                line["factor"]["uncertainty"] = spread
    document["uncertainty"] = {"method": "MONTE_CARLO", "draws": DRAWS, "seed": 1}
    return orjson.dumps(document)


def _columns(system: System) -> bytes:
    """Return Brightway's system; it draws as one number what is one burden."""
    document = orjson.loads(system.columns())
    amount, factor = math.log(float(_AMOUNT)), math.log(float(_FACTOR))
    inline, burdens = math.hypot(amount, factor), []
    for process in system.processes:
        # The order in which a system is made: a process emits before it buys.
        burdens += [amount for _ in process.get("emissions", ())]
        burdens += [inline for line in process["inputs"] if "factor" in line]
    document["spread"] = [amount, burdens]
    return orjson.dumps(document)


def _check(scores: list[float], ours: Any) -> None:  # noqa: ANN401 - JSON
    error = math.hypot(
        stdev(scores) / math.sqrt(THEIRS), float(ours["sd"]) / math.sqrt(DRAWS)
    )
    if abs(fmean(scores) - float(ours["mean"])) > _APART * error:
        raise Disagreement(f"{ours['mean']} against Brightway's {fmean(scores)}")
