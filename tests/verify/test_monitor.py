"""`monitor`: what the log once signed, it cannot take back."""

import datetime as dt
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.translog import note
from app.translog.note import Checkpoint
from app.verify import monitor
from app.verify.job import Job
from app.verify.report import Report
from app.verify.sources import Source
from app.verify.trust import Trust
from app.verify.verdicts import Misused
from tests.verify.conftest import Run
from tests.verify.world import (
    CODE,
    KEY,
    ORIGIN,
    Answer,
    Log,
    World,
    canonical,
    ordinary_log,
    signer,
)

MONITOR = ("monitor", "--state", "state")
CONSISTENCY = "/v1/log/consistency"
SECOND, THIRD = signer(2), signer(3)


def memory(folder: Path) -> bytes:
    return (folder / "state" / "state.json").read_bytes()


def evidence(folder: Path) -> dict[str, str]:
    (kept,) = (folder / "state").glob("evidence-*")
    return {each.name: each.read_text("utf-8") for each in kept.iterdir()}


def at(world: World, size: int) -> tuple[str, ...]:
    """Let the log have *size* entries; return what watches it."""
    world.size = size
    return MONITOR


def test_each_run_goes_on_from_the_last_one(run: Run, world: World) -> None:
    for size in (0, 1, 1, 4, 9):
        code, answer = run(*at(world, size))
        assert code == 0, answer

    assert [each for each in world.asked if "consistency" in each] == [
        "/v1/log/consistency?from=1&to=4",
        "/v1/log/consistency?from=4&to=9",
    ]


@pytest.mark.parametrize("step", [1, 100, 255, 256, 257, 511])
def test_the_right_edge_is_kept_across_tiles(run: Run, world: World, step: int) -> None:
    log, record = Log(), None
    for number in range(1, 601):
        record = log.version(CODE, number, record)
    world.log = log
    sizes = [256, 257] if step == 1 else [*range(step, 600, step), 600]

    assert [run(*at(world, size))[0] for size in sizes] == [0] * len(sizes)


def test_a_smaller_checkpoint_is_a_rollback(
    run: Run, world: World, tmp_path: Path
) -> None:
    assert run(*MONITOR)[0] == 0
    before = memory(tmp_path)

    code, answer = run(*at(world, 8))

    assert code == 5
    assert answer["why"] == "the log went back from 9 entries to 8"
    kept = evidence(tmp_path)
    assert kept["held.note"] == world.log.checkpoint(9)
    assert kept["served.note"] == world.log.checkpoint(8)
    assert memory(tmp_path) == before


def forged(world: World) -> None:
    world.log.entries[0] = world.log.entries[0].replace(b'"0.6"', b'"0.5"')


def test_two_roots_at_one_size_are_a_fork(
    run: Run, world: World, tmp_path: Path
) -> None:
    assert run(*MONITOR)[0] == 0
    forged(world)

    assert run(*MONITOR)[0] == 5
    assert evidence(tmp_path).keys() == {"held.note", "served.note", "why.txt"}


def test_a_longer_fork_is_a_fork(run: Run, world: World, tmp_path: Path) -> None:
    assert run(*at(world, 5))[0] == 0
    before = memory(tmp_path)
    world.size = 9
    forged(world)

    assert run(*MONITOR)[0] == 5
    assert "consistency.json" in evidence(tmp_path)
    assert memory(tmp_path) == before
    # It is not forgotten by asking again.
    assert run(*MONITOR)[0] == 5


def no_proof(world: World) -> None:
    proof = world.log.consistency(5, 9) | {"hashes": []}
    world.instead[CONSISTENCY] = Answer(canonical(proof))


def a_proof_of_other_sizes(world: World) -> None:
    world.instead[CONSISTENCY] = Answer(canonical(world.log.consistency(4, 9)))


def a_root_beside(world: World) -> None:
    proof = world.log.consistency(5, 9) | {"from_root": "0" * 64}
    world.instead[CONSISTENCY] = Answer(canonical(proof))


