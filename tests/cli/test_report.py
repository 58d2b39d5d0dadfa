"""An answer as a person reads it."""

from typing import cast

import pytest

from app.cli.report import Answer, print_answer
from tests.factories.calculations import calculate, process, request

EMISSION = {"gas": "CO2_FOSSIL", "amount": "98", "unit": "kg"}


def printed(answer: Answer, capsys: pytest.CaptureFixture[str]) -> str:
    print_answer(answer, "en")
    return " ".join(capsys.readouterr().out.split())


def test_what_is_cut_off_stands_under_the_headline(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tree = request(
        process(emissions=[EMISSION]), cut_offs=[{"name": "bricks", "value": "2"}]
    )
    answer = cast("Answer", calculate(tree))

    assert "2 kgCO2e (2.0% of the whole) are cut off" in printed(answer, capsys)
    assert "CUT_OFF_EXCEEDED" in printed(answer, capsys)
    # A service of an older version says nothing of it.
    del answer["cut_off"]
    assert "(2.0% of the whole)" not in printed(answer, capsys)


def test_nothing_cut_off_of_nothing_has_no_share(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tree = request(process(), cut_offs=[{"name": "bricks", "value": "0"}])
    answer = cast("Answer", calculate(tree))

    assert "0 kgCO2e (no share of the whole) are cut off" in printed(answer, capsys)


PERFECT = {"ter": 1, "ger": 1, "tir": 1, "p": 1, "primary": True}


def rated(amount: str) -> Answer:
    emission = EMISSION | {"amount": amount, "data_quality": PERFECT}
    tree = request(
        process(emissions=[emission]), data_quality={"assessment_year": 2026}
    )
    return cast("Answer", calculate(tree))


def test_the_rating_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(rated("1"), capsys)

    assert "DQR 1.00 (EXCELLENT), 100.0% of it known; 100.0% primary data" in text


def test_where_nothing_is_rated_the_report_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "nothing adds to it" in printed(rated("0"), capsys)
