"""The application as it is served, over a database where commits are real."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

import pytest

from app.accounts.demo import DemoKey, create_demo_accounts
from app.main import create_app
from tests.conftest import Database
from tests.factories.people import People
from tests.factories.probe import client_of, settings_for

# How many times as long as in `make test`; see `make torture`.
TORTURE = int(os.environ.get("TANYIN_TEST_TORTURE", "1"))
# Of everything that is drawn at random; a test that fails shows it.
SEED = os.environ.get("TANYIN_TEST_SEED") or os.urandom(4).hex()


def drawing(salt: object = "") -> Random:
    """Return what draws; *salt* tells several of one run apart."""
    return Random(f"{SEED}{salt}")  # noqa: S311 - draws tests and no secrets


@asynccontextmanager
async def served(
    database: Database, keys: Mapping[str, DemoKey] | None = None
) -> AsyncIterator[People]:
    """Yield the people of the demonstration, whose requests share one small pool.

    With *keys* they are those of an application that was there before.
    """
    app = create_app(settings_for(database, demo=True))
    async with app.router.lifespan_context(app), AsyncExitStack() as stack:
        if keys is None:
            async with app.state.services.sessions.begin() as session:
                keys = await create_demo_accounts(session)
        clients = {
            name: await stack.enter_async_context(client_of(app)) for name in keys
        }
        for name, client in clients.items():
            client.headers["Authorization"] = f"Bearer {keys[name].key}"
        yield People(keys, clients)


@pytest.fixture
async def everybody(database: Database) -> AsyncIterator[People]:
    """Yield everybody, with clients of one application."""
    async with served(database) as people:
        yield people
