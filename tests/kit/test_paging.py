"""A cursor continues its own query, and nothing else."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from app.kit.paging import BadCursor, read_cursor, write_cursor

FORM = TypeAdapter(tuple[int, str])
ALPHABET = string.ascii_letters + string.digits + "-_"
POSITIONS = st.tuples(st.integers(0, 2**31), st.text(string.printable))


@given(POSITIONS, st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)))
def test_cursor_reads_as_it_was_written(
    position: tuple[int, str], query: dict[str, int]
) -> None:
    cursor = write_cursor(query, list(position))

    assert set(cursor) <= set(ALPHABET)
    assert read_cursor(cursor, query, FORM, "?cursor") == position


@given(st.data(), POSITIONS)
def test_any_changed_character_is_refused(
    data: st.DataObject, position: tuple[int, str]
) -> None:
    cursor = write_cursor("query", list(position))
    index = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(
        st.sampled_from(ALPHABET).filter(lambda each: each != cursor[index])
    )

    with pytest.raises(BadCursor):
        read_cursor(
            cursor[:index] + other + cursor[index + 1 :], "query", FORM, "?cursor"
        )


@pytest.mark.parametrize("text", ["", "=", "A", "é", "AAAA", "a" * 400, "A A=", "\n"])
def test_noise_is_refused(text: str) -> None:
    with pytest.raises(BadCursor) as refusal:
        read_cursor(text, "query", FORM, "?cursor")

    assert refusal.value.pointer == "?cursor"


def test_cut_and_lengthened_cursors_are_refused() -> None:
    cursor = write_cursor("query", [1, "x"])

    for changed in (cursor[:-1], cursor[1:], cursor + "A", cursor + "="):
        with pytest.raises(BadCursor):
            read_cursor(changed, "query", FORM, "?cursor")


def test_cursor_of_another_query_is_refused() -> None:
    cursor = write_cursor({"q": "a"}, [1, "x"])

    with pytest.raises(BadCursor):
        read_cursor(cursor, {"q": "b"}, FORM, "?cursor")


@pytest.mark.parametrize("position", [[1], ["1", "x"], [1, 2], {}, None, [1.5, "x"]])
def test_forged_position_of_another_form_is_refused(position: object) -> None:
    cursor = write_cursor("query", position)  # type: ignore[arg-type] # forged

    with pytest.raises(BadCursor):
        read_cursor(cursor, "query", FORM, "?cursor")
