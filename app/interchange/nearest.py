"""The name of a vocabulary that a mistaken name is most like.

Names are compared by the pairs of letters that they share, found by an index: a file of
many mistakes costs no more than one of many rows.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_LONGEST: Final = 60


class Nearest:
    """Finds the nearest of some names."""

    def __init__(self, names: Iterable[str]) -> None:
        self._sizes: dict[str, int] = {}
        self._index: dict[str, list[str]] = {}
        for name in names:
            pairs = _pairs(name)
            self._sizes[name] = len(pairs)
            for pair in pairs:
                self._index.setdefault(pair, []).append(name)
        self.find = lru_cache(maxsize=1024)(self._find)

    def _find(self, text: str) -> str | None:
        """Return the name nearest to *text*, nothing if none is like it."""
        pairs = _pairs(text[:_LONGEST])
        shared = Counter(name for each in pairs for name in self._index.get(each, ()))
        if not shared:
            return None

        def likeness(name: str) -> tuple[float, str]:
            return shared[name] / (len(pairs) + self._sizes[name]), name

        return max(shared, key=likeness)


def _pairs(text: str) -> frozenset[str]:
    """Return the pairs of neighbours in *text*; its ends count as letters."""
    padded = f"^{text}$"
    return frozenset(padded[at : at + 2] for at in range(len(padded) - 1))
