"""What reading factors answers, and what a search may ask."""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.factors import search
from app.factors.content import (
    GasMass,
    GwpBasis,
    Period,
    Property,
    Range,
    Scores,
    StageValue,
    Verification,
    Year,
)
from app.factors.listing import Sort
from app.kit.errors import Invalid
from app.kit.schemas import (
    NAME_LENGTH,
    DecimalText,
    Flag,
    Schema,
    checked,
    refusal,
)
from app.kit.validation import BadValue
from app.reference import categories, gases, regions
from app.reference.enums import (
    Boundary,
    FactorKind,
    Representativeness,
    Road,
    VersionStatus,
)
from app.reference.tables import shown
from app.sources.schemas import Sha256Hex
from app.units import catalogue
from app.units.catalogue import UnknownUnit
from app.units.factor_unit import (
    UnknownFactorUnit,
    parse_factor_unit,
    parse_parameter_unit,
)

_DIGITS: Final = re.compile(r"(0|[1-9][0-9]*)\Z", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)


class NothingToFind(BadValue):
    code = "BAD_VALUE"
    en = "There is no letter, digit or Han character to search for."
    zh = "检索内容中没有可供检索的文字、字母或数字。"


def _digits(value: object) -> object:
    """Refuse what Pydantic would also read as an integer, such as 1_0 or +1."""
    if isinstance(value, str) and not _DIGITS.match(value):
        raise PydanticCustomError("int_parsing", "not an integer")
    return value


def _day(value: object) -> object:
    if isinstance(value, str) and not _DAY.match(value):
        raise PydanticCustomError("date_parsing", "not a day")
    return value


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def read_as(read: Callable[[str], str]) -> AfterValidator:
    """Return the validator that puts what *read* makes of a parameter in its place."""

    def validate(text: str) -> str:
        try:
            return read(text)
        except Invalid as error:
            raise refusal(error) from error

    return AfterValidator(validate)


def _check_terms(text: str) -> None:
    if not search.query(text):
        raise NothingToFind


def _region(code: str) -> str:
    return _BY_GB2260.get(code) or regions.region(code).code


def _unit(text: str) -> str:
    """Return the canonical code of a factor's, a parameter's or a declared unit."""
    if "/" not in text.replace("／", "/") and text not in {"1", "%"}:
        return catalogue.unit(text).code
    with suppress(UnknownFactorUnit):
        return parse_factor_unit(text, gases.GAS_CODES).code
    try:
        return parse_parameter_unit(text).code
    except Invalid:
        raise UnknownUnit(text=shown(text)) from None


# Parameters of a query arrive as text.
DIGITS: Final = BeforeValidator(_digits)
_Code = Annotated[str, Field(max_length=100), AfterValidator(_composed)]
_Text = Annotated[str, Field(max_length=NAME_LENGTH), AfterValidator(_composed)]
_BY_GB2260: Final = {
    each.gb2260: each.code for each in regions.regions() if each.gb2260 is not None
}
# What describes a factor, in a search and in a calculation alike.
SearchText = Annotated[_Text, checked(_check_terms), Field(examples=["电解铝"])]
CategoryText = Annotated[
    _Code, checked(categories.category), Field(examples=["ELECTRICITY"])
]
RegionText = Annotated[_Code, read_as(_region), Field(examples=["CN-GD"])]
FactorUnitText = Annotated[_Code, read_as(_unit), Field(examples=["kWh"])]
SourceText = Annotated[_Text, Field(min_length=1, examples=["公告 2025年第3号"])]
FactorCode = Annotated[
    str,
    Field(
        json_schema_extra={"pattern": r"^CNF-[0-9]{2}-[0-9]{6}-[0-9]{2}$"},
        examples=["CNF-01-000001-14"],
    ),
]
Instant = Annotated[
    str,
    Field(
        json_schema_extra={"format": "date-time"},
        examples=["2026-11-24T08:00:00.000000Z"],
    ),
]
SeriesId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class Label(Schema):
    """A name in Chinese and in English."""

    zh: str
    en: str


class CitationRead(Schema):
    """The document that states a figure, and the place in it."""

    title: str
    publisher: Label
    document_number: str | None
    date: str | None
    """Date of publication, as exactly as it is known."""
    locator: str | None
    """Page, table, annex or record."""
    url: str | None
    evidence_sha256: Sha256Hex | None


