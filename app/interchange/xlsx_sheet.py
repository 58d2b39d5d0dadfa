"""The XML of one sheet: a survey of its outline, and its cells as they stand."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from app.interchange.grid import Cell, CellKind, Line, Merged, letters
from app.interchange.refusals import BadFile, TooManyItems
from app.interchange.spreadsheet_text import decoded
from app.interchange.xlsx_dates import day_of_serial, day_of_text
from app.interchange.xlsx_parts import Strings
from app.interchange.xlsx_styles import Styles
from app.interchange.xml_parts import Attributes, Part

COLUMNS: Final = 200
MERGED: Final = 2_000
_LAST_ROW: Final = 1_048_576
_LAST_COLUMN: Final = 16_384
_TEXT: Final = 32_767
_DIGITS: Final = 10
_REF: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.ASCII)
# Nearly all cells stand here; reading their letters is most of the work otherwise.
_NEAR: Final = {letters(number): number for number in range(1, COLUMNS + 1)}
_TRUE: Final = frozenset({"1", "true"})
_CONTENT: Final = frozenset({"v", "f", "is"})


class SheetPart(Part):
    """Follows the places of rows and cells, which may be stated or implied."""

    # 20,000 rows of 58 cells with text in the cell take 3.5 million.
    limit = 5_000_000

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.row = 0
        self.column = 0
        self._row_text = ""

    def place_row(self, attributes: Attributes) -> None:
        """Move to the row that begins."""
        stated = attributes.get("r")
        row = self.row + 1 if stated is None else _number(stated)
        if not self.row < row <= _LAST_ROW:
            raise self.disordered()
        self.row, self.column = row, 0
        self._row_text = str(row)

    def place_cell(self, attributes: Attributes) -> None:
        """Move to the cell that begins."""
        stated = attributes.get("r")
        if stated is None:
            column, row = self.column + 1, self.row
        elif stated[-1:].isdecimal() and (
            near := _NEAR.get(stated.removesuffix(self._row_text))
        ):
            column, row = near, self.row
        else:
            column, row = self.place(stated)
        if row != self.row or not self.column < column <= _LAST_COLUMN:
            raise self.disordered()
        self.column = column

    def place(self, ref: str) -> tuple[int, int]:
        """Return column and row of a reference such as F12."""
        match = _REF.fullmatch(ref)
        if match is None:
            raise self.disordered()
        return _column(match[1]), int(match[2])

    def disordered(self) -> BadFile:
        """Return the refusal of a sheet whose places make no sense."""
        return BadFile(
            reason=f"rows or cells of {self.name} are out of order",
            reason_zh=f"{self.name} 的行或单元格次序混乱",
        )


class Survey(SheetPart):
    """What stands around the cells, and where the limits are exceeded."""

    elements = frozenset({"row", "c", "v", "f", "is", "col", "mergeCell"})

    def __init__(self, name: str, title: str, row_limit: int) -> None:
        super().__init__(name)
        self._title = title
        self._limit = row_limit
        self.rows = self.width = 0
        self.merged: list[Merged] = []
        self.hidden_columns: set[int] = set()
        self.filled: set[int] = set()
        """The columns with content below the first row that has any."""
        self._counted = 0

    def opened(self, name: str, attributes: Attributes) -> None:
        """Take note of an element."""
        if name == "c":
            self.place_cell(attributes)
        elif name in _CONTENT:
            self._content()
        elif name == "row":
            self.place_row(attributes)
        elif name == "col" and attributes.get("hidden") in _TRUE:
            first, last = (_number(attributes.get(each, "")) for each in ("min", "max"))
            self.hidden_columns.update(range(first, min(last, COLUMNS) + 1))
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def _content(self) -> None:
        if self.column > COLUMNS:
            raise self._too_many("columns", "列", COLUMNS)
        if self._counted != self.row:
            self._counted = self.row
            self.rows += 1
            # The headers' row comes on top of the limit.
            if self.rows > self._limit + 1:
                raise self._too_many("rows", "数据行", self._limit)
        self.width = max(self.width, self.column)
        if self.rows > 1:
            self.filled.add(self.column)

    def _merge(self, ref: str) -> None:
        if len(self.merged) == MERGED:
            raise self._too_many("merged ranges", "合并区域", MERGED)
        first, _, last = ref.partition(":")
        left, top = self.place(first)
        right, bottom = self.place(last or first)
        if left > COLUMNS:
            return
        self.merged.append(Merged(ref, top, bottom, left, right))

    def _too_many(self, what: str, what_zh: str, limit: int) -> TooManyItems:
        place = f"{self._title}!{letters(self.column)}{self.row}"
        return TooManyItems(what=what, what_zh=what_zh, place=place, limit=limit)


class Cells(SheetPart):
    """The cells of a sheet; `taken` hands over the rows that are complete."""

    elements = frozenset({"row", "c", "v", "f", "t", "rPh"})

    def __init__(
        self, name: str, strings: Strings, styles: Styles, *, from_1904: bool
    ) -> None:
        super().__init__(name)
        self._strings = strings
        self._styles = styles
        self._from_1904 = from_1904
        self._lines: list[Line] = []
        self._cells: dict[int, Cell] = {}
        self._hidden = False
        self._type = self._style = ""
        self._value: list[str] = []
        self._formula: list[str] | None = None
        self._reading: list[str] | None = None
        self._phonetic = False
        self._length = 0

    def taken(self) -> list[Line]:
        """Return the rows that were completed since the last call."""
        lines, self._lines = self._lines, []
        return lines

    def opened(self, name: str, attributes: Attributes) -> None:
        """Begin a row, a cell or what is in it."""
        if name == "c":
            self._begin_cell(attributes)
        elif name in {"v", "t"}:
            self._reading = None if self._phonetic else self._value
        elif name == "f":
            self._formula = self._reading = []
        elif name == "row":
            self.place_row(attributes)
            self._cells = {}
            self._hidden = attributes.get("hidden") in _TRUE
        elif name == "rPh":
            self._phonetic = True

    def closed(self, name: str) -> None:
        """End what `opened` began."""
        self._reading = None
        if name == "c":
            cell = self._cell()
            if cell:
                self._cells[self.column] = cell
        elif name == "row" and self._cells:
            self._lines.append(Line(self.row, self._cells, self._hidden))
        elif name == "rPh":
            self._phonetic = False

    def text(self, data: str) -> None:
        """Keep *data* if it belongs to a cell."""
        if self._reading is not None:
            self._reading.append(data)
            self._length += len(data)
            if self._length > _TEXT:
                place = f"{letters(self.column)}{self.row}"
                raise TooManyItems(
                    what="characters", what_zh="字符", place=place, limit=_TEXT
                )

    def _begin_cell(self, attributes: Attributes) -> None:
        self.place_cell(attributes)
        self._type = attributes.get("t", "n")
        self._style = attributes.get("s", "0")
        self._value = []
        self._formula = None
        self._length = 0

    def _cell(self) -> Cell | None:
        if self._formula is not None:
            return Cell(CellKind.FORMULA, "=" + decoded("".join(self._formula)))
        text = "".join(self._value)
        if not text:
            return None
        if self._type == "n":
            return self._number(text.strip())
        if self._type == "s":
            shared = self._strings[_number(text.strip())]
            return Cell(CellKind.TEXT, shared) if shared else None
        return _TYPES.get(self._type, _text_cell)(text)

    def _number(self, text: str) -> Cell:
        kind = self._styles.kind(self._style)
        if kind is CellKind.DATE:
            day = day_of_serial(text, from_1904=self._from_1904)
            return Cell(kind, day or text)
        return Cell(kind, text)


def _text_cell(text: str) -> Cell:
    return Cell(CellKind.TEXT, decoded(text))


_TYPES: Final[Mapping[str, Callable[[str], Cell]]] = {
    "b": lambda text: Cell(CellKind.BOOLEAN, "TRUE" if text in _TRUE else "FALSE"),
    "d": lambda text: Cell(CellKind.DATE, day_of_text(text)),
    "e": lambda text: Cell(CellKind.ERROR, text),
}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < _DIGITS):
        raise BadFile(
            reason="a place or reference is no number", reason_zh="位置或引用不是数字"
        )
    return int(text)


def _column(text: str) -> int:
    number = 0
    for letter in text:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
