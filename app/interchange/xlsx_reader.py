"""Workbooks, read row by row: the sheets, their outlines and the raw cells.

Each sheet is read twice, first for what stands behind its rows (merged ranges) and for
limits, then for its cells; neither keeps more than a few rows.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final, TypeVar

from app.interchange.archive import Archive
from app.interchange.grid import Line, Outline
from app.interchange.refusals import ActiveContent, BadFile, TooManyItems
from app.interchange.xlsx_parts import Relations, SheetEntry, Strings, Workbook
from app.interchange.xlsx_sheet import Cells, Survey
from app.interchange.xlsx_styles import Styles
from app.interchange.xml_parts import Part

SHEETS: Final = 20
_NAME: Final = 31
_ACTIVE: Final = re.compile(r"(^|/)(vbaproject\.bin$|activex/|embeddings/)")
AnyPart = TypeVar("AnyPart", bound=Part)


class XlsxSheet:
    """A sheet of a workbook."""

    def __init__(
        self, book: "XlsxFile", entry: SheetEntry, path: str, row_limit: int
    ) -> None:
        self._book = book
        self._path = path
        survey = Survey(path, entry.name, row_limit)
        survey.read(book.archive.chunks(path))
        self.outline = Outline(
            name=entry.name,
            rows=survey.rows,
            width=survey.width,
            hidden=entry.hidden,
            hidden_columns=frozenset(survey.hidden_columns & survey.filled),
            merged=tuple(survey.merged),
        )

    def lines(self) -> Iterator[Line]:
        """Yield the rows that have content."""
        book = self._book
        cells = Cells(self._path, book.strings, book.styles, from_1904=book.from_1904)
        for _ in cells.progress(book.archive.chunks(self._path)):
            yield from cells.taken()


class XlsxFile:
    """A workbook whose parts were found and whose sheets were surveyed."""

    def __init__(self, file: BinaryIO, row_limit: int) -> None:
        self.archive = Archive(file)
        self._check_content()
        self._row_limit = row_limit
        root = self._relations("_rels/.rels", "")
        path = root.of_kind("officeDocument")
        if path is None or path not in self.archive.members:
            raise BadFile(reason="it holds no workbook", reason_zh="其中没有工作簿")
        folder = path.rpartition("/")[0] + "/"
        name = path.rpartition("/")[2]
        relations = self._relations(f"{folder}_rels/{name}.rels", folder)
        workbook = self._read(Workbook(path))
        self.from_1904 = workbook.from_1904
        self.strings = self._read(Strings(relations.of_kind("sharedStrings") or ""))
        self.styles = self._read(Styles(relations.of_kind("styles") or ""))
        self.sheets = tuple(self._sheets(workbook.sheets, relations.found))

    def _check_content(self) -> None:
        for name, member in self.archive.members.items():
            if _ACTIVE.search(name):
                raise ActiveContent(reason=member.name, reason_zh=member.name)

    def _sheets(
        self, entries: list[SheetEntry], found: Mapping[str, tuple[str, str]]
    ) -> Iterator[XlsxSheet]:
        if len(entries) > SHEETS:
            place = entries[SHEETS].name
            raise TooManyItems(
                what="sheets", what_zh="工作表", place=place, limit=SHEETS
            )
        _check_names([each.name for each in entries])
        for entry in entries:
            kind, path = found.get(entry.relation, ("", ""))
            if kind == "worksheet":
                yield XlsxSheet(self, entry, self._present(path), self._row_limit)

    def _relations(self, path: str, folder: str) -> Relations:
        return self._read(Relations(path, folder))

    def _present(self, path: str) -> str:
        if path not in self.archive.members:
            raise BadFile(reason=f"{path} is missing", reason_zh=f"缺少 {path}")
        return path

    def _read(self, part: AnyPart) -> AnyPart:
        if part.name:
            part.read(self.archive.chunks(self._present(part.name)))
        return part


def _check_names(names: Sequence[str]) -> None:
    """Refuse names that could not tell the place of a finding."""
    folded = {name.casefold() for name in names}
    sound = all(0 < len(name) <= _NAME and name.isprintable() for name in names)
    if len(folded) < len(names) or not sound:
        raise BadFile(
            reason="the names of its sheets are missing, equal or unreadable",
            reason_zh="工作表名称缺失、重复或无法识别",
        )
