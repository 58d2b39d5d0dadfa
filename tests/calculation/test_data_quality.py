"""Data quality of a result: the rules one by one, their laws, and what is refused."""

from fractions import Fraction
from itertools import accumulate, permutations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.calculation import quality
from app.calculation.request import STRICT_LIMIT
from app.reference.enums import QualityBand
from tests.factories.calculations import (
    ELECTRICITY,
    Document,
    calculate,
    process,
    refused,
    request,
    version_at,
)

YEAR = 2026


def emission(amount: Any = "1", own: Document | None = None, **more: Any) -> Document:
    stated = {} if own is None else {"data_quality": own}
    return {"gas": "CO2_FOSSIL", "amount": amount, "unit": "kg", **stated, **more}


def scores(ter: Any, ger: Any, tir: Any, p: Any, **more: Any) -> Document:
    return {"ter": ter, "ger": ger, "tir": tir, "p": p, **more}


def bought(own: Document | None = None, **more: Any) -> Document:
    """Return a line by the published factor."""
    stated = {} if own is None else {"data_quality": own}
    return {"factor": ELECTRICITY, "amount": "1", "unit": "kWh", **stated, **more}


def inline(factor: Document | None = None, own: Document | None = None) -> Document:
    """Return a line of 1 kg CO2e by a figure of the caller's own."""
    figure: Document = {"name": "f", "value": "1", "unit": "kgCO2e/kg"}
    if factor is not None:
        figure["data_quality"] = factor
    line: Document = {"factor": figure, "amount": "1", "unit": "kg"}
    return line if own is None else {**line, "data_quality": own}


def asked(*processes: Document, region: str | None = None, **more: Any) -> Document:
    assessment: Document = {"assessment_year": YEAR}
    if region:
        assessment["region"] = region
    return request(*processes, data_quality=assessment, **more)


def of(tree: Document, *versions: Any) -> Any:
    return calculate(tree, *versions)["data_quality"]


def of_lines(*lines: Document, region: str | None = None, version: Any = None) -> Any:
    """Return the data quality of one process of *lines*."""
    inputs = [each for each in lines if "factor" in each]
    emissions = [each for each in lines if "gas" in each]
    tree = asked(process(inputs=inputs, emissions=emissions), region=region)
    return of(tree, version or version_at())


def line_scores(line: Document, **more: Any) -> Document:
    (found,) = of_lines(line, **more)["lines"]
    return {name: each for name, each in found.items() if name != "pointer"}


# Worked figures

WORKED = (
    ("60", scores(2, 1, "1.5", 1)),
    ("25", scores(3, 2, 2, 2)),
    ("10", scores(4, 3, 3, 3)),
    ("5", scores(5, 5, 5, 5)),
)


def test_the_largest_with_80_percent_decide() -> None:
    """The vector of the domain reference, D.2: a DQR of 1.632353."""
    found = of_lines(*(emission(*each) for each in WORKED))["weighted_80"]

    assert found == {
        "dqr": "1.63235294118",
        "band": "VERY_GOOD",
        "ter": "2.29411764706",
        "ger": "1.29411764706",
        "tir": "1.64705882353",
        "p": "1.29411764706",
        "items": 2,
        "share_covered": "0.85",
        "share_known": "1",
    }


def test_in_full_every_line_counts() -> None:
    found = of_lines(*(emission(*each) for each in WORKED))["full"]

    # 0.6 · 2 + 0.25 · 3 + 0.1 · 4 + 0.05 · 5 and so on
    assert {name: found[name] for name in ("ter", "ger", "tir", "p", "dqr")} == {
        "ter": "2.6",
        "ger": "1.65",
        "tir": "1.95",
        "p": "1.65",
        "dqr": "1.9625",
    }
    assert (found["items"], found["share_covered"]) == (4, "1")


