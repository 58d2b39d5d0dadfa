"""Spreadsheets of submissions: what associations fill in, read row by row.

Pure: no database, no HTTP. Whatever is wrong with a whole file is refused before the
first row is answered; whatever is wrong with a cell is named at its cell.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import BinaryIO, Final

from app.interchange import report as reports
from app.interchange.cell_findings import HiddenColumn, HiddenSheet, SheetIgnored
from app.interchange.columns import column_of_pointer
from app.interchange.csv_reader import CsvFile
from app.interchange.findings import CellFinding, Remark, Severity, Verdict
from app.interchange.grid import Line, Sheet, letters
from app.interchange.headers import Headers, check_complete, known_headers, read_headers
from app.interchange.refusals import NoDataRows, NotASpreadsheet, TooManyItems
from app.interchange.report import Verdicts
from app.interchange.rows import ReadRow, RowReader
from app.interchange.sheet_names import COMPANIONS, DATA
from app.interchange.template import template
from app.interchange.xlsx_reader import XlsxFile
from app.kit.formulas import escaped

XLSX_MEDIA_TYPE: Final = (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)
CSV_MEDIA_TYPE: Final = "text/csv"
ROWS: Final = 20_000

__all__ = [
    "CSV_MEDIA_TYPE",
    "ROWS",
    "XLSX_MEDIA_TYPE",
    "CellFinding",
    "ReadRow",
    "Reading",
    "Severity",
    "Verdict",
    "column_of_pointer",
    "escaped",
    "read",
    "report",
    "template",
]


class Reading:
    """A file that is sound as a whole: iterate over it for its rows.

    `findings` are remarks on whole sheets and columns; none is an ERROR. `rows` is how
    many rows have content, blanks that hold only spaces included. Iterating may still
    refuse the file: for a text that is missing or too long, or if all rows are blank.
    """

    def __init__(self, sheets: Sequence[Sheet], row_limit: int) -> None:
        self._sheets = _with_headers(sheets)
        read = {sheet.outline.name for sheet, _ in self._sheets}
        self.findings = [
            *(
                each
                for sheet, headers in self._sheets
                for each in _hidden(sheet, headers)
            ),
            *(_at_sheet(name, SheetIgnored()) for name in _unread(sheets, read)),
        ]
        self.rows = sum(sheet.outline.rows - 1 for sheet, _ in self._sheets)
        if not self.rows:
            raise NoDataRows
        if self.rows > row_limit:
            place = self._sheets[-1][0].outline.name
            raise TooManyItems(
                what="rows", what_zh="数据行", place=place, limit=row_limit
            )

    def __iter__(self) -> Iterator[ReadRow]:
        is_empty = True
        for sheet, headers in self._sheets:
            reader = RowReader(sheet.outline, headers)
            for line in sheet.lines():
                row = reader.read(line) if line.number > headers.row else None
                if row is not None:
                    is_empty = False
                    yield row
        if is_empty:
            raise NoDataRows


def read(file: BinaryIO, media_type: str, *, row_limit: int = ROWS) -> Reading:
    """Return the rows of *file*, or refuse it as a whole."""
    return Reading(opened(file, media_type, row_limit), row_limit)


def report(
    file: BinaryIO,
    media_type: str,
    verdicts: Verdicts,
    language: str,
    *,
    row_limit: int = ROWS,
) -> bytes:
    """Return a workbook of the rows of *file* with *verdicts* in two more columns.

    Refuses what `read` refuses. The keys of *verdicts* are sheets and row numbers.
    """
    sheets = _with_headers(opened(file, media_type, row_limit))
    return reports.report(sheets, verdicts, language)


def opened(file: BinaryIO, media_type: str, row_limit: int) -> Sequence[Sheet]:
    """Return the sheets of *file*, which is sound by its format."""
    kind = media_type.partition(";")[0].strip().lower()
    if kind == XLSX_MEDIA_TYPE:
        return XlsxFile(file, row_limit).sheets
    if kind == CSV_MEDIA_TYPE:
        return CsvFile(file, row_limit).sheets
    raise NotASpreadsheet(xlsx=XLSX_MEDIA_TYPE, csv=CSV_MEDIA_TYPE)


def _with_headers(sheets: Sequence[Sheet]) -> list[tuple[Sheet, Headers]]:
    """Return the sheets to read; sheets of another kind are passed over."""
    found: list[tuple[Sheet, Headers]] = []
    for sheet in sheets:
        line = _first(sheet)
        if line is not None and known_headers(line):
            found.append((sheet, read_headers(line, sheet.outline)))
    if not found:
        named = [each.outline.name for each in sheets]
        check_complete({}, next(iter(named), DATA))
    return found


def _first(sheet: Sheet) -> Line | None:
    if sheet.outline.name in COMPANIONS:
        return None
    return next(filter(_has_text, sheet.lines()), None)


def _has_text(line: Line) -> bool:
    return any(not cell.text.isspace() for cell in line.cells.values())


def _unread(sheets: Sequence[Sheet], read: AbstractSet[str]) -> Iterator[str]:
    for sheet in sheets:
        outline = sheet.outline
        if outline.rows and outline.name not in read | COMPANIONS:
            yield outline.name


def _hidden(sheet: Sheet, headers: Headers) -> Iterator[CellFinding]:
    outline = sheet.outline
    if outline.hidden:
        yield _at_sheet(outline.name, HiddenSheet())
    for number in sorted(outline.hidden_columns & headers.columns.keys()):
        key = headers.columns[number].key
        yield CellFinding(
            outline.name, headers.row, letters(number), key, HiddenColumn()
        )


def _at_sheet(name: str, remark: Remark) -> CellFinding:
    return CellFinding(name, 1, "A", "", remark)
