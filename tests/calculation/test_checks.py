"""Findings on a model: boundaries, what is taken twice, what is empty or cut off."""

from decimal import Decimal
from typing import Any

import orjson
import pytest

from app.calculation.reading import Bulk, read_large
from tests.factories.calculations import (
    calculate,
    calculate_reading,
    process,
    refused,
    request,
    version_at,
)

POWER, COAL, FREIGHT, FREIGHT_DIRECT = (
    "CNF-01-000001-14",
    "CNF-01-000002-11",
    "CNF-20-000001-27",
    "CNF-20-000002-24",
)

Document = dict[str, Any]


def line(factor: Any, amount: str = "1", unit: str = "kWh", **more: Any) -> Document:
    return {"factor": factor, "amount": amount, "unit": unit, **more}


def link(name: str, amount: str = "1", unit: str = "kg") -> Document:
    return {"process": name, "amount": amount, "unit": unit}


def inline(**more: Any) -> Document:
    return {"name": "motor", "value": "3", "unit": "kgCO2e/kg", **more}


def warnings(body: Document, *versions: Any) -> list[str]:
    found = calculate(body, *versions)["warnings"]
    return [f"{each['code']} {each['pointer']} {each['count']}" for each in found]


# Boundaries


@pytest.mark.parametrize(
    ("kind", "boundary", "codes"),
    [
        ("PCF", "CRADLE_TO_GATE", []),
        ("PCF", "WELL_TO_TANK", []),
        ("PCF", "GATE_TO_GATE", ["UPSTREAM_MISSING"]),
        ("PCF", "CBAM_SEE", ["UPSTREAM_MISSING"]),
        ("PCF", "DIRECT", ["UPSTREAM_MISSING"]),
        ("PCF", "CRADLE_TO_GRAVE", ["DOWNSTREAM_INCLUDED"]),
        ("PCF", "LIFE_CYCLE", ["DOWNSTREAM_INCLUDED"]),
        ("PCF", "GATE_TO_GRAVE", ["UPSTREAM_MISSING", "DOWNSTREAM_INCLUDED"]),
        ("PCF", "NOT_STATED", ["BOUNDARY_UNKNOWN"]),
        ("ENERGY", "LIFE_CYCLE", []),
        ("ENERGY", "GATE_TO_GATE", ["UPSTREAM_MISSING"]),
        ("TRANSPORT_SERVICE", "GATE_TO_GATE", []),
        ("EOL", "EOL_ONLY", []),
        ("DIRECT_EF", "DIRECT", ["UPSTREAM_MISSING"]),
    ],
)
def test_a_boundary_that_leaves_a_gap_is_told(
    kind: str, boundary: str, codes: list[str]
) -> None:
    tree = request(process(inputs=[line(POWER), line(POWER)]))
    version = version_at(kind=kind, boundary=boundary)

    found = warnings(tree, version)

    assert found == [f"{code} /processes/0/inputs/0 2" for code in codes]
    inventory = request(process(inputs=[line(POWER)]), purpose="INVENTORY")
    assert warnings(inventory, version) == []


FUEL = version_at(
    FREIGHT, kind="TRANSPORT_SERVICE", boundary="WELL_TO_TANK", unit="kgCO2e/t_km"
)
BURNT = version_at(
    FREIGHT_DIRECT, kind="DIRECT_EF", boundary="DIRECT", unit="kgCO2e/t_km"
)


def test_a_service_up_to_the_tank_wants_its_combustion() -> None:
    tank, burnt = line(FREIGHT, unit="t_km"), line(FREIGHT_DIRECT, unit="t_km")
    own = {"name": "burnt", "value": "1", "unit": "kgCO2e/t_km", "kind": "DIRECT_EF"}
    emission = {"gas": "CO2_FOSSIL", "amount": "1", "unit": "kg"}
    missing = "COMBUSTION_MISSING"

    assert warnings(request(process(inputs=[tank, tank])), FUEL) == [
        f"{missing} /processes/0/inputs/0 2"
    ]
    for complete in (
        process(inputs=[tank, burnt]),
        process(inputs=[tank, line(own, unit="t_km")]),
        process(inputs=[tank], emissions=[emission]),
        process(inputs=[line(FREIGHT, "-1", "t_km")]),
    ):
        found = warnings(request(complete), FUEL, BURNT)
        assert missing not in " ".join(found)
    elsewhere = request(
        process(inputs=[link("q"), tank]), process("q", emissions=[emission])
    )
    assert warnings(elsewhere, FUEL) == [f"{missing} /processes/0/inputs/1 1"]


# Empty processes


def test_processes_without_any_line_are_named_once() -> None:
    users = [link("a"), link("b"), link("c")]
    tree = request(
        process(inputs=users),
        process("a"),
        process("b"),
        process("c", inputs=[line(inline(), unit="kg")]),
        process("unreached"),
    )

    assert warnings(tree) == [
        "UNREACHABLE_PROCESS /processes/4 1",
        "EMPTY_PROCESS /processes/1 2",
    ]
    detail = calculate(tree)["warnings"][1]["detail"]
    assert detail["en"].endswith(": a, b.")


