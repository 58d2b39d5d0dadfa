"""The canonical form: one byte string a document, and no document twice."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from app.kit.canonical import canonical_bytes, sha256_hex

TEXTS = st.text(st.characters(codec="ascii"))
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


@given(DOCUMENTS)
def test_it_reads_back(document: Any) -> None:
    assert json.loads(canonical_bytes(document)) == document


@given(st.dictionaries(TEXTS, st.integers(0, 9)))
def test_the_order_of_keys_does_not_matter(document: dict[str, int]) -> None:
    backwards = dict(reversed(document.items()))

    assert canonical_bytes(document) == canonical_bytes(backwards)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | TEXTS, inner),
    max_leaves=20,
)


@given(ANYTHING)
def test_the_bytes_are_those_of_rfc_8785(document: Any) -> None:
    try:
        found = canonical_bytes(document)
    except ValueError:  # text outside NFC
        return

    assert found == rfc8785.dumps(document)


@pytest.mark.parametrize("text", ["\ud800", "a\udfff"])
def test_half_a_character_is_a_value_error(text: str) -> None:
    for document in (text, {text: 1}):
        with pytest.raises(ValueError, match="surrogates"):
            canonical_bytes(document)


def test_every_control_character_is_escaped_as_it_should_be() -> None:
    for code in range(0x20):
        assert canonical_bytes(chr(code)) == rfc8785.dumps(chr(code))
    assert canonical_bytes('\x7f\u2028/"\\') == rfc8785.dumps('\x7f\u2028/"\\')


def test_a_known_document_has_its_known_bytes() -> None:
    document = {"b": [1, True, None], "a": "电\u20ac", "\u20ac": ""}

    assert canonical_bytes(document) == '{"a":"电€","b":[1,true,null],"€":""}'.encode()
    assert sha256_hex(b"abc").startswith("ba7816bf8f01cfea")


@pytest.mark.parametrize("value", [0.1, 1.0, {"a": [0.5]}, b"x", {1, 2}])
def test_what_has_no_exact_form_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical_bytes(value)


@pytest.mark.parametrize("value", [2**53, -(2**53), "e\u0301", {"e\u0301": 1}])
def test_what_others_would_read_otherwise_is_a_value_error(value: Any) -> None:
    with pytest.raises(ValueError, match=r"53 bits|normal form"):
        canonical_bytes(value)
