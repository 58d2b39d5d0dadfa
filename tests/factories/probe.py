"""The application with a few routes of its own, one for each facility of the edge."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI, Query, Response

from app.accounts.models import Organisation
from app.http.bodies import JsonBody, JsonDocument
from app.http.dependencies import (
    Caller,
    KnownCaller,
    ReadSession,
    Session,
    Snapshot,
)
from app.http.problems import problem_responses
from app.http.routing import router
from app.kit.database import Sessions
from app.kit.errors import Conflict, NotFound
from app.kit.schemas import DecimalText, Name, Schema
from app.main import create_app
from app.settings import Settings
from app.translog import service as translog
from app.translog.models import LogEntry
from tests.conftest import Database


class Shape(StrEnum):
    """A closed set."""

    ROUND = "ROUND"
    FLAT = "FLAT"


class Part(Schema):
    """A part of a thing."""

    name: Name
    shape: Shape
    mass: DecimalText


class Thing(Schema):
    """What the probes take and give back."""

    parts: tuple[Part, ...]
    count: int


class Entries(Schema):
    """How many entries a snapshot has, counted in the table."""

    name: str
    entries: int


class Taken(Conflict):
    en = "That is taken."
    zh = "已被占用。"


routes = router("probe")


@routes.get("/v1/series/probe/{name}", responses=problem_responses(NotFound))
async def read_probe(
    name: str,
    snapshot: Snapshot,
    session: ReadSession,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    shape: Shape | None = None,
) -> Entries:
    """Count the entries of a snapshot."""
    del limit, shape
    if name == "missing":
        raise NotFound
    counted = sa.select(sa.func.count()).where(LogEntry.index < snapshot)
    return Entries(name=name, entries=(await session.execute(counted)).scalar_one())


@routes.post("/v1/probe/things")
async def echo_thing(thing: JsonBody[Thing]) -> Thing:
    """Give the thing back."""
    return thing


@routes.put("/v1/probe/things")
async def measure_thing(body: Annotated[bytes, JsonDocument(Thing)]) -> Response:
    """Return the length of the body."""
    return Response(str(len(body)))


@routes.post("/v1/probe/organisations", status_code=201)
async def add_organisation(
    session: Session, name: str, outcome: str = "fine"
) -> Entries:
    """Add an organisation, and perhaps fail at some point."""
    session.add(Organisation(id=name, name_zh=name, name_en=name))
    if outcome == "refused":
        await session.flush()
        raise Taken
    if outcome == "crash":
        await session.flush()
        raise RuntimeError("the secret of the probe")
    if outcome == "late":
        await session.execute(
            sa.text(
                "CREATE TEMPORARY TABLE late (id int, "
                "CONSTRAINT one UNIQUE (id) DEFERRABLE INITIALLY DEFERRED)"
            )
        )
        await session.execute(sa.text("INSERT INTO late VALUES (1), (1)"))
    return Entries(name=name, entries=0)


@routes.post("/v1/probe/entries", status_code=201)
async def append_entry(session: Session) -> Entries:
    """Append one entry to the log."""
    appender = await translog.open_appender(session)
    entry = appender.append("test/probe", lambda _: b"{}")
    return Entries(name="entry", entries=entry.index + 1)


@routes.post("/v1/probe/writes-on-read-session")
async def write_on_read_session(session: ReadSession) -> None:
    """Try to write where reading is promised."""
    session.add(Organisation(id="x", name_zh="x", name_en="x"))
    await session.flush()


@routes.get("/v1/probe/caller")
async def tell_caller(caller: Caller) -> Entries:
    """Tell who asks."""
    return Entries(name=caller.person_id if caller else "nobody", entries=0)


@routes.get("/v1/probe/member")
async def tell_member(caller: KnownCaller) -> Entries:
    """Tell who asks, of those we know."""
    return Entries(name=caller.role, entries=0)


def settings_for(database: Database, **changes: Any) -> Settings:
    """Return settings that name *database*."""
    settings = Settings(
        database_url=database.application_url,
        migration_url=database.owner_url,
        rate_limit=False,
    )
    return replace(settings, **changes)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[FastAPI]:
    """Start an application with the probes."""
    app = create_app(settings)
    app.include_router(routes)
    async with app.router.lifespan_context(app):
        yield app


def client_of(app: FastAPI, address: str = "192.0.2.1") -> httpx.AsyncClient:
    """Return a client in process that seems to sit at *address*."""
    transport = httpx.ASGITransport(app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://tanyin.test")


async def append(sessions: Sessions, count: int = 1) -> None:
    """Append entries to the log from outside the application."""
    async with sessions.begin() as session:
        appender = await translog.open_appender(session)
        for _ in range(count):
            appender.append("test/probe", lambda _: b"{}")
