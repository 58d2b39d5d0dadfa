"""A large request in columns, and the system that they make.

Where the columns may break a rule they are `Unusual`: the careful assembler, which
tells what is wrong, has to look at the request.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from msgspec import Raw

from app.calculation.assembly import (
    CATEGORY_NUMBERS,
    Assembly,
    demand,
    intensities,
)
from app.calculation.engine import System
from app.calculation.findings import CoProductsNotListed, Ledger, UnknownProcess
from app.calculation.notices import line_pointer, report_notices
from app.calculation.request import CalculationRequest, InlineFactor
from app.calculation.resolution import Resolver
from app.calculation.routing import Routing
from app.kit.columns import Decimals, Floats, Ints, joined
from app.kit.errors import Invalid
from app.reference.enums import GhgCategory
from app.units.catalogue import unit

# How a line finds its route; an `own` factor is one that no other line shares.
Sort: TypeAlias = Literal["published", "gas", "plain", "own"]
Key: TypeAlias = tuple[Sort, str, str]
_REMOVAL: Final = CATEGORY_NUMBERS[GhgCategory.BIO_REMOVAL]
# We wrote it: a quote inside a text is escaped, so what follows is a reference.
_REFERENCE: Final = b'"factor":"'


class Unusual(Exception):
    """Something that the careful reader or assembler has to look at."""


def check(*, usual: bool | np.bool_) -> None:
    """Raise `Unusual` unless all is as *usual*."""
    if not usual:
        raise Unusual


class Made(NamedTuple):
    """By process: output, stage and share; units are numbers of texts."""

    amount: Decimals
    unit: Ints
    stage: Ints
    share: Floats


class Links(NamedTuple):
    """By line that takes from a process; `place` is k for input k of its user."""

    user: Ints
    place: Ints
    taken: Decimals
    unit: Ints


class Lines(NamedTuple):
    """By emission and factor line: what an assembly states, and what it comes from.

    `given` is the amount of a line by mass and distance, in t_km; not a number for all
    others.
    """

    process: Ints
    place: Ints
    key: Ints
    amount: Decimals
    given: Floats
    strength: Decimals
    stage: Ints
    category: Ints
    label: Any


class Numbering(dict[Any, int]):
    """Numbers keys in the order in which they are first asked for."""

    def __missing__(self, key: object) -> int:
        """Number *key*."""
        number = self[key] = len(self)
        return number

    def of(self, keys: Sequence[object]) -> Ints:
        """Return the number of each of *keys*."""
        return np.fromiter(map(self.__getitem__, keys), np.intp, len(keys))


@dataclass(slots=True)
class Table:
    """A request in columns; nothing that it names is resolved yet.

    `head` is the request with some other process alone, `encoded` all processes in the
    form in which an answer repeats them.
    """

    head: CalculationRequest
    names: list[str] = field(default_factory=list)
    titles: list[str | None] = field(default_factory=list)
    suppliers: list[str] = field(default_factory=list)
    units: Numbering = field(default_factory=Numbering)
    keys: Numbering = field(default_factory=Numbering)
    own: dict[str, InlineFactor] = field(default_factory=dict)
    notices: list[tuple[CoProductsNotListed, str]] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    links: list[Links] = field(default_factory=list)
    lines: list[Lines] = field(default_factory=list)
    encoded: list[bytes] = field(default_factory=list)

    def references(self) -> Iterable[str]:
        """Return every distinct reference, in order of appearance."""
        named = (name for sort, name, _ in self.keys if sort == "published")
        return dict.fromkeys(named)

    def pinned_processes(self, pins: Mapping[str, str]) -> Raw:
        """Return the processes with every reference pinned."""
        known = {name.encode(): pin.encode() for name, pin in pins.items()}
        parts: list[bytes] = []
        for block in self.encoded:
            first, *others = block.split(_REFERENCE)
            parts += (b",", first)
            for each in others:
                end = each.index(b'"')
                parts += (_REFERENCE, known[each[:end]], each[end:])
        parts[0] = b"["
        return Raw(b"".join([*parts, b"]"]))

    def assemble(self, resolver: Resolver, ledger: Ledger) -> Assembly | None:
        """Return the system, or None where it lacks suppliers; or raise `Unusual`."""
        check(usual=not ledger.errors)
        try:
            assembly = _Assembler(self, resolver).assembly()
        except Invalid as error:
            raise Unusual from error
        system = assembly.system
        if (system.supplier < 0).any():
            # They name processes, of which an assembly tells.
            check(usual="cut_offs" not in self.head)
            self._refuse(system.supplier, ledger)
            return None
        for notice, pointer in self.notices:
            ledger.notice(notice, pointer)
        report_notices(
            assembly.routes, assembly.route, system.process, assembly.place, ledger
        )
        check(usual=not ledger.errors)
        return assembly

    def _refuse(self, supplier: Ints, ledger: Ledger) -> None:
        """Tell of every link to a process that is not there; nothing else is wrong."""
        links: Links = joined(self.links)
        for link in np.flatnonzero(supplier < 0).tolist():
            error = UnknownProcess(pointer="/process", id=self.suppliers[link])
            where = line_pointer(int(links.user[link]), int(links.place[link]))
            ledger.refuse(error, where)


class _Assembler:
    """Resolves what a table names."""

    def __init__(self, table: Table, resolver: Resolver) -> None:
        self.table = table
        self.resolver = resolver
        self.units = [unit(text) for text in table.units]
        self.made: Made = joined(table.made)
        self.index = dict(zip(table.names, range(len(table.names)), strict=True))
        check(usual=len(self.index) == len(table.names))

    def assembly(self) -> Assembly:
        """Return the system and what an answer says of it."""
        lines: Lines = joined(self.table.lines)
        strength = lines.strength.scaled([Fraction(1)], np.zeros_like(lines.key))
        self._resolve()
        routes = tuple(self.resolver.routes)
        intensity = intensities(routes, lines.key)
        amount = lines.amount.scaled([each.factor for each in routes], lines.key)
        amount = np.where(np.isnan(lines.given), amount, lines.given)
        adds = amount * strength * intensity > 0
        check(usual=not (adds & (lines.category == _REMOVAL)).any())
        return Assembly(
            system=self._system(lines, amount, intensity * strength),
            routes=routes,
            title=self.table.titles,
            home=self.made.stage,
            route=lines.key,
            strength=strength,
            stage=lines.stage,
            category=lines.category,
            place=lines.place,
            label=lines.label.tolist(),
        )

    def _resolve(self) -> None:
        """Number routes as their keys are numbered."""
        routing = Routing(self.resolver)
        for sort, name, unit_text in self.table.keys:
            match sort:
                case "published":
                    routing.published(name, unit_text)
                case "gas":
                    routing.gas(name, unit_text)
                case "plain":
                    routing.plain(name, unit_text)
                case _:
                    routing.inline(self.table.own[name], unit_text)

    def _system(self, lines: Lines, amount: Floats, intensity: Floats) -> System:
        links: Links = joined(self.table.links)
        factors = [each.factor for each in self.units]
        output = self.made.amount.scaled(factors, self.made.unit)
        check(usual=output.all())
        reference, asked = self._demand()
        return System(
            names=tuple(self.table.names),
            output=output,
            share=self.made.share,
            user=links.user,
            supplier=self._suppliers(links),
            taken=links.taken.scaled(factors, links.unit),
            process=lines.process,
            amount=amount,
            intensity=intensity,
            reference=reference,
            demand=asked,
        )

    def _demand(self) -> tuple[int, float]:
        """Return the process that is asked for, and how much of it."""
        reference = self.table.head["reference"]
        place = self.index.get(reference["process"], -1)
        check(usual=place >= 0)
        return place, demand(reference, self.units[int(self.made.unit[place])])

    def _suppliers(self, links: Links) -> Ints:
        """Return the number of each link's supplier, -1 where it is not there."""
        found = [self.index.get(each, -1) for each in self.table.suppliers]
        supplier = np.array(found, dtype=np.intp)
        dimension = Numbering().of([each.dimension for each in self.units])
        made, stated = dimension[self.made.unit[supplier]], dimension[links.unit]
        check(usual=((made == stated) | (supplier < 0)).all())
        return supplier
