"""Reading a published factor against a route of the same application from memory."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from bench.figures import Figure
from bench.memory_app import FACTOR
from bench.service import ROOT, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUIRED: Final = 0.8
_MEMORY: Final = "/v1/bench/reads"
_CONNECTIONS: Final = 32
_SECONDS: Final = 2.0
_ROUNDS: Final = 7


class UnequalAnswers(RuntimeError):
    """The route from memory does not answer what the service answers."""


def measure(data: Path) -> Iterator[Figure]:
    """Yield the figures for plain and for conditional reads."""
    with running(data, ["-m", "bench.memory_app"]) as port:
        etag = _check_alike(port)
        paths = FACTOR, _MEMORY
        yield by_turns("read of a published factor", REQUIRED, port, paths)
        yield by_turns("read with If-None-Match (304)", REQUIRED, port, paths, etag)


def by_turns(
    name: str, required: float, port: int, paths: tuple[str, str], *options: str
) -> Figure:
    """Load ours and the yardstick by turns: what else the machine does meets both."""
    for path in paths:
        _load(port, path, *options)
    pairs = [[_load(port, path, *options) for path in paths] for _ in range(_ROUNDS)]
    ratios = [ours["per_second"] / theirs["per_second"] for ours, theirs in pairs]
    busy = max(each["busy"] for pair in pairs for each in pair)
    return Figure(
        name,
        f"{median(theirs['per_second'] for _, theirs in pairs):,.0f}/s",
        f"{median(ours['per_second'] for ours, _ in pairs):,.0f}/s",
        median(ratios),
        required,
        f"{min(ratios):.2f} to {max(ratios):.2f}; client at most {busy:.0%} busy",
    )


def _load(port: int, path: str, *options: str) -> dict[str, float]:
    arguments = [str(port), str(_CONNECTIONS), str(_SECONDS), path, *options]
    done = subprocess.run(
        [sys.executable, "-m", "bench.load", *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _check_alike(port: int) -> str:
    """Return the ETag, once both answer the same with it and without it."""
    ours, theirs = _answer(port, FACTOR), _answer(port, _MEMORY)
    etag = str(dict(ours[1])["etag"])
    given = {"If-None-Match": etag}
    pairs = [
        (ours, theirs),
        (_answer(port, FACTOR, given), _answer(port, _MEMORY, given)),
    ]
    if any(one != other for one, other in pairs) or pairs[1][0][0] != 304:
        raise UnequalAnswers(pairs)
    return etag


def _answer(port: int, path: str, headers: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - compared as a whole
    connection = http.client.HTTPConnection("127.0.0.1", port, 10)
    connection.request("GET", path, headers=headers or {})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    fields = sorted(
        (name.lower(), text)
        for name, text in response.getheaders()
        if name.lower() not in {"date", "x-request-id"}
    )
    return response.status, fields, content
