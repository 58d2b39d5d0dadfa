"""Electricity by its basis: two totals, their counterparts, and certificates."""

from typing import Any

import pytest

from app.kit.errors import Findings
from tests.factories.calculations import (
    ELECTRICITY,
    Document,
    calculate,
    process,
    refused,
    request,
    version_at,
)

MACRO = "/processes/0/electricity/0"


def own(value: str, unit: str = "kgCO2e/kWh", **more: Any) -> Document:
    return {"name": f"figure of {value}", "value": value, "unit": unit, **more}


WIND, NETWORK, GRID = own("0.03"), own("0.004"), own("0.58")


def certificate(mark: str = "A", **more: Any) -> Document:
    return {"number": mark * 32, **more}


def macro(basis: str, /, **changes: Any) -> Document:
    """Return a macro with what *basis* takes; None leaves a part out."""
    stated: Document = {"basis": basis, "amount": "100", "unit": "kWh"}
    stated["generation"] = WIND
    if basis in ("DIRECT_LINE", "CONTRACT"):
        stated["grid"] = GRID
    if basis == "CONTRACT":
        stated["certificates"] = [certificate()]
    stated |= changes
    return {name: each for name, each in stated.items() if each is not None}


def tree(*macros: Document, **more: Any) -> Document:
    return request(process(electricity=list(macros)), **more)


def totals(body: Document) -> tuple[str, str, str, str]:
    """Return result, market-based and location-based total, and what the first is."""
    answer: Any = calculate(body)
    found = answer["electricity"]
    return (
        answer["result"]["value"],
        found["market_based"],
        found["location_based"],
        found["result_is"],
    )


def warned(body: Document) -> list[str]:
    return [each["code"] for each in calculate(body)["warnings"]]


# Totals


def test_losses_and_network_by_hand() -> None:
    """0.55 / (1 − 0.045) + 0.004 = 0.579916 (domain reference H)."""
    stated = macro("GRID", amount="1", generation=own("0.55"), loss="0.045")
    body = tree(stated | {"transmission": NETWORK})

    answer: Any = calculate(body)

    assert answer["result"]["value"] == "0.579916230366"
    amounts = [each["line"]["amount"] for each in answer["expansions"]]
    assert amounts == ["1.047120418848167539", "1"]


@pytest.mark.parametrize("basis", ["ON_SITE", "GRID"])
def test_with_one_source_both_totals_are_the_result(basis: str) -> None:
    assert totals(tree(macro(basis))) == ("3", "3", "3", "BOTH")


def test_a_direct_line_counts_as_what_it_is() -> None:
    assert totals(tree(macro("DIRECT_LINE"))) == ("3", "3", "58", "MARKET_BASED")


def test_a_contract_counts_where_the_rule_allows_it() -> None:
    body = tree(macro("CONTRACT"))

    assert totals(body) == ("58", "3", "58", "LOCATION_BASED")
    assert warned(body) == ["CONTRACTS_NOT_COUNTED"]

    body["gec_allowed"] = True
    assert totals(body) == ("3", "3", "58", "MARKET_BASED")
    assert warned(body) == []


def test_direct_line_and_contract_together_are_mixed() -> None:
    body = tree(macro("DIRECT_LINE"), macro("CONTRACT"), macro("GRID"))

    assert totals(body) == ("64", "9", "119", "MIXED")
    body["gec_allowed"] = True
    assert totals(body) == ("9", "9", "119", "MARKET_BASED")


def test_losses_are_those_of_the_contract_alone() -> None:
    stated = macro("CONTRACT", loss="0.5", transmission=NETWORK)

    assert totals(tree(stated)) == ("58", "6.4", "58", "LOCATION_BASED")


