"""Bringing a database up to date: schema as the owner, grants for the application."""

import asyncio
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit.database import Base, create_engine

ROOT: Final = Path(__file__).resolve().parents[2]


def upgrade(owner_url: str, application_url: str) -> None:
    """Run all migrations as the owner; create and grant the application's role."""
    command.upgrade(alembic_config(owner_url), "head")
    asyncio.run(_grant(owner_url, make_url(application_url)))


def alembic_config(owner_url: str) -> Config:
    """Return Alembic's configuration for the database at *owner_url*."""
    config = Config(toml_file=str(ROOT / "pyproject.toml"))
    config.attributes["url"] = owner_url
    return config


async def _grant(owner_url: str, application: URL) -> None:
    engine = create_engine(owner_url)
    async with engine.begin() as connection:
        await _create_role(connection, application)
        role = _quoted(str(application.username))
        await _execute(connection, f"GRANT USAGE ON SCHEMA public TO {role}")
        for table in Base.metadata.sorted_tables:
            name = _quoted(table.name)
            await _execute(connection, f"REVOKE ALL ON {name} FROM {role}")
            await _execute(
                connection, f"GRANT {table.info['grant']} ON {name} TO {role}"
            )
    await engine.dispose()


async def _create_role(connection: AsyncConnection, application: URL) -> None:
    exists = await connection.scalar(
        sa.text("SELECT 1 FROM pg_roles WHERE rolname = :name"),
        {"name": application.username},
    )
    if exists:
        return
    statement = f"CREATE ROLE {_quoted(str(application.username))} LOGIN"
    if application.password:
        statement += " PASSWORD '" + str(application.password).replace("'", "''") + "'"
    await _execute(connection, statement)


async def _execute(connection: AsyncConnection, statement: str) -> None:
    # exec_driver_sql takes the text as it is: a password may hold a colon.
    await connection.exec_driver_sql(statement)


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
