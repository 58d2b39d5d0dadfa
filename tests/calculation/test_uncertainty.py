"""The uncertainty of a result: against closed forms, and what is refused."""

import math
from pathlib import Path
from typing import Any

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

ANALYTIC: Document = {"method": "ANALYTIC"}
MONTE_CARLO: Document = {"method": "MONTE_CARLO", "draws": 20_000, "seed": 7}
METHODS = pytest.mark.parametrize("method", [ANALYTIC, MONTE_CARLO])
Z = 1.959963984540054


def lognormal(gsd: Any) -> Document:
    return {"type": "LOGNORMAL", "gsd": gsd}


def line(value: str = "3", amount: str = "2", own: Any = None, **more: Any) -> Document:
    """Return a line by an inline factor whose value has the uncertainty *own*."""
    factor = {"name": "f", "value": value, "unit": "kgCO2e/kg"}
    if own:
        factor["uncertainty"] = own
    return {"factor": factor, "amount": amount, "unit": "kg", **more}


def of_lines(*lines: Document, method: Document, **more: Any) -> Any:
    return of(request(process(inputs=list(lines), **more), uncertainty=method))


def of(tree: Document, *versions: Any) -> Any:
    return calculate(tree, *versions)["uncertainty"]


def numbers(spread: Any) -> dict[str, float]:
    names = ("mean", "sd", "median", "p2_5", "p97_5")
    return {name: float(spread[name]) for name in names}


def shares(spread: Any) -> dict[str, float]:
    return {
        each["pointer"]: float(each["share_of_variance"])
        for each in spread["contributors"]
    }


def published(low: str, high: str, **changes: Any) -> Any:
    version = version_at(**changes)
    bounds = {"type": "RANGE", "min": low, "max": high}
    version.record["content"]["uncertainty"] = bounds
    return version


# Closed forms


def test_a_product_of_lognormals_is_exact() -> None:
    spread = of_lines(
        line(own=lognormal("1.2"), uncertainty=lognormal("1.1")), method=ANALYTIC
    )

    sigma = math.hypot(math.log(1.1), math.log(1.2))
    assert spread["shape"] == "LOGNORMAL"
    assert float(spread["gsd"]) == pytest.approx(math.exp(sigma), rel=1e-11)
    assert numbers(spread) == pytest.approx(
        {
            "mean": 6 * math.exp(sigma**2 / 2),
            "sd": 6 * math.exp(sigma**2 / 2) * math.sqrt(math.expm1(sigma**2)),
            "median": 6,
            "p2_5": 6 * math.exp(-Z * sigma),
            "p97_5": 6 * math.exp(Z * sigma),
        },
        rel=1e-11,
    )
    assert shares(spread) == pytest.approx(
        {
            "/processes/0/inputs/0/amount": (math.log(1.1) / sigma) ** 2,
            "/processes/0/inputs/0/factor/value": (math.log(1.2) / sigma) ** 2,
        },
        rel=1e-11,
    )


def test_the_page_works_this_example_out() -> None:
    uncertain = line(own=lognormal("1.2"), uncertainty=lognormal("1.1"))
    page = (Path(__file__).parents[2] / "docs" / "calculation.md").read_text("utf-8")

    exact = of_lines(uncertain, method=ANALYTIC)
    drawn = of_lines(uncertain, method={"method": "MONTE_CARLO", "seed": 1})

    shown = [exact[name] for name in ("gsd", "median", "p2_5", "p97_5", "mean")]
    shown += [each["share_of_variance"] for each in exact["contributors"]]
    shown += [drawn["median"], drawn["gsd"]]
    assert [each for each in shown if each not in page] == []


def test_a_chain_of_lognormals_is_a_product() -> None:
    link = {"process": "q", "amount": "2", "unit": "kg", "uncertainty": lognormal(1.3)}
    tree = request(
        process(inputs=[link]),
        process("q", inputs=[line(own=lognormal("1.2"))]),
        uncertainty=ANALYTIC,
    )

    sigma = math.hypot(math.log(1.3), math.log(1.2))
    assert float(of(tree)["gsd"]) == pytest.approx(math.exp(sigma), rel=1e-11)
    assert of(tree)["median"] == "12"


