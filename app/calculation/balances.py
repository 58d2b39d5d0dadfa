"""Whether what goes into a run of a process comes out of it: mass and carbon.

Amounts are exact, so that the verdict is the same at every scale.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal, TypeAlias

from app.calculation import contents
from app.calculation.assembly import Assembly
from app.calculation.findings import Ledger, Notice
from app.calculation.flows import Flow, Flows
from app.calculation.request import CalculationRequest, Process
from app.kit.decimals import number_text, plain

Element: TypeAlias = Literal["mass", "carbon"]
# As a submitted factor is warned of.
_TOLERANCES: Final = {"mass": "0.02", "carbon": "0.05"}
_ADVICE: Final = {
    1: (
        "an emission, a product or a waste is missing or states too little",
        "可能遗漏了排放、产品或废物,或其数值偏低",
    ),
    -1: (
        "an input is missing or states too little",
        "可能遗漏了投入,或其数值偏低",
    ),
}


class MassBalance(Notice):
    en = (
        'Into process "{id}" go {taken} kg and out of it {given} kg, {percent} % '
        "apart: {advice_en}."
    )
    zh = "过程“{id}”投入 {taken} kg,产出 {given} kg,相差 {percent}%:{advice_zh}。"


class CarbonBalance(Notice):
    en = (
        'Into process "{id}" go {taken} kg of carbon and out of it {given} kg, '
        "{percent} % apart: {advice_en}."
    )
    zh = "过程“{id}”投入碳 {taken} kg,产出碳 {given} kg,相差 {percent}%:{advice_zh}。"


class MassNotBalanced(Notice):
    code = "BALANCE_NOT_JUDGED"
    en = 'The mass balance of process "{id}" is open: this line tells no mass.'
    zh = "无法判断过程“{id}”的质量平衡:此行未给出质量。"


class CarbonNotBalanced(Notice):
    code = "BALANCE_NOT_JUDGED"
    en = 'The carbon balance of process "{id}" is open: this line tells no gases.'
    zh = "无法判断过程“{id}”的碳平衡:此行未给出分气体质量。"


_NOTICES: Final[Mapping[Element, tuple[type[Notice], type[Notice]]]] = {
    "mass": (MassBalance, MassNotBalanced),
    "carbon": (CarbonBalance, CarbonNotBalanced),
}


@dataclass(frozen=True, slots=True)
class Account:
    """What goes in and what comes out, and a flow of unknown size either way."""

    taken: Fraction
    given: Fraction
    unknown: Mapping[int, Flow]

    def side(self, tolerance: Fraction) -> int:
        """Return 1 if too much goes in, -1 if too much comes out, else 0."""
        apart = self.taken - self.given
        if abs(apart) <= tolerance * max(self.taken, self.given):
            return 0
        return 1 if apart > 0 else -1


def report(request: CalculationRequest, assembly: Assembly, ledger: Ledger) -> None:
    """Tell *ledger* of the processes of *request* that do not balance."""
    processes = request["processes"]
    numbers = [n for n, each in enumerate(processes) if _asks(each)]
    if not numbers:
        return
    flows = Flows.of(request, assembly)
    for number in numbers:
        found = list(flows.of_process(number))
        for element in _judged(processes[number], found):
            _report(processes, number, element, found, ledger)


def _asks(process: Process) -> bool:
    return "balance" in process or "carbon_content" in process["output"]


def _judged(process: Process, found: Iterable[Flow]) -> Iterator[Element]:
    """Yield what is to balance: what is asked for, and carbon where its way is told."""
    balance: Mapping[str, Any] = process.get("balance", {})
    if "mass" in balance:
        yield "mass"
    told = "carbon_content" in process["output"]
    enters = (each.carbon and each.carbon > 0 and not each.is_own for each in found)
    if "carbon" in balance or (told and any(enters)):
        yield "carbon"


def _report(
    processes: list[Process],
    number: int,
    element: Element,
    found: Iterable[Flow],
    ledger: Ledger,
) -> None:
    process = processes[number]
    margin: Mapping[str, Any] = process.get("balance", {}).get(element, {})
    account = _account(element, [*found, *_unlisted(margin)])
    tolerance = margin.get("tolerance", _TOLERANCES[element])
    side = account.side(Fraction(number_text(tolerance)))
    unbalanced, unknown = _NOTICES[element]
    where, name = f"/processes/{number}", process["id"]
    # More that comes out may explain why too much goes in, and the other way round.
    if side and -side not in account.unknown:
        notice = unbalanced(id=name, **_figures(account, side))
        ledger.notice(notice, where)
    elif account.unknown:
        first = next(iter(account.unknown.values()))
        ledger.notice(unknown(id=name), where + first.pointer)


def _account(element: Element, found: Iterable[Flow]) -> Account:
    taken = given = Fraction(0)
    unknown: dict[int, Flow] = {}
    for each in found:
        size = each.mass if element == "mass" else each.carbon
        if size is None:
            unknown.setdefault(each.sign, each)
        elif size > 0:
            taken += size
        else:
            given -= size
    return Account(taken, given, unknown)


def _unlisted(margin: Mapping[str, Any]) -> list[Flow]:
    """Return what a margin says goes in and out beside all lines."""
    flows = []
    for name, sign in (("drawn", 1), ("lost", -1)):
        if name in margin:
            size = sign * contents.kilograms(margin[name])
            flows.append(Flow("/balance", sign, size, size))
    return flows


def _figures(account: Account, side: int) -> dict[str, str]:
    apart = abs(account.taken - account.given) / max(account.taken, account.given)
    en, zh = _ADVICE[side]
    return {
        "taken": _shown(account.taken),
        "given": _shown(account.given),
        "percent": _shown(100 * apart),
        "advice_en": en,
        "advice_zh": zh,
    }


def _shown(value: Fraction) -> str:
    return plain(f"{float(value):.4g}")
