"""Workbooks as they go out: text cells, lists to choose from, the same bytes each time.

Rows are taken one by one. Nothing is written that a program would compute: text that
begins like a formula is escaped.
"""

import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from html import escape
from types import MappingProxyType
from typing import IO, BinaryIO, Final, NamedTuple

from app.interchange.grid import letters
from app.interchange.spreadsheet_text import coded
from app.kit.formulas import escaped

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_LONGEST: Final = 32_000
_BATCH: Final = 200


class Style(IntEnum):
    """How a cell looks; the order is that of the styles' part."""

    PLAIN = 0
    TEXT = 1
    HEADER = 2
    PERCENT = 3
    WRAPPED = 4


class OutCell(NamedTuple):
    """A cell to write; a `number` is written with its own digits."""

    text: str
    style: Style = Style.TEXT
    number: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """A list to choose from for the cells of a column below the header."""

    column: int
    source: str
    """The cells that hold the list, as a formula names them."""
    prompt: str


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """A sheet to write; `rows` are (number, cells by number of column) in order."""

    name: str
    rows: Iterable[tuple[int, Mapping[int, OutCell]]]
    widths: Sequence[int] = ()
    choices: Sequence[Choices] = ()
    styles: Mapping[int, Style] = field(default_factory=lambda: MappingProxyType({}))
    """The styles of empty cells by column, where not TEXT."""


def write(into: BinaryIO, sheets: Sequence[SheetPlan]) -> None:
    """Write a workbook of *sheets*."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _frame(sheets).items():
            with _opened(archive, name) as part:
                part.write((_HEAD + text).encode())
        for number, sheet in enumerate(sheets, 1):
            with _opened(archive, f"xl/worksheets/sheet{number}.xml") as part:
                for text in _sheet(sheet):
                    part.write(text.encode())


def _opened(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    # The mark of the machine that writes would be part of the bytes.
    member.create_system = 0
    return archive.open(member, "w")


def _frame(sheets: Sequence[SheetPlan]) -> dict[str, str]:
    numbers = range(1, len(sheets) + 1)
    return {
        "[Content_Types].xml": _content_types(numbers),
        "_rels/.rels": _relations([(1, "officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _workbook(sheets),
        "xl/_rels/workbook.xml.rels": _relations(
            [
                *(
                    (each, "worksheet", f"worksheets/sheet{each}.xml")
                    for each in numbers
                ),
                (len(sheets) + 1, "styles", "styles.xml"),
            ]
        ),
        "xl/styles.xml": _STYLES,
    }


def _content_types(numbers: Iterable[int]) -> str:
    parts = {
        "/xl/workbook.xml": f"{_TYPES}.sheet.main+xml",
        "/xl/styles.xml": f"{_TYPES}.styles+xml",
    } | {
        f"/xl/worksheets/sheet{each}.xml": f"{_TYPES}.worksheet+xml" for each in numbers
    }
    overrides = "".join(
        f'<Override PartName="{name}" ContentType="{kind}"/>'
        for name, kind in parts.items()
    )
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="{relations}"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def _relations(relations: Iterable[tuple[int, str, str]]) -> str:
    entries = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, kind, target in relations
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{entries}</Relationships>'


def _workbook(sheets: Sequence[SheetPlan]) -> str:
    entries = "".join(
        f'<sheet name="{escape(coded(name))}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate((each.name for each in sheets), 1)
    )
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{entries}</sheets>'
        "</workbook>"
    )


def _sheet(plan: SheetPlan) -> Iterator[str]:
    yield (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        f"</sheetView></sheetViews>{_columns(plan)}<sheetData>"
    )
    batch: list[str] = []
    for number, cells in plan.rows:
        batch.append(_row(number, cells))
        if len(batch) == _BATCH:
            yield "".join(batch)
            batch.clear()
    yield "".join(batch)
    yield f"</sheetData>{_validations(plan.choices)}</worksheet>"


def _columns(plan: SheetPlan) -> str:
    if not plan.widths:
        return ""
    entries = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1" '
        f'style="{plan.styles.get(number, Style.TEXT):d}"/>'
        for number, width in enumerate(plan.widths, 1)
    )
    return f"<cols>{entries}</cols>"


def _row(number: int, cells: Mapping[int, OutCell]) -> str:
    entries = "".join(
        _cell(f"{letters(column)}{number}", cells[column])
        for column in sorted(cells)
        if cells[column].text
    )
    return f'<row r="{number}">{entries}</row>'


def _cell(place: str, cell: OutCell) -> str:
    if cell.number:
        return f'<c r="{place}" s="{cell.style:d}"><v>{escape(cell.text)}</v></c>'
    text = escape(coded(escaped(cell.text[:_LONGEST])), quote=False)
    return (
        f'<c r="{place}" s="{cell.style:d}" t="inlineStr">'
        f'<is><t xml:space="preserve">{text}</t></is></c>'
    )


def _validations(choices: Sequence[Choices]) -> str:
    if not choices:
        return ""
    entries = "".join(
        '<dataValidation type="list" errorStyle="warning" allowBlank="1" '
        f'showInputMessage="1" showErrorMessage="1" prompt="{escape(each.prompt)}" '
        f'sqref="{letters(each.column)}2:{letters(each.column)}20001">'
        f"<formula1>{escape(each.source, quote=False)}</formula1></dataValidation>"
        for each in choices
    )
    return f'<dataValidations count="{len(choices)}">{entries}</dataValidations>'


_STYLES: Final = (
    f'<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFDDEBF7"/></patternFill>'
    "</fill></fills>"
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border>'
    "</borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
    '</cellStyleXfs><cellXfs count="5">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" '
    'applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" '
    'applyFill="1" applyNumberFormat="1"/>'
    '<xf numFmtId="10" fontId="0" fillId="0" borderId="0" xfId="0" '
    'applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" '
    'applyNumberFormat="1" applyAlignment="1"><alignment vertical="top" wrapText="1"/>'
    "</xf></cellXfs>"
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/>'
    "</cellStyles></styleSheet>"
)