class FactorRead(Schema):
    """A factor version as it stands at the snapshot.

    What was recorded is answered as it is, not judged again.
    """

    code: FactorCode
    version: int
    status: VersionStatus
    kind: FactorKind
    name: Label
    value: DecimalText
    unit: Annotated[str, Field(examples=["kgCO2e/kWh"])]
    gwp_set: GwpBasis
    gases: tuple[GasMass, ...]
    boundary: Boundary
    region: str
    reference_year: Year
    year_basis: Literal["STATED", "PUBLICATION"]
    category: str
    series: SeriesId
    """The factors that differ from this one only by reference year."""
    source: CitationRead
    """The document that states the value; `sources` has all of them."""
    verification: Verification
    road: Road
    unreviewed: bool
    """True for a figure taken over from a publication without a review."""
    validity: Period
    uncertainty: Range | None
    data_quality: Scores | None
    licence: str
    citation: str
    """A ready sentence to cite this version by."""
    content_sha256: Sha256Hex
    record_sha256: Sha256Hex
    """SHA-256 of the bytes that `…/record` answers."""
    leaf_hash: Sha256Hex
    log_index: int
    recorded_at: Instant
    technology: str | None
    representativeness: Representativeness
    properties: tuple[Property, ...]
    stages: tuple[StageValue, ...]
    allocation: str | None
    cut_off: str | None
    derivation: tuple[str, ...]
    owner: Label | None
    change_reason: str | None
    note: str | None
    data_period: Period | None
    sources: tuple[CitationRead, ...]


class FactorPage(Schema):
    """Factor versions in order, as they stand at the snapshot."""

    items: tuple[FactorRead, ...]
    snapshot: int
    next_cursor: str | None
    """What continues the list; null at its end. The header Link has it as well."""


class FacetCount(Schema):
    """A value, written as its filter takes it, and how many hits have it."""

    value: str
    count: int


class Facets(Schema):
    """The hits counted by their properties, the most frequent value first."""

    kind: tuple[FacetCount, ...]
    category: tuple[FacetCount, ...]
    region: tuple[FacetCount, ...]
    year: tuple[FacetCount, ...]
    unit: tuple[FacetCount, ...]
    boundary: tuple[FacetCount, ...]
    source: tuple[FacetCount, ...]
    status: tuple[FacetCount, ...]


class FacetedPage(FactorPage):
    """A page with the number of all hits and their counts by property."""

    total: int
    total_is_capped: bool
    """True where there are more hits; then the facets count those recorded first."""
    facets: Facets


class SeriesMember(Schema):
    """The factor of one year, and how it differs from the year before it."""

    reference_year: int
    code: FactorCode
    version: int
    status: VersionStatus
    value: DecimalText
    unit: str
    gwp_set: GwpBasis
    since: int | None
    """The year compared with: the latest before that is not void in a like unit."""
    change: str | None
    """Value minus that of `since`, in this member's unit."""
    relative_change: str | None
    """The change divided by the absolute value of `since`; null where that is zero."""


class SeriesRead(Schema):
    """Factors that differ only by reference year, the earliest first."""

    id: SeriesId
    name: Label
    kind: FactorKind
    category: str
    region: str
    boundary: Boundary
    technology: str | None
    representativeness: Representativeness
    publisher: Label
    members: tuple[SeriesMember, ...]


class PageQuery(Schema):
    """Which part of a list is asked for."""

    # The route refuses unknown parameters itself: others than these may be declared.
    model_config = ConfigDict(extra="ignore", strict=False)

    limit: Annotated[int, Field(ge=1, le=500), DIGITS] = 50
    cursor: Annotated[str, Field(max_length=500)] | None = None
    """The `next_cursor` of the page before, with the same other parameters."""


class FactorSearch(PageQuery):
    """Filters; all that are given must hold."""

    q: SearchText | None = None
    """Words to find in name, category, region, technology and unit; all of them. Han
    text is found inside words, Latin words by their beginning. Or a factor code."""
    category: CategoryText | None = None
    """The code of a category; what lies below it is found too."""
    region: RegionText | None = None
    """The code of a region, or its six digits of GB/T 2260."""
    year: Annotated[int, Field(ge=1990, le=2100), DIGITS] | None = None
    """The reference year."""
    valid_on: Annotated[dt.date, BeforeValidator(_day)] | None = None
    """A day, in Asia/Shanghai, that lies in the period of validity."""
    unit: FactorUnitText | None = None
    """The unit of the value, or the declared unit of the product."""
    boundary: Boundary | None = None
    """The part of the life cycle that the value covers."""
    kind: FactorKind | None = None
    """What the factor measures."""
    series: SeriesId | None = None
    """The `series` of a factor."""
    source: SourceText | None = None
    """The document number, or the publisher's whole name in either language."""
    status: VersionStatus | None = None
    """The status at the snapshot. SUPERSEDED finds nothing: lists hold the current
    version of each factor."""
    sort: Sort | None = None
    """`relevance` unless there is no `q`, then `code`."""
    facets: Flag = False
    """Count all hits, by property."""