def test_a_sum_is_exact() -> None:
    spread = of_lines(
        line("3", "2", uncertainty={"type": "NORMAL", "sd": "0.3"}),
        line("1", "4", {"type": "U_K2", "u": "0.4"}),
        line("2", "5", uncertainty={"type": "UNIFORM", "min": "4", "max": "7"}),
        line("1", "1", uncertainty={"type": "TRIANGULAR", "min": "0", "max": "5"}),
        method=ANALYTIC,
    )

    variances = [0.9**2, 0.8**2, 4 * 9 / 12, (1 + 4 + 16) / 18]
    variances[3] = (0 + 1 + 25 - 0 - 0 - 5) / 18
    sd = math.sqrt(sum(variances))
    mean = 6 + 4 + 2 * 5.5 + 2
    assert spread["shape"] == "NORMAL"
    assert spread["gsd"] is None
    assert numbers(spread) == pytest.approx(
        {
            "mean": mean,
            "sd": sd,
            "median": mean,
            "p2_5": mean - Z * sd,
            "p97_5": mean + Z * sd,
        },
        rel=1e-11,
    )
    assert sorted(shares(spread).values()) == pytest.approx(
        sorted(each / sd**2 for each in variances), rel=1e-11
    )


@METHODS
def test_one_version_is_one_variable(method: Document) -> None:
    """Two lines of one factor rise and fall together: sds add, not variances."""
    lines = [
        {"factor": ELECTRICITY, "amount": "1", "unit": "kWh"},
        {"factor": ELECTRICITY + "@1", "amount": "3", "unit": "MJ"},
    ]
    tree = request(process(inputs=lines), uncertainty=method)

    spread = of(tree, published("0.4", "1.0", value="0.6"))

    amount = 1 + 3 / 3.6
    assert shares(spread) == {ELECTRICITY + "@1": 1.0}
    assert float(spread["sd"]) == pytest.approx(amount * 0.6 / math.sqrt(12), rel=0.01)
    assert float(spread["mean"]) == pytest.approx(amount * 0.7, rel=0.01)


@METHODS
def test_inline_factors_are_variables_of_their_own(method: Document) -> None:
    own = {"type": "NORMAL", "sd": "0.1"}

    spread = of_lines(line("1", "1", own), line("1", "1", own), method=method)

    assert float(spread["sd"]) == pytest.approx(0.1 * math.sqrt(2), rel=0.02)
    assert list(shares(spread)) == [
        "/processes/0/inputs/0/factor/value",
        "/processes/0/inputs/1/factor/value",
    ]


@METHODS
def test_mass_and_distance_have_their_own(method: Document) -> None:
    carried = {
        "factor": {"name": "lorry", "value": "0.1", "unit": "kgCO2e/t_km"},
        "mass": {"amount": "500", "unit": "kg", "uncertainty": lognormal("1.05")},
        "distance": {"amount": "100", "unit": "km", "uncertainty": lognormal("1.2")},
    }

    spread = of_lines(carried, method=method)

    sigma = math.hypot(math.log(1.05), math.log(1.2))
    assert float(spread["median"]) == pytest.approx(5, rel=0.01)
    assert float(spread["gsd"]) == pytest.approx(math.exp(sigma), rel=0.01)
    assert list(shares(spread)) == [
        "/processes/0/inputs/0/distance/amount",
        "/processes/0/inputs/0/mass/amount",
    ]


def test_a_variation_is_lognormal_around_its_mean() -> None:
    """CV 12 % is a GSD² of 1.270160 (domain reference, H)."""
    spread = of_lines(
        line("1", "1", uncertainty={"type": "CV", "cv": "0.12"}), method=ANALYTIC
    )

    assert float(spread["gsd"]) ** 2 == pytest.approx(1.270160, abs=1e-6)
    assert float(spread["mean"]) == pytest.approx(1, rel=1e-11)
    assert float(spread["sd"]) == pytest.approx(0.12, rel=1e-11)


def test_the_square_of_a_gsd_says_the_same() -> None:
    squared = {"type": "LOGNORMAL", "gsd2": "1.44"}

    one = of_lines(line(own=lognormal("1.2")), method=ANALYTIC)
    other = of_lines(line(own=squared), method=ANALYTIC)

    assert one == other


