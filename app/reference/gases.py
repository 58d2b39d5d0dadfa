"""The greenhouse gases that a factor or an emission may name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.kit.errors import Invalid
from app.reference.enums import GhgCategory
from app.reference.tables import Row, rows, shown


@dataclass(frozen=True, slots=True)
class Gas:
    """A gas by origin: fossil and biogenic methane are two.

    `category` is where its emissions are counted unless a line says otherwise;
    `ef31_flow` is the UUID of its elementary flow in EF 3.1.
    """

    code: str
    zh: str
    en: str
    formula: str
    category: GhgCategory
    ef31_flow: str | None
    source: str


class UnknownGas(Invalid):
    en = '"{code}" is not the code of a gas, such as CO2_FOSSIL, CH4_BIO or N2O.'
    zh = "“{code}”不是气体代码，气体代码例如 CO2_FOSSIL、CH4_BIO、N2O。"


def _gas(row: Row) -> Gas:
    return Gas(
        code=row["code"],
        zh=row["zh"],
        en=row["en"],
        formula=row["formula"],
        category=GhgCategory(row["category"]),
        ef31_flow=row["ef31_flow"] or None,
        source=row["source"],
    )


GASES: Final[Mapping[str, Gas]] = MappingProxyType(
    {row["code"]: _gas(row) for row in rows("gases.csv")}
)
GAS_CODES: Final = frozenset(GASES)


def gas(code: str, pointer: str | None = None) -> Gas:
    """Return the gas that *code* names."""
    found = GASES.get(code)
    if found is None:
        raise UnknownGas(pointer=pointer, code=shown(code))
    return found


def gases() -> tuple[Gas, ...]:
    """Return every gas."""
    return tuple(GASES.values())
