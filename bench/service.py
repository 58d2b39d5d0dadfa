"""The service under test, as a user starts it, on data of its own."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
_START_SECONDS: Final = 600
_REQUEST_SECONDS: Final = 600


class NoService(RuntimeError):
    """The service did not start, or answered something else than 200."""


@contextmanager
def data_directory() -> Iterator[Path]:
    """Yield a directory for the service's data; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="tanyin-bench-") as name:
        path = Path(name)
        # PostgreSQL's account must pass where the service is run by root.
        path.chmod(0o711)
        try:
            yield path
        finally:
            # A symbolic link where that account could not reach the directory.
            shutil.rmtree((path / "postgres").resolve(), ignore_errors=True)


@contextmanager
def running(data: Path, command: Sequence[str] | None = None) -> Iterator[int]:
    """Run `tanyin serve`, or another *command*, on *data*; yield its port."""
    port = _free_port()
    command = command or ["-m", "app.cli", "serve"]
    environment = {
        **{name: text for name, text in os.environ.items() if "TANYIN" not in name},
        "TANYIN_DATA_DIR": str(data),
        "TANYIN_PORT": str(port),
        "TANYIN_RATE_LIMIT": "off",
        # The body of a million processes is a little longer than the default allows.
        "TANYIN_CALCULATION_BODY_LIMIT": str(2**30),
    }
    with (data / "service.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        _wait(process, port, data / "service.log")
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def get(port: int, path: str) -> Any:  # noqa: ANN401 - any JSON document
    """Return the document at *path*."""
    connection = http.client.HTTPConnection("127.0.0.1", port, _REQUEST_SECONDS)
    connection.request("GET", path)
    return json.loads(_content(connection))


def ask(connection: http.client.HTTPConnection, path: str) -> float:
    """Return the seconds until the whole answer of *path* was here."""
    begun = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    content = response.read()
    if response.status != http.HTTPStatus.OK:
        raise NoService(content.decode())
    return time.perf_counter() - begun


def post(port: int, path: str, body: bytes) -> tuple[float, bytes]:
    """Return the seconds until the whole answer was here, and the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, _REQUEST_SECONDS)
    connection.connect()
    begun = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    content = _content(connection)
    return time.perf_counter() - begun, content


def peak_memory() -> int:
    """Return the bytes that the Python processes started here occupied at most.

    The highest of each is added up, as if all had been at their highest at once.
    """
    return sum(map(_highest, _descendants(os.getpid())))


def _descendants(parent: int) -> Iterator[int]:
    for task in Path(f"/proc/{parent}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            yield child
            yield from _descendants(child)


def _highest(process: int) -> int:
    if "python" not in Path(f"/proc/{process}/comm").read_text():
        return 0
    text = Path(f"/proc/{process}/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) * 1024


def _content(connection: http.client.HTTPConnection) -> bytes:
    response = connection.getresponse()
    content = response.read()
    connection.close()
    if response.status != http.HTTPStatus.OK:
        raise NoService(f"{response.status}: {content[:2000].decode()}")
    return content


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            get(port, "/readyz")
        except (OSError, NoService):
            time.sleep(0.05)
        else:
            return
    tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise NoService(f"The service did not start:\n{tail}")
