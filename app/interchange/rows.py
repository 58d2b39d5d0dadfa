"""From a row of a sheet to a content, with what was found on the way."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from app.factors.codes import check_code
from app.factors.content import Content
from app.interchange import cells
from app.interchange.cell_findings import (
    FactorMissing,
    FactorNotNew,
    HiddenRow,
    MergedCells,
    NoHeader,
    Required,
)
from app.interchange.columns import BY_KEY, COLUMNS, ColumnKind, column_of_pointer
from app.interchange.documents import document
from app.interchange.findings import CellFinding, Severity
from app.interchange.grid import Cell, Line, Merged, Outline, letters
from app.interchange.headers import Headers
from app.interchange.spreadsheet_text import shown
from app.kit import validation
from app.kit.errors import Invalid

NEW: Final = "NEW"
RETIREMENT: Final = "RETIREMENT"
_REQUIRED: Final = tuple(each.key for each in COLUMNS if each.required)
_OF_RETIREMENT: Final = ("factor", "change_reason")


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row as an item of a submission.

    `content` is absent from a retirement, and where a finding is an ERROR. `factor`
    and `reason` are the code and the reason of change as far as they are stated.
    """

    sheet: str
    number: int
    content: Content | None
    findings: tuple[CellFinding, ...]
    type: str
    factor: str | None
    reason: str | None
    headers: Headers

    @property
    def refused(self) -> bool:
        """Whether a finding keeps the row out."""
        return any(each.severity is Severity.ERROR for each in self.findings)

    def finding(self, pointer: str, error: Invalid) -> CellFinding:
        """Return *error*, found at *pointer* of the content, at its cell."""
        key = column_of_pointer(pointer, self.content) or ""
        return CellFinding(
            self.sheet, self.number, self.headers.letter(key), key, error
        )


def _place(finding: CellFinding) -> tuple[int, str]:
    return len(finding.column), finding.column


class RowReader:
    """Reads the rows of one sheet."""

    def __init__(self, outline: Outline, headers: Headers) -> None:
        self._outline = outline
        self._headers = headers
        self._merged = deque(sorted(outline.merged, key=lambda each: each.first_row))
        self._reaching: list[Merged] = []

    def read(self, line: Line) -> ReadRow | None:
        """Return what *line* states, nothing if all its cells are blank."""
        row = _Row(self._outline.name, line, self._headers)
        row.read_cells()
        if not row.values and not row.findings:
            return None
        for column, merged in self._merged_at(line.number).items():
            row.refuse_at(column, MergedCells(ref=merged.ref))
        if line.hidden:
            row.refuse_at(min(line.cells), HiddenRow())
        return row.finished()

    def _merged_at(self, number: int) -> dict[int, Merged]:
        """Return the ranges that reach row *number*, by column; rows come in order."""
        while self._merged and self._merged[0].first_row <= number:
            self._reaching.append(self._merged.popleft())
        self._reaching = [each for each in self._reaching if each.last_row >= number]
        return {each.first_column: each for each in self._reaching}


class _Row:
    """A row while it is read."""

    def __init__(self, sheet: str, line: Line, headers: Headers) -> None:
        self._sheet = sheet
        self._line = line
        self._headers = headers
        self.values: dict[str, Any] = {}
        self.findings: list[CellFinding] = []
        self._refused: set[str] = set()

    def read_cells(self) -> None:
        """Read every cell for the column in which it stands."""
        columns = self._headers.columns
        for number, cell in self._line.cells.items():
            column = columns.get(number)
            if column is None:
                if cell.text.strip():
                    self.refuse_at(number, NoHeader(text=shown(cell.text)))
            elif column.kind is not ColumnKind.IGNORED:
                self._read_cell(number, cell)

    def _read_cell(self, number: int, cell: Cell) -> None:
        column = self._headers.columns[number]
        try:
            value = cells.value(
                cell, column, lambda remark: self.refuse_at(number, remark)
            )
        except Invalid as error:
            self.refuse(column.key, error)
            return
        if value is not None:
            self.values[column.key] = value

    def refuse(self, key: str, error: Invalid) -> None:
        """Take note of *error* at the column *key* of this row."""
        self._refused.add(key)
        letter = self._headers.letter(key)
        self.findings.append(
            CellFinding(self._sheet, self._line.number, letter, key, error)
        )

    def refuse_at(self, number: int, error: Invalid) -> None:
        """Take note of *error* at the column with *number*."""
        column = self._headers.columns.get(number)
        key = column.key if column else ""
        self.findings.append(
            CellFinding(self._sheet, self._line.number, letters(number), key, error)
        )

    def finished(self) -> ReadRow:
        """Return the row, with a content if nothing speaks against it."""
        kind = self._type()
        factor = self._factor(kind)
        self._require(_OF_RETIREMENT[1:] if kind == RETIREMENT else _REQUIRED)
        content = None if kind == RETIREMENT else self._content()
        return ReadRow(
            self._sheet,
            self._line.number,
            content,
            tuple(sorted(self.findings, key=_place)),
            kind,
            factor,
            self.values.get("change_reason"),
            self._headers,
        )

    def _type(self) -> str:
        return str(self.values.get("type", NEW))

    def _factor(self, kind: str) -> str | None:
        text = self.values.get("factor")
        if "factor" in self._refused or "type" in self._refused:
            return None
        try:
            if text is not None:
                check_code(text)
                if kind == NEW:
                    raise FactorNotNew
            elif kind != NEW:
                raise FactorMissing(type=kind)
        except Invalid as error:
            self.refuse("factor", error)
        return text

    def _require(self, keys: tuple[str, ...]) -> None:
        for key in keys:
            if key not in self.values and key not in self._refused:
                self.refuse(key, Required(header=BY_KEY[key].header))

    def _content(self) -> Content | None:
        facts = document(self.values, self.refuse)
        content = None
        try:
            content = Content.model_validate_json(json.dumps(facts))
        except ValidationError as error:
            self._take(error, facts)
        return content if self._is_sound() else None

    def _is_sound(self) -> bool:
        return not any(each.severity is Severity.ERROR for each in self.findings)

    def _take(self, error: ValidationError, facts: Mapping[str, Any]) -> None:
        """Take over what the schema found, where the cell itself was not refused."""
        found = validation.findings(error, facts).errors
        pointers = [each.pointer or "" for each in found]
        for each in found:
            # A list without its refused entries is called too short.
            if any(other.startswith(f"{each.pointer}/") for other in pointers):
                continue
            # What a content says of itself as a whole concerns its unit.
            key = column_of_pointer(each.pointer or "/unit") or ""
            if key not in self._refused:
                self.refuse(key, each)
