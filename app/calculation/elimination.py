"""Taking a system apart: units that suit a loop, pivots, noise. Pure.

The matrix is (I − C)ᵀ, where C_pq is what process q takes of p per throughput of q. It
is sparse; only that of a few dozen processes without a loop is an ordinary array, for
SciPy's sparse objects would take longer to make than it takes to solve.
"""

from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
from scipy.linalg.lapack import dtrtrs
from scipy.sparse import coo_array, csc_array, eye_array
from scipy.sparse.linalg import SuperLU, splu

from app.calculation.graphs import Ints
from app.calculation.sums import Floats, settled

# Processes up to which a matrix may be an ordinary array.
SMALL: Final = 64

# A pivot this small beside the numbers it comes from is rounding, not a loop's margin.
PIVOT: Final = 1e-14
# Of the heights of a loop only differences count; this weight settles where zero lies.
ANCHOR: Final = 1e-6
# The diagonal is the pivot unless it is this small beside the largest of its column.
DIAGONAL: Final = 0.1


class Solver(Protocol):
    """Whatever solves for a matrix."""

    def solve(self, rhs: Floats, trans: Literal["N", "T"] = "N") -> Floats:
        """Return x where the matrix, or its transpose, times x is *rhs*."""


@dataclass(frozen=True, slots=True)
class Uses:
    """Cᵀ, and the same where parallel lines of different sign do not cancel."""

    net: csc_array | Floats
    gross: csc_array | Floats


@dataclass(frozen=True, slots=True)
class Factors:
    """C, and the factors of (I − C)ᵀ with every throughput in its own `unit`."""

    uses: Uses
    scaled: Solver
    unit: Floats

    def solve(self, demand: Floats) -> Floats:
        """Return y with (I − C) y = demand."""
        solution: Floats = self.unit * self.scaled.solve(demand / self.unit, trans="T")
        return solution

    def solve_transposed(self, burden: Floats) -> Floats:
        """Return h with (I − C)ᵀ h = burden."""
        solution: Floats = self.scaled.solve(burden * self.unit) / self.unit
        return solution


@dataclass(frozen=True, slots=True)
class Triangle:
    """An upper triangular matrix, solved by substitution."""

    matrix: Floats

    def solve(self, rhs: Floats, trans: Literal["N", "T"] = "N") -> Floats:
        """Return x where the matrix, or its transpose, times x is *rhs*."""
        solution: Floats
        solution, _ = dtrtrs(self.matrix, rhs, trans=trans == "T")
        return solution


def sparse_uses(user: Ints, supplier: Ints, taken: Floats, size: int) -> Uses:
    """Return what *size* processes take of each other; parallel lines add up."""
    net, gross = (
        coo_array((amounts, (user, supplier)), shape=(size, size)).tocsc()
        for amounts in (taken, np.abs(taken))
    )
    net.data = settled(net.data, gross.data)
    return Uses(net, gross)


def small_uses(user: Ints, supplier: Ints, taken: Floats, size: int) -> Uses:
    """Return the same as ordinary arrays."""
    net, gross = np.zeros((2, size, size))
    np.add.at(net, (user, supplier), taken)
    np.add.at(gross, (user, supplier), np.abs(taken))
    return Uses(settled(net, gross), gross)


def balance(uses: csc_array) -> Floats:
    """Return units in which the uses of a loop come as near to 1 as they can.

    Units are the caller's choice: a loop may turn a tonne into 1e15 pieces, and the
    largest number of a column would be no sign of a good pivot. Least squares of the
    logarithms are the same loop in any units. Powers of two cost no digits.
    """
    links = uses.tocoo()
    used = links.data != 0
    user, supplier = (axis[used] for axis in links.coords)
    height = np.log2(np.abs(links.data[used]))
    ones, size = np.ones(len(user)), uses.shape[0]
    rows = np.concatenate([user, supplier, user, supplier])
    columns = np.concatenate([user, supplier, supplier, user])
    parts = np.concatenate([ones, ones, -ones, -ones])
    laplacian = coo_array((parts, (rows, columns)), shape=(size, size))
    slope = np.bincount(supplier, height, size) - np.bincount(user, height, size)
    anchored = csc_array(laplacian + ANCHOR * eye_array(size))
    level = splu(anchored, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0)
    unit: Floats = np.exp2(np.rint(level.solve(slope)))
    return unit


def factorise(uses: csc_array, unit: Floats, order: str) -> SuperLU | None:
    """Return the factors of (I − C)ᵀ in units of *unit*, or None where it is singular.

    With users before suppliers a column has no rows below its own loop, so that no
    pivot is looked for outside of it.
    """
    columns = np.repeat(np.arange(len(unit)), np.diff(uses.indptr))
    scaled = uses.copy()
    scaled.data = uses.data * unit[uses.indices] / unit[columns]
    matrix = eye_array(len(unit), format="csc") - scaled
    try:
        return splu(matrix, permc_spec=order, diag_pivot_thresh=DIAGONAL)
    except RuntimeError:  # SuperLU's word for an exactly singular matrix
        return None


def has_noise(factors: SuperLU) -> bool:
    """Tell whether a pivot is but what the rounding of its own making has left."""
    lower, upper = abs(factors.L), abs(factors.U)
    making = lower.T.tocsc().multiply(upper).sum(axis=0)
    return bool((upper.diagonal() <= PIVOT * making).any())
