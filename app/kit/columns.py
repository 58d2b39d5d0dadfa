"""Columns of decimals, read and written many at once.

Each function gives, digit for digit and bit for bit, what its counterpart in
`decimals` gives for a single value.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np
import numpy.typing as npt

from app.kit.decimals import number_text, plain

Ints: TypeAlias = npt.NDArray[np.intp]
Floats: TypeAlias = npt.NDArray[np.float64]
_Columns = TypeVar("_Columns", bound=tuple[Any, ...])

_LINE_FEED, _POINT, _MINUS, _ZERO, _NINE = np.frombuffer(b"\n.-09", dtype=np.uint8)
_MOST_DIGITS: Final = 18  # which always fit into 64 bits
_FIVES: Final = np.array([float(5**k) for k in range(23)])
_TENS: Final = np.array([float(10**k) for k in range(23)])  # exact, and no further
_EXACT: Final = 2.0**53
# Between these %g writes no exponent, and no minus before a zero.
_PLAIN_FROM: Final = 1e-4
_PLAIN_BELOW: Final = 999_999_999_999


class Decimals(NamedTuple):
    """Each is an integer in `digits` over ten to the power of `places`.

    `digits` are Python's own integers where one of them needs more than 64 bits.
    """

    digits: npt.NDArray[Any]
    places: Ints

    def scaled(self, factors: Sequence[Fraction], which: Ints) -> Floats:
        """Return the doubles nearest to each decimal times its factor."""
        above = np.array([float(each.numerator) for each in factors])[which]
        below = np.array([float(each.denominator) for each in factors])[which]
        above *= self.digits.astype(np.float64)
        power = np.minimum(self.places, len(_TENS) - 1)
        exact = (np.abs(above) < _EXACT) & (below * _FIVES[power] < _EXACT)
        # Both operands are exact, so the division is the only rounding.
        values: Floats = above / (below * _TENS[power])
        for number in np.flatnonzero(~exact | (power < self.places)).tolist():
            factor = factors[which[number]]
            divisor = factor.denominator * 10 ** int(self.places[number])
            values[number] = int(self.digits[number]) * factor.numerator / divisor
        return values


def joined(parts: Sequence[Any]) -> Any:  # noqa: ANN401 - columns of any shape
    """Return the columns of all *parts*, one part below the other."""
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    return parts[0].__class__(*map(joined, zip(*parts, strict=True)))


def reordered(columns: _Columns, order: Ints) -> _Columns:
    """Return *columns* with their rows in *order*."""
    moved = [
        each[order] if isinstance(each, np.ndarray) else reordered(each, order)
        for each in columns
    ]
    return columns.__class__(*moved)


def read_decimals(numbers: Sequence[object]) -> Decimals:
    """Return the column of *numbers*, each of which `number_text` accepts.

    Raises `BadDecimal` for what it refuses.
    """
    column = _read_plain(numbers)
    return _read_singly(numbers) if column is None else column


def _read_plain(numbers: Sequence[object]) -> Decimals | None:
    """Return the column; None unless all are decimals, of at most 18 digits."""
    lines = _lines(numbers)
    characters = np.frombuffer(lines.encode(), dtype=np.uint8)
    ends = np.flatnonzero(characters == _LINE_FEED)
    if len(ends) != len(numbers):
        return None
    starts = np.append(0, ends[:-1] + 1)[: len(ends)]
    is_negative = characters[starts] == _MINUS
    starts += is_negative
    points = np.flatnonzero(characters == _POINT)
    owners = np.searchsorted(ends, points)
    whole, places = ends - starts, np.zeros_like(ends)
    places[owners] = ends[owners] - points - 1
    whole[owners] = points - starts[owners]
    # Whatever else stands in a line makes it longer than it has digits.
    is_digit = (characters >= _ZERO) & (characters <= _NINE)
    stray = is_digit.sum() != (whole + places).sum()
    bad = (whole < 1) | (whole + places > _MOST_DIGITS)
    bad |= (characters[starts] == _ZERO) & (whole > 1)
    bad[owners] |= places[owners] < 1
    if stray or bad.any():
        return None
    digits = np.fromstring(lines.replace(".", ""), dtype=np.int64, sep="\n")
    return None if (is_negative & (digits == 0)).any() else Decimals(digits, places)


def _lines(numbers: Sequence[object]) -> str:
    try:
        return "\n".join(cast("Sequence[str]", numbers)) + "\n"
    except TypeError:
        # A double prints as its shortest decimal, or with letters, which are none.
        texts = [each if isinstance(each, str) else repr(each) for each in numbers]
        return "\n".join(texts) + "\n"


def _read_singly(numbers: Sequence[object]) -> Decimals:
    parts = [number_text(each).partition(".") for each in numbers]
    digits = [int(whole + decimals) for whole, _, decimals in parts]
    is_small = all(abs(each) < 10**_MOST_DIGITS for each in digits)
    return Decimals(
        np.array(digits, dtype=np.int64 if is_small else object),
        np.array([len(decimals) for *_, decimals in parts], dtype=np.intp),
    )


def rounded_column(values: Floats) -> list[str]:
    """Return `rounded` of each value."""
    numbers = values.tolist()
    printed = "%.12g\n" * len(numbers) % tuple(numbers)
    texts = printed.splitlines()
    if not any(odd in printed for odd in ("e", "n", "-0\n")):
        return texts
    sizes = np.abs(values)
    is_plain = (sizes >= _PLAIN_FROM) & (sizes < _PLAIN_BELOW)
    for number in np.flatnonzero(~is_plain).tolist():
        texts[number] = plain(texts[number])
    return texts
