"""Alembic's entry: every migration in its own transaction, one upgrade at a time."""

import asyncio

import sqlalchemy as sa
from alembic import context
from sqlalchemy.engine import Connection

import app.audit.models
import app.calculation.models
import app.factors.models
import app.publication.models
import app.sources.models
import app.submissions.models  # noqa: F401 - all registers their tables
from app.kit.database import Base, create_engine

_UPGRADE_LOCK = 0x7A6E_7969_6E02


def run(connection: Connection) -> None:
    """Upgrade while holding the lock that keeps a second upgrade out."""
    connection.execute(sa.select(sa.func.pg_advisory_lock(_UPGRADE_LOCK)))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transaction_per_migration=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    engine = create_engine(context.config.attributes["url"])
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
