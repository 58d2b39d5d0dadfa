"""The uncertainty of a result, by the method that the request asks for."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.calculation import sampling
from app.calculation.assembly import Assembly
from app.calculation.engine import ResultOutOfRange, Solution
from app.calculation.findings import (
    DrawsLeftOut,
    DrawsTooCostly,
    Ledger,
    LoopTooUncertain,
    NothingUncertain,
)
from app.calculation.plan import plan
from app.calculation.request import Propagation
from app.calculation.sensitivities import (
    Spread,
    analytic,
    certain,
    sensitivities,
    variances,
)
from app.calculation.sums import Floats
from app.calculation.supplements import Contributor, UncertaintyOfResult
from app.calculation.variables import Uncertain
from app.kit.columns import rounded_column
from app.kit.decimals import rounded

DRAWS: Final = 10_000
SEED: Final = 42
_LONGEST: Final = 60.0  # seconds
# More draws without a productive loop than this are no exception.
_LEFT_OUT: Final = 0.01
_POINTER: Final = "/uncertainty"


@dataclass(frozen=True, slots=True)
class Propagated:
    """The spread of a result, and each variable's share of its variance."""

    method: Propagation
    spread: Spread
    names: tuple[str, ...]
    shares: Floats

    def document(self, length: int | None) -> UncertaintyOfResult:
        """Return what an answer says, with the *length* largest contributors."""
        spread, by_draws = self.spread, self.method["method"] == "MONTE_CARLO"
        return {
            "method": self.method["method"],
            "shape": spread.shape,
            "mean": rounded(spread.mean),
            "sd": rounded(spread.sd),
            "median": rounded(spread.median),
            "p2_5": rounded(spread.low),
            "p97_5": rounded(spread.high),
            "gsd": None if spread.gsd is None else rounded(spread.gsd),
            "draws": self.method.get("draws", DRAWS) if by_draws else None,
            "seed": self.method.get("seed", SEED) if by_draws else None,
            "contributors": self._contributors(length),
        }

    def _contributors(self, length: int | None) -> list[Contributor]:
        """Return the contributors by falling share, ties by pointer."""
        order = np.argsort(-self.shares, kind="stable")[:length]
        shares = rounded_column(self.shares[order])
        return [
            {"pointer": self.names[number], "share_of_variance": share}
            for number, share in zip(order.tolist(), shares, strict=True)
        ]


def propagate(
    method: Propagation, assembly: Assembly, solution: Solution, ledger: Ledger
) -> Propagated:
    """Return the uncertainty of *solution*; refuses what cannot be said."""
    system = assembly.system
    uncertain = assembly.uncertain.within(system, solution.reached)
    if not uncertain.variables:
        ledger.notice(NothingUncertain(), _POINTER)
        return Propagated(method, certain(solution.result), (), np.zeros(0))
    found = sensitivities(uncertain, system, solution)
    # What leaves the range of doubles is looked for at the end.
    with np.errstate(all="ignore"):
        parts = variances(uncertain, found)
        if method["method"] == "ANALYTIC":
            spread = analytic(uncertain, system, found)
        else:
            spread = _sampled(method, uncertain, assembly, solution, ledger)
    _check_range(spread)
    names = tuple(variable.name for variable in uncertain.variables)
    whole = float(parts.sum())
    if not math.isfinite(whole):
        raise ResultOutOfRange(pointer=_POINTER)
    return Propagated(method, spread, names, parts / whole if whole else parts)


def _sampled(
    method: Propagation,
    uncertain: Uncertain,
    assembly: Assembly,
    solution: Solution,
    ledger: Ledger,
) -> Spread:
    draws, seed = method.get("draws", DRAWS), method.get("seed", SEED)
    planned = plan(uncertain, assembly.system, solution)
    if planned.seconds(draws, sampling.row_length(planned, draws)) > _LONGEST:
        raise DrawsTooCostly(pointer=_POINTER + "/draws")
    drawn = sampling.sample(planned, uncertain.variables, draws, seed)
    left_out = int((~drawn.valid).sum())
    if left_out > _LEFT_OUT * draws:
        raise LoopTooUncertain(pointer=_POINTER, count=left_out, draws=draws)
    if left_out:
        ledger.notice(DrawsLeftOut(count=left_out, draws=draws), _POINTER)
    return _empirical(drawn.results[drawn.valid])


def _empirical(results: Floats) -> Spread:
    if not np.isfinite(results).all():
        raise ResultOutOfRange(pointer=_POINTER)
    mean = float(results.mean())
    low, median, high = np.quantile(results, [0.025, 0.5, 0.975]).tolist()
    gsd = None
    if (results > 0).all():
        gsd = math.exp(np.std(np.log(results), ddof=1))
    sd = float(np.std(results, ddof=1))
    return Spread("SAMPLED", mean, sd, median, low, high, gsd)


def _check_range(spread: Spread) -> None:
    numbers = (spread.mean, spread.sd, spread.low, spread.high, spread.gsd or 0.0)
    if not all(map(math.isfinite, numbers)):
        raise ResultOutOfRange(pointer=_POINTER)
