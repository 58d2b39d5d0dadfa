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
from scipy.sparse import coo_array, csc_array, csr_array, eye_array
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.sparse.linalg import SuperLU, splu

from app.kit.errors import Invalid

VERSION: Final = "tanyin-engine/1"
RESIDUAL: Final = 1e-9
# A pivot this small beside its unit diagonal is rounding noise, not a loop's margin.
PIVOT: Final = 1e-14
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
    technology = _technology(system, graph)
    looping = _looping(system, graph)
    factors = _factorise(system, graph, technology, loops=bool(looping.any()))
    activity = _activity(system, graph, technology, factors)
    if looping.any():
        _check_productive(system, graph, looping, activity)
    scale = (system.share * activity)[system.process]
    value: Floats = scale * system.amount * system.intensity
    return Solution(
        activity=activity,
        direct=_by_process(system, value),
        upstream=_upstream(system, activity, _footprint(system, graph, factors)),
        via=graph.via,
        reached=graph.reached,
        scale=scale,
        value=value,
        result=_total(value),
    )


def _total(value: Floats) -> float:
    """Return the exact sum of *value*, rounded once, so that order does not matter."""
    try:
        return math.fsum(value)
    except (OverflowError, ValueError):
        raise ResultOutOfRange(pointer="/reference") from None


def _by_process(system: System, values: Floats) -> Floats:
    """Return the sums of line *values* by process."""
    sums = np.bincount(system.process, values, len(system.output))
    return sums.astype(np.float64)  # without lines, NumPy counts in integers


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


def _technology(system: System, graph: _Graph) -> csc_array:
    """Return I − C over the reached processes, in the graph's order."""
    size = len(graph.order)
    place = np.zeros(len(system.output), dtype=np.intp)
    place[graph.order] = np.arange(size)
    kept = graph.reached[system.user]
    user, supplier = system.user[kept], system.supplier[kept]
    taken = system.share[user] * system.taken[kept] / system.output[user]
    uses = coo_array((taken, (place[supplier], place[user])), shape=(size, size))
    return csc_array(eye_array(size, format="csc") - uses.tocsc())


def _looping(system: System, graph: _Graph) -> Flags:
    """Tell for each process whether a loop of the reached part runs through it."""
    inner = graph.reached[system.user] & (
        graph.component[system.user] == graph.component[system.supplier]
    )
    looping = np.zeros(len(system.output), dtype=np.bool_)
    looping[system.user[inner]] = True
    return looping


def _factorise(
    system: System, graph: _Graph, technology: csc_array, *, loops: bool
) -> SuperLU:
    # Without loops the matrix is triangular: its own order makes no fill.
    ordering = "COLAMD" if loops else "NATURAL"
    try:
        factors = splu(technology, permc_spec=ordering, diag_pivot_thresh=float(loops))
    except RuntimeError as error:  # SuperLU's word for an exactly singular matrix
        raise _unsolvable(system, graph) from error
    if loops and np.abs(factors.U.diagonal()).min() < PIVOT:
        raise _unsolvable(system, graph)
    return factors


def _activity(
    system: System, graph: _Graph, technology: csc_array, factors: SuperLU
) -> Floats:
    demand = np.zeros(len(graph.order))
    demand[np.flatnonzero(graph.order == system.reference)] = system.demand
    throughput = factors.solve(demand)
    if not np.isfinite(throughput).all():
        raise ResultOutOfRange(pointer="/reference")
    residual = np.abs(demand - technology @ throughput).max()
    if not residual <= RESIDUAL * np.abs(throughput).max():
        raise _unsolvable(system, graph)
    activity = np.zeros(len(system.output))
    activity[graph.order] = throughput / system.output[graph.order]
    return activity


def _footprint(system: System, graph: _Graph, factors: SuperLU) -> Floats:
    """Return the kg CO2e behind one canonical unit of each reached process's output."""
    size = len(system.output)
    own = _by_process(system, system.amount * system.intensity)
    own = own * system.share / system.output
    footprint = np.zeros(size)
    footprint[graph.order] = factors.solve(own[graph.order], trans="T")
    return footprint


def _upstream(system: System, activity: Floats, footprint: Floats) -> Floats:
    flow = (system.share * activity)[system.user] * system.taken
    # Own consumption is no purchase: it already shows in the process's own activity.
    flow[system.user == system.supplier] = 0.0
    burden = flow * footprint[system.supplier]
    sums = np.bincount(system.user, burden, len(system.output))
    return sums.astype(np.float64)


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
    members = np.flatnonzero(graph.component == component)
    only = _Graph(members, graph.component, graph.component == component, graph.via)
    inner = only.reached[system.user] & only.reached[system.supplier]
    block = replace(
        system,
        user=system.user[inner],
        supplier=system.supplier[inner],
        taken=system.taken[inner],
    )
    try:
        factors = splu(_technology(block, only))
    except RuntimeError:
        return True
    return bool(np.abs(factors.U.diagonal()).min() < PIVOT)


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
