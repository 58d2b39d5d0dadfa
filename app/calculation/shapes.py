"""The parts of which requests are made: numbers, codes, quantities and their spreads.

Any value passes as a number and is judged with the other values, so that a bad number
is reported beside a bad unit.
"""

from typing import Annotated, Any, Final, Literal, NotRequired, TypeAlias

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    with_config,
)
from typing_extensions import TypedDict

from app.kit.decimals import NUMBER_PATTERN
from app.kit.schemas import NAME_LENGTH

shape: Final = with_config(
    ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)
)

Number: TypeAlias = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": NUMBER_PATTERN},
                {"type": "number"},
            ],
            "description": "A decimal string, or a JSON number, which is read as the "
            "shortest decimal of its double.",
            "examples": ["13500"],
        }
    ),
]
Label: TypeAlias = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
UnitText: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=100, examples=["kWh"])
]
GwpSetCode: TypeAlias = Literal[
    "AR4_100", "AR5_100", "AR6_100", "AR6_100_7SM7", "EF31_100"
]
StageCode: TypeAlias = Literal["RAW", "MFG", "DIST", "USE", "EOL"]
CategoryCode: TypeAlias = Literal[
    "FOSSIL", "BIO_EMIT", "BIO_REMOVAL", "DLUC", "AIRCRAFT", "UNSPECIFIED"
]
Method: TypeAlias = Literal["MASS", "ENERGY", "ECONOMIC", "PHYSICAL", "SHARE"]
RecyclingMethod: TypeAlias = Literal["CUT_OFF", "END_OF_LIFE", "FIFTY_FIFTY", "CFF"]
ElectricityBasis: TypeAlias = Literal["ON_SITE", "DIRECT_LINE", "CONTRACT", "GRID"]
ElectricityTotal: TypeAlias = Literal["MARKET_BASED", "LOCATION_BASED"]
KindCode: TypeAlias = Literal[
    "PCF",
    "TRANSPORT_SERVICE",
    "ENERGY",
    "EOL",
    "DIRECT_EF",
    "ENERGY_CO2_EF",
    "PARAMETER",
]


@shape
class LognormalSpread(TypedDict):
    """The stated number is the median; `gsd2` is the square of `gsd`: state one."""

    type: Literal["LOGNORMAL"]
    gsd: NotRequired[Number]
    gsd2: NotRequired[Number]


@shape
class VariationSpread(TypedDict):
    """Lognormal; the stated number is the mean, `cv` a fraction of it."""

    type: Literal["CV"]
    cv: Number


@shape
class NormalSpread(TypedDict):
    """The stated number is the mean."""

    type: Literal["NORMAL"]
    sd: Number


@shape
class ExpandedSpread(TypedDict):
    """Normal, with the expanded uncertainty for k = 2."""

    type: Literal["U_K2"]
    u: Number


@shape
class TriangularSpread(TypedDict):
    """The stated number is the mode."""

    type: Literal["TRIANGULAR"]
    min: Number
    mode: NotRequired[Number]
    max: Number


@shape
class BoundedSpread(TypedDict):
    """Anything between the bounds; RANGE says that no more is known than them."""

    type: Literal["UNIFORM", "RANGE"]
    min: Number
    max: Number


@shape
class PedigreeSpread(TypedDict):
    """Lognormal with the stated number as the median, judged where nobody measured.

    Each score is 1 (best) to 5; `basic` is the factor of 95 % that the kind of number
    has at best, such as 1.05 for energy.
    """

    type: Literal["PEDIGREE"]
    basic: Number
    reliability: Number
    completeness: Number
    temporal: Number
    geographical: Number
    technology: Number


Spread: TypeAlias = Annotated[
    LognormalSpread
    | VariationSpread
    | NormalSpread
    | ExpandedSpread
    | TriangularSpread
    | BoundedSpread
    | PedigreeSpread,
    Field(discriminator="type"),
]


@shape
class Quantity(TypedDict):
    """An amount and its unit."""

    amount: Number
    unit: UnitText


@shape
class Measured(Quantity):
    """A quantity that may be uncertain."""

    uncertainty: NotRequired[Spread]


TraceabilityCode: TypeAlias = Literal[
    "SI_TRACEABLE",
    "STATUTORY_VERIFIED",
    "CERTIFICATE_WITH_GAP",
    "MEASURED_UNCERTIFIED",
    "NOT_MEASURED",
]


@shape
class FactorQuality(TypedDict):
    """How good a caller's own factor is for what it is used for, 1 (best) to 5."""

    ter: NotRequired[Number]
    """Technology."""
    ger: NotRequired[Number]
    """Geography."""
    tir: NotRequired[Number]
    """Time."""
    p: NotRequired[Number]
    """Precision; what counts is that of the amount."""
    primary: NotRequired[bool]
    """Whether the factor is primary data; false unless stated."""


@shape
class LineQuality(TypedDict):
    """How good a line is, in scores from 1 (best) to 5.

    Of an emission all four are of its amount. On a factor line `tir` and `p` are of the
    amount, and `ter` and `ger` say how well the factor suits this line, whatever is
    known of the factor.
    """

    ter: NotRequired[Number]
    """Technology."""
    ger: NotRequired[Number]
    """Geography."""
    tir: NotRequired[Number]
    """Time."""
    p: NotRequired[Number]
    """Precision."""
    primary: NotRequired[bool]
    """Whether the amount is primary data; false unless stated."""
    traceability: NotRequired[TraceabilityCode]
    """Of the amount; NOT_MEASURED unless stated."""


@shape
class Assessment(TypedDict):
    """What data quality is judged for."""

    assessment_year: Annotated[int, Field(ge=1990, le=2100)]
    """The year that the data should be of."""
    region: NotRequired[Annotated[str, Field(max_length=40, examples=["CN"])]]
    """The place that the data should be of; without it only stated GeR count."""


@shape
class InlineGas(TypedDict):
    """Mass of one gas behind an inline factor, in kg per unit of the factor."""

    gas: str
    mass_kg: Number


MOST_INCLUDED: Final = 100
Included: TypeAlias = Annotated[str, Field(max_length=40)]


@shape
class InlineFactor(TypedDict):
    """A figure of the caller's own, such as a supplier's."""

    name: Label
    value: Number
    unit: UnitText
    gwp_set: NotRequired[GwpSetCode]
    """Without it the value is taken to be in the requested set."""
    gases: NotRequired[list[InlineGas]]
    category: NotRequired[CategoryCode]
    kind: NotRequired[KindCode]
    """PCF unless stated."""
    uncertainty: NotRequired[Spread]
    """Of the value; gas masses go with it."""
    data_quality: NotRequired[FactorQuality]
    includes: NotRequired[Annotated[list[Included], Field(max_length=MOST_INCLUDED)]]
    """`CODE` or `CODE@n` of what the value contains; used beside it, this warns."""


def form(value: object) -> str:
    """Tell a text from anything else, for unions of both."""
    return "text" if isinstance(value, str) else "other"


FactorReference: TypeAlias = Annotated[
    Annotated[str, Field(max_length=40), Tag("text")]
    | Annotated[InlineFactor, Tag("other")],
    Discriminator(form),
]
