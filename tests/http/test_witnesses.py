"""Checkpoints are shown to a real witness before anybody else sees them."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.witnesses import Witness
from app.kit.database import Sessions
from app.main import create_app
from app.settings import Settings
from app.translog import note
from app.witness import service, web
from tests.factories import factors
from tests.factories.probe import client_of
from tests.factories.services import LOG_KEY, services

KEY = note.Signer("witness.example/w1", note.COSIGNATURE, b"w" * 32)


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve *app* on an address of its own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def witness(folder: Path, *keys: note.Signer) -> ASGIApp:
    """Return a witness that knows the log, with its memory in *folder*."""
    logs = {LOG_KEY.name: [each.verifier for each in keys or (LOG_KEY,)]}
    return web.create_app(service.Witness(KEY, logs, service.Memory(folder)))


def client(sessions: Sessions, *urls: str) -> httpx.AsyncClient:
    """Return a client of a service that has started just now."""
    app = create_app(Settings(rate_limit=False))
    known = tuple(Witness(KEY.verifier, url) for url in urls)
    app.state.services = services(sessions, witnesses=known)
    return client_of(app)


async def test_a_checkpoint_bears_the_witness_s_line(
    sessions: Sessions, tmp_path: Path
) -> None:
    with served(witness(tmp_path)) as url:
        async with client(sessions, url) as http:
            for size in (1, 2, 3):
                await factors.publish_one(sessions, value=f"0.{size}")
                await http.get(f"/v1/factors?snapshot={size}")

                answer = await http.get("/v1/log/checkpoint")

                found = note.parse_note(answer.text)
                assert note.parse_checkpoint(found.text).size == size
                lines = found.verified([LOG_KEY.verifier, KEY.verifier])
                assert [each.name for each in lines] == [LOG_KEY.name, KEY.name]
        async with client(sessions, url) as http:
            again = await http.get("/v1/log/checkpoint")
    assert KEY.name in again.text


async def test_a_log_that_is_behind_its_witness_signs_nothing(
    sessions: Sessions, tmp_path: Path
) -> None:
    text = note.Checkpoint(LOG_KEY.name, 9, bytes(32)).text
    memory = service.Memory(tmp_path)
    held = note.signed(text, [LOG_KEY.sign(text)])
    memory.path(LOG_KEY.name).write_text(held, encoding="utf-8")
    await factors.publish_one(sessions)
    with served(witness(tmp_path)) as url:
        async with client(sessions, url) as http:
            for _ in range(2):
                answer = await http.get("/v1/log/checkpoint")

                assert (answer.status_code, answer.json()["code"]) == (
                    503,
                    "BEHIND_WITNESS",
                )
                assert "9 entries, this log has 1" in answer.json()["detail"]
            factor = await http.get("/v1/factors")
            assert factor.status_code == 200


async def test_nothing_is_signed_before_a_witness_has_answered(
    sessions: Sessions, tmp_path: Path
) -> None:
    await factors.publish_one(sessions)
    with served(witness(tmp_path)) as url:
        pass
    async with client(sessions, url) as http:
        answer = await http.get("/v1/log/checkpoint")

    assert (answer.status_code, answer.json()["code"]) == (503, "NO_WITNESS")


@pytest.mark.committed
async def test_one_of_two_is_enough_and_a_liar_adds_nothing(
    sessions: Sessions, tmp_path: Path
) -> None:
    other = note.Signer(KEY.name, note.COSIGNATURE, b"x" * 32)
    logs = {LOG_KEY.name: [LOG_KEY.verifier]}
    (tmp_path / "liar").mkdir()
    liar = service.Witness(other, logs, service.Memory(tmp_path / "liar"))
    await factors.publish_one(sessions)
    with served(witness(tmp_path)) as url, served(web.create_app(liar)) as false:
        async with client(sessions, false, url) as http:
            answer = await http.get("/v1/log/checkpoint")

    lines = note.parse_note(answer.text).signatures
    assert [each.key_id for each in lines] == [
        LOG_KEY.verifier.key_id,
        KEY.verifier.key_id,
    ]


@pytest.mark.committed
@pytest.mark.parametrize("size", [10, 100_000_000])
async def test_an_answer_that_is_no_line_is_passed_over(
    sessions: Sessions, tmp_path: Path, size: int
) -> None:
    async def babble(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(0, size, 65_536):
            body = b"x" * min(size, 65_536)
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    await factors.publish_one(sessions)
    with served(babble) as false, served(witness(tmp_path)) as url:
        async with client(sessions, false, url) as http:
            answer = await http.get("/v1/log/checkpoint")

    assert answer.status_code == 200
    assert len(note.parse_note(answer.text).signatures) == 2
