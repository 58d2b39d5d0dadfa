"""The template, and the report that is made of a file."""

import io
from typing import Any

import pytest

from app.interchange.columns import COLUMNS, REPORT_COLUMNS
from app.interchange.sheet_names import COMPANIONS, DATA, EXAMPLE, HELP, VOCABULARY
from app.interchange.spreadsheet_text import coded, decoded
from app.interchange.spreadsheets import (
    CSV_MEDIA_TYPE,
    XLSX_MEDIA_TYPE,
    Severity,
    Verdict,
    read,
    report,
    template,
)
from app.interchange.template import template as cached
from app.interchange.vocabularies import VOCABULARIES
from app.kit.errors import Invalid
from app.kit.formulas import escaped, unescaped
from tests.interchange import workbooks as made

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0"]


def test_the_template_is_the_same_bytes_each_time() -> None:
    first = template()
    cached.cache_clear()

    assert template() == first


def test_the_template_has_headers_in_both_languages_and_text_cells() -> None:
    workbook = made.loaded(template())

    assert workbook.sheetnames == [DATA, EXAMPLE, VOCABULARY, HELP]
    assert {EXAMPLE, VOCABULARY, HELP} == COMPANIONS
    for name in (DATA, EXAMPLE):
        sheet = workbook[name]
        assert [each.value for each in sheet[1]] == [each.header for each in COLUMNS]
        for number, _ in enumerate(COLUMNS, 1):
            letter = sheet.cell(1, number).column_letter
            assert sheet.column_dimensions[letter].number_format == "@"
        assert sheet.freeze_panes == "A2"


def test_the_lists_of_the_template_lead_to_their_vocabularies() -> None:
    workbook = made.loaded(template())
    sheet = workbook[DATA]
    lists = {
        sheet[str(each.sqref).split(":")[0].rstrip("2") + "1"].value: each.formula1
        for each in sheet.data_validations.dataValidation
    }

    for column in COLUMNS:
        if column.vocabulary is None:
            assert column.header not in lists
            continue
        name, _, cells = lists[column.header].rpartition("!")
        assert name.strip("'") == VOCABULARY
        values = [
            each[0].value for each in workbook[VOCABULARY][cells.replace("$", "")]
        ]
        vocabulary = VOCABULARIES[column.vocabulary]
        assert values == [each.text for each in vocabulary.choices]
        assert [vocabulary.code(each) for each in values] == [
            each.code for each in vocabulary.choices
        ]


def filled() -> Any:
    """Return the template with its examples copied to the sheet of data."""
    workbook = made.loaded(template())
    for line in workbook[EXAMPLE].iter_rows(min_row=2):
        for each in line:
            workbook[DATA][each.coordinate] = each.value
    return workbook


def test_the_examples_of_the_template_are_read_without_findings() -> None:
    reading = made.read_xlsx(made.saved(filled()))
    rows = list(reading)

    assert reading.findings == []
    assert [each.findings for each in rows] == [(), (), ()]
    assert [each.type for each in rows] == ["NEW", "NEW", "RETIREMENT"]
    assert all(each.content for each in rows[:2])


def test_the_empty_template_has_no_rows() -> None:
    with pytest.raises(Invalid) as caught:
        made.read_xlsx(template())

    assert caught.value.code == "NO_DATA_ROWS"


def test_the_report_has_the_same_rows_and_two_more_columns() -> None:
    data = made.saved(filled())
    verdicts = {
        (DATA, 3): [
            Verdict(Severity.INFO, "a"),
            Verdict(Severity.ERROR, "=b"),
            Verdict(Severity.WARNING, "c"),
        ]
    }

    for language, passed, wrong in (("zh", "通过", "错误"), ("en", "Passed", "Error")):
        made_report = report(io.BytesIO(data), XLSX_MEDIA_TYPE, verdicts, language)
        sheet = made.loaded(made_report)[DATA]
        before = made.loaded(data)[DATA]
        width = len(COLUMNS)
        for line in range(1, 5):
            for number in range(1, width + 1):
                assert sheet.cell(line, number).value == before.cell(line, number).value
        added = [
            [sheet.cell(line, width + side).value for side in (1, 2)]
            for line in range(1, 5)
        ]
        assert added == [
            [each.header for each in REPORT_COLUMNS],
            [passed, None],
            [wrong, "a\n=b\nc"],
            [passed, None],
        ]


def test_a_report_can_be_sent_again_and_reported_on_again() -> None:
    cells = made.row(value="-16.5", note="'=x", uncertainty_min=1.5, ter="x")
    first = made.xlsx(cells)
    found = made.only(made.read_xlsx(first))
    verdicts = {(made.SHEET, 2): [each.verdict("zh") for each in found.findings]}

    second = report(io.BytesIO(first), XLSX_MEDIA_TYPE, verdicts, "zh")
    again = made.only(made.read_xlsx(second))
    third = report(io.BytesIO(second), XLSX_MEDIA_TYPE, verdicts, "zh")

    assert made.codes(again) == made.codes(found)
    assert third == second
    assert made.loaded(third)[made.SHEET].max_column == len(cells) + 2


def test_a_report_on_csv_is_a_workbook() -> None:
    data = made.text(made.row(note="-x")).encode()

    sheet = made.loaded(report(io.BytesIO(data), CSV_MEDIA_TYPE, {}, "en"))["csv"]

    values = [each.value for each in sheet[2]]
    assert values[-3:] == ["'-x", "Passed", None]


def test_a_report_keeps_formulas_as_text_and_characters_that_xml_cannot_hold() -> None:
    workbook = made.book(made.row())
    made.cell(workbook, "value").value = "=1+1"
    made.cell(workbook, "name_en").value = "a_x0041_b_x0007_"

    data = made.saved(workbook)
    sheet = made.loaded(report(io.BytesIO(data), XLSX_MEDIA_TYPE, {}, "en")).active

    assert "'=1+1" in [each.value for each in sheet[2]]
    assert all(each.data_type != "f" for line in sheet.iter_rows() for each in line)


def test_a_report_refuses_what_reading_refuses() -> None:
    for use in (
        lambda: report(io.BytesIO(b"x"), XLSX_MEDIA_TYPE, {}, "en"),
        lambda: read(io.BytesIO(b"x"), XLSX_MEDIA_TYPE),
    ):
        with pytest.raises(Invalid):
            use()


@pytest.mark.parametrize("text", DANGEROUS)
def test_dangerous_starts_are_escaped_on_the_way_out(text: str) -> None:
    assert escaped(text) == f"'{text}"
    assert unescaped(escaped(text)) == text
    verdict = {(made.SHEET, 2): [Verdict(Severity.ERROR, text)]}

    sheet = made.loaded(
        report(io.BytesIO(made.xlsx(made.row())), XLSX_MEDIA_TYPE, verdict, "en")
    ).active

    assert [each.value for each in sheet[2]][-1].startswith("'")


@pytest.mark.parametrize("text", ["", "a", "'a", "a=b", "1-2", "'"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert escaped(text) == unescaped(text) == text


@pytest.mark.parametrize(
    "text", ["a_x0041_", "_x005F_", "\0a\x0b\r\n", "_xZZZZ_", "中"]
)
def test_coded_text_is_decoded_to_what_it_was(text: str) -> None:
    assert decoded(coded(text)) == text