def test_the_page_works_this_example_out() -> None:
    page = (Path(__file__).parents[2] / "docs" / "data-quality.md").read_text("utf-8")
    found = of_lines(*(emission(*each) for each in WORKED))

    largest, full = found["weighted_80"], found["full"]
    shown = [largest[name] for name in ("ter", "ger", "tir", "p", "dqr", "band")]
    shown += [full["ter"], full["dqr"]]
    assert [each for each in shown if each not in page] == []


def test_nothing_is_said_unless_asked() -> None:
    tree = request(process(emissions=[emission(own=scores(1, 1, 1, 1))]))

    assert of(tree) is None


def test_what_nobody_states_is_scored_5_and_shows() -> None:
    found = of_lines(emission())

    for name in ("weighted_80", "full"):
        assert found[name]["dqr"] == "5"
        assert found[name]["band"] == "POOR"
        assert found[name]["share_known"] == "0"
    assert found["primary_data_share"] == found["share_primary_known"] == "0"
    assert found["traceability_index"] == found["share_traceability_known"] == "0"


def test_nothing_that_adds_has_no_quality() -> None:
    found = of_lines(emission("0", scores(1, 1, 1, 1)))

    assert found["weighted_80"] is found["full"] is None
    assert found["primary_data_share"] is found["traceability_index"] is None


def test_credits_weigh_by_their_magnitude() -> None:
    credit = bought(scores(5, 5, 5, 5), amount="-1")
    burden = emission("1", scores(1, 1, 1, 1))

    found = of_lines(burden, credit, version=version_at(value="1"))

    assert found["full"]["ter"] == "3"


# From lines and factors to scores


def test_an_amount_and_its_factor_share_the_time() -> None:
    line = inline(scores(2, 3, 4, 5), {"tir": 1, "p": "2.5"})

    assert line_scores(line) == {
        "dqr": "2.5",
        "ter": "2",
        "ger": "3",
        "tir": "2.5",
        "p": "2.5",
        "share_known": "1",
    }


def test_a_line_says_how_well_its_factor_suits_it() -> None:
    line = inline(scores(2, 3, 1, 1), {"ter": 4, "ger": "1.5"})

    found = line_scores(line)

    assert (found["ter"], found["ger"]) == ("4", "1.5")


def test_precision_is_that_of_the_amount() -> None:
    assert line_scores(inline({"p": 1}))["p"] == "5"


@pytest.mark.parametrize(
    ("own", "factor", "known"),
    [
        (None, None, "0"),
        ({"p": 1}, None, "0.25"),
        ({"tir": 1}, None, "0.125"),
        (None, {"tir": 1}, "0.125"),
        ({"tir": 5}, {"tir": 5, "ter": 5}, "0.5"),
    ],
)
def test_the_part_that_is_known(own: Any, factor: Any, known: str) -> None:
    assert line_scores(inline(factor, own))["share_known"] == known


def published(**content: Any) -> Any:
    version = version_at()
    version.record["content"].update(content)
    return version


@pytest.mark.parametrize(
    ("content", "score"),
    [
        ({"reference_year": 2023}, "1"),
        ({"reference_year": 2022}, "2"),
        ({"reference_year": 2020}, "2"),
        ({"reference_year": 2019}, "3"),
        ({"reference_year": 2015}, "4"),
        ({"reference_year": 2011}, "4"),
        ({"reference_year": 2010}, "5"),
        ({"reference_year": 2029}, "1"),
        ({"reference_year": 2033}, "3"),
        ({"reference_year": 2024, "year_basis": "PUBLICATION"}, "5"),
        ({"data_period": {"first": "2022-01-01", "last": "2023-12-31"}}, "2"),
        ({"data_period": {"first": "2023-01-01", "last": "2023-12-31"}}, "1"),
        ({"data_period": {"first": "1990-01-01", "last": None}}, "1"),
        ({"data_period": None}, "1"),
        ({"data_quality": scores("1", "1", "3", "1")}, "3"),
        (
            {"reference_year": 2010, "data_quality": scores("1", "1", "1", "1")},
            "5",
        ),
    ],
)
def test_time_of_a_version(content: Any, score: str) -> None:
    """With a perfect amount the factor's part is what is left."""
    found = line_scores(bought({"tir": 1}), version=published(**content))

    assert Fraction(found["tir"]) * 2 - 1 == int(score)


