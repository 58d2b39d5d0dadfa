"""Snapshots: sizes and instants, and how a process learns of new ones."""

import asyncio
import datetime as dt
import time

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.http import head
from app.http.services import services_of
from app.kit.clock import instant_text
from app.kit.database import Sessions
from app.translog import service as translog
from app.translog.models import LogEntry
from tests.factories.probe import append

PROBE = "/v1/series/probe/x"

pytestmark = pytest.mark.committed


async def entries(
    client: httpx.AsyncClient, snapshot: object = None
) -> tuple[str, int]:
    """Return the snapshot that an answer names and the entries it has counted."""
    params = {} if snapshot is None else {"snapshot": str(snapshot)}
    answer = await client.get(PROBE, params=params)
    assert answer.status_code == 200
    return answer.headers["tanyin-snapshot"], answer.json()["entries"]


async def size_within(app: FastAPI, size: int, seconds: float) -> float:
    """Wait until the process knows of *size* entries; return how long it took."""
    begun = time.monotonic()
    while services_of({"app": app}).head.size < size:
        assert time.monotonic() - begun < seconds
        await asyncio.sleep(0.005)
    return time.monotonic() - begun


async def test_empty_log_has_snapshot_zero(client: httpx.AsyncClient) -> None:
    assert await entries(client) == ("0", 0)
    assert await entries(client, 0) == ("0", 0)


async def test_size_names_the_entries_below_it(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    await append(sessions, 3)

    found = [await entries(client, size) for size in (3, 0, 1, 2)]

    assert found == [("3", 3), ("0", 0), ("1", 1), ("2", 2)]


async def test_size_beyond_the_head_renews_it_first(
    app: FastAPI, client: httpx.AsyncClient, sessions: Sessions
) -> None:
    await append(sessions)
    services_of({"app": app}).head.size = 0

    assert await entries(client, 1) == ("1", 1)


async def test_size_beyond_the_log_is_not_yet(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{PROBE}?snapshot=1")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "SNAPSHOT_NOT_YET")
    assert problem["errors"][0]["pointer"] == "?snapshot"


async def test_instant_names_the_entries_up_to_it(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    await append(sessions)
    await append(sessions)
    async with sessions() as session:
        query = sa.select(LogEntry.recorded_at).order_by(LogEntry.index)
        first, second = await session.scalars(query)
    tick = dt.timedelta(microseconds=1)

    instants = [first - tick, first, second - tick, second, second + tick]
    found = [await entries(client, instant_text(each)) for each in instants]

    assert [entry[1] for entry in found] == [0, 1, 1, 2, 2]
    assert [entry[0] for entry in found] == ["0", "1", "1", "2", "2"]


async def test_instant_may_have_an_offset(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    await append(sessions)

    assert await entries(client, "2020-01-01T08:00:00+08:00") == ("0", 0)


async def test_future_instant_is_not_yet(client: httpx.AsyncClient) -> None:
    answer = await client.get(PROBE, params={"snapshot": "2999-01-01T00:00:00Z"})

    assert answer.json()["code"] == "SNAPSHOT_NOT_YET"


async def test_unknown_release_is_unknown(client: httpx.AsyncClient) -> None:
    answer = await client.get(PROBE, params={"snapshot": "2026.1"})

    assert (answer.status_code, answer.json()["code"]) == (422, "UNKNOWN_SNAPSHOT")


async def test_instant_waits_for_a_publication_that_is_under_way(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    """Else the answer for that instant would be another one after the commit."""
    async with sessions.begin() as session:
        appender = await translog.open_appender(session)
        appender.append("test/probe", lambda _: b"{}")
        now = instant_text(dt.datetime.now(dt.UTC))
        reading = asyncio.create_task(entries(client, now))
        await asyncio.sleep(0.2)
        assert not reading.done()

    assert await reading == ("1", 1)
    await append(sessions)
    assert await entries(client, now) == ("1", 1)


async def test_notice_renews_the_head_at_once(
    app: FastAPI, client: httpx.AsyncClient, sessions: Sessions
) -> None:
    await entries(client)
    await asyncio.sleep(0.2)  # the listener connects

    await append(sessions)

    assert await size_within(app, 1, 0.9) < 0.5


async def test_poll_renews_the_head_without_a_notice(
    app: FastAPI, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        row = {
            "index": 0,
            "kind": "test/probe",
            "record": b"{}",
            "leaf_hash": bytes(32),
            "recorded_at": dt.datetime.now(dt.UTC),
        }
        await session.execute(sa.insert(LogEntry), row)

    await size_within(app, 1, 1.5)


async def test_listener_comes_back(
    app: FastAPI, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "_POLL_SECONDS", 0.1)
    async with sessions() as session:
        await session.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )

    await append(sessions)

    await size_within(app, 1, 20)
