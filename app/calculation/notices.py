"""Telling of a route once, however many lines take it."""

from collections.abc import Iterator, Sequence

import numpy as np

from app.calculation.findings import Ledger
from app.calculation.graphs import Ints
from app.calculation.resolution import Route


def report_notices(
    routes: Sequence[Route],
    route: Sequence[int] | Ints,
    process: Sequence[int] | Ints,
    place: Sequence[int] | Ints,
    ledger: Ledger,
) -> None:
    """Tell of each route once, at its first line, with the number of its lines."""
    if not any(each.notices for each in routes):
        return
    for number, first, count in first_lines(route):
        pointer = line_pointer(int(process[first]), int(place[first]))
        for notice in routes[number].notices:
            ledger.notice(notice, pointer, count)


def first_lines(route: Sequence[int] | Ints) -> Iterator[tuple[int, int, int]]:
    """Yield each route with its first line and the number of its lines, in order."""
    used, firsts, counts = np.unique(route, return_index=True, return_counts=True)
    for number in np.argsort(firsts):
        yield int(used[number]), int(firsts[number]), int(counts[number])


def line_pointer(process: int, place: int) -> str:
    """Return the pointer of a line from its process and place."""
    if place < 0:
        return f"/processes/{process}/emissions/{-1 - place}"
    return f"/processes/{process}/inputs/{place}"
