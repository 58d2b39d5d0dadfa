"""The content of a factor version: what submitters state and reviewers judge.

Its canonical bytes are hashed; every field is always present, so that a null says that
nothing was stated.
"""

import hashlib
import unicodedata
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.kit.canonical import canonical_bytes, sha256_hex
from app.kit.errors import Invalid
from app.kit.schemas import (
    BilingualName,
    Day,
    DecimalText,
    Name,
    Schema,
    Text,
    checked,
    refusal,
)
from app.reference import categories, gases, regions
from app.reference.enums import (
    VERIFICATION_PATTERN,
    Boundary,
    FactorKind,
    Representativeness,
)
from app.reference.stages import Stage
from app.sources.schemas import Citation
from app.units.factor_unit import parse_factor_unit, parse_parameter_unit

Year = Annotated[int, Field(ge=1990, le=2100)]
Verification = Annotated[str, Field(pattern=VERIFICATION_PATTERN)]
CategoryCode = Annotated[str, checked(categories.category)]
RegionCode = Annotated[str, checked(regions.region)]
GasCode = Annotated[str, checked(gases.gas)]
Derivation = Annotated[
    str,
    Field(
        pattern=r"^CNF-[0-9]{2}-[0-9]{6}-[0-9]{2}@[1-9][0-9]{0,8}"
        r"( \* -?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})? \S{1,40})?$",
        examples=["CNF-01-000001-14@1 * 13500 kWh"],
    ),
]
"""A version that the value was computed from and, if stated, how much of it was taken
per declared unit."""
GwpBasis = Literal[
    "AR4_100",
    "AR5_100",
    "AR6_100",
    "AR6_100_7SM7",
    "EF31_100",
    "NOT_STATED",
    "NOT_APPLICABLE",
]
"""The GWP set of a CO2e value; not applicable to a value that is one gas."""


PropertyCode = Literal[
    "NCV",
    "DENSITY",
    "MASS_PER_UNIT",
    "CARBON_FOSSIL",
    "CARBON_BIOGENIC",
    "CAO",
    "MGO",
    "PURITY",
    "CLINKER_RATIO",
    "SCRAP_SHARE",
    "ELECTRICITY_USE",
    "ALUMINA_USE",
    "FOSSIL_ENERGY_USE",
    "CARBON_PER_ENERGY",
    "OXIDATION",
    "EFFICIENCY",
    "LINE_LOSS",
    "GENERATION_FACTOR",
    "TRANSMISSION_FACTOR",
    "CUT_OFF_SHARE",
    "CUT_OFF_LARGEST",
    "COVERAGE",
    "SAMPLE_SIZE",
    "LARGEST_CONTRIBUTOR",
    "TWO_LARGEST_CONTRIBUTORS",
    "CONTRIBUTOR_MIN",
    "CONTRIBUTOR_MAX",
    "SCOPE_DIRECT",
    "SCOPE_ENERGY",
    "SCOPE_UPSTREAM",
    "MASS_IN",
    "MASS_OUT",
    "ENERGY_IN",
    "ENERGY_OUT",
    "CARBON_IN",
    "CARBON_OUT",
    "METAL_IN",
    "METAL_OUT",
]
"""What `app.reference.properties` describes; only NCV, DENSITY and MASS_PER_UNIT link
dimensions in a calculation."""


class UnitNotCanonical(Invalid):
    en = "The unit is written {unit}."
    zh = "单位应写作 {unit}。"


class GwpBasisMismatch(Invalid):
    en = "A GWP set belongs to CO2e values and to no others."
    zh = "GWP 取值仅用于 CO2e 当量值,且当量值必须说明。"


class Period(Schema):
    """The first and the last day; null where it is open."""

    first: Day | None
    last: Day | None


class GasMass(Schema):
    """Mass of one gas behind the value, in kg per declared unit."""

    gas: GasCode
    mass_kg: DecimalText


class StageValue(Schema):
    """The part of the value that falls into one life-cycle stage."""

    stage: Stage
    value: DecimalText


class Range(Schema):
    """Bounds around the value, in its unit."""

    type: Literal["RANGE"]
    min: DecimalText
    max: DecimalText


class Scores(Schema):
    """Data quality from 1 (best) to 5: technology, geography, time, precision."""

    ter: DecimalText
    ger: DecimalText
    tir: DecimalText
    p: DecimalText


class Property(Schema):
    """A property of the product or of how it is made, such as MJ/kg."""

    property: PropertyCode
    value: DecimalText
    unit: str


class Content(Schema):
    """Everything that is stated about one factor version.

    Where a field may be absent from a draft, its absence says that nothing is stated;
    in the canonical form every field is present.
    """

    name: BilingualName
    kind: FactorKind
    category: CategoryCode
    value: DecimalText
    unit: str
    gwp_set: GwpBasis
    gases: tuple[GasMass, ...] = ()
    boundary: Boundary
    stages: tuple[StageValue, ...] = ()
    region: RegionCode
    technology: Name | None = None
    representativeness: Representativeness
    reference_year: Year
    year_basis: Literal["STATED", "PUBLICATION"] = "STATED"
    data_period: Period | None = None
    validity: Period = Period(first=None, last=None)
    uncertainty: Range | None = None
    data_quality: Scores | None = None
    properties: tuple[Property, ...] = ()
    allocation: Text | None = None
    cut_off: Text | None = None
    sources: Annotated[tuple[Citation, ...], Field(min_length=1)]
    verification: Verification = "SUBMITTED"
    derivation: tuple[Derivation, ...] = ()
    licence: Text
    owner: BilingualName | None = None
    change_reason: Text | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        try:
            self._check_unit()
        except Invalid as error:
            raise refusal(error) from error
        return self

    def _check_unit(self) -> None:
        if self.kind is FactorKind.PARAMETER:
            canonical = parse_parameter_unit(self.unit).code
        else:
            unit = parse_factor_unit(self.unit, gases.GAS_CODES)
            canonical = unit.code
            if (unit.substance == "CO2e") is (self.gwp_set == "NOT_APPLICABLE"):
                raise GwpBasisMismatch(pointer="/gwp_set")
        if canonical != self.unit:
            raise UnitNotCanonical(pointer="/unit", unit=canonical)

    @property
    def declared_unit(self) -> str:
        """The unit of product that the value is for."""
        return self.unit.partition("/")[2]

    def canonical(self) -> bytes:
        """Return the bytes whose SHA-256 is the content's digest."""
        return canonical_bytes(self.model_dump(mode="json"))

    def sha256(self) -> str:
        """Return `content_sha256`."""
        return sha256_hex(self.canonical())


def natural_key(content: Content) -> str:
    """Return the SHA-256 of what makes two contents versions of one factor."""
    return sha256_hex(_key_bytes(content, content.reference_year))


def series_id(content: Content) -> str:
    """Return the id shared by factors that differ only by reference year."""
    return hashlib.sha256(_key_bytes(content, None)).hexdigest()[:16]


def _key_bytes(content: Content, year: int | None) -> bytes:
    name = unicodedata.normalize("NFKC", content.name.zh)
    return canonical_bytes(
        [
            content.kind,
            content.category,
            "".join(name.split()),
            content.declared_unit,
            content.boundary,
            content.region,
            content.technology,
            content.representativeness,
            content.sources[0].publisher.zh,
            *([] if year is None else [year]),
        ]
    )
