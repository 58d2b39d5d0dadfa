"""The application as it is served, over a database where commits are real."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from app.accounts.demo import create_demo_accounts
from app.main import create_app
from tests.conftest import Database
from tests.factories.people import People
from tests.factories.probe import client_of, settings_for

# How many times as long as in `make test`; see `make torture`.
TORTURE = int(os.environ.get("TANYIN_TEST_TORTURE", "1"))
# Of everything that is drawn at random; a test that fails shows it.
SEED = os.environ.get("TANYIN_TEST_SEED") or os.urandom(4).hex()


@asynccontextmanager
async def _served(database: Database) -> AsyncIterator[FastAPI]:
    app = create_app(settings_for(database, demo=True))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def everybody(database: Database) -> AsyncIterator[People]:
    """Yield the people of the demonstration, whose requests share one small pool."""
    async with _served(database) as app, AsyncExitStack() as stack:
        async with app.state.services.sessions.begin() as session:
            keys = await create_demo_accounts(session)
        clients: dict[str, httpx.AsyncClient] = {}
        for name, key in keys.items():
            client = await stack.enter_async_context(client_of(app))
            client.headers["Authorization"] = f"Bearer {key.key}"
            clients[name] = client
        yield People(keys, clients)