def test_expanded_uncertainties_combine_as_in_the_vector() -> None:
    """2 %, 1.5 % and 5 % come to u 5.5902 % and U 11.1803 % (domain reference, H)."""
    carried = {
        "factor": {
            "name": "lorry",
            "value": "1",
            "unit": "kgCO2e/t_km",
            "uncertainty": {"type": "U_K2", "u": "0.04"},
        },
        "mass": {
            "amount": "1",
            "unit": "t",
            "uncertainty": {"type": "U_K2", "u": "0.03"},
        },
        "distance": {
            "amount": "1",
            "unit": "km",
            "uncertainty": {"type": "U_K2", "u": "0.1"},
        },
    }

    sd = float(of_lines(carried, method=ANALYTIC)["sd"])

    assert sd == pytest.approx(0.055902, abs=1e-6)
    assert 2 * sd == pytest.approx(0.111803, abs=1e-6)


def test_a_loop_has_its_derivative() -> None:
    """f = e / (1 − a): S of the emission is 1, that of the own use a / (1 − a)."""
    own = {"process": "p", "amount": "0.2", "unit": "kg", "uncertainty": lognormal(1.1)}
    made = {"gas": "CO2_FOSSIL", "amount": "1", "unit": "kg"}
    tree = request(
        process(inputs=[own], emissions=[made | {"uncertainty": lognormal(1.2)}]),
        uncertainty=ANALYTIC,
    )

    spread = of(tree)

    sigma = math.hypot(math.log(1.2), 0.25 * math.log(1.1))
    assert float(spread["gsd"]) == pytest.approx(math.exp(sigma), rel=1e-11)
    assert spread["median"] == "1.25"


# The headline and the edges


@METHODS
def test_the_value_always_uses_the_stated_numbers(method: Document) -> None:
    lopsided = {"type": "TRIANGULAR", "min": "2", "mode": "2", "max": "9"}
    tree = request(process(inputs=[line(uncertainty=lopsided)]), uncertainty=method)

    answer: Any = calculate(tree)

    assert answer["result"]["value"] == "6"
    assert float(answer["uncertainty"]["mean"]) == pytest.approx(13, rel=0.02)


@METHODS
def test_without_uncertainties_all_is_certain(method: Document) -> None:
    answer: Any = calculate(request(process(inputs=[line()]), uncertainty=method))

    spread = answer["uncertainty"]
    assert spread["shape"] == "CERTAIN"
    assert numbers(spread) == {
        "mean": 6,
        "sd": 0,
        "median": 6,
        "p2_5": 6,
        "p97_5": 6,
    }
    assert spread["contributors"] == []
    assert [each["code"] for each in answer["warnings"]] == ["NOTHING_UNCERTAIN"]


def test_nothing_is_said_unless_asked_for() -> None:
    tree = request(process(inputs=[line(uncertainty=lognormal(2))]))

    assert of(tree) is None


