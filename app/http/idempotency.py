"""The header Idempotency-Key, honoured wherever something is stored."""

import hashlib
import re
from typing import Final

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Scope

from app.accounts import idempotency
from app.accounts.idempotency import AlreadyAnswered, Claim
from app.kit.errors import Malformed

_KEY: Final = re.compile(r"[!-~]{1,255}\Z")
_BODY: Final = "tanyin.body_sha256"
_CLAIMED: Final = "tanyin.claimed"
_KEPT_HEADERS: Final = frozenset({"content-type", "etag", "location"})


class BadIdempotencyKey(Malformed):
    en = "Idempotency-Key is one header of 1 to 255 visible ASCII characters."
    zh = "Idempotency-Key 须为单个头,由 1 至 255 个可见 ASCII 字符组成。"


def note_body(scope: Scope, digest: bytes) -> None:
    """Remember the SHA-256 of the request's body."""
    scope[_BODY] = digest


async def claim(request: Request, session: AsyncSession, key_id: str) -> None:
    """Claim the request's key, if it bears one, in the transaction of *session*."""
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        return
    if len(keys) > 1 or not _KEY.match(keys[0]):
        raise BadIdempotencyKey
    scope = request.scope
    path = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
    empty = hashlib.sha256(b"").digest()
    body = scope.get(_BODY, empty)
    wanted = Claim(key_id, request.method, path, keys[0], body)
    await idempotency.claim(session, wanted)
    scope[_CLAIMED] = session, wanted


async def keep(scope: Scope, response: Response) -> None:
    """Store *response* for the key that was claimed, before the commit."""
    if _CLAIMED not in scope:
        return
    session, claimed = scope[_CLAIMED]
    headers = [
        [name, value]
        for name, value in response.headers.items()
        if name in _KEPT_HEADERS
    ]
    await idempotency.keep(
        session,
        claimed,
        status=response.status_code,
        headers=headers,
        body=bytes(response.body),
    )


async def replay(_: Request, error: Exception) -> Response:
    """Answer as before."""
    assert isinstance(error, AlreadyAnswered)  # noqa: S101 - registered for it alone
    kept = error.answer
    response = Response(kept.body, kept.status or 200)
    for name, value in [*kept.headers, ["Idempotent-Replay", "true"]]:
        response.headers[name] = value
    return response
