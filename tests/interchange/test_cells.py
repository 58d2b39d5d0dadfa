"""Cells that are not what they seem: each is read as it stands, or named."""

import datetime as dt
from typing import Any

import pytest

from app.interchange.spreadsheets import Severity
from tests.interchange import workbooks as made


@pytest.mark.parametrize(
    "text",
    [
        "16.50",
        "-0.5",
        "0.0140",
        "0",
        "12345678901234567890.123456789012345678",
        " 16.50 ",
        "'-16.50",
    ],
)
def test_a_text_of_digits_is_taken_digit_for_digit(text: str) -> None:
    for reading in (
        made.read_xlsx(made.xlsx(made.row(value=text))),
        made.read_csv(made.text(made.row(value=text))),
    ):
        found = made.only(reading)
        assert found.content is not None
        assert found.content.value == text.strip().removeprefix("'")


@pytest.mark.parametrize(
    ("text", "code", "right"),
    [
        ("１２．５", "BAD_DECIMAL", "12.5"),
        ("１2.5", "BAD_DECIMAL", "12.5"),
        ("12。5", "BAD_DECIMAL", "12.5"),
        ("−0.5", "BAD_DECIMAL", "-0.5"),
        ("٣", "BAD_DECIMAL", "0.6205"),
        ("1,234.5", "BAD_DECIMAL", "1234.5"),
        ("1，234,567", "BAD_DECIMAL", "1234567"),
        ("1,5", "BAD_DECIMAL", "0.6205"),
        ("1'000", "BAD_DECIMAL", "0.6205"),
        ("1 000", "BAD_DECIMAL", "0.6205"),
        ("1.2万", "BAD_DECIMAL", "12000"),
        ("1.2 亿", "BAD_DECIMAL", "120000000"),
        ("３万", "BAD_DECIMAL", "30000"),
        ("12%", "BAD_DECIMAL", "0.12"),
        ("12.5％", "BAD_DECIMAL", "0.125"),
        ("1.2E-3", "BAD_DECIMAL", "0.0012"),
        ("1e400", "BAD_DECIMAL", "0.6205"),
        ("1E99", "BAD_DECIMAL", "0.6205"),
        (".5", "BAD_DECIMAL", "0.6205"),
        ("5.", "BAD_DECIMAL", "0.6205"),
        ("05", "BAD_DECIMAL", "0.6205"),
        ("+5", "BAD_DECIMAL", "0.6205"),
        ("-0", "BAD_DECIMAL", "0.6205"),
        ("0x10", "BAD_DECIMAL", "0.6205"),
        ("1/3", "BAD_DECIMAL", "0.6205"),
        ("NaN", "BAD_DECIMAL", "0.6205"),
        ("Infinity", "BAD_DECIMAL", "0.6205"),
        ("16.5 kgCO2e/kg", "BAD_DECIMAL", "0.6205"),
        ("约16.5", "BAD_DECIMAL", "0.6205"),
        ("1" * 30_000, "BAD_DECIMAL", "0.6205"),
        ("1\u200b6.5", "BAD_TEXT", "U+200B"),
        ("=1+1", "FORMULA_NOT_ALLOWED", "=1+1"),
    ],
)
def test_a_text_that_is_no_decimal_is_named_with_what_would_be_right(
    text: str, code: str, right: str
) -> None:
    found = made.only(made.read_csv(made.text(made.row(value=text))))

    assert made.codes(found) == [("value", code)]
    for language in ("zh", "en"):
        detail = found.findings[0].detail(language)
        assert right in detail
        assert len(detail) < 400


@pytest.mark.parametrize(
    ("raw", "taken"),
    [
        ("0.6205", "0.6205"),
        ("0.62050000000000005", "0.6205"),
        ("16.5", "16.5"),
        ("-3", "-3"),
        ("1.0000000000000001E-5", "0.00001"),
        ("1E+3", "1000"),
        ("12345678901234", "12345678901234"),
        ("0", "0"),
        ("-0", "0"),
    ],
)
def test_a_number_is_taken_with_a_warning_that_repeats_it(raw: str, taken: str) -> None:
    found = made.only(read_raw("value", f"<v>{raw}</v>"))

    assert found.content is not None
    assert found.content.value == taken
    (finding,) = found.findings
    assert (finding.code, finding.severity) == ("NUMBER_TAKEN", Severity.WARNING)
    assert f"“{taken}”" in finding.detail("zh")


