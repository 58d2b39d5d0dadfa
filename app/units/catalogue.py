"""The units that the wire accepts, read once from the package's own tables."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from app.kit.errors import Invalid
from app.units.algebra import Dimension, Unit

# An error repeats what it refuses; a name longer than this is cut there.
_SHOWN: Final = 60


class UnknownUnit(Invalid):
    en = '"{text}" is not a unit that we know.'
    zh = "无法识别单位“{text}”。"


class AmbiguousUnit(UnknownUnit):
    code = "UNKNOWN_UNIT"
    en = '"{text}" has more than one meaning; choose {choices_en}.'
    zh = "单位“{text}”含义不唯一，请改用 {choices_zh}。"


@dataclass(frozen=True, slots=True)
class DimensionInfo:
    """A dimension with its names and the unit in which the engine counts it."""

    dimension: Dimension
    zh: str
    en: str
    canonical: Unit


def _rows(name: str) -> list[dict[str, str]]:
    text = files("app.units").joinpath("data", name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _unit(row: Mapping[str, str]) -> Unit:
    return Unit(
        code=row["code"],
        dimension=Dimension(row["dimension"]),
        factor=Fraction(row["factor"]),
        zh=row["zh"],
        en=row["en"],
        aliases=tuple(row["aliases"].split("|")),
        source=row["source"],
    )


def _dimension(row: Mapping[str, str]) -> DimensionInfo:
    dimension = Dimension(row["code"])
    return DimensionInfo(dimension, row["zh"], row["en"], _CANONICAL[dimension])


_UNITS: Final = tuple(_unit(row) for row in _rows("units.csv"))
_BY_NAME: Final = {name: each for each in _UNITS for name in (each.code, *each.aliases)}
_CANONICAL: Final = {each.dimension: each for each in _UNITS if each.factor == 1}

DIMENSIONS: Final[Mapping[Dimension, DimensionInfo]] = MappingProxyType(
    {Dimension(row["code"]): _dimension(row) for row in _rows("dimensions.csv")}
)
# Names that are refused, with the codes that their author may have meant.
AMBIGUOUS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {row["text"]: tuple(row["choices"].split("|")) for row in _rows("ambiguous.csv")}
)


def units() -> tuple[Unit, ...]:
    """Return every unit, grouped by dimension, in the order of the catalogue."""
    return _UNITS


def unit(text: str, pointer: str | None = None) -> Unit:
    """Return the unit that *text* names by its code or an alias; case matters."""
    found = _BY_NAME.get(text)
    if found is None:
        raise _refusal(text, pointer)
    return found


def canonical_unit(dimension: Dimension) -> Unit:
    """Return the unit in which quantities of *dimension* are counted."""
    return _CANONICAL[dimension]


def _refusal(text: str, pointer: str | None) -> UnknownUnit:
    choices = AMBIGUOUS.get(text)
    if choices is None:
        return UnknownUnit(pointer=pointer, text=text[:_SHOWN])
    return AmbiguousUnit(
        pointer=pointer,
        text=text,
        choices_en=" or ".join(choices),
        choices_zh=" 或 ".join(choices),
    )
