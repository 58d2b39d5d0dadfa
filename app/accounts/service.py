"""Who a key belongs to. What a role may do is decided beside each action."""

import hashlib
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries
from app.audit.service import Actor
from app.kit.errors import Forbidden, Unauthenticated

_KEY: Final = re.compile(r"tanyin_[a-z]{1,8}_([0-9a-f]{12})_[0-9a-f]{64}\Z")
_NO_DIGEST: Final = bytes(32)


class Scope(StrEnum):
    """What a key may be used for, whatever its holder may do."""

    READ = "READ"
    WRITE = "WRITE"
    MANAGE = "MANAGE"


class UnknownKey(Unauthenticated):
    en = "The API key is unknown, expired or revoked."
    zh = "API 密钥未知、已过期或已吊销。"


class InsufficientScope(Forbidden):
    en = "This key lacks the scope {scope}."
    zh = "该密钥缺少权限范围 {scope}。"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a person by a pseudonymous id, acting for one organisation."""

    key_id: str
    person_id: str
    organisation_id: str
    role: str
    scopes: tuple[str, ...]
    is_manager: bool


async def identify(session: AsyncSession, key_text: str) -> Caller:
    """Return whom *key_text* belongs to; raises `UnknownKey` alike for every reason."""
    match = _KEY.match(key_text)
    row = await queries.find_key(session, match[1] if match else "")
    expected = row.secret_sha256 if row else _NO_DIGEST
    if not hmac.compare_digest(digest(key_text), expected) or row is None:
        raise UnknownKey
    return Caller(
        key_id=row.id,
        person_id=row.person_id,
        organisation_id=row.organisation_id,
        role=row.role,
        scopes=tuple(row.scopes),
        is_manager=row.is_manager,
    )


async def confirm(
    session: AsyncSession, caller: Caller, *, request_id: str, scope: str
) -> Actor:
    """Return *caller* as they stand now, and keep them so until the commit.

    A role taken away meanwhile is seen; one that is being taken away waits for us.
    Raises `UnknownKey`, `InsufficientScope`.
    """
    require_scope(caller.scopes, scope)
    if scope == Scope.MANAGE:
        await queries.lock_accounts(session)
    row = await queries.find_key(session, caller.key_id, held=True)
    if row is None:
        raise UnknownKey
    require_scope(row.scopes, scope)
    return Actor(
        person_id=row.person_id,
        role=row.role,
        organisation_id=row.organisation_id,
        request_id=request_id,
        key_id=row.id,
        scopes=tuple(row.scopes),
        is_manager=row.is_manager,
    )


def require_scope(scopes: Collection[str], scope: str) -> None:
    """Refuse a key that was not given *scope*."""
    if scope not in scopes:
        raise InsufficientScope(scope=scope)


def digest(key_text: str) -> bytes:
    """Return what is stored of a key."""
    # The secret holds 256 random bits, so a slow hash would protect nothing more.
    return hashlib.sha256(key_text.encode()).digest()
