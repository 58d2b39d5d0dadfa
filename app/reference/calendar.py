"""The working days of mainland China, as the State Council arranges each year."""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.kit.errors import Conflict
from app.reference.tables import rows

_SATURDAY: Final = 5
_ONE: Final = dt.timedelta(days=1)


class CalendarNotPublished(Conflict):
    en = "The working days of {year} are not loaded, so none can be counted in it."
    zh = "尚未载入 {year} 年的工作日安排,无法计算。"


_EXCEPTIONS: Final[Mapping[dt.date, bool]] = MappingProxyType(
    {
        dt.date.fromisoformat(row["day"]): row["is_working"] == "1"
        for row in rows("working_days.csv")
    }
)
YEARS: Final = frozenset(int(row["year"]) for row in rows("working_days.csv"))


def is_working_day(day: dt.date) -> bool:
    """Tell whether *day* is worked; raises `CalendarNotPublished`."""
    if day.year not in YEARS:
        raise CalendarNotPublished(year=day.year)
    return _EXCEPTIONS.get(day, day.weekday() < _SATURDAY)


def add_working_days(day: dt.date, count: int) -> dt.date:
    """Return the *count*-th working day after *day*; raises `CalendarNotPublished`."""
    while count > 0:
        day += _ONE
        count -= is_working_day(day)
    return day
