"""A service that does not answer as it should ends in an exit code, and in time."""

import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

import pytest

from tests.verify.conftest import Run
from tests.verify.world import CODE, Answer, Served, World

CHECKPOINT = "/v1/log/checkpoint"
PIECE = b"x" * 65_536


def with_length(handler: BaseHTTPRequestHandler, length: int) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(length))
    handler.end_headers()


def ten_gigabytes(handler: BaseHTTPRequestHandler) -> None:
    with_length(handler, 10 * 2**30)
    pour(handler)


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    pour(handler)


def endless_in_chunks(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    with suppress(OSError):
        while True:
            handler.wfile.write(b"10000\r\n" + PIECE + b"\r\n")


def pour(handler: BaseHTTPRequestHandler) -> None:
    with suppress(OSError):
        while True:
            handler.wfile.write(PIECE)


def drip(handler: BaseHTTPRequestHandler) -> None:
    with_length(handler, 500)
    trickle(handler, b"x")


def drip_without_length(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    trickle(handler, b"x")


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    trickle(handler, b"HTTP/1.1 200 OK\r\n" + b"X-Header: 1\r\n" * 90)


def trickle(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    with suppress(OSError):
        for at in range(100):
            handler.wfile.write(data[at % len(data) :][:1])
            handler.wfile.flush()
            time.sleep(0.05)


def silence(_: BaseHTTPRequestHandler) -> None:
    time.sleep(2)


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    with_length(handler, 500)
    handler.wfile.write(b"x")


def cut_amid_a_chunk(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"10\r\nx")


def no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")


def endless_header(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    pour(handler)


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        (Answer(b"<html>", 200, {"Content-Type": "text/html; charset=utf-8"}), 7),
        (Answer(b"<!doctype html><p>hello"), 7),
        (Answer(b"<html/>", 200, {"Content-Type": "application/xhtml+xml"}), 7),
        (Answer(b"zipped", 200, {"Content-Encoding": "gzip"}), 7),
        (Answer(b""), 7),
        (Answer(b"\xff\xfe"), 7),
        (Answer(b"x" * 70_000), 7),
        (Answer(b"", 302, {"Location": "/v1/log/checkpoint2"}), 2),
        (Answer(b"", 308, {"Location": "http://127.0.0.1:1/"}), 2),
        (Answer(b"", 202, {"Retry-After": "1"}), 2),
        (Answer(b"", 204), 2),
        (Answer(b"", 404), 2),
        (Answer(b"", 429), 2),
        (Answer(b"", 500), 2),
        (ten_gigabytes, 7),
        (endless, 7),
        (endless_in_chunks, 7),
        (drip, 2),
        (drip_without_length, 2),
        (drip_headers, 2),
        (silence, 2),
        (cut_short, 2),
        (cut_amid_a_chunk, 2),
        (no_http, 2),
        (endless_header, 2),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_answer_that_is_none(
    run: Run, world: World, served: Served, expected: int
) -> None:
    world.instead[CHECKPOINT] = served
    # Where they would be redirected, all is well.
    world.instead[CHECKPOINT + "2"] = Answer(world.log.checkpoint(9).encode())
    started = time.monotonic()

    assert run("checkpoint", "--timeout", "0.3")[0] == expected
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/factors/{CODE}/versions/2/record",
        f"/v1/factors/{CODE}/versions/2/proof",
        "/v1/log/tile/entries/000.p/9",
        f"/v1/factors/{CODE}/versions",
        "/v1/releases/2026.1/record",
        "/v1/releases/2026.1/manifest",
        "/v1/releases/2026.1/export.jsonl",
        "/v1/releases/2026.1/export.csv",
    ],
)
@pytest.mark.parametrize(
    ("served", "expected"),
    [
        (Answer(b"<html>", 200, {"Content-Type": "text/html"}), {7}),
        (Answer(b"", 301, {"Location": CHECKPOINT}), {2}),
        (ten_gigabytes, {2, 3, 7}),
    ],
    ids=["page", "redirect", "ten-gigabytes"],
)
def test_every_answer_is_bounded(
    run: Run, world: World, path: str, served: Served, expected: set[int]
) -> None:
    check = ("release", "2026.1") if "releases" in path else ("history", CODE)
    if "versions/2" in path:
        check = ("version", f"{CODE}@2")
    world.instead[path] = served

    assert run(*check, "--timeout", "0.4")[0] in expected


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.0.0.1:1"])
def test_nobody_answers(run: Run, url: str) -> None:
    assert run("checkpoint", "--url", url)[0] == 2


def test_an_unknown_host_is_no_verdict_on_the_log(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lookup(*_: object, **__: object) -> None:
        raise OSError("no such host")

    monkeypatch.setattr("socket.getaddrinfo", lookup)

    assert run("checkpoint")[0] == 2


def test_an_error_of_our_own_verifies_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong in the background must not look like an empty answer."""
    monkeypatch.setattr("app.verify.sources._check_head", None)
    monkeypatch.setattr("threading.excepthook", lambda _: None)

    assert run("checkpoint")[0] == 2


def test_a_service_that_asks_for_patience_gets_some(run: Run, world: World) -> None:
    refusals = iter([Answer(b"", 429, {"Retry-After": "0"})] * 3)
    good = world.answer(CHECKPOINT)

    def served(handler: BaseHTTPRequestHandler) -> None:
        found = next(refusals, good)
        assert isinstance(found, Answer)
        handler.send_response(found.status)
        headers = {"Content-Length": str(len(found.body))} | found.headers
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(found.body)

    world.instead[CHECKPOINT] = served
    assert run("checkpoint")[0] == 0
    world.instead[CHECKPOINT] = Answer(b"", 429, {"Retry-After": "0"})
    assert run("checkpoint")[0] == 2
