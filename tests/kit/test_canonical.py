"""The canonical form: one byte string a document, and no document twice."""

import json
from typing import Any

import pytest
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
