"""kill -9 under writes: nothing acknowledged is lost or doubled, no checkpoint broken.

Writers repeat what was not answered with the same Idempotency-Key; a reader keeps every
checkpoint that it is shown. With `synchronous_commit` off the same harness has to see
that something was lost, or it would see nothing.
"""

import asyncio
import itertools
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest
import sqlalchemy as sa

from app.factors.models import FactorVersion
from app.kit.database import open_snapshot
from app.kit.embedded import Server
from app.publication.rebuild import Rebuild
from app.translog import note
from app.translog.fsck import Fsck, Outside
from app.translog.note import Checkpoint
from tests.factories.factors import document
from tests.faults.conftest import SEED, TORTURE, drawing
from tests.faults.test_kill import Service, service

pytestmark = pytest.mark.database
__all__ = ["service"]

WRITERS = 8
PAUSE = 0.1
ENOUGH = 20
SECONDS = 60
# How often the service alone is killed, and how often PostgreSQL with it.
KILLS = {True: 1} if TORTURE == 1 else {False: 50, True: 25}
LOSING_KILLS = 15


class Lost(AssertionError):
    """The service no longer knows what it has acknowledged."""


@dataclass
class Crowd:
    """Writers and a reader, and what they were told."""

    service: Service
    over: threading.Event = field(default_factory=threading.Event)
    told: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Pin and log index of each publication that was acknowledged, by name."""
    lost: list[str] = field(default_factory=list)
    shown: dict[int, set[Checkpoint]] = field(default_factory=dict)
    repeated: Counter[str] = field(default_factory=Counter)

    def write(self, number: int) -> None:
        """Publish one factor after the other."""
        with httpx.Client(timeout=30) as client:
            for count in itertools.count():
                if self.over.is_set():
                    return
                name = f"铝{number}号{count}"
                try:
                    self.told[name] = self._publish(client, name)
                except Lost as error:
                    self.lost.append(str(error))

    def wait(self, count: int) -> None:
        """Wait until *count* more publications were acknowledged, or lost."""
        done = len(self.told) + len(self.lost) + count
        end = time.monotonic() + SECONDS
        while len(self.told) + len(self.lost) < done:
            assert time.monotonic() < end, self.repeated
            time.sleep(PAUSE)

    def read(self) -> None:
        """Look at the checkpoint all the time."""
        with httpx.Client(timeout=30) as client:
            while not self.over.is_set():
                self.look(client)
                time.sleep(PAUSE)

    def look(self, client: httpx.Client) -> None:
        """Keep the checkpoint that is shown, if any is."""
        with suppress(httpx.TransportError):
            answer = client.get(f"{self.service.client.base_url}log/checkpoint")
            if answer.status_code == 200:
                found = note.parse_checkpoint(note.parse_note(answer.text).text)
                self.shown.setdefault(found.size, set()).add(found)

    def _publish(self, client: httpx.Client, name: str) -> tuple[str, int]:
        body = {"road": "IMPORT", "reason": "测试", "items": [document(zh=name)]}
        act = self._answer(client, "publisher", "publications", body, name)
        path = f"acts/{act['act_id']}/confirm"
        done = self._answer(client, "publisher_2", path, {}, name)
        return done["published"][0], done["log_index"]

    def _answer(
        self, client: httpx.Client, who: str, path: str, body: Any, name: str
    ) -> Any:
        """Ask until there is an answer, each time as the same request."""
        while True:
            headers = {
                "Authorization": f"Bearer {self.service.keys[who]['key']}",
                "Idempotency-Key": name.encode().hex(),
            }
            with suppress(httpx.TransportError):
                url = f"{self.service.client.base_url}{path}"
                answer = client.post(url, json=body, headers=headers)
                if answer.is_success:
                    return answer.json()
                if answer.status_code != 503:
                    raise Lost(f"{name}: {answer.text}")
            self.repeated[path[:4]] += 1
            time.sleep(PAUSE)


def killed(service: Service, kills: list[bool]) -> Crowd:
    """Kill *service* again and again while a crowd is busy; return the crowd."""
    crowd, random = Crowd(service), drawing("kill")
    sys.stdout.write(f"seed {SEED}\n")
    with ThreadPoolExecutor(WRITERS + 1) as threads:
        tasks = [threads.submit(crowd.write, number) for number in range(WRITERS)]
        tasks.append(threads.submit(crowd.read))
        try:
            for database in random.sample(kills, len(kills)):
                crowd.wait(ENOUGH)
                time.sleep(random.uniform(0, 1))
                service.kill(database=database)
                service.stop()
                service.start()
            crowd.wait(ENOUGH)
        finally:
            crowd.over.set()
    for task in tasks:
        task.result()
    crowd.look(service.client)
    return crowd


async def contradictions(service: Service, crowd: Crowd) -> list[str]:
    """Return where the database is not what the crowd was told."""
    found = list(crowd.lost)
    shown = [each for every in crowd.shown.values() for each in every]
    url = Server(service.socket_dir()).url("tanyin_app", "tanyin")
    async with open_snapshot(url) as connection:
        fsck, rebuild = Fsck(Outside(checkpoints=tuple(shown))), Rebuild()
        found += [str(each) async for each in fsck.findings(connection)]
        found += [each async for each in rebuild.findings(connection)]
        columns = ("name_zh", "code", "version", "log_index")
        wanted = (FactorVersion.__table__.c[each] for each in columns)
        rows = (await connection.execute(sa.select(*wanted))).all()
    stored: dict[str, list[tuple[str, int]]] = {}
    for name, code, version, index in rows:
        stored.setdefault(name, []).append((f"{code}@{version}", index))
    for name, told in crowd.told.items():
        if stored.get(name) != [told]:
            found.append(f"{name} was {told}, is {stored.get(name)}")
    return found


def report(crowd: Crowd, kills: list[bool], wrong: list[str]) -> None:
    sys.stdout.write(
        f"{len(kills)} kills, {sum(kills)} of them of PostgreSQL: "
        f"{len(crowd.told)} acknowledged, {crowd.repeated.total()} repeated, "
        f"{len(crowd.shown)} sizes signed, {len(wrong)} contradictions\n"
    )


def test_nothing_acknowledged_is_lost(service: Service) -> None:
    kills = [database for database, times in KILLS.items() for _ in range(times)]

    crowd = killed(service, kills)
    wrong = asyncio.run(contradictions(service, crowd))

    report(crowd, kills, wrong)
    assert wrong == []
    assert len(crowd.shown) > len(kills)
    assert all(len(each) == 1 for each in crowd.shown.values())


@pytest.mark.skipif(TORTURE == 1, reason="only under make torture")
def test_the_harness_sees_what_is_lost(service: Service) -> None:
    """The negative control: without waiting for the disk something has to be lost."""

    async def weaken() -> None:
        db = await asyncpg.connect(
            host=str(service.socket_dir()), user="postgres", database="postgres"
        )
        await db.execute("ALTER SYSTEM SET synchronous_commit = off")
        await db.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
        await db.execute("SELECT pg_reload_conf()")
        await db.close()

    asyncio.run(weaken())
    kills = [True] * LOSING_KILLS

    crowd = killed(service, kills)
    wrong = asyncio.run(contradictions(service, crowd))

    report(crowd, kills, wrong)
    assert wrong
