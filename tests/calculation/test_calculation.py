"""The calculation contract, rule by rule, on figures that can be checked by hand."""

import itertools
from decimal import Decimal
from typing import Any

import orjson
import pytest

from app.factors.queries import Alternative
from app.reference.enums import GhgCategory, VersionStatus
from tests.factories.calculations import (
    ELECTRICITY,
    calculate,
    process,
    refused,
    request,
    version_at,
)


def inline(value: str = "1", unit: str = "kgCO2e/kg", **more: Any) -> dict[str, Any]:
    return {"name": "own figure", "value": value, "unit": unit, **more}


def line(
    factor: Any, amount: Any = "1", unit: str = "kg", **more: Any
) -> dict[str, Any]:
    return {"factor": factor, "amount": amount, "unit": unit, **more}


def emission(
    gas: str, amount: Any = "1", unit: str = "kg", **more: Any
) -> dict[str, Any]:
    return {"gas": gas, "amount": amount, "unit": unit, **more}


def value_of(*lines: dict[str, Any], **more: Any) -> str:
    return calculate(request(process(inputs=list(lines)), **more))["result"]["value"]


def warned(answer: Any) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


# Worked figures


def test_primary_aluminium_by_hand() -> None:
    """1.424 + 0.1454 + 13.5 · 0.5777 + 1.92 · 1.20 (domain reference F.17)."""
    tree = request(
        process(
            "al",
            inputs=[
                line(inline("1.424"), "1"),
                line(inline("0.1454"), "1"),
                line(ELECTRICITY, "13.5", "kWh"),
                {"process": "alumina", "amount": "1.92", "unit": "kg"},
            ],
        ),
        process("alumina", inputs=[line(inline("1.20"), "1")]),
    )

    assert calculate(tree, version_at())["result"]["value"] == "11.67235"


@pytest.mark.parametrize(
    ("gwp_set", "expected"),
    [
        ("AR5_100", "2.24925"),
        ("AR6_100", "2.27125"),
        ("AR6_100_7SM7", "2.24845"),
        ("EF31_100", "2.27125"),
    ],
)
def test_gases_under_each_gwp_set(gwp_set: str, expected: str) -> None:
    emissions = [
        emission("CO2_FOSSIL", "1.9"),
        emission("CH4_FOSSIL", "0.012"),
        emission("N2O", "0.00005"),
    ]

    answer = calculate(request(process(emissions=emissions), gwp_set=gwp_set))

    assert answer["result"]["value"] == expected


def test_perfluorocarbons_of_an_electrolysis() -> None:
    emissions = [emission("CF4", "0.034"), emission("C2F6", "0.0034")]

    def total(gwp_set: str) -> str:
        return calculate(request(process(emissions=emissions), gwp_set=gwp_set))[
            "result"
        ]["value"]

    assert total("AR5_100") == "263.16"
    assert total("AR6_100") == "293.08"


def test_own_consumption_with_a_share() -> None:
    tree = request(
        process(
            amount="1",
            unit="t",
            inputs=[{"process": "p", "amount": "0.1", "unit": "t"}],
            emissions=[emission("CO2_FOSSIL", "1", "t")],
            allocation={"method": "SHARE", "share": "0.8"},
        )
    )

    answer = calculate(tree)

    assert answer["result"]["value"] == "869.565217391"
    assert answer["processes"][0]["total"] == "869.565217391"


def test_coal_and_electricity_supply_each_other() -> None:
    # e = 0.9 + 0.3c, c = 0.05 + 0.02e  →  e = 0.915 / 0.994
    tree = request(
        process(
            "electricity",
            unit="kWh",
            inputs=[{"process": "coal", "amount": "0.3", "unit": "kg"}],
            emissions=[emission("CO2_FOSSIL", "0.9")],
        ),
        process(
            "coal",
            inputs=[{"process": "electricity", "amount": "0.02", "unit": "kWh"}],
            emissions=[emission("CO2_FOSSIL", "0.05")],
        ),
    )

    assert calculate(tree)["result"]["value"] == "0.920523138833"


# Signs


def test_waste_handed_over_to_a_treatment_is_a_burden() -> None:
    tree = request(
        process("p", inputs=[{"process": "landfill", "amount": "-0.1", "unit": "kg"}]),
        process("landfill", amount="-1", emissions=[emission("CH4_BIO", "0.01")]),
    )

    answer = calculate(tree)

    assert answer["result"]["value"] == "0.027"
    levels = {each["id"]: each["activity_level"] for each in answer["processes"]}
    assert levels == {"p": "1", "landfill": "0.1"}


