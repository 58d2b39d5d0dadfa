"""The working days of mainland China, against the notices of the State Council."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reference.calendar import (
    YEARS,
    CalendarNotPublished,
    add_working_days,
    is_working_day,
)
from app.reference.tables import rows

DAYS = st.dates(dt.date(2025, 1, 1), dt.date(2026, 11, 1))


@pytest.mark.parametrize(
    ("year", "holidays", "made_up"), [(2025, 28, 5), (2026, 33, 6)]
)
def test_a_year_has_the_days_of_its_notice(
    year: int, holidays: int, made_up: int
) -> None:
    listed = [row for row in rows("working_days.csv") if row["year"] == str(year)]

    assert sum(row["is_working"] == "0" for row in listed) == holidays
    assert sum(row["is_working"] == "1" for row in listed) == made_up
    assert all(row["day"].startswith(f"{year}-") for row in listed)
    assert all(f"关于{year}年部分节假日安排的通知" in row["source"] for row in listed)


def test_a_made_up_day_is_at_a_weekend() -> None:
    for row in rows("working_days.csv"):
        if row["is_working"] == "1":
            assert dt.date.fromisoformat(row["day"]).isoweekday() > 5


@pytest.mark.parametrize(
    ("day", "is_working"),
    [
        ("2025-01-26", True),
        ("2025-01-27", True),
        ("2025-01-28", False),
        ("2025-02-04", False),
        ("2025-02-05", True),
        ("2025-04-27", True),
        ("2025-10-08", False),
        ("2025-10-11", True),
        ("2026-01-02", False),
        ("2026-01-04", True),
        ("2026-02-14", True),
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2026-05-09", True),
        ("2026-09-20", True),
        ("2026-10-07", False),
        ("2026-11-21", False),
        ("2026-11-24", True),
    ],
)
def test_a_day_is_worked_or_not(day: str, is_working: bool) -> None:  # noqa: FBT001
    assert is_working_day(dt.date.fromisoformat(day)) is is_working


@pytest.mark.parametrize(
    ("opened", "count", "closes"),
    [
        ("2026-11-24", 10, "2026-12-08"),
        ("2025-01-24", 5, "2025-02-07"),
        ("2026-09-30", 3, "2026-10-10"),
        ("2025-12-31", 1, "2026-01-04"),
        ("2026-02-15", 0, "2026-02-15"),
    ],
)
def test_working_days_are_counted_from_the_day_after(
    opened: str, count: int, closes: str
) -> None:
    closed = add_working_days(dt.date.fromisoformat(opened), count)

    assert closed == dt.date.fromisoformat(closes)


@given(DAYS, st.integers(1, 20), st.integers(1, 20))
def test_counting_twice_is_counting_the_sum(
    day: dt.date, first: int, second: int
) -> None:
    at_once = add_working_days(day, first + second)

    assert add_working_days(add_working_days(day, first), second) == at_once
    assert is_working_day(at_once)


def test_a_year_without_a_notice_is_refused() -> None:
    assert {2025, 2026} == YEARS
    with pytest.raises(CalendarNotPublished) as refused:
        add_working_days(dt.date(2026, 12, 25), 10)
    assert "2027" in refused.value.detail("en")
    assert "2027" in refused.value.detail("zh")
    with pytest.raises(CalendarNotPublished):
        is_working_day(dt.date(2024, 12, 31))
