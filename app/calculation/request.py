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

from app.calculation.shapes import (
    CategoryCode,
    GwpSetCode,
    KindCode,
    Label,
    Measured,
    Method,
    Number,
    Quantity,
    Spread,
    StageCode,
    UnitText,
    shape,
)
from app.factors.selects import Described
from app.kit import strict_json
from app.kit.errors import Invalid
from app.kit.validation import UnknownField, findings

STRICT_LIMIT: Final = 1024 * 1024
MOST_DRAWS: Final = 100_000
MOST_SEED: Final = 2**53 - 1  # the largest integer that every JSON reader keeps


@shape
class Output(Quantity):
    """What one run of a process makes; negative where it treats a waste."""

    value: NotRequired[Number]
    """Per stated unit: MJ for ENERGY, money for ECONOMIC; the weight for PHYSICAL."""


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


@shape
class InlineGas(TypedDict):
    """Mass of one gas behind an inline factor, in kg per unit of the factor."""

    gas: str
    mass_kg: Number


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


def _form(value: object) -> str:
    return "text" if isinstance(value, str) else "other"


FactorReference: TypeAlias = Annotated[
    Annotated[str, Field(max_length=40), Tag("text")]
    | Annotated[InlineFactor, Tag("other")],
    Discriminator(_form),
]
SnapshotReference: TypeAlias = Annotated[
    Annotated[str, Field(max_length=100), Tag("text")] | Annotated[int, Tag("other")],
    Discriminator(_form),
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


@shape
class Emission(TypedDict):
    """What one run emits; CO2_BIO_UPTAKE is stated positive and counted negative."""

    gas: str
    amount: Number
    unit: UnitText
    stage: NotRequired[StageCode]
    category: NotRequired[CategoryCode]
    uncertainty: NotRequired[Spread]


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


@shape
class Reference(TypedDict):
    """The product that the footprint is for."""

    process: Label
    amount: Number
    unit: UnitText


@shape
class Propagation(TypedDict):
    """How the uncertainty of the result is found from that of the numbers."""

    method: Literal["ANALYTIC", "MONTE_CARLO"]
    draws: NotRequired[Annotated[int, Field(ge=2, le=MOST_DRAWS)]]
    """Of MONTE_CARLO; 10,000 unless stated."""
    seed: NotRequired[Annotated[int, Field(ge=0, le=MOST_SEED)]]
    """Of MONTE_CARLO; 42 unless stated. The same seed gives the same draws."""


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
    store: NotRequired[bool]
    """Keep request, answer and receipt for the organisation of the key."""


class NotSupportedYet(Invalid):
    en = "This field is part of the design but not supported yet."
    zh = "此字段已在设计之中,但尚未支持。"


_REQUEST: Final = TypeAdapter(CalculationRequest)
_LATER: Final = frozenset({"data_quality"})


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
        raise _refusal(error, document) from error


def _parse_large(body: bytes) -> CalculationRequest:
    try:
        return _REQUEST.validate_json(body)
    except ValidationError as error:
        # Malformed JSON is refused as such; anything else can be pointed into.
        raise _refusal(error, strict_json.loads(body)) from error


def _refusal(error: ValidationError, document: object) -> Invalid:
    found = findings(error, document)
    found.errors = tuple(
        NotSupportedYet(pointer=each.pointer) if _is_later(each) else each
        for each in found.errors
    )
    return found


def _is_later(finding: Invalid) -> bool:
    field = (finding.pointer or "").rpartition("/")[2]
    return isinstance(finding, UnknownField) and field in _LATER
