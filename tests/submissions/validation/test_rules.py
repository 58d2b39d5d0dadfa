"""Every rule holds for one item and not for another."""

from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from app.factors.content import Content
from app.submissions.validation.catalogue import CHECKS, RULES
from app.submissions.validation.facts import ItemType
from app.submissions.validation.rules import Finding, Rule, Severity, check
from app.submissions.validation.structure import significant_digits
from tests.submissions.validation import content_cases, factor_cases, subjects
from tests.submissions.validation.subjects import Subject, derived, new, update

CASES = {
    id_: (RULES[id_], case)
    for cases in (content_cases.CASES, factor_cases.CASES)
    for id_, case in cases.items()
}
PACKAGE = "app.submissions.validation"
FAMILIES = (
    "age",
    "boundary",
    "cut_off",
    "electricity",
    "identity",
    "organisation",
    "peers",
    "references",
    "step",
    "structure",
    "sums",
)
# Their tests stand in files of their own.
OTHER_FAMILIES = ("physical", "plausibility", "properties")
EVERY = pytest.mark.parametrize("rule_id", CASES)
WAIVABLE = pytest.mark.parametrize(
    "rule_id", [id_ for id_, (rule, _) in CASES.items() if rule.waivable]
)


def findings(subject: Subject) -> list[Finding]:
    return check([subject.candidate], subject.facts, CHECKS)


def of_rule(subject: Subject, rule: Rule) -> list[Finding]:
    return [each for each in findings(subject) if each.rule is rule]


def ids(found: Iterable[Finding]) -> set[str]:
    return {each.rule.id for each in found}


@EVERY
def test_a_rule_holds(rule_id: str) -> None:
    rule, case = CASES[rule_id]

    assert of_rule(case.passes, rule) == []


@EVERY
def test_a_breach_is_found_and_said_in_two_languages(rule_id: str) -> None:
    rule, case = CASES[rule_id]

    (finding,) = of_rule(case.fails, rule)

    assert finding.severity is rule.severity
    assert all("{" not in finding.detail(each) for each in ("zh", "en"))


@EVERY
def test_a_pointer_leads_into_the_content(rule_id: str) -> None:
    rule, case = CASES[rule_id]
    (finding,) = of_rule(case.fails, rule)
    content = case.fails.candidate.content
    place: Any = content.model_dump(mode="json") if content else {}

    for step in finding.pointer.split("/")[1:]:
        place = place[int(step) if step.isdigit() else step]


@WAIVABLE
def test_an_explained_breach_only_warns(rule_id: str) -> None:
    rule, case = CASES[rule_id]
    explained = replace(case.fails.candidate, explanations={rule_id: "情况属实"})

    (finding,) = of_rule(replace(case.fails, candidate=explained), rule)

    assert finding.severity is Severity.WARN


def test_an_explanation_waives_no_other_block() -> None:
    rule, case = CASES["STAGE_SUM"]
    explained = replace(case.fails.candidate, explanations={rule.id: "情况属实"})

    (finding,) = of_rule(replace(case.fails, candidate=explained), rule)

    assert finding.severity is Severity.BLOCK


@pytest.mark.parametrize("family", FAMILIES)
def test_every_rule_has_cases_and_stands_in_the_catalogue(family: str) -> None:
    module = import_module(f"{PACKAGE}.{family}")

    for rule in module.RULES:
        assert CASES[rule.id][0] is RULES[rule.id] is rule
    assert set(module.CHECKS) <= set(CHECKS)


def test_no_rule_stands_outside_the_tested_families() -> None:
    others = [import_module(f"{PACKAGE}.{family}") for family in OTHER_FAMILIES]
    elsewhere = {rule.id for module in others for rule in module.RULES}

    assert set(RULES) == CASES.keys() | elsewhere


def test_ids_are_unique_and_fit_an_explanation() -> None:
    assert len({rule.id for rule in RULES.values()}) == len(RULES)
    assert all(len(id_) <= 60 and id_.isupper() for id_ in RULES)


def test_a_sound_item_has_no_finding() -> None:
    assert findings(new()) == []
    assert findings(update(subjects.known())) == []


