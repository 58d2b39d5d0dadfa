"""The application in process, over the database of the test."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.kit.database import Sessions
from app.main import create_app
from app.settings import Settings
from tests.factories.probe import client_of
from tests.factories.services import services


@pytest.fixture
async def client(sessions: Sessions) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of an application that reads and writes what the test does."""
    app = create_app(Settings(rate_limit=False))
    app.state.services = services(sessions)
    async with client_of(app) as client:
        yield client
