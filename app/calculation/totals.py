"""The market-based and the location-based total, beside the result.

Each is the same system with other lines of electricity, assembled and solved by itself:
what is bought may be a process, in a loop even.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.calculation import certificates, electricity, engine
from app.calculation.assembly import Assembly, assemble
from app.calculation.electricity import View, main_view, tagged
from app.calculation.engine import Solution
from app.calculation.findings import Ledger, Notice
from app.calculation.graphs import Flags
from app.calculation.notices import line_pointer
from app.calculation.request import CalculationRequest
from app.calculation.resolution import Resolver
from app.calculation.shapes import ElectricityTotal
from app.calculation.supplements import ElectricityAnswer, ElectricityLine, ResultTotal
from app.kit.decimals import rounded

_NEARLY: Final = 1e-9


class CertificatesExceeded(Notice):
    en = (
        "The runs that the result needs take {taken} MWh; the certificates are for "
        "{held} MWh."
    )
    zh = "结果所需的各次运行共用电 {taken} MWh,而证书电量合计仅 {held} MWh。"


@dataclass(frozen=True, slots=True)
class Beside:
    """A request with electricity, and the systems of the totals that differ."""

    request: CalculationRequest
    main: View
    views: Mapping[ElectricityTotal, View]
    assemblies: Mapping[ElectricityTotal, Assembly]


@dataclass(frozen=True, slots=True)
class Totals:
    """Both totals, solved; `reached` are the processes that either takes from."""

    beside: Beside
    solutions: Mapping[ElectricityTotal, Solution]
    reached: Flags

    def document(self) -> ElectricityAnswer:
        """Return what an answer says of the electricity."""
        beside = self.beside
        return {
            "market_based": self._value(electricity.MARKET),
            "location_based": self._value(electricity.LOCATION),
            "result_is": _result_is(beside),
            "gec_allowed": beside.request.get("gec_allowed", False),
            "lines": _lines(beside),
        }

    def _value(self, total: ElectricityTotal) -> str:
        return rounded(self.solutions[total].result)


def assembled(
    request: CalculationRequest, resolver: Callable[[], Resolver], ledger: Ledger
) -> Beside | None:
    """Return the systems of both totals; None where there is no electricity.

    What is wrong with lines that the result leaves out is added to *ledger*.
    """
    views = electricity.views(request)
    if views is None:
        return None
    main, assemblies = main_view(request), {}
    for total, view in views.items():
        if _is_main(main, view):
            continue
        own = Ledger(strict=ledger.strict, relocate=ledger.relocate)
        found = assemble(request, resolver(), own, view)
        ledger.join(own)
        if found is not None:
            assemblies[total] = found
    return Beside(request, main, views, assemblies)


def solved(beside: Beside | None, solution: Solution, ledger: Ledger) -> Totals | None:
    """Return both totals; *solution* is that of the result."""
    if beside is None:
        return None
    solutions = {
        total: engine.solve(beside.assemblies[total].system)
        if total in beside.assemblies
        else solution
        for total in electricity.TOTALS
    }
    reached = solution.reached.copy()
    for each in solutions.values():
        reached |= each.reached
    _report_exceeded(beside, solutions[electricity.MARKET], ledger)
    return Totals(beside, solutions, reached)


def _is_main(main: View, view: View) -> bool:
    return all(main.chosen[basis] == total for basis, total in view.chosen.items())


def _result_is(beside: Beside) -> ResultTotal:
    same = {total for total in beside.views if total not in beside.assemblies}
    if len(same) == len(beside.views):
        return "BOTH"
    return same.pop() if same else "MIXED"


def _lines(beside: Beside) -> list[ElectricityLine]:
    return [
        {
            "pointer": line_pointer(process, place),
            "basis": tag["basis"],
            "total": tag.get("total"),
            "in_result": beside.main.counts(line),
        }
        for process, place, line, tag in tagged(beside.request)
    ]


def _report_exceeded(beside: Beside, solution: Solution, ledger: Ledger) -> None:
    """Warn of certificates that cover one run and not all that the result takes."""
    for process, place, _, tag in tagged(beside.request):
        if not tag.get("certificates") or not solution.reached[process]:
            continue
        held = float(certificates.held_by(tag))
        one = abs(float(certificates.delivered(tag)))
        taken = one * abs(float(solution.activity[process]))
        if taken > held * (1 + _NEARLY):
            notice = CertificatesExceeded(taken=rounded(taken), held=rounded(held))
            ledger.notice(notice, line_pointer(process, place))
