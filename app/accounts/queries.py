"""Every SELECT on accounts, and the lock of those who change them."""

import datetime as dt
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import ApiKey, Organisation, Person
from app.kit import clock

# Any constant that nothing else in this database uses.
_LOCK: Final = 0x7A6E_7969_6E03
_KEYS_SHOWN: Final = 100


async def lock_accounts(session: AsyncSession) -> None:
    """Let nobody else manage accounts until the transaction ends.

    Comes before the rows of the one who acts are held: two managers who hold their own
    row and want the other's would never end.
    """
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


async def find_key(
    session: AsyncSession, key_id: str, *, held: bool = False
) -> sa.Row[*tuple[Any, ...]] | None:
    """Return a key that opens something now, with whose it is.

    With *held*, key, person and organisation stay as they are until the commit.
    """
    values = {"key_id": key_id, "now": clock.now()}
    return (await session.execute(_key(held=held), values)).one_or_none()


@cache
def _key(*, held: bool) -> sa.Select[*tuple[Any, ...]]:
    """Return the statement that every request with a key begins with."""
    statement = (
        sa.select(
            ApiKey.id,
            ApiKey.secret_sha256,
            ApiKey.scopes,
            ApiKey.person_id,
            Person.organisation_id,
            Person.role,
            Person.is_manager,
        )
        .join(Person, Person.id == ApiKey.person_id)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(
            ApiKey.id == sa.bindparam("key_id"),
            *_is_live(sa.bindparam("now", type_=sa.DateTime(timezone=True))),
            Person.left_at.is_(None),
            Organisation.suspended_at.is_(None),
        )
    )
    return statement.with_for_update(read=True) if held else statement


async def find_organisation(
    session: AsyncSession, organisation_id: str
) -> Organisation | None:
    """Return an organisation without holding it."""
    return await session.get(Organisation, organisation_id)


async def lock_organisation(
    session: AsyncSession, organisation_id: str
) -> Organisation | None:
    """Return an organisation; requests of its people that run now end first."""
    return await session.get(
        Organisation,
        organisation_id,
        with_for_update={"key_share": True},
        populate_existing=True,
    )


async def find_namesake(session: AsyncSession, name_zh: str) -> str | None:
    """Return the organisation that bears this name."""
    return await session.scalar(
        sa.select(Organisation.id).where(Organisation.name_zh == name_zh)
    )


async def find_by_credit_code(session: AsyncSession, credit_code: str) -> str | None:
    """Return the organisation that has this credit code."""
    return await session.scalar(
        sa.select(Organisation.id).where(Organisation.credit_code == credit_code)
    )


async def find_person(session: AsyncSession, person_id: str) -> Person | None:
    """Return somebody without holding them."""
    return await session.get(Person, person_id)


async def lock_person(session: AsyncSession, person_id: str) -> Person | None:
    """Return somebody; their requests that run now end first."""
    return await session.get(
        Person,
        person_id,
        with_for_update={"key_share": True},
        populate_existing=True,
    )


async def list_members(
    session: AsyncSession, organisation_id: str, *, after: str, limit: int
) -> Sequence[Person]:
    """Return members in the order of their ids, from the one behind *after*."""
    rows = await session.scalars(
        sa.select(Person)
        .where(Person.organisation_id == organisation_id, Person.id > after)
        .order_by(Person.id)
        .limit(limit)
    )
    return rows.all()


async def has_other_manager(session: AsyncSession, member: Person) -> bool:
    """Tell whether somebody else manages the organisation of *member*."""
    others = sa.exists().where(
        Person.organisation_id == member.organisation_id,
        Person.id != member.id,
        Person.is_manager,
        Person.left_at.is_(None),
    )
    return bool(await session.scalar(sa.select(others)))


async def roles_in_use(
    session: AsyncSession, organisation_id: str, roles: Collection[str]
) -> Sequence[str]:
    """Return those of *roles* that members have."""
    rows = await session.scalars(
        sa.select(Person.role)
        .where(
            Person.organisation_id == organisation_id,
            Person.role.in_(roles),
            Person.left_at.is_(None),
        )
        .distinct()
        .order_by(Person.role)
    )
    return rows.all()


async def count_live_keys(
    session: AsyncSession, person_id: str, at: dt.datetime
) -> int:
    """Return how many keys of somebody open something at *at*."""
    live = sa.select(sa.func.count()).where(
        ApiKey.person_id == person_id, *_is_live(at)
    )
    return int((await session.execute(live)).scalar_one())


async def list_keys(
    session: AsyncSession, person_id: str, at: dt.datetime
) -> Sequence[ApiKey]:
    """Return the keys of somebody, live ones first, then the newest first."""
    rows = await session.scalars(
        sa.select(ApiKey)
        .where(ApiKey.person_id == person_id)
        .order_by(
            sa.and_(*_is_live(at)).desc(), ApiKey.created_at.desc(), ApiKey.id.desc()
        )
        .limit(_KEYS_SHOWN)
    )
    return rows.all()


async def find_api_key(session: AsyncSession, key_id: str) -> ApiKey | None:
    """Return a key, live or not, without holding it."""
    return await session.get(ApiKey, key_id)


async def lock_key(session: AsyncSession, key_id: str) -> ApiKey | None:
    """Return a key; requests with it that run now end first."""
    return await session.get(
        ApiKey,
        key_id,
        with_for_update={"key_share": True},
        populate_existing=True,
    )


def _is_live(
    at: dt.datetime | sa.BindParameter[dt.datetime],
) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        sa.or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > at),
        # Not by the clock: a request may have read its own before the key was revoked.
        ApiKey.revoked_at.is_(None),
    )
