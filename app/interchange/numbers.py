"""Decimals in cells: digit for digit, or named with what would be right."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from app.interchange.cell_findings import (
    DecimalComma,
    DigitsLost,
    Exponent,
    FullWidth,
    NotDecimal,
    Percentage,
    TenThousands,
    Thousands,
)
from app.interchange.spreadsheet_text import shown
from app.kit.decimals import is_decimal
from app.kit.errors import Invalid

# Spreadsheet programs keep 15 digits of what is typed. A number that needs 15 or more
# may have lost some; one that needs fewer is what was typed, but for zeros at the end.
_KEPT: Final = 15
_RAW: Final = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?")
_MYRIADS: Final = {"万": 4, "亿": 8, "千": 3, "百万": 6, "万亿": 12}
_SHORT: Final = 60
_Diagnosis = Callable[[re.Match[str]], Invalid | None]


def is_number(raw: str) -> bool:
    """Tell whether *raw* is what a workbook may hold for a number."""
    return _RAW.fullmatch(raw) is not None


def text_of_number(raw: str) -> str:
    """Return the digits of a number of which the file holds *raw*, or refuse.

    The shortest decimal of its double is what was typed: programs write 0.6205 as
    0.62050000000000005.
    """
    if not is_number(raw):
        raise NotDecimal(text=shown(raw))
    number = Decimal(repr(float(raw)))
    if not number.is_finite():
        raise NotDecimal(text=shown(raw))
    digits = number.normalize().as_tuple().digits
    if len(digits) >= _KEPT:
        raise DigitsLost(text=shown(raw))
    text = _plain(number)
    if not is_decimal(text):
        raise NotDecimal(text=shown(raw))
    return text


def decimal(text: str) -> str:
    """Return *text* if it is a decimal, else refuse with what would be right."""
    if is_decimal(text):
        return text
    raise _diagnosed(text)


def _diagnosed(text: str) -> Invalid:
    if len(text) > _SHORT:
        return NotDecimal(text=shown(text))
    half = unicodedata.normalize("NFKC", text).replace("。", ".").replace("−", "-")
    if half != text and is_decimal(half):
        return FullWidth(text=text, right=half)
    for pattern, diagnosis in _DIAGNOSES:
        match = pattern.fullmatch(half)
        found = diagnosis(match) if match else None
        if found:
            return found
    return NotDecimal(text=shown(text))


def _myriads(match: re.Match[str]) -> Invalid | None:
    right = _right(Decimal(match[1]).scaleb(_MYRIADS[match[2]]))
    return TenThousands(text=match[0], word=match[2], right=right) if right else None


def _thousands(match: re.Match[str]) -> Invalid | None:
    right = match[0].replace(",", "")
    return Thousands(text=match[0], right=right) if is_decimal(right) else None


def _comma(match: re.Match[str]) -> Invalid | None:
    return DecimalComma(text=match[0])


def _percentage(match: re.Match[str]) -> Invalid | None:
    ratio = _right(Decimal(match[1]).scaleb(-2))
    return Percentage(text=match[0], right=match[1], ratio=ratio) if ratio else None


def _exponent(match: re.Match[str]) -> Invalid | None:
    right = _right(Decimal(match[0]))
    return Exponent(text=match[0], right=right) if right else None


_PLAIN: Final = r"(-?[0-9]+(?:\.[0-9]+)?)"
_DIAGNOSES: Final[Sequence[tuple[re.Pattern[str], _Diagnosis]]] = (
    (re.compile(_PLAIN + r"\s*(万亿|百万|万|亿|千)"), _myriads),
    (re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?"), _thousands),
    (re.compile(r"-?[0-9]+,[0-9]+"), _comma),
    (re.compile(_PLAIN + r"\s*[%‰]"), _percentage),
    (re.compile(r"-?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}"), _exponent),
)


def _right(number: Decimal) -> str | None:
    text = _plain(number)
    return text if is_decimal(text) else None


def _plain(number: Decimal) -> str:
    """Return *number* without an exponent, and without a minus before zero."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
