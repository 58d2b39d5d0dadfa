"""Draws one system with Brightway; runs in Brightway's own environment.

    python brightway_monte_carlo.py DRAWS < columns.json > figures.json

Every amount is lognormal. Of what a user waits for, only the draws are counted, not
that the system was written before.
"""

import contextlib
import json
import math
import sys
import time
from typing import Any

# They are installed in the other environment alone, or stand beside this file.
import brightway_tree as tree  # type: ignore[import-not-found]
import bw2calc  # type: ignore[import-not-found]
import bw2data  # type: ignore[import-not-found]

LOGNORMAL = 2  # as the package stats_arrays numbers it


def uncertain_nodes(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the system with a distribution for all that is taken or emitted."""
    made: list[dict[str, Any]] = tree.nodes(columns)
    taken, burdens = columns["spread"][0], iter(columns["spread"][1])
    for node in made:
        for line in node["exchanges"]:
            if line["type"] != "production":
                line["uncertainty type"] = LOGNORMAL
                line["loc"] = math.log(line["amount"])
                is_burden = line["type"] == "biosphere"
                line["scale"] = next(burdens) if is_burden else taken
    return made


def draw(columns: dict[str, Any], draws: int) -> tuple[float, list[float]]:
    """Return the seconds to draw, and the scores."""
    tree.fresh_project("monte carlo")
    database = bw2data.Database("system")
    database.write(uncertain_nodes(columns), searchable=False, check_typos=False)
    wanted = {bw2data.get_node(database="system", code="0"): columns["demand"]}
    demand, packages, _ = bw2data.prepare_lca_inputs(wanted, tree.METHOD)
    lca = bw2calc.LCA(
        demand, data_objs=packages, use_distributions=True, seed_override=1
    )
    lca.lci()
    lca.lcia()
    scores = []
    begun = time.perf_counter()
    for _ in range(draws):
        next(lca)
        scores.append(float(lca.score))
    return time.perf_counter() - begun, scores


def main() -> None:
    """Draw once; the first draw of an object warms up what the others use."""
    columns = json.load(sys.stdin)
    # Progress bars and the like would mix with the figures.
    with contextlib.redirect_stdout(sys.stderr):
        spent, scores = draw(columns, int(sys.argv[1]))
    versions = {"bw2data": bw2data.__version__, "bw2calc": bw2calc.__version__}
    document = {"seconds": spent, "scores": scores, "versions": versions}
    json.dump(document, sys.stdout)


if __name__ == "__main__":
    main()
