"""Problem documents: form, languages, families, what is never shown."""

import logging
from dataclasses import replace

import asyncpg
import httpx
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from app.http import problems
from app.kit import errors
from app.kit.errors import DomainError
from tests.conftest import Database
from tests.factories.probe import client_of, running, settings_for

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
PROBE = "/v1/series/probe/x"


async def test_problem_has_every_member_and_its_request_id(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get(f"{PROBE}?colour=red", headers={"X-Request-Id": "abc-1"})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "type": "/problems/unknown-parameter",
        "title": "Rules broken",
        "status": 422,
        "detail": "This address has no such parameter.",
        "instance": "abc-1",
        "code": "UNKNOWN_PARAMETER",
        "errors": [
            {
                "pointer": "?colour",
                "code": "UNKNOWN_PARAMETER",
                "detail": "This address has no such parameter.",
            }
        ],
    }


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("zh", "zh"),
        ("zh-Hans-CN;q=0.9, en;q=0.8", "zh"),
        ("en, zh;q=0.5", "en"),
        ("fr, zh;q=0.1", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=2", "en"),
        ("", "en"),
        ("*", "en"),
        ("zh" * 5000, "en"),
    ],
)
async def test_language_follows_accept_language(
    client: httpx.AsyncClient, accepted: str, language: str
) -> None:
    answer = await client.get("/v1/nothing", headers={"Accept-Language": accepted})

    assert answer.status_code == 404
    assert answer.headers["content-language"] == language
    assert "Accept-Language" in answer.headers["vary"]
    assert answer.json()["title"] == {"zh": "未找到", "en": "Not found"}[language]


async def test_no_success_depends_on_the_language(client: httpx.AsyncClient) -> None:
    english = await client.get(PROBE)
    chinese = await client.get(PROBE, headers=CHINESE)

    assert chinese.content == english.content
    assert "vary" not in chinese.headers


async def test_all_errors_come_at_once_in_chinese(client: httpx.AsyncClient) -> None:
    body = {"parts": [{"name": "a", "shape": "SQUARE", "mass": "1"}], "more": 1}

    answer = await client.post("/v1/probe/things", json=body, headers=CHINESE)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "INVALID_REQUEST")
    assert problem["detail"] == "共有 3 处违反规则,详见 errors。"
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [
        ("/parts/0/shape", "BAD_VALUE"),
        ("/count", "MISSING_FIELD"),
        ("/more", "UNKNOWN_FIELD"),
    ]


async def test_rejected_values_are_not_repeated(client: httpx.AsyncClient) -> None:
    secret = "s3cr3t-value"  # noqa: S105 - a marker to look for
    thing = {"parts": [{"name": secret, "shape": secret, "mass": secret}], "count": 1}

    answers = [
        await client.get(PROBE, params={"limit": secret, "shape": secret}),
        await client.get(PROBE, params={"snapshot": secret}),
        await client.post("/v1/probe/things", json=thing),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert not any(secret in answer.text for answer in answers)


async def test_many_findings_are_counted_but_not_all_listed(
    client: httpx.AsyncClient,
) -> None:
    body = {f"field_{number}": 1 for number in range(1000)}

    problem = (await client.post("/v1/probe/things", json=body)).json()

    assert problem["detail"].startswith("1002 rules")
    assert len(problem["errors"]) == 200


async def test_unknown_address_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere")

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert answer.json()["errors"] == []


@pytest.mark.parametrize("method", ["GET", "TRACE", "OPTIONS", "FOO"])
async def test_allow_lists_the_methods_of_all_routes_at_an_address(
    client: httpx.AsyncClient, method: str
) -> None:
    answer = await client.request(method, "/v1/probe/things")

    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "POST, PUT"


async def test_where_get_is_allowed_head_is(client: httpx.AsyncClient) -> None:
    answer = await client.delete(PROBE)

    assert answer.headers["allow"] == "GET, HEAD"


async def test_failure_is_a_problem_that_tells_nothing(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "tanyin"):
        answer = await client.post("/v1/probe/organisations?name=a&outcome=crash")

    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in answer.text
    assert "the secret of the probe" in caplog.text


async def test_database_that_is_away_is_503(database: Database) -> None:
    url = database.application_url.replace("/tanyin", "/nowhere-tanyin")
    settings = replace(settings_for(database), database_url=url)

    async with running(settings) as app, client_of(app) as client:
        answers = [
            await client.get(PROBE),
            await client.get("/readyz"),
            await client.post("/v1/probe/organisations?name=a"),
            await client.get(PROBE, headers={"Authorization": "Bearer tanyin_x"}),
        ]
        alive = await client.get("/healthz")

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
        assert int(answer.headers["retry-after"]) > 0
    assert alive.status_code == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NoConnection("the pool is empty"), 503),
        (ConnectionRefusedError(), 503),
        (TimeoutError(), 503),
        (asyncpg.TooManyConnectionsError("full"), 503),
        (DBAPIError("SELECT", {}, asyncpg.AdminShutdownError("bye")), 503),
        (DBAPIError("SELECT", {}, asyncpg.DeadlockDetectedError("again")), 503),
        (DBAPIError("SELECT", {}, asyncpg.DiskFullError("full")), 503),
        (DBAPIError("SELECT", {}, asyncpg.InterfaceError("closed")), 503),
        (DBAPIError("SELECT", {}, asyncpg.UndefinedTableError("ours")), 500),
        (DBAPIError("SELECT", {}, asyncpg.NotNullViolationError("ours")), 500),
    ],
)
def test_outages_are_told_from_mistakes(error: Exception, status: int) -> None:
    answer = problems.answer({"headers": []}, error)

    assert answer.status_code == status
    assert ("retry-after" in answer.headers) is (status == 503)


def _families() -> list[type[DomainError]]:
    return [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and DomainError in each.__bases__
    ]


@pytest.mark.parametrize("family", _families())
def test_every_family_has_its_own_status_and_titles(family: type[DomainError]) -> None:
    error = family(limit=1)

    answer = problems.answer({"headers": []}, error)

    assert 400 <= answer.status_code < 504
    assert answer.status_code != 500


def test_two_families_share_no_status() -> None:
    statuses = [
        problems.answer({"headers": []}, family(limit=1)).status_code
        for family in _families()
    ]

    assert len(set(statuses)) == len(statuses)
