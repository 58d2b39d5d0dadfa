"""Good files, and the content that each column states."""

import datetime as dt
from typing import Any

import pytest

from app.interchange.columns import COLUMNS
from app.interchange.spreadsheets import Severity
from tests.factories import factors
from tests.interchange import workbooks as made


def test_a_row_is_the_content_that_it_states() -> None:
    expected = factors.content(
        source=factors.citation(document_number=None, date=None, locator=None),
        verification="SUBMITTED",
    )

    for reading in (
        made.read_xlsx(made.xlsx(made.row())),
        made.read_csv(made.text(made.row())),
        made.read_csv("\ufeff" + made.text(made.row(), end="\n")),
    ):
        found = made.only(reading)
        assert found.findings == ()
        assert found.content == expected
        assert (found.number, found.type, found.factor) == (2, "NEW", None)


def test_every_field_has_a_column() -> None:
    cells = made.row(
        technology="预焙槽",
        data_from="2023-01-01",
        data_to="2023-12-31",
        valid_from="2024-01-01",
        valid_to="2026-12-31",
        uncertainty_min="16",
        uncertainty_max="17.0",
        ter="1",
        ger="2",
        tir="3",
        p="4",
        gas_CO2_FOSSIL="15",
        gas_CF4="0.0001",
        gases_other="HFC_134A=0.01; HFC_23＝0.02；",
        stage_RAW="10",
        stage_EOL="6.5",
        properties="NCV=38.9 MJ/kg; 密度=0.85 kg/L",
        allocation="质量",
        cut_off="1%",
        source_document_number="公告 1 号",
        source_date="2024",
        source_locator="附件",
        source_url="https://example.org/a",
        source_evidence_sha256="0" * 64,
        derivation="CNF-01-000002-11@1; CNF-01-000002-11@2 × 13500 千瓦时",
        owner_zh="甲",
        owner_en="A",
        change_reason="重算",
        note="备注",
    )

    content = made.only(made.read_xlsx(made.xlsx(cells))).content

    assert content is not None
    facts = content.model_dump(mode="json")
    assert facts["gases"] == [
        {"gas": "CO2_FOSSIL", "mass_kg": "15"},
        {"gas": "CF4", "mass_kg": "0.0001"},
        {"gas": "HFC_23", "mass_kg": "0.02"},
        {"gas": "HFC_134A", "mass_kg": "0.01"},
    ]
    assert facts["stages"] == [
        {"stage": "RAW", "value": "10"},
        {"stage": "EOL", "value": "6.5"},
    ]
    assert facts["properties"] == [
        {"property": "NCV", "value": "38.9", "unit": "MJ/kg"},
        {"property": "DENSITY", "value": "0.85", "unit": "kg/L"},
    ]
    assert facts["derivation"] == [
        "CNF-01-000002-11@1",
        "CNF-01-000002-11@2 * 13500 kWh",
    ]
    assert all(value not in (None, [], {}) for value in facts.values())
    stated = {each.key for each in COLUMNS} - set(cells)
    assert stated - {"type", "factor"} == {
        each.key for each in COLUMNS if each.key[:4] in ("gas_", "stag")
    } - set(cells)


@pytest.mark.parametrize("kind", ["UPDATE", "CORRECTION"])
def test_a_new_version_names_its_factor(kind: str) -> None:
    cells = made.row(type=kind, factor="CNF-01-000002-11", change_reason="重算")

    found = made.only(made.read_xlsx(made.xlsx(cells)))

    assert found.findings == ()
    assert (found.type, found.factor) == (kind, "CNF-01-000002-11")
    assert (found.reason, found.content is None) == ("重算", False)


def test_a_retirement_has_no_content() -> None:
    retirement = {
        "type": "退出",
        "factor": "CNF-01-000002-11",
        "change_reason": "已停用",
    }

    _, found = made.read_xlsx(made.xlsx(made.row() | {"type": None}, retirement))

    assert (found.findings, found.content) == ((), None)
    assert (found.type, found.factor, found.reason) == (
        "RETIREMENT",
        "CNF-01-000002-11",
        "已停用",
    )


