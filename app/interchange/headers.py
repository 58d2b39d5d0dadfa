"""The row of headers: which column of a sheet states what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.interchange.columns import BY_HEADER, COLUMNS, Column
from app.interchange.grid import Cell, CellKind, Line, Outline, letters
from app.interchange.nearest import Nearest
from app.interchange.refusals import (
    BadHeader,
    HeaderMissing,
    HeaderNotText,
    HeaderTwice,
    HeaderUnknown,
)
from app.interchange.spreadsheet_text import shown
from app.interchange.vocabularies import fold
from app.kit.formulas import unescaped

_FOLDED: Final = 200
_NEAREST: Final = Nearest(BY_HEADER)


@dataclass(frozen=True, slots=True)
class Headers:
    """The columns of a sheet by their number, and their numbers by key."""

    row: int
    columns: Mapping[int, Column]
    numbers: Mapping[str, int]

    def letter(self, key: str) -> str:
        """Return the letters of the column *key*, "" if the sheet has none."""
        return letters(self.numbers.get(key, 0))


def known_headers(line: Line) -> int:
    """Return how many cells of *line* are headers of the template."""
    return sum(_column(cell) is not None for cell in line.cells.values())


def read_headers(line: Line, outline: Outline) -> Headers:
    """Return the headers in *line*, or refuse the file."""
    _check_merged(line, outline)
    columns: dict[int, Column] = {}
    numbers: dict[str, int] = {}
    for number, cell in line.cells.items():
        column = _column(cell)
        if column is None:
            raise _unknown(cell, f"{letters(number)}{line.number}", outline.name)
        if column.key in numbers:
            raise HeaderTwice(
                header=column.header,
                first=letters(numbers[column.key]),
                second=letters(number),
                sheet=outline.name,
            )
        columns[number] = column
        numbers[column.key] = number
    check_complete(numbers, outline.name)
    return Headers(line.number, columns, numbers)


def check_complete(numbers: Mapping[str, int], sheet: str) -> None:
    """Refuse a sheet without a header that every row needs."""
    needed = [each for each in COLUMNS if each.required and each.key not in numbers]
    if needed:
        missing = "; ".join(each.header for each in needed)
        raise HeaderMissing(sheet=sheet, missing=missing)


def _column(cell: Cell) -> Column | None:
    if cell.kind is not CellKind.TEXT:
        return None
    return BY_HEADER.get(fold(unescaped(cell.text.strip())[:_FOLDED]))


def _check_merged(line: Line, outline: Outline) -> None:
    for each in outline.merged:
        if each.first_row <= line.number <= each.last_row:
            raise HeaderNotText(sheet=outline.name, place=each.ref)


def _unknown(cell: Cell, place: str, sheet: str) -> BadHeader:
    if cell.kind is not CellKind.TEXT:
        return HeaderNotText(sheet=sheet, place=place)
    near = _NEAREST.find(fold(cell.text[:_FOLDED]))
    return HeaderUnknown(
        header=shown(cell.text),
        place=place,
        sheet=sheet,
        nearest=(BY_HEADER[near] if near else COLUMNS[0]).header,
    )
