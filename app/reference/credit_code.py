"""Unified social credit codes, GB 32100-2015, and the organisation codes in them."""

import re
from typing import Final

_SYMBOLS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE: Final = re.compile(rf"[{_SYMBOLS}]{{18}}")
_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
# Nine characters of GB 11714, the last of which checks those before.
_ORGANISATION: Final = slice(8, 17)
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_CHECKS: Final = "0123456789X0"


def check_digit(code: str) -> str:
    """Return the 18th character that belongs to the first 17 of *code*."""
    values = (_SYMBOLS.index(symbol) for symbol in code[:17])
    total = sum(a * b for a, b in zip(values, _WEIGHTS, strict=True))
    return _SYMBOLS[-total % 31]


def organisation_check_digit(code: str) -> str:
    """Return the ninth character that belongs to 8 of an organisation code."""
    # GB 11714 counts the letters on from 10, as base 36 does.
    values = (int(symbol, 36) for symbol in code[:8])
    total = sum(a * b for a, b in zip(values, _ORGANISATION_WEIGHTS, strict=True))
    return _ORGANISATION_CHECKS[11 - total % 11]


def is_valid(code: str) -> bool:
    """Tell whether *code* is spelt right and both of its check digits hold."""
    if not _CODE.fullmatch(code) or check_digit(code) != code[17]:
        return False
    organisation = code[_ORGANISATION]
    return organisation_check_digit(organisation) == organisation[8]