@pytest.mark.parametrize(
    ("change", "column", "code"),
    [
        ({"type": "UPDATE"}, "factor", "MISSING_FIELD"),
        ({"type": "RETIREMENT", "factor": "CNF-01-000002-11"}, "change_reason",
         "MISSING_FIELD"),
        ({"type": "NEW", "factor": "CNF-01-000002-11"}, "factor", "BAD_VALUE"),
        ({"type": "UPDATE", "factor": "CNF-01-000002-12"}, "factor",
         "INVALID_FACTOR_CODE"),
        ({"value": None}, "value", "MISSING_FIELD"),
        ({"kind": "pcf!"}, "kind", "BAD_VALUE"),
        ({"category": "铝型材料"}, "category", "BAD_VALUE"),
        ({"unit": "kgCO2e/ton"}, "unit", "UNKNOWN_UNIT"),
        ({"unit": "16.5"}, "unit", "UNKNOWN_FACTOR_UNIT"),
        ({"gwp_set": "NOT_APPLICABLE"}, "gwp_set", "GWP_BASIS_MISMATCH"),
        ({"name_zh": "字" * 201}, "name_zh", "BAD_VALUE"),
        ({"uncertainty_min": "1"}, "uncertainty_max", "MISSING_FIELD"),
        ({"ter": "1", "p": "2"}, "ger", "MISSING_FIELD"),
        ({"owner_en": "A"}, "owner_zh", "MISSING_FIELD"),
        ({"derivation": "CNF-01-000002-11"}, "derivation", "BAD_VALUE"),
        ({"derivation": "CNF-01"}, "derivation", "INVALID_FACTOR_CODE"),
        ({"gases_other": "SF6"}, "gases_other", "BAD_VALUE"),
        ({"gases_other": "SF6=1,2"}, "gases_other", "BAD_DECIMAL"),
        ({"gases_other": "SF6=1; SF6=2"}, "gases_other", "BAD_VALUE"),
        ({"properties": "NCV=38.9MJ/kg"}, "properties", "BAD_VALUE"),
        ({"properties": "NCV=38.9 MJ/ton"}, "properties", "UNKNOWN_UNIT"),
        ({"source_evidence_sha256": "abc"}, "source_evidence_sha256", "BAD_VALUE"),
        ({"reference_year": "1980"}, "reference_year", "BAD_VALUE"),
        ({"reference_year": "23"}, "reference_year", "BAD_TYPE"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_at_its_column(
    change: dict[str, Any], column: str, code: str
) -> None:
    found = made.only(made.read_xlsx(made.xlsx(made.row() | change)))

    assert made.codes(found) == [(column, code)]
    assert found.content is None
    assert found.refused
    finding = found.findings[0]
    sheet = made.loaded(made.xlsx(made.row() | change)).active
    letter = next(
        (each.column_letter for each in sheet[1] if str(each.value).endswith(column)),
        "",
    )
    assert (finding.sheet, finding.row, finding.column) == (made.SHEET, 2, letter)
    assert finding.detail("zh") != finding.detail("en")


def test_all_that_is_wrong_is_named_at_once() -> None:
    change = {"value": "1,5", "unit": None, "region": "UK", "licence": None}

    found = made.only(made.read_xlsx(made.xlsx(made.row() | change)))

    assert sorted(made.codes(found)) == [
        ("licence", "MISSING_FIELD"),
        ("region", "BAD_VALUE"),
        ("unit", "MISSING_FIELD"),
        ("value", "BAD_DECIMAL"),
    ]


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"boundary": "从摇篮到大门"}, "boundary", "CRADLE_TO_GATE"),
        ({"boundary": " cradle to  Gate "}, "boundary", "CRADLE_TO_GATE"),
        ({"boundary": "从摇篮到坟墓 | CRADLE_TO_GRAVE"}, "boundary", "CRADLE_TO_GRAVE"),
        ({"boundary": "全生命周期(来源未说明起止边界)"}, "boundary", "LIFE_CYCLE"),
        ({"region": "中国"}, "region", "CN"),
        ({"region": "广东"}, "region", "CN-GD"),
        ({"unit": "kgCO2当量／千克"}, "unit", "kgCO2e/kg"),
        ({"unit": "tCO2e/万千瓦时"}, "unit", "tCO2e/万kWh"),
        ({"unit": "kg CO₂e / 吨"}, "unit", "kgCO2e/t"),
        ({"reference_year": "2023年"}, "reference_year", 2023),
        ({"reference_year": 2023}, "reference_year", 2023),
    ],
)
def test_labels_and_aliases_are_read_as_codes(
    change: dict[str, Any], field: str, expected: object
) -> None:
    found = made.only(made.read_xlsx(made.xlsx(made.row() | change)))

    assert found.content is not None
    assert getattr(found.content, field) == expected


