"""The one canonical byte form of a document, and its digest.

RFC 8785 behind a type check: NFC strings, integers below 2^53, booleans, null, arrays
and objects. A float is a mistake, because its digits are not the ones that were stated.
"""

import hashlib
import unicodedata
from typing import TYPE_CHECKING, Final, TypeAlias

import orjson
import rfc8785

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json: TypeAlias = (
    "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
)

_INTEGER_LIMIT: Final = 2**53


def canonical_bytes(document: Json) -> bytes:
    """Return the canonical JSON bytes of *document*.

    Raises TypeError for a float or another type that JSON facts do not have, and
    ValueError for text outside NFC or an integer from 2^53 on.
    """
    if _check(document):
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    return rfc8785.dumps(document)


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 of *data*."""
    return hashlib.sha256(data).digest()


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of *data* in lowercase hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _check(value: Json) -> bool:
    """Refuse what has no canonical form; tell whether all keys are ASCII.

    RFC 8785 sorts keys by UTF-16 and the fast way by UTF-8, which is the same there.
    """
    if isinstance(value, str):
        _check_text(value)
        return True
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        _check_integer(value)
        return True
    if isinstance(value, dict):
        values = _check([*value.values()])
        return _check([*value]) and values and all(map(str.isascii, value))
    if isinstance(value, list | tuple):
        return min(map(_check, value), default=True)  # every one is checked
    raise TypeError(f"{type(value).__name__} has no canonical form.")


def _check_integer(number: int) -> None:
    if abs(number) >= _INTEGER_LIMIT:
        raise ValueError(f"{number} does not fit into 53 bits.")


def _check_text(text: str) -> None:
    if text.isascii():
        return
    text.encode()  # a lone surrogate is a ValueError too
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("Text is not in Unicode normal form C.")
