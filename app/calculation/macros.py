"""The shapes of macros: statements of a process that become ordinary inputs.

`expansion` makes inputs of them, by the formulas of `recycling` and `electricity`.
"""

from typing import Annotated, Literal, NotRequired, TypeAlias

from pydantic import Discriminator, Field, Tag
from typing_extensions import TypedDict

from app.calculation.shapes import (
    ElectricityBasis,
    ElectricityTotal,
    InlineFactor,
    Label,
    Number,
    Quantity,
    RecyclingMethod,
    StageCode,
    UnitText,
    form,
    shape,
)
from app.factors.selects import Described


@shape
class FromProcess(TypedDict):
    """A process of this request, where a macro names what it takes from."""

    process: Label


@shape
class FromDescribed(TypedDict):
    """A factor by description, where a macro names what it takes from."""

    select: Described


def _source_form(value: object) -> str:
    if isinstance(value, dict):
        # No tag is the name of a field: it would be taken for a part of the pointer.
        for field, tag in (("process", "link"), ("select", "description")):
            if field in value:
                return tag
    return form(value)


Source: TypeAlias = Annotated[
    Annotated[str, Field(max_length=40), Tag("text")]
    | Annotated[FromProcess, Tag("link")]
    | Annotated[FromDescribed, Tag("description")]
    | Annotated[InlineFactor, Tag("other")],
    Discriminator(_source_form),
]


@shape
class HeatingValue(TypedDict):
    """Net calorific value of a material, such as 42.5 MJ/kg."""

    value: Number
    unit: UnitText


@shape
class Recycling(TypedDict):
    """A material by a recycling formula; it becomes ordinary inputs.

    Each method takes the parameters and sources of its formula and no others, and of
    these only what has a part in the result.
    """

    method: RecyclingMethod
    amount: Number
    """Of material in one run; not negative."""
    unit: UnitText
    r1: NotRequired[Number]
    """Recycled content of the input, 0 to 1."""
    r2: NotRequired[Number]
    """What is recycled at the end of life, 0 to 1."""
    r3: NotRequired[Number]
    """What is burnt for energy at the end of life; r2 + r3 are at most 1."""
    a: NotRequired[Number]
    """Allocation between supplier and user of recycled material, 0 to 1."""
    b: NotRequired[Number]
    """Allocation of energy recovery, 0 to 1."""
    quality: NotRequired[Number]
    """Of recycled against virgin material, 0 to 1."""
    quality_in: NotRequired[Number]
    """Qs/Qp of what goes in, 0 to 1."""
    quality_out: NotRequired[Number]
    """Qs/Qp of what is recycled at the end of life, 0 to 1."""
    lhv: NotRequired[HeatingValue]
    x_heat: NotRequired[Number]
    """Efficiency of the recovery of heat, 0 to 1."""
    x_electricity: NotRequired[Number]
    """Efficiency of the recovery of electricity, 0 to 1."""
    virgin: NotRequired[Source]
    """Ev."""
    recycled: NotRequired[Source]
    """Erec: making the recycled material that goes in."""
    recycled_at_end_of_life: NotRequired[Source]
    """ErecEoL: recycling what comes out."""
    avoided_virgin: NotRequired[Source]
    """E*v: what that replaces; `virgin` unless stated."""
    disposal: NotRequired[Source]
    """Ed."""
    energy_recovery: NotRequired[Source]
    """EER: burning it."""
    avoided_heat: NotRequired[Source]
    avoided_electricity: NotRequired[Source]
    stage: NotRequired[StageCode]
    """Of what goes in; RAW unless stated."""
    end_of_life_stage: NotRequired[StageCode]
    """Of all the rest; EOL unless stated."""


@shape
class Certificate(TypedDict):
    """A certificate that a contract for electricity rests on."""

    number: Annotated[str, Field(min_length=1, max_length=100)]
    scheme: NotRequired[Literal["GEC", "OTHER"]]
    """GEC, the green electricity certificates of China, unless stated."""
    energy: NotRequired[Quantity]
    """What of it is used here; 1 MWh for a GEC unless stated."""


@shape
class Electricity(TypedDict):
    """Electricity by where it comes from; it becomes ordinary inputs.

    amount · (generation / (1 - loss) + transmission); `grid` takes the place of all of
    it in the location-based total.
    """

    basis: ElectricityBasis
    amount: Number
    """As consumed in one run; not negative."""
    unit: UnitText
    generation: Source
    """For GRID that of the mix."""
    loss: NotRequired[Number]
    """Part of what is generated that does not arrive, below 1; none unless stated."""
    transmission: NotRequired[Source]
    """Of the network, for each unit consumed."""
    grid: NotRequired[Source]
    """With DIRECT_LINE and CONTRACT: of the grid, for each unit consumed."""
    certificates: NotRequired[list[Certificate]]
    """With CONTRACT."""
    stage: NotRequired[StageCode]


@shape
class ElectricityTag(TypedDict):
    """What an input of electricity rests on, and in which total it counts."""

    basis: ElectricityBasis
    total: NotRequired[ElectricityTotal]
    """With DIRECT_LINE and CONTRACT: the one total that the line counts in."""
    delivered: NotRequired[Quantity]
    """With MARKET_BASED: the electricity that arrives by this line, as far as no other
    line states it. In each process it adds up to the lines that are LOCATION_BASED."""
    certificates: NotRequired[list[Certificate]]
