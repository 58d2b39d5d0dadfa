"""Monte Carlo against closed forms, loops, and what must not change a draw."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from app.calculation import sampling
from app.calculation.reading import Bulk, read_carefully, read_large
from tests.factories.calculations import (
    ELECTRICITY,
    Document,
    calculate,
    calculate_reading,
    process,
    refused,
    request,
    version_at,
)

DRAWS = 20_000
SEEDS = st.integers(0, 2**53 - 1)


def monte_carlo(draws: int = DRAWS, seed: int = 1) -> Document:
    return {"method": "MONTE_CARLO", "draws": draws, "seed": seed}


def lognormal(gsd: float) -> Document:
    return {"type": "LOGNORMAL", "gsd": gsd}


def emission(amount: str = "1", **more: Any) -> Document:
    return {"gas": "CO2_FOSSIL", "amount": amount, "unit": "kg", **more}


def link(name: str, amount: str, **more: Any) -> Document:
    return {"process": name, "amount": amount, "unit": "kg", **more}


def line(value: str = "1", **more: Any) -> Document:
    factor = {"name": "f", "value": value, "unit": "kgCO2e/kg"}
    return {"factor": factor, "amount": "1", "unit": "kg", **more}


def spread(*processes: Document, **method: Any) -> Any:
    tree = request(*processes, uncertainty=monte_carlo(**method))
    return calculate(tree, version_at())["uncertainty"]


def of_one(stated: Document, amount: str = "1") -> dict[str, float]:
    found = spread(process(inputs=[line() | {"amount": amount, "uncertainty": stated}]))
    names = ("mean", "sd", "median", "p2_5", "p97_5")
    return {name: float(found[name]) for name in names}


# Closed forms


@pytest.mark.parametrize(
    ("stated", "mean", "sd"),
    [
        ({"type": "NORMAL", "sd": "0.2"}, 1, 0.2),
        ({"type": "U_K2", "u": "0.4"}, 1, 0.2),
        ({"type": "UNIFORM", "min": "0.5", "max": "2"}, 1.25, 1.5 / math.sqrt(12)),
        ({"type": "RANGE", "min": "1", "max": "2"}, 1.5, 1 / math.sqrt(12)),
        ({"type": "CV", "cv": "0.3"}, 1, 0.3),
        (
            {"type": "TRIANGULAR", "min": "0", "mode": "1", "max": "4"},
            5 / 3,
            math.sqrt((0 + 1 + 16 - 0 - 0 - 4) / 18),
        ),
        (
            lognormal(1.5),
            math.exp(math.log(1.5) ** 2 / 2),
            math.exp(math.log(1.5) ** 2 / 2)
            * math.sqrt(math.expm1(math.log(1.5) ** 2)),
        ),
    ],
)
def test_one_number_has_its_moments(stated: Document, mean: float, sd: float) -> None:
    found = of_one(stated)

    error = sd / math.sqrt(DRAWS)
    assert found["mean"] == pytest.approx(mean, abs=4 * error)
    assert found["sd"] == pytest.approx(sd, rel=0.04)


@pytest.mark.parametrize(
    ("stated", "quantile"),
    [
        ({"type": "NORMAL", "sd": "0.2"}, lambda u: 1 + 0.2 * ndtri(u)),
        ({"type": "UNIFORM", "min": "0", "max": "2"}, lambda u: 2 * u),
        ({"type": "TRIANGULAR", "min": "0", "max": "1"}, math.sqrt),
        (
            {"type": "TRIANGULAR", "min": "0", "max": "4"},
            lambda u: 2 * math.sqrt(u) if u < 0.25 else 4 - math.sqrt(12 * (1 - u)),
        ),
        (lognormal(1.5), lambda u: 1.5 ** ndtri(u)),
    ],
)
def test_one_number_has_its_quantiles(stated: Document, quantile: Any) -> None:
    """The rank of a quantile is binomial: four standard errors of it are allowed."""
    found = of_one(stated)

    for name, level in (("p2_5", 0.025), ("median", 0.5), ("p97_5", 0.975)):
        error = 4 * math.sqrt(level * (1 - level) / DRAWS)
        assert quantile(level - error) <= found[name] <= quantile(level + error)


def test_a_product_of_lognormals_over_a_chain() -> None:
    processes = [
        process(f"p{n}", inputs=[link(f"p{n + 1}", "2", uncertainty=lognormal(1.1))])
        for n in range(10)
    ]
    last = process("p10", emissions=[emission(uncertainty=lognormal(1.2))])

    found = spread(*processes, last)

    sigma = math.sqrt(10 * math.log(1.1) ** 2 + math.log(1.2) ** 2)
    error = sigma / math.sqrt(DRAWS)
    assert math.log(float(found["gsd"])) == pytest.approx(sigma, rel=0.02)
    assert math.log(float(found["median"]) / 1024) == pytest.approx(0, abs=5 * error)


def test_own_consumption_is_solved_in_every_draw() -> None:
    """1 / (1 − a) with a uniform from 0.1 to 0.5 has the mean ln(0.9 / 0.5) / 0.4."""
    bounds = {"type": "UNIFORM", "min": "0.1", "max": "0.5"}
    own = link("p", "0.3", uncertainty=bounds)

    found = spread(process(inputs=[own], emissions=[emission()]))

    assert float(found["mean"]) == pytest.approx(math.log(1.8) / 0.4, rel=0.005)
    assert float(found["p2_5"]) == pytest.approx(1 / 0.89, rel=0.005)
    assert float(found["p97_5"]) == pytest.approx(1 / 0.51, rel=0.005)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_loops_agree_with_dense_solutions(data: st.DataObject) -> None:
    """What every draw comes to, from the words of the generator to the matrix."""
    size = data.draw(st.integers(1, 6))
    amounts = data.draw(
        st.lists(
            st.sampled_from([0.0, 0.0, 0.05, 0.1, 0.15]),
            min_size=size * size,
            max_size=size * size,
        )
    )
    uses = np.array(amounts).reshape(size, size)
    uses[0, 1:] += 0.05  # the reference reaches all
    processes = [
        process(
            f"p{user}",
            inputs=[
                link(f"p{supplier}", str(uses[user, supplier])) | CV_TENTH
                for supplier in range(size)
                if uses[user, supplier]
            ],
            emissions=[emission("1", **CV_TENTH)],
        )
        for user in range(size)
    ]

    found = spread(*processes, draws=50, seed=3)

    results = [_by_hand(uses, draw) for draw in range(50)]
    assert float(found["mean"]) == pytest.approx(np.mean(results), rel=1e-9)
    assert float(found["sd"]) == pytest.approx(np.std(results, ddof=1), rel=1e-8)


CV_TENTH: Document = {"uncertainty": {"type": "NORMAL", "sd": "0.01"}}


def _by_hand(uses: Any, draw: int) -> float:
    names: list[tuple[str, int, int | None]] = [
        (f"/processes/{user}/emissions/0/amount", user, None)
        for user in range(len(uses))
    ]
    for user, row in enumerate(uses):
        present = [supplier for supplier in range(len(uses)) if row[supplier]]
        names += [
            (f"/processes/{user}/inputs/{place}/amount", user, supplier)
            for place, supplier in enumerate(present)
        ]
    matrix, own = np.eye(len(uses)), np.ones(len(uses))
    for number, (_, user, supplier) in enumerate(sorted(names)):
        words = np.random.PCG64(3).advance(number * sampling.STRIDE + draw)
        level = ((int(words.random_raw()) >> 11) + 0.5) / 2**53
        if supplier is None:
            own[user] += 0.01 * ndtri(level)
        else:
            matrix[user, supplier] -= uses[user, supplier] + 0.01 * ndtri(level)
    return float(np.linalg.solve(matrix, own)[0])


def test_draws_without_a_productive_loop_are_left_out_and_told_of() -> None:
    own = link("p", "0.9", uncertainty={"type": "NORMAL", "sd": "0.04"})
    tree = request(
        process(inputs=[own], emissions=[emission()]), uncertainty=monte_carlo()
    )

    answer: Any = calculate(tree)

    (warning,) = answer["warnings"]
    assert warning["code"] == "DRAWS_LEFT_OUT"
    # The chance of 2.5 standard deviations is 0.62 %.
    left_out = int(warning["detail"]["en"].split()[1])
    assert left_out == pytest.approx(0.0062 * DRAWS, abs=4 * math.sqrt(0.0062 * DRAWS))
    assert float(answer["uncertainty"]["p2_5"]) > 0


def test_a_loop_that_often_consumes_more_than_it_makes_is_refused() -> None:
    own = link("p", "0.9", uncertainty={"type": "UNIFORM", "min": "0.5", "max": "1.1"})
    tree = request(
        process(inputs=[own], emissions=[emission()]), uncertainty=monte_carlo()
    )

    assert refused(tree) == ["LOOP_TOO_UNCERTAIN /uncertainty"]


def test_a_credit_in_a_loop_is_no_reason_to_leave_a_draw_out() -> None:
    tree = request(
        process(inputs=[link("q", "0.5", **CV_TENTH)], emissions=[emission()]),
        process("q", inputs=[link("p", "-3", **CV_TENTH)], emissions=[emission()]),
        uncertainty=monte_carlo(),
    )

    answer: Any = calculate(tree)

    assert answer["warnings"] == []
    value = float(answer["result"]["value"])
    assert float(answer["uncertainty"]["median"]) == pytest.approx(value, rel=0.001)


# What must not change a draw


NARROW = {"type": "NORMAL", "sd": "0.001"}


def test_signs_that_the_engine_allows_are_drawn() -> None:
    # Two credits in a row make no loop of pure consumption, nor does a demand for less.
    credits_ = [
        process("a", inputs=[link("b", "-2", uncertainty=NARROW)]),
        process(
            "b", inputs=[link("a", "-2", uncertainty=NARROW)], emissions=[emission()]
        ),
    ]
    less = [
        process("a", inputs=[link("b", "2", uncertainty=NARROW)]),
        process("b", inputs=[link("a", "1")], emissions=[emission()]),
    ]
    demand = {"process": "a", "amount": "-1", "unit": "kg"}
    method = monte_carlo(100)

    for tree in (
        request(*credits_, reference=demand | {"amount": "1"}, uncertainty=method),
        request(*less, reference=demand, uncertainty=method),
    ):
        answer: Any = calculate(tree)
        mean = float(answer["uncertainty"]["mean"])
        assert mean == pytest.approx(float(answer["result"]["value"]), rel=0.01)


def test_shares_of_an_endless_variance_are_refused() -> None:
    wild = {"type": "LOGNORMAL", "gsd": "100000000000000000"}
    lines = [emission(uncertainty=wild), emission(uncertainty=NARROW)]

    body = request(process(emissions=lines), uncertainty=monte_carlo(100))

    assert refused(body) == ["RESULT_OUT_OF_RANGE /uncertainty"]


def tree_of(order: list[int], seed: int, draws: int = 500) -> Document:
    processes = [
        process(
            f"p{n}",
            inputs=[
                *([link(f"p{n - 1}", "0.5")] if n else []),
                {"factor": ELECTRICITY, "amount": "1", "unit": "kWh"},
            ],
        )
        for n in range(5)
    ]
    processes.append(process("top", inputs=[link("p4", "1")]))
    tree = request(*processes, uncertainty=monte_carlo(draws, seed))
    tree["processes"] = [processes[number] for number in order]
    tree["reference"]["process"] = "top"
    return tree


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(6)), SEEDS)
def test_the_order_of_processes_does_not_matter(order: list[int], seed: int) -> None:
    version = version_at()
    bounds = {"type": "RANGE", "min": "0.4", "max": "0.8"}
    version.record["content"]["uncertainty"] = bounds

    one: Any = calculate(tree_of(list(range(6)), seed), version)["uncertainty"]
    other: Any = calculate(tree_of(order, seed), version)["uncertainty"]

    assert one == other


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 1000))
def test_a_larger_demand_scales_everything(seed: int, demand: int) -> None:
    own = process(emissions=[emission(uncertainty=lognormal(1.3))])
    method = monte_carlo(200, seed)

    one: Any = calculate(request(own, uncertainty=method))["uncertainty"]
    many: Any = calculate(request(own, amount=demand, uncertainty=method))[
        "uncertainty"
    ]

    for name in ("mean", "sd", "median", "p2_5", "p97_5"):
        assert float(many[name]) == pytest.approx(demand * float(one[name]), rel=1e-10)
    assert float(many["gsd"]) == pytest.approx(float(one["gsd"]), rel=1e-10)


def test_a_draw_beyond_all_numbers_is_refused() -> None:
    wide = {"type": "LOGNORMAL", "gsd": "9" * 20}
    chain = [
        process(f"p{n}", inputs=[link(f"p{n + 1}", "1", uncertainty=wide)])
        for n in range(20)
    ]
    last = process("p20", emissions=[emission()])

    for method in (monte_carlo(), {"method": "ANALYTIC"}):
        tree = request(*chain, last, uncertainty=method)
        (reason,) = refused(tree)
        assert reason.startswith("RESULT_OUT_OF_RANGE")


def test_the_same_request_gives_the_same_bytes() -> None:
    own = process(emissions=[emission(uncertainty=lognormal(1.3))])
    body = msgspec.json.encode(request(own, uncertainty=monte_carlo()))

    def encoded() -> bytes:
        return msgspec.json.encode(calculate_reading(read_carefully(body)))

    assert encoded() == encoded()


def test_rows_of_any_length_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    trees = [
        process(
            "p",
            inputs=[link("p", "0.2", uncertainty=lognormal(1.1)), line()],
            emissions=[emission(uncertainty=lognormal(1.3))],
        )
    ]
    whole = spread(*trees, draws=1000)

    monkeypatch.setattr(sampling, "_LONGEST", 7)

    assert spread(*trees, draws=1000) == whole


def test_too_much_work_is_refused_before_it_begins() -> None:
    sums = [
        line(uncertainty={"type": "NORMAL", "sd": "0.1"}, stage="RAW")
        for _ in range(40_000)
    ]
    tree = request(process(inputs=sums), uncertainty=monte_carlo(100_000))

    assert refused(tree) == ["DRAWS_TOO_COSTLY /uncertainty/draws"]


# Large bodies


@pytest.mark.parametrize(
    "more",
    [
        {"uncertainty": monte_carlo(100)},
        {"uncertainty": {"method": "ANALYTIC"}},
        {},
    ],
)
def test_a_large_body_with_uncertainties_is_read_carefully(more: Document) -> None:
    own = process(emissions=[emission(uncertainty=lognormal(1.3))])
    body = msgspec.json.encode(request(own, **more))

    reading = read_large(body)

    assert not isinstance(reading, Bulk)
    found = msgspec.json.encode(calculate_reading(reading))
    assert found == msgspec.json.encode(calculate_reading(read_carefully(body)))


def test_a_large_body_that_asks_about_published_factors_is_read_carefully() -> None:
    lines = [{"factor": ELECTRICITY, "amount": "1", "unit": "kWh"}]
    body = msgspec.json.encode(
        request(process(inputs=lines), uncertainty=monte_carlo(100))
    )

    assert not isinstance(read_large(body), Bulk)