def test_a_retirement_is_checked_without_content() -> None:
    known = subjects.known()
    candidate = replace(
        new().candidate, type=ItemType.RETIREMENT, content=None, factor=known.code
    )
    facts = subjects.facts(factors={known.code: known})

    assert findings(Subject(candidate, facts)) == []


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("16.50", (4, 4)),
        ("-0.0170", (3, 3)),
        ("1200", (2, 4)),
        ("0", (0, 0)),
        ("100.0", (4, 4)),
    ],
)
def test_significant_digits(text: str, digits: tuple[int, int]) -> None:
    assert significant_digits(text) == digits


def test_a_whole_number_is_not_blamed_for_its_zeros() -> None:
    assert findings(new(value="10")) == []
    assert findings(new(value="165000000")) == []


def test_gases_are_compared_in_the_mass_of_the_value() -> None:
    stated = [{"gas": "CO2_FOSSIL", "mass_kg": "16500"}]

    assert findings(new(value="16.50", unit="tCO2e/t", gases=stated)) == []


def test_gases_without_a_set_are_not_summed() -> None:
    stated = [{"gas": "CO2_FOSSIL", "mass_kg": "1"}]

    assert findings(new(gwp_set="NOT_STATED", gases=stated)) == []


def test_a_gas_sum_is_told_once() -> None:
    assert ids(findings(CASES["GAS_SUM_FAR"][1].fails)) == {"GAS_SUM_FAR"}


def test_the_worse_of_two_findings_is_told() -> None:
    found = ids(findings(new(subjects.peers(), value="0.0165")))

    assert {"UNIT_WRONG", "OUTLIER_FAR"} <= found
    assert found.isdisjoint({"UNIT_DOUBTFUL", "OUTLIER"})


def test_peers_are_shown_in_the_unit_of_the_item() -> None:
    subject = new(subjects.peers(), value="16500000", unit="kgCO2e/t")

    assert "median of 5 published factors of its category, 1e+04 kgCO2e/t" in " ".join(
        each.detail("en") for each in findings(subject)
    )


def test_peers_are_silent_about_other_gases_and_about_zero() -> None:
    stated = {"value": "99999", "unit": "kgCO2/kg", "gwp_set": "NOT_APPLICABLE"}

    assert findings(new(subjects.peers(), **stated)) == []
    assert findings(new(subjects.peers(), value="0")) == []


def test_a_step_is_measured_across_units() -> None:
    before = subjects.known(value="16.50", unit="kgCO2e/t")

    assert findings(update(before, value="16500", unit="gCO2e/t")) == []


def test_a_step_from_nothing_has_no_size() -> None:
    assert findings(update(subjects.known(value="0"))) == []


def test_a_factor_does_not_rest_on_another_version_of_itself() -> None:
    known = subjects.known(version=2)
    subject = update(known, derivation=[f"{known.code}@2"])
    facts = replace(subject.facts, origins={f"{known.code}@2": known})

    assert ids(findings(replace(subject, facts=facts))) == {"ORIGIN_ITSELF"}


def test_an_amount_in_a_unit_that_nobody_knows() -> None:
    subject = derived(f"{subjects.OTHER}@1 * 3 furlong", origin=subjects.power())

    assert ids(findings(subject)) == {"ORIGIN_UNIT"}


def test_electricity_of_a_country_is_made_of_its_provinces() -> None:
    stated = {
        "kind": "ENERGY",
        "category": "ELECTRICITY_GRID_NATIONAL",
        "unit": "kgCO2e/kWh",
        "value": "0.58",
        "boundary": "LIFE_CYCLE",
    }
    subject = derived(
        f"{subjects.OTHER}@1", origin=subjects.power(region="CN-GD"), **stated
    )

    assert findings(subject) == []


def test_an_emission_factor_may_rest_on_another() -> None:
    _, fuel = CASES["ENERGY_KIND"]
    content = fuel.fails.candidate.content
    assert isinstance(content, Content)
    direct = content.model_copy(update={"kind": "DIRECT_EF"})

    subject = replace(
        fuel.fails, candidate=replace(fuel.fails.candidate, content=direct)
    )

    assert "ENERGY_KIND" not in ids(findings(subject))


def test_the_credit_code_is_told_once() -> None:
    _, case = CASES["CREDIT_CODE_WRONG"]
    second = replace(case.fails.candidate, number=2)

    assert findings(replace(case.fails, candidate=second)) == []
