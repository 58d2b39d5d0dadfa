"""Sums of floats, without what rounding alone has left of them. Pure."""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

# A sum this small beside its parts is what their rounding has left.
NOISE: Final = 1e-14


def group(keys: npt.NDArray[np.intp], values: Floats, size: int) -> Floats:
    """Return the sums of *values* by key, from key 0 to *size* - 1."""
    # Without values NumPy would count in integers.
    sums = np.bincount(keys, values, size).astype(np.float64)
    return settled(sums, np.bincount(keys, np.abs(values), size).astype(np.float64))


def settled(sums: Floats, gross: Floats) -> Floats:
    """Return *sums* with zero for what only the rounding of *gross* has left."""
    found: Floats = np.where(np.abs(sums) <= NOISE * gross, 0.0, sums)
    return found