@pytest.mark.parametrize(
    "raw",
    [
        "0.30000000000000004",
        "0.123456789012345",
        "123456789012345",
        "1.2345678901234501E+18",
        "1E+25",
        "1E-30",
        "1E999",
        "NaN",
        "１２",
        "1_000",
        "0x10",
    ],
)
def test_a_number_whose_digits_may_be_lost_is_refused(raw: str) -> None:
    found = made.only(read_raw("value", f"<v>{raw}</v>"))

    assert made.codes(found) == [("value", "BAD_DECIMAL")]
    assert found.content is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("=1+1", "FORMULA_NOT_ALLOWED"),
        ("#N/A", "BAD_TYPE"),
        (True, "BAD_TYPE"),
        (dt.date(2024, 1, 31), "BAD_TYPE"),
    ],
)
def test_cells_of_other_kinds_are_refused(value: object, code: str) -> None:
    for key in ("value", "name_zh", "region", "reference_year", "gas_CF4"):
        workbook = made.book(made.row(gas_CF4="1"))
        made.cell(workbook, key).value = value
        found = made.only(made.read_xlsx(made.saved(workbook)))

        assert made.codes(found) == [(key, code)]
        assert found.content is None


@pytest.mark.parametrize("number_format", ["0%", "0.00%", '0.0"x"%'])
def test_a_percentage_is_not_guessed(number_format: str) -> None:
    workbook = made.book(made.row(value=0.125))
    made.cell(workbook, "value").number_format = number_format

    found = made.only(made.read_xlsx(made.saved(workbook)))

    assert made.codes(found) == [("value", "BAD_TYPE")]
    assert "0.125" in found.findings[0].detail("en")


@pytest.mark.parametrize(
    "formula",
    [
        "<f>A1*2</f><v>33</v>",
        "<f/><v>33</v>",
        '<f t="shared" si="0"/><v>33</v>',
        '<f t="array" ref="A1">SUM(A1:A2)</f>',
        "<v>33</v><f>A1*2</f>",
    ],
)
def test_a_formula_is_seen_and_its_kept_result_is_not(formula: str) -> None:
    found = made.only(read_raw("value", formula))

    assert made.codes(found) == [("value", "FORMULA_NOT_ALLOWED")]
    assert "33" not in found.findings[0].detail("en")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("01/02/2024", "BAD_DATE"),
        ("31.01.2024", "BAD_DATE"),
        ("24-01-31", "BAD_DATE"),
        ("20240131", "BAD_DATE"),
        ("2024-02-30", "BAD_DATE"),
        ("2024-13-01", "BAD_DATE"),
        ("2024-01", "BAD_DATE"),
        ("2024-01-31T00:00:00", "BAD_DATE"),
        ("today", "BAD_DATE"),
        ("二〇二四年", "BAD_DATE"),
        ("２０２４-01-31", "BAD_DATE"),
        (45322, "BAD_DATE"),
        (dt.datetime(2024, 1, 31, 12), "BAD_DATE"),  # noqa: DTZ001 - as a cell has it
    ],
)
def test_a_date_with_two_meanings_or_none_is_refused(text: object, code: str) -> None:
    found = made.only(made.read_xlsx(made.xlsx(made.row(valid_from=text))))

    assert made.codes(found) == [("valid_from", code)]


@pytest.mark.parametrize("epoch", [1900, 1904])
def test_the_epoch_of_the_workbook_is_honoured(epoch: int) -> None:
    workbook = made.book(made.row(valid_from=dt.date(2024, 1, 31)))
    if epoch == 1904:
        workbook.epoch = dt.datetime(1904, 1, 1)  # noqa: DTZ001 - as openpyxl has it
    data = made.saved(workbook)

    found = made.only(made.read_xlsx(data))

    assert found.findings == ()
    assert found.content is not None
    assert found.content.validity.first == "2024-01-31"


@pytest.mark.parametrize(
    ("number_format", "is_date"),
    [
        ("yyyy-mm-dd", True),
        ('yyyy"年"m"月"d"日"', True),
        ("[$-804]yyyy/m/d", True),
        ("[h]:mm", True),
        ('0.00"day"', False),
        ("[Red]0.00", False),
        ("General", False),
        ("\\d0", False),
        ("0.00_d", False),
    ],
)
def test_dates_are_told_by_their_format(
    number_format: str,
    is_date: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    workbook = made.book(made.row(value=16.5))
    made.cell(workbook, "value").number_format = number_format

    found = made.only(made.read_xlsx(made.saved(workbook)))

    assert made.codes(found) == [("value", "BAD_TYPE" if is_date else "NUMBER_TAKEN")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\nb", "BAD_TEXT"),
        ("a\u202eb", "BAD_TEXT"),
        ("a\u200bb", "BAD_TEXT"),
        ("a\ue000b", "BAD_TEXT"),
        ("a\tb", "BAD_TEXT"),
        ("=cmd|' /C calc'!A0", "FORMULA_NOT_ALLOWED"),
    ],
)
def test_texts_that_hide_something_are_refused(text: str, code: str) -> None:
    found = made.only(made.read_csv(made.text(made.row(note=text))))

    assert made.codes(found) == [("note", code)]


