"""The witness over HTTP, and as a command."""

import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.translog import note
from app.translog.note import COSIGNATURE, ED25519, Checkpoint, Signer
from app.witness import judging
from app.witness.service import Memory, Witness
from app.witness.web import create_app

KEY = Signer("witness.example", COSIGNATURE, b"\x05" * 32)
LOG = Signer("log.example", ED25519, b"\x06" * 32)


def request(old: int, size: int) -> bytes:
    text = Checkpoint(LOG.name, size, b"\x01" * 32).text
    return f"old {old}\n\n{note.signed(text, [LOG.sign(text)])}".encode()


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    logs = judging.group([LOG.verifier])
    app = create_app(Witness(KEY, logs, Memory(tmp_path)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://w") as found:
        yield found


async def test_a_cosignature_is_plain_text(client: httpx.AsyncClient) -> None:
    answer = await client.post("/add-checkpoint", content=request(0, 5))

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("— witness.example ")
    assert answer.text.endswith("\n")


async def test_another_size_is_answered_with_its_own(client: httpx.AsyncClient) -> None:
    await client.post("/add-checkpoint", content=request(0, 5))
    answer = await client.post("/add-checkpoint", content=request(3, 9))

    assert answer.status_code == 409
    assert answer.headers["content-type"] == "text/x.tlog.size"
    assert answer.content == b"5\n"


async def test_refusals_keep_their_status(client: httpx.AsyncClient) -> None:
    statuses = [
        (await client.post("/add-checkpoint", content=content)).status_code
        for content in (b"nonsense", request(9, 5), b"x" * 65_537)
    ]

    assert statuses == [400, 400, 413]
    assert (await client.get("/add-checkpoint")).status_code == 405
    assert (await client.post("/")).status_code == 404


async def test_a_body_that_does_not_come_is_not_waited_for(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.witness.web._SECONDS", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"old"
        import asyncio  # noqa: PLC0415 - for this generator alone

        await asyncio.sleep(5)

    answer = await client.post("/add-checkpoint", content=slow())
    assert answer.status_code == 408


def test_it_is_a_program(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    key, state = tmp_path / "key", tmp_path / "state"
    code = "import typer; from app.cli.witness import witness; typer.run(witness)"
    options = ["--key", key, "--log", LOG.verifier.vkey, "--state", state]
    command = [sys.executable, "-c", code, *options, "--port", port, "--name", "w.org"]
    with subprocess.Popen(
        list(map(str, command)),
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout
            vkey = process.stdout.readline().removeprefix("Witness ").strip()
            answer = posted(f"http://127.0.0.1:{port}/add-checkpoint")
        finally:
            process.terminate()
        process.wait(10)

    text = Checkpoint(LOG.name, 5, b"\x01" * 32).text
    parsed = note.parse_note(note.signed(text, [answer.text]))
    assert parsed.verified([note.parse_vkey(vkey)])
    assert vkey.startswith("w.org+")


def posted(url: str) -> httpx.Response:
    for _ in range(100):
        try:
            return httpx.post(url, content=request(0, 5))
        except httpx.ConnectError:
            time.sleep(0.05)
    raise AssertionError("it does not listen")