def test_a_label_must_agree_with_its_code() -> None:
    cells = made.row(boundary="从摇篮到坟墓 | CRADLE_TO_GATE")

    found = made.only(made.read_xlsx(made.xlsx(cells)))

    assert made.codes(found) == [("boundary", "BAD_VALUE")]
    assert "从摇篮到大门" in found.findings[0].detail("zh")


def test_dates_of_every_clear_form_are_one_day() -> None:
    forms = [
        "2024-01-31",
        "2024/1/31",
        "2024.1.31",
        "2024年1月31日",
        "2024 年 1 月 31 日",
        dt.date(2024, 1, 31),
        dt.datetime(2024, 1, 31),  # noqa: DTZ001 - a workbook knows no zones
    ]

    reading = made.read_xlsx(made.xlsx(*(made.row(valid_from=each) for each in forms)))

    for found in reading:
        assert found.findings == ()
        assert found.content is not None
        assert found.content.validity.first == "2024-01-31"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024", "2024"),
        (2024, "2024"),
        ("2024年", "2024"),
        ("2024-03", "2024-03"),
        ("2024年3月", "2024-03"),
        ("2024/3/1", "2024-03-01"),
        (dt.date(2024, 3, 1), "2024-03-01"),
    ],
)
def test_the_date_of_a_source_is_as_exact_as_stated(
    text: object, expected: str
) -> None:
    found = made.only(made.read_xlsx(made.xlsx(made.row(source_date=text))))

    assert found.content is not None
    assert found.content.sources[0].date == expected


def test_rows_behind_blank_rows_are_read() -> None:
    workbook = made.book(made.row(), made.row(name_zh="乙"))
    workbook[made.SHEET].insert_rows(3, 500)
    workbook[made.SHEET].cell(10, 1).value = "   "
    data = made.text(made.row(), made.row(name_zh="乙"), end="\n")
    first, second, third = data.splitlines(keepends=True)

    assert [each.number for each in made.read_xlsx(made.saved(workbook))] == [2, 503]
    lines = made.read_csv(first + second + "\n" * 500 + third)
    assert [each.number for each in lines] == [2, 503]


def test_spaces_around_texts_are_left_out_and_told() -> None:
    cells = made.row(name_zh="\u00a0电解铝\u3000 ", region=" CN ")

    found = made.only(made.read_xlsx(made.xlsx(cells)))

    assert found.content is not None
    assert found.content.name.zh == "电解铝"
    assert [each.code for each in found.findings] == ["SPACES_TRIMMED"] * 2
    assert {each.severity for each in found.findings} == {Severity.INFO}


def test_finding_at_a_pointer_of_the_content() -> None:
    cells = made.row(gas_CF4="0.1", gases_other="HFC_23=1", stage_MFG="16.5")
    found = made.only(made.read_xlsx(made.xlsx(cells)))
    problem = (
        made.only(made.read_xlsx(made.xlsx(made.row(value="1,5")))).findings[0].error
    )

    for pointer, key in {
        "/value": "value",
        "/name/zh": "name_zh",
        "/gases/0/mass_kg": "gas_CF4",
        "/gases/1": "gases_other",
        "/gases": "gases_other",
        "/stages/0": "stage_MFG",
        "/sources/0/publisher": "source_title",
        "/uncertainty": "",
        "/year_basis": "",
    }.items():
        finding = found.finding(pointer, problem)
        assert (pointer, finding.key) == (pointer, key or finding.key)
        assert bool(finding.column) == (key != "")
