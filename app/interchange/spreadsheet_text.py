"""Text as it goes into cells and comes out of them."""

import re
from typing import Final

_SHOWN: Final = 60
# Workbooks write characters that XML cannot hold as _xHHHH_, and such text with a
# coded underscore. Halves of surrogate pairs stay as they are: they are no characters.
_CODED: Final = re.compile(r"_x(?![Dd][89A-Fa-f])([0-9A-Fa-f]{4})_")
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")


def shown(text: str) -> str:
    """Return *text* cut to what a finding repeats."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def decoded(text: str) -> str:
    """Return *text* with the `_xHHHH_` of workbooks as the characters they name."""
    if "_x" not in text:
        return text
    return _CODED.sub(lambda match: chr(int(match[1], 16)), text)


def coded(text: str) -> str:
    """Return *text* so that XML can hold it and `decoded` gives it back."""
    if "_x" in text:
        text = _CODED.sub(lambda match: f"_x005F{match[0]}", text)
    if text.isprintable():
        return text
    return _UNWRITABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