def test_a_negative_input_is_a_credit() -> None:
    assert value_of(line(inline("2"), "-0.5")) == "-1"


def test_an_amount_may_be_zero_and_an_output_may_not() -> None:
    assert value_of(line(inline("2"), "0")) == "0"
    assert refused(request(process(amount="0"))) == [
        "ZERO_OUTPUT /processes/0/output/amount"
    ]


def test_uptake_is_stated_positive_and_counted_negative() -> None:
    emissions = [emission("CO2_BIO_UPTAKE", "3"), emission("CO2_FOSSIL", "1")]

    answer = calculate(request(process(emissions=emissions)))

    assert answer["result"]["value"] == "-2"
    assert answer["result"]["excluding_uptake"] == "1"
    parts = {each["category"]: each["value"] for each in answer["by_category"]}
    assert parts[GhgCategory.BIO_REMOVAL] == "-3"
    assert refused(request(process(emissions=[emission("CO2_FOSSIL", "-1")]))) == [
        "NEGATIVE_EMISSION /processes/0/emissions/0/amount"
    ]


def test_shares_of_a_zero_total_are_null() -> None:
    answer = calculate(request(process(emissions=[emission("N2O", "0")])))

    assert answer["contributions"][0]["share"] is None
    assert answer["processes"][0]["share"] is None


# Allocation

SLAG = {"name": "slag", "amount": "0.5", "unit": "t"}


@pytest.mark.parametrize(
    ("method", "main", "co_product", "share"),
    [
        ("MASS", {}, {}, "2/3"),
        ("ECONOMIC", {"value": "300"}, {"value": "200"}, "3/4"),
        ("PHYSICAL", {"value": "1"}, {"value": "4"}, "1/5"),
        ("ENERGY", {"value": "10"}, {"value": "5"}, "4/5"),
        ("PHYSICAL", {"value": "1"}, {"value": "0"}, "1"),
    ],
)
def test_share_by_method(
    method: str, main: dict[str, str], co_product: dict[str, str], share: str
) -> None:
    tree = process(
        unit="t",
        emissions=[emission("CO2_FOSSIL", "60")],
        co_products=[SLAG | co_product],
        allocation={"method": method},
    )
    tree["output"] |= main
    above, _, below = share.partition("/")
    expected = Decimal(60) * int(above) / int(below or 1)

    answer = calculate(request(tree))

    assert Decimal(answer["result"]["value"]) == expected


def test_energy_allocation_without_value_takes_energy_units() -> None:
    tree = process(
        unit="MWh",
        emissions=[emission("CO2_FOSSIL", "10")],
        co_products=[{"name": "heat", "amount": "3600", "unit": "MJ"}],
        allocation={"method": "ENERGY"},
    )

    assert calculate(request(tree))["result"]["value"] == "5"


@pytest.mark.parametrize(
    ("allocation", "co_product", "expected"),
    [
        (None, {}, "ALLOCATION_MISSING /processes/0/co_products"),
        ({"method": "SHARE"}, {}, "ALLOCATION_INVALID /processes/0/allocation/share"),
        (
            {"method": "SHARE", "share": "0"},
            {},
            "ALLOCATION_INVALID /processes/0/allocation/share",
        ),
        (
            {"method": "SHARE", "share": "1.01"},
            {},
            "ALLOCATION_INVALID /processes/0/allocation/share",
        ),
        (
            {"method": "MASS", "share": "0.5"},
            {},
            "ALLOCATION_INVALID /processes/0/allocation/share",
        ),
        ({"method": "ECONOMIC"}, {}, "ALLOCATION_INVALID /processes/0/output"),
        (
            {"method": "MASS"},
            {"amount": "-1"},
            "ALLOCATION_INVALID /processes/0/co_products/0",
        ),
        (
            {"method": "MASS"},
            {"unit": "MJ"},
            "UNIT_MISMATCH /processes/0/co_products/0/unit",
        ),
    ],
)
def test_allocation_is_refused(
    allocation: dict[str, str] | None, co_product: dict[str, str], expected: str
) -> None:
    tree = process(unit="t", co_products=[SLAG | co_product])
    if allocation:
        tree["allocation"] = allocation

    assert refused(request(tree)) == [expected]


