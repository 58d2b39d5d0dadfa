"""Vocabularies: what the codes in factors and requests mean."""

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Generic, TypeVar

from fastapi import Query, Request
from pydantic import Field

from app.factors.schemas import Label, read_as
from app.http.findings import query_pointer
from app.http.routing import router
from app.http.services import services_of
from app.kit.decimals import parse_decimal, rounded
from app.kit.schemas import DecimalText, Schema, checked
from app.reference import categories, gases, gwp, regions, stages
from app.reference.enums import (
    ENUMERATIONS,
    GhgCategory,
    RegionLevel,
    Road,
    Role,
    Term,
)
from app.reference.gwp import GwpSet
from app.submissions.validation.catalogue import RULES
from app.submissions.validation.rules import Severity
from app.submissions.workflow import TRANSITIONS, Action, Standing, State
from app.units import catalogue
from app.units.algebra import Dimension, Unit, convert

routes = router("reference")

DecimalParameter = Annotated[str, Field(max_length=100), checked(parse_decimal)]
UnitParameter = Annotated[
    str, Field(max_length=100), read_as(lambda text: catalogue.unit(text).code)
]
Item = TypeVar("Item")
Model = TypeVar("Model", bound=Schema)


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
    """One quantity in two units."""

    value: DecimalText
    origin: Annotated[UnitRead, Field(alias="from")]
    to: UnitRead
    exact: str
    """The converted value, as a rational in lowest terms."""
    result: str
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
    valid_from: dt.date | None
    valid_until: dt.date | None
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


@routes.get("/reference/units")
async def list_units() -> Vocabulary[UnitRead]:
    """List the units, grouped by dimension, with their exact sizes."""
    return Vocabulary(items=tuple(_unit(each) for each in catalogue.units()))


@routes.get("/reference/units/convert")
async def convert_units(
    value: Annotated[DecimalParameter, Query(examples=["1.92"])],
    origin: Annotated[UnitParameter, Query(alias="from", examples=["tce"])],
    target: Annotated[UnitParameter, Query(alias="to", examples=["万kWh"])],
) -> Conversion:
    """Convert a quantity exactly.

    Only within a dimension: crossing from mass to energy takes a property of a factor.
    """
    source, to = catalogue.unit(origin), catalogue.unit(target)
    exact = convert(Fraction(value), source, to, query_pointer("to"))
    units = {"from": _unit(source), "to": _unit(to)}
    result = {"exact": str(exact), "result": rounded(float(exact))}
    return Conversion.model_validate({"value": value, **units, **result})


@routes.get("/reference/gases")
async def list_gases() -> Vocabulary[GasRead]:
    """List the gases that a factor or an emission may name."""
    return Vocabulary(items=tuple(_read(GasRead, each) for each in gases.gases()))


@routes.get("/reference/gwp-sets")
async def list_gwp_sets() -> Vocabulary[GwpSetRead]:
    """List the sets of global warming potentials, with every value and its source."""
    return Vocabulary(items=tuple(_gwp_set(each) for each in gwp.gwp_sets()))


@routes.get("/reference/regions")
async def list_regions() -> Vocabulary[RegionRead]:
    """List the regions, parents first.

    A search for a factor climbs from a region to its `grid`, where known, or `parent`.
    """
    return Vocabulary(
        items=tuple(_read(RegionRead, each) for each in regions.regions())
    )


@routes.get("/reference/categories")
async def list_categories() -> Vocabulary[CategoryRead]:
    """List the product categories with their codes in other classifications."""
    items = (_read(CategoryRead, each) for each in categories.categories())
    return Vocabulary(items=tuple(items))


def _unit(unit: Unit) -> UnitRead:
    canonical = catalogue.canonical_unit(unit.dimension).code
    return _read(UnitRead, unit, factor=str(unit.factor), canonical_unit=canonical)


