"""Monte Carlo: the footprint of the reference, drawn many times. Pure.

Each variable has 2^17 words of the PCG64 stream to itself, in the order of names, and
draw j takes its j-th: more draws leave the first ones as they were, and rows can be
made where they are needed. Suppliers come before users, one row of draws at a time, so
that memory is bounded by the rows which still have a user to come.
"""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np

from app.calculation.engine import RESIDUAL
from app.calculation.graphs import Flags
from app.calculation.plan import Group, Plan, Step, Term
from app.calculation.sums import Floats
from app.calculation.variables import Variable

STRIDE: Final = 2**17
_PERIOD: Final = 2**128
_MEMORY: Final = 192 * 1024 * 1024
# Longer rows leave the processor's cache.
_LONGEST: Final = 2048

# What a process or a variable comes to in each draw, or the same in all of them.
Row: TypeAlias = Floats | float


@dataclass(frozen=True, slots=True)
class Draws:
    """The result of each draw, and whether all loops were productive in it."""

    results: Floats
    valid: Flags


def row_length(plan: Plan, draws: int) -> int:
    """Return how many draws to make at a time."""
    return min(draws, _LONGEST, max(1, _MEMORY // (8 * plan.rows())))


def sample(plan: Plan, variables: tuple[Variable, ...], draws: int, seed: int) -> Draws:
    """Return the result of each draw."""
    stream, length = _Stream(seed), row_length(plan, draws)
    results = np.empty(draws)
    valid = np.ones(draws, dtype=np.bool_)
    # Draws without a solution are looked for, rather than warned of.
    with np.errstate(all="ignore"):
        for first in range(0, draws, length):
            chosen = slice(first, min(first + length, draws))
            block = _Block(plan, variables, stream, chosen, valid[chosen])
            results[chosen] = block.result()
    return Draws(results, valid)


class _Stream:
    """Levels between 0 and 1, by variable and draw."""

    def __init__(self, seed: int) -> None:
        self.words = np.random.PCG64(seed)
        self.place = 0

    def levels(self, variable: int, first: int, size: int) -> Floats:
        """Return (k + 0.5) / 2^53 for the 53 high bits k of each word."""
        start = variable * STRIDE + first
        self.words.advance((start - self.place) % _PERIOD)
        self.place = start + size
        levels = (self.words.random_raw(size) >> np.uint64(11)).astype(np.float64)
        levels += 0.5
        levels *= 2.0**-53
        # The sum rounds the last of all up to 1.
        return np.minimum(levels, 1 - 2.0**-53, out=levels)


@dataclass(slots=True)
class _Block:
    """Some draws side by side; `valid` is marked where a loop has no solution."""

    plan: Plan
    variables: tuple[Variable, ...]
    stream: _Stream
    chosen: slice
    valid: Flags
    shared: dict[int, Floats] = field(default_factory=dict)
    footprints: dict[int, Row] = field(default_factory=dict)

    def result(self) -> Row:
        users = self.plan.users.copy()
        for group in self.plan.groups:
            self._solve(group)
            for step in group.steps:
                for term in step.terms:
                    if term.supplier is not None:
                        users[term.supplier] -= 1
                        if not users[term.supplier]:
                            del self.footprints[term.supplier]
        return self.plan.demand * self.footprints[self.plan.reference]

    def _solve(self, group: Group) -> None:
        burdens = {step.process: self._burden(step) for step in group.steps}
        if len(group.steps) == 1 and not group.steps[0].inner:
            self.footprints |= burdens
            return
        uses = {step.process: self._inner(step) for step in group.steps}
        loop = _Loop(burdens, uses)
        self.footprints |= loop.footprints()
        self.valid &= loop.is_solved(self.footprints)
        if group.plain:
            self.valid &= loop.is_productive()

    def _burden(self, step: Step) -> Row:
        burden: Row = step.constant
        for term in step.terms:
            found = self._term(term)
            if term.supplier is not None:
                found = found * self.footprints[term.supplier]
            burden = burden + found
        return burden

    def _inner(self, step: Step) -> dict[int, Row]:
        uses: dict[int, Row] = {}
        for term in step.inner:
            if term.supplier is not None:
                uses[term.supplier] = uses.get(term.supplier, 0.0) + self._term(term)
        return uses

    def _term(self, term: Term) -> Row:
        found: Row = term.factor
        for variable in term.variables:
            found = self._row(variable) * found
        return found

    def _row(self, number: int) -> Floats:
        if number in self.shared:
            return self.shared[number]
        first, size = self.chosen.start, self.chosen.stop - self.chosen.start
        levels = self.stream.levels(number, first, size)
        row = self.variables[number].distribution.at(levels)
        if number in self.plan.shared:
            self.shared[number] = row
        return row


class _Loop:
    """Processes that take from each other, eliminated one after the other.

    Without a choice of pivots: where all lines only take, none is needed, and all are
    positive if and only if the loop is productive. Otherwise the residual tells.
    """

    def __init__(
        self, burdens: dict[int, Row], uses: dict[int, dict[int, Row]]
    ) -> None:
        self.burdens = burdens
        self.uses = uses
        self.pivots: dict[int, Row] = {}

    def footprints(self) -> dict[int, Row]:
        """Return the footprint of each process."""
        burdens = self.burdens.copy()
        uses = {process: each.copy() for process, each in self.uses.items()}
        users = _users(uses)
        for process, own in uses.items():
            pivot = self.pivots[process] = 1.0 - own.pop(process, 0.0)
            for user in users.pop(process) - {process}:
                part = uses[user].pop(process) / pivot
                burdens[user] = burdens[user] + part * burdens[process]
                _pass_on(uses[user], part, own)
                for supplier in own:
                    users[supplier].add(user)
            for supplier in own:
                users[supplier].discard(process)
        found: dict[int, Row] = {}
        for process in reversed(uses):
            total = burdens[process]
            for supplier, use in uses[process].items():
                total = total + use * found[supplier]
            found[process] = total / self.pivots[process]
        return found

    def is_productive(self) -> Flags:
        """Tell for each draw whether the loop makes more than it consumes."""
        pivots = np.broadcast_arrays(*self.pivots.values())
        productive: Flags = np.all([pivot > 0 for pivot in pivots], axis=0)
        return productive

    def is_solved(self, footprints: dict[int, Row]) -> Flags:
        """Tell for each draw whether the equations hold."""
        solved = np.ones(1, dtype=np.bool_)
        for process, burden in self.burdens.items():
            rest, gross = burden - footprints[process], np.abs(burden)
            for supplier, use in self.uses[process].items():
                taken = use * footprints[supplier]
                rest, gross = rest + taken, gross + np.abs(taken)
            solved = np.logical_and(solved, np.abs(rest) <= RESIDUAL * gross)
        return solved


def _users(uses: dict[int, dict[int, Row]]) -> dict[int, set[int]]:
    users: dict[int, set[int]] = {process: set() for process in uses}
    for user, suppliers in uses.items():
        for supplier in suppliers:
            users[supplier].add(user)
    return users


def _pass_on(uses: dict[int, Row], part: Row, own: dict[int, Row]) -> None:
    """Let a user take *part* of what its supplier takes."""
    for supplier, use in own.items():
        uses[supplier] = uses.get(supplier, 0.0) + part * use
