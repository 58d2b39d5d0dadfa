"""The linear system behind a footprint. Pure: arrays in, arrays out.

With g_p the output of process p, a_qp what process q takes of p per stated output of
q, α_q the share of q's main output and d the demand:

    g_p · s_p = d_p + Σ_q α_q · a_qp · s_q
    result    = Σ_q α_q · s_q · Σ (amount · intensity) over the lines of q

Solved for the throughput y_p = g_p · s_p, the matrix has a unit diagonal: I − C with
C_pq = α_q · a_qp / g_q. Its transpose gives the footprint of one unit of each output.
"""

import math
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csc_array, csr_array, diags_array, eye_array
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.sparse.linalg import SuperLU, splu

from app.kit.errors import Invalid

VERSION: Final = "tanyin-engine/1"
RESIDUAL: Final = 1e-9
# A pivot this small beside its unit diagonal is rounding noise, not a loop's margin.
PIVOT: Final = 1e-14
# A sum this small beside its parts is what their rounding has left.
NOISE: Final = 1e-14
NOWHERE: Final = -9999  # how SciPy marks a node that has no predecessor

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.intp]
Flags: TypeAlias = npt.NDArray[np.bool_]


class UnsolvableSystem(Invalid):
    en = "The processes {cycle} supply each other in a way that has no solution."
    zh = "过程 {cycle} 相互供给,方程组无解。"


class NonProductiveLoop(Invalid):
    en = "The loop {cycle} consumes more than it makes."
    zh = "循环 {cycle} 的消耗大于产出。"


class ResultOutOfRange(Invalid):
    en = "The result is too large for a number of double precision."
    zh = "结果超出双精度数的范围。"


@dataclass(frozen=True, slots=True)
class System:
    """Processes, links between them and lines, in canonical units.

    Arrays of length n (processes): `output` g ≠ 0, `share` α in (0, 1]. Arrays of
    length m (links): `user` q, `supplier` p, `taken` a_qp (negative for a credit or a
    waste). Arrays of length k (lines): `process` q, `amount` per stated output of q,
    `intensity` in kg CO2e per unit of amount. `demand` d of process `reference`.
    """

    names: tuple[str, ...]
    output: Floats
    share: Floats
    user: Ints
    supplier: Ints
    taken: Floats
    process: Ints
    amount: Floats
    intensity: Floats
    reference: int
    demand: float


@dataclass(frozen=True, slots=True)
class Solution:
    """What the system comes to.

    By process: `activity` s; `direct` and `upstream` in kg CO2e, where upstream is the
    footprint of all that the process takes from others, so that direct adds up and
    upstream overlaps; `via` the previous process on the shortest path from the
    reference (-1 where there is none); `reached`. By line: `scale` α·s and `value` in
    kg CO2e. `result` is the sum of all line values.
    """

    activity: Floats
    direct: Floats
    upstream: Floats
    via: Ints
    reached: Flags
    scale: Floats
    value: Floats
    result: float


@dataclass(frozen=True, slots=True)
class _Graph:
    """The reached part: its processes, in an order that puts users before suppliers."""

    order: Ints
    component: Ints
    reached: Flags
    via: Ints


@dataclass(frozen=True, slots=True)
class _Uses:
    """C, and the same where parallel lines of different sign do not cancel."""

    net: csc_array
    gross: csc_array

    def flow(self, throughput: Floats, demand: Floats) -> Floats:
        """Return what flows through each process, both ways; never zero."""
        flow = self.gross @ np.abs(throughput) + demand
        if not np.isfinite(flow).all():
            raise ResultOutOfRange(pointer="/reference")
        return np.where(flow > 0, flow, 1.0)


@dataclass(frozen=True, slots=True)
class _Factors:
    """C, and the factors of I − C with every throughput in its own `unit`."""

    uses: _Uses
    scaled: SuperLU
    unit: Floats

    def solve(self, demand: Floats) -> Floats:
        """Return y with (I − C) y = demand."""
        solution: Floats = self.unit * self.scaled.solve(demand / self.unit)
        return solution

    def solve_transposed(self, burden: Floats) -> Floats:
        """Return h with (I − C)ᵀ h = burden."""
        solution: Floats = self.scaled.solve(burden * self.unit, trans="T") / self.unit
        return solution


def solve(system: System) -> Solution:
    """Solve *system*; `UnsolvableSystem`, `NonProductiveLoop` or `ResultOutOfRange`."""
    # Overflow is looked for once, at the end, rather than warned of on the way.
    with np.errstate(over="ignore", invalid="ignore"):
        solution = _solve(system)
    numbers = (solution.activity, solution.upstream, solution.value)
    if not all(np.isfinite(array).all() for array in numbers):
        raise ResultOutOfRange(pointer="/reference")
    return solution


