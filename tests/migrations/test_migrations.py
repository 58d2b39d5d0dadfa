"""The migrations make exactly the declared tables, and nobody can change a fact."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

import app.audit.models
import app.calculation.models
import app.factors.models
import app.publication.models
import app.sources.models
import app.submissions.models  # noqa: F401 - all declares their tables
from app.kit.database import APPEND_ONLY, Base, create_engine
from app.kit.migrate import alembic_config
from tests.conftest import Database

FACTS = [
    table.name for table in Base.metadata.sorted_tables if table.info == APPEND_ONLY
]
CHANGES = [
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
    "MERGE INTO {table} t USING {table} s ON false WHEN MATCHED THEN DELETE",
]
ESCAPES = [
    "SET session_replication_role = replica",
    "ALTER TABLE {table} DISABLE TRIGGER append_only",
    "DROP TRIGGER append_only ON {table}",
    "DROP TABLE {table} CASCADE",
]


def test_there_is_one_head() -> None:
    script = ScriptDirectory.from_config(alembic_config("postgresql://"))

    assert len(script.get_heads()) == 1


def test_the_facts_are_known() -> None:
    assert set(FACTS) == {
        "log_entry",
        "factor",
        "factor_version",
        "status_change",
        "event",
        "evidence",
        "evidence_chunk",
        "evidence_holder",
        "submission_round_item",
        "duty",
        "review",
        "problem_report",
        "log_node",
        "log_checkpoint",
        "log_cosignature",
        "log_alarm",
        "release",
        "calculation",
    }


async def test_models_and_migrations_agree(database: Database) -> None:
    engine = create_engine(database.owner_url)

    async with engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(
                MigrationContext.configure(sync), Base.metadata
            )
        )

    await engine.dispose()
    assert differences == []


def _statements(templates: list[str]) -> Iterator[tuple[str, str]]:
    for table in FACTS:
        column = next(iter(Base.metadata.tables[table].columns)).name
        for template in templates:
            text = template.format(table=f'"{table}"', column=f'"{column}"')
            yield table, text


async def _is_refused(connection: AsyncConnection, statement: str) -> bool:
    savepoint = await connection.begin_nested()
    try:
        await connection.execute(sa.text(statement))
    except DBAPIError as error:
        return getattr(error.orig, "sqlstate", None) == "42501"
    finally:
        await savepoint.rollback()
    return False


@pytest.mark.parametrize(
    ("table", "statement"), [*_statements(CHANGES), *_statements(ESCAPES)]
)
async def test_the_application_cannot_change_a_fact(
    database: Database, table: str, statement: str
) -> None:
    engine = create_engine(database.application_url)

    async with engine.connect() as connection:
        # The same connection may read, so the refusal is about the change.
        await connection.execute(sa.select(Base.metadata.tables[table]))
        assert await _is_refused(connection, statement)

    await engine.dispose()


@pytest.mark.parametrize(("table", "statement"), [*_statements(CHANGES[:3])])
async def test_not_even_the_owner_changes_a_fact_by_mistake(
    database: Database, table: str, statement: str
) -> None:
    engine = create_engine(database.owner_url)

    async with engine.connect() as connection:
        assert await _is_refused(connection, statement), table

    await engine.dispose()


async def test_the_application_owns_no_table(database: Database) -> None:
    engine = create_engine(database.application_url)
    statement = sa.text(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
        "AND tableowner <> 'tanyin_owner'"
    )

    async with engine.connect() as connection:
        assert (await connection.execute(statement)).all() == []
        assert await _is_refused(connection, "CREATE TABLE mine (id int)")

    await engine.dispose()
