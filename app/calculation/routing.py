"""The routes of a calculation: each found once, however many lines take it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from app.calculation import amounts, selecting
from app.calculation.request import InlineFactor
from app.calculation.resolution import Resolved, Resolver, Route
from app.kit.errors import Invalid
from app.units.catalogue import unit

# Whether a text is a reference, a gas, or the unit of a plain inline factor.
Sort: TypeAlias = Literal["published", "gas", "plain"]


@dataclass(frozen=True, slots=True)
class Routing:
    """Finds the route of a line from what it names and the text of its unit."""

    resolver: Resolver
    _known: dict[tuple[Sort, str, str], Route] = field(default_factory=dict)

    def published(
        self, reference: str, unit_text: str, pointer: str = "/unit"
    ) -> Route:
        """Return the route of the version that *reference* names."""
        return self._kept("published", reference, unit_text, pointer, self.version)

    def gas(self, code: str, unit_text: str) -> Route:
        """Return the route of an emission."""
        return self._kept("gas", code, unit_text, "/unit", self.resolver.emission)

    def plain(self, per: str, unit_text: str, pointer: str = "/unit") -> Route:
        """Return the route that all plain inline factors in the unit *per* share."""
        return self._kept("plain", per, unit_text, pointer, self.resolver.unity)

    def inline(
        self, factor: InlineFactor, unit_text: str, pointer: str = "/unit"
    ) -> Route:
        """Return the route of a figure of the caller's own."""
        if amounts.is_plain(factor):
            return self.plain(factor["unit"], unit_text, pointer)
        return self._new(self.resolver.inline(factor), unit_text, pointer)

    def version(self, reference: str) -> Resolved:
        """Return what *reference* resolves to."""
        try:
            return self.resolver.factor(reference)
        except Invalid as error:
            error.pointer = selecting.pointer(reference)
            raise

    def _kept(
        self,
        sort: Sort,
        name: str,
        unit_text: str,
        pointer: str,
        resolve: Callable[[str], Resolved],
    ) -> Route:
        key = (sort, name, unit_text)
        route = self._known.get(key)
        if route is None:
            route = self._known[key] = self._new(resolve(name), unit_text, pointer)
        return route

    def _new(self, resolved: Resolved, unit_text: str, pointer: str) -> Route:
        stated = unit(unit_text, pointer)
        try:
            return self.resolver.route(resolved, stated)
        except Invalid as error:
            error.pointer = pointer
            raise