def test_sources_may_be_processes_in_a_loop() -> None:
    """Wind power that takes 0.1 kWh of the grid, or of itself, for each kWh."""
    stated = macro("CONTRACT", generation={"process": "wind"}, grid={"process": "grid"})
    wind = process("wind", unit="kWh", inputs=[kwh("0.1", factor=own("0.3"))])
    wind["electricity"] = [
        macro("CONTRACT", amount="0.1", generation={"process": "wind"})
        | {"certificates": [certificate("B")]}
    ]
    grid = process("grid", unit="kWh", inputs=[kwh("1", factor=GRID)])
    body = request(process(electricity=[stated]), wind, grid, gec_allowed=True)

    # w = 0.03 + 0.1·w
    assert totals(body)[:3] == ("3.33333333333", "3.33333333333", "58")
    assert warned(body) == []


def kwh(amount: str, **more: Any) -> Document:
    return {"amount": amount, "unit": "kWh", **more}


def test_the_other_total_is_the_result_of_the_other_request() -> None:
    stated = macro("CONTRACT", transmission=NETWORK, loss="0.05")
    rest: Document = {"inputs": [kwh("7", factor=GRID)], "emissions": [CO2]}
    allocation: Document = {"allocation": {"method": "SHARE", "share": "0.3"}}
    both = request(process(electricity=[stated], **rest, **allocation))
    plain = macro("GRID", generation=GRID)
    location = request(process(electricity=[plain], **rest, **allocation))
    plain = stated | {"basis": "ON_SITE"}
    del plain["grid"], plain["certificates"]
    market = request(process(electricity=[plain], **rest, **allocation))

    _, market_based, location_based, _ = totals(both)

    assert market_based == calculate(market)["result"]["value"]
    assert location_based == calculate(location)["result"]["value"]


CO2 = {"gas": "CO2_FOSSIL", "amount": "1", "unit": "kg"}


@pytest.mark.parametrize("allowed", [False, True])
def test_what_is_pinned_repeats_both_totals(*, allowed: bool) -> None:
    macros = [
        macro("CONTRACT", generation=ELECTRICITY, loss="0.045"),
        macro("DIRECT_LINE", transmission=NETWORK, stage="USE"),
        macro("GRID", generation=ELECTRICITY, amount=0.1),
    ]
    found: Any = calculate(
        tree(*macros, gec_allowed=allowed, detail="FULL"), version_at()
    )

    again = calculate(found["request_pinned"], version_at())

    assert again == found | {"expansions": None}
    lines = found["request_pinned"]["processes"][0]["inputs"]
    assert lines[0]["electricity"]["certificates"] == [certificate()]
    assert [each["in_result"] for each in found["electricity"]["lines"]] == [
        *(allowed, not allowed),
        *(True, True, False, True),
    ]


def test_a_plain_request_says_nothing_of_electricity() -> None:
    answer = calculate(request(process(inputs=[kwh("1", factor=GRID)])))

    assert answer["electricity"] is None
    assert answer["expansions"] is None


def test_what_only_the_other_total_needs_is_warned_of_and_not_unreachable() -> None:
    old = own("0.58", gwp_set="AR4_100")
    stated = macro("CONTRACT", grid={"process": "grid"})
    grid = process("grid", unit="kWh", inputs=[kwh("1", factor=old)])
    body = request(process(electricity=[stated]), grid, gec_allowed=True)
    assert warned(body) == ["GWP_MIXED"]

    stated = macro("CONTRACT", grid=old)
    assert warned(tree(stated, gec_allowed=True)) == ["GWP_MIXED"]
    assert refused(tree(stated, gec_allowed=True, strict=True)) == [
        f"GWP_MIXED {MACRO}/grid"
    ]


def test_contributions_are_those_of_the_result() -> None:
    answer = calculate(tree(macro("CONTRACT")))

    assert [each["pointer"] for each in answer["contributions"]] == [
        "/processes/0/inputs/1"
    ]


# Certificates


def test_a_certificate_is_not_used_twice() -> None:
    first, second = macro("CONTRACT"), macro("CONTRACT")
    body = request(process("p", electricity=[first]), process("q"))
    body["processes"][1]["electricity"] = [second]

    with pytest.raises(Findings) as caught:
        calculate(body)

    (error,) = caught.value.errors
    assert error.code == "CERTIFICATE_USED_TWICE"
    assert error.pointer == "/processes/1/electricity/0/certificates/0/number"
    assert f"{MACRO}/certificates/0/number" in error.detail("en")