@pytest.mark.parametrize(
    ("data", "place", "score"),
    [
        ("CN", "CN", "1"),
        ("CN", "CN-GD", "2"),
        ("CN-GRID-SG", "CN-GRID-SG", "1"),
        ("GLO", "CN-GD", "2"),
        ("CN-GD", "CN", "3"),
        ("CN-GD", "CN-SH", "4"),
        ("CN-GRID-SG", "CN-GRID-EC", "4"),
        ("DE", "CN", "5"),
        ("DE", "GLO", "5"),
        ("GLO", "GLO", "1"),
    ],
)
def test_place_of_a_version(data: str, place: str, score: str) -> None:
    version = version_at(region=data)

    assert line_scores(bought(), region=place, version=version)["ger"] == score


def test_of_two_scores_of_a_place_the_worse_counts() -> None:
    def ger(stated: str, place: str) -> str:
        version = published(data_quality=scores("1", stated, "1", "1"))
        return str(line_scores(bought(), region=place, version=version)["ger"])

    assert (ger("3", "CN"), ger("1", "CN-GD")) == ("3", "2")


def test_without_a_region_the_stated_score_counts() -> None:
    version = published(data_quality=scores("2", "4", "1", "3"))

    found = line_scores(bought(), version=version)

    assert (found["ter"], found["ger"]) == ("2", "4")


def test_a_recorded_score_beyond_the_scale_says_nothing() -> None:
    version = published(data_quality=scores("0", "9", "1", "1"))

    assert line_scores(bought(), version=version)["ter"] == "5"


@pytest.mark.parametrize(
    ("rating", "band"),
    [
        (1.0, "EXCELLENT"),
        (1.5, "EXCELLENT"),
        (1.51, "VERY_GOOD"),
        (2.0, "VERY_GOOD"),
        (3.0, "GOOD"),
        (4.0, "FAIR"),
        (4.01, "POOR"),
        (5.0, "POOR"),
    ],
)
def test_bands(rating: float, band: str) -> None:
    assert quality.band(rating) is QualityBand(band)


# Primary data, traceability, uptake


@pytest.mark.parametrize(
    ("line", "pact", "national"),
    [
        (emission(own={"primary": True}), "1", "1"),
        (emission(own={"primary": False}), "0", "0"),
        (inline({"primary": True}, {"primary": True}), "1", "1"),
        (inline(None, {"primary": True}), "0", "0.5"),
        (inline({"primary": True}), "0", "0"),
        (bought({"primary": True}), "0", "0.5"),
    ],
)
def test_primary_data(line: Document, pact: str, national: str) -> None:
    found = of_lines(line)

    assert found["primary_data_share"] == pact
    assert found["primary_data_share_national"] == national


@pytest.mark.parametrize(
    ("level", "index"),
    [
        ("SI_TRACEABLE", "1"),
        ("STATUTORY_VERIFIED", "0.7"),
        ("CERTIFICATE_WITH_GAP", "0.4"),
        ("MEASURED_UNCERTIFIED", "0.2"),
        ("NOT_MEASURED", "0"),
    ],
)
def test_traceability(level: str, index: str) -> None:
    assert (
        of_lines(emission(own={"traceability": level}))["traceability_index"] == index
    )


def test_traceability_weighs_all_that_is_not_stated_as_not_measured() -> None:
    found = of_lines(emission("3", {"traceability": "SI_TRACEABLE"}), emission("1"))

    assert found["traceability_index"] == "0.75"
    assert found["share_traceability_known"] == "0.75"


