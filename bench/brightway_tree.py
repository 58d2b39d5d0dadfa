"""Writes and solves one system with Brightway; runs in Brightway's own environment.

    python brightway_tree.py ROUNDS < columns.json > figures.json

Each round has a project of its own: what an earlier one left would slow it down. Of
the ways open to a user this is the fastest that we measured: no search index, no check
for typing errors, production stated (leaving it implicit doubles the time to write),
SuperLU as the solver (Pardiso takes 40 times as long at 100,000 processes).
"""

import contextlib
import json
import sys
import time
import warnings
from typing import Any

warnings.filterwarnings("ignore")

# They are installed in the other environment alone.
import bw2calc  # type: ignore[import-not-found]  # noqa: E402 - warnings are off first
import bw2data  # type: ignore[import-not-found]  # noqa: E402

GAS = ("gases", "CO2")
METHOD = ("kg CO2e",)


def node(code: str) -> dict[str, Any]:
    """Return a node that makes one unit of its product."""
    own = {"input": ("system", code), "amount": 1.0, "type": "production"}
    return {"database": "system", "code": code, "name": code, "exchanges": [own]}


def nodes(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the system in the form that `Database.write` takes."""
    made = [node(str(number)) for number in range(columns["size"])]
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
    wanted = {bw2data.get_node(database="system", code="0"): columns["demand"]}
    demand, packages, _ = bw2data.prepare_lca_inputs(wanted, METHOD)
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
