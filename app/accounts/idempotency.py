"""Answering a repeated request once: same key and body, same answer.

The claim, the effect and the answer are one transaction. Whoever comes with the same
key meanwhile waits for that transaction to end.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import IdempotentAnswer
from app.kit import clock
from app.kit.errors import DomainError, Invalid

KEPT: Final = dt.timedelta(days=7)


class IdempotencyKeyReused(Invalid):
    en = "This Idempotency-Key was used with another body; choose a new one."
    zh = "该 Idempotency-Key 已用于不同的请求体,请换用新的键。"


@dataclass(frozen=True, slots=True)
class Claim:
    """One use of a key: by whom, on what."""

    key_id: str
    method: str
    path: str
    key: str
    request_sha256: bytes


class AlreadyAnswered(DomainError):
    """Not a refusal: carries the answer that was given before."""

    def __init__(self, answer: IdempotentAnswer) -> None:
        self.answer = answer
        super().__init__()


async def claim(session: AsyncSession, wanted: Claim) -> None:
    """Take the key for this transaction.

    Raises `AlreadyAnswered` with the former answer, or `IdempotencyKeyReused`.
    """
    await _forget_old(session, wanted.key_id)
    row = insert(IdempotentAnswer).values(
        key_id=wanted.key_id,
        method=wanted.method,
        path=wanted.path,
        key=wanted.key,
        request_sha256=wanted.request_sha256,
        created_at=clock.now(),
        headers=[],
        body=b"",
    )
    taken = await session.execute(
        row.on_conflict_do_nothing().returning(IdempotentAnswer.key)
    )
    if taken.one_or_none() is None:
        former = await session.get_one(IdempotentAnswer, _identity(wanted))
        if former.request_sha256 != wanted.request_sha256:
            raise IdempotencyKeyReused
        # The rollback that follows empties what the session still holds.
        session.expunge(former)
        raise AlreadyAnswered(former)


async def keep(
    session: AsyncSession,
    claimed: Claim,
    *,
    status: int,
    headers: list[list[str]],
    body: bytes,
) -> None:
    """Store the answer beside its effect."""
    await session.execute(
        sa.update(IdempotentAnswer)
        .where(*_is(claimed))
        .values(status=status, headers=headers, body=body)
    )


async def _forget_old(session: AsyncSession, key_id: str) -> None:
    await session.execute(
        sa.delete(IdempotentAnswer).where(
            IdempotentAnswer.key_id == key_id,
            IdempotentAnswer.created_at < clock.now() - KEPT,
        )
    )


def _identity(wanted: Claim) -> tuple[str, str, str, str]:
    return wanted.key_id, wanted.method, wanted.path, wanted.key


def _is(wanted: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    columns = (
        IdempotentAnswer.key_id,
        IdempotentAnswer.method,
        IdempotentAnswer.path,
        IdempotentAnswer.key,
    )
    pairs = zip(columns, _identity(wanted), strict=True)
    return tuple(column == each for column, each in pairs)
