"""What a draw has to calculate anew: the uncertain part of a system, in order. Pure.

Whatever no variable reaches keeps the footprint that the stated numbers give it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.sparse import csc_array, eye_array
from scipy.sparse.linalg import splu

from app.calculation.engine import Solution, System, mixed_signs, traverse
from app.calculation.graphs import Flags, Graph, Ints, reach
from app.calculation.sums import Floats
from app.calculation.variables import Uncertain, Uses

# Nanoseconds, as measured: a row's operation, one of its numbers, one drawn number.
_PER_ROW: Final = 2_000
_PER_NUMBER: Final = 1
_PER_DRAW: Final = 30


@dataclass(frozen=True, slots=True)
class Term:
    """Part of a footprint: `factor` times variables, times a supplier's footprint."""

    factor: float
    variables: tuple[int, ...] = ()
    supplier: int | None = None


@dataclass(slots=True)
class Step:
    """One process: its footprint is a constant and the sum of its terms.

    `inner` are those whose supplier is in the same loop, the process itself included.
    """

    process: int
    constant: float
    terms: list[Term] = field(default_factory=list)
    inner: list[Term] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Group:
    """A process by itself, or the processes of a loop in the order of elimination.

    A `plain` loop only takes and only makes, so that it has to be productive. Solving
    holds `rows` numbers of each draw and takes `operations` on them.
    """

    steps: tuple[Step, ...]
    plain: bool
    rows: int
    operations: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Groups with suppliers before users; `shared` variables have several uses."""

    groups: tuple[Group, ...]
    reference: int
    demand: float
    shared: frozenset[int]
    users: Counter[int]
    variables: int

    def rows(self) -> int:
        """Return the most numbers of each draw that are held at a time."""
        users, held, most = self.users.copy(), 0, 0
        for group in self.groups:
            most = max(most, held + group.rows)
            held += len(group.steps)
            for step in group.steps:
                for term in step.terms:
                    if term.supplier is not None:
                        users[term.supplier] -= 1
                        held -= users[term.supplier] == 0
        return most + len(self.shared)

    def seconds(self, draws: int, length: int) -> float:
        """Estimate the time of *draws* in rows of *length*."""
        operations = sum(group.operations for group in self.groups)
        row = operations * (_PER_ROW + _PER_NUMBER * length)
        row += self.variables * (4 * _PER_ROW + _PER_DRAW * length)
        return -(-draws // length) * row * 1e-9


def plan(uncertain: Uncertain, system: System, solution: Solution) -> Plan:
    """Return what a draw of *uncertain* has to calculate anew."""
    planner = _Planner(uncertain, system, solution)
    groups = tuple(planner.groups())
    used = Counter(
        term.supplier
        for group in groups
        for step in group.steps
        for term in step.terms
        if term.supplier is not None
    )
    lines, links = uncertain.lines.variable, uncertain.links.variable
    uses = np.bincount(np.concatenate([lines, links]))
    return Plan(
        groups,
        system.reference,
        system.demand,
        frozenset(np.flatnonzero(uses > 1).tolist()),
        used,
        len(uncertain.variables),
    )


class _Planner:
    """Sorts lines and links into the steps of the processes that they belong to."""

    def __init__(
        self, uncertain: Uncertain, system: System, solution: Solution
    ) -> None:
        self.system = system
        self.solution = solution
        self.lines = uncertain.lines
        self.links = uncertain.links
        self.graph = traverse(system)
        self.per_output = system.share / system.output
        self.mixed = mixed_signs(system, self.graph, solution.activity)
        self.active = _active(system, self.graph, self.lines, self.links)

    def groups(self) -> Iterator[Group]:
        """Yield what is uncertain, suppliers before users."""
        steps = self._steps()
        component = self.graph.component
        loops: dict[int, list[Step]] = defaultdict(list)
        for process in self.graph.order[::-1].tolist():
            if process in steps:
                loops[int(component[process])].append(steps[process])
        for members in loops.values():
            yield self._group(members)

    def _steps(self) -> dict[int, Step]:
        constant = self._constants()
        steps = {
            process: Step(process, float(constant[process]))
            for process in np.flatnonzero(self.active).tolist()
        }
        process = self.system.process
        for line, factor, variables in _products(self.lines):
            user = int(process[line])
            term = Term(factor * float(self.per_output[user]), variables)
            steps[user].terms.append(term)
        for link, factor, variables in self._active_links():
            user, supplier = self.system.user[link], self.system.supplier[link]
            self._add(steps[int(user)], int(supplier), factor, variables)
        return steps

    def _constants(self) -> Floats:
        """Return what the certain lines and certain links to others come to."""
        system, size = self.system, len(self.active)
        lines = np.ones(len(system.process), dtype=np.bool_)
        lines[self.lines.target] = False
        links = ~self.active[system.supplier]
        links[self.links.target] = False
        own = np.bincount(
            system.process[lines], (system.amount * system.intensity)[lines], size
        )
        worth: Floats = system.taken * self.solution.footprint[system.supplier]
        taken = np.bincount(system.user[links], worth[links], size)
        constants: Floats = (own + taken) * self.per_output
        return constants

    def _active_links(self) -> Iterator[tuple[int, float, tuple[int, ...]]]:
        """Yield links that are uncertain or lead to what is."""
        yield from _products(self.links)
        system = self.system
        certain = self.active[system.user] & self.active[system.supplier]
        certain[self.links.target] = False
        for link in np.flatnonzero(certain).tolist():
            yield link, float(system.taken[link]), ()

    def _add(
        self, step: Step, supplier: int, factor: float, variables: tuple[int, ...]
    ) -> None:
        factor *= float(self.per_output[step.process])
        component = self.graph.component
        if not self.active[supplier]:
            worth = factor * float(self.solution.footprint[supplier])
            step.terms.append(Term(worth, variables))
        elif component[supplier] == component[step.process]:
            step.inner.append(Term(factor, variables, supplier))
        else:
            step.terms.append(Term(factor, variables, supplier))

    def _group(self, members: list[Step]) -> Group:
        turn, fill, operations = _elimination(members)
        steps = tuple(members[number] for number in turn)
        terms = sum(len(step.terms) + 2 * len(step.inner) for step in steps)
        return Group(
            steps,
            plain=self._is_plain(members),
            rows=8 + fill + 4 * len(steps) + sum(len(step.inner) for step in steps),
            operations=3 * operations + 2 * terms + 4 * len(steps),
        )

    def _is_plain(self, members: list[Step]) -> bool:
        return not self.mixed[[step.process for step in members]].any()


def _active(system: System, graph: Graph, lines: Uses, links: Uses) -> Flags:
    """Tell which processes a variable reaches, along with all that take from them."""
    size = len(system.output)
    seeds = np.union1d(system.process[lines.target], system.user[links.target])
    users = np.concatenate([system.user, seeds])
    suppliers = np.concatenate([system.supplier, np.full(len(seeds), size)])
    # Back from one more, which supplies all that a variable is in.
    active = reach(suppliers, users, size, size + 1)
    reached: Flags = active[:size] & graph.reached
    return reached


def _products(uses: Uses) -> Iterator[tuple[int, float, tuple[int, ...]]]:
    """Yield each target with its base and its variables."""
    targets, starts = np.unique(uses.target, return_index=True)
    ends = [*starts.tolist(), len(uses.target)][1:] if len(starts) else []
    variables = uses.variable.tolist()
    for target, start, end in zip(targets.tolist(), starts.tolist(), ends, strict=True):
        yield target, float(uses.base[start]), tuple(variables[start:end])


def _elimination(members: list[Step]) -> tuple[list[int], int, int]:
    """Return an order for a loop, and the numbers and operations that it leads to."""
    size = len(members)
    if size == 1:
        return [0], 0, 0
    place = {step.process: number for number, step in enumerate(members)}
    pairs = [
        (number, place[term.supplier])
        for number, step in enumerate(members)
        for term in step.inner
        if term.supplier is not None and term.supplier != step.process
    ]
    rows, columns = (np.array(each) for each in zip(*pairs, strict=True))
    pattern = csc_array((np.ones(len(pairs)), (rows, columns)), shape=(size, size))
    # Heavy on the diagonal, so that nothing but the pattern decides.
    matrix = csc_array(eye_array(size) * (2.0 * size * len(pairs)) - pattern)
    found = splu(
        matrix,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    below = np.diff(found.L.tocsc().indptr) - 1
    beside = np.diff(found.U.tocsr().indptr) - 1
    order: Ints = np.argsort(found.perm_c)
    return order.tolist(), int(below.sum() + beside.sum()), int(below @ beside)
