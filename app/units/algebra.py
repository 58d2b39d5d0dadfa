"""Dimensions, units and the one conversion there is. Pure and exact."""

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from app.kit.errors import Invalid


class Dimension(StrEnum):
    """What a unit measures; only units of one dimension convert into each other.

    Energy, battery capacity and delivered energy stay apart, and so do volume and gas
    volume, because no factor joins them.
    """

    MASS = "MASS"
    ENERGY = "ENERGY"
    VOLUME = "VOLUME"
    GAS_VOLUME = "GAS_VOLUME"
    TRANSPORT = "TRANSPORT"
    PASSENGER_TRANSPORT = "PASSENGER_TRANSPORT"
    VEHICLE_DISTANCE = "VEHICLE_DISTANCE"
    LENGTH = "LENGTH"
    AREA = "AREA"
    COUNT = "COUNT"
    PEAK_POWER = "PEAK_POWER"
    BATTERY_CAPACITY = "BATTERY_CAPACITY"
    DELIVERED_ENERGY = "DELIVERED_ENERGY"
    TIME = "TIME"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the catalogue; its code identifies it.

    `factor` is how many canonical units of `dimension` one of it is.
    """

    code: str
    dimension: Dimension = field(compare=False)
    factor: Fraction = field(compare=False)
    zh: str = field(compare=False)
    en: str = field(compare=False)
    aliases: tuple[str, ...] = field(compare=False)
    source: str = field(compare=False)


class UnitMismatch(Invalid):
    en = (
        "{source} ({source_dimension}) does not convert to {target} "
        "({target_dimension})."
    )
    zh = "{source}（{source_dimension}）不能换算为 {target}（{target_dimension}）。"


def convert(
    value: Fraction, source: Unit, target: Unit, pointer: str | None = None
) -> Fraction:
    """Return *value*, stated in *source*, in *target*; exact."""
    if source.dimension is not target.dimension:
        raise UnitMismatch(
            pointer=pointer,
            source=source.code,
            source_dimension=source.dimension,
            target=target.code,
            target_dimension=target.dimension,
        )
    return value * source.factor / target.factor
