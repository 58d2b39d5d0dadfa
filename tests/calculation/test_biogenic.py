"""Biogenic carbon: taken up, released, and what the product holds."""

from typing import Any

import pytest

from app.reference.enums import GhgCategory
from tests.factories.calculations import Document, calculate, process, refused, request


def emission(gas: str, amount: Any, **more: Any) -> Document:
    return {"gas": gas, "amount": amount, "unit": "kg", **more}


def tree(*emissions: Document, carbon: Any = None, **more: Any) -> Document:
    body = request(process(emissions=list(emissions)), **more)
    if carbon is not None:
        body["reference"]["biogenic_carbon"] = carbon
    return body


def balance_of(body: Document) -> Any:
    return calculate(body)["biogenic"]


def test_half_a_kilogram_of_carbon_in_the_product() -> None:
    """0.5 kgC is an uptake of 1.832029 kg CO2 (domain reference H)."""
    carbon = {"amount": "500", "unit": "g"}
    body = tree(emission("CO2_BIO_UPTAKE", "1.832029"), carbon=carbon)

    content = balance_of(body)["content"]

    assert content["carbon_kg"] == "0.5"
    assert f"{float(content['co2_kg']):.6f}" == "-1.832029"
    assert abs(float(content["difference_kg"])) < 1e-6


def test_up_to_a_gate_the_balance_is_what_the_product_holds() -> None:
    answer = calculate(tree(emission("CO2_BIO_UPTAKE", 3), emission("CO2_BIO_EMIT", 1)))

    assert answer["biogenic"] == {
        "removals": "-3",
        "emissions": "1",
        "uptake_co2_kg": "3",
        "emitted_co2_kg": "1",
        "emitted_ch4_kg": "0",
        "balance_kg": "-2",
        "other": "0",
        "content": None,
    }
    assert answer["result"]["value"] == "-2"
    assert answer["result"]["excluding_uptake"] == "1"


def test_carbon_that_leaves_as_methane_is_in_the_balance() -> None:
    """16.043 kg of methane hold the carbon of 44.009 kg of CO2."""
    found = balance_of(
        tree(emission("CO2_BIO_UPTAKE", "44.009"), emission("CH4_BIO", "16.043"))
    )

    assert found["balance_kg"] == "0"
    assert found["emissions"] == "433.161"


def test_masses_balance_where_biogenic_carbon_does_not_count() -> None:
    found = balance_of(
        tree(
            emission("CO2_BIO_UPTAKE", 3),
            emission("CO2_BIO_EMIT", 1),
            gwp_set="EF31_100",
        )
    )

    assert (found["removals"], found["emissions"]) == ("0", "0")
    assert found["balance_kg"] == "-2"


def test_what_is_known_as_co2e_alone_is_named() -> None:
    figure = {"name": "wood", "value": "-1.5", "unit": "kgCO2e/kg"}
    line = {"factor": figure | {"category": "BIO_REMOVAL"}, "amount": "2", "unit": "kg"}

    found = balance_of(request(process(inputs=[line])))

    assert found["removals"] == found["other"] == "-3"
    assert found["balance_kg"] == "0"


def test_dluc_and_aircraft_stand_apart_and_in_the_total() -> None:
    answer = calculate(
        tree(
            emission("CO2_LUC", 5),
            emission("CO2_FOSSIL", 2, category="AIRCRAFT"),
            emission("CO2_FOSSIL", 1),
        )
    )

    parts = {each["category"]: each["value"] for each in answer["by_category"]}
    assert [parts[GhgCategory(each)] for each in ("DLUC", "AIRCRAFT", "FOSSIL")] == [
        "5",
        "2",
        "1",
    ]
    assert answer["result"]["value"] == "8"
    assert answer["biogenic"] is None


@pytest.mark.parametrize(
    ("carbon", "expected"),
    [
        ({"amount": "-1", "unit": "kg"}, "NEGATIVE_CARBON {}/amount"),
        ({"amount": "x", "unit": "kg"}, "BAD_DECIMAL {}/amount"),
        ({"amount": "1", "unit": "MJ"}, "UNIT_MISMATCH {}/unit"),
        ({"amount": "1", "unit": "bogus"}, "UNKNOWN_UNIT {}/unit"),
        ({"amount": "1"}, "MISSING_FIELD {}/unit"),
        ("1", "BAD_TYPE {}"),
    ],
)
def test_a_bad_content_is_refused(carbon: Any, expected: str) -> None:
    reasons = [expected.format("/reference/biogenic_carbon")]

    assert refused(tree(carbon=carbon)) == reasons