# Double counting

MOTOR = line(inline(includes=[POWER]), unit="kg")
PUBLISHED = version_at(boundary="CRADLE_TO_GATE")


def test_what_a_figure_includes_is_not_taken_beside_it() -> None:
    tree = request(process(inputs=[line(POWER), MOTOR, MOTOR]))

    found = calculate(tree, PUBLISHED)["warnings"]

    assert [each["code"] for each in found] == ["DOUBLE_COUNTING"]
    assert (found[0]["pointer"], found[0]["count"]) == ("/processes/0/inputs/1", 2)
    assert "/processes/0/inputs/0" in found[0]["detail"]["en"]
    assert "/processes/0/inputs/0" in found[0]["detail"]["zh"]


def test_what_a_figure_includes_is_not_taken_upstream() -> None:
    """p takes the motor, and by way of q and r, which are a loop, the electricity."""
    tree = request(
        process(inputs=[link("q"), MOTOR]),
        process("q", inputs=[link("r", "0.1")]),
        process("r", inputs=[link("q", "0.1"), link("s")]),
        process("s", inputs=[line(f"{POWER}@1")]),
    )

    found = calculate(tree, PUBLISHED)["warnings"]

    assert [each["code"] for each in found] == ["DOUBLE_COUNTING"]
    assert found[0]["pointer"] == "/processes/0/inputs/1"
    assert "/processes/3/inputs/0" in found[0]["detail"]["en"]


@pytest.mark.parametrize(
    "processes",
    [
        # downstream of the figure
        [process(inputs=[link("q"), line(POWER)]), process("q", inputs=[MOTOR])],
        # in another branch
        [
            process(inputs=[link("q"), link("r")]),
            process("q", inputs=[MOTOR]),
            process("r", inputs=[line(POWER)]),
        ],
        # taken off again
        [process(inputs=[MOTOR, line(POWER, "-1")])],
        [process(inputs=[{**MOTOR, "amount": "-1"}, line(POWER)])],
        [process(inputs=[MOTOR, line(POWER, "0")])],
        [process(inputs=[MOTOR, link("q", "-1")]), process("q", inputs=[line(POWER)])],
        # not reached
        [process(emissions=[]), process("q", inputs=[MOTOR, line(POWER)])],
        # something else
        [process(inputs=[line(inline(includes=[COAL]), unit="kg"), line(POWER)])],
    ],
)
def test_what_is_not_counted_twice_is_not_told(processes: list[Document]) -> None:
    found = calculate(request(*processes), PUBLISHED)["warnings"]

    assert "DOUBLE_COUNTING" not in {each["code"] for each in found}


def test_waste_handed_over_leads_upstream_too() -> None:
    tree = request(
        process(inputs=[MOTOR, link("tip", "-1")]),
        process("tip", "-1", inputs=[line(POWER)]),
    )

    assert warnings(tree, PUBLISHED) == ["DOUBLE_COUNTING /processes/0/inputs/0 1"]


def test_a_long_chain_is_followed_in_a_moment() -> None:
    """Every one of 3,000 processes takes a motor of its own, the last the power."""
    last = 2999
    chain = [
        process(
            f"p{n}",
            inputs=[
                line(inline(name=f"motor {n}", includes=[POWER]), unit="kg"),
                link(f"p{n + 1}") if n < last else line(POWER),
            ],
        )
        for n in range(last + 1)
    ]

    found = calculate(request(*chain), PUBLISHED)["warnings"]

    assert len(found) == len(chain)
    assert {each["detail"]["en"].split()[5] for each in found} == {
        f"/processes/{last}/inputs/1"
    }


@pytest.mark.parametrize("factor", ["0.001", "7", "1000"])
def test_the_scale_of_all_amounts_changes_no_verdict(factor: str) -> None:
    def tree(factor: str) -> Document:
        def times(amount: str) -> str:
            return format(Decimal(amount) * Decimal(factor), "f")

        bought = [line(POWER, times("15")), line(COAL, times("500"), "kg")]
        motor = line(inline(includes=[POWER]), times("2"), "kg")
        more = [line(FREIGHT, times("3"), "t_km"), link("q", times("1"))]
        return request(
            process(amount=times("1"), inputs=[*bought, motor, *more]),
            process("q", times("1")),
            amount=times("1"),
            cut_offs=[{"name": "packaging", "value": times("100")}],
        )

    versions = (PUBLISHED, DERIVED, FUEL)
    assert warnings(tree(factor), *versions) == warnings(tree("1"), *versions)
    assert len(warnings(tree(factor), *versions)) == 6


def test_what_a_figure_includes_has_a_code() -> None:
    includes = [POWER, "CNF-01-000001-15", "coal"]
    tree = request(process(inputs=[line(inline(includes=includes), unit="kg")]))

    assert refused(tree) == [
        "INVALID_FACTOR_CODE /processes/0/inputs/0/factor/includes/1"
    ]


DERIVED = version_at(
    COAL,
    unit="kgCO2e/t",
    boundary="CRADLE_TO_GATE",
    derivation=[f"{POWER}@1 * 30 kWh", f"{FREIGHT}@1"],
)


