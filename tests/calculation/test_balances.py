"""Mass and carbon: what balances is not told of, whatever its scale; all else is."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.calculation.reading import Bulk, read_large
from app.reference.stoichiometry import CARBON_SHARES, carbon_share
from tests.factories.calculations import (
    calculate,
    calculate_reading,
    process,
    refused,
    request,
    version_at,
)

COAL, POWER, TREATMENT, BURNING = (
    "CNF-01-000001-14",
    "CNF-01-000002-11",
    "CNF-20-000001-27",
    "CNF-20-000002-24",
)
MASS: dict[str, Any] = {"mass": {}}
CARBON_OF_CO2 = Fraction("12.011") / Fraction("44.009")

Document = dict[str, Any]


def inline(**more: Any) -> Document:
    return {"name": "stuff", "value": "1", "unit": "kgCO2e/kg", **more}


def line(
    amount: str = "1", unit: str = "kg", factor: Any = None, **more: Any
) -> Document:
    return {"factor": factor or inline(), "amount": amount, "unit": unit, **more}


def link(name: str, amount: str = "1", unit: str = "kg") -> Document:
    return {"process": name, "amount": amount, "unit": unit}


def emission(amount: str, gas: str = "CO2_FOSSIL", unit: str = "kg") -> Document:
    return {"gas": gas, "amount": amount, "unit": unit}


def made(**contents: Any) -> Document:
    return {"output": {"amount": "1", "unit": "kg", **contents}}


def warnings(body: Document, *versions: Any) -> list[str]:
    """Return what is told of balances."""
    found = calculate(body, *versions)["warnings"]
    return [
        f"{each['code']} {each['pointer']}"
        for each in found
        if "BALANCE" in each["code"]
    ]


OFF, OPEN = "MASS_BALANCE /processes/0", "BALANCE_NOT_JUDGED /processes/0"
CARBON = "CARBON_BALANCE /processes/0"


@pytest.mark.parametrize(
    ("gas", "share"),
    [
        ("CO2_FOSSIL", "0.272921"),
        ("CH4_BIO", "0.748675"),
        ("CF4", "0.136481"),
        ("HFC_125", "0.200146"),
        ("C_C4F8", "0.240182"),
        ("HALON_1211", "0.072636"),
        ("N2O", "0"),
        ("SF6", "0"),
    ],
)
def test_carbon_in_a_gas(gas: str, share: str) -> None:
    assert float(CARBON_SHARES[gas]) == pytest.approx(float(share), abs=1e-5)


def test_carbon_dioxide_by_the_tables() -> None:
    """3.66406 kg CO2 per kg C, and 2.74319 per kg CH4 (domain reference H)."""
    assert round(float(1 / carbon_share("CO2")), 5) == 3.66406
    assert round(float(carbon_share("CH4") / carbon_share("CO2")), 5) == 2.74319


# Mass


@pytest.mark.parametrize(
    ("taken", "told"),
    [("1", []), ("1.02", []), ("0.98", []), ("1.03", [OFF]), ("0.97", [OFF])],
)
def test_mass_within_two_per_cent(taken: str, told: list[str]) -> None:
    assert warnings(request(process(inputs=[line(taken)], balance=MASS))) == told


def test_nothing_is_told_unless_it_is_asked_for() -> None:
    assert warnings(request(process(inputs=[line("7")]))) == []


def test_the_text_says_what_is_missing() -> None:
    tree = request(process("kiln", inputs=[line("2")], balance=MASS))

    (warning,) = calculate(tree)["warnings"]

    assert warning["detail"]["en"] == (
        'Into process "kiln" go 2 kg and out of it 1 kg, 50 % apart: an emission, a '
        "product or a waste is missing or states too little."
    )
    assert "kiln" in warning["detail"]["zh"]


def test_all_that_has_mass_counts() -> None:
    """In: 1 + 0.9 + 0.4 + 0.2 drawn. Out: 1.5 + 3 · 0.1 + 0.5 + 0.1 + 0.1 lost."""
    versions = (
        version_at(COAL, kind="PCF", unit="kgCO2e/kg", boundary="CRADLE_TO_GATE"),
        version_at(TREATMENT, kind="EOL", unit="kgCO2e/t", boundary="EOL_ONLY"),
        version_at(POWER, boundary="CRADLE_TO_GATE"),
    )
    tree = request(
        process(
            amount="1500",
            unit="g",
            inputs=[
                link("p", "1"),
                line("900", "g", COAL),
                link("q", "0.2", "piece"),
                link("tip", "-0.1"),
                line("0.1", "kg", TREATMENT),
                line("5", "kWh", POWER),
                line("-0.1", "kg"),
                {
                    "factor": inline(unit="kgCO2e/t_km"),
                    "mass": {"amount": "9", "unit": "t"},
                    "distance": {"amount": "9", "unit": "km"},
                },
            ],
            emissions=[emission("0.5"), emission("9", "CO2_LUC")],
            co_products=[{"name": "slag", "amount": "0.1", "unit": "kg"}],
            allocation={"method": "SHARE", "share": "0.3"},
            balance={
                "mass": {
                    "tolerance": "0",
                    "drawn": {"amount": "200", "unit": "g"},
                    "lost": {"amount": "0.1", "unit": "kg"},
                }
            },
        ),
        {**process("q", unit="piece"), "inputs": [line("2")]},
        process("tip", "-1", inputs=[line("1", "kg", TREATMENT)], balance=MASS),
    )
    tree["processes"][1]["output"]["mass_per_unit"] = "2"

    assert warnings(tree, *versions) == []

    tree["processes"][0]["emissions"][0]["amount"] = "0.500001"
    assert warnings(tree, *versions) == [OFF]


def test_a_line_without_mass_leaves_the_balance_open() -> None:
    stone = line("1", "m3", inline(unit="kgCO2e/m3"))
    tree = request(process(inputs=[line("0.4"), stone], balance=MASS))

    assert warnings(tree) == [f"{OPEN}/inputs/1"]
    # However much it is, more goes in than comes out.
    tree["processes"][0]["inputs"][0]["amount"] = "3"
    assert warnings(tree) == [OFF]
    tree["processes"][0]["inputs"][0]["amount"] = "0.4"
    stone["mass_per_unit"] = "0.6"
    assert warnings(tree) == []


@pytest.mark.parametrize("factor_unit", ["kgCO2e/t", "kgCO2e/GJ", "kgCO2e/m3"])
def test_a_property_tells_the_mass(factor_unit: str) -> None:
    properties = [
        {"property": "NCV", "value": "20", "unit": "GJ/t"},
        {"property": "DENSITY", "value": "800", "unit": "kg/m3"},
    ]
    stated = {"kgCO2e/m3": ("0.00125", "m3")}.get(factor_unit, ("20", "MJ"))
    fuel = version_at(
        COAL,
        kind="PCF",
        unit=factor_unit,
        boundary="CRADLE_TO_GATE",
        properties=properties,
    )

    assert (
        warnings(request(process(inputs=[line(*stated, COAL)], balance=MASS)), fuel)
        == []
    )


# Carbon


def burnt(coal: str = "1", **more: Any) -> Document:
    """Return a boiler that burns a kg of what is 60 % carbon."""
    return request(
        process(
            unit="MJ",
            inputs=[line(coal, carbon_content="0.6")],
            emissions=[emission("2.19843")],
            **more,
        )
    )


@pytest.mark.parametrize(
    ("coal", "told"),
    [("1", []), ("1.05", []), ("0.96", []), ("1.06", [CARBON]), ("0.94", [CARBON])],
)
def test_carbon_within_five_per_cent(coal: str, told: list[str]) -> None:
    tree = burnt(coal)
    assert warnings(tree) == []
    tree["processes"][0]["output"]["carbon_content"] = "0"
    assert warnings(tree) == told
    assert warnings(burnt(coal, balance={"carbon": {}})) == told


def test_carbon_is_judged_only_where_some_of_it_enters() -> None:
    output = {"amount": "1", "unit": "kg", "carbon_content": "0.8"}
    tree = request({"id": "p", "output": output, "inputs": [line()]})

    assert warnings(tree) == []
    # Own consumption is no input by which the carbon came.
    tree["processes"][0]["inputs"].append(link("p", "0.1"))
    assert warnings(tree) == []
    tree["processes"][0]["balance"] = {"carbon": {}}
    assert warnings(tree) == [CARBON]


def test_a_supplier_tells_the_carbon_in_what_it_makes() -> None:
    grown = {"id": "wood", "emissions": [emission("1.832029", "CO2_BIO_UPTAKE")]}
    tree = request(
        {"id": "p", **made(carbon_content="1"), "inputs": [link("wood", "2")]},
        grown | made(carbon_content="0.5"),
    )

    assert warnings(tree) == []
    tree["processes"][0]["inputs"][0]["amount"] = "3"
    assert warnings(tree) == [CARBON]
    tree["processes"][1]["output"]["carbon_content"] = "0.4"
    assert warnings(tree) == [CARBON, "CARBON_BALANCE /processes/1"]


def test_a_waste_handed_over_takes_its_carbon_along() -> None:
    tree = request(
        {
            "id": "p",
            **made(carbon_content="0.5"),
            "inputs": [line(carbon_content="0.8"), link("fire", "-0.5")],
        },
        {
            "id": "fire",
            "output": {"amount": "-2", "unit": "kg", "carbon_content": "0.6"},
            "emissions": [emission(str(Decimal("1.2") * Decimal("3.6640579")))],
        },
    )

    assert warnings(tree) == []
    tree["processes"][1]["emissions"] = []
    assert warnings(tree) == ["CARBON_BALANCE /processes/1"]


@pytest.mark.parametrize(
    ("unit", "amount"), [("kgCO2e/kg", "1"), ("kgCO2e/kg", "1000")]
)
def test_a_published_version_tells_its_carbon(unit: str, amount: str) -> None:
    properties = [
        {"property": "CARBON_FOSSIL", "value": "50", "unit": "%"},
        {"property": "CARBON_BIOGENIC", "value": "0.1", "unit": "kgC/kg"},
    ]
    coal = version_at(
        COAL, kind="PCF", unit=unit, boundary="CRADLE_TO_GATE", properties=properties
    )
    mass = "kg" if amount == "1" else "g"
    tree = request(
        {
            "id": "p",
            **made(carbon_content="0"),
            "inputs": [line(amount, mass, COAL)],
            "emissions": [emission("2.19843")],
        }
    )

    assert warnings(tree, coal) == []
    tree["processes"][0]["emissions"] = []
    assert warnings(tree, coal) == [CARBON]
    tree["processes"][0]["inputs"][0]["carbon_content"] = "0"
    assert warnings(tree, coal) == []


DIRECT = {"kind": "DIRECT_EF", "boundary": "DIRECT", "gwp_set": "NOT_APPLICABLE"}


def test_a_direct_emission_factor_lets_carbon_out() -> None:
    burning = version_at(BURNING, value="109.9215", unit="tCO2/TJ", **DIRECT)
    tree = request(
        {
            "id": "p",
            **made(carbon_content="0"),
            "inputs": [line(carbon_content="0.6"), line("20", "MJ", BURNING)],
        }
    )

    assert warnings(tree, burning) == []
    tree["processes"][0]["inputs"][1]["amount"] = "10"
    assert warnings(tree, burning) == [CARBON]


def test_without_gases_a_direct_emission_leaves_the_balance_open() -> None:
    burning = version_at(
        BURNING, unit="kgCO2e/MJ", **{**DIRECT, "gwp_set": "NOT_STATED"}
    )
    tree = request(
        {
            "id": "p",
            **made(carbon_content="0"),
            "inputs": [line(carbon_content="0.6"), line("20", "MJ", BURNING)],
        }
    )

    assert warnings(tree, burning) == [f"{OPEN}/inputs/1"]
    # Whatever it lets out, more comes out than goes in.
    tree["processes"][0]["output"]["carbon_content"] = "0.9"
    assert warnings(tree, burning) == [CARBON]


def test_a_lorry_brings_its_own_fuel() -> None:
    driving = version_at(BURNING, unit="kgCO2/t_km", **DIRECT)
    tree = request(
        {
            "id": "p",
            **made(carbon_content="0.6"),
            "inputs": [line(carbon_content="0.6"), line("20", "t_km", BURNING)],
        }
    )

    assert warnings(tree, driving) == []


# Laws

grams = st.integers(1, 10**6).map(lambda n: f"{n}")
shares = st.decimals("0", "1", places=3).map(lambda d: format(d, "f"))


@st.composite
def balanced(draw: st.DrawFn) -> Document:
    """Draw a process whose product is what is left of its inputs."""
    amounts = draw(st.lists(st.tuples(grams, shares), min_size=1, max_size=5))
    inputs = [line(n, "g", carbon_content=_of_gram(c)) for n, c in amounts]
    mass = sum(int(n) for n, _ in amounts)
    carbon = sum(int(n) * Fraction(c) for n, c in amounts)
    # What is left holds no less than no carbon, and no more than its mass.
    most = min(carbon / CARBON_OF_CO2, (mass - carbon) / (1 - CARBON_OF_CO2))
    emitted = Fraction(draw(st.integers(0, 999)), 1000) * most
    emitted = Fraction(int(emitted * 1000), 1000)
    left, carbon_left = mass - emitted, carbon - emitted * CARBON_OF_CO2
    content = carbon_left / left / 1000
    output = {
        "amount": _text(left),
        "unit": "g",
        "carbon_content": f"{float(content):.15f}",
    }
    return {
        "id": "p",
        "output": output,
        "inputs": inputs,
        "emissions": [emission(_text(emitted), unit="g")],
        "balance": {"mass": {"tolerance": "0"}, "carbon": {"tolerance": "0.000001"}},
    }


def _of_gram(share: str) -> str:
    return format(Decimal(share) / 1000, "f")


def _text(value: Fraction) -> str:
    return f"{float(value):.3f}"


@settings(max_examples=40, deadline=None)
@given(balanced())
def test_what_balances_is_not_told_of(tree: Document) -> None:
    assert warnings(request(tree)) == []


@settings(max_examples=40, deadline=None)
@given(balanced(), st.integers(-20, 20), st.sampled_from([1, 1000, 7, 123_456]))
def test_the_scale_of_a_run_changes_no_verdict(
    tree: Document, percent: int, factor: int
) -> None:
    tree["balance"] = {"mass": {}, "carbon": {}}
    first = tree["inputs"][0]
    first["amount"] = format(Decimal(first["amount"]) * (100 + percent) / 100, "f")
    verdict = warnings(request(tree))
    for each in [tree["output"], *tree["inputs"], *tree["emissions"]]:
        each["amount"] = format(Decimal(each["amount"]) * factor, "f")

    assert warnings(request(tree)) == verdict


# What is refused


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("carbon_content", "-0.1", "NEGATIVE_CONTENT"),
        ("carbon_content", "86", "CONTENT_ABOVE_MASS"),
        ("carbon_content", "x", "BAD_DECIMAL"),
        ("mass_per_unit", "1", "MASS_PER_UNIT_NOT_ALLOWED"),
    ],
)
def test_impossible_contents_are_refused(field: str, value: str, told: str) -> None:
    product = {"name": "slag", "amount": "1", "unit": "kg", field: value}
    tree = request(
        {
            "id": "p",
            **made(**{field: value}),
            "inputs": [line(**{field: value})],
            "co_products": [product],
            "allocation": {"method": "MASS"},
        }
    )

    assert refused(tree) == [
        f"{told} /processes/0/{place}/{field}"
        for place in ("output", "co_products/0", "inputs/0")
    ]


def test_contents_stand_where_a_thing_is_made_or_bought() -> None:
    carried = {
        "factor": inline(unit="kgCO2e/t_km"),
        "mass": {"amount": "9", "unit": "t"},
        "distance": {"amount": "9", "unit": "km"},
        "carbon_content": "0.1",
    }
    taken = link("p", "0.1") | {"mass_per_unit": "1"}
    piece = line("1", "piece", inline(unit="kgCO2e/piece"))
    piece |= {"mass_per_unit": "1", "carbon_content": "1.5"}
    tree = request(process(inputs=[carried, taken, piece]))

    assert refused(tree) == [
        "CONTENT_NOT_ALLOWED /processes/0/inputs/0/carbon_content",
        "CONTENT_NOT_ALLOWED /processes/0/inputs/1/mass_per_unit",
        "CONTENT_ABOVE_MASS /processes/0/inputs/2/carbon_content",
    ]


def test_impossible_margins_are_refused() -> None:
    balance = {
        "mass": {"tolerance": "1", "drawn": {"amount": "-1", "unit": "kg"}},
        "carbon": {"lost": {"amount": "1", "unit": "kWh"}, "tolerance": "5%"},
    }
    where = "/processes/0/balance"

    assert refused(request(process(inputs=[line()], balance=balance))) == [
        f"TOLERANCE_INVALID {where}/mass/tolerance",
        f"NEGATIVE_CONTENT {where}/mass/drawn/amount",
        f"BAD_DECIMAL {where}/carbon/tolerance",
        f"UNIT_MISMATCH {where}/carbon/lost/unit",
    ]


def test_a_large_request_with_a_balance_is_read_carefully() -> None:
    tree = request(process(inputs=[line("2")], balance=MASS))
    reading = read_large(orjson.dumps(tree))

    assert not isinstance(reading, Bulk)
    found = calculate_reading(reading)
    assert [each["code"] for each in found["warnings"]] == ["MASS_BALANCE"]


def test_what_is_pinned_is_judged_again() -> None:
    answer = calculate(burnt("2", balance={"carbon": {"tolerance": 0.25}}))

    assert [each["code"] for each in answer["warnings"]] == ["CARBON_BALANCE"]
    assert calculate(answer["request_pinned"]) == answer  # type: ignore[arg-type]


def test_what_becomes_of_the_product_is_no_flow_of_its_run() -> None:
    macro = {"method": "CUT_OFF", "amount": "1", "unit": "kg", "r1": "0", "r2": "0.5"}
    sources = {
        name: {"name": name, "value": "2", "unit": "kgCO2e/kg"}
        for name in ("virgin", "disposal")
    }
    body = request(process(recycling=[macro | sources], balance={"mass": {}}))

    assert calculate(body)["warnings"] == []


def test_electricity_that_the_result_does_not_count_has_no_flow() -> None:
    wind, grid = (
        {"name": name, "value": "1", "unit": "kgCO2e/kWh"} for name in ("wind", "grid")
    )
    contract = {
        "basis": "CONTRACT",
        "amount": "1",
        "unit": "kWh",
        "generation": wind,
        "grid": grid,
        "certificates": [{"number": "A" * 32}],
    }
    body = request(process(electricity=[contract], balance={"carbon": {}}))

    assert calculate(body)["result"]["value"] == "1"