@pytest.mark.parametrize(
    "uptake",
    [
        {"gas": "CO2_BIO_UPTAKE", "amount": "3", "unit": "kg"},
        {
            "factor": {"name": "wood", "value": "-3", "unit": "kgCO2e/kg"},
            "amount": "1",
            "unit": "kg",
            "category": "BIO_REMOVAL",
        },
    ],
)
def test_uptake_is_left_out_in_full(uptake: Document) -> None:
    found = of_lines(emission("1", scores(1, 1, 1, 1, primary=True)), uptake)

    assert found["full"]["dqr"] == "1"
    assert found["full"]["items"] == 1
    assert found["primary_data_share"] == "1"
    assert found["weighted_80"]["items"] == 2


def test_what_a_factor_takes_up_is_left_out_of_its_weight() -> None:
    """2 kg CO2e, of which an uptake of 3 and 5 of fossil: it weighs 5."""
    gases = [
        {"gas": "CO2_FOSSIL", "mass_kg": "5"},
        {"gas": "CO2_BIO_UPTAKE", "mass_kg": "3"},
    ]
    line = inline(None, {"primary": True})
    line["factor"] |= {"value": "2", "gases": gases, "data_quality": {"primary": True}}

    found = of_lines(line, emission("5"))

    assert found["primary_data_share"] == "0.5"


# Which lines are the largest


def test_shares_that_reach_80_percent_but_for_rounding_are_enough() -> None:
    lines = [emission(each, scores(1, 1, 1, 1)) for each in ("0.7", "0.1")]

    found = of_lines(*lines, *(emission("0.05") for _ in range(4)))["weighted_80"]

    assert (found["items"], found["dqr"]) == (2, "1")


@pytest.mark.parametrize("order", [*permutations(range(4))])
def test_of_equal_lines_the_worse_comes_first(order: tuple[int, ...]) -> None:
    """Of the two alike one is enough."""
    lines = [
        emission("6.5", scores(1, 1, 1, 1)),
        emission("1.5", scores(2, 2, 2, 2)),
        emission("1.5", scores(4, 4, 4, 4)),
        emission("0.5", scores(5, 5, 5, 5)),
    ]

    found = of_lines(*(lines[number] for number in order))["weighted_80"]

    # (6.5 · 1 + 1.5 · 4) / 8
    assert (found["items"], found["dqr"]) == (2, "1.5625")


@st.composite
def weighed(draw: st.DrawFn) -> tuple[list[int], list[tuple[float, ...]]]:
    weights = draw(st.lists(st.integers(1, 6), min_size=1, max_size=12))
    score = st.sampled_from([1.0, 2.0, 3.0, 5.0])
    rows = [(*draw(st.tuples(score, score)), 1.0, 2.0, *[0.0] * 6) for _ in weights]
    return weights, rows


@given(weighed())
@settings(max_examples=100, deadline=None)
def test_the_fewest_items_hold_80_percent_and_the_worst_of_the_ties(
    drawn: tuple[list[int], list[tuple[float, ...]]],
) -> None:
    weights, rows = drawn
    chosen = quality.leading_items(np.array(rows), np.array(weights, dtype=float))

    falling = sorted(weights, reverse=True)
    held = list(accumulate(falling))
    enough = next(n for n, sum_ in enumerate(held, 1) if 5 * sum_ >= 4 * held[-1])
    ranked = sorted(
        zip(weights, (sum(row[:4]) for row in rows), strict=True), reverse=True
    )
    found = [
        (weight, sum(row[:4]))
        for weight, row, mine in zip(weights, rows, chosen, strict=True)
        if mine
    ]
    assert sorted(found, reverse=True) == ranked[:enough]


# Processes, against exact arithmetic


class Item(NamedTuple):
    process: int
    amount: int
    scores: tuple[int, int, int, int]