def test_certificates_of_two_schemes_may_have_the_same_number() -> None:
    energy = kwh("100")
    other = macro("CONTRACT", certificates=[certificate(scheme="OTHER", energy=energy)])

    assert totals(tree(macro("CONTRACT"), other))[1] == "6"


@pytest.mark.parametrize(
    ("amount", "unit", "certificates", "is_enough"),
    [
        ("1", "MWh", [certificate()], True),
        ("1000.000001", "kWh", [certificate()], False),
        ("3600", "MJ", [certificate()], True),
        ("3600.1", "MJ", [certificate()], False),
        ("2", "MWh", [certificate(), certificate("B")], True),
        ("0.6", "MWh", [certificate(energy=kwh("600"))], True),
        ("0.6", "MWh", [certificate(energy=kwh("599"))], False),
    ],
)
def test_certificates_cover_what_one_run_takes(
    amount: str, unit: str, certificates: list[Document], *, is_enough: bool
) -> None:
    stated = macro("CONTRACT", amount=amount, unit=unit, certificates=certificates)

    if is_enough:
        assert totals(tree(stated))[3] == "LOCATION_BASED"
    else:
        reasons = refused(tree(stated))
        assert reasons == [f"CERTIFICATES_TOO_FEW {MACRO}/certificates"]


def test_certificates_that_cover_one_run_of_many_are_warned_of() -> None:
    supply = process("p", unit="kWh", electricity=[macro("CONTRACT", amount="1")])

    assert "CERTIFICATES_EXCEEDED" not in warned(request(supply, amount="1000"))
    assert "CERTIFICATES_EXCEEDED" in warned(request(supply, amount="1001"))


# What is refused


@pytest.mark.parametrize(
    ("basis", "changes", "expected"),
    [
        ("GRID", {"grid": GRID}, "PARAMETER_NOT_USED grid"),
        ("ON_SITE", {"certificates": []}, "PARAMETER_NOT_USED certificates"),
        (
            "DIRECT_LINE",
            {"certificates": [certificate()]},
            "PARAMETER_NOT_USED certificates",
        ),
        ("DIRECT_LINE", {"grid": None}, "PARAMETER_MISSING grid"),
        ("CONTRACT", {"grid": None}, "PARAMETER_MISSING grid"),
        ("CONTRACT", {"certificates": None}, "PARAMETER_MISSING certificates"),
        ("CONTRACT", {"certificates": []}, "PARAMETER_MISSING certificates"),
        ("GRID", {"generation": None}, "MISSING_FIELD generation"),
        ("GRID", {"loss": "1"}, "PARAMETER_OUT_OF_RANGE loss"),
        ("GRID", {"loss": "-0.1"}, "PARAMETER_OUT_OF_RANGE loss"),
        ("GRID", {"loss": "x"}, "BAD_DECIMAL loss"),
        ("GRID", {"amount": "-1"}, "NEGATIVE_QUANTITY amount"),
        ("GRID", {"amount": "0.0000000001", "loss": "0.1"}, "EXPANSION_INEXACT amount"),
        ("GRID", {"unit": "kg"}, "NOT_ELECTRICITY unit"),
        ("GRID", {"unit": "bogus"}, "UNKNOWN_UNIT unit"),
        ("GRID", {"generation": own("x")}, "BAD_DECIMAL generation/value"),
        ("GRID", {"generation": own("1", "kgCO2e/kg")}, "UNIT_MISMATCH generation"),
        ("GRID", {"transmission": ELECTRICITY}, "UNKNOWN_FACTOR transmission"),
        ("CONTRACT", {"grid": {"process": "x"}}, "UNKNOWN_PROCESS grid/process"),
        ("CONTRACT", {"generation": own("x")}, "BAD_DECIMAL generation/value"),
        ("WIND", {}, "BAD_VALUE basis"),
    ],
)
def test_a_fault_is_told_at_the_part_of_the_macro(
    basis: str, changes: Document, expected: str
) -> None:
    code, _, where = expected.partition(" ")

    assert refused(tree(macro(basis, **changes))) == [f"{code} {MACRO}/{where}"]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"number": "A" * 31}, "BAD_CERTIFICATE number"),
        ({"number": "a" * 32}, "BAD_CERTIFICATE number"),
        ({"number": "Ａ" * 32}, "BAD_CERTIFICATE number"),
        ({"number": ""}, "BAD_VALUE number"),
        ({"number": 5}, "BAD_TYPE number"),
        (
            {"number": "a b c", "scheme": "OTHER", "energy": kwh("100")},
            "BAD_CERTIFICATE number",
        ),
        ({"number": "A" * 32, "scheme": "OTHER"}, "PARAMETER_MISSING energy"),
        ({"number": "A" * 32, "scheme": "X"}, "BAD_VALUE scheme"),
        (
            {"number": "A" * 32, "energy": kwh("1001")},
            "CERTIFICATE_ENERGY energy/amount",
        ),
        ({"number": "A" * 32, "energy": kwh("0")}, "CERTIFICATE_ENERGY energy/amount"),
        (
            {"number": "A" * 32, "energy": {"amount": "1", "unit": "kg"}},
            "UNIT_MISMATCH energy/unit",
        ),
    ],
)
def test_a_bad_certificate_is_refused(stated: Document, expected: str) -> None:
    code, _, where = expected.partition(" ")
    body = tree(macro("CONTRACT", certificates=[stated]))

    assert refused(body) == [f"{code} {MACRO}/certificates/0/{where}"]


