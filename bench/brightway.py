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
from typing import Final

_HERE: Final = Path(__file__).resolve().parent
_LOCK: Final = _HERE / "brightway.lock"
_ENVIRONMENT: Final = _HERE / ".envs" / "brightway"
_SCRIPT: Final = _HERE / "brightway_tree.py"


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


def measure(columns: bytes, rounds: int) -> Outcome:
    """Let Brightway write and solve the system in *columns*."""
    python = _environment()
    with tempfile.TemporaryDirectory(prefix="tanyin-bench-") as folder:
        done = subprocess.run(
            [python, _SCRIPT, str(rounds)],
            input=columns,
            capture_output=True,
            check=False,
            env={**os.environ, "BRIGHTWAY2_DIR": folder},
        )
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace")[-2000:])
    # Brightway greets on standard output before the figures.
    document = json.loads(done.stdout.splitlines()[-1])
    found = document["rounds"]
    return Outcome(
        write=median(each["write"] for each in found),
        solve=median(each["solve"] for each in found),
        score=found[0]["score"],
        versions=", ".join(f"{k} {v}" for k, v in document["versions"].items()),
    )


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
