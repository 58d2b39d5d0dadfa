"""A calculation that was made, before anything is said of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.calculation.assembly import (
    Assembly,
)
from app.calculation.cut_offs import Estimates
from app.calculation.engine import Solution
from app.calculation.propagation import Propagated
from app.calculation.reading import Reading
from app.calculation.shapes import GwpSetCode
from app.calculation.totals import Totals
from app.factors.queries import VersionAt
from app.factors.traces import Trace


@dataclass(frozen=True, slots=True)
class Calculated:
    """A request, what was assembled from it, and its solution."""

    request: Reading
    assembly: Assembly
    solution: Solution
    versions: Mapping[str, VersionAt]
    snapshot: int
    gwp_set: GwpSetCode
    propagated: Propagated | None = None
    totals: Totals | None = None
    left_out: Estimates | None = None
    traces: Mapping[str, Trace] = field(default_factory=dict)
