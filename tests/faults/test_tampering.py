"""Whatever a superuser of the database does, somebody finds it; and who that is.

`fsck`, `gap` (its comparison of checkpoints with entries) and `rebuild` look at the
database alone; `service` refuses to sign; `monitor` and `witness` remember one old
checkpoint each, outside.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy.engine import make_url

from app.factors.content import Content
from app.http.witnesses import Witness
from app.kit.database import Sessions, create_engine, create_sessions, open_snapshot
from app.kit.embedded import Server
from app.main import create_app
from app.publication import releases
from app.publication.rebuild import Rebuild
from app.reference.enums import VersionStatus
from app.reference.policy import NATIONAL
from app.settings import Settings
from app.translog import note
from app.translog.fsck import Fsck, Kind, Outside
from app.translog.note import Checkpoint
from tests.conftest import Database, cloned
from tests.factories.factors import PUBLISHERS, change_status, content, publish
from tests.factories.outsiders import (
    WITNESS_KEY,
    Forked,
    Monitor,
    listening,
    remembering,
)
from tests.factories.probe import client_of
from tests.factories.services import LOG_KEY, services
from tests.faults import tampering
from tests.faults.tampering import Tampering, statement

SECOND_KEY = note.Signer(LOG_KEY.name, note.ED25519, b"2" * 32)
KEYS = (LOG_KEY, SECOND_KEY)
VERIFIERS = tuple(each.verifier for each in KEYS)
VERSIONS = 256

OUTSIDE = frozenset({"monitor", "witness"})


@dataclass(frozen=True)
class World:
    """A log with a past, that past, and what is remembered outside."""

    server: Server
    name: str
    earlier: str
    held: Checkpoint


@asynccontextmanager
async def connected(database: Database) -> AsyncIterator[Sessions]:
    engine = create_engine(database.application_url)
    yield create_sessions(engine)
    await engine.dispose()


# To make one takes longer than all that is asked of it here.
APP = create_app(Settings(rate_limit=False))


def serving(sessions: Sessions, *witnesses: Witness) -> httpx.AsyncClient:
    """Return a client of a process that knows nothing yet of what it serves."""
    APP.state.services = services(sessions, NATIONAL, witnesses, KEYS)
    return client_of(APP)


async def checkpoint(sessions: Sessions, *witnesses: Witness) -> httpx.Response:
    async with serving(sessions, *witnesses) as client:
        return await client.get("/v1/log/checkpoint")


@pytest.fixture(scope="session")
async def world(server: Server, template: str) -> AsyncIterator[World]:
    """Yield a log of 262 entries of every kind, with two witnessed checkpoints."""
    with remembering(VERIFIERS) as witness:
        async with cloned(server, template) as database, listening(witness) as told:
            name = name_of(database)
            async with connected(database) as sessions:
                await begin(sessions)
                await checkpoint(sessions, told)
            async with cloned(server, name) as past:
                async with connected(database) as sessions:
                    await go_on(sessions)
                    answer = await checkpoint(sessions, told)
                held = note.parse_checkpoint(note.parse_note(answer.text).text)
                yield World(server, name, name_of(past), held)


def name_of(database: Database) -> str:
    return str(make_url(database.application_url).database)


async def begin(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        made = await publish(session, *map(_content, range(VERSIONS)))
    await change_status(sessions, made[3].code, VersionStatus.SUSPENDED)


async def go_on(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        again = _content(0, value="17", change_reason="年度更新")
        await publish(session, again, _content(VERSIONS))
        await releases.make(session, "2026.1", "年度", PUBLISHERS)
        await publish(session, _content(VERSIONS + 1))


def _content(number: int, **changes: Any) -> Content:
    return content(zh=f"铝{number}", **changes)


# Who finds it. A rewriting that leaves no contradiction is found outside alone.
CASES: dict[str, tuple[Tampering, set[str]]] = {
    "nothing": (tampering.nothing, set()),
    "record": (tampering.record, {"fsck", "rebuild"}),
    "record, leaf": (tampering.record_and_leaf, {"fsck", "rebuild"}),
    "late record, leaf": (
        tampering.late_record_and_leaf,
        {"fsck", "rebuild", "service"},
    ),
    "record, leaf, nodes": (
        tampering.record_leaf_and_nodes,
        {"fsck", "rebuild", "service"},
    ),
    "record … roots": (
        tampering.record_to_roots,
        {"fsck", "rebuild", *OUTSIDE},
    ),
    "all of it": (tampering.everything, {*OUTSIDE}),
    "last entry": (tampering.last_entry, {"gap", "service"}),
    "last entry, checkpoint": (tampering.last_entry_and_checkpoint, {*OUTSIDE}),
    "entry deleted": (tampering.middle_entry, {"fsck", "rebuild"}),
    "entry inserted": (tampering.inserted_entry, {"fsck", "rebuild", "service"}),
    "entries swapped": (tampering.swapped_entries, {"fsck", "rebuild"}),
    "instant": (tampering.instant, {"fsck", "rebuild"}),
    "kind": (tampering.kind, {"fsck", "rebuild"}),
    "node": (tampering.node, {"fsck", "service"}),
    "node deleted": (tampering.no_node, {"fsck", "service"}),
    "old root": (tampering.root, {"fsck"}),
    "newest root": (tampering.newest_root, {"fsck", "service"}),
    "cosignature": (tampering.cosignature, {"fsck"}),
    "forged key": (tampering.forged_key, {"fsck"}),
    "status row deleted": (statement("DELETE FROM status_change"), {"rebuild"}),
    "status row changed": (
        statement("UPDATE status_change SET status = 'PUBLISHED'"),
        {"rebuild"},
    ),
    "column of a version": (
        statement("UPDATE factor_version SET region = 'GLO' WHERE log_index = 5"),
        {"rebuild"},
    ),
    "search terms": (
        statement("UPDATE factor_version SET terms = '''x''' WHERE log_index = 5"),
        {"rebuild"},
    ),
    "version row deleted": (
        statement("DELETE FROM factor_version WHERE log_index = 5"),
        {"rebuild"},
    ),
    "identity": (
        statement("UPDATE factor SET natural_key = 'x' WHERE serial = 5"),
        {"rebuild"},
    ),
    "factor added": (
        statement("INSERT INTO factor VALUES ('CNF-99', '99', 1, 'x', 'x')"),
        {"rebuild"},
    ),
    "release": (
        statement("UPDATE release SET manifest_sha256 = 'x'"),
        {"rebuild"},
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_tampering_is_found_by(world: World, case: str) -> None:
    tamper, expected = CASES[case]
    async with cloned(world.server, world.name) as database:
        await as_superuser(world.server, database, tamper)
        found = await detectors(world, database)
    sys.stdout.write(f"{case:<24} {', '.join(sorted(found)) or '-'}\n")
    assert found == expected


async def test_an_old_backup_is_found_outside_alone(world: World) -> None:
    async with cloned(world.server, world.earlier) as database:
        assert await detectors(world, database) == OUTSIDE


async def test_going_on_from_an_old_backup_is_found_outside_alone(world: World) -> None:
    async with cloned(world.server, world.earlier) as database:
        async with connected(database) as sessions, sessions.begin() as session:
            await publish(session, *(_content(500 + number) for number in range(10)))
        assert await detectors(world, database) == OUTSIDE


async def test_a_checkpoint_kept_outside_tells_fsck_as_well(world: World) -> None:
    async with cloned(world.server, world.name) as database:
        assert await fsck(database, world.held) == set()
        await as_superuser(world.server, database, tampering.everything)
        assert await fsck(database) == set()
        assert await fsck(database, world.held) == {Kind.OUTSIDE}
    async with cloned(world.server, world.earlier) as database:
        assert await fsck(database, world.held) == {Kind.OUTSIDE}


async def as_superuser(server: Server, database: Database, tamper: Tampering) -> None:
    db = await asyncpg.connect(
        host=str(server.socket_dir), user="postgres", database=name_of(database)
    )
    try:
        await tampering.disarm(db)
        await tamper(db)
    finally:
        await db.close()


async def detectors(world: World, database: Database) -> set[str]:
    """Return who finds that something is wrong."""
    kinds = await fsck(database)
    async with open_snapshot(database.application_url) as connection:
        differences = [each async for each in Rebuild().findings(connection)]
    found = {
        "gap": Kind.GAP in kinds,
        "fsck": bool(kinds - {Kind.GAP}),
        "rebuild": bool(differences),
    }
    async with connected(database) as sessions:
        found["monitor"] = await _monitor(sessions, world.held)
        found["witness"] = await _witness(sessions, world.held)
        found["service"] = "LOG_HALTED" in (await checkpoint(sessions)).text
    return {name for name, is_found in found.items() if is_found}


async def fsck(database: Database, *kept: Checkpoint) -> set[Kind]:
    outside = Outside(VERIFIERS, (WITNESS_KEY.verifier,), kept)
    async with open_snapshot(database.application_url) as connection:
        return {each.kind async for each in Fsck(outside).findings(connection)}


async def _monitor(sessions: Sessions, held: Checkpoint) -> bool:
    """Tell whether an auditor is shown another log than before."""
    async with serving(sessions) as client:
        if (await client.get("/v1/log/checkpoint")).status_code != 200:
            return False
        try:
            await Monitor(VERIFIERS, copy(held)).follow(client)
        except Forked:
            return True
    return False


async def _witness(sessions: Sessions, held: Checkpoint) -> bool:
    """Tell whether a witness is asked to sign another log than before."""
    with remembering(VERIFIERS, held) as witness:
        async with listening(witness) as told:
            await checkpoint(sessions, told)
        return bool(witness.refusals)
