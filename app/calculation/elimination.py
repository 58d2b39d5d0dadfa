"""Taking a system apart: units that suit a loop, pivots, noise. Pure.

The matrix is (I − C)ᵀ, where C_pq is what process q takes of p per throughput of q. It
is sparse, or an ordinary array where it is small: SciPy's sparse objects take longer
to make than a few dozen rows take to solve.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dgetrf, dgetrs
from scipy.sparse import coo_array, csc_array, eye_array
from scipy.sparse.linalg import splu

from app.calculation.sums import Floats, settled

# Rows up to which a matrix is an ordinary array.
SMALL: Final = 64

# A pivot this small beside the numbers it comes from is rounding, not a loop's margin.
PIVOT: Final = 1e-14
# Of the heights of a loop only differences count; this weight settles where zero lies.
ANCHOR: Final = 1e-6
# The diagonal is the pivot unless it is this small beside the largest of its column.
DIAGONAL: Final = 0.1

Ints: TypeAlias = npt.NDArray[np.intp]
Matrix: TypeAlias = csc_array | Floats


class Triangles(Protocol):
    """Triangular factors of a matrix, its rows and columns permuted."""

    @property
    def L(self) -> Any: ...  # noqa: ANN401, N802 - a matrix, by SuperLU's name
    @property
    def U(self) -> Any: ...  # noqa: ANN401, N802
    @property
    def perm_c(self) -> Ints: ...

    def solve(self, rhs: Floats, trans: Literal["N", "T"] = "N") -> Floats:
        """Return x where the matrix, or its transpose, times x is *rhs*."""


@dataclass(frozen=True, slots=True)
class Uses:
    """Cᵀ, and the same where parallel lines of different sign do not cancel."""

    net: Matrix
    gross: Matrix


@dataclass(frozen=True, slots=True)
class Factors:
    """C, and the factors of (I − C)ᵀ with every throughput in its own `unit`."""

    uses: Uses
    scaled: Triangles
    unit: Floats

    def solve(self, demand: Floats) -> Floats:
        """Return y with (I − C) y = demand."""
        solution: Floats = self.unit * self.scaled.solve(demand / self.unit, trans="T")
        return solution

    def solve_transposed(self, burden: Floats) -> Floats:
        """Return h with (I − C)ᵀ h = burden."""
        solution: Floats = self.scaled.solve(burden * self.unit) / self.unit
        return solution


def uses(user: Ints, supplier: Ints, taken: Floats, size: int) -> Uses:
    """Return what *size* processes take of each other; parallel lines add up."""
    if size <= SMALL:
        net, gross = np.zeros((2, size, size))
        np.add.at(net, (user, supplier), taken)
        np.add.at(gross, (user, supplier), np.abs(taken))
        return Uses(settled(net, gross), gross)
    net, gross = (
        coo_array((amounts, (user, supplier)), shape=(size, size)).tocsc()
        for amounts in (taken, np.abs(taken))
    )
    net.data = settled(net.data, gross.data)
    return Uses(net, gross)


def balance(uses: Matrix) -> Floats:
    """Return units in which the uses of a loop come as near to 1 as they can.

    Units are the caller's choice: a loop may turn a tonne into 1e15 pieces, and the
    largest number of a column would be no sign of a good pivot. Least squares of the
    logarithms are the same loop in any units. Powers of two cost no digits.
    """
    links = coo_array(uses)
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


def factorise(
    uses: Matrix, unit: Floats, order: Literal["NATURAL", "COLAMD"]
) -> Triangles | None:
    """Return the factors of (I − C)ᵀ in units of *unit*, or None where it is singular.

    With users before suppliers a column has no rows below its own loop, so that no
    pivot is looked for outside of it. *order* is for columns of a sparse matrix.
    """
    if not isinstance(uses, csc_array):
        return _factorise_small(np.eye(len(unit)) - uses * unit[:, None] / unit)
    columns = np.repeat(np.arange(len(unit)), np.diff(uses.indptr))
    scaled = uses.copy()
    scaled.data = uses.data * unit[uses.indices] / unit[columns]
    matrix = eye_array(len(unit), format="csc") - scaled
    try:
        found: Triangles = splu(matrix, permc_spec=order, diag_pivot_thresh=DIAGONAL)
    except RuntimeError:  # SuperLU's word for an exactly singular matrix
        return None
    return found


def has_noise(factors: Triangles) -> bool:
    """Tell whether a pivot is but what the rounding of its own making has left."""
    lower, upper = abs(factors.L), abs(factors.U)
    making = (lower.T * upper).sum(axis=0)
    return bool((upper.diagonal() <= PIVOT * making).any())


@dataclass(frozen=True, slots=True)
class _SmallTriangles:
    """LAPACK's: the lower factor below the diagonal, which it has ones on."""

    packed: Floats
    pivots: npt.NDArray[np.int32]

    @property
    def L(self) -> Floats:  # noqa: N802 - SuperLU's name
        return np.tril(self.packed, -1) + np.eye(len(self.packed))

    @property
    def U(self) -> Floats:  # noqa: N802 - SuperLU's name
        return np.triu(self.packed)

    @property
    def perm_c(self) -> Ints:
        return np.arange(len(self.packed))

    def solve(self, rhs: Floats, trans: Literal["N", "T"] = "N") -> Floats:
        solution: Floats
        solution, _ = dgetrs(self.packed, self.pivots, rhs, trans=trans == "T")
        return solution


def _factorise_small(matrix: Floats) -> _SmallTriangles | None:
    packed, pivots, singular = dgetrf(matrix)
    return None if singular else _SmallTriangles(packed, pivots)
