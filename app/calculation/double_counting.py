"""The same burden taken twice: inside a figure, and by a line of its own. Pure.

An inline figure says what it `includes`; a published version says in its derivation
how much of what it was computed from.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np

from app.calculation import engine
from app.calculation.assembly import Assembly
from app.calculation.engine import Solution
from app.calculation.findings import Ledger, Notice
from app.calculation.graphs import Flags, Ints
from app.calculation.natures import Nature, Taken
from app.calculation.notices import line_pointer
from app.calculation.resolution import Route
from app.kit.decimals import scaled
from app.units.algebra import Unit
from app.units.catalogue import unit

# Two lines that state the same amount, each rounded as people round.
_SAME: Final = 1e-6
# Which figure contains which code; the first line with the figure, how many there are,
# and a line that takes the code.
_Twice: TypeAlias = dict[tuple[str, str], tuple[int, int, int]]


class DoubleCounting(Notice):
    en = "{factor} contains {code}, which {other} takes too: it may be counted twice."
    zh = "{factor} 已包含 {code},而 {other} 又取用该因子,可能重复计算。"


def report(assembly: Assembly, solution: Solution, ledger: Ledger) -> None:
    """Tell of each figure that contains what is also taken beside it or upstream."""
    natures = [each.coefficient.figure.nature for each in assembly.routes]
    used = {nature.code for nature in natures}
    if not any(used.intersection(contained(nature)) for nature in natures):
        return
    lines = _Lines(assembly, solution, natures)
    twice: _Twice = {}
    for line, code, other in [*_stated(lines), *_derived(lines)]:
        key = lines.label(line), code
        first, count, beside = twice.get(key, (line, 0, other))
        twice[key] = first, count + 1, beside
    for (label, code), (line, count, other) in twice.items():
        where = lines.pointer(other)
        notice = DoubleCounting(factor=label, code=code, other=where)
        ledger.notice(notice, lines.pointer(line), count)


def contained(nature: Nature) -> Iterator[str]:
    """Yield the codes that a figure says it contains."""
    yield from nature.includes
    for each in nature.derivation:
        yield each.code


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a system that take something and are reached."""

    assembly: Assembly
    solution: Solution
    natures: list[Nature]

    def such(self, routes: Flags) -> list[int]:
        """Return the lines that take along one of *routes*."""
        system = self.assembly.system
        is_such = routes[self.assembly.route] & (system.amount > 0)
        is_such &= self.solution.reached[system.process]
        found: list[int] = np.flatnonzero(is_such).tolist()
        return found

    def taking(self, codes: set[str]) -> list[int]:
        """Return the lines that take one of *codes*."""
        return self.such(np.array([each.code in codes for each in self.natures]))

    def route(self, line: int) -> Route:
        return self.assembly.routes[int(self.assembly.route[line])]

    def nature(self, line: int) -> Nature:
        return self.natures[int(self.assembly.route[line])]

    def per(self, line: int) -> Unit:
        """Return the unit that the factor of *line* is per."""
        return self.route(line).coefficient.figure.unit.per

    def label(self, line: int) -> str:
        return self.assembly.label[line] or self.route(line).coefficient.label

    def process(self, line: int) -> int:
        return int(self.assembly.system.process[line])

    def pointer(self, line: int) -> str:
        return line_pointer(self.process(line), int(self.assembly.place[line]))


@dataclass(slots=True)
class _Upstream:
    """By loop, or process outside of one: which codes are taken in it or upstream.

    A code is a bit of `mask`; `found` is a line, there or upstream, that takes it.
    """

    component: Ints
    bits: Mapping[str, int]
    mask: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    found: dict[tuple[int, int], int] = field(default_factory=dict)
    suppliers: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def line(self, process: int, code: str) -> int | None:
        """Return a line in or upstream of *process* that takes *code*."""
        place, bit = int(self.component[process]), self.bits.get(code)
        if bit is None or not self.mask[place] >> bit & 1:
            return None
        way = []
        while (place, bit) not in self.found:
            # Each step leads to a supplier, so it ends.
            way.append(place)
            place = next(p for p in self.suppliers[place] if self.mask[p] >> bit & 1)
        line = self.found[place, bit]
        self.found |= {(each, bit): line for each in way}
        return line


def _stated(lines: _Lines) -> Iterator[tuple[int, str, int]]:
    """Yield figures that include a code, with the code and a line that takes it."""
    including = lines.such(np.array([bool(each.includes) for each in lines.natures]))
    if not including:
        return
    upstream = _upstream(lines)
    for line in including:
        for code in dict.fromkeys(lines.nature(line).includes):
            other = upstream.line(lines.process(line), code)
            if other is not None:
                yield line, code, other


def _upstream(lines: _Lines) -> _Upstream:
    system = lines.assembly.system
    included = {code for each in lines.natures for code in each.includes}
    codes = included & {each.code for each in lines.natures if each.code}
    component = engine.traverse(system).component
    bits = {code: bit for bit, code in enumerate(sorted(codes))}
    found = _Upstream(component, bits)
    for line in lines.taking(codes):
        place = int(component[lines.process(line)])
        bit = bits[lines.nature(line).code or ""]
        found.mask[place] |= 1 << bit
        found.found.setdefault((place, bit), line)
    takes = system.taken * system.output[system.supplier] > 0
    takes &= lines.solution.reached[system.user]
    user, supplier = component[system.user[takes]], component[system.supplier[takes]]
    # A loop is numbered after all that it leads to: its suppliers are complete.
    for link in np.argsort(user, kind="stable"):
        own, other = int(user[link]), int(supplier[link])
        if own != other and found.mask[other]:
            found.mask[own] |= found.mask[other]
            found.suppliers[own].append(other)
    return found


def _derived(lines: _Lines) -> Iterator[tuple[int, str, int]]:
    """Yield versions beside which a process takes just what went into them.

    That a product contains electricity and its user takes some too is as it should be;
    only the very amount that the product took shows that it is stated twice.
    """
    codes = {each.code for n in lines.natures for each in n.derivation}
    beside: dict[tuple[int, str], list[int]] = defaultdict(list)
    for line in lines.taking(codes):
        beside[lines.process(line), lines.nature(line).code or ""].append(line)
    for line in lines.such(np.array([bool(n.derivation) for n in lines.natures])):
        for part in lines.nature(line).derivation:
            for other in beside.get((lines.process(line), part.code), ()):
                if _is_same(lines, line, part, other):
                    yield line, part.code, other


def _is_same(lines: _Lines, line: int, part: Taken, other: int) -> bool:
    """Tell whether *other* takes what *line* took of *part*."""
    stated = unit(part.unit)
    if stated.dimension is not lines.per(other).dimension:
        return False
    amount = lines.assembly.system.amount
    took = amount[line] * scaled(part.amount, stated.factor / lines.per(line).factor)
    return bool(abs(amount[other] - took) <= _SAME * abs(took))
