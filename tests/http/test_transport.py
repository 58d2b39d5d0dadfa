"""What arrives on the wire, whatever it is: never a 5xx, never an open end."""

import asyncio
import json

import httpx
import pytest

from app.http import protocol

PROBE = "/v1/series/probe/x"
LINE = f"GET {PROBE} HTTP/1.1\r\n".encode()
HOST = b"Host: tanyin.test\r\n"
POST = (
    b"POST /v1/probe/things HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
)


async def exchange(
    address: tuple[str, int], data: bytes, seconds: float = 5
) -> tuple[int, bytes]:
    """Send *data*; return the status and the body of the answer, or (0, b"")."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(data)
        async with asyncio.timeout(seconds):
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            body = await reader.readexactly(int(length or b"0"))
        return int(head.split()[1]), body
    except (ConnectionError, asyncio.IncompleteReadError):
        return 0, b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("data", "statuses"),
    [
        pytest.param(LINE + HOST + b"\r\n", {200}, id="plain"),
        pytest.param(
            POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            {400},
            id="length-and-chunked",
        ),
        pytest.param(
            POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            {400},
            id="two-lengths",
        ),
        pytest.param(POST + b"Content-Length: +2\r\n\r\n{}", {400}, id="plus-length"),
        pytest.param(POST + b"Content-Length: -1\r\n\r\n{}", {400}, id="minus-length"),
        pytest.param(POST + b"Content-Length: 0x2\r\n\r\n{}", {400}, id="hex-length"),
        pytest.param(
            POST + b"Transfer-Encoding: xchunked\r\n\r\n{}", {400}, id="unknown-coding"
        ),
        pytest.param(
            POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
            {400},
            id="bad-chunk",
        ),
        pytest.param(LINE + b"Host : x\r\n\r\n", {400}, id="space-before-colon"),
        pytest.param(LINE + HOST + b"X: a\x00b\r\n\r\n", {400}, id="nul-in-header"),
        pytest.param(LINE + HOST + HOST + b"\r\n", {400}, id="two-hosts"),
        pytest.param(LINE + b"\r\n", {400}, id="no-host"),
        pytest.param(b"GET /\r\n\r\n", {400}, id="http-0.9"),
        pytest.param(
            "GET /?q=电 HTTP/1.1\r\n".encode() + HOST + b"\r\n", {400}, id="raw-utf-8"
        ),
        pytest.param(b"GET / HTTP/3.7\r\nHost: x\r\n\r\n", {400}, id="http-3.7"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", {400}, id="tls"),
        pytest.param(
            LINE + HOST + b"X: a\r\n" * 1000 + b"\r\n", {431}, id="1000-fields"
        ),
        pytest.param(
            LINE + HOST + b"X: " + b"a" * 40_000 + b"\r\n\r\n", {431}, id="long-field"
        ),
        pytest.param(LINE + HOST + b"X: " + b"a" * 500_000, {431}, id="endless-field"),
        pytest.param(
            b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
            {414, 431},
            id="long-target",
        ),
        pytest.param(
            b"GET /?" + b"a" * 10_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
            {414},
            id="long-query",
        ),
        pytest.param(LINE + HOST + b"Expect: 200-ok\r\n\r\n", {417}, id="expect"),
        pytest.param(
            f"TRACE {PROBE} HTTP/1.1\r\n".encode() + HOST + b"\r\n", {405}, id="trace"
        ),
        pytest.param(
            b"CONNECT x:1 HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404}, id="connect"
        ),
        pytest.param(
            f"FOO {PROBE} HTTP/1.1\r\n".encode() + HOST + b"\r\n", {400, 405}, id="foo"
        ),
        pytest.param(
            b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", {400, 404}, id="options-star"
        ),
        pytest.param(
            b"GET http://evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n",
            {200},
            id="absolute-form",
        ),
        pytest.param(
            LINE + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            {200},
            id="websocket",
        ),
        pytest.param(
            LINE
            + HOST
            + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
            {200},
            id="h2c",
        ),
    ],
)
async def test_framing(
    address: tuple[str, int], data: bytes, statuses: set[int]
) -> None:
    status, body = await exchange(address, data)

    assert status in statuses
    if status >= 400:
        assert json.loads(body)["status"] == status


async def test_half_a_head_is_not_waited_for(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_HEAD_SECONDS", 0.2)

    status, body = await exchange(address, LINE + b"X: half a he")
    idle, _ = await exchange(address, b"")

    assert (status, json.loads(body)["code"]) == (408, "REQUEST_TIMEOUT")
    assert idle == 408


@pytest.mark.parametrize(
    "target",
    [
        "/v1/series/probe/%ff",
        "/v1/series/probe/%C0%AF",
        "/v1/series/probe/%00",
        "/v1/series/probe/%zz",
        "/v1/series/probe/%",
        "/v1/series/probe/x?limit=%ff",
        "/v1/series/probe/x?limit=%00",
        "/v1/series/probe/x?%ed%a0%80=1",
    ],
)
async def test_addresses_that_are_not_utf_8_are_400(
    address: tuple[str, int], target: str
) -> None:
    data = f"GET {target} HTTP/1.1\r\n".encode() + HOST + b"\r\n"

    status, body = await exchange(address, data)

    assert (status, json.loads(body)["code"]) == (400, "BAD_ENCODING")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=501",
        "limit=1e2",
        "limit=１",
        "limit=100000000000000000000",
        "limit=",
        "limit=1&limit=1",
        "limit=1&limit=2",
        "offset=0",
        "shape=round",
        "shape=ROUND&shape=FLAT",
        "fields=*,secret",
        "filter[$ne]=1",
        "a[b][c][d]=1",
        "__proto__=1",
        "=1",
        "snapshot=-1",
        "snapshot=01",
        "snapshot=1.0",
        "snapshot=１",
        "snapshot=1e2",
        "snapshot=",
        "snapshot=now",
        "snapshot=2026-13-01T00:00:00Z",
        "snapshot=2026-01-01",
        "snapshot=2026-01-01T00:00:00",
        "snapshot=2026-01-01T00:00:00+08:00",
        "snapshot=0001-01-01T00:00:00%2B23:59",
        "snapshot=9999-12-31T23:59:59-23:59",
        "snapshot=99999999999999999999999999",
        "snapshot=1&snapshot=1",
    ],
)
async def test_hostile_queries_are_422(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"{PROBE}?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_routes_without_parameters_take_none(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/", "/docs", "/openapi.json", "/v1/probe/caller"):
        answer = await client.get(f"{path}?x=1")
        assert (answer.status_code, answer.json()["code"]) == (422, "UNKNOWN_PARAMETER")


async def test_all_errors_of_a_query_come_at_once(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{PROBE}?limit=0&colour=red&shape=FLAT&shape=ROUND")

    found = {(each["pointer"], each["code"]) for each in answer.json()["errors"]}
    assert found == {
        ("?limit", "BAD_VALUE"),
        ("?colour", "UNKNOWN_PARAMETER"),
        ("?shape", "REPEATED_PARAMETER"),
    }


@pytest.mark.parametrize("path", ["/", "/docs", "/healthz", PROBE, "/openapi.json"])
async def test_head_answers_as_get_without_a_body(
    client: httpx.AsyncClient, path: str
) -> None:
    head, get = await client.head(path), await client.get(path)

    different = {"x-request-id"}
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert {k: v for k, v in head.headers.items() if k not in different} == {
        k: v for k, v in get.headers.items() if k not in different
    }


async def test_head_works_on_the_wire(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    head = f"HEAD {PROBE} HTTP/1.1\r\n".encode() + HOST
    writer.write(head + b"\r\n" + head + b"Connection: close\r\n\r\n")

    received = await asyncio.wait_for(reader.read(), 5)

    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.endswith(b"\r\n\r\n")
    writer.close()


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("a-Z_9", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("a b", False),
        ("é", False),
    ],
)
async def test_request_id_is_taken_over_if_it_is_harmless(
    client: httpx.AsyncClient, given: str, *, taken: bool
) -> None:
    headers = {b"X-Request-Id": given.encode()}

    answer = await client.get("/healthz", headers=headers)

    assert (answer.headers["x-request-id"] == given) is taken
    assert answer.headers["x-content-type-options"] == "nosniff"
