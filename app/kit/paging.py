"""Cursors of lists: opaque, and bound to one query.

A cursor says where a page begins. It holds a digest of itself and of its query, so that
a changed or a foreign one is refused. The digest is no signature: who forges a cursor
reads another page of what is public anyway, so its content is checked like any input.
"""

import base64
import hashlib
from typing import Final, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from app.kit.canonical import Json, canonical_bytes
from app.kit.errors import Invalid

_T = TypeVar("_T")
_DIGEST: Final = 9


class BadCursor(Invalid):
    en = "This cursor does not continue this query; start again without it."
    zh = "该游标不属于此查询,请去掉游标重新查询。"


def write_cursor(query: Json, position: Json) -> str:
    """Return the cursor that continues *query* at *position*."""
    payload = orjson.dumps(position)
    data = _digest(query, payload) + payload
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read_cursor(text: str, query: Json, form: TypeAdapter[_T], pointer: str) -> _T:
    """Return the position in *text*, a cursor of *query*; *form* says what it is."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        payload = data[_DIGEST:]
        position = form.validate_json(payload, strict=True)
    except (ValueError, ValidationError):
        raise BadCursor(pointer=pointer) from None
    # The text must be the one way to write it: Base64 leaves some bits open.
    written = base64.urlsafe_b64encode(data).decode().rstrip("=")
    if written != text or data[:_DIGEST] != _digest(query, payload):
        raise BadCursor(pointer=pointer)
    return position


def _digest(query: Json, payload: bytes) -> bytes:
    return hashlib.sha256(canonical_bytes(query) + b"\n" + payload).digest()[:_DIGEST]
