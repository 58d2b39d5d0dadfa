"""Runs the benchmarks and prints one table: `make bench`.

    python -m bench [--only PART …]

The exit code is 0 even where a figure falls short: a loaded machine is no error.
"""

from __future__ import annotations

import argparse
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench import drafts, log, monte_carlo, reads, search, small, solve, tree
from bench.figures import Figure, machine, table
from bench.service import data_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_RESULTS: Final = Path(__file__).resolve().parent / ".envs" / "results.json"
# On the demonstration's data, and on data of their own.
_SHARED: Final = {
    "reads": reads.measure,
    "small": small.measure,
    "drafts": drafts.measure,
    "tree": tree.measure,
    "growth": tree.measure_growth,
    "monte_carlo": monte_carlo.measure,
}
_APART: Final = {"search": search.measure, "solve": solve.measure, "log": log.measure}
# Set on some machines for old builds of OpenBLAS; they slow current ones.
_SLOWING: Final = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def main() -> None:
    """Run what the arguments name, by default everything."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parts = [*_SHARED, *_APART]
    parser.add_argument(
        "--only", choices=parts, nargs="+", default=parts, help="run these parts"
    )
    arguments = parser.parse_args()
    for name in _SLOWING:
        os.environ.pop(name, None)
    facts = machine()
    for name, text in facts.items():
        print(f"{name}: {text}")
    found = []
    for figure in _measure(arguments.only):
        print(f"… {figure.name}: {figure.ratio:.3g}", flush=True)
        found.append(figure)
    print("", table(found), "", sep="\n")
    short = [figure.name for figure in found if figure.is_short]
    print("SHORT: " + "; ".join(short) if short else "All ratios are as required.")
    document = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": facts,
        "figures": [figure.document() for figure in found],
    }
    _RESULTS.parent.mkdir(exist_ok=True)
    _RESULTS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _measure(parts: Sequence[str]) -> Iterator[Figure]:
    with data_directory() as data:
        for name, measure in _SHARED.items():
            if name in parts:
                yield from measure(data)
    for name, alone in _APART.items():
        if name in parts:
            yield from alone()


main()