def sizes_beside(world: World) -> None:
    proof = world.log.consistency(5, 9) | {"from": 4}
    world.instead[CONSISTENCY] = Answer(canonical(proof))


def a_proof_that_is_none(world: World) -> None:
    world.instead[CONSISTENCY] = Answer(b'{"hashes":"none"}')


def an_error(world: World) -> None:
    world.instead[CONSISTENCY] = Answer(b"", 503)


def an_entry_that_is_not_the_signed_one(world: World) -> None:
    wrong = world.log.bundle(0, 9).replace(b'"2026.1"', b'"2026.2"')
    world.instead["/v1/log/tile/entries/000.p/9"] = Answer(wrong)


def a_stranger(world: World) -> None:
    world.log.keys = [SECOND]


def an_instant_out_of_order(world: World) -> None:
    at = "2026-09-21T12:00:00.000000Z"
    world.log.status(CODE, 1, "PUBLISHED")
    world.log.entries[-1] = canonical(
        json.loads(world.log.entries[-1]) | {"recorded_at": at}
    )
    world.size = 10


def an_unknown_kind(world: World) -> None:
    world.log.add("tanyin/secret/1")
    world.size = 10


def a_version_left_out(world: World) -> None:
    world.log.version(CODE, 5, world.log.entries[5])
    world.size = 10


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (no_proof, 5),
        (a_proof_of_other_sizes, 5),
        (a_root_beside, 3),
        (sizes_beside, 3),
        (a_proof_that_is_none, 7),
        (an_error, 2),
        (an_entry_that_is_not_the_signed_one, 3),
        (a_stranger, 4),
        (an_instant_out_of_order, 3),
        (an_unknown_kind, 3),
        (a_version_left_out, 3),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_is_refused_is_not_remembered(
    run: Run,
    world: World,
    tmp_path: Path,
    change: Callable[[World], None],
    expected: int,
) -> None:
    assert run(*at(world, 5))[0] == 0
    before = memory(tmp_path)
    world.size = 9
    change(world)

    assert run(*MONITOR)[0] == expected
    assert memory(tmp_path) == before


def test_what_is_stale_is_refused_and_remembered(run: Run, world: World) -> None:
    assert run(*MONITOR, "--max-age", "1e-6")[0] == 6
    assert run(*at(world, 8))[0] == 5


def announce(log: Log, key: str, previous: str) -> None:
    log.add("tanyin/key/1", vkey=key, previous=previous)


def test_a_key_is_followed_once_it_is_announced(run: Run, world: World) -> None:
    log = world.log
    assert run(*MONITOR)[0] == 0
    announce(log, SECOND.verifier.vkey, KEY.verifier.vkey)
    log.keys = [KEY, SECOND]
    code, answer = run(*at(world, 10))
    assert code == 0
    assert any(SECOND.verifier.vkey in each["detail"] for each in answer["steps"])

    log.keys = [SECOND]
    log.status(CODE, 2, "SUSPENDED")
    assert run(*at(world, 11))[0] == 0
    announce(log, THIRD.verifier.vkey, SECOND.verifier.vkey)
    assert run(*at(world, 12))[0] == 0
    log.keys = [THIRD]
    assert run(*at(world, 12))[0] == 0

    # Who has not followed must be told the key.
    assert run("monitor", "--state", "other")[0] == 4
    assert run("monitor", "--state", "other", "--key", THIRD.verifier.vkey)[0] == 0


def test_a_key_that_no_trusted_key_announces_is_not_followed(
    run: Run, world: World
) -> None:
    announce(world.log, THIRD.verifier.vkey, SECOND.verifier.vkey)
    assert run(*at(world, 10))[0] == 0

    world.log.keys = [THIRD]
    assert run(*MONITOR)[0] == 4


