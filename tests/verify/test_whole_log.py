"""`checkpoint`, `history` and `release`: what takes more than one proof."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.verify.conftest import Run
from tests.verify.world import (
    CODE,
    OTHER,
    WITNESSES,
    Answer,
    Log,
    World,
    ordinary_log,
    released,
    signer,
)

STATUS, KEY = "tanyin/status-change/1", "tanyin/key/1"
FIRST = "2026-09-21T12:00:00.000000Z"
LIST = f"/v1/factors/{CODE}/versions"
STRANGER = signer(9, "other.example").verifier.vkey
BUNDLE = "/v1/log/tile/entries/000.p/9"


def rebuilt(world: World, log: Log) -> None:
    """Let the service publish *log* instead, properly signed."""
    world.log, world.size = log, len(log.entries)


def test_a_history_is_verified(run: Run, world: World) -> None:
    code, answer = run("history", CODE)

    told = [(each["step"], each["detail"]) for each in answer["steps"]]
    assert code == 0
    assert [step for step, _ in told if step.startswith(("version", "status"))] == [
        "version 1",
        "version 2",
        "status",
        "status",
        "version 3",
    ]
    assert any("version 1: SUSPENDED (because)" in detail for _, detail in told)
    # More than one page of the list was read.
    assert sum(each.startswith(LIST) for each in world.asked) == 2


def test_a_history_spans_bundles(run: Run, world: World) -> None:
    log, record = Log(), None
    for number in range(1, 301):
        record = log.version(CODE, number, record)
    rebuilt(world, log)
    world.instead[LIST] = Answer(
        json.dumps(
            {
                "items": [
                    {"version": n, "record_sha256": hashlib.sha256(each).hexdigest()}
                    for n, each in enumerate(log.entries, 1)
                ],
                "next_cursor": None,
            }
        ).encode()
    )

    assert run("history", CODE)[0] == 0
    assert [each for each in world.asked if "tile" in each] == [
        "/v1/log/tile/entries/000",
        "/v1/log/tile/entries/001.p/44",
    ]


def test_a_full_bundle_stands_in_for_its_beginning(run: Run, world: World) -> None:
    """The log has grown, and keeps full tiles only."""
    while len(world.log.entries) < 256:
        world.log.status(CODE, 1, "PUBLISHED")
    world.instead[BUNDLE] = Answer(b"", 404)
    world.instead["/v1/log/tile/entries/000"] = Answer(world.log.bundle(0, 256))

    assert run("history", CODE)[0] == 0


def history(*records: Callable[[Log], object]) -> Log:
    log = Log()
    for each in records:
        each(log)
    return log


def after_one(*records: Callable[[Log], object]) -> Log:
    return history(version(1, None), *records)


def version(
    number: int, previous: int | None, /, **more: Any
) -> Callable[[Log], object]:
    def add(log: Log) -> None:
        before = None if previous is None else log.entries[previous]
        log.version(CODE, number, before, **more)

    return add


def other(schema: str, **members: Any) -> Callable[[Log], object]:
    return lambda log: log.add(schema, **members)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (history(version(2, None)), 3),
        (after_one(version(3, 0)), 3),
        (after_one(version(1, 0)), 3),
        (after_one(version(2, None)), 3),
        (after_one(version(2, 0), version(3, 0)), 3),
        (history(version(1, None, previous="0" * 64)), 3),
        (history(version(1, None, previous="")), 3),
        (history(version(1, None, recorded_at="2026-09-21T12:00:00Z")), 7),
        (history(version(1, None, recorded_at="2026-02-30T12:00:00.000000Z")), 7),
        (after_one(version(2, 0, recorded_at=FIRST)), 3),
        (after_one(other("tanyin/secret/1")), 3),
        (after_one(other(STATUS, code=OTHER, version=1)), 3),
        (after_one(other(STATUS, code=CODE, version=2)), 3),
        (after_one(other(STATUS, code=CODE)), 3),
        (after_one(other("tanyin/release/1", size=2)), 3),
        (after_one(other(KEY, vkey="nonsense", previous="")), 7),
        (after_one(other(KEY, vkey=STRANGER)), 3),
        (after_one(lambda log: log.entries.append(b"not json")), 7),
        (after_one(lambda log: log.entries.append(b"{}")), 7),
        (history(), 3),
        (history(lambda log: log.version(OTHER, 1, None)), 3),
    ],
)  # fmt: skip
def test_a_log_that_breaks_its_rules_is_refused(
    run: Run, world: World, log: Log, expected: int
) -> None:
    """The signature is right: it is the log itself that does wrong."""
    rebuilt(world, log)

    assert run("history", CODE)[0] == expected


def listed(world: World, *digests: str) -> None:
    items = [{"version": n, "record_sha256": each} for n, each in enumerate(digests, 1)]
    page = {"items": items, "next_cursor": None}
    world.instead[LIST] = Answer(json.dumps(page).encode())


def digests(world: World) -> list[str]:
    return [
        hashlib.sha256(world.log.entries[each]).hexdigest()
        for each in world.indices(CODE)
    ]


def bundle(world: World) -> bytes:
    return world.log.bundle(0, world.size)


def the_list_hides_a_version(world: World) -> None:
    listed(world, *digests(world)[:2])


def the_list_invents_a_version(world: World) -> None:
    listed(world, *digests(world), "0" * 64)


def the_list_has_another_digest(world: World) -> None:
    listed(world, "0" * 64, *digests(world)[1:])


def the_list_never_ends(world: World) -> None:
    items = [{"version": 1, "record_sha256": digests(world)[0]}]
    body = json.dumps({"items": items, "next_cursor": "again"}).encode()
    world.instead[LIST] = Answer(body)


def the_list_has_no_items(world: World) -> None:
    world.instead[LIST] = Answer(b'{"items":[1],"next_cursor":null}')


def an_entry_is_changed(world: World) -> None:
    world.instead[BUNDLE] = Answer(bundle(world).replace(b'"0.7"', b'"0.9"'))


def two_entries_are_swapped(world: World) -> None:
    log = ordinary_log()
    log.entries[3], log.entries[4] = log.entries[4], log.entries[3]
    world.instead[BUNDLE] = Answer(log.bundle(0, 8) + bundle(world)[-100:])


def an_entry_is_missing(world: World) -> None:
    world.instead[BUNDLE] = Answer(world.log.bundle(0, 8))


def an_entry_too_many(world: World) -> None:
    world.instead[BUNDLE] = Answer(bundle(world) + b"\x00\x01x")


def the_last_byte_is_missing(world: World) -> None:
    world.instead[BUNDLE] = Answer(bundle(world)[:-1])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (the_list_hides_a_version, 3),
        (the_list_invents_a_version, 3),
        (the_list_has_another_digest, 3),
        (the_list_never_ends, 3),
        (the_list_has_no_items, 7),
        (an_entry_is_changed, 3),
        (two_entries_are_swapped, 7),
        (an_entry_is_missing, 7),
        (an_entry_too_many, 7),
        (the_last_byte_is_missing, 7),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_service_that_shows_another_history_is_refused(
    run: Run, world: World, change: Callable[[World], None], expected: int
) -> None:
    change(world)

    assert run("history", CODE, "--timeout", "5")[0] == expected


def test_a_release_is_verified(run: Run) -> None:
    code, answer = run("release", "2026.1")

    steps = {each["step"]: each["detail"] for each in answer["steps"]}
    assert code == 0
    assert steps["manifest"].startswith("2 factors")
    assert steps["jsonl"].startswith("2 records")


def test_a_release_may_be_empty(run: Run, world: World) -> None:
    log = Log()
    files = released(log, "first", [])
    rebuilt(world, log)
    world.files = files

    assert run("release", "first")[0] == 0


def test_void_is_for_ever_in_a_release(run: Run, world: World) -> None:
    log = ordinary_log()
    log.status(CODE, 3, "VOID")
    log.status(CODE, None, "PUBLISHED")
    files = released(log, "2026.1", [(5, "VOID"), (7, "RETIRED")])
    rebuilt(world, log)
    world.files = files

    assert run("release", "2026.1")[0] == 0


LISTED = [(5, "PUBLISHED"), (7, "RETIRED")]


@pytest.mark.parametrize(
    "said",
    [
        [(5, "PUBLISHED")],
        [*LISTED, (0, "SUPERSEDED")],
        [LISTED[1], LISTED[0]],
        [(2, "PUBLISHED"), LISTED[1]],
        [(5, "SUSPENDED"), LISTED[1]],
        [LISTED[0], (7, "PUBLISHED")],
        [LISTED[0], LISTED[0]],
        [],
    ],
)
def test_a_release_that_is_not_what_the_log_says(
    run: Run, world: World, said: list[tuple[int, str]]
) -> None:
    """Signed digests of files that are wrong in themselves."""
    log = ordinary_log()
    files = released(log, "2026.1", said)
    rebuilt(world, log)
    world.files = files

    assert run("release", "2026.1")[0] == 3


@pytest.mark.parametrize("name", ["record", "manifest", "export.jsonl", "export.csv"])
@pytest.mark.parametrize("wrong", [b"", b"x", b"x" * 200_000, None])
def test_a_file_that_is_not_the_one_released(
    run: Run, world: World, name: str, wrong: bytes | None
) -> None:
    path = f"/releases/2026.1/{name}"
    held = world.files[path]
    world.files[path] = held[:-1] if wrong is None else held + wrong
    if not wrong and wrong is not None:
        world.files[path] = b""

    assert run("release", "2026.1")[0] in {3, 7}


@pytest.mark.parametrize(
    ("said", "exported", "why"),
    [
        (LISTED, LISTED[:1], "jsonl export has other factors"),
        (LISTED, [*LISTED, LISTED[1]], "jsonl export has more factors"),
        (LISTED, [LISTED[0], (7, "PUBLISHED")], "jsonl export does not have"),
        (LISTED, [(2, "PUBLISHED"), LISTED[1]], "jsonl export does not have"),
        ([LISTED[0], (7, "PUBLISHED")], LISTED, "manifest is not what the log says"),
        ([(2, "PUBLISHED"), LISTED[1]], LISTED, "manifest is not what the log says"),
    ],
)
def test_manifest_and_export_are_each_compared_with_the_log(
    run: Run,
    world: World,
    said: list[tuple[int, str]],
    exported: list[tuple[int, str]],
    why: str,
) -> None:
    log = ordinary_log()
    files = released(log, "2026.1", said, exported)
    rebuilt(world, log)
    world.files = files

    code, answer = run("release", "2026.1")

    assert code == 3
    assert why in answer["why"]


def test_a_name_is_given_once(run: Run, world: World) -> None:
    released(world.log, "2026.1", [(5, "PUBLISHED"), (7, "RETIRED")])
    world.size = len(world.log.entries)

    assert run("release", "2026.1")[0] == 3
    assert run("release", "2026.2")[0] == 3
    assert run("release", "..")[0] == 1


def test_a_mirror_takes_the_place_of_the_service(
    run: Run, world: World, tmp_path: Path
) -> None:
    for path, data in world.files.items():
        file = tmp_path / "mirror" / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    log = tmp_path / "mirror" / "log"
    (log / "tile" / "entries" / "000.p").mkdir(parents=True)
    (log / "tile" / "entries" / "000.p" / "9").write_bytes(bundle(world))
    (log / "checkpoint").write_text(world.log.checkpoint(9), "utf-8")

    assert run("release", "2026.1", "--mirror", "mirror")[0] == 0
    assert world.asked == []
    assert run("history", CODE, "--mirror", "mirror")[0] == 2  # no list there


def test_a_checkpoint_is_verified(run: Run, world: World, tmp_path: Path) -> None:
    (tmp_path / "note").write_text(world.log.checkpoint(5), "utf-8")

    assert run("checkpoint")[0] == 0
    assert run("checkpoint", "--checkpoint", "note", "offline")[0] == 0
    code, answer = run("checkpoint", "--checkpoint", "note")
    assert code == 0
    assert "continuity" in {each["step"] for each in answer["steps"]}


def test_an_earlier_checkpoint_of_another_log_shows_the_fork(
    run: Run, world: World, tmp_path: Path
) -> None:
    log = ordinary_log()
    log.entries[0] = log.entries[0].replace(b'"0.6"', b'"0.5"')
    (tmp_path / "note").write_text(log.checkpoint(5), "utf-8")

    assert run("checkpoint", "--checkpoint", "note")[0] == 5
    (kept,) = tmp_path.glob("evidence-*")
    assert (kept / "held.note").read_text("utf-8") == log.checkpoint(5)
    assert (kept / "served.note").read_text("utf-8") == world.log.checkpoint(9)
    assert (kept / "consistency.json").exists()


def test_an_empty_log_has_one_root(run: Run, world: World) -> None:
    world.size = 0
    assert run("checkpoint")[0] == 0

    text = world.log.checkpoint(9).partition("\n\n")[0].replace("\n9\n", "\n0\n") + "\n"
    lines = "".join(each.sign(text) for each in world.log.keys)
    world.instead["/v1/log/checkpoint"] = Answer(f"{text}\n{lines}".encode())
    assert run("checkpoint")[0] == 3


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be an hour after the last entry."""
    now = dt.datetime(2026, 9, 21, 13, 0, 0, 8000, tzinfo=dt.UTC)
    monkeypatch.setattr("app.verify.command._now", lambda: now)


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize(
    "check", [("checkpoint",), ("version", f"{CODE}@2"), ("history", CODE)]
)
@pytest.mark.parametrize(("hours", "expected"), [("1.1", 0), ("0.9", 6)])
def test_without_witnesses_the_last_entry_tells_the_age(
    run: Run, check: tuple[str, ...], hours: str, expected: int
) -> None:
    assert run(*check, "--max-age", hours)[0] == expected


