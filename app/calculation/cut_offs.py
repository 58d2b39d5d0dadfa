"""What a model leaves out on purpose: estimated, weighed, never added to the result."""

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from app.calculation.assembly import Assembly
from app.calculation.findings import Ledger, Notice, UnknownProcess
from app.calculation.request import CalculationRequest, LeftOut
from app.calculation.supplements import CutOff, CutOffItem
from app.kit.decimals import number_text, plain, rounded
from app.kit.errors import Invalid
from app.kit.schemas import check_text

# GB/T 44905-2024: each flow below 1 % of the footprint, all of them at most 5 %.
_EACH: Final = Fraction(1, 100)
_ALL: Final = Fraction(5, 100)


class NegativeCutOff(Invalid):
    en = "What is left out is a burden: its estimate is not negative."
    zh = "舍去的是排放负荷,其估计值不得为负。"


class CutOffExceeded(Notice):
    en = '"{name}" is {percent} % of the whole; what is cut off is below 1 %.'
    zh = "“{name}”占总量的 {percent}%;单项舍去应低于 1%。"


class CutOffsExceeded(Notice):
    code = "CUT_OFF_EXCEEDED"
    en = "What is cut off is {percent} % of the whole; together it is at most 5 %."
    zh = "舍去合计占总量的 {percent}%;合计不应超过 5%。"


@dataclass(frozen=True, slots=True)
class Estimates:
    """What is left out, in kg CO2e of the reference, in request order."""

    items: tuple[LeftOut, ...]
    values: tuple[Fraction, ...]

    def document(self, result: float) -> CutOff:
        """Return what an answer says beside *result*."""
        left_out = sum(self.values, Fraction(0))
        return {
            "value": rounded(float(left_out)),
            "share": _printed(self._share(left_out, result)),
            "items": [
                self._item(item, value, result)
                for item, value in zip(self.items, self.values, strict=True)
            ],
        }

    def report(self, result: float, ledger: Ledger) -> None:
        """Tell *ledger* of what is too much beside *result*."""
        for place, value in enumerate(self.values):
            share = self._share(value, result)
            if share is not None and share >= _EACH:
                name = self.items[place]["name"]
                one = CutOffExceeded(name=name, percent=_percent(share))
                ledger.notice(one, f"/cut_offs/{place}")
        share = self._share(sum(self.values, Fraction(0)), result)
        if share is not None and share > _ALL:
            together = CutOffsExceeded(percent=_percent(share))
            ledger.notice(together, "/cut_offs", len(self.values))

    def _item(self, item: LeftOut, value: Fraction, result: float) -> CutOffItem:
        return {
            "name": item["name"],
            "process": item.get("process"),
            "value": rounded(float(value)),
            "share": _printed(self._share(value, result)),
            "reason": item.get("reason"),
        }

    def _share(self, value: Fraction, result: float) -> Fraction | None:
        """Return the share of *value* in the whole: result and all that is left out."""
        whole = abs(Fraction(result)) + sum(self.values, Fraction(0))
        return value / whole if whole else None


def read(
    request: CalculationRequest, assembly: Assembly | None, ledger: Ledger
) -> Estimates | None:
    """Return what *request* leaves out, None where it says nothing of it.

    *ledger* takes what is wrong.
    """
    if "cut_offs" not in request:
        return None
    items, names = request["cut_offs"], _names(request, assembly)
    values = [
        _read(item, names, f"/cut_offs/{place}", ledger)
        for place, item in enumerate(items)
    ]
    return Estimates(tuple(items), tuple(values))


def _names(request: CalculationRequest, assembly: Assembly | None) -> frozenset[str]:
    """Return the ids of all processes; only a careful reading is left unassembled."""
    if assembly is not None:
        return frozenset(assembly.system.names)
    return frozenset(each["id"] for each in request["processes"])


def _read(
    item: LeftOut, names: Collection[str], pointer: str, ledger: Ledger
) -> Fraction:
    """Return the estimate of *item*; zero where something is wrong with it."""
    value = Fraction(0)
    try:
        value = _value(item)
    except Invalid as error:
        ledger.refuse(error, pointer)
    for name in ("name", "reason"):
        try:
            check_text(str(item.get(name, "-")), f"/{name}")
        except Invalid as error:
            ledger.refuse(error, pointer)
    process = item.get("process")
    if process is not None and process not in names:
        ledger.refuse(UnknownProcess(pointer="/process", id=process), pointer)
    return value


def _value(item: LeftOut) -> Fraction:
    value = Fraction(number_text(item["value"], "/value"))
    if value < 0:
        raise NegativeCutOff(pointer="/value")
    return value


def _percent(share: Fraction) -> str:
    return plain(f"{float(100 * share):.4g}")


def _printed(share: Fraction | None) -> str | None:
    return None if share is None else rounded(float(share))
