"""The people of the demonstration, each with a client that bears their key."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app.accounts.demo import DemoKey, create_demo_accounts
from app.audit.service import Actor
from app.kit.database import Sessions
from app.main import create_app
from app.reference.policy import DEMO, Policy
from app.settings import Settings
from tests.factories.probe import client_of
from tests.factories.services import services

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class People:
    """Everybody of the demonstration by name, and somebody without a key."""

    keys: Mapping[str, DemoKey]
    clients: Mapping[str, httpx.AsyncClient]

    def id(self, name: str) -> str:
        """Return the pseudonymous id of a person."""
        return self.keys[name].person

    async def post(
        self, name: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        """Post as somebody; `if_match` is a header."""
        sent = {each.replace("_", "-"): value for each, value in headers.items()}
        document = {} if body is None else body
        return await self.clients[name].post(f"/v1{path}", json=document, headers=sent)

    async def get(self, name: str, path: str) -> httpx.Response:
        """Read as somebody."""
        return await self.clients[name].get(f"/v1{path}")

    async def done(self, name: str, path: str, body: Any = None) -> Answer:
        """Post as somebody and return the answer, which is no refusal."""
        answer = await self.post(name, path, body)
        assert answer.is_success, answer.text
        document: Answer = answer.json()
        return document


@asynccontextmanager
async def people(sessions: Sessions, policy: Policy = DEMO) -> AsyncIterator[People]:
    """Make the demonstration's accounts, with clients of one application."""
    async with sessions.begin() as session:
        keys = await create_demo_accounts(session)
    app = create_app(Settings(rate_limit=False))
    app.state.services = services(sessions, policy)
    async with AsyncExitStack() as stack:
        clients = {"nobody": await stack.enter_async_context(client_of(app))}
        for name, key in keys.items():
            client = await stack.enter_async_context(client_of(app))
            client.headers["Authorization"] = f"Bearer {key.key}"
            clients[name] = client
        yield People(keys, clients)


def actor_of(key: DemoKey) -> Actor:
    """Return the owner of *key* as somebody who acts."""
    return Actor(
        person_id=key.person,
        role=key.role,
        organisation_id=key.organisation,
        request_id="test",
    )
