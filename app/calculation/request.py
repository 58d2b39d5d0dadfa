"""The request of a calculation as it stands on the wire.

Typed dictionaries rather than models: a request may hold a million lines. Shapes are
checked here; what the values mean is checked while the system is assembled.
"""

from typing import Annotated, Final, Literal, NotRequired, TypeAlias

from pydantic import (
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import TypedDict

from app.calculation.macros import Electricity, ElectricityTag, Recycling
from app.calculation.shapes import (
    Assessment,
    CategoryCode,
    FactorReference,
    GwpSetCode,
    Label,
    LineQuality,
    Measured,
    Method,
    Number,
    Quantity,
    Spread,
    StageCode,
    UnitText,
    form,
    shape,
)
from app.calculation.shapes import (
    InlineFactor as InlineFactor,  # noqa: PLC0414 - a part of requests
)
from app.factors.selects import Described
from app.kit import strict_json
from app.kit.schemas import TEXT_LENGTH
from app.kit.validation import findings

STRICT_LIMIT: Final = 1024 * 1024
MOST_CUT_OFFS: Final = 1_000
MOST_DRAWS: Final = 100_000
MOST_SEED: Final = 2**53 - 1  # the largest integer that every JSON reader keeps


@shape
class Output(Quantity):
    """What one run of a process makes; negative where it treats a waste."""

    value: NotRequired[Number]
    """Per stated unit: MJ for ENERGY, money for ECONOMIC; the weight for PHYSICAL."""
    carbon_content: NotRequired[Number]
    """kg of carbon, fossil and biogenic, in a stated unit."""
    mass_per_unit: NotRequired[Number]
    """kg in a stated unit that is none of mass."""


@shape
class CoProduct(Output):
    """A further product of the same run; no other process can take it."""

    name: Label


@shape
class Allocation(TypedDict):
    """How burdens are shared between the main output and the co-products."""

    method: Method
    share: NotRequired[Number]
    """The main output's, above 0 and at most 1; with SHARE alone."""


SnapshotReference: TypeAlias = Annotated[
    Annotated[str, Field(max_length=100), Tag("text")] | Annotated[int, Tag("other")],
    Discriminator(form),
]


@shape
class Input(TypedDict):
    """What one run takes: from a process or by a factor, named or described.

    A positive amount takes, a negative one is an avoided burden or, towards a treatment
    process, waste handed over.
    """

    process: NotRequired[Label]
    factor: NotRequired[FactorReference]
    """`CODE`, `CODE@n` or an inline factor."""
    select: NotRequired[Described]
    """In place of `factor`: what it must be."""
    amount: NotRequired[Number]
    unit: NotRequired[UnitText]
    mass: NotRequired[Measured]
    """With `distance` in place of `amount` and `unit`, for a factor per t_km."""
    distance: NotRequired[Measured]
    stage: NotRequired[StageCode]
    """Overrides the process's; on factor lines alone."""
    category: NotRequired[CategoryCode]
    uncertainty: NotRequired[Spread]
    """Of the amount."""
    electricity: NotRequired[ElectricityTag]
    data_quality: NotRequired[LineQuality]
    """On factor lines alone."""
    carbon_content: NotRequired[Number]
    """kg of carbon in a stated unit; on factor lines alone."""
    mass_per_unit: NotRequired[Number]
    """kg in a stated unit that is none of mass; on factor lines alone."""


@shape
class Emission(TypedDict):
    """What one run emits; CO2_BIO_UPTAKE is stated positive and counted negative."""

    gas: str
    amount: Number
    unit: UnitText
    stage: NotRequired[StageCode]
    category: NotRequired[CategoryCode]
    uncertainty: NotRequired[Spread]
    data_quality: NotRequired[LineQuality]


@shape
class Margin(TypedDict):
    """How exactly a run has to balance, and what goes in and out beside its lines."""

    tolerance: NotRequired[Number]
    """A fraction of the larger side; without it 0.02 for mass and 0.05 for carbon."""
    drawn: NotRequired[Quantity]
    """What it draws without a line, such as air; of carbon, for the carbon balance."""
    lost: NotRequired[Quantity]
    """What leaves it without a line, such as vapour; of carbon likewise."""


@shape
class Balance(TypedDict):
    """What has to balance in a run: whatever goes in or out stands in its lines."""

    mass: NotRequired[Margin]
    carbon: NotRequired[Margin]


@shape
class Process(TypedDict):
    """One run: its output, what it takes and what it emits."""

    id: Label
    name: NotRequired[Label]
    stage: NotRequired[StageCode]
    output: Output
    inputs: NotRequired[list[Input]]
    emissions: NotRequired[list[Emission]]
    co_products: NotRequired[list[CoProduct]]
    allocation: NotRequired[Allocation]
    recycling: NotRequired[list[Recycling]]
    """Become inputs after the stated ones."""
    electricity: NotRequired[list[Electricity]]
    """Become inputs after those."""
    balance: NotRequired[Balance]


@shape
class Reference(TypedDict):
    """The product that the footprint is for."""

    process: Label
    amount: Number
    unit: UnitText
    biogenic_carbon: NotRequired[Quantity]
    """Mass of biogenic carbon in it, to be compared with the uptake."""


@shape
class Propagation(TypedDict):
    """How the uncertainty of the result is found from that of the numbers."""

    method: Literal["ANALYTIC", "MONTE_CARLO"]
    draws: NotRequired[Annotated[int, Field(ge=2, le=MOST_DRAWS)]]
    """Of MONTE_CARLO; 10,000 unless stated."""
    seed: NotRequired[Annotated[int, Field(ge=0, le=MOST_SEED)]]
    """Of MONTE_CARLO; 42 unless stated. The same seed gives the same draws."""


@shape
class LeftOut(TypedDict):
    """What the model leaves out on purpose, and what it would add at a guess."""

    name: Label
    process: NotRequired[Label]
    """The process that it would belong to."""
    value: Number
    """kg CO2e for the amount of the reference; not negative."""
    reason: NotRequired[Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH)]]


