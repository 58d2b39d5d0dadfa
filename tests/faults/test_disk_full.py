"""A full disk: what cannot be kept is refused, what is published stays readable.

The service with its own PostgreSQL on a small file system in memory, which a mount
namespace of its own hides from everybody else.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.kit.database import open_snapshot
from app.kit.embedded import Server
from app.publication.rebuild import Rebuild
from app.translog.fsck import Fsck
from tests.cli.test_commands import ROOT, environment, free_port
from tests.factories.factors import document

SECONDS = 60
MEGABYTES = 256
ITEMS = 100
NAMESPACE = ["unshare", "--mount"]
if os.geteuid() != 0:
    NAMESPACE += ["--user", "--map-current-user", "--keep-caps"]


@dataclass
class Crammed:
    """The service on a file system that can be filled up."""

    process: subprocess.Popen[bytes]
    data: Path
    client: httpx.Client
    told: dict[str, str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def inside(self) -> Path:
        """Where the service's own view of its directory is."""
        return Path(f"/proc/{self.process.pid}/root{self.data}")

    def fill(self) -> None:
        """Leave no room."""
        with suppress(OSError), (self.inside / "ballast").open("wb", 0) as ballast:
            while True:
                ballast.write(bytes(4096))

    def publish(self, number: int) -> bool:
        """Publish something large; tell whether it was acknowledged."""
        name = f"铝{number}"
        texts = [os.urandom(900).hex() for _ in range(ITEMS)]
        items = [
            document(zh=f"{name}号{place}", note=text)
            for place, text in enumerate(texts)
        ]
        body = {"road": "IMPORT", "reason": "测试", "items": items}
        act = self._post("publisher", "publications", body)
        done = act and self._post("publisher_2", f"acts/{act['act_id']}/confirm", {})
        if done:
            self.told[items[-1]["name"]["zh"]] = done["published"][-1]
        return bool(done)

    def _post(self, who: str, path: str, body: Any) -> Any:
        keys = json.loads((self.inside / "demo_keys.json").read_bytes())["keys"]
        headers = {"Authorization": f"Bearer {keys[who]['key']}"}
        answer = self.client.post(path, json=body, headers=headers)
        self.statuses[answer.status_code] += 1
        return answer.json() if answer.is_success else None


@contextmanager
def started(data: Path, log: Path) -> Iterator[Crammed]:
    """Run the service where *data* is a small file system."""
    port = str(free_port())
    mount = f"mount -t tmpfs -o size={MEGABYTES}m,mode=711 tmpfs {data}"
    serve = f"{mount} && exec {sys.executable} -m app.cli serve"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*NAMESPACE, "sh", "-c", serve],
            cwd=ROOT,
            env=environment(TANYIN_DATA_DIR=str(data), TANYIN_PORT=port),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait(process, base, log)
        with httpx.Client(base_url=f"{base}/v1", timeout=SECONDS) as client:
            yield Crammed(process, data, client)
    finally:
        process.terminate()
        process.wait(SECONDS)


def _wait(process: subprocess.Popen[bytes], base: str, log: Path) -> None:
    for _ in range(SECONDS * 10):
        assert process.poll() is None, log.read_text()
        with suppress(httpx.ConnectError):
            assert httpx.get(f"{base}/healthz").status_code == 200
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def crammed(tmp_path: Path) -> Iterator[Crammed]:
    """Yield the running service; skip where nobody may mount anything."""
    with tempfile.TemporaryDirectory(prefix="tanyin-test-") as path:
        Path(path).chmod(0o711)
        data = Path(path, "data")
        data.mkdir()
        probe = [*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", str(data)]
        if subprocess.run(probe, capture_output=True, check=False).returncode:
            pytest.skip("no mount namespace is to be had here")
        with started(data, tmp_path / "log") as crammed:
            yield crammed


@pytest.mark.database
async def test_a_full_disk_refuses_and_recovers(crammed: Crammed) -> None:
    assert crammed.publish(0)
    crammed.fill()
    numbers = iter(range(1, 1000))
    while crammed.publish(next(numbers)):
        pass
    for _ in range(5):
        crammed.publish(next(numbers))
    reads = [crammed.client.get("factors").status_code for _ in range(3)]
    full = dict(crammed.statuses)

    (crammed.inside / "ballast").unlink()
    freed = time.monotonic()
    while not crammed.publish(next(numbers)):
        assert time.monotonic() - freed < SECONDS
        await asyncio.sleep(0.5)
    seconds = time.monotonic() - freed

    sys.stdout.write(f"{full}, reads {reads}, back after {seconds:.1f} s\n")
    assert set(crammed.statuses) <= {200, 202, 503}
    assert set(reads) == {200}
    status = (crammed.inside / "postgres/postmaster.pid").read_text().splitlines()
    url = Server(Path(status[4])).url("tanyin_app", "tanyin")
    async with open_snapshot(url) as connection:
        assert [each async for each in Fsck().findings(connection)] == []
        assert [each async for each in Rebuild().findings(connection)] == []
    for name, pin in crammed.told.items():
        code, _, number = pin.partition("@")
        found = crammed.client.get(f"factors/{code}/versions/{number}").json()
        assert found["name"]["zh"] == name
