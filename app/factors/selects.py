"""The description by which a factor is chosen, as it stands on the wire."""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from app.factors import search
from app.factors.candidates import Group
from app.factors.codes import as_code
from app.factors.ladder import Axis, Wanted
from app.factors.schemas import (
    CategoryText,
    FactorUnitText,
    RegionText,
    SearchText,
    SeriesId,
    SourceText,
)
from app.kit.errors import Invalid
from app.kit.schemas import Name, check_text, checked, refusal
from app.reference import categories

AxisText: TypeAlias = Literal["region", "year", "boundary", "technology"]
BoundaryText: TypeAlias = Literal[
    "CRADLE_TO_GATE",
    "CRADLE_TO_GRAVE",
    "GATE_TO_GATE",
    "GATE_TO_GRAVE",
    "USE_ONLY",
    "EOL_ONLY",
    "WELL_TO_TANK",
    "WELL_TO_WHEEL",
    "CBAM_SEE",
    "LIFE_CYCLE",
    "DIRECT",
    "NOT_STATED",
]
KindText: TypeAlias = Literal[
    "PCF", "TRANSPORT_SERVICE", "ENERGY", "EOL", "DIRECT_EF", "ENERGY_CO2_EF"
]
_SUBJECT: Final = ("product", "category", "q", "series")


class NothingSelected(Invalid):
    en = "A description states at least one of product, category, q and series."
    zh = "select 须至少给出 product、category、q、series 之一。"


class FallbackNotStated(Invalid):
    en = "{axis} cannot fall back: the description does not state it."
    zh = "select 未给出 {axis},因而无从放宽。"


class FallbackTwice(Invalid):
    en = "{axis} stands twice."
    zh = "{axis} 重复。"


@with_config(ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True))
class Select(TypedDict, total=False):
    """What the factor must be: all that is stated must match.

    At least one of `product`, `category`, `q` and `series` is stated. Chosen is the
    current version of exactly one factor in use; several are AMBIGUOUS_FACTOR.
    """

    product: Annotated[SearchText, checked(check_text)]
    """The whole name, in Chinese or English; capitals do not matter."""
    category: CategoryText
    """The code of a category; what lies below it is found too."""
    q: SearchText
    """Words to find, as in `GET /v1/factors`."""
    series: SeriesId
    """The `series` of a factor."""
    kind: KindText
    boundary: BoundaryText
    technology: Name
    """As the factor states it; capitals do not matter."""
    region: RegionText
    """The code of a region, or its six digits of GB/T 2260."""
    year: Annotated[int, Field(ge=1990, le=2100)]
    """The reference year."""
    unit: FactorUnitText
    """The unit of the value, or the declared unit of the product. Without it the factor
    is per unit of the line's dimension."""
    source: Annotated[SourceText, checked(check_text)]
    """The document number, or the publisher's whole name in either language."""
    fallback: Annotated[list[AxisText], Field(max_length=4)]
    """What may be relaxed, in this order; nothing unless stated. All of the first is
    tried before the second gives way by one step."""


def _coherent(select: Select) -> Select:
    try:
        _check(select)
    except Invalid as error:
        raise refusal(error) from error
    return select


def _check(select: Select) -> None:
    if not any(name in select for name in _SUBJECT):
        raise NothingSelected
    fallback = select.get("fallback", [])
    for place, axis in enumerate(fallback):
        pointer = f"/fallback/{place}"
        if axis not in select:
            raise FallbackNotStated(pointer=pointer, axis=axis)
        if axis in fallback[:place]:
            raise FallbackTwice(pointer=pointer, axis=axis)


Described: TypeAlias = Annotated[Select, AfterValidator(_coherent)]


def wanted(select: Select, **terms: Any) -> Wanted:  # noqa: ANN401 - its fields
    """Return what *select* asks of a factor, under the *terms* of who asks."""
    return Wanted(
        kind=select.get("kind"),
        boundary=select.get("boundary"),
        technology=select.get("technology"),
        source=select.get("source"),
        unit=select.get("unit"),
        region=select.get("region"),
        year=select.get("year"),
        fallback=tuple(Axis(each) for each in select.get("fallback", ())),
        **terms,
    )


def group(select: Select, asked: Wanted) -> Group:
    """Return what an index can answer of *select*, which asks for *asked*."""
    text = _folded(select.get("q"))
    code = None if text is None else as_code(text.upper())
    product = _folded(select.get("product"))
    texts = [text if code is None else None, product]
    queries = [search.query(each) for each in texts if each is not None]
    return Group(
        query=" & ".join(queries) or None,
        product=product,
        code=code,
        series=select.get("series"),
        labels=_labels(asked) or None,
        categories=_categories(select.get("category")),
        regions=_any_of("region", asked.regions),
        boundaries=_any_of("boundary", asked.boundaries),
        is_technology_asked=asked.technology is not None,
    )


def _folded(text: str | None) -> str | None:
    return None if text is None else " ".join(text.lower().split())


def _labels(asked: Wanted) -> tuple[str, ...]:
    exact = {"kind": asked.kind, "unit": asked.unit, "source": asked.source}
    if Axis.YEAR not in asked.fallback:
        exact["year"] = None if asked.year is None else str(asked.year)
    return tuple(f"{name}={each}" for name, each in exact.items() if each is not None)


def _any_of(name: str, values: Any) -> tuple[str, ...] | None:  # noqa: ANN401
    return tuple(f"{name}={each}" for each in values) or None


def _categories(code: str | None) -> tuple[str, ...] | None:
    if code is None:
        return None
    below = (each.code for each in categories.descendants(code))
    return tuple(f"category={each}" for each in (code, *below))
