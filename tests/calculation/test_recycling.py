"""Recycling formulas: the figures, the lines they become, and what is refused."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.calculation.reading import read
from app.calculation.receipts import canonical_request
from app.calculation.request import STRICT_LIMIT
from app.kit.decimals import rounded
from tests.factories.calculations import (
    ELECTRICITY,
    Document,
    calculate,
    process,
    refused,
    request,
    solve_reading,
    version_at,
)

MACRO = "/processes/0/recycling/0"


def own(value: str, unit: str = "kgCO2e/kg", **more: Any) -> Document:
    return {"name": f"figure of {value}", "value": value, "unit": unit, **more}


SOURCES: Document = {
    "virgin": own("12"),
    "recycled": own("0.8"),
    "recycled_at_end_of_life": own("0.6"),
    "avoided_virgin": own("11"),
    "disposal": own("0.02"),
    "energy_recovery": own("2.5"),
    "avoided_heat": own("0.07", "kgCO2e/MJ"),
    "avoided_electricity": own("0.16", "kgCO2e/MJ"),
}
TAKES: dict[str, tuple[list[str], list[str]]] = {
    "CUT_OFF": (["r1", "r2"], ["virgin", "recycled", "disposal"]),
    "END_OF_LIFE": (
        ["r2", "quality"],
        ["virgin", "recycled_at_end_of_life", "avoided_virgin", "disposal"],
    ),
    "FIFTY_FIFTY": (
        ["r1", "r2", "quality"],
        ["virgin", "recycled", "recycled_at_end_of_life", "avoided_virgin", "disposal"],
    ),
    "CFF": (
        [
            *("r1", "r2", "r3", "a", "b", "quality_in", "quality_out"),
            *("x_heat", "x_electricity"),
        ],
        list(SOURCES),
    ),
}
LHV = {"value": "40", "unit": "MJ/kg"}
PARAMETERS: Document = {
    "r1": "0.3",
    "r2": "0.9",
    "r3": "0",
    "a": "0.2",
    "b": "0",
    "quality": "1",
    "quality_in": "1",
    "quality_out": "1",
    "x_heat": "0.4",
    "x_electricity": "0.2",
}


def macro(method: str, /, **changes: Any) -> Document:
    """Return a macro with all that *method* takes; None leaves a part out."""
    parameters, sources = TAKES[method]
    stated: Document = {"method": method, "amount": "1", "unit": "kg"}
    stated |= {name: PARAMETERS[name] for name in parameters}
    stated |= {name: SOURCES[name] for name in sources}
    if method == "CFF":
        stated["lhv"] = LHV
    stated |= changes
    return {name: each for name, each in stated.items() if each is not None}


def tree(*macros: Document, **more: Any) -> Document:
    return request(process(recycling=list(macros)), **more)


def value_of(*macros: Document) -> str:
    return calculate(tree(*macros))["result"]["value"]


def formula(method: str, p: dict[str, Fraction]) -> Fraction:
    """The formulas, written out once more."""
    ev, erec, eol, star, ed, eer, heat, power = (
        Fraction(SOURCES[name]["value"])
        for name in (
            *("virgin", "recycled", "recycled_at_end_of_life", "avoided_virgin"),
            *("disposal", "energy_recovery", "avoided_heat", "avoided_electricity"),
        )
    )
    r1, r2, q, lhv = p["r1"], p["r2"], p["quality"], 40
    if method == "CUT_OFF":
        return (1 - r1) * ev + r1 * erec + (1 - r2) * ed
    if method == "END_OF_LIFE":
        return ev + r2 * (eol - star * q) + (1 - r2) * ed
    if method == "FIFTY_FIFTY":
        return (
            (1 - r1 / 2) * ev
            + r1 / 2 * erec
            + r2 / 2 * (eol - star * q)
            + (1 - r1 / 2 - r2 / 2) * ed
        )
    a, b, r3 = p["a"], p["b"], p["r3"]
    material = r1 * (a * erec + (1 - a) * ev * p["quality_in"])
    recovered = eer - lhv * p["x_heat"] * heat - lhv * p["x_electricity"] * power
    return (
        (1 - r1) * ev
        + material
        + (1 - a) * r2 * (eol - star * p["quality_out"])
        + (1 - b) * r3 * recovered
        + (1 - r2 - r3) * ed
    )


# Figures


def test_the_circular_footprint_formula_by_hand() -> None:
    """0.7·12 + 0.3·(0.16 + 9.6) + 0.8·0.9·(0.6 − 12) + 0.1·0.02 (domain H)."""
    stated = macro("CFF", avoided_virgin=None)

    answer = calculate(tree(stated))

    assert answer["result"]["value"] == "3.122"
    terms = {each["term"]: each["coefficient"] for each in answer["expansions"] or []}
    assert terms == {
        "(1-R1)*Ev": "0.7",
        "R1*A*Erec": "0.06",
        "R1*(1-A)*Qin*Ev": "0.24",
        "(1-A)*R2*ErecEoL": "0.72",
        "-(1-A)*R2*Qout*E*v": "-0.72",
        "(1-R2-R3)*Ed": "0.1",
    }


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("CUT_OFF", "8.642"),
        ("END_OF_LIFE", "2.642"),
        ("FIFTY_FIFTY", "5.648"),
        ("CFF", "3.842"),
    ],
)
def test_each_method_by_hand(method: str, expected: str) -> None:
    assert value_of(macro(method)) == expected


def test_energy_recovery_by_hand() -> None:
    """12 + 0.5·(2.5 − 40·0.4·0.07 − 40·0.2·0.16) + 0.5·0.02, the credits in MJ."""
    stated = macro("CFF", r1="0", r2="0", r3="0.5")

    answer = calculate(tree(stated))

    assert answer["result"]["value"] == "12.06"
    heat = next(
        each["line"]
        for each in answer["expansions"] or []
        if each["source"] == "avoided_heat"
    )
    assert (heat["amount"], heat["unit"], heat["stage"]) == ("-8", "MJ", "EOL")


def test_the_calorific_value_may_be_for_another_unit() -> None:
    stated = macro("CFF", r3="0.1", amount="2.5", unit="t")
    other = stated | {"lhv": {"value": "40", "unit": "GJ/t"}}

    assert value_of(stated) == value_of(other)


def test_input_is_raw_material_and_the_rest_end_of_life() -> None:
    answer = calculate(tree(macro("FIFTY_FIFTY")))
    stages = {each["stage"]: each["value"] for each in answer["by_stage"]}
    assert stages == {"RAW": "10.32", "EOL": "-4.672"}

    stated = macro("FIFTY_FIFTY", stage="MFG", end_of_life_stage="USE")
    answer = calculate(tree(stated))
    stages = {each["stage"]: each["value"] for each in answer["by_stage"]}
    assert stages == {"MFG": "10.32", "USE": "-4.672"}


# Laws

SHARE = st.integers(0, 1000).map(lambda each: Fraction(each, 1000))


@st.composite
def parameters(draw: st.DrawFn) -> dict[str, Fraction]:
    found = {name: draw(SHARE) for name in PARAMETERS}
    for first, second in (("r2", "r3"), ("x_heat", "x_electricity")):
        found[second] = min(found[second], 1 - found[first])
    return found


def text(number: Fraction) -> str:
    return f"{float(number):.3f}"


@settings(max_examples=40, deadline=None)
@given(values=parameters(), amount=st.integers(0, 10**6))
@pytest.mark.parametrize("method", list(TAKES))
def test_a_macro_is_its_formula(
    method: str, values: dict[str, Fraction], amount: int
) -> None:
    stated = {name: text(values[name]) for name in TAKES[method][0]}
    quantity = Fraction(amount, 1000)

    found = solve_reading(
        read(json.dumps(tree(macro(method, amount=text(quantity), **stated))).encode())
    ).solution

    exact = quantity * formula(method, values)
    size = float(abs(found.value).sum())
    assert abs(found.result - float(exact)) <= 1e-12 * max(size, 1e-300)


@settings(max_examples=20, deadline=None)
@given(amount=st.integers(1, 10**6))
def test_without_recycling_all_methods_agree(amount: int) -> None:
    none = {"r1": "0", "r2": "0", "r3": "0"}
    expected = rounded(float(amount * Fraction("12.02")))

    for method, (known, _) in TAKES.items():
        stated = {name: each for name, each in none.items() if name in known}
        assert value_of(macro(method, amount=str(amount), **stated)) == expected


@settings(max_examples=30, deadline=None)
@given(values=parameters(), method=st.sampled_from(list(TAKES)), detail=st.booleans())
def test_lines_written_by_hand_give_the_same_answer(
    values: dict[str, Fraction], method: str, *, detail: bool
) -> None:
    """And what an answer pins is such a request, which repeats itself."""
    stated = {name: text(values[name]) for name in TAKES[method][0]}
    line = {"factor": own("1"), "amount": 0.5, "unit": "kg"}
    body = request(
        process(inputs=[line], recycling=[macro(method, **stated), macro(method)]),
        detail="FULL" if detail else "SUMMARY",
    )
    found: Any = calculate(body)

    by_hand = request(process(inputs=[line]), detail=body["detail"])
    by_hand["processes"][0]["inputs"] += [each["line"] for each in found["expansions"]]

    assert calculate(by_hand) == found | {"expansions": None}
    assert calculate(found["request_pinned"]) == found | {"expansions": None}


# Lines


def test_stated_lines_keep_their_places_and_macros_follow() -> None:
    line = {"factor": ELECTRICITY, "amount": "1", "unit": "kWh"}
    first = macro("CUT_OFF", virgin=ELECTRICITY, unit="kWh", r1="0", r2="1")
    body = request(
        process(inputs=[line], recycling=[first, macro("CUT_OFF")]), detail="FULL"
    )

    answer: Any = calculate(body, version_at())

    places = [each["pointer"] for each in answer["expansions"]]
    assert places == [f"/processes/0/inputs/{place}" for place in range(1, 5)]
    assert answer["expansions"][0] == {
        "macro": MACRO,
        "term": "(1-R1)*Ev",
        "coefficient": "1",
        "source": "virgin",
        "pointer": "/processes/0/inputs/1",
        "line": {
            "factor": f"{ELECTRICITY}@1",
            "amount": "1",
            "unit": "kWh",
            "stage": "RAW",
        },
    }
    pinned = answer["request_pinned"]["processes"][0]
    assert "recycling" not in pinned
    assert pinned["inputs"][1:] == [each["line"] for each in answer["expansions"]]


def test_a_source_may_be_a_process() -> None:
    stated = macro("CUT_OFF", virgin={"process": "smelter"})
    smelter = process("smelter", inputs=[{"factor": own("12"), **MATERIAL}])

    answer = calculate(request(process(recycling=[stated]), smelter))

    assert answer["result"]["value"] == "8.642"


MATERIAL = {"amount": "1", "unit": "kg"}


def test_a_large_body_may_have_macros() -> None:
    more = [process(f"q{number}") for number in range(3)]
    body = request(process(recycling=[macro("CFF")]), *more)
    large = json.dumps(body).encode().ljust(STRICT_LIMIT + 1)

    assert calculate(large) == calculate(body)


def test_what_was_stated_is_kept_as_it_was_stated() -> None:
    body = tree(macro("CFF"))
    reading = read(json.dumps(body).encode())

    kept = canonical_request(reading.head, reading.stated_processes())

    assert json.loads(kept) == body
    assert calculate(kept) == calculate(body)


def test_numbers_beyond_eighteen_places_are_rounded() -> None:
    third = macro("CUT_OFF", r1="0.333333333333333333", amount="0.7777777777")

    answer: Any = calculate(tree(third))

    amounts = [each["line"]["amount"] for each in answer["expansions"]]
    assert amounts[0] == "0.518518518466666667"
    assert calculate(answer["request_pinned"])["result"] == answer["result"]


# What is refused


@pytest.mark.parametrize(
    ("method", "changes", "expected"),
    [
        ("CUT_OFF", {"r1": None}, "PARAMETER_MISSING r1"),
        ("CUT_OFF", {"disposal": None}, "PARAMETER_MISSING disposal"),
        ("CUT_OFF", {"quality": "1"}, "PARAMETER_NOT_USED quality"),
        (
            "CUT_OFF",
            {"energy_recovery": own("1")},
            "PARAMETER_NOT_USED energy_recovery",
        ),
        ("END_OF_LIFE", {"r1": "0.5"}, "PARAMETER_NOT_USED r1"),
        ("END_OF_LIFE", {"quality": None}, "PARAMETER_MISSING quality"),
        ("FIFTY_FIFTY", {"r1": "1.01"}, "PARAMETER_OUT_OF_RANGE r1"),
        ("FIFTY_FIFTY", {"r2": "-0.01"}, "PARAMETER_OUT_OF_RANGE r2"),
        ("FIFTY_FIFTY", {"quality": 1.5}, "PARAMETER_OUT_OF_RANGE quality"),
        ("CFF", {"r3": "0.2"}, "PARAMETER_OUT_OF_RANGE r3"),
        ("CFF", {"r3": None}, "PARAMETER_MISSING r3"),
        ("CFF", {"a": None}, "PARAMETER_MISSING a"),
        ("CFF", {"a": "1.1"}, "PARAMETER_OUT_OF_RANGE a"),
        ("CFF", {"b": "x"}, "BAD_DECIMAL b"),
        ("CFF", {"r3": "0.1", "b": None}, "PARAMETER_MISSING b"),
        ("CFF", {"r3": "0.1", "lhv": None}, "PARAMETER_MISSING lhv"),
        ("CFF", {"x_heat": "0.9"}, "PARAMETER_OUT_OF_RANGE x_electricity"),
        (
            "CFF",
            {"lhv": {"value": "-1", "unit": "MJ/kg"}},
            "PARAMETER_OUT_OF_RANGE lhv/value",
        ),
        ("CFF", {"lhv": {"value": "1", "unit": "MJ/m3"}}, "UNIT_MISMATCH lhv/unit"),
        ("CFF", {"lhv": {"value": "1", "unit": "t/t"}}, "UNIT_MISMATCH lhv/unit"),
        (
            "CFF",
            {"lhv": {"value": "1", "unit": "%"}},
            "UNKNOWN_PARAMETER_UNIT lhv/unit",
        ),
        ("CFF", {"lhv": {"value": "1"}}, "MISSING_FIELD lhv/unit"),
        ("CFF", {"amount": "-1"}, "NEGATIVE_QUANTITY amount"),
        ("CFF", {"amount": {}}, "BAD_DECIMAL amount"),
        ("CFF", {"amount": 1e-18}, "EXPANSION_INEXACT amount"),
        ("CFF", {"amount": None}, "MISSING_FIELD amount"),
        ("CFF", {"unit": "bogus"}, "UNKNOWN_UNIT unit"),
        ("CFF", {"method": "XYZ"}, "BAD_VALUE method"),
        ("CFF", {"share": "1"}, "UNKNOWN_FIELD share"),
        ("CFF", {"virgin": 5}, "BAD_TYPE virgin"),
        ("CFF", {"virgin": own("x")}, "BAD_DECIMAL virgin/value"),
        ("CFF", {"virgin": own("1", "bogus")}, "UNKNOWN_FACTOR_UNIT virgin/unit"),
        ("CFF", {"virgin": own("1", "kgCO2e/kWh")}, "UNIT_MISMATCH virgin"),
        ("CFF", {"virgin": ELECTRICITY}, "UNKNOWN_FACTOR virgin"),
        ("CFF", {"virgin": {"process": "none"}}, "UNKNOWN_PROCESS virgin/process"),
        (
            "CFF",
            {"virgin": {"process": "p", "value": "1"}},
            "UNKNOWN_FIELD virgin/value",
        ),
        (
            "CFF",
            {"virgin": own("1", uncertainty={"type": "CV", "cv": "0.1"})},
            "UNCERTAINTY_SHARED virgin/uncertainty",
        ),
    ],
)
def test_a_fault_is_told_at_the_part_of_the_macro(
    method: str, changes: Document, expected: str
) -> None:
    code, _, where = expected.partition(" ")

    assert refused(tree(macro(method, **changes))) == [f"{code} {MACRO}/{where}"]


def test_all_faults_are_told_at_once() -> None:
    first = macro("CUT_OFF", r1=None, r2="2", quality="1", virgin=own("x"))
    second = macro("CUT_OFF", recycled=ELECTRICITY, disposal=own("1", "kgCO2e/kWh"))
    line = {"factor": own("1"), "amount": "x", "unit": "kg"}

    reasons = refused(request(process(inputs=[line], recycling=[first, second])))

    assert sorted(reasons) == [
        "BAD_DECIMAL /processes/0/inputs/0/amount",
        "BAD_DECIMAL /processes/0/recycling/0/virgin/value",
        "PARAMETER_MISSING /processes/0/recycling/0/r1",
        "PARAMETER_NOT_USED /processes/0/recycling/0/quality",
        "PARAMETER_OUT_OF_RANGE /processes/0/recycling/0/r2",
        "UNIT_MISMATCH /processes/0/recycling/1/disposal",
        "UNKNOWN_FACTOR /processes/0/recycling/1/recycled",
    ]


def test_a_strict_refusal_stands_at_the_macro_and_a_warning_at_the_line() -> None:
    old = own("1", gwp_set="AR4_100")
    body = tree(macro("CUT_OFF", virgin=old))

    assert refused(body | {"strict": True}) == [f"GWP_MIXED {MACRO}/virgin"]
    assert calculate(body)["warnings"][0]["pointer"] == "/processes/0/inputs/0"


def test_a_term_that_is_zero_needs_nothing() -> None:
    stated = macro("CUT_OFF", r1="0", r2="1", recycled=None, disposal=None)
    assert value_of(stated) == "12"

    stated = macro("CFF", r1="0", r2="0", quality_in=None, quality_out=None)
    stated |= {"r3": "0", "a": "1"}
    stated = {name: each for name, each in stated.items() if name not in ("b", "lhv")}
    assert value_of(stated) == "12.02"