def test_a_key_announced_under_its_own_signature_is_not_followed(
    run: Run, world: World
) -> None:
    assert run(*MONITOR)[0] == 0
    announce(world.log, SECOND.verifier.vkey, KEY.verifier.vkey)
    world.log.keys = [SECOND]

    assert run(*at(world, 10))[0] == 4


def test_a_state_belongs_to_one_log(run: Run, world: World) -> None:
    assert run(*MONITOR)[0] == 0
    stranger = signer(7, "other.example/log")
    text = Checkpoint(stranger.name, 9, world.log.root(9)).text
    signed = note.signed(text, [stranger.sign(text)])
    world.instead["/v1/log/checkpoint"] = Answer(signed.encode())

    assert run(*MONITOR, "--key", stranger.verifier.vkey)[0] == 1


def changed(data: bytes, members: dict[str, object]) -> bytes:
    return json.dumps(json.loads(data) | members).encode()


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda data: data[:-20],
        lambda data: data.replace(b"tanyin/monitor/1", b"tanyin/monitor/2"),
        lambda data: data.replace(b'"levels": [', b'"levels": [[], ['),
        lambda data: data.replace(b'"levels"', b'"leaves"'),
        lambda data: data.replace(ORIGIN.encode(), b"other.example/log"),
        lambda data: data.replace(b"\\n9\\n", b"\\n8\\n"),
        lambda data: changed(data, {"levels": [[1]]}),
        lambda data: changed(data, {"levels": 1}),
        lambda data: changed(data, {"levels": [["00" * 32] * 9]}),
        lambda data: changed(data, {"versions": {CODE: 3}}),
        lambda data: changed(data, {"keys": []}),
    ],
)  # fmt: skip
def test_a_damaged_memory_is_not_begun_anew(
    run: Run, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    assert run(*MONITOR)[0] == 0
    damaged = damage(memory(tmp_path))
    (tmp_path / "state" / "state.json").write_bytes(damaged)

    assert run(*MONITOR)[0] == 7
    assert memory(tmp_path) == damaged


def test_a_faster_run_is_not_undone(run: Run, world: World, tmp_path: Path) -> None:
    """One run reads the log while another one remembers more of it."""
    assert run(*at(world, 1))[0] == 0
    assert run(*at(world, 9))[0] == 0
    newer = memory(tmp_path)
    slow = tmp_path / "state" / "state.json"
    world.size = 1
    assert run("monitor", "--state", "early")[0] == 0
    slow.write_bytes((tmp_path / "early" / "state.json").read_bytes())

    def answer(handler: object) -> None:
        slow.write_bytes(newer)
        handler.server.world.instead.clear()  # type: ignore[attr-defined]
        handler.do_GET()  # type: ignore[attr-defined]

    world.instead["/v1/log/tile/entries/000.p/4"] = answer
    assert run(*at(world, 4))[0] == 1
    assert memory(tmp_path) == newer


@dataclass(frozen=True)
class Direct(Source):
    """The world without a network."""

    world: World

    def feed(self, path: str, limit: int, take: Callable[[bytes], object]) -> None:
        found = self.world.answer(f"/v1{path}")
        assert isinstance(found, Answer)
        assert len(found.body) <= limit
        take(found.body)


def test_runs_at_the_same_time_leave_one_whole_memory(
    world: World, tmp_path: Path
) -> None:
    outcomes: list[str] = []

    def once() -> None:
        now = dt.datetime.now(dt.UTC)
        job = Job(Trust((KEY.verifier,)), Report(as_json=True), now, Direct(world))
        try:
            monitor.watch(job, tmp_path / "state")
            outcomes.append("kept")
        except Misused:
            outcomes.append("late")

    threads = [threading.Thread(target=once) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(outcomes) == 8
    assert "kept" in outcomes
    once()
    assert outcomes[-1] == "kept"


def test_a_first_run_reads_everything(run: Run, world: World) -> None:
    world.log = ordinary_log()
    world.log.entries[2] = world.log.entries[2].replace(b'"version":2', b'"version":7')

    assert run(*at(world, 8))[0] == 3
