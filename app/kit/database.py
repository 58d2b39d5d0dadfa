"""SQLAlchemy base and engines; one dialect: PostgreSQL from 15 on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase

Sessions = async_sessionmaker[AsyncSession]

# What the application role may do with a table; every table says so in its `info`.
APPEND_ONLY: Final = {"grant": "SELECT, INSERT"}
MUTABLE: Final = {"grant": "SELECT, INSERT, UPDATE, DELETE"}


class Base(DeclarativeBase):
    """Tables with predictable constraint names."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


_SERVER: Final = {"timezone": "UTC", "jit": "off"}


def create_engine(url: str, **options: Any) -> AsyncEngine:  # noqa: ANN401 - passed on
    """Return an engine whose sessions speak UTC."""
    return create_async_engine(
        url, connect_args={"server_settings": _SERVER}, **options
    )


def create_reader(url: str, **options: Any) -> AsyncEngine:  # noqa: ANN401 - passed on
    """Return an engine on which PostgreSQL itself refuses every write.

    Each statement stands alone. In a transaction it would see what is committed when
    it begins just the same, for two round trips more.
    """
    server = _SERVER | {"default_transaction_read_only": "on"}
    return create_async_engine(
        url,
        connect_args={"server_settings": server},
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        **options,
    )


def create_sessions(engine: AsyncEngine) -> Sessions:
    """Return the maker of sessions on *engine*."""
    return async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def open_snapshot(url: str) -> AsyncIterator[AsyncConnection]:
    """Yield a connection that sees one state of the database, and changes nothing."""
    engine = create_engine(url).execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )
    try:
        async with engine.begin() as connection:
            # SQLAlchemy begins with the first statement.
            await connection.execute(sa.select(1))
            yield connection
    finally:
        await engine.dispose()
