"""The five GWP sets hold what was published, and nothing where nothing was."""

from decimal import Decimal

import pytest

from app.reference.enums import GwpAbsence
from app.reference.gases import GAS_CODES
from app.reference.gwp import (
    GWP_SETS,
    GasNotInGwpSet,
    GwpSet,
    UnknownGwpSet,
    gwp_set,
    gwp_sets,
    stated_gwp_set,
)
from app.reference.tables import rows

METHANE = ("CH4_FOSSIL", "CH4_BIO", "CH4_LUC")


def test_there_are_five_sets() -> None:
    codes = ["AR4_100", "AR5_100", "AR6_100", "AR6_100_7SM7", "EF31_100"]

    assert [each.code for each in gwp_sets()] == codes


@pytest.mark.parametrize(
    ("code", "gas", "value"),
    [
        ("AR4_100", "CH4_FOSSIL", "25"),
        ("AR4_100", "N2O", "298"),
        ("AR4_100", "SF6", "22800"),
        ("AR5_100", "CH4_FOSSIL", "28"),
        ("AR5_100", "CH4_BIO", "28"),
        ("AR5_100", "CH4_LUC", "28"),
        ("AR5_100", "N2O", "265"),
        ("AR5_100", "SF6", "23500"),
        ("AR5_100", "CF4", "6630"),
        ("AR5_100", "HFC_134A", "1300"),
        ("AR6_100", "CH4_FOSSIL", "29.8"),
        ("AR6_100", "CH4_BIO", "27.0"),
        ("AR6_100", "CH4_LUC", "29.8"),
        ("AR6_100", "N2O", "273"),
        ("AR6_100", "SF6", "24300"),
        ("AR6_100", "CF4", "7380"),
        ("AR6_100", "HFC_134A", "1530"),
        ("AR6_100_7SM7", "CH4_FOSSIL", "27.9"),
        ("AR6_100_7SM7", "CH4_BIO", "27.9"),
        ("AR6_100_7SM7", "SF6", "25200"),
        ("EF31_100", "CH4_FOSSIL", "29.8"),
        ("EF31_100", "CH4_BIO", "27.0"),
        ("EF31_100", "CH4_LUC", "29.8"),
        ("EF31_100", "SF6", "25200"),
        ("EF31_100", "NF3", "17400"),
        ("EF31_100", "C2F6", "12400"),
    ],
)
def test_potentials_are_those_published(code: str, gas: str, value: str) -> None:
    assert str(gwp_set(code).value(gas)) == value


@pytest.mark.parametrize("each", gwp_sets(), ids=lambda each: each.code)
def test_carbon_dioxide_balances(each: GwpSet) -> None:
    counts = each.code != "EF31_100"

    assert each.value("CO2_FOSSIL") == each.value("CO2_LUC") == 1
    assert each.value("CO2_BIO_EMIT") == counts
    assert each.value("CO2_BIO_UPTAKE") == -counts


@pytest.mark.parametrize("each", gwp_sets(), ids=lambda each: each.code)
def test_values_are_for_known_gases_and_have_sources(each: GwpSet) -> None:
    assert set(each.values) <= GAS_CODES
    assert set(each.values) == set(each.sources)
    assert all(each.sources.values())
    assert all((each.zh, each.en, each.source))


def test_every_row_is_read_once() -> None:
    keys = [(row["gwp_set"], row["gas"]) for row in rows("gwp.csv")]

    assert len(set(keys)) == len(keys)
    assert len(keys) == sum(len(each.values) for each in gwp_sets())


def test_every_gas_has_a_value_somewhere() -> None:
    assert set().union(*(each.values for each in gwp_sets())) == GAS_CODES


def test_only_biogenic_carbon_dioxide_is_ever_zero_or_negative() -> None:
    others = GAS_CODES - {"CO2_BIO_EMIT", "CO2_BIO_UPTAKE"}

    for each in gwp_sets():
        assert all(each.values[gas] > 0 for gas in others & set(each.values))


def test_the_two_sets_of_the_sixth_report_differ_by_methane_and_sf6() -> None:
    final, accepted = GWP_SETS["AR6_100"].values, GWP_SETS["AR6_100_7SM7"].values

    assert set(final) == set(accepted)
    differing = {gas for gas in final if final[gas] != accepted[gas]}
    assert differing == {*METHANE, "SF6"}


def test_the_vector_of_a_switch_between_sets() -> None:
    masses = {"CO2_FOSSIL": "1.9", "CH4_FOSSIL": "0.012", "N2O": "0.00005"}

    def total(code: str) -> Decimal:
        chosen = gwp_set(code)
        return sum(
            (Decimal(mass) * chosen.value(gas) for gas, mass in masses.items()),
            Decimal(0),
        )

    assert total("AR5_100") == Decimal("2.24925")
    assert total("AR6_100") == total("EF31_100") == Decimal("2.27125")


def test_a_gas_that_a_set_does_not_hold_is_refused() -> None:
    assert "HFC_134A" not in gwp_set("EF31_100").values
    with pytest.raises(GasNotInGwpSet) as refusal:
        gwp_set("EF31_100").value("HFC_134A", "/emissions/0/gas")

    assert refusal.value.code == "GAS_NOT_IN_GWP_SET"
    assert refusal.value.pointer == "/emissions/0/gas"


def test_a_set_cannot_be_written() -> None:
    with pytest.raises(TypeError):
        gwp_set("AR6_100").values["N2O"] = Decimal(0)  # type: ignore[index]


@pytest.mark.parametrize("code", ["AR6", "ar6_100", "NOT_STATED", ""])
def test_other_codes_are_refused(code: str) -> None:
    with pytest.raises(UnknownGwpSet) as refusal:
        gwp_set(code, "/gwp_set")

    assert refusal.value.code == "UNKNOWN_GWP_SET"
    assert refusal.value.pointer == "/gwp_set"
    assert "AR6_100_7SM7" in refusal.value.detail("en")


def test_a_version_states_a_set_or_why_it_names_none() -> None:
    assert stated_gwp_set("AR5_100") is gwp_set("AR5_100")
    assert stated_gwp_set("NOT_STATED") is GwpAbsence.NOT_STATED
    assert stated_gwp_set("NOT_APPLICABLE") is GwpAbsence.NOT_APPLICABLE
    with pytest.raises(UnknownGwpSet):
        stated_gwp_set("AR3_100", "/content/gwp_set")
