"""Gases are listed by origin, each with a formula, a category and a source."""

import re
from uuid import UUID

import pytest

from app.reference.enums import GhgCategory
from app.reference.gases import GAS_CODES, UnknownGas, gas, gases


def test_codes_are_unique_and_upper_snake() -> None:
    assert len(gases()) == len(GAS_CODES)
    assert all(re.fullmatch(r"[A-Z0-9]+(_[A-Z0-9]+)*", each.code) for each in gases())


def test_every_gas_has_names_a_formula_and_a_source() -> None:
    for each in gases():
        assert all((each.zh, each.en, each.formula, each.source))


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("CO2_FOSSIL", GhgCategory.FOSSIL),
        ("CO2_BIO_EMIT", GhgCategory.BIO_EMIT),
        ("CO2_BIO_UPTAKE", GhgCategory.BIO_REMOVAL),
        ("CO2_LUC", GhgCategory.DLUC),
        ("CH4_FOSSIL", GhgCategory.FOSSIL),
        ("CH4_BIO", GhgCategory.BIO_EMIT),
        ("CH4_LUC", GhgCategory.DLUC),
        ("HFC_134A", GhgCategory.FOSSIL),
    ],
)
def test_a_gas_is_counted_by_its_origin(code: str, category: GhgCategory) -> None:
    assert gas(code).category is category


def test_flows_of_ef31_are_distinct_uuids() -> None:
    flows = [each.ef31_flow for each in gases() if each.ef31_flow]

    assert len(set(flows)) == len(flows) == 12
    assert all(str(UUID(flow)) == flow for flow in flows)


@pytest.mark.parametrize("code", ["CO2", "CO2e", "CH4", "n2o", "", "X" * 5000])
def test_other_codes_are_refused(code: str) -> None:
    with pytest.raises(UnknownGas) as refusal:
        gas(code, "/emissions/0/gas")

    assert refusal.value.code == "UNKNOWN_GAS"
    assert refusal.value.pointer == "/emissions/0/gas"
    assert len(refusal.value.detail("zh")) < 200