@pytest.mark.parametrize("method", ["MASS", "ENERGY", "ECONOMIC", "PHYSICAL", "SHARE"])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"amount": [{}]}, "BAD_DECIMAL /processes/0/co_products/0/amount"),
        ({"amount": "1e5"}, "BAD_DECIMAL /processes/0/co_products/0/amount"),
        ({"unit": "bogus"}, "UNKNOWN_UNIT /processes/0/co_products/0/unit"),
        ({"value": None}, "BAD_DECIMAL /processes/0/co_products/0/value"),
        ({"value": "x"}, "BAD_DECIMAL /processes/0/co_products/0/value"),
    ],
)
def test_what_the_method_does_not_use_is_judged_too(
    method: str, change: dict[str, Any], expected: str
) -> None:
    tree = process(
        unit="t",
        co_products=[SLAG | {"value": "1"} | change],
        allocation={"method": method} | ({"share": "1"} if method == "SHARE" else {}),
    )
    tree["output"]["value"] = "1"

    assert refused(request(tree)) == [expected]


def test_a_value_without_allocation_is_judged() -> None:
    tree = process()
    tree["output"]["value"] = "bogus"

    assert refused(request(tree)) == ["BAD_DECIMAL /processes/0/output/value"]


# Units


@pytest.mark.parametrize(
    ("amount", "unit", "factor_unit", "expected"),
    [
        ("1", "t", "kgCO2e/kg", "1000"),
        ("1", "kWh", "tCO2e/MWh", "1"),
        ("1", "tce", "kgCO2e/MJ", "29307.6"),
        ("1", "吨标准煤", "kgCO2e/GJ", "29.3076"),
        ("1", "万kWh", "gCO2e/kWh", "10"),
        ("2", "weight_case", "kgCO2e/kg", "100"),
        ("5463", "Nm3", "kgCO2e/Sm3_20", "5863"),
        ("1", "吨公里", "gCO2e/t_km", "0.001"),
        ("1", "MMBtu", "kgCO2e/MJ", "1055.05585262"),
    ],
)
def test_units_convert(amount: str, unit: str, factor_unit: str, expected: str) -> None:
    assert value_of(line(inline("1", factor_unit), amount, unit)) == expected


@pytest.mark.parametrize(
    ("unit", "factor_unit"),
    [
        ("kWh_cap", "kgCO2e/kWh"),
        ("m3", "kgCO2e/Nm3"),
        ("kg", "kgCO2e/MJ"),
        ("t_km", "kgCO2e/v_km"),
        ("kWh_deliv", "kgCO2e/kWh_cap"),
    ],
)
def test_dimensions_do_not_mix(unit: str, factor_unit: str) -> None:
    tree = request(process(inputs=[line(inline("1", factor_unit), "1", unit)]))

    assert refused(tree) == ["UNIT_MISMATCH /processes/0/inputs/0/unit"]


def test_a_property_of_the_version_crosses_one_dimension() -> None:
    ncv = {"property": "NCV", "value": "20.9", "unit": "GJ/t"}
    coal = version_at(
        unit="tCO2/TJ", value="95", gwp_set="NOT_APPLICABLE", properties=[ncv]
    )
    tree = request(process(inputs=[line(ELECTRICITY, "2", "t")]))

    answer = calculate(tree, coal)

    assert answer["result"]["value"] == "3971"
    assert "PROPERTY_USED" in warned(answer)


def test_two_properties_that_fit_are_ambiguous() -> None:
    properties = [
        {"property": "NCV", "value": "20.9", "unit": "GJ/t"},
        {"property": "NCV", "value": "22", "unit": "MJ/kg"},
    ]
    coal = version_at(unit="tCO2/TJ", gwp_set="NOT_APPLICABLE", properties=properties)
    tree = request(process(inputs=[line(ELECTRICITY, "2", "t")]))

    assert refused(tree, coal) == ["AMBIGUOUS_BRIDGE /processes/0/inputs/0/unit"]


def test_process_lines_never_cross_dimensions() -> None:
    tree = request(
        process("a", inputs=[{"process": "b", "amount": "1", "unit": "kg"}]),
        process("b", unit="MJ"),
    )

    assert refused(tree) == ["UNIT_MISMATCH /processes/0/inputs/0/unit"]


