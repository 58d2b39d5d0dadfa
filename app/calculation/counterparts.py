"""What is wrong with the inputs of electricity of a request. Pure.

Macros make them right; whoever writes them by hand, or changes what an answer pinned,
could leave electricity out of one of the totals.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final, TypeAlias

from app.calculation import certificates, electricity
from app.calculation.electricity import TOTALS, TWOFOLD, NotElectricity, tagged
from app.calculation.findings import Ledger, Notice
from app.calculation.macros import ElectricityTag
from app.calculation.notices import line_pointer
from app.calculation.request import CalculationRequest, Input
from app.calculation.shapes import ElectricityTotal
from app.kit.decimals import number_text, rounded
from app.kit.errors import Invalid
from app.units.algebra import Dimension
from app.units.catalogue import unit

_TAG: Final = "/electricity"
_Sums: TypeAlias = dict[ElectricityTotal, Fraction]


class TotalMisplaced(Invalid):
    en = "An input states total if its basis is one of {twofold}; this is {basis}."
    zh = "basis 为 {twofold} 之一时须给出 total,否则不得给出;此处为 {basis}。"


class CounterpartDiffers(Invalid):
    en = "{market} MWh count in the market-based total and {location} MWh in the other."
    zh = "计入市场法总量 {market} MWh,而计入位置法总量 {location} MWh,两者应相等。"


class DeliveryMissing(Invalid):
    en = "A market-based input delivers nothing, or less than nothing, as stated."
    zh = "基于市场的输入未给出 delivered,或其值为负。"


class CertificatesMissing(Invalid):
    en = "A contract rests on certificates; none is stated."
    zh = "绿电合同须以证书为凭,此处未给出证书。"


class ContractsNotCounted(Notice):
    en = (
        "Contracts do not lower the result unless gec_allowed says that the applied "
        "rule lets them; it counts the grid in their place."
    )
    zh = "除非 gec_allowed 表明所用规则允许,绿电合同不降低结果;结果按电网因子计。"


def check(request: CalculationRequest, ledger: Ledger) -> None:
    """Report what is wrong with the inputs of electricity, certificates included."""
    for process, place, line, tag in tagged(request):
        pointer = line_pointer(process, place)
        if ("total" in tag) is not (tag["basis"] in TWOFOLD):
            twofold = ", ".join(sorted(TWOFOLD))
            fault = TotalMisplaced(basis=tag["basis"], twofold=twofold)
            ledger.refuse(fault, f"{pointer}{_TAG}/total")
        stated = _unit_of(line)
        if not _is_energy(stated):
            ledger.refuse(NotElectricity(unit=stated), f"{pointer}/unit")
        for each in certificates.faults(tag):
            ledger.refuse(each, pointer + _TAG)
        if _lacks_certificates(tag):
            ledger.refuse(CertificatesMissing(), f"{pointer}{_TAG}/certificates")
    _check_double_use(request, ledger)
    _check_balance(request, ledger)
    _report_not_counted(request, ledger)


def _lacks_certificates(tag: ElectricityTag) -> bool:
    is_contract = tag["basis"] == "CONTRACT" and "delivered" in tag
    return is_contract and not tag.get("certificates")


def _unit_of(line: Input) -> str:
    return "t_km" if "mass" in line or "distance" in line else line.get("unit", "")


def _is_energy(text: str) -> bool:
    """Tell whether *text* is a unit of energy; an unknown one is told of elsewhere."""
    try:
        return unit(text).dimension is Dimension.ENERGY
    except Invalid:
        return True


def _check_double_use(request: CalculationRequest, ledger: Ledger) -> None:
    seen: dict[tuple[str, str], str] = {}
    for process, place, _, tag in tagged(request):
        base = f"{line_pointer(process, place)}{_TAG}/certificates"
        for number, each in enumerate(tag.get("certificates", ())):
            where = f"{base}/{number}/number"
            key = certificates.scheme_of(each), each["number"]
            first = ledger.relocate(seen.setdefault(key, where))
            if first != ledger.relocate(where):
                twice = certificates.CertificateUsedTwice(number=key[1], first=first)
                ledger.refuse(twice, where)


def _check_balance(request: CalculationRequest, ledger: Ledger) -> None:
    """Refuse electricity that one total has and the other has not."""
    try:
        sums, idle = _sums(request), list(_undelivered(request))
    except (Invalid, KeyError):
        return  # which is told of elsewhere
    for pointer in idle:
        ledger.refuse(DeliveryMissing(), pointer + _TAG)
    for where, both in sums.items():
        market, location = both[electricity.MARKET], both[electricity.LOCATION]
        if market != location:
            shown = [rounded(float(each)) for each in (market, location)]
            fault = CounterpartDiffers(market=shown[0], location=shown[1])
            ledger.refuse(fault, where + _TAG)


def _sums(request: CalculationRequest) -> dict[str, _Sums]:
    """Return the MWh in each total by process and basis, at the first such input."""
    first: dict[tuple[int, str], str] = {}
    sums: dict[str, _Sums] = {}
    for process, place, line, tag in tagged(request):
        if "total" in tag:
            pointer = line_pointer(process, place)
            where = first.setdefault((process, tag["basis"]), pointer)
            both = sums.setdefault(where, dict.fromkeys(TOTALS, Fraction(0)))
            both[tag["total"]] += _counted(line, tag)
    return sums


def _undelivered(request: CalculationRequest) -> Iterator[str]:
    """Yield where a process takes something market-based of which nothing arrives."""
    groups: dict[tuple[int, str], list[tuple[str, Fraction, Fraction]]] = {}
    for process, place, line, tag in tagged(request):
        if tag["basis"] in TWOFOLD and tag.get("total") == electricity.MARKET:
            taken = Fraction(number_text(line["amount"]))
            each = line_pointer(process, place), certificates.delivered(tag), taken
            groups.setdefault((process, tag["basis"]), []).append(each)
    for lines in groups.values():
        delivered = [arrives for _, arrives, _ in lines]
        is_idle = not sum(delivered) and any(taken for _, _, taken in lines)
        if is_idle or min(delivered) < 0:
            yield lines[0][0]


def _counted(line: Input, tag: ElectricityTag) -> Fraction:
    if tag.get("total") == electricity.MARKET:
        return certificates.delivered(tag)
    return certificates.energy({"amount": line["amount"], "unit": line["unit"]}, "")


def _report_not_counted(request: CalculationRequest, ledger: Ledger) -> None:
    if request.get("gec_allowed", False):
        return
    pointers = [
        line_pointer(process, place)
        for process, place, _, tag in tagged(request)
        if tag["basis"] == "CONTRACT" and "delivered" in tag
    ]
    if pointers:
        ledger.notice(ContractsNotCounted(), pointers[0], len(pointers))
