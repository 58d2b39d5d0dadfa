"""The answer of a calculation as it stands on the wire."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from app.calculation.printed import Bilingual, Computed
from app.calculation.request import CalculationRequest
from app.calculation.shapes import GwpSetCode
from app.calculation.supplements import (
    BiogenicAnswer,
    CutOff,
    ElectricityAnswer,
    ExpandedLine,
    QualityOfResult,
    UncertaintyOfResult,
)
from app.factors.traces import Trace
from app.kit.schemas import document
from app.reference.enums import GhgCategory
from app.reference.stages import Stage


@document
class Per(TypedDict):
    """The product that a result is for."""

    amount: str
    unit: str
    process: str


@document
class Result(TypedDict):
    """The headline."""

    value: Computed
    unit: Literal["kgCO2e"]
    per: Per
    excluding_uptake: Computed
    """The value without BIO_REMOVAL."""


@document
class StagePart(TypedDict):
    """The part of a result that falls into one life-cycle stage."""

    stage: Stage
    value: Computed


@document
class GasPart(TypedDict):
    """The part of a result that one gas causes."""

    gas: str
    """A gas, or CO2E_UNSPLIT for what is known as CO2e alone."""
    mass_kg: Computed | None
    co2e: Computed


@document
class CategoryPart(TypedDict):
    """The part of a result in one category; the categories are exclusive."""

    category: GhgCategory
    value: Computed


@document
class ProcessPart(TypedDict):
    """One process; directs add up to the result, totals overlap."""

    id: str
    name: str | None
    via: str | None
    """The previous process on the shortest path from the reference."""
    stage: Stage
    activity_level: Computed
    """How many of its stated runs the result takes."""
    direct: Computed
    """Own emissions and factor lines."""
    upstream: Computed
    """The footprint of what it takes from other processes."""
    total: Computed
    share: Computed | None
    """The total's; null where the result is zero."""


@document
class Contribution(TypedDict):
    """One emission or factor line, over all ways in which it is reached."""

    pointer: str
    process: str
    via: str | None
    """As of the process."""
    stage: Stage
    factor: str | None
    """`CODE@n` or the name of an inline factor; null for an emission."""
    gas: str | None
    """Null for a factor line."""
    amount: Computed
    """What the result takes in all, in the stated unit."""
    unit: str
    value: Computed
    share: Computed | None


@document
class Rest(TypedDict):
    """The contributions that are not listed."""

    count: int
    value: Computed


@document
class UsedSource(TypedDict):
    """The document that states a used factor."""

    title: str
    publisher: Bilingual
    document_number: str | None
    date: str | None
    locator: str | None
    url: str | None
    evidence_sha256: str | None


@document
class UsedFactor(TypedDict):
    """A factor version that the request names or describes."""

    code: str
    version: int
    name: Bilingual
    value: str
    unit: str
    source: UsedSource
    record_sha256: str
    log_index: int
    trace: list[Trace] | None
    """How each `select` that came to this version did; null where it is named."""


@document
class CalculationWarning(TypedDict):
    """Something worth knowing; `count` lines are concerned, the first at `pointer`."""

    code: str
    pointer: str
    count: int
    detail: Bilingual


@document
class UsedRecord(TypedDict):
    """A pinned version and the SHA-256 of its record."""

    pin: Annotated[str, Field(max_length=40, examples=["CNF-01-000001-14@1"])]
    record_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@document
class Receipt(TypedDict):
    """What a result was made of, signed with the key of the log."""

    id: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    """The first half of SHA-256 over request digest, snapshot and engine."""
    records: list[UsedRecord]
    """The records that the request names, sorted by code; the note has their digest."""
    note: Annotated[str, Field(max_length=65536)]
    """A signed note (C2SP): the lines, an empty line, one line for each key."""


@document
class CalculationAnswer(TypedDict):
    """A footprint and all that it is made of."""

    result: Result
    by_stage: list[StagePart]
    by_gas: list[GasPart]
    by_category: list[CategoryPart]
    processes: list[ProcessPart]
    """By falling magnitude of the total; SUMMARY lists the 100 largest."""
    contributions: list[Contribution]
    """By falling magnitude, ties by pointer; SUMMARY lists the 100 largest."""
    rest: Rest
    factors: list[UsedFactor]
    pins: list[str]
    request_pinned: CalculationRequest
    """The request with factors, snapshot and GWP set pinned, to repeat it any day.

    In canonical form (RFC 8785, amounts as strings): the receipt has its SHA-256.
    """
    uncertainty: UncertaintyOfResult | None
    """Null where the request does not ask for it."""
    expansions: list[ExpandedLine] | None
    """What macros became; null where there is none."""
    electricity: ElectricityAnswer | None
    """Null where no input says what its electricity rests on."""
    biogenic: BiogenicAnswer | None
    """Null where nothing is biogenic."""
    data_quality: QualityOfResult | None
    """Null where the request does not ask for it."""
    cut_off: CutOff | None
    """Null where the request states none."""
    warnings: list[CalculationWarning]
    gwp_set: GwpSetCode
    snapshot: int
    engine: str
    receipt: Receipt | None
    """Null where the service has no key to sign with."""
    id: str | None
    """Under which it is kept, with `store`; null otherwise."""


@document
class CheckAnswer(TypedDict):
    """What `check=true` answers where nothing is wrong."""

    errors: Annotated[list[str], Field(max_length=0)]
    warnings: list[CalculationWarning]
    snapshot: int
