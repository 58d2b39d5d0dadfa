"""Days and years in cells: every way of writing one that has a single meaning."""

import datetime as dt
import re
from typing import Final

from app.interchange.cell_findings import AmbiguousDate, BadDate, BadYear
from app.interchange.spreadsheet_text import shown

_YEAR: Final = r"(?P<year>[1-9][0-9]{3})"
_MONTH: Final = r"(?P<month>[0-9]{1,2})"
_DAY: Final = r"(?P<day>[0-9]{1,2})"
_DAYS: Final = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"{_YEAR}-{_MONTH}-{_DAY}",
        rf"{_YEAR}/{_MONTH}/{_DAY}",
        rf"{_YEAR}\.{_MONTH}\.{_DAY}",
        rf"{_YEAR}\s*年\s*{_MONTH}\s*月\s*{_DAY}\s*[日号]",
    )
)
_MONTHS: Final = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"{_YEAR}-{_MONTH}",
        rf"{_YEAR}/{_MONTH}",
        rf"{_YEAR}\s*年\s*{_MONTH}\s*月",
    )
)
_YEARS: Final = re.compile(rf"{_YEAR}\s*年?", re.ASCII)
# Day and month in either order, a year of two digits, or digits alone.
_AMBIGUOUS: Final = re.compile(
    r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{2}|[0-9]{4})|[0-9]{6}|[0-9]{8}", re.ASCII
)


def year(text: str) -> int:
    """Return the year that *text* is."""
    match = _YEARS.fullmatch(text)
    if match is None:
        raise BadYear(text=shown(text))
    return int(match["year"])


def day(text: str) -> str:
    """Return the day that *text* names, as YYYY-MM-DD."""
    for form in _DAYS:
        match = form.fullmatch(text)
        if match:
            return _checked(text, match)
    if _AMBIGUOUS.fullmatch(text):
        raise AmbiguousDate(text=text)
    raise BadDate(text=shown(text))


def partial_day(text: str) -> str:
    """Return the day, month or year that *text* names."""
    match = _YEARS.fullmatch(text)
    if match:
        return match["year"]
    for form in _MONTHS:
        match = form.fullmatch(text)
        if match:
            return _checked(text, match)[:7]
    return day(text)


def _checked(text: str, match: re.Match[str]) -> str:
    parts = match.groupdict()
    stated = (int(parts["year"]), int(parts["month"]), int(parts.get("day") or 1))
    try:
        return dt.date(*stated).isoformat()
    except ValueError:
        raise BadDate(text=shown(text)) from None


def is_iso(text: str) -> bool:
    """Tell whether *text* is a day as a workbook keeps it."""
    return _DAYS[0].fullmatch(text) is not None
