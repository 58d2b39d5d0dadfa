"""Writes and solves one system with Brightway; runs in Brightway's own environment.

    python brightway_tree.py ROUNDS < columns.json > figures.json

Each round has a project of its own: what an earlier one left would slow it down. Whatever
makes Brightway faster and is at hand for its users is on: no search index, no check for
typing errors, production left implicit, Pardiso as the solver where there is a wheel.
"""

import contextlib
import json
import sys
import time
import warnings
from typing import Any

warnings.filterwarnings("ignore")

import bw2calc  # noqa: E402  # type: ignore[import-not-found]
import bw2data  # noqa: E402  # type: ignore[import-not-found]

GAS = ("gases", "CO2")
METHOD = ("kg CO2e",)


def nodes(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the system in the form that `Database.write` takes."""
    made: list[dict[str, Any]] = [
        {"database": "system", "code": str(number), "name": str(number), "exchanges": []}
        for number in range(columns["size"])
    ]
    for user, supplier, amount in zip(*columns["links"], strict=True):
        line = {"input": ("system", str(supplier)), "amount": amount}
        made[user]["exchanges"].append({**line, "type": "technosphere"})
    for number, amount in zip(*columns["burdens"], strict=True):
        line = {"input": GAS, "amount": amount, "type": "biosphere"}
        made[number]["exchanges"].append(line)
    return made


def fresh_project(name: str) -> None:
    """Open a new project with one gas and a method that counts it."""
    bw2data.projects.set_current(name)
    gas = {"name": "CO2", "type": "emission", "unit": "kg", "exchanges": []}
    bw2data.Database("gases").write({GAS: gas})
    method = bw2data.Method(METHOD)
    method.register()
    method.write([(GAS, 1.0)])


def one_round(name: str, columns: dict[str, Any]) -> dict[str, float]:
    """Return the seconds to write, the seconds to solve, and the score."""
    fresh_project(name)
    data = nodes(columns)
    begun = time.perf_counter()
    bw2data.Database("system").write(data, searchable=False, check_typos=False)
    written = time.perf_counter()
    node = bw2data.get_node(database="system", code="0")
    demand, packages, _ = bw2data.prepare_lca_inputs({node: columns["demand"]}, METHOD)
    lca = bw2calc.LCA(demand, data_objs=packages)
    lca.lci()
    lca.lcia()
    score = float(lca.score)
    solved = time.perf_counter()
    return {"write": written - begun, "solve": solved - written, "score": score}


def main() -> None:
    """Do the rounds after a small one that warms up."""
    columns = json.load(sys.stdin)
    small = {"size": 1, "demand": 1.0, "links": [[], [], []], "burdens": [[0], [1.0]]}
    # Progress bars and the like would mix with the figures.
    with contextlib.redirect_stdout(sys.stderr):
        one_round("warm", small)
        rounds = [one_round(f"round{k}", columns) for k in range(int(sys.argv[1]))]
    versions = {"bw2data": bw2data.__version__, "bw2calc": bw2calc.__version__}
    document = {"rounds": rounds, "pardiso": bw2calc.PYPARDISO, "versions": versions}
    json.dump(document, sys.stdout)


if __name__ == "__main__":
    main()
