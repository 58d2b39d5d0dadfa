"""The linear system behind a footprint. Pure: arrays in, arrays out.

With g_p the output of process p, a_qp what process q takes of p per stated output of
q, α_q the share of q's main output and d the demand:

    g_p · s_p = d_p + Σ_q α_q · a_qp · s_q
    result    = Σ_q α_q · s_q · Σ (amount · intensity) over the lines of q

Solved for the throughput y_p = g_p · s_p, the matrix has a unit diagonal: I − C with
C_pq = α_q · a_qp / g_q. Its transpose gives the footprint of one unit of each output.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from app.calculation import elimination, graphs
from app.calculation.elimination import Factors, Triangle
from app.calculation.graphs import Flags, Graph, Ints
from app.calculation.sums import NOISE, Floats, group, settled
from app.kit.errors import Invalid

VERSION: Final = "tanyin-engine/2"
RESIDUAL: Final = 1e-9


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
    kg CO2e. `result` is the sum of all line values; `footprint` the kg CO2e behind one
    canonical unit of each reached process's output.
    """

    activity: Floats
    direct: Floats
    upstream: Floats
    via: Ints
    reached: Flags
    scale: Floats
    value: Floats
    result: float
    footprint: Floats


@dataclass(frozen=True, slots=True)
class _Throughput:
    """By process: y for a demand of 1, and what of it rounding may have made."""

    found: Floats
    noise: Floats


@dataclass(frozen=True, slots=True)
class _Loops:
    """By process: the unit of its throughput, and its turn among those of its loop."""

    unit: Floats
    turn: Ints


def solve(system: System) -> Solution:
    """Solve *system*; `UnsolvableSystem`, `NonProductiveLoop` or `ResultOutOfRange`."""
    # Overflow is looked for once, at the end, rather than warned of on the way.
    with np.errstate(over="ignore", invalid="ignore"):
        solution = _solve(system)
    numbers = (solution.activity, solution.upstream, solution.value)
    if not all(np.isfinite(array).all() for array in numbers):
        raise ResultOutOfRange(pointer="/reference")
    return solution


def take_apart(system: System) -> tuple[Graph, Flags, Factors]:
    """Return graph, processes in loops and factors of *system*."""
    graph = traverse(system)
    looping = _looping(system, graph)
    unit = np.ones(len(system.output))
    if looping.any():
        loops = _open_loops(system, graph, looping)
        graph, unit = replace(graph, order=_in_turn(graph, loops.turn)), loops.unit
    elif len(graph.order) <= elimination.SMALL:
        return graph, looping, _triangle(system, graph)
    return graph, looping, _factorise(system, graph, unit)


def _solve(system: System) -> Solution:
    graph, looping, factors = take_apart(system)
    throughput = _throughput(system, graph, factors)
    activity = throughput.found * system.demand / system.output
    if looping.any():
        is_noise = np.abs(throughput.found) <= throughput.noise
        _check_productive(system, graph, looping & ~is_noise, activity)
    scale = (system.share * activity)[system.process]
    value: Floats = scale * system.amount * system.intensity
    footprint = _footprint(system, graph, factors)
    return Solution(
        activity=activity,
        direct=group(system.process, value, len(system.output)),
        upstream=_upstream(system, activity, footprint),
        via=graph.via,
        reached=graph.reached,
        scale=scale,
        value=value,
        result=total(value.tolist()),
        footprint=footprint,
    )


def total(values: Sequence[float]) -> float:
    """Return the exact sum of *values*, rounded once, so that order does not matter."""
    try:
        found, gross = math.fsum(values), math.fsum(map(abs, values))
    except (OverflowError, ValueError):
        raise ResultOutOfRange(pointer="/reference") from None
    return 0.0 if abs(found) <= NOISE * gross else found


def traverse(system: System) -> Graph:
    """Return how the reference reaches the processes of *system*."""
    size = len(system.output)
    return graphs.traverse(system.user, system.supplier, system.reference, size)


def _looping(system: System, graph: Graph) -> Flags:
    """Tell for each process whether a loop of the reached part runs through it."""
    inner = graph.reached[system.user] & (
        graph.component[system.user] == graph.component[system.supplier]
    )
    looping = np.zeros(len(system.output), dtype=np.bool_)
    looping[system.user[inner]] = True
    return looping


def _in_turn(graph: Graph, turn: Ints) -> Ints:
    """Return the graph's order with the processes of each loop in their turn."""
    within = np.lexsort((turn[graph.order], -graph.component[graph.order]))
    return graph.order[within]


def _open_loops(system: System, graph: Graph, looping: Flags) -> _Loops:
    """Return how to take the loops apart; `UnsolvableSystem` where none can."""
    size = len(system.output)
    found = _Loops(np.ones(size), np.zeros(size, dtype=np.intp))
    members = np.flatnonzero(looping)
    inner = graph.component[system.user] == graph.component[system.supplier]
    links = _links(system, members, inner & looping[system.user])
    uses = elimination.sparse_uses(*links).net
    unit = elimination.balance(uses)
    factors = elimination.factorise(uses, unit, "COLAMD")
    if factors is None or elimination.has_noise(factors):
        raise _unsolvable(system, graph)
    found.unit[members] = unit
    found.turn[members] = factors.perm_c
    return found


