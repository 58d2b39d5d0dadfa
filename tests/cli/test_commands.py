"""The commands as they are called, each in a process of its own."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy.engine import make_url

from app.kit.embedded import Server
from tests.conftest import Database

SECONDS = 120
ROOT = Path(__file__).parents[2]


def environment(**changes: str) -> dict[str, str]:
    """Return this process's environment without what configures TanYin."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TANYIN_")}
    return kept | changes


def tanyin(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `tanyin` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def started(log: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `tanyin serve` until the block is left."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve"],
            cwd=ROOT,
            env=environment(**variables),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(SECONDS)


@contextmanager
def serving(
    log: Path, **variables: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run `tanyin serve` and wait until it answers; yield it and its address."""
    port = str(free_port())
    base = f"http://127.0.0.1:{port}"
    with started(log, TANYIN_PORT=port, **variables) as process:
        _wait_until_alive(process, base, log)
        yield process, base


def _wait_until_alive(process: subprocess.Popen[bytes], base: str, log: Path) -> None:
    for _ in range(SECONDS * 10):
        assert process.poll() is None, log.read_text()
        with suppress(httpx.ConnectError):
            assert httpx.get(f"{base}/healthz").status_code == 200
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Yield a directory that PostgreSQL's account can pass through."""
    with tempfile.TemporaryDirectory(prefix="tanyin-test-") as path:
        Path(path).chmod(0o711)
        yield Path(path, "data")


@pytest.mark.database
def test_demonstration_from_an_interrupted_start_to_its_end(
    data_dir: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    variables = {"TANYIN_DATA_DIR": str(data_dir), "TANYIN_PORT": str(free_port())}
    with started(log, **variables) as process:
        # The keys are written just before the seed is loaded.
        _wait_for(data_dir / "demo_keys.json")
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
    assert "answers" not in log.read_text()

    with serving(log, TANYIN_DATA_DIR=str(data_dir)) as (process, base):
        ready = httpx.get(f"{base}/readyz")
        first = _keys(data_dir)
        member = httpx.get(f"{base}/v1/factors", headers=_bearer(first, "auditor"))
        forged = httpx.get(f"{base}/v1/factors", headers={"Authorization": "Bearer x"})
        second = tanyin(
            "serve", TANYIN_DATA_DIR=str(data_dir), TANYIN_PORT=str(free_port())
        )
        rotated = tanyin("log", "rotate", TANYIN_DATA_DIR=str(data_dir))
        signed = httpx.get(f"{base}/v1/log/checkpoint").text
        served = tanyin("log", "fsck", TANYIN_DATA_DIR=str(data_dir))
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0

    assert (ready.status_code, ready.json()["status"]) == (200, "READY")
    assert ready.json()["log_size"] > 1000
    assert first["base_url"] == base
    assert (member.status_code, forged.status_code) == (200, 401)
    assert (second.returncode, second.stderr.count("\n")) == (1, 1)
    assert "in use" in second.stderr
    # The log is checked beside the service, and by whoever comes when it has ended.
    assert (rotated.returncode, signed.count("\n— ")) == (0, 2)
    assert (served.returncode, "1 keys" in served.stdout) == (0, True)
    rebuilt = tanyin("log", "rebuild", "--check", TANYIN_DATA_DIR=str(data_dir))
    assert (rebuilt.returncode, "0 findings" in rebuilt.stdout) == (0, True)
    assert f"'{base}/v1/factors'" in log.read_text()

    with serving(log, TANYIN_DATA_DIR=str(data_dir)) as (process, base):
        again = httpx.get(f"{base}/readyz")
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0

    # The entry more is that of the key.
    assert again.json()["log_size"] == ready.json()["log_size"] + 1
    assert _keys(data_dir)["keys"] == first["keys"]
    assert _keys(data_dir)["base_url"] == base
    assert not _tells(log, first)


def _wait_for(path: Path) -> None:
    for _ in range(SECONDS * 100):
        if path.exists():
            return
        time.sleep(0.01)
    raise AssertionError(path)


def _keys(data_dir: Path) -> dict[str, Any]:
    path = data_dir / "demo_keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys: dict[str, Any] = json.loads(path.read_bytes())
    return keys


def _bearer(keys: dict[str, Any], name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {keys['keys'][name]['key']}"}


def _tells(log: Path, keys: dict[str, Any]) -> bool:
    text = log.read_text()
    return any(each["key"] in text for each in keys["keys"].values())


@pytest.mark.committed
def test_service_on_a_database_of_its_own(database: Database, tmp_path: Path) -> None:
    variables = {
        "TANYIN_DATABASE_URL": database.application_url,
        "TANYIN_MIGRATION_URL": database.owner_url,
        "TANYIN_DATA_DIR": str(tmp_path / "data"),
    }
    log = tmp_path / "log"
    with serving(log, **variables) as (process, base), httpx.Client() as client:
        # The connection stays open and must not hold up the end.
        answer = client.get(f"{base}/v1/factors")
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0

    assert answer.headers["tanyin-snapshot"] == "0"
    assert not (tmp_path / "data").exists()
    assert "database" not in log.read_text()


@pytest.mark.committed
def test_the_first_administrator_is_created_once(database: Database) -> None:
    options = (
        "--name",
        "罗文",
        "--organisation-zh",
        "管理局",
        "--organisation-en",
        "A",
    )
    url = {
        "TANYIN_DATABASE_URL": database.application_url,
        "TANYIN_MIGRATION_URL": database.owner_url,
    }

    first = tanyin("admin", "create", *options, **url)
    second = tanyin("admin", "create", *options, **url)

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("tanyin_live_")
    assert second.returncode == 1
    assert "administrator already" in second.stderr


def test_port_in_use_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])

        done = tanyin("serve", TANYIN_PORT=port, TANYIN_DATA_DIR=str(tmp_path / "data"))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"tanyin: 127.0.0.1:{port} cannot be listened on")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_bad_setting_is_one_line_and_2(tmp_path: Path) -> None:
    done = tanyin("serve", TANYIN_PORT="http", TANYIN_DATA_DIR=str(tmp_path / "data"))

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "tanyin: TANYIN_PORT is not an integer from 1 to 65535.\n"
    assert not (tmp_path / "data").exists()


def test_upgrade_needs_a_database() -> None:
    done = tanyin("db", "upgrade")

    assert done.returncode == 2
    assert "TANYIN_MIGRATION_URL" in done.stderr


def test_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    url = f"postgresql://app:s3cret@/tanyin?host={tmp_path}"

    done = tanyin("db", "upgrade", TANYIN_DATABASE_URL=url, TANYIN_MIGRATION_URL=url)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "s3cret" not in done.stderr


def test_upgrade_makes_tables_and_grants(server: Server) -> None:
    name = f"upgrade_{os.getpid()}"
    owner, application = (
        server.url(role, name).replace("+asyncpg", "")
        for role in ("tanyin_owner", "tanyin_app")
    )
    asyncio.run(server.ensure_database(name, "tanyin_owner"))

    for _ in range(2):
        done = tanyin(
            "db",
            "upgrade",
            TANYIN_DATABASE_URL=application,
            TANYIN_MIGRATION_URL=owner,
        )
        assert (done.returncode, done.stderr) == (0, "")

    assert asyncio.run(_count(server, name)) == 0


async def _count(server: Server, name: str) -> int:
    url = make_url(server.url("tanyin_app", name))
    connection = await asyncpg.connect(
        host=str(server.socket_dir), user=url.username, database=name
    )
    count: int = await connection.fetchval("SELECT count(*) FROM log_entry")
    await connection.close()
    return count


def test_description_is_the_same_bytes_each_time() -> None:
    first = tanyin("openapi", PYTHONHASHSEED="1")
    second = tanyin("openapi", PYTHONHASHSEED="2")

    assert first.stdout == second.stdout
    assert json.loads(first.stdout)["openapi"].startswith("3.1")


def test_committed_description_is_current() -> None:
    done = tanyin("openapi", "--check")

    assert (done.returncode, done.stderr) == (0, "")
