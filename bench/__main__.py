"""Runs the benchmarks and prints one table: `make bench`.

    python -m bench [--quick] [--only {reads,drafts,log,tree,monte_carlo}]

The exit code is 0 even where a figure falls short: a loaded machine is no error.
"""

from __future__ import annotations

import argparse
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench import drafts, log, monte_carlo, reads, tree
from bench.figures import Figure, machine, table
from bench.service import data_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

_RESULTS: Final = Path(__file__).resolve().parent / ".envs" / "results.json"
_PARTS: Final = ("reads", "drafts", "log", "tree", "monte_carlo")
# Set on some machines for old builds of OpenBLAS; they slow current ones.
_SLOWING: Final = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def main() -> None:
    """Run what the arguments name, by default everything."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--quick", action="store_true", help="skip 1,000,000 processes")
    parser.add_argument("--only", choices=_PARTS, help="run one of them")
    arguments = parser.parse_args()
    for name in _SLOWING:
        os.environ.pop(name, None)
    facts = machine()
    for name, text in facts.items():
        print(f"{name}: {text}")
    found = []
    for figure in _measure(arguments.only, quick=arguments.quick):
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


def _measure(only: str | None, *, quick: bool) -> Iterator[Figure]:
    with data_directory() as data:
        if only in (None, "reads"):
            yield from reads.measure(data)
        if only in (None, "drafts"):
            yield from drafts.measure(data)
        if only in (None, "tree"):
            yield from tree.measure(data, million=not quick)
        if only in (None, "monte_carlo"):
            yield from monte_carlo.measure(data)
    if only in (None, "log"):
        yield from log.measure()


main()
