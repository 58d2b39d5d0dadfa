"""What the database said at a snapshot never changes, whatever happens meanwhile.

Publishers publish, suspend, reinstate, retire, void and release while readers ask for
fixed snapshots, by size, by instant and by name, and for those that have just come to
be. Every answer is asked for again later; nothing comes out of the cache of answers.
"""

import asyncio
import datetime as dt
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest

from app.http.cache import AnswerStore
from app.kit.clock import instant_text
from app.kit.database import Sessions
from app.publication import releases
from app.publication.service import FactorWithdrawn
from app.reference.enums import VersionStatus
from tests.factories.factors import PUBLISHERS, change_status, publish_one
from tests.factories.people import people

ACTS: Final = 25
READERS: Final = 3
FILES: Final = ("", "/record", "/manifest", "/export.jsonl", "/export.csv")
LISTS: Final = (
    "/factors?limit=2",
    "/factors?q=产品&facets=true",
    "/factors?status=SUSPENDED",
    "/factors?sort=-log_index",
    "/factors?valid_on=2026-01-01",
    "/releases?limit=500",
)


@dataclass(slots=True)
class World:
    """The factors there are, and every answer by what it was asked with."""

    sessions: Sessions
    client: httpx.AsyncClient
    codes: list[str] = field(default_factory=list)
    series: str = ""
    told: dict[tuple[str, str], bytes] = field(default_factory=dict)
    asked: int = 0
    busy: bool = True

    async def ask(self, path: str, snapshot: str) -> None:
        """Read at a snapshot; the answer must be that of the last time."""
        if path == "/calculations":
            request = calculation(self.codes[0]) | {"snapshot": snapshot}
            answer = await self.client.post(f"/v1{path}", json=request)
        else:
            params = dict(httpx.QueryParams(path.partition("?")[2]))
            if not path.startswith("/releases/"):
                params["snapshot"] = snapshot
            answer = await self.client.get(
                f"/v1{path.partition('?')[0]}", params=params
            )
        assert answer.status_code in {200, 422}, answer.text
        # Refusals bear the number of the request.
        body = answer.content if answer.status_code == 200 else b""
        assert self.told.setdefault((path, snapshot), body) == body, (path, snapshot)
        self.asked += 1

    def paths(self) -> Iterator[str]:
        """Return every address there is to ask at, for the factors of the beginning."""
        yield from LISTS
        yield from (f"/factors/{code}" for code in self.codes[:4])
        for rest in ("/versions", "/versions/1", "/versions/1/record"):
            yield f"/factors/{self.codes[0]}{rest}"
        yield f"/series/{self.series}"
        yield "/calculations"
        yield from (f"/releases/first{file}" for file in FILES)
        yield "/releases/first/changes?since=2"


def calculation(code: str) -> dict[str, Any]:
    """Return a calculation with the current version of a factor."""
    output = {"amount": "1", "unit": "kg"}
    line = {"factor": code, "amount": "2", "unit": "kg"}
    process = {"id": "p", "output": output, "inputs": [line]}
    return {"reference": {"process": "p", **output}, "processes": [process]}


async def begin(world: World) -> tuple[str, ...]:
    """Fill the catalogue, release it, and return the spellings of that snapshot."""
    for number in range(6):
        made = await publish_one(world.sessions, zh=f"产品{number}")
        world.codes.append(made.code)
    await publish_one(world.sessions, zh="产品1", value="1")
    await change_status(world.sessions, world.codes[2], VersionStatus.SUSPENDED, 1)
    async with world.sessions.begin() as session:
        size = await releases.make(session, "first", "第一次", PUBLISHERS)
    factor = (await world.client.get(f"/v1/factors/{world.codes[0]}")).json()
    world.series = factor["series"]
    release = (await world.client.get("/v1/releases/first")).json()
    instant = dt.datetime.fromisoformat(release["recorded_at"])
    before = instant_text(instant - dt.timedelta(microseconds=1))
    return str(size), before, "first"


async def act(world: World, chance: random.Random, number: int) -> None:
    """Do what publishers do, to a factor by chance."""
    code = chance.choice(world.codes)
    statuses = {
        "suspend": VersionStatus.SUSPENDED,
        "reinstate": VersionStatus.PUBLISHED,
        "retire": VersionStatus.RETIRED,
        "void": VersionStatus.VOID,
    }
    what = chance.choice(["version", "version", "factor", "release", *statuses])
    if what == "version":
        name = f"产品{world.codes.index(code)}"
        with suppress(FactorWithdrawn):  # one that was retired takes no more
            await publish_one(world.sessions, zh=name, value=f"{number}.5")
    elif what == "factor":
        made = await publish_one(world.sessions, zh=f"产品{len(world.codes)}")
        world.codes.append(made.code)
    elif what == "release":
        async with world.sessions.begin() as session:
            await releases.make(session, f"r{number}", "又一次", PUBLISHERS)
    else:
        version = None if what == "retire" else 1
        await change_status(world.sessions, code, statuses[what], version)


async def publish_for_a_while(world: World, chance: random.Random) -> None:
    for number in range(ACTS):
        await act(world, chance, number)
    world.busy = False


async def read_meanwhile(
    world: World, chance: random.Random, fixed: tuple[str, ...]
) -> None:
    paths = list(world.paths())
    while world.busy:
        await world.ask(chance.choice(paths), chance.choice(fixed))
        # What has just come to be: the newest size, and this very moment.
        head = await world.client.get("/v1/factors?limit=1")
        fresh = head.headers["tanyin-snapshot"], instant_text(dt.datetime.now(dt.UTC))
        await world.ask(chance.choice(paths), chance.choice(fresh))


@pytest.mark.committed
@pytest.mark.parametrize("seed", [1, 2])
async def test_snapshots_stay(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(AnswerStore, "find", lambda *_: None)
    async with people(sessions) as everybody:
        world = World(sessions, everybody.clients["nobody"])
        fixed = await begin(world)
        for path in world.paths():
            for snapshot in fixed:
                await world.ask(path, snapshot)
            assert len({world.told[path, snapshot] for snapshot in fixed}) == 1, path

        chance = random.Random(seed)  # noqa: S311 - to be repeated
        async with asyncio.TaskGroup() as group:
            group.create_task(publish_for_a_while(world, chance))
            for _ in range(READERS):
                group.create_task(read_meanwhile(world, chance, fixed))

        before = world.asked
        for path, snapshot in list(world.told):
            await world.ask(path, snapshot)
        assert world.asked - before > len(fixed) * len(list(world.paths()))
        assert b"" not in {world.told[path, "first"] for path in world.paths()}