@METHODS
def test_what_the_reference_does_not_reach_is_no_variable(method: Document) -> None:
    uncertain = line(uncertainty=lognormal("1.1"))
    tree = request(process(inputs=[uncertain]), uncertainty=method)
    aside = process("aside", inputs=[line(uncertainty=lognormal("3"))])

    alone = of(tree)
    tree["processes"].append(aside)

    assert of(tree) == alone


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ({"type": "LOGNORMAL"}, "GSD_AMBIGUOUS"),
        ({"type": "LOGNORMAL", "gsd": "2", "gsd2": "4"}, "GSD_AMBIGUOUS"),
        ({"type": "LOGNORMAL", "gsd": "0.9"}, "GSD_BELOW_ONE /gsd"),
        ({"type": "LOGNORMAL", "gsd2": "-1"}, "GSD_BELOW_ONE /gsd2"),
        ({"type": "LOGNORMAL", "gsd": "x"}, "BAD_DECIMAL /gsd"),
        ({"type": "CV", "cv": "-0.1"}, "NEGATIVE_SPREAD /cv"),
        ({"type": "NORMAL", "sd": "-1"}, "NEGATIVE_SPREAD /sd"),
        ({"type": "U_K2", "u": -1}, "NEGATIVE_SPREAD /u"),
        ({"type": "UNIFORM", "min": "3", "max": "4"}, "STATED_OUTSIDE_BOUNDS"),
        ({"type": "RANGE", "min": "1", "max": "1.9"}, "STATED_OUTSIDE_BOUNDS"),
        ({"type": "RANGE", "min": "3", "max": "1"}, "STATED_OUTSIDE_BOUNDS"),
        (
            {"type": "TRIANGULAR", "min": "1", "mode": "2.1", "max": "3"},
            "MODE_NOT_STATED /mode",
        ),
        ({"type": "NORMAL"}, "MISSING_FIELD /sd"),
        ({"type": "NORMAL", "sd": "1", "gsd": "2"}, "UNKNOWN_FIELD /gsd"),
        ({"type": "GAUSS", "sd": "1"}, "BAD_VALUE /type"),
        ({"sd": "1"}, "MISSING_FIELD /type"),
    ],
)
@pytest.mark.parametrize("asked", [True, False])
def test_what_is_stated_is_judged(stated: Any, reason: str, *, asked: bool) -> None:
    code, _, below = reason.partition(" ")
    more = {"uncertainty": ANALYTIC} if asked else {}

    for each, where in [
        (line(amount="2", uncertainty=stated), "/uncertainty"),
        (line(value="2", own=stated), "/factor/uncertainty"),
    ]:
        reasons = refused(request(process(inputs=[each]), **more))
        assert reasons == [f"{code} /processes/0/inputs/0{where}{below}"]


def test_only_a_positive_number_is_lognormal() -> None:
    for amount in ("0", "-2"):
        credit = line(amount=amount, uncertainty=lognormal("1.1"))
        reasons = refused(request(process(inputs=[credit])))
        where = "/processes/0/inputs/0/uncertainty"
        assert reasons == [f"LOGNORMAL_NOT_POSITIVE {where}"]


def test_an_emission_has_no_bound_below_zero() -> None:
    bounds = {"type": "RANGE", "min": "-1", "max": "2"}
    made = {"gas": "N2O", "amount": "1", "unit": "kg", "uncertainty": bounds}

    reasons = refused(request(process(emissions=[made])))

    assert reasons == ["BOUND_BELOW_ZERO /processes/0/emissions/0/uncertainty/min"]


def test_mass_and_distance_state_their_own() -> None:
    carried = {
        "factor": {"name": "lorry", "value": "0.1", "unit": "kgCO2e/t_km"},
        "mass": {"amount": "1", "unit": "t"},
        "distance": {"amount": "1", "unit": "km"},
        "uncertainty": lognormal("1.1"),
    }

    reasons = refused(request(process(inputs=[carried])))

    assert reasons == ["UNCERTAINTY_NOT_ALLOWED /processes/0/inputs/0/uncertainty"]


def test_all_of_a_line_is_judged_at_once() -> None:
    bad = lognormal("0.5")
    reasons = refused(
        request(process(inputs=[line(own=bad, unit="?", uncertainty=bad)]))
    )

    assert reasons == [
        "GSD_BELOW_ONE /processes/0/inputs/0/factor/uncertainty/gsd",
        "UNKNOWN_UNIT /processes/0/inputs/0/unit",
        "GSD_BELOW_ONE /processes/0/inputs/0/uncertainty/gsd",
    ]


@pytest.mark.parametrize(
    ("method", "pointer"),
    [
        ({"method": "MONTE_CARLO", "draws": 10**9}, "/draws"),
        ({"method": "MONTE_CARLO", "draws": 1}, "/draws"),
        ({"method": "MONTE_CARLO", "seed": -1}, "/seed"),
        ({"method": "MONTE_CARLO", "seed": 2**53}, "/seed"),
        ({"method": "BOOTSTRAP"}, "/method"),
    ],
)
def test_the_method_is_judged(method: Document, pointer: str) -> None:
    tree = request(process(inputs=[line()]), uncertainty=method)

    assert refused(tree) == [f"BAD_VALUE /uncertainty{pointer}"]
