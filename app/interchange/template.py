"""The workbook to fill in: data, an example, the vocabularies and a page of help."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import zip_longest
from typing import BinaryIO, Final

from app.interchange import sheet_names
from app.interchange.columns import COLUMNS, Column, ColumnKind
from app.interchange.grid import letters
from app.interchange.template_texts import EXAMPLES, HELP
from app.interchange.vocabularies import VOCABULARIES
from app.interchange.xlsx_writer import Choices, OutCell, SheetPlan, Style, write
from app.units.catalogue import units

_Rows = Iterator[tuple[int, Mapping[int, OutCell]]]
_WIDTH: Final = 18
_WIDE: Final = 40


@cache
def template() -> bytes:
    """Return the workbook, the same bytes each time."""
    file: BinaryIO = io.BytesIO()
    widths = tuple(_WIDTH for _ in COLUMNS)
    headers = {number: each.header for number, each in enumerate(COLUMNS, 1)}
    table = _vocabularies()
    write(
        file,
        [
            SheetPlan(
                sheet_names.DATA, _table(headers, []), widths, tuple(_choices(table))
            ),
            SheetPlan(sheet_names.EXAMPLE, _table(headers, _examples()), widths),
            _vocabulary_sheet(table),
            _help_sheet(),
        ],
    )
    file.seek(0)
    return file.read()


def _examples() -> Iterator[Mapping[int, str]]:
    for example in EXAMPLES:
        yield {
            number: example[each.key]
            for number, each in enumerate(COLUMNS, 1)
            if each.key in example
        }


def _table(headers: Mapping[int, str], rows: Iterable[Mapping[int, str]]) -> _Rows:
    yield 1, {each: OutCell(text, Style.HEADER) for each, text in headers.items()}
    for number, row in enumerate(rows, 2):
        yield number, {each: OutCell(text) for each, text in row.items()}


def _vocabularies() -> Mapping[str, Sequence[tuple[str, str]]]:
    """Return the columns of the sheet of vocabularies: choices with English labels."""
    lists = {
        name: [(each.text, each.en) for each in vocabulary.choices]
        for name, vocabulary in VOCABULARIES.items()
    }
    return lists | {"unit": [(each.code, f"{each.zh} {each.en}") for each in units()]}


def _choices(table: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[Choices]:
    places = {name: 2 * number + 1 for number, name in enumerate(table)}
    for number, each in enumerate(COLUMNS, 1):
        if each.vocabulary is not None:
            letter = letters(places[each.vocabulary])
            last = len(table[each.vocabulary]) + 1
            source = f"'{sheet_names.VOCABULARY}'!${letter}$2:${letter}${last}"
            yield Choices(number, source, f"{each.zh} {each.en}")


def _vocabulary_sheet(table: Mapping[str, Sequence[tuple[str, str]]]) -> SheetPlan:
    headers: dict[int, str] = {}
    for number, name in enumerate(table):
        headers |= {2 * number + 1: name, 2 * number + 2: f"{name} (English)"}
    rows = (
        {
            2 * number + 1 + side: text
            for number, pair in enumerate(row)
            for side, text in enumerate(pair)
        }
        for row in zip_longest(*table.values(), fillvalue=("", ""))
    )
    widths = tuple(_WIDE for _ in headers)
    return SheetPlan(sheet_names.VOCABULARY, _table(headers, rows), widths)


def _help_sheet() -> SheetPlan:
    headers = {1: "说明", 2: "Help", 3: "必填 required", 4: "写法 form"}
    rows = [
        *({1: zh, 2: en} for zh, en in HELP),
        *(
            {
                1: each.header,
                2: each.en,
                3: "是 yes" if each.required else "",
                4: _form(each),
            }
            for each in COLUMNS
        ),
    ]
    return SheetPlan(
        sheet_names.HELP, _table(headers, rows), (_WIDE, 2 * _WIDE, _WIDTH, _WIDE)
    )


def _form(column: Column) -> str:
    if column.vocabulary is not None:
        return f"词表 vocabulary: {column.vocabulary}"
    return _FORMS[column.kind]


_FORMS: Final[Mapping[ColumnKind, str]] = {
    ColumnKind.TEXT: "文本 text",
    ColumnKind.WORD: "文本 text",
    ColumnKind.DECIMAL: "十进制数 decimal: 0.6205",
    ColumnKind.YEAR: "年 year: 2024",
    ColumnKind.DAY: "日 day: 2024-01-31",
    ColumnKind.PARTIAL_DAY: "日、月或年 day, month or year: 2024-01",
}
