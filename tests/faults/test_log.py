"""The log under many hands: one root for a size, and silence after the first alarm."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit.database import Sessions, create_engine, open_snapshot
from app.kit.embedded import Server
from app.main import create_app
from app.translog import checkpoints, note
from app.translog.fsck import Fsck, Outside
from app.translog.models import LogCheckpoint, LogEntry, LogNode
from app.translog.note import Checkpoint
from tests.conftest import Database, cloned
from tests.factories.factors import publish_one
from tests.factories.probe import client_of, settings_for
from tests.factories.services import LOG_KEY
from tests.faults.conftest import SEED, TORTURE, drawing
from tests.faults.test_tampering import VERIFIERS, World, as_superuser, name_of, world

__all__ = ["world"]

SERVICES = 3
ROUNDS = 8 * TORTURE
FLIPS = 50 if TORTURE == 1 else 1_000
ENTRY, NODE, CHECKPOINT = (
    each.__table__.c for each in (LogEntry, LogNode, LogCheckpoint)
)
# What may rot, and by what its row is named.
ROTTING: tuple[tuple[Any, tuple[Any, ...]], ...] = (
    (ENTRY.record, (ENTRY.index,)),
    (ENTRY.leaf_hash, (ENTRY.index,)),
    (NODE.hash, (NODE.level, NODE.index)),
    (CHECKPOINT.root, (CHECKPOINT.size,)),
)


@asynccontextmanager
async def process(database: Database) -> AsyncIterator[FastAPI]:
    """Run a service with engines and a memory of its own."""
    app = create_app(settings_for(database, log_key=LOG_KEY.private_text))
    async with app.router.lifespan_context(app):
        yield app


async def shown(client: httpx.AsyncClient) -> Checkpoint:
    answer = await client.get("/v1/log/checkpoint")
    assert answer.status_code == 200, answer.text
    found = note.parse_note(answer.text)
    assert found.verified([LOG_KEY.verifier])
    return note.parse_checkpoint(found.text)


async def code_of(client: httpx.AsyncClient, path: str = "/v1/log/checkpoint") -> Any:
    answer = await client.get(path)
    return answer.json()["code"] if answer.status_code != 200 else None


@pytest.mark.committed
async def test_services_side_by_side_never_sign_two_roots_for_a_size(
    database: Database, sessions: Sessions
) -> None:
    roots: dict[int, set[bytes]] = defaultdict(set)
    over = asyncio.Event()

    async def read(client: httpx.AsyncClient) -> None:
        while not over.is_set():
            found = await shown(client)
            roots[found.size].add(found.root)

    async def write(number: int) -> None:
        for turn in range(ROUNDS):
            await publish_one(sessions, zh=f"铝{number}号{turn}")

    async with AsyncExitStack() as stack:
        apps = [
            await stack.enter_async_context(process(database)) for _ in range(SERVICES)
        ]
        clients = [await stack.enter_async_context(client_of(app)) for app in apps]
        readers = [asyncio.create_task(read(each)) for each in clients * 2]
        await asyncio.gather(*map(write, range(3)))
        over.set()
        await asyncio.gather(*readers)
        last = {await shown(each) for each in clients}

    assert {each.size for each in last} == {3 * ROUNDS}
    assert len(roots) > ROUNDS / 2
    assert all(len(each) == 1 for each in roots.values())
    kept = tuple(
        Checkpoint(LOG_KEY.name, size, root)
        for size, every in roots.items()
        for root in every
    )
    async with open_snapshot(database.application_url) as connection:
        fsck = Fsck(Outside(checkpoints=kept))
        assert [each async for each in fsck.findings(connection)] == []


@pytest.mark.committed
async def test_after_an_alarm_no_process_signs_anything(
    server: Server, database: Database, sessions: Sessions
) -> None:
    async def other_root(db: Any) -> None:
        await db.execute("UPDATE log_checkpoint SET root = sha256('x') WHERE size = 2")

    for number in range(2):
        await publish_one(sessions, zh=f"铝{number}")
    async with (
        process(database) as one,
        process(database) as two,
        client_of(one) as first,
        client_of(two) as second,
    ):
        before = [await shown(each) for each in (first, second)]
        await as_superuser(server, database, other_root)
        await publish_one(sessions, zh="铝2")
        for app in (one, two):
            await app.state.services.head.renew()

        assert await code_of(first) == "LOG_HALTED"
        assert await code_of(second) == "LOG_HALTED"
        proof = "/v1/log/proof?index=0&snapshot=1"
        assert await code_of(second, proof) == "LOG_HALTED"
    async with process(database) as restarted, client_of(restarted) as third:
        assert await code_of(third) == "LOG_HALTED"
        # What is published stays readable.
        assert (await third.get("/v1/factors")).status_code == 200
    assert before[0] == before[1]


@pytest.mark.committed
async def test_a_root_stands_before_it_is_signed(
    database: Database, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who dies between the two steps leaves a checkpoint that the next one signs."""
    await publish_one(sessions)
    made = checkpoints.bring_up_to_date

    async def dies(sessions: Sessions) -> checkpoints.Root:
        await made(sessions)
        raise OSError

    async with process(database) as app, client_of(app) as client:
        with monkeypatch.context() as patched:
            patched.setattr(checkpoints, "bring_up_to_date", dies)
            assert await code_of(client) == "UNAVAILABLE"
        async with sessions() as session:
            stored = (await session.scalars(sa.select(LogCheckpoint))).one()
        found = await shown(client)
        assert (found.size, found.root) == (stored.size, stored.root)


async def flip(connection: AsyncConnection, number: int) -> str:
    """Flip one bit somewhere; return where."""
    random = drawing(number)
    column, key = random.choice(ROTTING)
    table = column.table
    count = sa.select(sa.func.count()).select_from(table)
    skipped = random.randrange((await connection.execute(count)).scalar_one())
    row = sa.select(*key, column).order_by(*key).offset(skipped).limit(1)
    *place, data = (await connection.execute(row)).one()
    bit = random.randrange(8 * len(data))
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    where = [each == value for each, value in zip(key, place, strict=True)]
    update = sa.update(table).where(*where).values({column.name: bytes(changed)})
    await connection.execute(update)
    return f"bit {bit} of {column} at {place}"


async def test_every_flipped_bit_is_found(world: World) -> None:
    sys.stdout.write(f"seed {SEED}\n")
    missed: list[str] = []
    async with cloned(world.server, world.name) as database:
        await as_superuser(world.server, database, _nothing)
        url = world.server.url("postgres", name_of(database))
        engine = create_engine(url)
        async with engine.connect() as connection:
            for number in range(FLIPS):
                where = await flip(connection, number)
                if not await _findings(connection):
                    missed.append(where)
                await connection.rollback()
            assert await _findings(connection, begin=True) == 0
        await engine.dispose()
    sys.stdout.write(f"{FLIPS} bits flipped, {len(missed)} not found\n")
    assert missed == []


async def _nothing(_: Any) -> None: ...


async def _findings(connection: AsyncConnection, *, begin: bool = False) -> int:
    if begin:
        await connection.execute(sa.select(1))
    return len([each async for each in Fsck(Outside(VERIFIERS)).findings(connection)])
