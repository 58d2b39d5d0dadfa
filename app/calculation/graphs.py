"""How processes reach each other along links. Pure: arrays in, arrays out.

A link is a number in two arrays, `user` and `supplier`.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

NOWHERE: Final = -9999  # how SciPy marks a node that has no predecessor

Ints: TypeAlias = npt.NDArray[np.intp]
Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Graph:
    """The reached part: its processes, in an order that puts users before suppliers.

    By process: `component`, its strong component; `reached`; `via` the previous process
    on the shortest path from the start, -1 where there is none.
    """

    order: Ints
    component: Ints
    reached: Flags
    via: Ints


def traverse(user: Ints, supplier: Ints, start: int, size: int) -> Graph:
    """Return how *start* reaches the others of *size* processes."""
    links = _adjacency(user, supplier, size)
    nodes, before = breadth_first_order(links, start)
    reached = np.zeros(size, dtype=np.bool_)
    reached[nodes] = True
    _, component = connected_components(links, connection="strong")
    # SciPy numbers strong components so that a component is numbered after all that it
    # leads to; sorting by falling number puts users before suppliers.
    order = nodes[np.argsort(-component[nodes], kind="stable")]
    return Graph(order, component, reached, _via(user, supplier, reached, before))


def reach(user: Ints, supplier: Ints, start: int, size: int) -> Flags:
    """Tell which of *size* processes *start* reaches."""
    links = _adjacency(user, supplier, size)
    reached = np.zeros(size, dtype=np.bool_)
    reached[breadth_first_order(links, start, return_predecessors=False)] = True
    return reached


def _adjacency(user: Ints, supplier: Ints, size: int) -> csr_array:
    """Return links as SciPy walks them, which never ends where one stands twice."""
    # Made from its parts it takes half the time that it takes from coordinates.
    starts = np.zeros(size + 1, dtype=np.int32)
    np.cumsum(np.bincount(user, minlength=size), out=starts[1:])
    ends = supplier[np.argsort(user, kind="stable")].astype(np.int32)
    links = csr_array((np.ones(len(ends)), ends, starts), shape=(size, size))
    links.sum_duplicates()
    return links


def _via(user: Ints, supplier: Ints, reached: Flags, before: Ints) -> Ints:
    """Return for each process its first user, in request order, one step nearer."""
    distance = _distance(np.where(before == NOWHERE, np.arange(len(before)), before))
    nearer = reached[user] & (distance[supplier] == distance[user] + 1)
    via = np.full(len(before), len(before))
    np.minimum.at(via, supplier[nearer], user[nearer])
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


def cycle(user: Ints, supplier: Ints, start: int, component: Ints) -> list[int]:
    """Return a shortest cycle through *start* inside its component."""
    is_member = component == component[start]
    inner = is_member[user] & is_member[supplier]
    user, supplier = user[inner], supplier[inner]
    links = _adjacency(user, supplier, len(component))
    order, before = breadth_first_order(links, start)
    back = set(user[supplier == start].tolist())
    node = next((int(p) for p in order if int(p) in back), start)
    path = [node]
    while node != start:
        node = int(before[node])
        path.append(node)
    return path[::-1]
