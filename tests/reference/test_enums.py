"""Every enumeration is labelled in both languages, completely and once."""

import inspect
import re
from collections import Counter
from enum import StrEnum

import pytest

from app.reference import enums
from app.reference.enums import (
    ENUMERATIONS,
    FactorKind,
    UnknownTerm,
    member,
    verification,
)
from app.reference.tables import rows

CLASSES = [
    each
    for _, each in inspect.getmembers(enums, inspect.isclass)
    if issubclass(each, StrEnum) and each is not StrEnum
]


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.__name__)
def test_every_class_is_exposed_with_its_members(each: type[StrEnum]) -> None:
    assert [term.code for term in ENUMERATIONS[snake(each.__name__)]] == list(each)


def test_every_member_is_spelt_like_its_value() -> None:
    assert all(each.name == each.value for one in CLASSES for each in one)


def test_every_term_has_labels_and_a_source() -> None:
    for vocabulary in ENUMERATIONS.values():
        assert all(term.zh and term.en and term.source for term in vocabulary)


def test_the_table_labels_nothing_twice_and_nothing_else() -> None:
    keys = [(row["enumeration"], row["code"]) for row in rows("enumerations.csv")]
    exposed = {
        (name, term.code) for name, all_ in ENUMERATIONS.items() for term in all_
    }

    assert max(Counter(keys).values()) == 1
    assert {key for key in keys if key[0] != "stage"} == exposed


def test_a_member_is_found_by_its_code() -> None:
    assert member(FactorKind, "PCF") is FactorKind.PCF


def test_another_code_is_refused_with_the_choices() -> None:
    with pytest.raises(UnknownTerm) as refusal:
        member(FactorKind, "pcf", "/content/kind")

    assert refusal.value.code == "UNKNOWN_TERM"
    assert refusal.value.pointer == "/content/kind"
    assert "TRANSPORT_SERVICE" in refusal.value.detail("zh")


@pytest.mark.parametrize(
    "text", ["OFFICIAL_TEXT_SEEN", "TRANSCRIBED_1", "TRANSCRIBED_12"]
)
def test_verification_names_how_a_figure_was_checked(text: str) -> None:
    assert verification(text) == text


@pytest.mark.parametrize(
    "text", ["", "TRANSCRIBED_n", "TRANSCRIBED_0", "TRANSCRIBED_1\n", "TRANSCRIBED_１"]
)
def test_other_verifications_are_refused(text: str) -> None:
    with pytest.raises(UnknownTerm) as refusal:
        verification(text, "/content/verification")

    assert refusal.value.pointer == "/content/verification"