def tagged(line: Document, **tag: Any) -> Document:
    return line | {"electricity": tag}


MARKET = tagged(
    kwh("1", factor=WIND),
    basis="CONTRACT",
    total="MARKET_BASED",
    delivered=kwh("1"),
    certificates=[{"number": "A" * 32}],
)
BARE = {"basis": "CONTRACT", "total": "MARKET_BASED"}
LOCATION = tagged(kwh("1", factor=GRID), basis="CONTRACT", total="LOCATION_BASED")


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ([MARKET, LOCATION], None),
        ([MARKET], "COUNTERPART_DIFFERS 0/electricity"),
        ([LOCATION], "COUNTERPART_DIFFERS 0/electricity"),
        ([MARKET, LOCATION | {"amount": "2"}], "COUNTERPART_DIFFERS 0/electricity"),
        ([tagged(MARKET, **BARE)], "DELIVERY_MISSING 0/electricity"),
        (
            [
                tagged(MARKET, **BARE, delivered=kwh("-1")),
                tagged(MARKET, **BARE, delivered=kwh("1")),
            ],
            "DELIVERY_MISSING 0/electricity",
        ),
        (
            [tagged(MARKET, **BARE, delivered=kwh("1")), LOCATION],
            "CERTIFICATES_MISSING 0/electricity/certificates",
        ),
        ([tagged(MARKET, basis="CONTRACT")], "TOTAL_MISPLACED 0/electricity/total"),
        (
            [tagged(MARKET, basis="GRID", total="MARKET_BASED", delivered=kwh("0"))],
            "TOTAL_MISPLACED 0/electricity/total",
        ),
        (
            [
                tagged(
                    {"factor": own("1", "kgCO2e/kg"), "amount": "1", "unit": "kg"},
                    basis="GRID",
                )
            ],
            "NOT_ELECTRICITY 0/unit",
        ),
        (
            [
                {
                    "factor": own("1", "kgCO2e/t_km"),
                    "mass": {"amount": "1", "unit": "t"},
                    "distance": {"amount": "1", "unit": "km"},
                    "electricity": MARKET["electricity"] | {"delivered": kwh("0")},
                }
            ],
            "NOT_ELECTRICITY 0/unit",
        ),
    ],
)
def test_lines_by_hand_leave_no_total_short(
    inputs: list[Document], expected: str | None
) -> None:
    body = request(process(inputs=inputs))
    if expected is None:
        assert totals(body) == ("0.58", "0.03", "0.58", "LOCATION_BASED")
        return
    code, _, where = expected.partition(" ")
    assert f"{code} /processes/0/inputs/{where}" in refused(body)