def _links(system: System, nodes: Ints, links: Flags) -> tuple[Ints, Ints, Floats, int]:
    """Return user, supplier and what is taken along *links*; and the number of *nodes*.

    Processes are numbered as they stand in *nodes*.
    """
    place = np.zeros(len(system.output), dtype=np.intp)
    place[nodes] = np.arange(len(nodes))
    user = system.user[links]
    taken = system.share[user] * system.taken[links] / system.output[user]
    if not np.isfinite(taken).all():
        raise ResultOutOfRange(pointer="/reference")
    return place[user], place[system.supplier[links]], taken, len(nodes)


def _triangle(system: System, graph: Graph) -> Factors:
    """Return the factors of a small tree, whose matrix is a triangle as it stands."""
    kept = graph.reached[system.user]
    uses = elimination.small_uses(*_links(system, graph.order, kept))
    ones = np.ones(len(graph.order))
    return Factors(uses, Triangle(np.diag(ones) - uses.net), ones)


def _factorise(system: System, graph: Graph, unit: Floats) -> Factors:
    kept = graph.reached[system.user]
    uses = elimination.sparse_uses(*_links(system, graph.order, kept))
    unit = unit[graph.order]
    factors = elimination.factorise(uses.net, unit, "NATURAL")
    if factors is None:
        raise _unsolvable(system, graph)
    return Factors(uses, factors, unit)


def _throughput(system: System, graph: Graph, factors: Factors) -> _Throughput:
    """Return y for a demand of 1, which is linear and leaves no special case for 0."""
    demand = (graph.order == system.reference).astype(np.float64)
    found = factors.solve(demand)
    gross = factors.uses.gross.T @ np.abs(found) + demand
    noise = NOISE * _height(graph, factors, found)
    if not np.isfinite(gross).all():
        raise ResultOutOfRange(pointer="/reference")
    residual = np.abs(demand - found + factors.uses.net.T @ found)
    allowed = RESIDUAL * gross + noise + factors.uses.gross.T @ noise
    if not (residual <= allowed).all():
        raise _unsolvable(system, graph)
    whole = np.zeros((2, len(system.output)))
    whole[:, graph.order] = settled(found, gross), noise
    return _Throughput(*whole)


def _height(graph: Graph, factors: Factors, throughput: Floats) -> Floats:
    """Return by process the largest throughput of its loop.

    What cancels to nothing in a loop keeps the rounding of what went round in it.
    """
    component = graph.component[graph.order]
    largest = np.zeros(len(graph.component))
    np.maximum.at(largest, component, np.abs(throughput) / factors.unit)
    height: Floats = largest[component] * factors.unit
    return height


def _footprint(system: System, graph: Graph, factors: Factors) -> Floats:
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
    system: System, graph: Graph, looping: Flags, activity: Floats
) -> None:
    """Refuse a loop of purely positive lines that comes out with negative activity."""
    mixed = mixed_signs(system, graph, activity)
    components = set(graph.component[looping & (activity < 0)].tolist())
    components -= set(graph.component[looping & mixed].tolist())
    if components:
        members = np.flatnonzero(looping & (graph.component == min(components)))
        cycle = _cycle(system, graph, int(members[0]))
        raise NonProductiveLoop(pointer=_pointer(cycle), cycle=_shown(system, cycle))


def mixed_signs(system: System, graph: Graph, activity: Floats) -> Flags:
    """Tell for each process whether it has a sign that lets a loop run backwards."""
    reached = graph.reached[system.user]
    flow = (system.share * activity)[system.user] * system.taken
    inner = graph.component[system.user] == graph.component[system.supplier]
    inflow = np.bincount(
        system.supplier, np.where(inner, 0.0, flow), len(system.output)
    )
    inflow[system.reference] += system.demand
    mixed: Flags = (system.output < 0) | (inflow < 0)
    mixed[system.user[reached & inner & (system.taken < 0)]] = True
    return mixed


def _unsolvable(system: System, graph: Graph) -> Invalid:
    """Return the error that names a cycle of the first loop without a solution."""
    looping = np.flatnonzero(_looping(system, graph))
    if not len(looping):  # a tree always has a solution, if not always in doubles
        return ResultOutOfRange(pointer="/reference")
    starts = {int(graph.component[p]): int(p) for p in reversed(looping)}
    singular = [p for c, p in starts.items() if _is_singular(system, graph, c)]
    start = min(singular or starts.values())
    cycle = _cycle(system, graph, start)
    return UnsolvableSystem(pointer=_pointer(cycle), cycle=_shown(system, cycle))


def _is_singular(system: System, graph: Graph, component: int) -> bool:
    is_member = graph.component == component
    inner = is_member[system.user] & is_member[system.supplier]
    links = _links(system, np.flatnonzero(is_member), inner)
    uses = elimination.sparse_uses(*links).net
    factors = elimination.factorise(uses, elimination.balance(uses), "COLAMD")
    return factors is None or elimination.has_noise(factors)


def _cycle(system: System, graph: Graph, start: int) -> list[int]:
    return graphs.cycle(system.user, system.supplier, start, graph.component)


def _pointer(cycle: list[int]) -> str:
    return f"/processes/{cycle[0]}"


def _shown(system: System, cycle: list[int]) -> str:
    names = [system.names[p] for p in cycle]
    if len(names) > 10:  # noqa: PLR2004 - a message, not a listing
        names = [*names[:9], "…"]
    return " → ".join([*names, names[0]])