def test_mass_times_distance() -> None:
    truck = inline("0.1", "kgCO2e/t_km")
    moved = {
        "factor": truck,
        "mass": {"amount": "1920", "unit": "kg"},
        "distance": {"amount": "600", "unit": "km"},
    }

    assert value_of(moved) == "115.2"


def test_a_distance_is_not_negative() -> None:
    moved = {
        "factor": inline("0.1", "kgCO2e/t_km"),
        "mass": {"amount": "-1", "unit": "t"},
        "distance": {"amount": "5", "unit": "km"},
    }
    assert value_of(moved) == "-0.5"

    moved["distance"] = {"amount": "-5", "unit": "km"}
    where = "NEGATIVE_DISTANCE /processes/0/inputs/0/distance/amount"
    assert refused(request(process(inputs=[moved]))) == [where]


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "1", "unit": "kg"},
        {"mass": {"amount": "1", "unit": "kg"}},
        {"unit": "kg"},
        {"amount": "1"},
        {},
    ],
)
def test_amount_or_mass_and_distance(change: dict[str, Any]) -> None:
    distance = {"distance": {"amount": "1", "unit": "km"}}
    wrong = {"factor": inline("1", "kgCO2e/t_km"), **change}
    if "amount" in change or "mass" in change:
        wrong |= distance if "mass" not in change else {}
    tree = request(process(inputs=[wrong]))

    assert refused(tree)[0] == "INPUT_AMOUNT /processes/0/inputs/0"


def test_the_reference_has_the_dimension_of_its_output() -> None:
    tree = request(process())
    tree["reference"]["unit"] = "MJ"

    assert refused(tree) == ["UNIT_MISMATCH /reference/unit"]


# GWP rules (a) to (e)

GASES = [
    {"gas": "CO2_FOSSIL", "mass_kg": "1.9"},
    {"gas": "CH4_FOSSIL", "mass_kg": "0.1"},
]


def test_a_the_own_set_gives_the_published_value() -> None:
    answer = calculate(
        request(
            process(inputs=[line(inline("5", gwp_set="AR5_100", gases=GASES))]),
            gwp_set="AR5_100",
        )
    )

    assert answer["result"]["value"] == "5"
    by_gas = {each["gas"]: each for each in answer["by_gas"]}
    # 5 − 1.9 − 0.1 · 28
    assert by_gas["CO2E_UNSPLIT"] == {
        "gas": "CO2E_UNSPLIT",
        "mass_kg": None,
        "co2e": "0.3",
    }


def test_b_another_set_recomputes_the_gases_and_keeps_the_rest() -> None:
    # 1.9 + 0.1 · 29.8 + 0.3
    published = inline("5", gwp_set="AR5_100", gases=GASES)

    assert value_of(line(published)) == "5.18"


def test_c_co2_only_is_fossil_co2() -> None:
    answer = calculate(request(process(inputs=[line(inline("2", "kgCO2/kg"))])))

    assert answer["by_gas"] == [{"gas": "CO2_FOSSIL", "mass_kg": "2", "co2e": "2"}]


def test_a_factor_of_one_gas_is_weighed() -> None:
    assert value_of(line(inline("2", "gCH4_BIO/kg"))) == "0.054"


def test_d_co2e_under_another_set_is_mixed() -> None:
    tree = request(process(inputs=[line(inline("5", gwp_set="AR5_100"))]))

    answer = calculate(tree)

    assert answer["result"]["value"] == "5"
    assert warned(answer) == ["GWP_MIXED"]
    assert refused(tree | {"strict": True}) == ["GWP_MIXED /processes/0/inputs/0"]


def test_e_a_set_that_is_not_stated_is_unknown_even_if_strict() -> None:
    version = version_at(gwp_set="NOT_STATED")
    tree = request(process(inputs=[line(ELECTRICITY, "1", "kWh")]), strict=True)

    answer = calculate(tree, version)

    assert answer["result"]["value"] == "0.5777"
    assert warned(answer) == ["GWP_UNKNOWN"]


def test_a_gas_without_value_in_the_set_is_refused_not_zero() -> None:
    tree = request(process(emissions=[emission("HFC_32")]), gwp_set="EF31_100")

    assert refused(tree)[0].startswith("GAS_NOT_IN_GWP_SET /processes/0/emissions/0")


