"""Vocabularies: what the codes in factors and requests mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Final, Generic, TypeVar

from fastapi import Query

from app.http.findings import query_pointer
from app.http.problems import problem_responses
from app.http.routing import router
from app.kit.decimals import parse_decimal, rounded
from app.kit.schemas import DecimalText, Schema
from app.reference import categories, gases, gwp, regions, stages
from app.reference.enums import ENUMERATIONS, GhgCategory, RegionLevel, Term
from app.units import catalogue
from app.units.algebra import Dimension, Unit, convert

routes = router("reference")

Item = TypeVar("Item")


class Label(Schema):
    """A name in Chinese and in English."""

    zh: str
    en: str


class Vocabulary(Schema, Generic[Item]):
    """All of a vocabulary, in its own order."""

    items: tuple[Item, ...]


class TermRead(Schema):
    """A code with its name, and where it comes from."""

    code: str
    name: Label
    source: str


class UnitRead(Schema):
    """A unit; one of it is `factor` canonical units of its dimension, exactly."""

    code: str
    name: Label
    aliases: tuple[str, ...]
    dimension: Dimension
    factor: str
    """A rational, such as 18/5."""
    canonical_unit: str
    source: str


class Conversion(Schema):
    """A quantity in two units."""

    value: DecimalText
    source: UnitRead
    target: UnitRead
    exact: str
    """The converted value as a rational in lowest terms."""
    converted: str
    """The same, rounded half-even to 12 significant digits."""


class GasRead(Schema):
    """A greenhouse gas, by origin where that matters."""

    code: str
    name: Label
    formula: str
    category: GhgCategory
    ef31_flow: str | None
    source: str


class Potential(Schema):
    """The global warming potential of a gas, in kg CO2e per kg."""

    gas: str
    value: DecimalText
    source: str


class GwpSetRead(Schema):
    """Potentials over 100 years; a gas that the source does not hold is absent."""

    code: str
    name: Label
    source: str
    values: tuple[Potential, ...]


class RegionRead(Schema):
    """A place that a factor can be for."""

    code: str
    level: RegionLevel
    name: Label
    parent: str | None
    gb2260: str | None
    grid: str | None
    scheme: str | None
    valid_from: str | None
    valid_until: str | None
    source: str


class CategoryRead(Schema):
    """A class of products; `domain` is the CC of the factor codes in it."""

    code: str
    parent: str | None
    domain: str
    name: Label
    priority_product: str | None
    default_unit: str
    gb4754: str | None
    hs2022: str | None
    cpc21: str | None
    source: str | None
