"""Checkpoints are shown to a real witness before anybody else sees them."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http import witnesses
from app.http.witnesses import BehindWitness, Witness
from app.kit.database import Sessions, create_engine
from app.main import create_app
from app.settings import Settings
from app.translog import checkpoints, note
from app.translog.checkpoints import LogHalted
from app.witness import service, web
from tests.conftest import Database
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


async def test_a_quiet_log_has_its_line_renewed(
    sessions: Sessions, tmp_path: Path
) -> None:
    times = iter(range(1_000, 2_000))
    logs = {LOG_KEY.name: [LOG_KEY.verifier]}
    one = service.Witness(KEY, logs, service.Memory(tmp_path), lambda: next(times))
    await factors.publish_one(sessions)
    with served(web.create_app(one)) as url:
        app = create_app(Settings(rate_limit=False))
        known = (Witness(KEY.verifier, url),)
        app.state.services = services(sessions, witnesses=known)
        app.state.services.signer.fresh_seconds = 0
        async with client_of(app) as http:
            answers = [await http.get("/v1/log/checkpoint") for _ in range(3)]

    lines = [note.parse_note(each.text).signatures[1] for each in answers]
    assert [note.signed_at(each.signature) for each in lines] == [1_000, 1_001, 1_002]


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


async def test_a_witness_that_holds_another_log_is_heard(
    sessions: Sessions, tmp_path: Path
) -> None:
    text = note.Checkpoint(LOG_KEY.name, 1, bytes(32)).text
    held = note.signed(text, [LOG_KEY.sign(text)])
    service.Memory(tmp_path).path(LOG_KEY.name).write_text(held, encoding="utf-8")
    for value in ("0.1", "0.2"):
        await factors.publish_one(sessions, value=value)
    with served(witness(tmp_path)) as url:
        async with client(sessions, url) as http:
            answer = await http.get("/v1/log/checkpoint")

    assert (answer.status_code, answer.json()["code"]) == (503, "WITNESS_DISAGREES")


@pytest.mark.committed
async def test_a_witness_that_drips_holds_nobody_up(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnesses, "_PATIENCE", 1.0)

    async def drip(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(40):
            await asyncio.sleep(0.1)
            await send({"type": "http.response.body", "body": b"x", "more_body": True})

    await factors.publish_one(sessions)
    begun = time.monotonic()
    with served(drip) as false, served(witness(tmp_path)) as url:
        async with client(sessions, false, url) as http:
            answer = await http.get("/v1/log/checkpoint")
            spent = time.monotonic() - begun

    assert answer.status_code == 200
    assert spent < 4


@pytest.mark.committed
async def test_a_process_that_was_outrun_starts_over(
    sessions: Sessions, tmp_path: Path
) -> None:
    await factors.publish_one(sessions, value="0.1")
    with served(witness(tmp_path)) as url:
        known = (Witness(KEY.verifier, url),)
        slow, fast = (services(sessions, witnesses=known) for _ in range(2))
        early = await checkpoints.bring_up_to_date(sessions)
        await factors.publish_one(sessions, value="0.2")
        await fast.head.renew()
        assert (await fast.signer.newest()).root.size == 2
        with pytest.raises(BehindWitness):
            await slow.signer.witnesses.lines(early, (await fast.signer.at(1)).text)

        assert (await slow.signer.newest()).root.size == 2


@pytest.mark.committed
async def test_a_log_set_back_under_a_running_process_is_not_signed(
    sessions: Sessions, database: Database
) -> None:
    for number in range(5):
        await factors.publish_one(sessions, value=f"0.{number + 1}")
    one = services(sessions)
    assert (await one.signer.newest()).root.size == 5
    engine = create_engine(database.owner_url)
    async with engine.begin() as connection:
        for table in ("log_checkpoint", "factor_version", "log_entry"):
            guard = f"ALTER TABLE {table} DISABLE TRIGGER append_only"
            await connection.execute(sa.text(guard))
        for statement in (
            "DELETE FROM log_checkpoint WHERE size >= 3",
            "DELETE FROM factor_version WHERE log_index >= 3",
            "DELETE FROM log_entry WHERE index >= 3",
        ):
            await connection.execute(sa.text(statement))
    await engine.dispose()
    for number in range(4):
        await factors.publish_one(sessions, value=f"9.{number + 1}")
    await one.head.renew()

    with pytest.raises(LogHalted, match="known size 5"):
        await one.signer.newest()
