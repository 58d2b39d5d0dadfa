"""`tanyin log`: what it says, and how it ends."""

import stat
from pathlib import Path
from typing import Any

import pytest

from app.kit.database import Sessions
from app.kit.embedded import Server
from app.translog import note
from tests.cli.test_commands import tanyin
from tests.conftest import Database
from tests.factories.factors import publish_one
from tests.faults.test_tampering import KEYS, as_superuser, checkpoint


def variables(database: Database, **others: str) -> dict[str, str]:
    return {
        "TANYIN_DATABASE_URL": database.application_url,
        "TANYIN_MIGRATION_URL": database.owner_url,
        "TANYIN_LOG_KEY": "\n".join(each.private_text for each in KEYS),
        **others,
    }


@pytest.mark.committed
async def test_what_does_not_fit_is_printed_and_ends_with_1(
    server: Server, database: Database, sessions: Sessions, tmp_path: Path
) -> None:
    async def change(db: Any) -> None:
        await db.execute("UPDATE log_entry SET record = record || ' ' WHERE index = 1")

    for zh in ("铝", "铜"):
        await publish_one(sessions, zh=zh)
    kept = tmp_path / "checkpoint"
    kept.write_text((await checkpoint(sessions)).text, "utf-8")
    fsck = ("log", "fsck", "--checkpoint", str(kept))

    sound = tanyin(*fsck, **variables(database))
    rebuilt = tanyin("log", "rebuild", "--check", **variables(database))
    await as_superuser(server, database, change)
    changed = tanyin(*fsck, **variables(database))
    differs = tanyin("log", "rebuild", "--check", **variables(database))

    assert (sound.returncode, sound.stderr) == (0, "")
    # The second key of the tests is announced by the third entry.
    assert _counts(sound.stdout)["entries"] == 3
    assert _counts(sound.stdout)["findings"] == 0
    assert (rebuilt.returncode, _counts(rebuilt.stdout)["versions"]) == (0, 2)
    assert changed.returncode == differs.returncode == 1
    assert changed.stdout.startswith("ENTRY: entry 1 is not what its hash says\n")
    assert differs.stdout.startswith("entry 1: publishing it again would change")


@pytest.mark.committed
async def test_a_checkpoint_is_a_signed_note(
    database: Database, tmp_path: Path
) -> None:
    for text in ("", "x\n1\n", "x\n\n— y eA==\n"):
        kept = tmp_path / "checkpoint"
        kept.write_text(text, "utf-8")
        done = tanyin("log", "fsck", "--checkpoint", str(kept), **variables(database))
        assert done.returncode == 1
        assert "no checkpoint of this log" in done.stderr


def test_rebuild_never_writes() -> None:
    done = tanyin("log", "rebuild")

    assert (done.returncode, done.stdout) == (2, "")
    assert "--check" in done.stderr


def test_without_a_database_there_is_nothing_to_check(tmp_path: Path) -> None:
    done = tanyin("log", "fsck", TANYIN_DATA_DIR=str(tmp_path))

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "no database" in done.stderr


def test_keys_are_added_behind_those_that_there_are(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    named = {"TANYIN_LOG_KEY_FILE": str(path)}

    nameless = tanyin("log", "rotate", **named)
    misnamed = tanyin("log", "rotate", "--origin", "a b", **named)
    assert (nameless.returncode, misnamed.returncode) == (1, 2)
    assert not path.exists()

    first = tanyin("log", "rotate", "--origin", "example.org/log", **named)
    second = tanyin("log", "rotate", **named)

    printed = [each.stdout.partition("\n")[0] for each in (first, second)]
    held = [note.parse_private(line) for line in path.read_text().split()]
    assert [each.verifier.vkey for each in held] == printed
    assert {each.name for each in held} == {"example.org/log"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "PRIVATE" not in first.stdout + second.stdout


def _counts(text: str) -> dict[str, int]:
    lines = (line.split(maxsplit=1) for line in text.splitlines())
    return {name: int(count) for count, name in lines}
