"""The log at a million entries: publishing into it, proving from it, checking it."""

from __future__ import annotations

import http.client
import os
import random
import re
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Final

from bench.figures import Figure, seconds
from bench.service import ROOT, ask, data_directory, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ENTRIES: Final = 1_000_000
_PUBLISHING: Final = 20.0
_CHECKING: Final = 60.0
_ROW: Final = "/v1/bench/rows"
_PROOF: Final = "/v1/log/proof"
_PAIRS: Final = 2_000


def measure() -> Iterator[Figure]:
    """Yield the figures of publishing, of proofs and of fsck."""
    with data_directory() as data, running(data, ["-m", "bench.log_app"]) as port:
        yield _published(data)
        yield _proofs(port)
        yield _checked(data)


def _published(data: Path) -> Figure:
    text = (data / "service.log").read_text(encoding="utf-8")
    found = re.search(r"^published ([0-9.]+)$", text, re.MULTILINE)
    spent = float(found[1]) if found else float("inf")
    return Figure(
        "publishing 10,000 versions in one transaction",
        seconds(_PUBLISHING),
        seconds(spent),
        _PUBLISHING / spent,
        1.0,
    )


def _proofs(port: int) -> Figure:
    connection = http.client.HTTPConnection("127.0.0.1", port, 10)
    chosen = random.Random(1)  # noqa: S311 - indices, not secrets
    pairs = [
        [ask(connection, f"{path}?index={index}") for path in (_ROW, _PROOF)]
        for index in (chosen.randrange(_ENTRIES) for _ in range(_PAIRS))
    ]
    # The first ones pay for statements that are prepared once.
    row, proof = (median(column) for column in zip(*pairs[100:], strict=True))
    return Figure(
        "inclusion proof among 1,000,000 entries",
        f"{row * 1000:.2f} ms",
        f"{proof * 1000:.2f} ms",
        row / proof,
        1 / 3,
        note="the yardstick reads one row through the same stack",
    )


def _checked(data: Path) -> Figure:
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "app.cli", "log", "fsck"],
        cwd=ROOT,
        env={**os.environ, "TANYIN_DATA_DIR": str(data)},
        check=True,
        capture_output=True,
    )
    spent = time.perf_counter() - begun
    return Figure(
        "fsck of 1,000,000 entries",
        seconds(_CHECKING),
        seconds(spent),
        _CHECKING / spent,
        1.0,
    )
