"""The global warming potentials: five sets, each one immutable table."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from app.kit.errors import Invalid
from app.reference.enums import GwpAbsence
from app.reference.tables import Row, rows, shown


class UnknownGwpSet(Invalid):
    en = '"{code}" is not a GWP set; choose one of {choices}.'
    zh = "“{code}”不是 GWP 数据集，可选 {choices}。"


class GasNotInGwpSet(Invalid):
    en = "{gas} has no value in {gwp_set}."
    zh = "{gwp_set} 中没有 {gas} 的数值。"


@dataclass(frozen=True, slots=True)
class GwpSet:
    """Potentials over 100 years, in kg CO2e per kg of gas, keyed by the gas's code.

    A gas that the publication does not hold is absent, never 0.
    """

    code: str
    zh: str
    en: str
    source: str
    values: Mapping[str, Decimal] = field(compare=False)
    sources: Mapping[str, str] = field(compare=False)

    def value(self, gas: str, pointer: str | None = None) -> Decimal:
        """Return the potential of *gas*, or refuse where the set holds none."""
        found = self.values.get(gas)
        if found is None:
            raise GasNotInGwpSet(pointer=pointer, gas=shown(gas), gwp_set=self.code)
        return found

    def __reduce__(self) -> "tuple[Callable[[str], GwpSet], tuple[str]]":
        """Cross to another process by the code alone."""
        return gwp_set, (self.code,)


def _column(gwp_set: str, name: str) -> dict[str, str]:
    entries = (row for row in rows("gwp.csv") if row["gwp_set"] == gwp_set)
    return {row["gas"]: row[name] for row in entries}


def _gwp_set(row: Row) -> GwpSet:
    values = {gas: Decimal(text) for gas, text in _column(row["code"], "value").items()}
    return GwpSet(
        code=row["code"],
        zh=row["zh"],
        en=row["en"],
        source=row["source"],
        values=MappingProxyType(values),
        sources=MappingProxyType(_column(row["code"], "source")),
    )


GWP_SETS: Final[Mapping[str, GwpSet]] = MappingProxyType(
    {row["code"]: _gwp_set(row) for row in rows("gwp_sets.csv")}
)


def gwp_set(code: str, pointer: str | None = None) -> GwpSet:
    """Return the set that *code* names."""
    found = GWP_SETS.get(code)
    if found is None:
        raise _unknown(code, GWP_SETS, pointer)
    return found


def gwp_sets() -> tuple[GwpSet, ...]:
    """Return the five sets."""
    return tuple(GWP_SETS.values())


def stated_gwp_set(code: str, pointer: str | None = None) -> GwpSet | GwpAbsence:
    """Return what a factor version states: a set, or why it names none."""
    if code in GWP_SETS:
        return GWP_SETS[code]
    if code in list(GwpAbsence):
        return GwpAbsence(code)
    raise _unknown(code, [*GWP_SETS, *GwpAbsence], pointer)


def _unknown(code: str, codes: Iterable[str], pointer: str | None) -> UnknownGwpSet:
    return UnknownGwpSet(pointer=pointer, code=shown(code), choices=", ".join(codes))
