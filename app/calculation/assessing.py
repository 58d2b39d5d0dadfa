"""The data quality of a solved calculation, as an answer states it. Pure."""

from collections.abc import Mapping
from typing import Final, cast

import msgspec
import numpy as np

from app.calculation import quality
from app.calculation.assembly import AS_CLASSIFIED, CATEGORIES, Assembly
from app.calculation.engine import Solution
from app.calculation.graphs import Ints
from app.calculation.notices import line_pointer
from app.calculation.quality import Items, Marks, Quality, Rating
from app.calculation.request import CalculationRequest
from app.calculation.scoring import Scorer
from app.calculation.sums import Floats
from app.calculation.supplements import (
    QualityOfFootprint,
    QualityOfLine,
    QualityOfResult,
    QualityRating,
)
from app.factors.queries import VersionAt
from app.kit.columns import rounded_column
from app.kit.decimals import rounded
from app.reference.enums import GhgCategory

_LINE_ROW: Final = msgspec.defstruct(
    "QualityOfLineRow", list(QualityOfLine.__annotations__)
)
_REMOVAL: Final = GhgCategory.BIO_REMOVAL


def assess(
    request: CalculationRequest,
    versions: Mapping[str, VersionAt],
    assembly: Assembly,
    solution: Solution,
    listed: tuple[Ints, Ints],
) -> QualityOfResult | None:
    """Return the data quality of the result, and of the *listed* processes and lines.

    None where *request* does not ask for it.
    """
    if "data_quality" not in request:
        return None
    system, (processes, lines) = assembly.system, listed
    contents = {
        f"{each.code}@{each.version}": each.record["content"]
        for each in versions.values()
    }
    scorer = Scorer(request["data_quality"], contents)
    marks = scorer.marks(request["processes"], assembly)
    items = Items(system, marks, _without_uptake(assembly))
    return {
        **_footprint(items.quality(solution.activity)),
        "processes": [
            {"id": system.names[number], **_footprint(items.quality(runs))}
            for number, runs in zip(
                processes.tolist(), quality.runs_behind(system, processes), strict=True
            )
        ],
        "lines": _lines(assembly, marks, lines),
    }


def _without_uptake(assembly: Assembly) -> Floats:
    """Return the intensity of each line without what it takes up biogenically."""
    kept = [
        sum(each.co2e for each in route.coefficient.parts if each.category != _REMOVAL)
        for route in assembly.routes
    ]
    own = np.array(kept, dtype=np.float64)[assembly.route] * assembly.strength
    is_uptake = assembly.category == CATEGORIES.index(_REMOVAL)
    stated = np.where(is_uptake, 0.0, assembly.system.intensity)
    found: Floats = np.where(assembly.category == AS_CLASSIFIED, own, stated)
    return found


def _footprint(found: Quality) -> QualityOfFootprint:
    kept, whole = found.kept, found.whole
    return {
        "weighted_80": _rating(found.leading),
        "full": _rating(kept),
        "primary_data_share": _mean(kept, "primary"),
        "primary_data_share_national": _mean(kept, "national"),
        "share_primary_known": _mean(kept, "tells_primary"),
        "traceability_index": _mean(whole, "traced"),
        "share_traceability_known": _mean(whole, "tells_traced"),
    }


def _mean(found: Rating | None, name: str) -> str | None:
    return None if found is None else rounded(getattr(found.means, name))


def _rating(found: Rating | None) -> QualityRating | None:
    if found is None:
        return None
    means = found.means
    dqr = rounded(means.rating)
    return {
        "dqr": dqr,
        "band": quality.band(float(dqr)),
        "ter": rounded(means.ter),
        "ger": rounded(means.ger),
        "tir": rounded(means.tir),
        "p": rounded(means.p),
        "items": found.items,
        "share_covered": rounded(found.covered),
        "share_known": rounded(means.known),
    }


def _lines(assembly: Assembly, marks: Floats, shown: Ints) -> list[QualityOfLine]:
    processes = assembly.system.process[shown].tolist()
    *scores, known = marks[shown, : Marks._fields.index("known") + 1].T
    rows = map(
        _LINE_ROW,
        map(line_pointer, processes, assembly.place[shown].tolist()),
        rounded_column(np.mean(scores, axis=0)),
        *map(rounded_column, (*scores, known)),
    )
    return cast("list[QualityOfLine]", list(rows))
