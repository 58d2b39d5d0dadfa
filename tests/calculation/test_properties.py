"""Of the properties of a version, three lead calculations across dimensions."""

import pytest

from tests.factories.calculations import (
    ELECTRICITY,
    Document,
    calculate,
    process,
    refused,
    request,
    version_at,
)

HEAT = {"value": "2", "unit": "kgCO2e/kg"}
NCV = {"property": "NCV", "value": "20", "unit": "MJ/kg"}
# Energy per mass as well, but of what the making took, not of what the product holds.
ELECTRICITY_USE = {"property": "ELECTRICITY_USE", "value": "13.5", "unit": "kWh/kg"}
OTHERS = [
    ELECTRICITY_USE,
    {"property": "OXIDATION", "value": "99", "unit": "%"},
    {"property": "EFFICIENCY", "value": "45", "unit": "%"},
]


def energy_line() -> Document:
    line = {"factor": ELECTRICITY, "amount": "40", "unit": "MJ"}
    return request(process(inputs=[line]))


def test_a_calorific_value_links_energy_and_mass() -> None:
    answer = calculate(energy_line(), version_at(properties=[NCV], **HEAT))

    assert answer["result"]["value"] == "4"


def test_other_properties_do_not_make_the_link_ambiguous() -> None:
    answer = calculate(energy_line(), version_at(properties=[*OTHERS, NCV], **HEAT))

    assert answer["result"]["value"] == "4"


@pytest.mark.parametrize("each", OTHERS, ids=lambda each: each["property"])
def test_no_other_property_links_dimensions(each: dict[str, str]) -> None:
    reasons = refused(energy_line(), version_at(properties=[each], **HEAT))

    assert reasons == ["UNIT_MISMATCH /processes/0/inputs/0/unit"]
