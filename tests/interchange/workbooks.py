"""Spreadsheets for tests: made by openpyxl, by hand, and as CSV."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import openpyxl

from app.interchange.columns import BY_KEY
from app.interchange.spreadsheets import (
    CSV_MEDIA_TYPE,
    XLSX_MEDIA_TYPE,
    Reading,
    ReadRow,
    read,
)

Row = dict[str, Any]
SHEET = "数据 data"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def row(**changes: Any) -> Row:
    """Return the cells of a good row by key; None leaves one out."""
    cells = {
        "name_zh": "电解铝",
        "name_en": "Aluminium",
        "kind": "PCF",
        "category": "ALUMINIUM",
        "value": "16.50",
        "unit": "kgCO2e/kg",
        "gwp_set": "AR6_100",
        "boundary": "CRADLE_TO_GATE",
        "region": "CN",
        "representativeness": "NATIONAL_AVG",
        "reference_year": "2023",
        "source_title": "关于发布2023年电力碳足迹因子数据的公告",
        "source_publisher_zh": "生态环境部",
        "source_publisher_en": "Ministry of Ecology and Environment",
        "licence": "公开数据",
    }
    return cells | changes


def keys(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the keys of all *rows*, each once."""
    return list(dict.fromkeys(key for each in rows for key in each))


def book(*rows: Row) -> Any:
    """Return an openpyxl workbook of *rows* under the headers of the template."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = SHEET
    fill(sheet, rows)
    return workbook


def fill(sheet: Any, rows: Sequence[Row]) -> None:
    """Write headers and *rows* into an openpyxl sheet."""
    header = keys(rows)
    sheet.append([BY_KEY[key].header if key in BY_KEY else key for key in header])
    for each in rows:
        sheet.append([each.get(key) for key in header])


def cell(workbook: Any, key: str, number: int = 2) -> Any:
    """Return the openpyxl cell in the column *key* of row *number*."""
    sheet = workbook[SHEET]
    header = BY_KEY[key].header
    column = next(each.column for each in sheet[1] if each.value == header)
    return sheet.cell(number, column)


def saved(workbook: Any) -> bytes:
    """Return the bytes of an openpyxl workbook."""
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def loaded(data: bytes) -> Any:
    """Return *data* as openpyxl sees it."""
    return openpyxl.load_workbook(io.BytesIO(data))


def xlsx(*rows: Row) -> bytes:
    """Return a workbook of *rows*."""
    return saved(book(*rows))


def text(*rows: Row, end: str = "\r\n") -> str:
    """Return the text of a CSV file of *rows*."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator=end)
    header = keys(rows)
    writer.writerow(header)
    writer.writerows([each.get(key) for key in header] for each in rows)
    return file.getvalue()


def read_xlsx(data: bytes, **options: int) -> Reading:
    """Return the reading of a workbook."""
    return read(io.BytesIO(data), XLSX_MEDIA_TYPE, **options)


def read_csv(data: bytes | str, **options: int) -> Reading:
    """Return the reading of a CSV file."""
    data = data.encode() if isinstance(data, str) else data
    return read(io.BytesIO(data), CSV_MEDIA_TYPE, **options)


def only(reading: Reading) -> ReadRow:
    """Return the only row."""
    (found,) = reading
    return found


def codes(found: ReadRow) -> list[tuple[str, str]]:
    """Return the key of the column and the code of each finding."""
    return [(each.key, each.code) for each in found.findings]


def parts(
    sheet: str, *, names: Sequence[str] = (SHEET,), strings: str | None = None
) -> dict[str, str]:
    """Return the parts of a workbook whose sheets have the XML *sheet*."""
    kinds = [(f"sheet{each}", "worksheet") for each, _ in enumerate(names, 1)]
    targets = [(f"worksheets/{name}.xml", kind) for name, kind in kinds]
    if strings is not None:
        targets.append(("sharedStrings.xml", "sharedStrings"))
    entries = "".join(
        f'<sheet name="{name}" sheetId="{each}" r:id="r{each}"/>'
        for each, name in enumerate(names, 1)
    )
    made = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": relations([("xl/workbook.xml", "officeDocument")]),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">'
        f"<sheets>{entries}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(targets),
    }
    made |= {f"xl/worksheets/{name}.xml": sheet for name, _ in kinds}
    return made if strings is None else made | {"xl/sharedStrings.xml": strings}


def relations(targets: Sequence[tuple[str, str]]) -> str:
    """Return a part of relationships r1, r2 and so on."""
    entries = "".join(
        f'<Relationship Id="r{each}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for each, (target, kind) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{entries}</Relationships>'


def sheet_xml(data: str, behind: str = "", before: str = "") -> str:
    """Return the XML of a sheet with *data* in its rows."""
    return (
        f'<worksheet xmlns="{MAIN}">{before}<sheetData>{data}</sheetData>{behind}'
        "</worksheet>"
    )


def row_xml(number: int, cells: Mapping[str, str], attributes: str = "") -> str:
    """Return the XML of a row of texts, or of XML, keyed by the letters of columns."""
    made = "".join(
        value
        if value.startswith("<")
        else f'<c r="{each}{number}" t="inlineStr"><is><t>{value}</t></is></c>'
        for each, value in cells.items()
    )
    return f'<row r="{number}" {attributes}>{made}</row>'


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """Return a zip archive of *members*."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()
