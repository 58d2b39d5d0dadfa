"""The answer of a calculation in cells: the same figures, and no formulas."""

import csv
import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from app.interchange import results
from app.interchange.results import TooManyRows, as_csv, as_xlsx
from tests.factories.calculations import (
    ELECTRICITY,
    calculate,
    process,
    request,
    version_at,
)

Sections = dict[str, list[dict[str, Any]]]

SPREAD = {"type": "NORMAL", "sd": "0.5"}
LINE = {"factor": ELECTRICITY, "amount": "-10.50", "unit": "kWh", "uncertainty": SPREAD}
GAS = {"gas": "CH4_FOSSIL", "amount": "0.1", "unit": "kg"}
NAME = '-2 "quoted",电'
BODY = request(
    process("=1+1", inputs=[LINE, {"process": "@x", "amount": "2", "unit": "kg"}]),
    process("@x", stage="RAW", emissions=[GAS] * 120) | {"name": NAME},
    uncertainty={"method": "ANALYTIC"},
    data_quality={"assessment_year": 2026},
    cut_offs=[{"name": "=rest", "value": "0.5"}],
)


@pytest.fixture(scope="module")
def answer() -> Any:
    return calculate(BODY, version_at(gwp_set="NOT_STATED"))


def _keys(headers: list[Any]) -> list[str]:
    return [str(each).rpartition("| ")[2] for each in headers]


def read_csv(data: bytes) -> Sections:
    sections: Sections = {}
    text = data.decode("utf-8-sig")
    for block in text.split("\r\n\r\n"):
        (name,), headers, *rows = csv.reader(io.StringIO(block, newline=""))
        keys = _keys(headers)
        sections[name.split()[1]] = [dict(zip(keys, row, strict=True)) for row in rows]
    return sections


def read_xlsx(data: bytes) -> Sections:
    book = openpyxl.load_workbook(io.BytesIO(data))
    sections: Sections = {}
    for sheet in book:
        headers, *rows = sheet.iter_rows(values_only=True)
        keys = _keys(list(headers))
        sections[sheet.title.split()[1]] = [
            dict(zip(keys, row, strict=True)) for row in rows
        ]
    return sections


def test_both_forms_hold_every_part(answer: Any) -> None:
    text, book = read_csv(as_csv(answer)), read_xlsx(as_xlsx(answer))

    assert list(text) == list(book) == [each.key for each in results._TABLES]  # noqa: SLF001
    for found in (text, book):
        lengths = {name: len(rows) for name, rows in found.items()}
        assert lengths == {
            "result": 1,
            "by_stage": len(answer["by_stage"]),
            "by_gas": len(answer["by_gas"]),
            "by_category": 6,
            "processes": 2,
            "contributions": 101,  # with what the others add up to
            "factors": 1,
            "uncertainty": 1,
            "data_quality": 2,
            "electricity": 0,
            "cut_off": 1,
            "warnings": len(answer["warnings"]),
        }


def test_figures_are_numbers_with_their_digits(answer: Any) -> None:
    text, book = read_csv(as_csv(answer)), read_xlsx(as_xlsx(answer))

    value = answer["result"]["value"]
    assert text["result"][0]["value"] == value
    assert book["result"][0]["value"] == float(value)
    for found in (text, book):
        parts = [Decimal(str(row["value"])) for row in found["contributions"]]
        assert abs(sum(parts) - Decimal(value)) < Decimal("1e-6")
    # A minus makes no formula of a number.
    assert text["contributions"][0]["amount"] == "-10.5"
    assert book["contributions"][0]["amount"] == -10.5


def test_the_rating_has_a_row_for_each_way_of_weighing(answer: Any) -> None:
    text, book = read_csv(as_csv(answer)), read_xlsx(as_xlsx(answer))

    rating = answer["data_quality"]["full"]
    assert [row["weights"] for row in text["data_quality"]] == ["weighted_80", "full"]
    assert text["data_quality"][1]["dqr"] == rating["dqr"]
    assert book["data_quality"][1]["band"] == rating["band"]


def test_text_is_no_formula(answer: Any) -> None:
    text, book = read_csv(as_csv(answer)), read_xlsx(as_xlsx(answer))

    for found in (text, book):
        rows = {row["id"]: row for row in found["processes"]}
        assert set(rows) == {"'=1+1", "'@x"}
        assert rows["'@x"]["name"] == "'" + NAME
        assert found["result"][0]["process"] == "'=1+1"
        assert found["cut_off"][0]["name"] == "'=rest"
    for row in csv.reader(io.StringIO(as_csv(answer).decode("utf-8-sig"))):
        assert not any(cell.startswith(("=", "+", "@")) for cell in row)


def test_what_is_null_is_an_empty_cell(answer: Any) -> None:
    text, book = read_csv(as_csv(answer)), read_xlsx(as_xlsx(answer))

    assert text["contributions"][0]["gas"] == ""
    assert book["contributions"][0]["gas"] is None


def test_a_sheet_that_excel_cannot_open_is_refused(
    answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "_MOST_ROWS", 101)

    with pytest.raises(TooManyRows):
        as_xlsx(answer)
    assert read_csv(as_csv(answer))


def test_the_same_answer_gives_the_same_bytes(answer: Any) -> None:
    assert as_xlsx(answer) == as_xlsx(answer)