def _solve(system: System) -> Solution:
    graph = _traverse(system)
    looping = _looping(system, graph)
    factors = _factorise(system, graph, loops=bool(looping.any()))
    activity = _activity(system, graph, factors)
    if looping.any():
        _check_productive(system, graph, looping, activity)
    scale = (system.share * activity)[system.process]
    value: Floats = scale * system.amount * system.intensity
    return Solution(
        activity=activity,
        direct=group(system.process, value, len(system.output)),
        upstream=_upstream(system, activity, _footprint(system, graph, factors)),
        via=graph.via,
        reached=graph.reached,
        scale=scale,
        value=value,
        result=total(value),
    )


def total(values: Floats) -> float:
    """Return the exact sum of *values*, rounded once, so that order does not matter."""
    try:
        found, gross = math.fsum(values), math.fsum(np.abs(values))
    except (OverflowError, ValueError):
        raise ResultOutOfRange(pointer="/reference") from None
    return 0.0 if abs(found) <= NOISE * gross else found


def group(keys: Ints, values: Floats, size: int) -> Floats:
    """Return the sums of *values* by key, from key 0 to *size* - 1."""
    # Without values NumPy would count in integers.
    sums = np.bincount(keys, values, size).astype(np.float64)
    return settled(sums, np.bincount(keys, np.abs(values), size).astype(np.float64))


def settled(sums: Floats, gross: Floats) -> Floats:
    """Return *sums* with zero for what only the rounding of *gross* has left."""
    found: Floats = np.where(np.abs(sums) <= NOISE * gross, 0.0, sums)
    return found


def _traverse(system: System) -> _Graph:
    size = len(system.output)
    links = csr_array(
        (np.ones(len(system.user)), (system.user, system.supplier)), shape=(size, size)
    )
    nodes, before = breadth_first_order(links, system.reference)
    reached = np.zeros(size, dtype=np.bool_)
    reached[nodes] = True
    _, component = connected_components(links, connection="strong")
    # SciPy numbers strong components so that a component is numbered after all that it
    # leads to; sorting by falling number puts users before suppliers.
    order = nodes[np.argsort(-component[nodes], kind="stable")]
    return _Graph(order, component, reached, _via(system, reached, before))


def _via(system: System, reached: Flags, before: Ints) -> Ints:
    """Return for each process its first user, in request order, one step nearer."""
    distance = _distance(np.where(before == NOWHERE, np.arange(len(before)), before))
    nearer = reached[system.user] & (
        distance[system.supplier] == distance[system.user] + 1
    )
    via = np.full(len(before), len(before))
    np.minimum.at(via, system.supplier[nearer], system.user[nearer])
    via[via == len(before)] = -1
    return via


def _distance(parent: Ints) -> Ints:
    """Return the number of steps to the root, doubling the stride in each pass."""
    root = np.arange(len(parent))
    steps: Ints = (parent != root).astype(np.intp)
    while (parent[parent] != parent).any():
        steps = steps + steps[parent]
        parent = parent[parent]
    return steps


def _read_uses(system: System, graph: _Graph) -> _Uses:
    """Return C over the reached processes, in the graph's order."""
    size = len(graph.order)
    place = np.zeros(len(system.output), dtype=np.intp)
    place[graph.order] = np.arange(size)
    kept = graph.reached[system.user]
    user, supplier = system.user[kept], system.supplier[kept]
    taken = system.share[user] * system.taken[kept] / system.output[user]
    where = (place[supplier], place[user])
    return _Uses(
        coo_array((taken, where), shape=(size, size)).tocsc(),
        coo_array((np.abs(taken), where), shape=(size, size)).tocsc(),
    )


def _looping(system: System, graph: _Graph) -> Flags:
    """Tell for each process whether a loop of the reached part runs through it."""
    inner = graph.reached[system.user] & (
        graph.component[system.user] == graph.component[system.supplier]
    )
    looping = np.zeros(len(system.output), dtype=np.bool_)
    looping[system.user[inner]] = True
    return looping


def _factorise(system: System, graph: _Graph, *, loops: bool) -> _Factors:
    factors = _factors(system, graph, loops=loops)
    if factors is None:
        raise _unsolvable(system, graph)
    return factors


def _factors(system: System, graph: _Graph, *, loops: bool) -> _Factors | None:
    """Return the factors of I − C, or None where it is singular.

    Units are the caller's choice: a tree may turn a tonne into 1e15 pieces. In units of
    the throughput itself a small pivot is a loop's margin and not a unit's size.
    """
    uses = _read_uses(system, graph)
    demand = (graph.order == system.reference).astype(np.float64)
    identity = eye_array(len(demand), format="csc")
    try:
        if not loops:
            # The matrix is triangular: its own order makes no fill.
            tree = splu(
                identity - uses.net, permc_spec="NATURAL", diag_pivot_thresh=0.0
            )
            return _Factors(uses, tree, np.ones(len(demand)))
        unit = uses.flow(splu(identity - uses.net).solve(demand), demand)
        scaled = diags_array(1 / unit) @ uses.net @ diags_array(unit)
        loop = splu(csc_array(identity - scaled))
    except RuntimeError:  # SuperLU's word for an exactly singular matrix
        return None
    is_noise = np.abs(loop.U.diagonal()).min() < PIVOT
    return None if is_noise else _Factors(uses, loop, unit)


