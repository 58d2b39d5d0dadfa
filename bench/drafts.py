"""Making one-version drafts against a bare insert through the same stack."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from bench.figures import Figure
from bench.service import ROOT, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WANTED: Final = 200
_CONNECTIONS: Final = 16
_SECONDS: Final = 3.0
_ROUNDS: Final = 5
_PATHS: Final = ("/v1/submissions", "/v1/bench/inserts")


def measure(data: Path) -> Iterator[Figure]:
    """Yield how many drafts a second are stored, and the ratio to bare inserts."""
    with running(data, ["-m", "bench.drafts_app"]) as port:
        key = _key(data)
        (data / "draft.json").write_text(json.dumps(draft()), encoding="utf-8")
        pairs = [
            [_load(port, path, key, data / "draft.json") for path in _PATHS]
            for _ in range(_ROUNDS)
        ]
    ours, bare = (median(column) for column in zip(*pairs, strict=True))
    yield Figure(
        "one-version drafts, validated and stored",
        f"{bare:,.0f}/s",
        f"{ours:,.0f}/s",
        ours / bare,
        note=f"wanted {WANTED}/s; the yardstick is a bare insert",
    )


def draft() -> dict[str, Any]:
    """Return a draft of one item that no check blocks."""
    content = {
        "name": {"zh": "电解铝锭", "en": "Primary aluminium ingot"},
        "kind": "PCF",
        "category": "ALUMINIUM",
        "value": "16.50",
        "unit": "kgCO2e/kg",
        "gwp_set": "AR6_100",
        "boundary": "CRADLE_TO_GATE",
        "region": "CN",
        "representativeness": "INDUSTRY_AVG",
        "reference_year": 2024,
        "sources": [
            {
                "title": "2024年电解铝行业碳足迹调查报告",
                "publisher": {"zh": "有色金属工业联合会", "en": "Metals Federation"},
            }
        ],
        "licence": "公开数据",
    }
    return {"items": [{"type": "NEW", "content": content}]}


def _key(data: Path) -> str:
    document = json.loads((data / "demo_keys.json").read_text(encoding="utf-8"))
    return str(document["keys"]["submitter"]["key"])


def _load(port: int, path: str, key: str, body: Path) -> float:
    arguments = [str(port), str(_CONNECTIONS), str(_SECONDS), path]
    done = subprocess.run(
        [sys.executable, "-m", "bench.load", *arguments, "--post", str(body), key],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return float(json.loads(done.stdout)["per_second"])
