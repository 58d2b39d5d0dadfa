"""Who a key belongs to. What a role may do is decided beside each action."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import ApiKey, Person
from app.kit import clock
from app.kit.errors import Unauthenticated

_KEY: Final = re.compile(r"tanyin_[a-z]{1,8}_([0-9a-f]{12})_[0-9a-f]{64}\Z")
_NO_DIGEST: Final = bytes(32)


class UnknownKey(Unauthenticated):
    en = "The API key is unknown, expired or revoked."
    zh = "API 密钥未知、已过期或已吊销。"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a person by a pseudonymous id, acting for one organisation."""

    key_id: str
    person_id: str
    organisation_id: str
    role: str


async def identify(session: AsyncSession, key_text: str) -> Caller:
    """Return whom *key_text* belongs to; raises `UnknownKey` alike for every reason."""
    match = _KEY.match(key_text)
    row = await _find_key(session, match[1] if match else "")
    expected = row.secret_sha256 if row else _NO_DIGEST
    if not hmac.compare_digest(digest(key_text), expected) or row is None:
        raise UnknownKey
    return Caller(row.id, row.person_id, row.organisation_id, row.role)


async def _find_key(
    session: AsyncSession, key_id: str
) -> sa.Row[str, bytes, str, str, str] | None:
    now = clock.now()
    rows = await session.execute(
        sa.select(
            ApiKey.id,
            ApiKey.secret_sha256,
            ApiKey.person_id,
            Person.organisation_id,
            Person.role,
        )
        .join(Person, Person.id == ApiKey.person_id)
        .where(
            ApiKey.id == key_id,
            sa.or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
            sa.or_(ApiKey.revoked_at.is_(None), ApiKey.revoked_at > now),
        )
    )
    return rows.one_or_none()


def digest(key_text: str) -> bytes:
    """Return what is stored of a key."""
    # The secret holds 256 random bits, so a slow hash would protect nothing more.
    return hashlib.sha256(key_text.encode()).digest()