@pytest.mark.usefixtures("late")
def test_a_later_entry_does_not_freshen_an_old_checkpoint(
    run: Run, world: World
) -> None:
    """The proof is right, but it is that of an entry the checkpoint does not have."""
    old, new = world.log.bundle(0, 4), world.log.entries[8]
    world.size = 5
    body = old + len(new).to_bytes(2, "big") + new
    world.instead["/v1/log/tile/entries/000.p/5"] = Answer(body)
    proof = json.dumps(world.log.proof(8, 9)).encode()
    world.instead["/v1/log/proof"] = Answer(proof)

    assert run("checkpoint", "--max-age", "2")[0] == 3


def seconds(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp())


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-09-21T12:30:00Z", 0),
        ("2026-09-21T13:02:00Z", 0),
        ("2026-09-20T12:00:00Z", 6),
        ("2027-01-01T00:00:00Z", 6),
        ("1970-01-01T00:00:00Z", 6),
    ],
)
def test_witnesses_tell_the_age(run: Run, world: World, at: str, expected: int) -> None:
    world.log.witnesses, world.log.witnessed_at = WITNESSES[:1], seconds(at)
    witness = ["--witness", WITNESSES[0].verifier.vkey]

    assert run("checkpoint", *witness, "--max-age", "1")[0] == expected
    assert run("checkpoint", *witness)[0] == 0


def test_a_witness_beyond_the_calendar_is_refused(run: Run, world: World) -> None:
    world.log.witnesses, world.log.witnessed_at = WITNESSES[:1], 2**63 - 1
    witness = ["--witness", WITNESSES[0].verifier.vkey]

    assert run("checkpoint", *witness)[0] == 4


def test_an_age_that_nobody_tells_is_no_age(
    run: Run, world: World, tmp_path: Path
) -> None:
    (tmp_path / "note").write_text(world.log.checkpoint(5), "utf-8")
    code, answer = run(
        "checkpoint", "--checkpoint", "note", "offline", "--max-age", "9"
    )
    assert code == 6
    assert "cannot be judged" in answer["why"]

    world.size = 0
    assert run("checkpoint", "--max-age", "9")[0] == 6
