"""The linear solve alone: our engine against Brightway's lci and lcia."""

from __future__ import annotations

import math
import time
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np

from app.calculation import engine
from bench import brightway
from bench.figures import Figure, seconds
from bench.system import DEMAND, System, random_system
from bench.tree import AGREEMENT, Disagreement

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIRED: Final = 1.0
SIZE: Final = 100_000
LOOPS: Final = 1_000
# Brightway's rounds, ours.
ROUNDS: Final = (3, 9)


def measure() -> Iterator[Figure]:
    """Yield the figure; both begin with arrays and end with the score."""
    system = random_system(SIZE, loops=LOOPS)
    theirs = brightway.measure(system.columns(), ROUNDS[0])
    columns, times = _columns(system), []
    for _ in range(ROUNDS[1]):
        begun = time.perf_counter()
        score = engine.solve(columns).result
        times.append(time.perf_counter() - begun)
    if not math.isclose(score, theirs.score, rel_tol=AGREEMENT):
        raise Disagreement(f"{score} against Brightway's {theirs.score}")
    yield Figure(
        f"solving {SIZE:,} with {LOOPS:,} loops, no more",
        seconds(theirs.solve),
        seconds(median(times)),
        theirs.solve / median(times),
        REQUIRED,
        note=theirs.versions,
    )


def _columns(system: System) -> engine.System:
    size, burdens = len(system.processes), len(system.burdens.process)
    return engine.System(
        names=tuple(each["id"] for each in system.processes),
        output=np.ones(size),
        share=np.ones(size),
        user=np.array(system.links.user),
        supplier=np.array(system.links.supplier),
        taken=np.array(system.links.amount),
        process=np.array(system.burdens.process),
        amount=np.array(system.burdens.kilograms),
        intensity=np.ones(burdens),
        reference=0,
        demand=float(DEMAND),
    )