class Tree(NamedTuple):
    """Processes that make 1 kg each; links are user, supplier, amount."""

    size: int
    links: list[tuple[int, int, Fraction]]
    items: list[Item]

    def document(self, reference: int = 0) -> Document:
        processes = [
            process(
                f"p{number}",
                inputs=[
                    {"process": f"p{to}", "amount": float(taken), "unit": "kg"}
                    for user, to, taken in self.links
                    if user == number
                ],
                emissions=[
                    emission(each.amount, scores(*each.scores))
                    for each in self.items
                    if each.process == number
                ],
            )
            for number in range(self.size)
        ]
        found = asked(*processes)
        found["reference"]["process"] = f"p{reference}"
        return found

    def runs(self, reference: int) -> list[Fraction] | None:
        """Solve (I − C) s = demand by elimination over rationals."""
        rows = [[Fraction(i == j) for j in range(self.size)] for i in range(self.size)]
        for user, to, taken in self.links:
            rows[to][user] -= taken
        for i, row in enumerate(rows):
            row.append(Fraction(i == reference))
        for i in range(self.size):
            pivot = next((r for r in range(i, self.size) if rows[r][i]), None)
            if pivot is None:
                return None
            rows[i], rows[pivot] = rows[pivot], rows[i]
            rows[i] = [each / rows[i][i] for each in rows[i]]
            for r in range(self.size):
                if r != i:
                    factor = rows[r][i]
                    pairs = zip(rows[r], rows[i], strict=True)
                    rows[r] = [mine - factor * other for mine, other in pairs]
        return [row[-1] for row in rows]

    def ratings(self, reference: int) -> list[list[float]]:
        """Return the scores over the largest items and over all; empty for none."""
        runs = self.runs(reference)
        assert runs is not None
        weighed = [
            (abs(runs[each.process]) * each.amount, each.scores) for each in self.items
        ]
        weighed.sort(key=lambda each: (-each[0], -sum(each[1]), each[1]))
        held = list(accumulate(weight for weight, _ in weighed))
        if not held[-1]:
            return [[], []]
        enough = next(n for n, sum_ in enumerate(held, 1) if 5 * sum_ >= 4 * held[-1])
        return [means(weighed[:enough]), means(weighed)]


def means(weighed: list[tuple[Fraction, tuple[int, int, int, int]]]) -> list[float]:
    whole = sum(weight for weight, _ in weighed)
    return [
        float(sum(weight * scores[k] for weight, scores in weighed) / whole)
        for k in range(4)
    ]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    size = draw(st.integers(1, 4))
    number = st.integers(0, size - 1)
    taken = st.sampled_from([Fraction(n, 8) for n in (-2, 1, 2, 3, 8)])
    links = draw(st.lists(st.tuples(number, number, taken), max_size=7))
    score = st.integers(1, 5)
    item = st.builds(
        Item, number, st.integers(0, 9), st.tuples(score, score, score, score)
    )
    return Tree(size, links, draw(st.lists(item, min_size=1, max_size=6)))


def ratings_of(found: Any) -> list[list[float]]:
    ratings = (found["weighted_80"] or {}, found["full"] or {})
    names = ("ter", "ger", "tir", "p")
    return [[float(each[name]) for name in names if each] for each in ratings]


def refused_if_any(document: Document) -> list[str]:
    try:
        return refused(document)
    except AssertionError:
        return []


@given(trees())
@settings(max_examples=60, deadline=None)
def test_processes_have_the_quality_of_all_behind_their_product(tree: Tree) -> None:
    assume(tree.runs(0) is not None)
    document = tree.document()
    assume(not refused_if_any(document))

    found = of(document)

    rows = [(0, found), *((int(each["id"][1:]), each) for each in found["processes"])]
    for number, each in rows:
        for mine, exact in zip(ratings_of(each), tree.ratings(number), strict=True):
            assert mine == pytest.approx(exact, rel=1e-9)


