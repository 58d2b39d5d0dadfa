"""PostgreSQL for tests: one server a run, one database a worker, one rollback a test.

A test that asks for `sessions` or `session` runs in a transaction that is rolled back;
what the code under test commits is a savepoint in it. Marked `committed`, it gets a
database of its own, where commits are real and sessions may race.
"""

import asyncio
import fcntl
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.kit import migrate
from app.kit.database import Sessions, create_engine, create_sessions
from app.kit.embedded import Server, serve_postgres

# Where the programs are, for another PostgreSQL than that of the wheel.
BINARIES = "TANYIN_TEST_PG_BIN"
# Set by the controller for its workers.
RUN_DIR = "TANYIN_TEST_RUN_DIR"
SOCKET_DIR = "TANYIN_TEST_SOCKET_DIR"
TEMPLATE = "tanyin_template"

_numbers = count()


@dataclass(frozen=True, slots=True)
class Database:
    """One database as its owner and as the application."""

    owner_url: str
    application_url: str


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "committed: runs in a database of its own, where commits are real"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the server before xdist starts the workers, which inherit its address."""
    config = session.config
    if hasattr(config, "workerinput") or config.getoption("collectonly"):
        return
    stack = ExitStack()
    config.add_cleanup(stack.close)
    run_dir = stack.enter_context(tempfile.TemporaryDirectory(prefix="tanyin-test-"))
    # As root the server runs under another account, which has to pass through.
    Path(run_dir).chmod(0o711)
    server = stack.enter_context(
        serve_postgres(Path(run_dir, "data"), binaries=_binaries(), fsync=False)
    )
    os.environ[RUN_DIR] = run_dir
    os.environ[SOCKET_DIR] = str(server.socket_dir)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `database` whatever asks for one; tryfirst, for -m looks at it next."""
    for item in items:
        if {"server", "binaries"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("database")


def _binaries() -> Path | None:
    found = os.environ.get(BINARIES)
    return Path(found) if found else None


@pytest.fixture(scope="session")
def binaries() -> Path | None:
    """Return where the PostgreSQL under test is, or `None` for the wheel's."""
    return _binaries()


@pytest.fixture(scope="session")
def server() -> Server:
    """Return the server of this run."""
    return Server(Path(os.environ[SOCKET_DIR]))


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """Return the name of a database that the migrations have made, once a run."""
    done = Path(os.environ[RUN_DIR], "template")
    with done.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            asyncio.run(server.ensure_database(TEMPLATE, "tanyin_owner"))
            database = _database(server, TEMPLATE)
            migrate.upgrade(database.owner_url, database.application_url)
            done.touch()
    return TEMPLATE


def _database(server: Server, name: str) -> Database:
    return Database(server.url("tanyin_owner", name), server.url("tanyin_app", name))


@asynccontextmanager
async def cloned(server: Server, template: str) -> AsyncIterator[Database]:
    """Yield a database of its own that begins as *template* is."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    name = f"test_{worker}_{next(_numbers)}"
    admin = await asyncpg.connect(
        host=str(server.socket_dir),
        port=server.port,
        user="postgres",
        database="postgres",
    )
    try:
        await admin.execute(
            f"CREATE DATABASE {name} TEMPLATE {template} OWNER tanyin_owner"
        )
        yield _database(server, name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture(scope="session")
async def worker_database(server: Server, template: str) -> AsyncIterator[Database]:
    """Yield the database that the rolled-back tests of this worker share."""
    async with cloned(server, template) as database:
        yield database


@pytest.fixture(scope="session")
async def worker_engine(worker_database: Database) -> AsyncIterator[AsyncEngine]:
    """Yield the engine of the rolled-back tests, as the application."""
    engine = create_engine(worker_database.application_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def database(
    request: pytest.FixtureRequest,
    server: Server,
    template: str,
    worker_database: Database,
) -> AsyncIterator[Database]:
    """Yield the database of this test; one of its own if it is marked `committed`."""
    if request.node.get_closest_marker("committed") is None:
        yield worker_database
        return
    async with cloned(server, template) as database:
        yield database


@pytest.fixture
async def sessions(
    request: pytest.FixtureRequest, database: Database, worker_engine: AsyncEngine
) -> AsyncIterator[Sessions]:
    """Yield the maker of sessions, as the application; each call is a new session."""
    if request.node.get_closest_marker("committed") is not None:
        engine = create_engine(database.application_url)
        yield create_sessions(engine)
        await engine.dispose()
        return
    async with worker_engine.connect() as connection:
        transaction = await connection.begin()
        yield async_sessionmaker(
            connection,
            expire_on_commit=False,
            join_transaction_mode="create_savepoint",
        )
        await transaction.rollback()


@pytest.fixture
async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Yield one session of this test."""
    async with sessions() as session:
        yield session
