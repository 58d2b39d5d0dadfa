"""What a solved model is told of itself: findings that change no number.

They work on columns, so they run however a request was read. Balances need what the
careful reader alone reads; a request that states any of it is read by that one.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from app.calculation import balances, double_counting
from app.calculation.assembly import Assembly
from app.calculation.engine import Solution
from app.calculation.findings import Ledger, Notice, UnreachableProcess
from app.calculation.graphs import Flags
from app.calculation.natures import Nature
from app.calculation.notices import first_lines, line_pointer
from app.calculation.request import CalculationRequest
from app.calculation.resolution import PCF, Terms
from app.reference.enums import Boundary, FactorKind

_MOST_NAMED: Final = 20
# Kinds that are services: whoever takes them has the fuel burnt.
_SERVICES: Final = frozenset({FactorKind.TRANSPORT_SERVICE, FactorKind.ENERGY})


class EmptyProcess(Notice):
    en = "Without inputs and emissions, and so with a footprint of zero: {processes}."
    zh = "{processes} 既无输入也无排放,其足迹为零。"


class CombustionMissing(Notice):
    en = (
        "{factor} covers WELL_TO_TANK: burning the fuel is neither in it nor in "
        "another line of its process."
    )
    zh = "{factor} 的系统边界为 WELL_TO_TANK,其过程的各行均未包含燃料燃烧排放。"


def check(
    request: CalculationRequest,
    assembly: Assembly,
    solution: Solution,
    terms: Terms,
    ledger: Ledger,
) -> None:
    """Tell *ledger* what is odd about a model."""
    _report_unreachable(assembly, solution, ledger)
    _report_empty(assembly, solution, ledger)
    if terms.purpose == PCF:
        _report_unburnt(assembly, solution, ledger)
    double_counting.report(assembly, solution, ledger)
    balances.report(request, assembly, ledger)


def _report_unreachable(assembly: Assembly, solution: Solution, ledger: Ledger) -> None:
    _report_processes(UnreachableProcess, ~solution.reached, assembly, ledger)


def _report_empty(assembly: Assembly, solution: Solution, ledger: Ledger) -> None:
    system = assembly.system
    is_empty = solution.reached.copy()
    is_empty[system.process] = False
    is_empty[system.user] = False
    _report_processes(EmptyProcess, is_empty, assembly, ledger)


def _report_processes(
    kind: type[Notice], are_such: Flags, assembly: Assembly, ledger: Ledger
) -> None:
    numbers = np.flatnonzero(are_such)
    if len(numbers):
        names = [assembly.system.names[number] for number in numbers[:_MOST_NAMED]]
        more = ["…"] if len(numbers) > _MOST_NAMED else []
        notice = kind(processes=", ".join([*names, *more]))
        ledger.notice(notice, f"/processes/{numbers[0]}", len(numbers))


def _report_unburnt(assembly: Assembly, solution: Solution, ledger: Ledger) -> None:
    """Tell of services up to the tank whose process states no combustion at all."""
    natures = [each.coefficient.figure.nature for each in assembly.routes]
    to_the_tank = _flags(_is_to_the_tank(each) for each in natures)
    if not to_the_tank.any():
        return
    is_direct = _flags(each.kind == FactorKind.DIRECT_EF for each in natures)
    process, place = assembly.system.process, assembly.place
    burns = np.zeros(len(assembly.system.output), dtype=np.bool_)
    burns[process[is_direct[assembly.route] | (place < 0)]] = True
    is_such = to_the_tank[assembly.route] & (assembly.system.amount > 0)
    is_such &= solution.reached[process] & ~burns[process]
    lines = np.flatnonzero(is_such)
    for number, first, count in first_lines(assembly.route[lines]):
        line = lines[first]
        notice = CombustionMissing(factor=assembly.routes[number].coefficient.label)
        where = line_pointer(int(process[line]), int(place[line]))
        ledger.notice(notice, where, count)


def _is_to_the_tank(nature: Nature) -> bool:
    return nature.kind in _SERVICES and nature.boundary == Boundary.WELL_TO_TANK


def _flags(answers: Iterable[bool]) -> Flags:
    return np.fromiter(answers, np.bool_)
