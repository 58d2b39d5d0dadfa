"""A small calculation against a route that validates the same body and answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bench.memory_app import CALCULATIONS
from bench.reads import by_turns
from bench.service import post, running
from bench.system import random_system

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.figures import Figure

REQUIRED: Final = 0.4
SIZE: Final = 12
_MEMORY: Final = "/v1/bench/calculations"


class UnequalAnswers(RuntimeError):
    """The route from memory does not answer what the service answers."""


def measure(data: Path) -> Iterator[Figure]:
    """Yield how many calculations a second there are."""
    body = random_system(SIZE).request("SUMMARY")
    (data / "tree.json").write_bytes(body)
    with running(data, ["-m", "bench.memory_app"]) as port:
        answers = {post(port, path, body)[1] for path in (CALCULATIONS, _MEMORY)}
        if len(answers) > 1:
            raise UnequalAnswers(answers)
        yield by_turns(
            f"tree of {SIZE} processes",
            REQUIRED,
            port,
            (CALCULATIONS, _MEMORY),
            "--post",
            str(data / "tree.json"),
        )