def test_biogenic_carbon_counts_in_the_ar_sets_and_not_in_ef() -> None:
    emissions = [emission("CO2_BIO_EMIT", "2"), emission("CO2_BIO_UPTAKE", "5")]

    def total(gwp_set: str) -> str:
        return calculate(request(process(emissions=emissions), gwp_set=gwp_set))[
            "result"
        ]["value"]

    assert total("AR6_100") == "-3"
    assert total("EF31_100") == "0"


# Kinds, status, validity


def test_a_grid_co2_factor_is_refused_and_the_footprint_is_named() -> None:
    grid = version_at(
        kind="ENERGY_CO2_EF", unit="kgCO2/kWh", value="0.5306", gwp_set="NOT_APPLICABLE"
    )
    tree = request(process(inputs=[line(ELECTRICITY, "1", "kWh")]))
    instead = Alternative("CNF-01-000002-12", 1, 2023, "电力碳足迹", "Electricity")

    assert refused(tree, grid) == ["EF_KIND_MISMATCH /processes/0/inputs/0/factor"]
    with pytest.raises(Exception, match=r"CNF-01-000002-12@1 \(Electricity, 2023\)"):
        _raise_first(tree, grid, {ELECTRICITY: (instead,)})
    assert (
        calculate(tree | {"purpose": "INVENTORY"}, grid)["result"]["value"] == "0.5306"
    )


def _raise_first(tree: Any, version: Any, alternatives: Any) -> None:
    try:
        calculate(tree, version, alternatives=alternatives)
    except Exception as error:
        raise error.errors[0] from error  # type: ignore[attr-defined]  # Findings


def test_a_direct_factor_warns_that_upstream_is_missing() -> None:
    answer = calculate(request(process(inputs=[line(inline(kind="DIRECT_EF"))])))

    assert warned(answer) == ["UPSTREAM_MISSING"]


@pytest.mark.parametrize("purpose", ["PCF", "INVENTORY"])
def test_a_parameter_is_never_a_factor(purpose: str) -> None:
    parameter = version_at(kind="PARAMETER", unit="GJ/t")
    tree = request(process(inputs=[line(ELECTRICITY)]), purpose=purpose)

    assert refused(tree, parameter) == ["EF_KIND_MISMATCH /processes/0/inputs/0/factor"]


STATUS_RULES: dict[tuple[VersionStatus, bool, bool], str] = dict.fromkeys(
    itertools.product(VersionStatus, [False, True], [False, True]), "plain"
)
for _pinned, _strict in itertools.product([False, True], [False, True]):
    STATUS_RULES[VersionStatus.VOID, _pinned, _strict] = "error FACTOR_VOID"
    STATUS_RULES[VersionStatus.SUSPENDED, _pinned, _strict] = (
        "error FACTOR_SUSPENDED" if _strict else "warning FACTOR_SUSPENDED"
    )
    STATUS_RULES[VersionStatus.RETIRED, _pinned, _strict] = (
        "warning FACTOR_RETIRED" if _pinned else "error FACTOR_RETIRED"
    )
    STATUS_RULES[VersionStatus.SUPERSEDED, _pinned, _strict] = (
        "warning FACTOR_SUPERSEDED"
    )


@pytest.mark.parametrize(("status", "pinned", "strict"), STATUS_RULES)
def test_status_rules(status: VersionStatus, *, pinned: bool, strict: bool) -> None:
    reference = f"{ELECTRICITY}@1" if pinned else ELECTRICITY
    version = version_at(status=status, highest=2)
    tree = request(process(inputs=[line(reference, "1", "kWh")]), strict=strict)
    rule = STATUS_RULES[status, pinned, strict]

    if rule.startswith("error"):
        code = rule.removeprefix("error ")
        assert [each.split()[0] for each in refused(tree, version)] == [code]
    else:
        expected = [rule.removeprefix("warning ")] if rule != "plain" else []
        assert warned(calculate(tree, version)) == expected


def test_a_newer_year_and_a_missing_review_are_told() -> None:
    version = version_at(
        newest_year=2025, newest_code="CNF-01-000002-12", road="IMPORT"
    )
    tree = request(process(inputs=[line(ELECTRICITY, "1", "kWh")] * 3))

    answer = calculate(tree, version)

    assert warned(answer) == ["NEWER_YEAR_AVAILABLE", "FACTOR_UNREVIEWED"]
    assert {warning["count"] for warning in answer["warnings"]} == {3}