def test_with_full_detail_the_100_largest_processes_are_rated() -> None:
    links = [{"process": f"p{n}", "amount": "1", "unit": "kg"} for n in range(1, 121)]
    tree = asked(
        process("p0", inputs=links),
        *(process(f"p{n}", emissions=[emission(n)]) for n in range(1, 121)),
        detail="FULL",
    )

    answer: Any = calculate(tree)

    rated = [each["id"] for each in answer["data_quality"]["processes"]]
    assert rated == [each["id"] for each in answer["processes"][:100]]
    assert len(answer["processes"]) == 121
    pointers = [each["pointer"] for each in answer["data_quality"]["lines"]]
    assert pointers == [each["pointer"] for each in answer["contributions"]]


# Laws


def mixed() -> list[Document]:
    """Return lines of every sort, two of the same weight."""
    return [
        emission("3", scores(1, 2, 3, 4, primary=True, traceability="SI_TRACEABLE")),
        bought({"tir": 2, "p": "1.5", "primary": True}, amount="4"),
        inline(scores(3, 1, 2, 2, primary=True), {"primary": True, "p": 3}),
        inline({"ter": 1}, {"tir": 4}),
        bought(amount="-2"),
        {"gas": "CO2_BIO_UPTAKE", "amount": "0.7", "unit": "kg"},
    ]


@pytest.mark.parametrize("order", [*permutations(range(6))][::60])
def test_the_order_of_lines_and_processes_is_none_of_its_business(
    order: tuple[int, ...],
) -> None:
    lines = [mixed()[number] for number in order]
    parts = [
        process(
            f"q{number}",
            inputs=[each] if "factor" in each else [],
            emissions=[each] if "gas" in each else [],
        )
        for number, each in zip(order, lines, strict=True)
    ]
    links = [{"process": each["id"], "amount": "1", "unit": "kg"} for each in parts]
    together = asked(process("p", inputs=links), *parts, region="CN-GD")

    found, whole = of(together, version_at()), of_lines(*mixed(), region="CN-GD")

    rated = {name: whole[name] for name in whole if name not in {"processes", "lines"}}
    assert {name: found[name] for name in rated} == rated


def test_a_line_is_one_item_over_all_ways_in_which_it_is_reached() -> None:
    shared = process("s", emissions=[emission("1", scores(1, 1, 1, 1))])
    link = {"process": "s", "amount": "1", "unit": "kg"}
    other = {"process": "q", "amount": "1", "unit": "kg"}
    tree = asked(
        process("p", inputs=[link, other]), process("q", inputs=[link]), shared
    )

    assert of(tree)["full"]["items"] == 1


def test_data_quality_changes_no_other_number() -> None:
    def without(document: Any) -> Any:
        if isinstance(document, dict):
            kept = document.items()
            return {k: without(v) for k, v in kept if k != "data_quality"}
        return [*map(without, document)] if isinstance(document, list) else document

    tree = asked(process(inputs=mixed()[1:5], emissions=mixed()[:1]))

    answer, plain = calculate(tree, version_at()), without(tree)

    assert answer["data_quality"] is not None
    assert without(answer) == without(calculate(plain, version_at()))


def test_the_pinned_request_gives_the_same() -> None:
    tree = asked(process(inputs=mixed()[1:5]), region="CN")

    answer = calculate(tree, version_at())
    again = calculate(dict(answer["request_pinned"]), version_at())

    assert again == answer
    stated = answer["request_pinned"]["data_quality"]
    assert stated == {"assessment_year": YEAR, "region": "CN"}


def large(document: Document) -> bytes:
    """Return *document* above the limit for the strict reader."""
    body = orjson.dumps(document)
    return body + b" " * (STRICT_LIMIT + 1 - len(body))


def test_a_large_request_is_answered_alike() -> None:
    tree = asked(process(inputs=mixed()[1:5]), region="CN")

    assert calculate(large(tree), version_at()) == calculate(tree, version_at())


# What is refused

LINE = "/processes/0/inputs/0"


