"""The probed application, in process and on a real port."""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from app.http.protocol import StrictProtocol
from tests.conftest import Database
from tests.factories.probe import client_of, running, settings_for


@pytest.fixture
async def app(database: Database) -> AsyncIterator[FastAPI]:
    """Yield a running application."""
    async with running(settings_for(database)) as app:
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of `app`."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[tuple[str, int]]:
    """Yield where `app` listens, served as `tanyin serve` serves it."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=StrictProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    # Not serve(), which would take the signals of the test run.
    task = asyncio.create_task(server._serve([listener]))  # noqa: SLF001
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield listener.getsockname()[:2]
    server.should_exit = True
    await task
