"""Decimals on the wire: strings, digit for digit.

Facts keep the digits they were stated with; computed values are rounded once, on
their way out.
"""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

from app.kit.errors import Invalid

DECIMAL_PATTERN: Final = r"^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?$"
# Of a request that is calculated: whatever a double is in decimals can be told again.
NUMBER_PATTERN: Final = r"^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,400})?$"
_MINUS_ZERO: Final = r"(?!-0(\.0+)?\Z)"
_DECIMAL: Final = re.compile(
    _MINUS_ZERO + DECIMAL_PATTERN.strip("^$") + r"\Z", re.ASCII
)
_NUMBER: Final = re.compile(_MINUS_ZERO + NUMBER_PATTERN.strip("^$") + r"\Z", re.ASCII)
_BEYOND: Final = 10**21
# What stands before the digits of a number below one, by its negative exponent.
_LEADING: Final = {f"{k:02}": "0." + "0" * (k - 1) for k in range(1, 325)}


class BadDecimal(Invalid):
    en = (
        'A decimal is a string of ASCII digits such as "12.50": at most 20 digits '
        "before and 18 after the point, no exponent, no leading zero, no minus zero."
    )
    zh = (
        '十进制数必须是 ASCII 数字字符串,例如 "12.50":小数点前最多 20 位、后最多 18 位,'
        "不含指数、前导零或负零。"
    )


class BadNumber(BadDecimal):
    code = "BAD_DECIMAL"
    en = (
        'A number is a string of ASCII digits such as "12.50", at most 20 before and '
        "400 after the point, no exponent, no leading zero, no minus zero, or a JSON "
        "number below 10^20."
    )
    zh = (
        '数值必须是 ASCII 数字字符串,例如 "12.50":小数点前最多 20 位、后最多 400 位,'
        "不含指数、前导零或负零;或为小于 10^20 的 JSON 数值。"
    )


def is_decimal(text: str) -> bool:
    """Tell whether *text* is a decimal by the grammar of the wire."""
    return _DECIMAL.match(text) is not None


def parse_decimal(text: str, pointer: str | None = None) -> Decimal:
    """Return the exact value of *text*, or refuse with `BadDecimal`."""
    if not is_decimal(text):
        raise BadDecimal(pointer=pointer)
    return Decimal(text)


def number_text(number: object, pointer: str | None = None) -> str:
    """Return the decimal text of a number in a calculation request.

    A JSON number is read as the shortest decimal of its double, which a string may
    state as well; anything else is refused with `BadNumber`.
    """
    text = ""
    if isinstance(number, str):
        text = number
    elif isinstance(number, int | float) and not isinstance(number, bool):
        # A longer integer would be refused as well, after a slow conversion.
        text = format(Decimal(repr(max(-_BEYOND, min(number, _BEYOND)))) + 0, "f")
    if _NUMBER.match(text):
        return text
    raise BadNumber(pointer=pointer)


def scaled(text: str, factor: Fraction) -> float:
    """Return the double nearest to the exact product of decimal *text* and *factor*.

    Division of two Python integers rounds correctly, so no intermediate rounds.
    """
    if factor == 1:
        return float(text)
    whole, _, decimals = text.partition(".")
    divisor: int = factor.denominator * 10 ** len(decimals)
    return int(whole + decimals) * factor.numerator / divisor


def rounded(value: float) -> str:
    """Return *value* in at most 12 significant digits, half-even, plain notation."""
    return plain(f"{value:.12g}")


def plain(text: str) -> str:
    """Return what `%.12g` wrote without exponent and without minus zero."""
    digits, _, exponent = text.partition("e-")
    if exponent:
        found = _LEADING[exponent] + digits.replace(".", "")
        return "-" + found.replace("-", "") if "-" in digits else found
    if "e" in text or "n" in text:
        return format(Decimal(text), "f")
    return "0" if text == "-0" else text