def _activity(system: System, graph: _Graph, factors: _Factors) -> Floats:
    # For a demand of 1, which is linear and leaves no special case for 0.
    demand = (graph.order == system.reference).astype(np.float64)
    throughput = factors.solve(demand)
    gross = factors.uses.flow(throughput, demand)
    residual = demand - throughput + factors.uses.net @ throughput
    if not np.abs(residual / gross).max() <= RESIDUAL:
        raise _unsolvable(system, graph)
    throughput = settled(throughput, gross) * system.demand
    activity = np.zeros(len(system.output))
    activity[graph.order] = throughput / system.output[graph.order]
    return activity


def _footprint(system: System, graph: _Graph, factors: _Factors) -> Floats:
    """Return the kg CO2e behind one canonical unit of each reached process's output."""
    size = len(system.output)
    own = group(system.process, system.amount * system.intensity, size)
    own = own * system.share / system.output
    footprint = np.zeros(size)
    footprint[graph.order] = factors.solve_transposed(own[graph.order])
    return footprint


def _upstream(system: System, activity: Floats, footprint: Floats) -> Floats:
    flow = (system.share * activity)[system.user] * system.taken
    # Own consumption is no purchase: it already shows in the process's own activity.
    flow[system.user == system.supplier] = 0.0
    return group(system.user, flow * footprint[system.supplier], len(system.output))


def _check_productive(
    system: System, graph: _Graph, looping: Flags, activity: Floats
) -> None:
    """Refuse a loop of purely positive lines that comes out with negative activity."""
    reached = graph.reached[system.user]
    flow = (system.share * activity)[system.user] * system.taken
    inner = graph.component[system.user] == graph.component[system.supplier]
    inflow = np.bincount(
        system.supplier, np.where(inner, 0.0, flow), len(system.output)
    )
    inflow[system.reference] += system.demand
    mixed = (system.output < 0) | (inflow < 0)
    mixed[system.user[reached & inner & (system.taken < 0)]] = True
    components = set(graph.component[looping & (activity < 0)].tolist())
    components -= set(graph.component[looping & mixed].tolist())
    if components:
        members = np.flatnonzero(looping & (graph.component == min(components)))
        cycle = _cycle(system, int(members[0]), graph.component)
        raise NonProductiveLoop(pointer=_pointer(cycle), cycle=_shown(system, cycle))


def _unsolvable(system: System, graph: _Graph) -> Invalid:
    """Return the error that names a cycle of the first loop without a solution."""
    looping = np.flatnonzero(_looping(system, graph))
    if not len(looping):  # a tree always has a solution, if not always in doubles
        return ResultOutOfRange(pointer="/reference")
    starts = {int(graph.component[p]): int(p) for p in reversed(looping)}
    singular = [p for c, p in starts.items() if _is_singular(system, graph, c)]
    start = min(singular or starts.values())
    cycle = _cycle(system, start, graph.component)
    return UnsolvableSystem(pointer=_pointer(cycle), cycle=_shown(system, cycle))


def _is_singular(system: System, graph: _Graph, component: int) -> bool:
    members = graph.component == component
    first = int(np.flatnonzero(members)[0])
    inner = members[system.user] & members[system.supplier]
    block = replace(
        system,
        user=system.user[inner],
        supplier=system.supplier[inner],
        taken=system.taken[inner],
        reference=first,
    )
    only = replace(graph, order=np.flatnonzero(members), reached=members)
    return _factors(block, only, loops=True) is None


def _cycle(system: System, start: int, component: Ints) -> list[int]:
    """Return a shortest cycle through *start* inside its component."""
    inner = (component[system.user] == component[start]) & (
        component[system.supplier] == component[start]
    )
    user, supplier = system.user[inner], system.supplier[inner]
    size = len(system.output)
    links = csr_array((np.ones(len(user)), (user, supplier)), shape=(size, size))
    order, before = breadth_first_order(links, start)
    back = set(user[supplier == start].tolist())
    node = next((int(p) for p in order if int(p) in back), start)
    path = [node]
    while node != start:
        node = int(before[node])
        path.append(node)
    return path[::-1]


def _pointer(cycle: list[int]) -> str:
    return f"/processes/{cycle[0]}"


def _shown(system: System, cycle: list[int]) -> str:
    names = [system.names[p] for p in cycle]
    if len(names) > 10:  # noqa: PLR2004 - a message, not a listing
        names = [*names[:9], "…"]
    return " → ".join([*names, names[0]])
