"""Which styles of a workbook show a number as a date or as a percentage."""

import re
from typing import Final

from app.interchange.grid import CellKind
from app.interchange.xml_parts import Attributes, Part

# ECMA-376 part 1, 18.8.30; 27 to 36 and 50 to 58 are dates in Chinese versions.
_DATES: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48)}) | frozenset(
    range(50, 59)
)
_PERCENTS: Final = frozenset({9, 10})
# What a format shows as it stands: quoted, escaped, padded, colours and conditions.
_LITERAL: Final = re.compile(
    r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE
)


class Styles(Part):
    """The kinds that numbers have by the number of their style."""

    elements = frozenset({"numFmt", "cellXfs", "xf"})
    # Programs write up to 64,000 styles of a few elements each.
    limit = 300_000

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._formats: dict[str, CellKind] = {}
        self._kinds: list[CellKind] = []
        self._inside = False

    def opened(self, name: str, attributes: Attributes) -> None:
        """Take note of a format or of a style that uses one."""
        if name == "numFmt":
            code = attributes.get("formatCode", "")
            self._formats[attributes.get("numFmtId", "")] = _kind_of_code(code)
        elif name == "cellXfs":
            self._inside = True
        elif name == "xf" and self._inside:
            self._kinds.append(self._kind(attributes.get("numFmtId", "0")))

    def closed(self, name: str) -> None:
        """Leave the list of the styles of cells."""
        if name == "cellXfs":
            self._inside = False

    def kind(self, style: str) -> CellKind:
        """Return what a number with *style* is shown as."""
        number = int(style) if style.isdecimal() and style.isascii() else 0
        return self._kinds[number] if number < len(self._kinds) else CellKind.NUMBER

    def _kind(self, number: str) -> CellKind:
        if number in self._formats:
            return self._formats[number]
        known = int(number) if number.isdecimal() else 0
        if known in _DATES:
            return CellKind.DATE
        return CellKind.PERCENT if known in _PERCENTS else CellKind.NUMBER


def _kind_of_code(code: str) -> CellKind:
    bare = _LITERAL.sub("", code).lower()
    if "%" in bare:
        return CellKind.PERCENT
    is_date = bool(set(bare) & set("ymdhs")) and "general" not in bare
    return CellKind.DATE if is_date else CellKind.NUMBER
