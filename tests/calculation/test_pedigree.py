"""A pedigree as the uncertainty of a number: its vector, its place, what is refused."""

import itertools
import math
from typing import Any

import pytest

from app.calculation import pedigree
from tests.factories.calculations import (
    Document,
    calculate,
    process,
    refused,
    request,
)

WORKED: Document = {
    "type": "PEDIGREE",
    "basic": "1.05",
    "reliability": 2,
    "completeness": 3,
    "temporal": 1,
    "geographical": "2",
    "technology": 3.0,
}
LINE = "/processes/0/inputs/0"


def line(amount: Any = "2", **changes: Any) -> Document:
    return {
        "factor": {"name": "f", "value": "3", "unit": "kgCO2e/kg"},
        "amount": amount,
        "unit": "kg",
        "uncertainty": WORKED | changes,
    }


def test_the_worked_pedigree() -> None:
    """U_b 1.05 with 1.05, 1.05, 1, 1.01, 1.2 is a GSD² of 1.222870 (D.5)."""
    tree = request(process(inputs=[line()]), uncertainty={"method": "ANALYTIC"})

    spread: Any = calculate(tree)["uncertainty"]

    assert spread["shape"] == "LOGNORMAL"
    assert spread["median"] == "6"
    assert float(spread["gsd"]) ** 2 == pytest.approx(1.222870, abs=5e-7)


def test_a_perfect_pedigree_leaves_the_basic_factor() -> None:
    best = dict.fromkeys(pedigree.FACTORS, 1)

    basic = pedigree.sigma({"basic": "1.05", **best}, "")

    assert basic == pytest.approx(math.log(1.05) / 2, rel=1e-14)
    assert pedigree.sigma({"basic": "1", **best}, "") == 0


@pytest.mark.parametrize("name", pedigree.FACTORS)
def test_a_worse_score_never_narrows(name: str) -> None:
    spreads = [pedigree.sigma(WORKED | {name: score}, "") for score in range(1, 6)]

    assert all(one < other for one, other in itertools.pairwise(spreads))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"basic": "0.99"}, "PEDIGREE_BASIC_BELOW_ONE /basic"),
        ({"basic": "abc"}, "BAD_DECIMAL /basic"),
        ({"temporal": 0}, "PEDIGREE_SCORE /temporal"),
        ({"technology": 6}, "PEDIGREE_SCORE /technology"),
        ({"reliability": "1.5"}, "PEDIGREE_SCORE /reliability"),
        ({"completeness": True}, "BAD_DECIMAL /completeness"),
        ({"sample": 1}, "UNKNOWN_FIELD /sample"),
    ],
)
def test_bad_pedigrees_are_refused(changes: Document, reason: str) -> None:
    tree = request(process(inputs=[line(**changes)]))

    assert refused(tree) == [reason.replace(" ", f" {LINE}/uncertainty")]


def test_every_indicator_is_stated() -> None:
    stated = line()
    del stated["uncertainty"]["geographical"]

    reasons = refused(request(process(inputs=[stated])))

    assert reasons == [f"MISSING_FIELD {LINE}/uncertainty/geographical"]


def test_only_a_positive_number_has_a_pedigree() -> None:
    reasons = refused(request(process(inputs=[line("-1")])))

    assert reasons == [f"LOGNORMAL_NOT_POSITIVE {LINE}/uncertainty"]


def test_the_pinned_request_gives_the_same() -> None:
    method = {"method": "MONTE_CARLO", "draws": 100, "seed": 1}
    tree = request(process(inputs=[line()]), uncertainty=method)

    answer = calculate(tree)

    assert calculate(dict(answer["request_pinned"])) == answer
