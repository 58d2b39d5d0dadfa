"""Five stages can be stated; a sixth is for answers."""

import pytest

from app.reference.stages import Stage, UnknownStage, stage, stages


def test_stages_are_labelled_in_the_order_of_a_life() -> None:
    assert [each.code for each in stages()] == list(Stage)
    assert all(each.zh and each.en and each.source for each in stages())


def test_the_five_stages_can_be_stated() -> None:
    for code in ("RAW", "MFG", "DIST", "USE", "EOL"):
        assert stage(code) == code


@pytest.mark.parametrize("code", ["UNSPECIFIED", "raw", ""])
def test_other_codes_are_refused(code: str) -> None:
    with pytest.raises(UnknownStage) as refusal:
        stage(code, "/processes/0/stage")

    assert refusal.value.code == "UNKNOWN_STAGE"
    assert refusal.value.pointer == "/processes/0/stage"
