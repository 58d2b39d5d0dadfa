"""Health, readiness, measurements, the log of requests, and CORS."""

import json
import logging
import re

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.http.logs import JsonFormatter
from app.kit.database import create_engine
from tests.conftest import Database
from tests.factories.probe import client_of, running, settings_for

PROBE = "/v1/series/probe/x"
ORIGIN = {"Origin": "https://example.org"}


async def test_process_is_alive(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ALIVE"})


@pytest.mark.committed
async def test_database_that_may_lose_commits_is_not_ready(
    client: httpx.AsyncClient,
) -> None:
    """The server of the tests runs without fsync."""
    answer = await client.get("/readyz")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (503, "NOT_DURABLE")
    assert "fsync" in problem["detail"]
    assert "retry-after" in answer.headers


@pytest.mark.committed
async def test_role_that_commits_asynchronously_is_not_ready(
    database: Database,
) -> None:
    engine = create_engine(database.owner_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        name = await connection.scalar(sa.text("SELECT current_database()"))
        statement = f"ALTER DATABASE {name} SET synchronous_commit = off"
        await connection.execute(sa.text(statement))
    await engine.dispose()

    async with running(settings_for(database)) as app, client_of(app) as client:
        answer = await client.get("/readyz")

    assert "synchronous_commit" in answer.json()["detail"]


async def test_measurements_have_no_label_of_a_client_s_making(
    client: httpx.AsyncClient,
) -> None:
    await client.get(PROBE)
    await client.get("/v1/series/probe/another?limit=7")
    await client.get("/v1/made-up")
    await client.request("FOO", "/healthz")
    await client.head("/healthz")

    text = (await client.get("/metrics")).text

    found = set(re.findall(r"tanyin_http_requests_total\{(.*?)\} ([0-9.]+)", text))
    probe = 'method="GET",route="/v1/series/probe/{name}",status="200"'
    assert {
        (probe, "2.0"),
        ('method="GET",route="unmatched",status="404"', "1.0"),
        ('method="OTHER",route="/healthz",status="405"', "1.0"),
        ('method="HEAD",route="/healthz",status="200"', "1.0"),
    } <= found
    assert f"tanyin_http_request_seconds_count{{{probe}}} 2.0" in text
    assert "tanyin_log_size 0.0" in text


async def test_request_is_one_line(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tanyin.requests")
    headers = {"Authorization": "Bearer hunter2", "X-Request-Id": "line-1"}

    answer = await client.get(
        f"{PROBE}\n?token=hunter2".replace("\n", "%0A"), headers=headers
    )

    records = [each for each in caplog.records if each.name == "tanyin.requests"]
    (line,) = [JsonFormatter().format(record) for record in records]
    fields = json.loads(line)
    assert "\n" not in line
    assert "hunter2" not in line
    assert fields.pop("time").endswith("Z")
    assert 0 <= fields.pop("ms") < 10_000
    assert fields == {
        "level": "INFO",
        "method": "GET",
        "path": f"{PROBE}\n",
        "status": 401,
        "bytes": len(answer.content),
        "request_id": "line-1",
        "client": "192.0.2.1",
    }


async def test_anyone_s_page_may_read_published_data(
    client: httpx.AsyncClient,
) -> None:
    get = await client.get(PROBE, headers=ORIGIN)
    kept = await client.get(PROBE)
    missing = await client.get("/v1/series/probe/missing", headers=ORIGIN)

    for answer in (get, kept, missing):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "TanYin-Snapshot" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", PROBE, True),
        ("HEAD", PROBE, True),
        ("POST", "/v1/calculations", True),
        ("POST", "/v1/probe/things", False),
        ("DELETE", PROBE, False),
        ("GET", "/healthz", False),
    ],
)
async def test_preflight(
    client: httpx.AsyncClient, method: str, path: str, *, allowed: bool
) -> None:
    headers = ORIGIN | {"Access-Control-Request-Method": method}

    answer = await client.options(path, headers=headers)

    assert (answer.status_code == 204) is allowed
    assert ("access-control-allow-origin" in answer.headers) is allowed
    granted = answer.headers.get("access-control-allow-headers", "")
    assert "authorization" not in granted.lower()


async def test_origins_may_be_named(database: Database) -> None:
    settings = settings_for(database, cors_origins=("https://example.org",))
    async with running(settings) as app, client_of(app) as client:
        named = await client.get(PROBE, headers=ORIGIN)
        other = await client.get(PROBE, headers={"Origin": "https://evil.example"})

    assert named.headers["access-control-allow-origin"] == "https://example.org"
    assert "access-control-allow-origin" not in other.headers
    assert named.headers["vary"] == other.headers["vary"] == "Origin"


async def test_closed_app_does_not_linger(app: FastAPI) -> None:
    assert app.state.services.head.size >= 0
