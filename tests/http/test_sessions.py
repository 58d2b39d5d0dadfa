"""One request is one transaction, committed before its answer leaves."""

import asyncio

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.accounts.models import Organisation
from app.http.services import services_of
from app.kit.database import Sessions

ADD = "/v1/probe/organisations"


async def names(sessions: Sessions) -> set[str]:
    """Return the organisations that are committed."""
    async with sessions() as session:
        return set(await session.scalars(sa.select(Organisation.id)))


@pytest.mark.committed
async def test_answer_comes_after_the_commit(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    answer = await client.post(f"{ADD}?name=a")

    assert answer.status_code == 201
    assert await names(sessions) == {"a"}


@pytest.mark.committed
@pytest.mark.parametrize(("outcome", "status"), [("refused", 409), ("crash", 500)])
async def test_failure_leaves_nothing(
    client: httpx.AsyncClient, sessions: Sessions, outcome: str, status: int
) -> None:
    answer = await client.post(f"{ADD}?name=a&outcome={outcome}")

    assert answer.status_code == status
    assert await names(sessions) == set()


@pytest.mark.committed
async def test_commit_that_fails_is_no_success(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    """A deferred constraint speaks up at the commit, when the handler is done."""
    answer = await client.post(f"{ADD}?name=a&outcome=late")

    assert answer.status_code == 500
    assert await names(sessions) == set()


@pytest.mark.committed
async def test_read_session_cannot_write(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    answer = await client.post("/v1/probe/writes-on-read-session")

    assert answer.status_code == 500
    assert await names(sessions) == set()


@pytest.mark.committed
async def test_write_shows_in_the_next_read_of_this_process(
    client: httpx.AsyncClient,
) -> None:
    for size in (1, 2, 3):
        written = await client.post("/v1/probe/entries")
        read = await client.get("/v1/series/probe/x")

        assert written.json()["entries"] == size
        assert read.headers["tanyin-snapshot"] == str(size)
        assert read.json()["entries"] == size


@pytest.mark.committed
async def test_restart_of_the_database_costs_no_request(
    app: FastAPI, client: httpx.AsyncClient, sessions: Sessions
) -> None:
    reads = [client.get(f"/v1/series/probe/{number}") for number in range(5)]
    assert {answer.status_code for answer in await asyncio.gather(*reads)} == {200}
    async with sessions() as session:
        await session.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await asyncio.sleep(0.1)

    answers = [await client.get(f"/v1/series/probe/a{n}") for n in range(5)]

    assert {answer.status_code for answer in answers} == {200}
    assert services_of({"app": app}).head.size == 0
