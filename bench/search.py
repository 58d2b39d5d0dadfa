"""Search over 100,000 versions against the same SQL by asyncpg alone."""

from __future__ import annotations

import http.client
from statistics import median, quantiles
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from bench.figures import Figure
from bench.service import ask, data_directory, get, running

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIRED: Final = 1 / 1.5
LONGEST: Final = 0.025
ROUNDS: Final = 40
# Two terms each; with two filters and facets.
TERMS: Final = (
    "电解 铝",
    "火力 发电",
    "货车 运输",
    "水泥 熟料",
    "再生 电力",
    "高纯 钢",
)
_FILTERS: Final = {"kind": "PCF", "region": "CN", "facets": "true"}


def measure() -> Iterator[Figure]:
    """Yield the ratio, and the 95th percentile of what the database takes."""
    ours: list[float] = []
    alone: list[float] = []
    with data_directory() as data, running(data, ["-m", "bench.search_app"]) as port:
        for terms in TERMS:
            path = "/v1/factors?" + urlencode({"q": terms, **_FILTERS})
            address = f"/v1/bench/search?times={ROUNDS}&path={quote(path, safe='')}"
            alone += get(port, address)
            # An address that was asked before is answered from memory.
            last = get(port, path)["snapshot"]
            connection = http.client.HTTPConnection("127.0.0.1", port, 10)
            ours += [
                ask(connection, f"{path}&snapshot={last - k}") for k in range(1, ROUNDS)
            ]
    yield Figure(
        "search over 100,000, two terms, two filters, facets",
        f"{median(alone) * 1000:.1f} ms",
        f"{median(ours) * 1000:.1f} ms",
        median(alone) / median(ours),
        REQUIRED,
    )
    slow = quantiles(alone, n=20)[-1]
    yield Figure(
        "its statements alone, 95th percentile",
        f"{LONGEST * 1000:.0f} ms",
        f"{slow * 1000:.1f} ms",
        LONGEST / slow,
        1.0,
    )