def _gwp_set(gwp_set: GwpSet) -> GwpSetRead:
    values = tuple(
        Potential(gas=gas, value=format(value, "f"), source=gwp_set.sources[gas])
        for gas, value in gwp_set.values.items()
    )
    return _read(GwpSetRead, gwp_set, values=values)


def _read(model: type[Model], entry: object, **others: object) -> Model:
    """Return *entry* of a vocabulary as it is answered."""
    facts = {name: getattr(entry, name, None) for name in model.model_fields}
    if "name" in facts:
        facts["name"] = Label.model_validate(entry, from_attributes=True)
    return model.model_validate(facts | others, strict=False)


class TransitionRead(Schema):
    """One row of the workflow."""

    action: Action
    sources: tuple[State, ...]
    target: State | None
    """Null where the state stays."""
    roles: tuple[Role, ...]
    standing: Standing
    """What the person must be to the submission."""
    outcome: str | None
    """What the body says, where an action has several rows."""
    guard: Label


class RuleRead(Schema):
    """One rule of the automatic checks."""

    id: str
    severity: Severity
    waivable: bool
    """An explanation of the submitter turns BLOCK into WARN."""
    message: Label
    """With the names of its facts in braces."""
    numbers: dict[str, str]
    source: str


class PolicyRead(Schema):
    """The numbers of the workflow that hold here."""

    version: str
    notice_working_days: int
    reviewers: int
    pass_share: tuple[int, int]
    publishers: int
    roads: tuple[Road, ...]


@routes.get("/reference/workflow")
async def list_workflow() -> Vocabulary[TransitionRead]:
    """List the actions: from which states, to which, by whom, on what terms."""
    return Vocabulary(
        items=tuple(
            _read(
                TransitionRead,
                row,
                guard={"zh": row.guard_zh, "en": row.guard_en},
            )
            for row in TRANSITIONS
        )
    )


@routes.get("/reference/validation-rules")
async def list_validation_rules() -> Vocabulary[RuleRead]:
    """List the rules of the automatic checks with their numbers."""
    return Vocabulary(
        items=tuple(
            _read(RuleRead, each, message={"zh": each.zh, "en": each.en})
            for each in RULES.values()
        )
    )


@routes.get("/reference/policy")
async def get_policy(request: Request) -> PolicyRead:
    """Read how many people and days a publication takes here."""
    return _read(PolicyRead, services_of(request.scope).policy)


def _add_terms(path: str, terms: Sequence[Term], text: str) -> None:
    """Serve a list of terms at *path*; *text* is its public description."""
    answer = Vocabulary(items=tuple(_read(TermRead, each) for each in terms))

    async def list_terms() -> Vocabulary[TermRead]:
        return answer

    list_terms.__name__ = f"list_{path.replace('-', '_')}"
    routes.get(f"/reference/{path}", description=text)(list_terms)


_add_terms("stages", stages.stages(), "List the life-cycle stages in order.")
for _path, _name, _text in (
    ("kinds", "factor_kind", "List the kinds of factors."),
    ("boundaries", "boundary", "List the system boundaries."),
    ("statuses", "version_status", "List the statuses of a version."),
    ("roles", "role", "List the roles of people."),
    ("roads", "road", "List the roads by which a version is published."),
    (
        "representativeness",
        "representativeness",
        "List of what a factor is an average.",
    ),
    ("verifications", "verification", "List how a figure is checked with its source."),
    ("gwp-absences", "gwp_absence", "List why a factor names no set of potentials."),
    ("ghg-categories", "ghg_category", "List the parts of a footprint."),
    ("allocation-methods", "allocation_method", "List the methods of allocation."),
    ("region-levels", "region_level", "List the levels of regions."),
    (
        "traceabilities",
        "traceability",
        "List how far a measured amount is traced back to the SI.",
    ),
    ("quality-bands", "quality_band", "List the bands of data-quality ratings."),
):
    _add_terms(_path, ENUMERATIONS[_name], _text)
