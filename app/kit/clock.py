"""Instants: RFC 3339 in UTC."""

import datetime as dt
import re
from typing import Final

_SHANGHAI: Final = dt.timezone(dt.timedelta(hours=8))
_INSTANT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})\Z", re.ASCII
)


def instant_text(instant: dt.datetime) -> str:
    """Return *instant* as RFC 3339 in UTC with six fractional digits."""
    utc = instant.astimezone(dt.UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


def parse_instant(text: str) -> dt.datetime:
    """Return the instant that RFC 3339 *text* states; ValueError if it states none."""
    if not _INSTANT.match(text):
        raise ValueError("not an RFC 3339 instant")
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error


def now() -> dt.datetime:
    """Return the present instant in UTC."""
    return dt.datetime.now(dt.UTC)


def day(text: str | None) -> dt.date | None:
    """Return the day that a checked *text* states."""
    return None if text is None else dt.date.fromisoformat(text)


def today(instant: dt.datetime) -> dt.date:
    """Return the day of *instant* in Asia/Shanghai, which has no summer time."""
    return instant.astimezone(_SHANGHAI).date()