@shape
class CalculationRequest(TypedDict):
    """A process tree, loops allowed, and what to calculate from it."""

    reference: Reference
    processes: Annotated[list[Process], Field(min_length=1)]
    gwp_set: NotRequired[GwpSetCode]
    """AR6_100 unless stated."""
    snapshot: NotRequired[SnapshotReference]
    """A log size or an RFC 3339 instant; the present unless stated."""
    valid_on: NotRequired[Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]]
    """The day on which the factors must be valid."""
    purpose: NotRequired[Literal["PCF", "INVENTORY"]]
    """PCF unless stated."""
    strict: NotRequired[bool]
    """Refuse mixed GWP sets and suspended or outdated factors; false unless stated."""
    detail: NotRequired[Literal["SUMMARY", "FULL"]]
    """SUMMARY (the 100 largest processes and contributions) unless stated."""
    uncertainty: NotRequired[Propagation]
    """Nothing is said of the result's uncertainty without it."""
    gec_allowed: NotRequired[bool]
    """Whether contracts for electricity (certificates) may lower the result, which the
    rule that is applied decides; false unless stated."""
    data_quality: NotRequired[Assessment]
    """Nothing is said of the data behind the result without it."""
    cut_offs: NotRequired[Annotated[list[LeftOut], Field(max_length=MOST_CUT_OFFS)]]
    """Weighed against the result and answered beside it; never part of it."""
    store: NotRequired[bool]
    """Keep request, answer and receipt for the organisation of the key."""


_REQUEST: Final = TypeAdapter(CalculationRequest)


def parse(body: bytes) -> CalculationRequest:
    """Return the request in *body*, or all findings on its shape.

    Above 1 MiB the body is read in one pass, which does not see duplicate keys.
    """
    if len(body) > STRICT_LIMIT:
        return _parse_large(body)
    document = strict_json.loads(body)
    try:
        return _REQUEST.validate_python(document)
    except ValidationError as error:
        raise findings(error, document) from error


def _parse_large(body: bytes) -> CalculationRequest:
    try:
        return _REQUEST.validate_json(body)
    except ValidationError as error:
        # Malformed JSON is refused as such; anything else can be pointed into.
        raise findings(error, strict_json.loads(body)) from error
