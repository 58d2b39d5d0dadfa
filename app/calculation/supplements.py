"""What is answered around a result: its uncertainty, its data, what macros became."""

from typing import Literal, TypeAlias

from typing_extensions import TypedDict

from app.calculation.printed import Computed
from app.calculation.request import Input
from app.calculation.shapes import ElectricityBasis, ElectricityTotal
from app.kit.schemas import document
from app.reference.enums import QualityBand

ResultTotal: TypeAlias = Literal["MARKET_BASED", "LOCATION_BASED", "BOTH", "MIXED"]


@document
class Contributor(TypedDict):
    """An uncertain number, and what it does to the uncertainty of the result."""

    pointer: str
    """Of the number in the request; `CODE@n` for the value of a published version."""
    share_of_variance: Computed


@document
class UncertaintyOfResult(TypedDict):
    """What the result may be; its value always uses the stated numbers."""

    method: Literal["ANALYTIC", "MONTE_CARLO"]
    shape: Literal["CERTAIN", "NORMAL", "LOGNORMAL", "SAMPLED"]
    mean: Computed
    sd: Computed
    median: Computed
    p2_5: Computed
    p97_5: Computed
    gsd: Computed | None
    """Null for a normal shape, and where a draw was not positive."""
    draws: int | None
    seed: int | None
    contributors: list[Contributor]
    """By falling share, ties by pointer; SUMMARY lists the 100 largest."""


@document
class ExpandedLine(TypedDict):
    """An input that a macro became."""

    macro: str
    """Pointer of the macro in the request as it was sent."""
    term: str
    """Of the formula, such as `(1-R1)*Ev`."""
    coefficient: Computed
    """Times the amount of the macro it is that of the input."""
    source: str
    """The part of the macro that says what is taken."""
    pointer: str
    """Of the input, in `request_pinned`."""
    line: Input


@document
class ElectricityLine(TypedDict):
    """An input of electricity."""

    pointer: str
    basis: ElectricityBasis
    total: ElectricityTotal | None
    """The one total that it counts in; null for both."""
    in_result: bool


@document
class ElectricityAnswer(TypedDict):
    """The result by both ways of counting contracts and direct lines."""

    market_based: Computed
    """kg CO2e, with what was contracted."""
    location_based: Computed
    """kg CO2e, with the grid in its place."""
    result_is: ResultTotal
    """MIXED where direct lines count as what they are and contracts do not."""
    gec_allowed: bool
    lines: list[ElectricityLine]


@document
class CarbonContent(TypedDict):
    """Biogenic carbon in the product, and the uptake that belongs to it."""

    carbon_kg: Computed
    co2_kg: Computed
    """−44.009/12.011 times that."""
    difference_kg: Computed
    """`balance_kg` less that: what the uptake does not account for."""


@document
class BiogenicAnswer(TypedDict):
    """Biogenic carbon that comes in and goes out."""

    removals: Computed
    """kg CO2e, as in `by_category`; never above zero."""
    emissions: Computed
    """kg CO2e, as in `by_category`."""
    uptake_co2_kg: Computed
    """Mass of CO2_BIO_UPTAKE, as it was stated."""
    emitted_co2_kg: Computed
    """Mass of CO2_BIO_EMIT."""
    emitted_ch4_kg: Computed
    """Mass of CH4_BIO."""
    balance_kg: Computed
    """CO2 emitted, and CH4 as the CO2 that it came from, less CO2 taken up: negative
    where carbon stays in the product or leaves beyond the boundary."""
    other: Computed
    """kg CO2e of both categories from anything else, which the balance leaves out."""
    content: CarbonContent | None
    """Null unless `reference` states `biogenic_carbon`."""


@document
class QualityRating(TypedDict):
    """Data quality in scores from 1 (best) to 5, weighted by magnitude.

    What nobody stated and nothing determines is scored 5.
    """

    dqr: Computed
    """The mean of the four scores."""
    band: QualityBand
    ter: Computed
    """Technology."""
    ger: Computed
    """Geography."""
    tir: Computed
    """Time."""
    p: Computed
    """Precision."""
    items: int
    """How many lines were counted, each over all ways in which it is reached."""
    share_covered: Computed
    """The part of all magnitudes that these lines have."""
    share_known: Computed
    """The part of the scores that was stated or determined; the rest is 5."""


@document
class QualityOfFootprint(TypedDict):
    """Data quality of one footprint; parts are null where nothing adds to it."""

    weighted_80: QualityRating | None
    """Over the fewest lines that have 80 % of the magnitudes together."""
    full: QualityRating | None
    """Over all lines without their biogenic uptake, as PACT asks for."""
    primary_data_share: Computed | None
    """As PACT has it, a fraction: amount and factor are primary, uptake left out."""
    primary_data_share_national: Computed | None
    """The same, where a primary amount with another factor counts half."""
    share_primary_known: Computed | None
    """The part of it that states whether it is primary; the rest counts as not."""
    traceability_index: Computed | None
    """0 to 1; what states no traceability counts as not measured."""
    share_traceability_known: Computed | None


@document
class QualityOfProcess(QualityOfFootprint):
    """Data quality of all that is behind the product of a process."""

    id: str


@document
class QualityOfLine(TypedDict):
    """The scores that a line enters with."""

    pointer: str
    dqr: Computed
    ter: Computed
    ger: Computed
    tir: Computed
    p: Computed
    share_known: Computed


@document
class QualityOfResult(QualityOfFootprint):
    """Data quality of the result, and of what it is made of."""

    processes: list[QualityOfProcess]
    """Upstream included; the 100 largest, in the order of `processes`."""
    lines: list[QualityOfLine]
    """Those of `contributions`, in that order."""


@document
class CutOffItem(TypedDict):
    """One thing that is left out."""

    name: str
    process: str | None
    value: Computed
    share: Computed | None
    reason: str | None


@document
class CutOff(TypedDict):
    """What the model leaves out, at an estimate; the result is without it."""

    value: Computed
    """All of it together, in kg CO2e."""
    share: Computed | None
    """Of the whole, |result| + value; null where that is zero."""
    items: list[CutOffItem]
