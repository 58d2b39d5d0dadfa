"""Every law of nature holds for one content and not for another."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from app.interchange.seed_tables import SeedTables
from app.reference.categories import CATEGORIES
from app.reference.properties import PROPERTIES
from app.submissions.validation import bounds, physical, properties
from app.submissions.validation.bounds import BOUNDS, Bound
from app.submissions.validation.catalogue import CHECKS, RULES
from app.submissions.validation.rules import Finding, Severity, check
from tests.factories.factors import Document
from tests.submissions.validation.subjects import Subject, new

MASSES = {
    "H": "1.008",
    "C": "12.011",
    "N": "14.007",
    "O": "15.999",
    "Mg": "24.305",
    "Al": "26.982",
    "Si": "28.085",
    "Ca": "40.078",
    "Fe": "55.845",
}
DIRECT: Document = {
    "kind": "DIRECT_EF",
    "boundary": "DIRECT",
    "gwp_set": "NOT_APPLICABLE",
}
QUANTITIES = {"PRODUCTION", "COMBUSTION", "GENERATION", "CARBON"}


def gases(**masses: str) -> list[dict[str, str]]:
    return [{"gas": gas, "mass_kg": mass} for gas, mass in masses.items()]


def stated(**values: str) -> list[dict[str, str]]:
    """Return properties; each value is written with its unit, as 75 %."""
    parts = {name: text.split(" ") for name, text in values.items()}
    return [
        {"property": name, "value": value, "unit": unit}
        for name, (value, unit) in parts.items()
    ]


def product(category: str, value: str = "1", **changes: Any) -> Subject:
    return new(category=category, value=value, **changes)


def direct(category: str, value: str, unit: str, **changes: Any) -> Subject:
    return new(category=category, value=value, unit=unit, **DIRECT, **changes)


def power(category: str, co2: str) -> Subject:
    stated_gases = gases(CO2_FOSSIL=co2)
    return new(
        kind="ENERGY",
        category=category,
        value="1.0",
        unit="kgCO2e/kWh",
        boundary="LIFE_CYCLE",
        gases=stated_gases,
    )


def heat_based(value: str, unit: str, **values: str) -> Subject:
    """Return a factor of natural gas: 38.931 MJ/Nm3, 15.3 tC/TJ, 99 % oxidised."""
    facts = {"CARBON_PER_ENERGY": "15.3 tC/TJ", "OXIDATION": "99 %", **values}
    return direct("NATURAL_GAS_SUPPLY", value, unit, properties=stated(**facts))


CASES = {
    "CARBON_CEILING": (
        # 0.75 · 3.6641 · 1.005 = 2.7618
        direct("RAW_COAL", "2.76", "kgCO2/kg", properties=stated(CARBON_FOSSIL="75 %")),
        direct("RAW_COAL", "2.77", "kgCO2/kg", properties=stated(CARBON_FOSSIL="75 %")),
    ),
    "HEAT_BASED_FACTOR": (
        heat_based("21.622", "tCO2/万Nm3", NCV="38.931 MJ/Nm3"),
        heat_based("21.85", "tCO2/万Nm3", NCV="38.931 MJ/Nm3"),
    ),
    "ENERGY_CARBON": (
        direct("RAW_COAL", "95", "tCO2/TJ", properties=stated(NCV="20.9 GJ/t")),
        direct("RAW_COAL", "131", "tCO2/TJ", properties=stated(NCV="20.9 GJ/t")),
    ),
    "CALCINATION_FLOOR": (
        # 0.65 · 0.7848 + 0.015 · 1.0919 = 0.5265
        product("CEMENT_CLINKER", "0.527", properties=stated(CAO="65 %", MGO="1.5 %")),
        product("CEMENT_CLINKER", "0.523", properties=stated(CAO="65 %", MGO="1.5 %")),
    ),
    "UREA_NEGATIVE": (
        product("UREA", "-0.3", gases=gases(CO2_BIO_UPTAKE="0.7")),
        product("UREA", "-0.3"),
    ),
    "PFC_SHARE": (
        # AR6: 0.034 · 7380 + 0.0034 · 12400 = 293.08
        product(
            "ALUMINIUM_SMELTING",
            "293.1",
            unit="kgCO2e/t",
            gases=gases(CF4="0.034", C2F6="0.0034"),
        ),
        product(
            "ALUMINIUM_SMELTING",
            "263.16",
            unit="kgCO2e/t",
            gases=gases(CF4="0.034", C2F6="0.0034"),
        ),
    ),
    "ANODE_FLOOR": (
        product("PRIMARY_ALUMINIUM", "1.2233"),
        product("PRIMARY_ALUMINIUM", "1.2232"),
    ),
    "SMELTING_ELECTRICITY": (
        product(
            "PRIMARY_ALUMINIUM",
            "16.5",
            properties=stated(ELECTRICITY_USE="13500 kWh/t"),
        ),
        product(
            "PRIMARY_ALUMINIUM", "16.5", properties=stated(ELECTRICITY_USE="5900 kWh/t")
        ),
    ),
    "ALUMINA_FLOOR": (
        product(
            "PRIMARY_ALUMINIUM", "16.5", properties=stated(ALUMINA_USE="1.92 kg/kg")
        ),
        product(
            "PRIMARY_ALUMINIUM", "16.5", properties=stated(ALUMINA_USE="1.88 kg/kg")
        ),
    ),
    "IRON_FLOOR": (product("PIG_IRON", "0.56"), product("PIG_IRON", "0.55")),
    "AMMONIA_GAS_FLOOR": (
        product("AMMONIA", "0.969", technology="NATURAL_GAS"),
        product("AMMONIA", "0.968", technology="NATURAL_GAS"),
    ),
    "HYDROGEN_FLOOR": (
        product("HYDROGEN_COAL", "10.92"),
        product("HYDROGEN_COAL", "10.91"),
    ),
    "ELECTROLYSIS_ELECTRICITY": (
        product(
            "HYDROGEN_ELECTROLYSIS", properties=stated(ELECTRICITY_USE="52 kWh/kg")
        ),
        product(
            "HYDROGEN_ELECTROLYSIS", properties=stated(ELECTRICITY_USE="39 kWh/kg")
        ),
    ),
    "CARBIDE_FLOOR": (
        product("CALCIUM_CARBIDE", "1.373"),
        product("CALCIUM_CARBIDE", "1.372"),
    ),
    "SILICON_FLOOR": (
        product(
            "SILICON_METAL",
            "2.0",
            gases=gases(CO2_FOSSIL="2.0", CO2_BIO_EMIT="1.2"),
        ),
        product("SILICON_METAL", "3.2", gases=gases(CO2_FOSSIL="3.1")),
    ),
    "POWER_WINDOW": (
        power("ELECTRICITY_COAL", "0.83"),
        power("ELECTRICITY_COAL", "0.7"),
    ),
    "NATURAL_GAS_COMBUSTION": (
        direct("NATURAL_GAS_SUPPLY", "2.162", "kgCO2/Nm3"),
        direct("NATURAL_GAS_SUPPLY", "2.5", "kgCO2/Nm3"),
    ),
    "COMPOUND_CARBON": (
        product(
            "METHANOL", properties=stated(CARBON_FOSSIL="0.3710 kgC/kg", PURITY="99 %")
        ),
        product("METHANOL", properties=stated(CARBON_FOSSIL="0.3670 kgC/kg")),
    ),
    "EFFICIENCY_RANGE": (
        product("HEAT", properties=stated(EFFICIENCY="100 %")),
        product("HEAT", properties=stated(EFFICIENCY="101 %")),
    ),
    "LINE_LOSS_RANGE": (
        product("ELECTRICITY_GRID", properties=stated(LINE_LOSS="4.6 %")),
        product("ELECTRICITY_GRID", properties=stated(LINE_LOSS="0.16 1")),
    ),
    "PROPERTY_UNIT": (
        product("RAW_COAL", properties=stated(NCV="20.9 GJ/t")),
        product("RAW_COAL", properties=stated(NCV="20.9 t/GJ")),
    ),
    "PROPERTY_RANGE": (
        product("RAW_COAL", properties=stated(OXIDATION="99 %")),
        product("RAW_COAL", properties=stated(OXIDATION="101 %")),
    ),
}


def findings(subject: Subject, rule_id: str) -> list[Finding]:
    found = check([subject.candidate], subject.facts, CHECKS)
    return [each for each in found if each.rule.id == rule_id]


def test_every_rule_has_a_case_and_stands_in_the_catalogue() -> None:
    rules = (*properties.RULES, *physical.RULES)

    assert {rule.id for rule in rules} == set(CASES)
    assert all(RULES[rule.id] is rule for rule in rules)
    assert {*properties.CHECKS, *physical.CHECKS} <= set(CHECKS)


@pytest.mark.parametrize("rule_id", CASES)
def test_a_rule_holds_and_is_broken(rule_id: str) -> None:
    passing, failing = CASES[rule_id]

    assert findings(passing, rule_id) == []
    (finding,) = findings(failing, rule_id)
    assert finding.severity is RULES[rule_id].severity
    assert all("{" not in finding.detail(each) for each in ("zh", "en"))
    assert finding.detail("zh") != finding.detail("en")


@pytest.mark.parametrize("rule_id", CASES)
def test_a_pointer_leads_into_the_content(rule_id: str) -> None:
    _, failing = CASES[rule_id]
    (finding,) = findings(failing, rule_id)
    assert failing.candidate.content
    place: Any = failing.candidate.content.model_dump(mode="json")

    for step in finding.pointer.split("/")[1:]:
        place = place[int(step) if step.isdigit() else step]


@pytest.mark.parametrize("rule_id", CASES)
def test_an_explanation_counts_where_a_real_route_goes_beyond(rule_id: str) -> None:
    rule = RULES[rule_id]
    _, failing = CASES[rule_id]
    candidate = replace(failing.candidate, explanations={rule_id: "配有碳捕集"})

    (finding,) = findings(replace(failing, candidate=candidate), rule_id)

    assert finding.severity is (Severity.WARN if rule.waivable else rule.severity)


# The numbers


def mass(**atoms: int) -> Fraction:
    return sum((Fraction(MASSES[a]) * n for a, n in atoms.items()), Fraction(0))


CO2 = mass(C=1, O=2)
IRON = 3 * CO2 / mass(Fe=4)


@pytest.mark.parametrize(
    ("rule_id", "name", "exact"),
    [
        ("CARBON_CEILING", "CO2/C", CO2 / mass(C=1)),
        ("CALCINATION_FLOOR", "CO2/CaO", CO2 / mass(Ca=1, O=1)),
        ("CALCINATION_FLOOR", "CO2/MgO", CO2 / mass(Mg=1, O=1)),
        ("UREA_NEGATIVE", "CO2/urea", CO2 / mass(C=1, O=1, N=2, H=4)),
        ("ANODE_FLOOR", "PRIMARY_ALUMINIUM PRODUCTION kg low", 3 * CO2 / mass(Al=4)),
        (
            "ALUMINA_FLOOR",
            "ALUMINIUM_SMELTING PRIMARY_ALUMINIUM ALUMINA_USE kg/kg low",
            mass(Al=2, O=3) / mass(Al=2),
        ),
        ("IRON_FLOOR", "PIG_IRON PRODUCTION kg low", IRON * Fraction("0.94")),
        (
            "IRON_FLOOR",
            "CRUDE_STEEL_BF_BOF PRODUCTION kg low",
            IRON * Fraction("0.65"),
        ),
        ("AMMONIA_GAS_FLOOR", "AMMONIA PRODUCTION kg low", 3 * CO2 / mass(N=8, H=24)),
        ("HYDROGEN_FLOOR", "HYDROGEN_NATURAL_GAS PRODUCTION kg low", CO2 / mass(H=8)),
        ("HYDROGEN_FLOOR", "HYDROGEN_COAL PRODUCTION kg low", CO2 / mass(H=4)),
        (
            "CARBIDE_FLOOR",
            "CALCIUM_CARBIDE PRODUCTION kg low",
            2 * CO2 / mass(Ca=1, C=2),
        ),
        ("SILICON_FLOOR", "SILICON_METAL PRODUCTION kg low", 2 * CO2 / mass(Si=1)),
        (
            "COMPOUND_CARBON",
            "METHANOL CARBON kgC/kg low",
            mass(C=1) / mass(C=1, H=4, O=1) * Fraction("0.98"),
        ),
        (
            "COMPOUND_CARBON",
            "ETHYLENE CARBON kgC/kg high",
            mass(C=2) / mass(C=2, H=4) * Fraction("1.02"),
        ),
    ],
)
def test_the_numbers_are_those_of_stoichiometry(
    rule_id: str, name: str, exact: Fraction
) -> None:
    stated_number = Fraction(RULES[rule_id].numbers[name])

    assert stated_number == pytest.approx(exact, rel=2e-4)


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.label)
def test_a_row_of_bounds_is_sound(bound: Bound) -> None:
    low, high = bound.limits.low, bound.limits.high

    assert bound.categories <= set(CATEGORIES)
    assert bound.quantity in QUANTITIES | set(PROPERTIES)
    assert bound.rule in {rule.id for rule in bounds.RULES}
    assert bound.source
    assert low is not None
    assert high is None or low < high


# Where the rules look, and where they do not


@pytest.mark.parametrize(
    ("rule_id", "subject"),
    [
        (
            "CARBON_CEILING",
            product("RAW_COAL", "9", properties=stated(CARBON_FOSSIL="75 %")),
        ),
        (
            "CARBON_CEILING",
            direct(
                "RAW_COAL", "9", "kgCO2/MJ", properties=stated(CARBON_FOSSIL="75 %")
            ),
        ),
        ("HEAT_BASED_FACTOR", heat_based("9", "kgCO2/Nm3")),
        ("HEAT_BASED_FACTOR", heat_based("9", "kgCO2/Nm3", NCV="38.9 MJ/kg")),
        ("CALCINATION_FLOOR", product("CEMENT_CLINKER", "0.1")),
        ("CALCINATION_FLOOR", product("CEMENT", "0.1", properties=stated(CAO="65 %"))),
        ("UREA_NEGATIVE", product("AMMONIA", "-0.3")),
        ("PFC_SHARE", product("PRIMARY_ALUMINIUM", "20", gases=gases(CF4="0.0001"))),
        (
            "PFC_SHARE",
            product(
                "PRIMARY_ALUMINIUM",
                "20",
                gwp_set="NOT_STATED",
                gases=gases(CF4="9"),
            ),
        ),
        ("ANODE_FLOOR", product("RECYCLED_ALUMINIUM", "0.7")),
        ("ANODE_FLOOR", product("PRIMARY_ALUMINIUM", "1", boundary="GATE_TO_GATE")),
        ("AMMONIA_GAS_FLOOR", product("AMMONIA", "0.5")),
        ("AMMONIA_GAS_FLOOR", product("AMMONIA", "0.5", technology="GREEN")),
        ("POWER_WINDOW", power("ELECTRICITY_BIOMASS", "0.01")),
        (
            "NATURAL_GAS_COMBUSTION",
            product("NATURAL_GAS_SUPPLY", "0.3", unit="kgCO2e/Nm3"),
        ),
        (
            "ENERGY_CARBON",
            direct(
                "BLAST_FURNACE_GAS",
                "260",
                "tCO2/TJ",
                properties=stated(NCV="2.47 GJ/t"),
            ),
        ),
        (
            "ENERGY_CARBON",
            product(
                "CEMENT_CLINKER",
                "0.9",
                gases=gases(CO2_FOSSIL="0.85"),
                properties=stated(FOSSIL_ENERGY_USE="3.5 MJ/kg"),
            ),
        ),
        (
            "SMELTING_ELECTRICITY",
            product("COPPER", properties=stated(ELECTRICITY_USE="1 kWh/kg")),
        ),
    ],
)
def test_a_rule_is_silent_where_it_does_not_apply(
    rule_id: str, subject: Subject
) -> None:
    assert findings(subject, rule_id) == []


@pytest.mark.parametrize(
    ("rule_id", "subject"),
    [
        ("HEAT_BASED_FACTOR", heat_based("60", "tCO2/TJ")),
        ("HEAT_BASED_FACTOR", heat_based("2.1", "kgCO2/Nm3", NCV="38.931 MJ/Nm3")),
        (
            "CARBON_CEILING",
            new(
                category="RAW_COAL",
                kind="DIRECT_EF",
                boundary="DIRECT",
                value="3",
                gases=gases(CO2_FOSSIL="2.9"),
                properties=stated(CARBON_FOSSIL="0.75 kgC/kg"),
            ),
        ),
        (
            "CALCINATION_FLOOR",
            direct("QUICKLIME", "700", "kgCO2/t", properties=stated(CAO="95 %")),
        ),
        ("HYDROGEN_FLOOR", product("HYDROGEN_NATURAL_GAS", "3.47", technology="CCS")),
        ("AMMONIA_GAS_FLOOR", product("AMMONIA", "0.9", zh="天然气制合成氨")),
        ("POWER_WINDOW", direct("ELECTRICITY_GAS", "0.9", "kgCO2/kWh")),
        ("PFC_SHARE", product("PRIMARY_ALUMINIUM", "20", gases=gases(CF4="0.01"))),
        (
            "PFC_SHARE",
            new(
                category="ALUMINIUM_SMELTING",
                kind="DIRECT_EF",
                boundary="DIRECT",
                value="300",
                unit="kgCO2e/t",
                gases=gases(CF4="0.034", C2F6="0.0034"),
            ),
        ),
        (
            "ENERGY_CARBON",
            product(
                "COPPER",
                "4",
                gases=gases(CO2_FOSSIL="3"),
                properties=stated(FOSSIL_ENERGY_USE="10 MJ/kg"),
            ),
        ),
    ],
)
def test_a_rule_speaks_wherever_it_applies(rule_id: str, subject: Subject) -> None:
    (finding,) = findings(subject, rule_id)

    assert finding.rule is RULES[rule_id]


# The seed


def seeded() -> Iterator[Subject]:
    tables = SeedTables.open(Path("seed_data"))
    for entry in tables.files:
        for each in tables.candidates(entry["path"]):
            subject = new()
            candidate = replace(subject.candidate, content=each.content)
            yield replace(subject, candidate=candidate)


def test_of_the_seeded_factors_only_captured_and_charred_hydrogen_stands_out() -> None:
    checks = (*properties.CHECKS, *physical.CHECKS)
    breaches = [
        (finding.rule.id, subject.candidate.content.technology)
        for subject in seeded()
        for finding in check([subject.candidate], subject.facts, checks)
        if subject.candidate.content
    ]

    assert breaches == [
        ("HYDROGEN_FLOOR", "NATURAL_GAS_CCS"),
        ("HYDROGEN_FLOOR", "COAL_PYROLYSIS"),
        ("HYDROGEN_FLOOR", "NATURAL_GAS_CCS"),
    ]
