"""What a person reads of the data quality of an answer."""

from typing import Any

import pytest

from app.cli.report import print_answer
from tests.factories.calculations import calculate, process, request

PERFECT = {"ter": 1, "ger": 1, "tir": 1, "p": 1, "primary": True}


def printed(amount: str, capsys: pytest.CaptureFixture[str]) -> str:
    emission = {
        "gas": "CO2_FOSSIL",
        "amount": amount,
        "unit": "kg",
        "data_quality": PERFECT,
    }
    assessment = {"assessment_year": 2026}
    tree = request(process(emissions=[emission]), data_quality=assessment)
    answer: Any = calculate(tree)
    print_answer(answer, "en")
    return capsys.readouterr().out


def test_the_rating_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed("1", capsys)

    assert "DQR 1.00 (EXCELLENT), 100.0% of it known; 100.0% primary data" in text


def test_where_nothing_is_rated_the_report_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "nothing adds to it" in printed("0", capsys)
