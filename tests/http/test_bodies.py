"""Bodies: one media type, one encoding, a limit, no leniency."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.http import bodies
from tests.conftest import Database
from tests.factories.probe import client_of, running, settings_for

THING = {"parts": [{"name": "螺栓", "shape": "ROUND", "mass": "0.10"}], "count": 1}
JSON = {"Content-Type": "application/json"}
THINGS = "/v1/probe/things"
HEAD = (
    f"POST {THINGS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
)


async def test_valid_body_comes_back_digit_for_digit(client: httpx.AsyncClient) -> None:
    answer = await client.post(THINGS, json=THING)

    assert (answer.status_code, answer.json()) == (200, THING)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MALFORMED_JSON"),
        (b" ", "MALFORMED_JSON"),
        (b"{}x", "MALFORMED_JSON"),
        (b"{}{}", "MALFORMED_JSON"),
        (b'{"count":1,}', "MALFORMED_JSON"),
        (b"{'count':1}", "MALFORMED_JSON"),
        (b"{/**/}", "MALFORMED_JSON"),
        (b'{"count":NaN}', "MALFORMED_JSON"),
        (b'{"count":-Infinity}', "MALFORMED_JSON"),
        (b'{"count":' + b"9" * 5000 + b"}", "MALFORMED_JSON"),
        ('{"count":1}'.encode("utf-16"), "BAD_ENCODING"),
        (b'\xef\xbb\xbf{"count":1}', "BAD_ENCODING"),
        (b'{"count":"\xff"}', "BAD_ENCODING"),
        (b'{"\\ud800":1}', "BAD_ENCODING"),
        (b'{"count":1,"count":2}', "DUPLICATE_KEY"),
        (b'{"count":1,"\\u0063ount":2}', "DUPLICATE_KEY"),
        (b"[" * 33 + b"]" * 33, "TOO_DEEP"),
        (b"[" * 100_000, "TOO_DEEP"),
    ],
)
async def test_malformed_bodies_are_400(
    client: httpx.AsyncClient, body: bytes, code: str
) -> None:
    answer = await client.post(THINGS, content=body, headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        (THING | {"is_admin": True}, "UNKNOWN_FIELD", "/is_admin"),
        (THING | {"Count": 1}, "UNKNOWN_FIELD", "/Count"),
        (THING | {"a/b~c": 1}, "UNKNOWN_FIELD", "/a~1b~0c"),
        ({"parts": []}, "MISSING_FIELD", "/count"),
        (THING | {"count": "1"}, "BAD_TYPE", "/count"),
        (THING | {"count": True}, "BAD_TYPE", "/count"),
        (THING | {"count": 1.5}, "BAD_TYPE", "/count"),
        (THING | {"count": None}, "BAD_TYPE", "/count"),
        (THING | {"parts": {}}, "BAD_TYPE", "/parts"),
        ([], "BAD_TYPE", ""),
        ("text", "BAD_TYPE", ""),
    ],
)
async def test_broken_rules_are_422_with_a_pointer(
    client: httpx.AsyncClient, body: Any, code: str, pointer: str
) -> None:
    answer = await client.post(THINGS, json=body)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code)
    assert [each["pointer"] for each in problem["errors"]] == [pointer]


@pytest.mark.parametrize(
    "name", ["", " ", "a\u0000b", "a\u202eb", "e\u0301", "a" * 201]
)
async def test_hostile_text_is_422(client: httpx.AsyncClient, name: str) -> None:
    part = {"name": name, "shape": "ROUND", "mass": "1"}

    answer = await client.post(THINGS, json={"parts": [part], "count": 1})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/parts/0/name"


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "application/json-patch+json",
        "application/x-www-form-urlencoded",
        "application/json; charset=gbk",
        "application/json; charset=utf-8; charset=gbk",
        "application/json, text/plain",
    ],
)
async def test_other_media_types_are_415(
    client: httpx.AsyncClient, kind: str | None
) -> None:
    headers = {} if kind is None else {"Content-Type": kind}

    answer = await client.post(THINGS, content=b"{}", headers=headers)

    assert answer.status_code == 415
    assert answer.json()["code"] == "UNSUPPORTED_MEDIA_TYPE"


async def test_two_content_types_are_415(client: httpx.AsyncClient) -> None:
    headers = [("Content-Type", "application/json"), ("Content-Type", "text/plain")]

    answer = await client.post(THINGS, content=b"{}", headers=headers)

    assert answer.status_code == 415


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", 'APPLICATION/JSON;charset="UTF-8"']
)
async def test_utf_8_may_be_said(client: httpx.AsyncClient, kind: str) -> None:
    request = client.build_request("POST", THINGS, json=THING)
    request.headers["content-type"] = kind

    assert (await client.send(request)).status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "identity", "br"])
async def test_encoded_bodies_are_415(client: httpx.AsyncClient, encoding: str) -> None:
    headers = JSON | {"Content-Encoding": encoding}

    answer = await client.post(THINGS, content=b"{}", headers=headers)

    assert answer.json()["code"] == "UNSUPPORTED_CONTENT_ENCODING"


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_bodies_end_at_their_limit(database: Database, method: str) -> None:
    settings = settings_for(database, body_limit=1000, calculation_body_limit=2000)
    limit = {"POST": 1000, "PUT": 2000}[method]

    async with running(settings) as app, client_of(app) as client:
        for size, expected in ((limit, {200, 400}), (limit + 1, {413})):
            body = b" " * size
            answer = await client.request(method, THINGS, content=body, headers=JSON)
            assert answer.status_code in expected


async def test_nothing_is_read_beyond_the_limit(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    answer = await client.post(THINGS, content=endless(), headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")
    assert sent <= 1024 * 1024 + 65_536


async def test_announced_length_is_refused_before_the_body_comes(
    address: tuple[str, int],
) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(HEAD + b"Content-Length: 99999999\r\n\r\n")

    status = await asyncio.wait_for(reader.readline(), 5)

    assert b" 413 " in status
    writer.close()
    await writer.wait_closed()


async def test_body_that_does_not_come_is_not_waited_for(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_IDLE_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(HEAD + b"Content-Length: 10\r\n\r\n{")

    status = await asyncio.wait_for(reader.readline(), 5)

    assert b" 408 " in status
    writer.close()


async def test_client_that_goes_away_is_no_failure(
    address: tuple[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    _, writer = await asyncio.open_connection(*address)
    writer.write(HEAD + b"Content-Length: 10\r\n\r\n{")
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.close()
    await asyncio.sleep(0.1)

    statuses = [
        each.fields["status"] for each in caplog.records if hasattr(each, "fields")
    ]
    assert statuses == [499]
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


async def test_bytes_reach_a_handler_as_they_are(client: httpx.AsyncClient) -> None:
    answer = await client.put(THINGS, content=b'{"a":1,"a":2}', headers=JSON)

    assert answer.text == "13"


async def test_description_shows_the_documents(client: httpx.AsyncClient) -> None:
    item = (await client.get("/openapi.json")).json()["paths"][THINGS]

    for method in ("post", "put"):
        content = item[method]["requestBody"]["content"]
        assert content == {
            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
        }
        assert {"400", "413", "415", "422"} <= set(item[method]["responses"])
