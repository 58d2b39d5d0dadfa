"""Versions that were asked for lately.

At a snapshot nothing changes any more: what a pin names there, or that it names
nothing, holds for ever.
"""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import queries
from app.factors.codes import Pin
from app.factors.queries import VersionAt

_Known: TypeAlias = OrderedDict[tuple[Pin, int], VersionAt | None]


@dataclass(frozen=True, slots=True)
class Remembered:
    """Versions of one database, the *most* that were asked for last."""

    most: int
    _known: _Known = field(default_factory=OrderedDict)

    async def load(
        self, session: AsyncSession, pins: Collection[Pin], snapshot: int
    ) -> dict[Pin, VersionAt]:
        """Return what *pins* name; a pin that names nothing is left out."""
        # Taken before the wait, in which others may have it forgotten.
        known = {
            p: self._known[p, snapshot] for p in pins if (p, snapshot) in self._known
        }
        missing = [pin for pin in pins if pin not in known]
        fresh = await queries.versions_at(session, missing, snapshot) if missing else {}
        found = {pin: known[pin] if pin in known else fresh.get(pin) for pin in pins}
        self._keep({(pin, snapshot): version for pin, version in found.items()})
        return {pin: version for pin, version in found.items() if version is not None}

    def _keep(self, found: dict[tuple[Pin, int], VersionAt | None]) -> None:
        for key, version in found.items():
            self._known[key] = version
            self._known.move_to_end(key)
        while len(self._known) > self.most:
            self._known.popitem(last=False)
