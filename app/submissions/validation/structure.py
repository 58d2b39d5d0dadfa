"""Units, dates, digits, licence and evidence: what one content shows by itself."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

from app.factors.content import Content
from app.kit.clock import day
from app.reference import categories
from app.submissions.validation.contents import of_content
from app.submissions.validation.facts import Candidate, Facts
from app.submissions.validation.measures import FOOTPRINTS, factor_unit
from app.submissions.validation.rules import Breach, Check, Rule, Severity
from app.units.catalogue import unit

UNIT_DIMENSION: Final = Rule(
    id="UNIT_DIMENSION",
    severity=Severity.BLOCK,
    zh=(
        "{category} 类产品的足迹以 {default} 或可换算的单位为基准,"
        "不能以 {unit} 为基准;如有必要,请说明。"
    ),
    en=(
        "Footprints of {category} are stated per {default} or a unit that converts to "
        "it, not per {unit}; explain it where it has to be so."
    ),
    source="TanYin: the default units of the product categories",
    waivable=True,
)
PERIOD_ORDER: Final = Rule(
    id="PERIOD_ORDER",
    severity=Severity.BLOCK,
    zh="起始日 {first} 晚于截止日 {last}。",
    en="The first day, {first}, is after the last, {last}.",
    source="TanYin",
)
DATA_PERIOD_FUTURE: Final = Rule(
    id="DATA_PERIOD_FUTURE",
    severity=Severity.BLOCK,
    zh="数据期截止日 {last} 尚未到来。",
    en="The data period ends on {last}, which is still to come.",
    source="TanYin",
)
REFERENCE_YEAR_FUTURE: Final = Rule(
    id="REFERENCE_YEAR_FUTURE",
    severity=Severity.BLOCK,
    zh="基准年 {year} 尚未到来。",
    en="The reference year {year} is still to come.",
    source="TanYin",
)
REFERENCE_YEAR_OUTSIDE: Final = Rule(
    id="REFERENCE_YEAR_OUTSIDE",
    severity=Severity.BLOCK,
    zh="基准年 {year} 与数据期 {first} 至 {last} 相差超过 1 年。",
    en=(
        "The reference year {year} is more than a year outside the data period, "
        "{first} to {last}."
    ),
    source="TanYin",
    numbers={"years": "1"},
)
DIGITS_MANY: Final = Rule(
    id="DIGITS_MANY",
    severity=Severity.WARN,
    zh="数值有 {digits} 位有效数字,多于 6 位,超出通常的测量精度。",
    en="The value has {digits} significant digits; over 6 claim more than is measured.",
    source="TanYin",
    numbers={"digits": "6"},
)
DIGITS_FEW: Final = Rule(
    id="DIGITS_FEW",
    severity=Severity.WARN,
    zh="数值只有 {digits} 位有效数字,少于 2 位。",
    en="The value has {digits} significant digit; at least 2 are usual.",
    source="TanYin",
    numbers={"digits": "2"},
)
LICENCE_UNSTATED: Final = Rule(
    id="LICENCE_UNSTATED",
    severity=Severity.WARN,
    zh="许可“{licence}”没有说明使用者可以如何使用该因子。",
    en='The licence "{licence}" does not say what users may do with the factor.',
    source="TanYin",
)
EVIDENCE_MISSING: Final = Rule(
    id="EVIDENCE_MISSING",
    severity=Severity.WARN,
    zh="所有来源既无证据文件的 SHA-256,也无文号,他人无法查证。",
    en=(
        "No source has the SHA-256 of a piece of evidence or a document number by "
        "which others find it."
    ),
    source="TanYin",
)
RULES: Final[Sequence[Rule]] = (
    UNIT_DIMENSION,
    PERIOD_ORDER,
    DATA_PERIOD_FUTURE,
    REFERENCE_YEAR_FUTURE,
    REFERENCE_YEAR_OUTSIDE,
    DIGITS_MANY,
    DIGITS_FEW,
    LICENCE_UNSTATED,
    EVIDENCE_MISSING,
)

_YEARS: Final = int(REFERENCE_YEAR_OUTSIDE.numbers["years"])
_MOST: Final = int(DIGITS_MANY.numbers["digits"])
_LEAST: Final = int(DIGITS_FEW.numbers["digits"])
_NOTHING: Final = frozenset(
    {"-", "—", "/", "?", "无", "未知", "不详", "待定", "未说明", "none", "unknown"}
    | {"n/a", "na", "tbd", "null", "not stated"}
)


@of_content
def _unit_dimension(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    stated = factor_unit(content)
    if stated is None or content.kind not in FOOTPRINTS:
        return
    default = unit(categories.category(content.category).default_unit)
    if stated.per.dimension is not default.dimension:
        facts = {
            "category": content.category,
            "default": default.code,
            "unit": stated.per.code,
        }
        yield Breach(UNIT_DIMENSION, "/unit", facts)


@of_content
def _periods(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    stated = {"/validity": content.validity, "/data_period": content.data_period}
    for pointer, period in stated.items():
        if period and period.first and period.last and period.first > period.last:
            facts = {"first": period.first, "last": period.last}
            yield Breach(PERIOD_ORDER, pointer, facts)


@of_content
def _reference_year(content: Content, _: Candidate, facts: Facts) -> Iterator[Breach]:
    year = content.reference_year
    if year > facts.today.year:
        yield Breach(REFERENCE_YEAR_FUTURE, "/reference_year", {"year": year})
    period = content.data_period
    if period is None:
        return
    first, last = day(period.first), day(period.last)
    if last and last > facts.today:
        yield Breach(DATA_PERIOD_FUTURE, "/data_period/last", {"last": last})
    if _is_outside(year, first, last):
        shown = {"year": year, "first": first or "…", "last": last or "…"}
        yield Breach(REFERENCE_YEAR_OUTSIDE, "/reference_year", shown)


def _is_outside(year: int, first: dt.date | None, last: dt.date | None) -> bool:
    is_before = first is not None and year < first.year - _YEARS
    return is_before or (last is not None and year > last.year + _YEARS)


@of_content
def _digits(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    least, most = significant_digits(content.value)
    if factor_unit(content) is None or not least:
        return
    if least > _MOST:
        yield Breach(DIGITS_MANY, "/value", {"digits": least})
    if most < _LEAST:
        yield Breach(DIGITS_FEW, "/value", {"digits": most})


def significant_digits(text: str) -> tuple[int, int]:
    """Return at least and at most how many digits of decimal *text* are significant.

    Whether zeros at the end of a whole number are, nobody can tell.
    """
    digits = text.replace("-", "").replace(".", "").lstrip("0")
    certain = digits if "." in text else digits.rstrip("0")
    return len(certain), len(digits)


@of_content
def _licence(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    if content.licence.strip().casefold() in _NOTHING:
        yield Breach(LICENCE_UNSTATED, "/licence", {"licence": content.licence})


@of_content
def _evidence(content: Content, _: Candidate, __: Facts) -> Iterator[Breach]:
    if not any(s.evidence_sha256 or s.document_number for s in content.sources):
        yield Breach(EVIDENCE_MISSING, "/sources")


CHECKS: Final[Sequence[Check]] = (
    _unit_dimension,
    _periods,
    _reference_year,
    _digits,
    _licence,
    _evidence,
)
