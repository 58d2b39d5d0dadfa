"""Brightway in an environment of its own, made from a lock with hashes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

_HERE: Final = Path(__file__).resolve().parent
_LOCK: Final = _HERE / "brightway.lock"
_ENVIRONMENT: Final = _HERE / ".envs" / "brightway"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Median seconds to write and to solve a system, and its score."""

    write: float
    solve: float
    score: float
    versions: str

    @property
    def total(self) -> float:
        """Seconds to write and solve."""
        return self.write + self.solve


@dataclass(frozen=True, slots=True)
class Drawn:
    """Seconds per draw, and the scores."""

    per_draw: float
    scores: list[float]
    versions: str


def measure(columns: bytes, rounds: int) -> Outcome:
    """Let Brightway write and solve the system in *columns*."""
    document = _run("brightway_tree.py", rounds, columns)
    found = document["rounds"]
    return Outcome(
        write=median(each["write"] for each in found),
        solve=median(each["solve"] for each in found),
        score=found[0]["score"],
        versions=_versions(document),
    )


def draw(columns: bytes, draws: int) -> Drawn:
    """Let Brightway draw the system in *columns*."""
    document = _run("brightway_monte_carlo.py", draws, columns)
    per_draw = document["seconds"] / draws
    return Drawn(per_draw, document["scores"], _versions(document))


def _run(script: str, argument: int, columns: bytes) -> Any:  # noqa: ANN401 - JSON
    python = _environment()
    with tempfile.TemporaryDirectory(prefix="tanyin-bench-") as folder:
        done = subprocess.run(
            [python, _HERE / script, str(argument)],
            input=columns,
            capture_output=True,
            check=False,
            env={**os.environ, "BRIGHTWAY2_DIR": folder},
        )
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace")[-2000:])
    # Brightway greets on standard output before the figures.
    return json.loads(done.stdout.splitlines()[-1])


def _versions(document: Any) -> str:  # noqa: ANN401 - JSON
    return ", ".join(f"{k} {v}" for k, v in document["versions"].items())


def _environment() -> Path:
    """Return the interpreter of the environment, made anew when the lock changes."""
    python = _ENVIRONMENT / "bin" / "python"
    stamp, lock = _ENVIRONMENT / "lock", _LOCK.read_bytes()
    if not stamp.exists() or stamp.read_bytes() != lock:
        print("Installing Brightway; this takes about a minute.", file=sys.stderr)
        venv.create(_ENVIRONMENT, clear=True, with_pip=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
        options = ["--quiet", "--require-hashes", "--only-binary", ":all:"]
        subprocess.run([*pip, "install", *options, "-r", str(_LOCK)], check=True)
        stamp.write_bytes(lock)
    return python