def test_valid_on_looks_at_the_validity_of_the_factor() -> None:
    version = version_at(validity={"first": "2024-01-01", "last": "2024-12-31"})
    tree = request(process(inputs=[line(ELECTRICITY, "1", "kWh")]))

    assert warned(calculate(tree | {"valid_on": "2024-12-31"}, version)) == []
    late = tree | {"valid_on": "2025-01-01"}
    assert warned(calculate(late, version)) == ["FACTOR_NOT_VALID"]
    assert refused(late | {"strict": True}, version)[0].startswith("FACTOR_NOT_VALID")


# The answer


def test_unreached_processes_are_named_and_not_solved() -> None:
    tree = request(
        process("p", emissions=[emission("CO2_FOSSIL")]),
        process("q", inputs=[{"process": "q", "amount": "1", "unit": "kg"}]),
    )

    answer = calculate(tree)

    assert warned(answer) == ["UNREACHABLE_PROCESS"]
    assert [each["id"] for each in answer["processes"]] == ["p"]


def test_stages_come_from_the_line_else_the_process() -> None:
    tree = request(
        process(
            stage="MFG",
            inputs=[line(inline("2")), line(inline("3"), stage="RAW")],
            emissions=[emission("CO2_FOSSIL", "5", stage="EOL")],
        )
    )

    stages = {each["stage"]: each["value"] for each in calculate(tree)["by_stage"]}

    assert stages == {"RAW": "3", "MFG": "2", "EOL": "5"}


def test_a_line_may_name_its_category() -> None:
    tree = request(process(inputs=[line(inline("2"), category="AIRCRAFT")]))

    parts = {each["category"]: each["value"] for each in calculate(tree)["by_category"]}

    assert parts[GhgCategory.AIRCRAFT] == "2"


@pytest.mark.parametrize(("detail", "shown"), [("SUMMARY", 100), ("FULL", 250)])
def test_summary_lists_the_hundred_largest(detail: str, shown: int) -> None:
    lines = [line(inline("1"), str(number)) for number in range(1, 251)]
    answer = calculate(request(process(inputs=lines), detail=detail))

    values = [Decimal(each["value"]) for each in answer["contributions"]]
    assert values == [Decimal(number) for number in range(250, 250 - shown, -1)]
    assert answer["rest"]["count"] == 250 - shown
    assert sum(values) + Decimal(answer["rest"]["value"]) == Decimal(31375)


def test_ties_are_ordered_by_pointer() -> None:
    lines = [line(inline("1"))] * 12

    answer = calculate(request(process(inputs=lines)))

    pointers = [each["pointer"] for each in answer["contributions"]]
    assert pointers == sorted(pointers)


def test_contributions_are_summed_over_all_ways() -> None:
    tree = request(
        process(
            "a",
            inputs=[
                {"process": "b", "amount": "1", "unit": "kg"},
                {"process": "c", "amount": "2", "unit": "kg"},
            ],
        ),
        process("b", inputs=[{"process": "c", "amount": "3", "unit": "kg"}]),
        process("c", emissions=[emission("CO2_FOSSIL")]),
    )

    (only,) = calculate(tree)["contributions"]

    assert only["pointer"] == "/processes/2/emissions/0"
    assert (only["value"], only["amount"], only["via"]) == ("5", "5", "a")


def test_pins_make_the_request_repeatable() -> None:
    tree = request(process(inputs=[line(ELECTRICITY, "1", "kWh")]))

    answer = calculate(tree, version_at(version=3, highest=3))

    assert answer["pins"] == [f"{ELECTRICITY}@3"]
    pinned = answer["request_pinned"]
    assert pinned["processes"][0]["inputs"][0]["factor"] == f"{ELECTRICITY}@3"
    assert pinned["snapshot"] == answer["snapshot"]


def test_the_same_request_gives_the_same_bytes() -> None:
    tree = request(
        process(inputs=[line(inline("0.1"), 0.3), line(ELECTRICITY, 7.77, "kWh")])
    )

    first, second = (orjson.dumps(calculate(tree, version_at())) for _ in range(2))

    assert first == second


def test_a_removal_removes() -> None:
    adds = line(inline("2"), category="BIO_REMOVAL")
    where = "CATEGORY_NOT_ALLOWED /processes/0/inputs/0/category"

    assert refused(request(process(inputs=[adds]))) == [where]
    answer = calculate(request(process(inputs=[adds | {"amount": "-1"}])))
    assert answer["result"] == answer["result"] | {
        "value": "-2",
        "excluding_uptake": "0",
    }


