"""How much the result moves with each variable, and what follows from that. Pure.

The footprint h of each process and the runs s are all it takes, loops included: a line
of process q adds α·s_q times what it comes to, and a link from q to p adds α·s_q·h_p
per unit taken.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from app.calculation import engine
from app.calculation.engine import Solution, System
from app.calculation.sums import Floats, group
from app.calculation.uncertainty import Z_975, Lognormal
from app.calculation.variables import Uncertain, Variable

Shape: TypeAlias = Literal["CERTAIN", "NORMAL", "LOGNORMAL", "SAMPLED"]


@dataclass(frozen=True, slots=True)
class Spread:
    """What a result may be; `low` and `high` are its quantiles at 2.5 and 97.5 %."""

    shape: Shape
    mean: float
    sd: float
    median: float
    low: float
    high: float
    gsd: float | None


@dataclass(frozen=True, slots=True)
class Sensitivities:
    """By variable: ∂f/∂x and S = x·∂f/∂x / f at the stated numbers."""

    gradient: Floats
    relative: Floats


def certain(result: float) -> Spread:
    """Return the spread of a *result* without any."""
    return Spread("CERTAIN", result, 0.0, result, result, result, None)


def sensitivities(
    uncertain: Uncertain, system: System, solution: Solution
) -> Sensitivities:
    """Return how much the result moves with each variable."""
    stated = uncertain.stated()
    lines, links = uncertain.lines, uncertain.links
    by_line = lines.slopes(stated) * solution.scale[lines.target]
    users, suppliers = system.user[links.target], system.supplier[links.target]
    worth = (system.share * solution.activity)[users] * solution.footprint[suppliers]
    by_link = links.slopes(stated) * worth
    gradient = group(
        np.concatenate([lines.variable, links.variable]),
        np.concatenate([by_line, by_link]),
        len(stated),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = stated * gradient / solution.result
    return Sensitivities(gradient, relative)


def is_product(uncertain: Uncertain, found: Sensitivities) -> bool:
    """Tell whether all variables are lognormal and push the result the same way."""
    moving = np.flatnonzero(found.gradient)
    return (
        len(moving) > 0
        and bool((found.relative[moving] > 0).all())
        and all(
            isinstance(uncertain.variables[number].distribution, Lognormal)
            for number in moving
        )
    )


def variances(uncertain: Uncertain, found: Sensitivities) -> Floats:
    """Return the variance of the result by variable; of its logarithm for products."""
    if is_product(uncertain, found):
        moving = found.gradient != 0
        parts = np.where(moving, found.relative, 0.0) * uncertain.numbers(_sigma)
    else:
        parts = found.gradient * uncertain.numbers(_sd)
    squares: Floats = parts**2
    return squares


def analytic(uncertain: Uncertain, system: System, found: Sensitivities) -> Spread:
    """Return what the result may be, from its sensitivities alone.

    Exact for products of lognormals, and for sums.
    """
    spread = math.sqrt(variances(uncertain, found).sum())
    if is_product(uncertain, found):
        return _lognormal(_at(uncertain, system, _median), spread)
    mean = _at(uncertain, system, _mean)
    reach = Z_975 * spread
    return Spread("NORMAL", mean, spread, mean, mean - reach, mean + reach, None)


def _lognormal(median: float, sigma: float) -> Spread:
    found = Lognormal(median, sigma)
    gsd, reach = (float(np.exp(sigma * each)) for each in (1.0, Z_975))
    # A product of credits is below zero as a whole.
    low, high = sorted((median / reach, median * reach))
    return Spread("LOGNORMAL", found.mean, abs(found.sd), median, low, high, gsd)


def _at(
    uncertain: Uncertain, system: System, number: Callable[[Variable], float]
) -> float:
    """Return the result with a *number* of each variable in place of the stated one."""
    changed = uncertain.system(system, uncertain.numbers(number))
    return engine.solve(changed).result


def _mean(variable: Variable) -> float:
    return variable.distribution.mean


def _median(variable: Variable) -> float:
    return variable.distribution.median


def _sd(variable: Variable) -> float:
    return variable.distribution.sd


def _sigma(variable: Variable) -> float:
    distribution = variable.distribution
    return distribution.sigma if isinstance(distribution, Lognormal) else 0.0