@pytest.mark.parametrize(
    ("amount", "unit", "is_told"),
    [
        ("15", "kWh", True),
        ("0.015", "MWh", True),
        ("54", "MJ", True),
        ("15.01", "kWh", False),
        ("-15", "kWh", False),
    ],
)
def test_a_derived_factor_and_just_what_went_into_it(
    amount: str, unit: str, *, is_told: bool
) -> None:
    tree = request(process(inputs=[line(POWER, amount, unit), line(COAL, "500", "kg")]))

    found = warnings(tree, PUBLISHED, DERIVED)

    assert found == ["DOUBLE_COUNTING /processes/0/inputs/1 1"] * is_told


def test_a_large_request_is_checked_as_a_small_one_is() -> None:
    tree = request(
        process(inputs=[line(POWER, "15"), line(COAL, "500", "kg"), link("q")]),
        process("q", inputs=[line(FREIGHT, unit="t_km"), link("r")]),
        process("r"),
        cut_offs=[{"name": "packaging", "value": "100"}],
    )
    body = orjson.dumps(tree)
    versions = (PUBLISHED, DERIVED, FUEL)
    reading = read_large(body)
    assert isinstance(reading, Bulk)

    in_columns = calculate_reading(reading, *versions)

    carefully = calculate_reading(reading.carefully(), *versions)
    assert in_columns["warnings"] == carefully["warnings"]
    assert {each["code"] for each in in_columns["warnings"]} == {
        "COMBUSTION_MISSING",
        "CUT_OFF_EXCEEDED",
        "DOUBLE_COUNTING",
        "EMPTY_PROCESS",
    }
    assert in_columns["cut_off"] == carefully["cut_off"]


def test_a_large_request_with_includes_is_read_carefully() -> None:
    tree = request(process(inputs=[line(POWER), MOTOR]))
    reading = read_large(orjson.dumps(tree))

    assert not isinstance(reading, Bulk)
    found = calculate_reading(reading, PUBLISHED)["warnings"]
    assert [each["code"] for each in found] == ["DOUBLE_COUNTING"]


# Cut-offs


def cut(*values: str, **more: Any) -> Document:
    items = [{"name": f"item {n}", "value": each} for n, each in enumerate(values)]
    return request(
        process(emissions=[{"gas": "CO2_FOSSIL", "amount": "95", "unit": "kg"}]),
        cut_offs=[each | more for each in items],
    )


def test_what_is_cut_off_is_weighed_and_not_added() -> None:
    tree = cut("5", process="p", reason="no data")

    answer = calculate(tree)

    assert answer["result"]["value"] == "95"
    assert answer["cut_off"] == {
        "value": "5",
        "share": "0.05",
        "items": [
            {
                "name": "item 0",
                "process": "p",
                "value": "5",
                "share": "0.05",
                "reason": "no data",
            }
        ],
    }
    assert calculate(answer["request_pinned"]) == answer  # type: ignore[arg-type]
    none = calculate(cut())["cut_off"]
    assert none is not None
    assert (none["value"], none["share"], none["items"]) == ("0", "0", [])


def test_nothing_is_said_of_what_nobody_states() -> None:
    assert calculate(request(process()))["cut_off"] is None


@pytest.mark.parametrize(
    ("values", "places"),
    [
        (["0.5", "0.4"], []),
        # 0.95 of 95 + 0.95 is just below a hundredth; 95/99 is just that
        (["0.95"], []),
        ([95 / 99], ["/cut_offs/0"]),
        (["1", "0.5"], ["/cut_offs/0"]),
        (["0.9"] * 5, []),
        # together just 5 %
        (["0.5"] * 10, []),
        (["0.5"] * 11, ["/cut_offs"]),
        (["10"], ["/cut_offs/0", "/cut_offs"]),
    ],
)
def test_too_much_is_told(values: list[Any], places: list[str]) -> None:
    found = calculate(cut(*values))["warnings"]

    assert [each["pointer"] for each in found] == places
    assert {each["code"] for each in found} <= {"CUT_OFF_EXCEEDED"}


def test_shares_of_nothing_are_null() -> None:
    tree = request(process(), cut_offs=[{"name": "all", "value": "0"}])

    found = calculate(tree)["cut_off"]

    assert found is not None
    assert found["share"] is found["items"][0]["share"] is None


def test_cut_offs_are_refused_with_all_that_is_wrong() -> None:
    wrong = [
        {"name": " ", "value": "-1", "process": "q", "reason": "\x07"},
        {"name": "good", "value": "1e3"},
    ]
    tree = request(process(inputs=[line("CNF-01-000001-15")]), cut_offs=wrong)

    assert refused(tree) == [
        "UNKNOWN_FACTOR /processes/0/inputs/0/factor",
        "NEGATIVE_CUT_OFF /cut_offs/0/value",
        "BAD_TEXT /cut_offs/0/name",
        "BAD_TEXT /cut_offs/0/reason",
        "UNKNOWN_PROCESS /cut_offs/0/process",
        "BAD_DECIMAL /cut_offs/1/value",
    ]