def test_a_share_without_its_co_products_is_told() -> None:
    share, lines = {"method": "SHARE", "share": "0.4"}, [line(inline())]
    part = request(process(inputs=lines, allocation=share))
    whole = request(process(inputs=lines, allocation=share | {"share": "1"}))

    assert warned(calculate(part)) == ["CO_PRODUCTS_NOT_LISTED"]
    assert warned(calculate(whole)) == []


def test_gas_masses_belong_to_co2e() -> None:
    tree = request(process(inputs=[line(inline("2", "kgCO2/kg", gases=GASES))]))

    assert refused(tree) == ["GASES_NOT_ALLOWED /processes/0/inputs/0/factor/gases"]


def test_what_cancels_is_zero_and_has_no_share() -> None:
    lines = [line(inline("0.1"), "3"), line(inline("0.3"), "-1")]

    answer = calculate(request(process(inputs=lines)))

    assert answer["result"]["value"] == "0"
    assert [each["share"] for each in answer["contributions"]] == [None, None]
    assert {each["value"] for each in answer["by_stage"]} == {"0"}


def test_gases_of_unreached_processes_are_not_listed() -> None:
    away = process("z", emissions=[emission("SF6")])

    answer = calculate(request(process(emissions=[emission("N2O")]), away))

    assert [each["gas"] for each in answer["by_gas"]] == ["N2O"]


# Input


def test_json_numbers_are_read_as_the_shortest_decimal() -> None:
    assert value_of(line(inline("1"), 0.1)) == "0.1"
    assert value_of(line(inline("1"), 1e-7)) == "0.0000001"
    assert value_of(line(inline("1"), 12)) == "12"


@pytest.mark.parametrize(
    "amount",
    [
        "1e3",
        ".5",
        "5.",
        "01",
        "-0",
        "",
        "１",
        " 1",
        "1,5",
        "NaN",
        None,
        True,
        [],
        {},
        1e30,
    ],
)
def test_bad_numbers_are_refused(amount: Any) -> None:
    tree = request(process(inputs=[line(inline("1"), amount)]))

    assert refused(tree) == ["BAD_DECIMAL /processes/0/inputs/0/amount"]


def test_no_reference_is_mistaken_for_a_gas_or_a_figure() -> None:
    own, gas = inline(), emission("CO2_FOSSIL")
    tree = request(
        process("p", inputs=[line(own), line("=kgCO2e/kg")], emissions=[gas]),
        process("q", inputs=[line(" CO2_FOSSIL")]),
    )

    assert refused(tree) == [
        "UNKNOWN_FACTOR /processes/0/inputs/1/factor",
        "UNKNOWN_FACTOR /processes/1/inputs/0/factor",
    ]


def test_all_errors_are_told_at_once() -> None:
    tree = request(
        process(
            "p",
            inputs=[
                {"process": "nowhere", "amount": "x", "unit": "kg"},
                line("CNF-01-000001-14", "1", "kWh"),
                {"process": "p", "factor": inline()},
                line(inline(), "y", "furlong"),
            ],
            emissions=[emission("XX", "-1")],
        ),
        process("p"),
    )

    assert refused(tree) == [
        "DUPLICATE_PROCESS /processes/1/id",
        "UNKNOWN_PROCESS /processes/0/inputs/0/process",
        "BAD_DECIMAL /processes/0/inputs/0/amount",
        "UNKNOWN_FACTOR /processes/0/inputs/1/factor",
        "INPUT_TARGET /processes/0/inputs/2",
        "UNKNOWN_UNIT /processes/0/inputs/3/unit",
        "BAD_DECIMAL /processes/0/inputs/3/amount",
        "UNKNOWN_GAS /processes/0/emissions/0/gas",
        "NEGATIVE_EMISSION /processes/0/emissions/0/amount",
    ]


def test_shapes_are_checked_with_pointers() -> None:
    tree = request(process(stage="NOPE"), extra=1)
    del tree["processes"][0]["output"]["unit"]
    tree["processes"][0]["inputs"] = [line({"name": "x", "value": "1"})]

    assert sorted(refused(tree)) == [
        "BAD_VALUE /processes/0/stage",
        "MISSING_FIELD /processes/0/inputs/0/factor/unit",
        "MISSING_FIELD /processes/0/output/unit",
        "UNKNOWN_FIELD /extra",
    ]
