"""Worker processes: dialogues, and what happens when they end otherwise."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.kit.errors import Findings
from app.kit.lanes import DIRECT, Busy, Lane, Maker, ThreadLane
from app.kit.workers import WorkerFailed, WorkerLost, WorkerPool
from tests.factories.dialogues import Odd, counting, failing, refusing, sleeping

ROOT = Path(__file__).parents[2]
# Far more than any of this takes, for a machine that is busy with other things.
SECONDS = 30

OWNER = """
import asyncio, time
from app.kit.workers import WorkerPool
from tests.factories.dialogues import sleeping

async def main():
    async with WorkerPool(1, 0).dialogue(sleeping, 60) as dialogue:
        print(await dialogue.ask(), flush=True)
        await dialogue.ask(0)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(1, 1)
    yield pool
    pool.close()


async def pid_of(lane: Lane) -> int:
    async with lane.dialogue(counting, 0, patient=True) as dialogue:
        pid, _ = await dialogue.ask()
    return int(pid)


async def asked_twice(lane: Lane, make: Maker, *arguments: object) -> None:
    async with lane.dialogue(make, *arguments, patient=True) as dialogue:
        await dialogue.ask()
        await dialogue.ask(0)


def is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    # Without anybody to reap it, a process that has ended stays in the table.
    return state == "Z"


async def test_a_dialogue_goes_back_and_forth_in_one_worker(pool: WorkerPool) -> None:
    async with pool.dialogue(counting, 5) as dialogue:
        said = [await dialogue.ask(), await dialogue.ask(2), await dialogue.ask(3)]

    assert [number for _, number in said] == [5, 7, 10]
    assert {pid for pid, _ in said} == {await pid_of(pool)} != {os.getpid()}


@pytest.mark.parametrize("lane", [ThreadLane(2, 0), DIRECT])
async def test_lanes_of_this_process_hold_the_same_dialogues(lane: Lane) -> None:
    async with lane.dialogue(counting, 5) as dialogue:
        assert await dialogue.ask() == (os.getpid(), 5)
        assert await dialogue.ask(2) == (os.getpid(), 7)
    with pytest.raises(Findings):
        await asked_twice(lane, refusing, 1)


async def test_a_refusal_arrives_whole_and_the_worker_stays(pool: WorkerPool) -> None:
    before = await pid_of(pool)

    with pytest.raises(Findings) as caught:
        await asked_twice(pool, refusing, 7)

    first, second = caught.value.errors
    assert (type(first), first.pointer, first.detail("zh")) == (Odd, "/a", "7 是奇数。")
    assert (second.pointer, str(second)) == ("/b", "3 is odd.")
    assert await pid_of(pool) == before


async def test_a_mistake_tells_where_it_was_made(pool: WorkerPool) -> None:
    with pytest.raises(WorkerFailed, match="a mistake of ours") as caught:
        await asked_twice(pool, failing)

    assert "dialogues.py" in str(caught.value)
    assert await pid_of(pool)


async def test_a_killed_worker_costs_its_own_dialogue_alone(pool: WorkerPool) -> None:
    pid = await pid_of(pool)
    asyncio.get_running_loop().call_later(0.1, os.kill, pid, signal.SIGKILL)
    with pytest.raises(WorkerLost):
        await asked_twice(pool, sleeping, 60)
    other = await pid_of(pool)
    # This one dies while nobody needs it, and nobody notices.
    os.kill(other, signal.SIGKILL)
    await asyncio.sleep(0.2)

    assert len({pid, other, await pid_of(pool)}) == 3


async def test_who_gives_up_stops_the_work(pool: WorkerPool) -> None:
    pid = await pid_of(pool)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asked_twice(pool, sleeping, 60), 0.1)

    assert await pid_of(pool) != pid
    assert is_gone(pid)


async def test_so_many_wait_and_further_ones_are_refused(pool: WorkerPool) -> None:
    async with pool.dialogue(counting, 0) as dialogue:
        await dialogue.ask()
        waiting = asyncio.create_task(_use(pool))
        patient = asyncio.create_task(pid_of(pool))
        await asyncio.sleep(0.05)
        with pytest.raises(Busy) as caught:
            await _use(pool)
        assert pool.gate.waiting == 1

    await asyncio.gather(waiting, patient)
    assert caught.value.facts["retry_after"]
    assert (pool.gate.waiting, pool.gate.inside) == (0, 1)  # tidies up


async def _use(pool: WorkerPool) -> None:
    async with pool.dialogue(counting, 0) as dialogue:
        await dialogue.ask()


def test_no_worker_outlives_its_owner() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert owner.stdout is not None
    with owner.stdout as said:
        pid = int(said.readline())
    owner.kill()
    owner.wait()

    deadline = time.monotonic() + SECONDS
    while not is_gone(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    gone = is_gone(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    assert gone


async def test_closing_ends_what_is_at_work() -> None:
    pool = WorkerPool(1, 0)
    pid = await pid_of(pool)
    asyncio.get_running_loop().call_later(0.1, pool.close)

    with pytest.raises(WorkerLost):
        await asked_twice(pool, sleeping, 60)

    assert is_gone(pid)
    with pytest.raises(WorkerLost):
        await pid_of(pool)
