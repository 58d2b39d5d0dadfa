"""People with keys, and requests in their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import sqlalchemy as sa

from app.accounts.demo import DemoKey, create_demo_accounts
from app.audit.models import Event
from app.kit.database import Sessions


@dataclass(frozen=True, slots=True)
class Desk:
    """A client and the keys of the demonstration, by the names of their holders."""

    client: httpx.AsyncClient
    keys: Mapping[str, DemoKey]

    async def ask(
        self, who: str, method: str, path: str, body: Any = None, **options: Any
    ) -> httpx.Response:
        """Send a request with the key of *who*, or with *who* itself as a key."""
        key = self.keys[who].key if who in self.keys else who
        headers = {"Authorization": f"Bearer {key}"} | options.pop("headers", {})
        if body is not None:
            options["json"] = body
        return await self.client.request(
            method, f"/v1{path}", headers=headers, **options
        )


async def open_desk(client: httpx.AsyncClient, sessions: Sessions) -> Desk:
    """Create the accounts of the demonstration."""
    async with sessions.begin() as session:
        return Desk(client, await create_demo_accounts(session))


async def events(sessions: Sessions) -> Sequence[Event]:
    """Return all events, in order."""
    async with sessions() as session:
        return (await session.scalars(sa.select(Event).order_by(Event.seq))).all()