@pytest.mark.parametrize("size", [orjson.dumps, large])
@pytest.mark.parametrize(
    ("line", "reasons"),
    [
        (inline(None, {"ter": 0}), [f"SCORE_OUT_OF_RANGE {LINE}/data_quality/ter"]),
        (inline(None, {"ger": "6"}), [f"SCORE_OUT_OF_RANGE {LINE}/data_quality/ger"]),
        (inline(None, {"tir": "abc"}), [f"BAD_DECIMAL {LINE}/data_quality/tir"]),
        (inline(None, {"p": None}), [f"BAD_DECIMAL {LINE}/data_quality/p"]),
        (inline(None, {"p": True}), [f"BAD_DECIMAL {LINE}/data_quality/p"]),
        (
            inline(scores(0, 1, "5.1", -1), {"p": 7}),
            [
                f"SCORE_OUT_OF_RANGE {LINE}/factor/data_quality/ter",
                f"SCORE_OUT_OF_RANGE {LINE}/factor/data_quality/tir",
                f"SCORE_OUT_OF_RANGE {LINE}/factor/data_quality/p",
                f"SCORE_OUT_OF_RANGE {LINE}/data_quality/p",
            ],
        ),
        (inline(None, {"primary": 1}), [f"BAD_TYPE {LINE}/data_quality/primary"]),
        (
            inline(None, {"traceability": "0.7"}),
            [f"BAD_VALUE {LINE}/data_quality/traceability"],
        ),
        (inline(None, {"c": 1}), [f"UNKNOWN_FIELD {LINE}/data_quality/c"]),
        (
            inline({"traceability": "NOT_MEASURED"}),
            [f"UNKNOWN_FIELD {LINE}/factor/data_quality/traceability"],
        ),
        (
            {"process": "p", "amount": "0", "unit": "kg", "data_quality": {}},
            [f"DATA_QUALITY_NOT_ALLOWED {LINE}/data_quality"],
        ),
    ],
)
def test_bad_scores_are_refused_asked_for_or_not(
    size: Any, line: Document, reasons: list[str]
) -> None:
    for tree in (request(process(inputs=[line])), asked(process(inputs=[line]))):
        assert refused(size(tree)) == reasons


def test_an_emission_is_pointed_at() -> None:
    bad = emission(own={"p": "0.99"})

    reasons = refused(asked(process(emissions=[emission(), bad])))

    assert reasons == ["SCORE_OUT_OF_RANGE /processes/0/emissions/1/data_quality/p"]


@pytest.mark.parametrize(
    ("assessment", "reason"),
    [
        ({}, "MISSING_FIELD /assessment_year"),
        ({"assessment_year": 20260}, "BAD_VALUE /assessment_year"),
        ({"assessment_year": -1}, "BAD_VALUE /assessment_year"),
        ({"assessment_year": 2026.5}, "BAD_TYPE /assessment_year"),
        ({"assessment_year": "2026"}, "BAD_TYPE /assessment_year"),
        ({"assessment_year": YEAR, "region": "XX"}, "UNKNOWN_REGION /region"),
        ({"assessment_year": YEAR, "region": ""}, "UNKNOWN_REGION /region"),
        ({"assessment_year": YEAR, "region": 86}, "BAD_TYPE /region"),
        ({"assessment_year": YEAR, "region": "C" * 99}, "BAD_VALUE /region"),
        ([], "BAD_TYPE "),
        (None, "BAD_TYPE "),
    ],
)
def test_bad_assessments_are_refused(assessment: Any, reason: str) -> None:
    tree = request(process(emissions=[emission()]), data_quality=assessment)

    expected = reason.replace(" ", " /data_quality")
    assert refused(tree) == refused(large(tree)) == [expected]


def test_bad_scores_stand_beside_other_errors() -> None:
    line = inline(None, {"p": 9}) | {"unit": "stone"}

    assert refused(request(process(inputs=[line]))) == [
        f"UNKNOWN_UNIT {LINE}/unit",
        f"SCORE_OUT_OF_RANGE {LINE}/data_quality/p",
    ]
