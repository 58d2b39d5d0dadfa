"""What the strict reader refuses, each with its code; all else as the library reads."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit import strict_json
from app.kit.errors import DomainError

REFUSED = {
    b"": "MALFORMED_JSON",
    b" ": "MALFORMED_JSON",
    b"{}x": "MALFORMED_JSON",
    b"{} {}": "MALFORMED_JSON",
    b"[1,]": "MALFORMED_JSON",
    b"{'a':1}": "MALFORMED_JSON",
    b"// x\n1": "MALFORMED_JSON",
    b"NaN": "MALFORMED_JSON",
    b"[-Infinity]": "MALFORMED_JSON",
    b'"\t"': "MALFORMED_JSON",
    b"9" * 5000: "MALFORMED_JSON",
    b'{"a":1,"a":1}': "DUPLICATE_KEY",
    b'{"a":1,"\\u0061":2}': "DUPLICATE_KEY",
    b'{"x":{"a":1,"a":2}}': "DUPLICATE_KEY",
    b"\xef\xbb\xbf{}": "BAD_ENCODING",
    '{"a":1}'.encode("utf-16"): "BAD_ENCODING",
    b'"\xff"': "BAD_ENCODING",
    b'"\\ud800"': "BAD_ENCODING",
    b'{"\\udfff":1}': "BAD_ENCODING",
    b"[" * 33 + b"]" * 33: "TOO_DEEP",
    b"[" * 100_000: "TOO_DEEP",
    b'{"a":' * 33 + b"1" + b"}" * 33: "TOO_DEEP",
}
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=16,
)


@pytest.mark.parametrize(("data", "code"), REFUSED.items())
def test_refused(data: bytes, code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        strict_json.loads(data)

    assert refusal.value.code == code


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 32 + b"]" * 32,
        b'["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "\\"{{{{"]',
        b'"\\ud83d\\ude00"',
        b'{"a":{"a":1},"b":{"a":1}}',
    ],
)
def test_admitted(data: bytes) -> None:
    assert strict_json.loads(data) == json.loads(data)


@given(DOCUMENTS)
def test_what_the_library_writes_reads_back(document: Any) -> None:
    assert strict_json.loads(json.dumps(document).encode()) == document
    plain = json.dumps(document, ensure_ascii=False).encode()
    assert strict_json.loads(plain) == document
