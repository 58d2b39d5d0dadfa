"""From one cell to the value of a field, or to what is wrong with the cell."""

import unicodedata
from collections.abc import Callable
from typing import Final

from app.interchange import days, numbers
from app.interchange.cell_findings import (
    BooleanCell,
    DateCell,
    ErrorCell,
    FormulaNotAllowed,
    HiddenCharacters,
    LineBreak,
    LooksLikeFormula,
    NumberNotDate,
    NumberTaken,
    PercentCell,
    SpacesTrimmed,
    TimeInDate,
)
from app.interchange.columns import Column, ColumnKind
from app.interchange.findings import Remark
from app.interchange.grid import Cell, CellKind
from app.interchange.spreadsheet_text import shown
from app.interchange.vocabularies import VOCABULARIES
from app.kit.errors import Invalid
from app.kit.formulas import unescaped

Note = Callable[[Remark], None]
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_BREAKS: Final = frozenset("\r\n\v\f\x85\u2028\u2029")
_NAMED: Final = 5
_DATES: Final = frozenset({ColumnKind.DAY, ColumnKind.PARTIAL_DAY})
_PLAIN_NUMBERS: Final = frozenset({ColumnKind.YEAR, ColumnKind.PARTIAL_DAY})
_REFUSED: Final[dict[CellKind, type[Invalid]]] = {
    CellKind.ERROR: ErrorCell,
    CellKind.BOOLEAN: BooleanCell,
    CellKind.PERCENT: PercentCell,
}


def value(cell: Cell, column: Column, note: Note) -> str | int | None:
    """Return what *cell* states for *column*, nothing if it is blank.

    Refuses with an `Invalid`; *note* hears of what was tidied or wants a look.
    """
    text = _text(cell, column, note)
    if not text:
        return None
    if column.vocabulary is not None:
        return VOCABULARIES[column.vocabulary].code(text)
    if column.kind is ColumnKind.DECIMAL:
        return numbers.decimal(text)
    if column.kind is ColumnKind.YEAR:
        return days.year(text)
    if column.kind is ColumnKind.DAY:
        return days.day(text)
    return days.partial_day(text) if column.kind is ColumnKind.PARTIAL_DAY else text


def _text(cell: Cell, column: Column, note: Note) -> str:
    kind = cell.kind
    if kind is CellKind.TEXT:
        return _tidied(cell.text, note)
    if kind is CellKind.FORMULA:
        raise FormulaNotAllowed(formula=shown(cell.text))
    if kind is CellKind.NUMBER:
        return _number(cell.text, column, note)
    if kind is CellKind.DATE:
        return _date(cell.text, column)
    raise _REFUSED[kind](text=shown(cell.text))


def _number(raw: str, column: Column, note: Note) -> str:
    if column.kind is ColumnKind.DAY:
        raise NumberNotDate(text=shown(raw))
    text = numbers.text_of_number(raw)
    if column.kind not in _PLAIN_NUMBERS:
        note(NumberTaken(text=text))
    return text


def _date(text: str, column: Column) -> str:
    if column.kind not in _DATES:
        raise DateCell(text=shown(text))
    if not days.is_iso(text):
        raise TimeInDate(text=shown(text))
    return text


def _tidied(raw: str, note: Note) -> str:
    """Return *raw* without the spaces around it, in normal form C."""
    text = raw.strip()
    if text.startswith("="):
        raise LooksLikeFormula(text=shown(text))
    if text != raw and text:
        note(SpacesTrimmed(text=shown(text)))
    text = unescaped(text)
    if text.isascii() and text.isprintable():
        return text
    _check_visible(text)
    return unicodedata.normalize("NFC", text)


def _check_visible(text: str) -> None:
    if not _BREAKS.isdisjoint(text):
        raise LineBreak
    hidden = {each for each in text if unicodedata.category(each) in _HIDDEN}
    if hidden:
        names = [f"U+{ord(each):04X}" for each in sorted(hidden)]
        raise HiddenCharacters(characters=", ".join(names[:_NAMED]))