def test_coded_characters_are_decoded_before_they_are_judged() -> None:
    cell = "<is><t>a_x000D_b</t></is>"
    plain = "<is><t>a_x005F_x000D_b_xD800_</t></is>"

    hidden = made.only(read_raw("note", cell, kind="inlineStr"))
    shown = made.only(read_raw("note", plain, kind="inlineStr"))

    assert made.codes(hidden) == [("note", "BAD_TEXT")]
    assert shown.content is not None
    assert shown.content.note == "a_x000D_b_xD800_"


def test_composed_and_decomposed_letters_are_one_text() -> None:
    found = made.only(made.read_csv(made.text(made.row(name_en="Cafe\u0301"))))

    assert found.content is not None
    assert found.content.name.en == "Café"


def test_merged_cells_are_named_in_each_row() -> None:
    workbook = made.book(*(made.row() for _ in range(4)))
    place = made.cell(workbook, "region").coordinate
    below = made.cell(workbook, "region", 4).coordinate
    workbook[made.SHEET].merge_cells(f"{place}:{below}")

    rows = list(made.read_xlsx(made.saved(workbook)))

    assert [made.codes(each) for each in rows] == [
        [("region", "MERGED_CELLS")],
        [("region", "MERGED_CELLS"), ("region", "MISSING_FIELD")],
        [("region", "MERGED_CELLS"), ("region", "MISSING_FIELD")],
        [],
    ]
    assert all(each.content is None for each in rows[:3])
    assert f"{place}:{below}" in rows[1].findings[0].detail("zh")


def test_hidden_rows_columns_and_sheets_are_read_and_named() -> None:
    workbook = made.book(made.row(), made.row(note="x"))
    sheet = workbook[made.SHEET]
    sheet.row_dimensions[3].hidden = True
    letter = made.cell(workbook, "note").column_letter
    sheet.column_dimensions[letter].hidden = True
    other = workbook.create_sheet("旧数据")
    made.fill(other, [made.row()])
    other.sheet_state = "veryHidden"

    reading = made.read_xlsx(made.saved(workbook))
    rows = list(reading)

    assert [(each.sheet, each.key, each.code) for each in reading.findings] == [
        (made.SHEET, "note", "HIDDEN_COLUMN"),
        ("旧数据", "", "HIDDEN_SHEET"),
    ]
    assert [made.codes(each) for each in rows] == [[], [("name_zh", "HIDDEN_ROW")], []]
    assert all(each.content is not None for each in rows)


def test_a_sheet_of_another_kind_is_passed_over_and_named() -> None:
    workbook = made.book(made.row())
    workbook.create_sheet("笔记").append(["别忘了", "核对"])
    workbook.create_sheet("空")

    reading = made.read_xlsx(made.saved(workbook))

    assert [(each.sheet, each.code) for each in reading.findings] == [
        ("笔记", "SHEET_IGNORED")
    ]
    assert len(list(reading)) == 1


def test_a_cell_without_a_header_is_named() -> None:
    workbook = made.book(made.row())
    workbook[made.SHEET].cell(2, 40).value = "小计"

    found = made.only(made.read_xlsx(made.saved(workbook)))

    assert made.codes(found) == [("", "NO_HEADER")]
    assert found.findings[0].column == "AN"


def test_shared_and_rich_texts_are_read_without_their_pronunciation() -> None:
    strings = (
        f'<sst xmlns="{made.MAIN}"><si><t>甲</t></si>'
        "<si><r><t>电</t></r><r><t>解铝</t></r><rPh><t>dian</t></rPh></si></sst>"
    )
    cell = '<c r="{}2" t="s"><v>1</v></c>'

    found = made.only(read_raw("name_zh", cell, strings=strings))

    assert found.content is not None
    assert found.content.name.zh == "电解铝"


def read_raw(
    key: str, content: str, *, kind: str = "n", strings: str | None = None
) -> Any:
    """Return the reading of a hand-made workbook, *content* in the cell of *key*."""
    cells = made.row() | {key: ""}
    letters = dict(zip(cells, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", strict=False))
    place = letters[key]
    raw = (
        content
        if content.startswith("<c")
        else (f'<c r="{place}2" t="{kind}">{content}</c>')
    )
    first = made.row_xml(1, {letters[each]: each for each in cells})
    second = made.row_xml(
        2,
        {
            letters[each]: raw.format(place) if each == key else value
            for each, value in cells.items()
        },
    )
    parts = made.parts(made.sheet_xml(first + second), strings=strings)
    return made.read_xlsx(made.zipped(parts))
