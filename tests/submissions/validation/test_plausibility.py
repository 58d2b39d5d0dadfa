"""A footprint outside the range of its category is looked at, or stopped."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.interchange.seed_tables import SeedTables
from app.reference.categories import CATEGORIES
from app.reference.enums import Boundary
from app.submissions.validation import plausibility
from app.submissions.validation.catalogue import CHECKS, RULES
from app.submissions.validation.plausibility import RANGES, Range, range_for
from app.submissions.validation.rules import Severity, check
from tests.factories.factors import Document
from tests.submissions.validation.subjects import Subject, content, new

ALUMINIUM: Document = {"category": "PRIMARY_ALUMINIUM"}
GRID: Document = {
    "kind": "ENERGY",
    "category": "ELECTRICITY_GRID_NATIONAL",
    "unit": "kgCO2e/kWh",
    "boundary": "LIFE_CYCLE",
}


def found(subject: Subject) -> list[str]:
    """Return the ids of what the ranges say of an item."""
    checks = plausibility.CHECKS
    return [f.rule.id for f in check([subject.candidate], subject.facts, checks)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("4", []),
        ("22", []),
        ("3.99", ["OUTSIDE_USUAL_RANGE"]),
        ("22.01", ["OUTSIDE_USUAL_RANGE"]),
        ("2.5", ["OUTSIDE_USUAL_RANGE"]),
        ("35", ["OUTSIDE_USUAL_RANGE"]),
        ("2.49", ["IMPLAUSIBLE_VALUE"]),
        ("35.01", ["IMPLAUSIBLE_VALUE"]),
    ],
)
def test_ends_belong_to_a_range(value: str, expected: list[str]) -> None:
    assert found(new(value=value, **ALUMINIUM)) == expected


@pytest.mark.parametrize("rule", plausibility.RULES, ids=lambda rule: rule.id)
def test_a_rule_stands_in_the_catalogue(rule: Any) -> None:
    assert RULES[rule.id] is rule
    assert set(plausibility.CHECKS) <= set(CHECKS)
    assert rule.numbers


def test_a_finding_says_what_was_expected() -> None:
    subject = new(value="40000", unit="kgCO2e/t", **ALUMINIUM)

    (finding,) = check([subject.candidate], subject.facts, plausibility.CHECKS)

    assert finding.pointer == "/value"
    assert finding.severity is Severity.BLOCK
    assert "40 kgCO2e/kg" in finding.detail("en")
    assert "2.5–35" in finding.detail("en")
    assert "电解铝" in finding.detail("zh")


def test_an_explained_value_only_warns() -> None:
    subject = new(value="40", **ALUMINIUM)
    explanation = {"IMPLAUSIBLE_VALUE": "自备燃煤电厂"}
    candidate = replace(subject.candidate, explanations=explanation)

    (finding,) = check([candidate], subject.facts, plausibility.CHECKS)

    assert finding.severity is Severity.WARN


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"value": "16500", "unit": "kgCO2e/t"}, []),
        ({"value": "16.5", "unit": "tCO2e/t"}, []),
        ({"value": "16500", "unit": "gCO2e/kg"}, []),
        ({"value": "16.5", "unit": "kgCO2e/t"}, ["IMPLAUSIBLE_VALUE"]),
        ({"value": "16.5", "unit": "kgCO2e/piece"}, []),
    ],
)
def test_units_convert_exactly(changes: Document, expected: list[str]) -> None:
    assert found(new(**ALUMINIUM, **changes)) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"boundary": "CRADLE_TO_GRAVE"},
        {"boundary": "GATE_TO_GATE"},
        {"kind": "DIRECT_EF", "boundary": "DIRECT"},
        {"unit": "kgCO2/kg", "gwp_set": "NOT_APPLICABLE"},
        {"category": "COPPER"},
        {"kind": "PARAMETER", "unit": "GJ/t", "gwp_set": "NOT_APPLICABLE"},
    ],
)
def test_ranges_are_silent_about_anything_else(changes: Document) -> None:
    stated: Document = {"value": "999", **ALUMINIUM, **changes}

    assert found(new(**stated)) == []


def test_a_range_for_one_region_is_silent_about_others() -> None:
    assert found(new(value="0.05", **GRID)) == ["IMPLAUSIBLE_VALUE"]
    assert found(new(value="0.05", region="NO", **GRID)) == []
    assert found(new(value="0.5777", **GRID)) == []


def test_a_category_has_the_range_of_the_nearest_one_above() -> None:
    assert found(new(category="CEMENT_PORTLAND", value="1.3")) == ["IMPLAUSIBLE_VALUE"]
    assert found(new(category="CEMENT_CLINKER", value="1.3")) == ["OUTSIDE_USUAL_RANGE"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"technology": "NATURAL_GAS"}, ["IMPLAUSIBLE_VALUE"]),
        ({"technology": "COAL"}, ["OUTSIDE_USUAL_RANGE"]),
        ({"technology": "CHARCOAL"}, []),
        ({"zh": "煤制合成氨"}, ["OUTSIDE_USUAL_RANGE"]),
        ({"en": "Ammonia, natural gas route"}, ["IMPLAUSIBLE_VALUE"]),
        ({"technology": "COKE_OVEN_GAS"}, []),
        ({}, []),
    ],
)
def test_a_route_is_read_from_technology_and_name(
    changes: Document, expected: list[str]
) -> None:
    assert found(new(category="AMMONIA", value="5.94", **changes)) == expected


def test_a_route_with_capture_has_a_range_of_its_own() -> None:
    hydrogen: Document = {"category": "HYDROGEN_NATURAL_GAS", "value": "3.47"}

    assert found(new(**hydrogen)) == ["IMPLAUSIBLE_VALUE"]
    assert found(new(**hydrogen, technology="NATURAL_GAS_CCS")) == []


def test_electrolysis_has_no_usual_range() -> None:
    hydrogen: Document = {"category": "HYDROGEN_ELECTROLYSIS"}

    assert found(new(value="1.08", **hydrogen)) == []
    assert found(new(value="29.21", **hydrogen)) == []
    assert found(new(value="60.1", **hydrogen)) == ["IMPLAUSIBLE_VALUE"]


# The table


def label(row: Range) -> str:
    return " ".join([*row.categories, *row.technology])


def canonical(row: Range, value: str) -> Document:
    """Return a content that the row is for, with a route and in the unit of the row."""
    kind = "TRANSPORT_SERVICE" if row.unit.code == "t_km" else "PCF"
    return {
        "kind": "EOL" if "EOL_ONLY" in row.boundaries else kind,
        "category": row.categories[0],
        "technology": row.technology[0] if row.technology else None,
        "region": row.region or "CN",
        "boundary": min(row.boundaries),
        "unit": f"kgCO2e/{row.unit.code}",
        "value": value,
        "zh": "某产品",
        "en": "Some product",
    }


@pytest.mark.parametrize("row", RANGES, ids=label)
def test_a_row_is_sound(row: Range) -> None:
    hard, soft = row.hard, row.soft

    assert set(row.categories) <= set(CATEGORIES)
    assert row.boundaries <= set(Boundary)
    assert Boundary.CRADLE_TO_GRAVE not in row.boundaries
    assert row.region in ("", "CN")
    assert row.source
    assert hard.low is not None
    assert hard.high is not None
    assert hard.low < hard.high
    if soft.low is not None and soft.high is not None:
        assert hard.low <= soft.low < soft.high <= hard.high


@pytest.mark.parametrize("row", RANGES, ids=label)
def test_a_row_is_reached(row: Range) -> None:
    assert range_for(content(**canonical(row, "1"))) is row


@pytest.mark.parametrize("row", RANGES, ids=label)
def test_a_row_stops_what_is_far_beyond(row: Range) -> None:
    assert found(new(**canonical(row, "1000000"))) == ["IMPLAUSIBLE_VALUE"]


# The seed


def test_of_the_seeded_footprints_hardly_any_is_implausible() -> None:
    tables = SeedTables.open(Path("seed_data"))
    contents = [
        candidate.content
        for entry in tables.files
        for candidate in tables.candidates(entry["path"])
    ]
    ranged = [each for each in contents if range_for(each)]
    sound = new()
    rules = Counter(
        rule
        for each in ranged
        for rule in found(
            replace(sound, candidate=replace(sound.candidate, content=each))
        )
    )

    assert len(ranged) > 100
    # Hydrogen of a coking plant, and urea per tonne of its nitrogen.
    assert rules["IMPLAUSIBLE_VALUE"] == 2
    assert rules["OUTSIDE_USUAL_RANGE"] < len(ranged) / 8
