"""Days as workbooks keep them: numbers from one of two epochs, or ISO 8601."""

import datetime as dt
import re
from typing import Final

# Number 60 is 29 February 1900, which never was: before it the count is one off, and
# nothing here is that old.
_EPOCH_1900: Final = dt.date(1899, 12, 30)
_FROM_1900: Final = 61
_EPOCH_1904: Final = dt.date(1904, 1, 1)
_LAST: Final = 2_958_465
_SERIAL: Final = re.compile(r"[0-9]{1,7}(\.0+)?", re.ASCII)
_MIDNIGHT: Final = re.compile(r"(.{10})T00:00(:00(\.0+)?)?Z?", re.DOTALL)


def day_of_serial(text: str, *, from_1904: bool) -> str | None:
    """Return the day of number *text*, or nothing if it has a time or is no date."""
    if not _SERIAL.fullmatch(text):
        return None
    days = int(text.partition(".")[0])
    if from_1904:
        return _day(_EPOCH_1904, days)
    return _day(_EPOCH_1900, days) if days >= _FROM_1900 else None


def day_of_text(text: str) -> str:
    """Return ISO 8601 *text* without a time that is midnight."""
    match = _MIDNIGHT.fullmatch(text)
    return match[1] if match else text


def _day(epoch: dt.date, days: int) -> str | None:
    if days > _LAST - 1_462:
        return None
    return (epoch + dt.timedelta(days=days)).isoformat()
