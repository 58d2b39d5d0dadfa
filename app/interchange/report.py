"""The report on a spreadsheet: the same rows with two more columns."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final

from app.interchange.columns import REPORT_COLUMNS, ColumnKind
from app.interchange.findings import Severity, Verdict
from app.interchange.grid import Cell, CellKind, Sheet
from app.interchange.headers import Headers
from app.interchange.numbers import is_number
from app.interchange.xlsx_writer import OutCell, SheetPlan, Style, write

Verdicts = Mapping[tuple[str, int], Sequence[Verdict]]
_WIDTH: Final = 16
_RESULTS: Final[Mapping[str, tuple[str, str]]] = {
    Severity.ERROR: ("错误", "Error"),
    Severity.WARNING: ("警告", "Warning"),
    Severity.INFO: ("提示", "Note"),
    "": ("通过", "Passed"),
}
_NUMBERS: Final[Mapping[CellKind, Style]] = {
    CellKind.NUMBER: Style.PLAIN,
    CellKind.PERCENT: Style.PERCENT,
}


def report(
    sheets: Sequence[tuple[Sheet, Headers]], verdicts: Verdicts, language: str
) -> bytes:
    """Return the workbook of *sheets* with *verdicts* on their rows."""
    file: BinaryIO = io.BytesIO()
    plans = [_plan(sheet, headers, verdicts, language) for sheet, headers in sheets]
    write(file, plans)
    file.seek(0)
    return file.read()


def _plan(
    sheet: Sheet, headers: Headers, verdicts: Verdicts, language: str
) -> SheetPlan:
    width = max(
        number
        for number in range(sheet.outline.width + 1)
        if not _is_ours(headers, number)
    )
    return SheetPlan(
        name=sheet.outline.name,
        rows=_rows(sheet, headers, verdicts, (width + 1, language)),
        widths=(*(_WIDTH for _ in range(width + 1)), 5 * _WIDTH),
    )


def _is_ours(headers: Headers, number: int) -> bool:
    """Tell whether a report before this one wrote the column."""
    column = headers.columns.get(number)
    return column is not None and column.kind is ColumnKind.IGNORED


def _rows(
    sheet: Sheet, headers: Headers, verdicts: Verdicts, end: tuple[int, str]
) -> Iterator[tuple[int, Mapping[int, OutCell]]]:
    place, language = end
    for line in sheet.lines():
        kept = {
            number: cell
            for number, cell in line.cells.items()
            if not _is_ours(headers, number)
        }
        if line.number == headers.row:
            cells = {each: _header(cell.text) for each, cell in kept.items()}
            added = [_header(each.header) for each in REPORT_COLUMNS]
        else:
            cells = {each: _cell(cell) for each, cell in kept.items()}
            found = verdicts.get((sheet.outline.name, line.number), ())
            added = _verdict(found, language) if _has_content(kept) else []
        yield line.number, cells | dict(enumerate(added, place))


def _header(text: str) -> OutCell:
    return OutCell(text, Style.HEADER)


def _cell(cell: Cell) -> OutCell:
    style = _NUMBERS.get(cell.kind)
    if style is None or not is_number(cell.text):
        return OutCell(cell.text)
    return OutCell(cell.text, style, number=True)


def _has_content(cells: Mapping[int, Cell]) -> bool:
    return any(not cell.text.isspace() for cell in cells.values())


def _verdict(found: Sequence[Verdict], language: str) -> list[OutCell]:
    worst = next(
        (each for each in Severity if any(one.severity is each for one in found)), ""
    )
    zh, en = _RESULTS[worst]
    text = "\n".join(each.text for each in found)
    return [OutCell(zh if language == "zh" else en), OutCell(text, Style.WRAPPED)]
