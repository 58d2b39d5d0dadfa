"""Which numbers of a system are uncertain, and what each of them scales. Pure.

A line comes to its base times its uncertain numbers: one that states an uncertain mass
and an uncertain distance for an uncertain factor has three. So does a link.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from app.calculation.engine import System
from app.calculation.graphs import Flags, Ints
from app.calculation.sums import Floats
from app.calculation.uncertainty import Distribution


@dataclass(frozen=True, slots=True)
class Variable:
    """An uncertain number.

    `name` is the pointer of a number in the request, or `CODE@n` for the value of a
    published version, however many lines take it.
    """

    name: str
    stated: float
    distribution: Distribution


@dataclass(frozen=True, slots=True)
class Part:
    """One number of a line or link: its `value` there, `unit` times what is stated."""

    value: float
    unit: float = 1.0
    variable: Variable | None = None


@dataclass(frozen=True, slots=True)
class Uses:
    """By use: a line or a link, and the number of a variable that scales it.

    Targets are in rising order; `base` is what the target of each use comes to where
    all its variables are 1.
    """

    target: Ints
    variable: Ints
    base: Floats

    def values(self, numbers: Floats) -> tuple[Ints, Floats]:
        """Return the targets, and what each comes to where variables are *numbers*."""
        targets, starts = np.unique(self.target, return_index=True)
        if not len(targets):
            return targets, np.zeros(0)
        product = np.multiply.reduceat(numbers[self.variable], starts)
        return targets, self.base[starts] * product

    def slopes(self, numbers: Floats) -> Floats:
        """Return by use what one unit of its variable adds to its target."""
        slopes, factor = self.base.copy(), numbers[self.variable]
        shift = 1
        # The uses of a target stand side by side, and are few.
        while (alike := self.target[:-shift] == self.target[shift:]).any():
            slopes[:-shift][alike] *= factor[shift:][alike]
            slopes[shift:][alike] *= factor[:-shift][alike]
            shift += 1
        return slopes

    def among(self, wanted: Flags) -> "Uses":
        """Return the uses of the *wanted* targets."""
        kept = wanted[self.target]
        return Uses(self.target[kept], self.variable[kept], self.base[kept])


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The variables of a system, and the uses that its lines and links make of them."""

    variables: tuple[Variable, ...]
    lines: Uses
    links: Uses

    def stated(self) -> Floats:
        """Return the stated numbers."""
        return self.numbers(lambda variable: variable.stated)

    def numbers(self, of: Callable[[Variable], float]) -> Floats:
        """Return a number *of* each variable."""
        size = len(self.variables)
        return np.fromiter(map(of, self.variables), np.float64, size)

    def within(self, system: System, reached: Flags) -> "Uncertain":
        """Return the variables of the *reached* part, ordered by name."""
        lines = self.lines.among(reached[system.process])
        links = self.links.among(reached[system.user])
        used = np.union1d(lines.variable, links.variable).tolist()
        used.sort(key=lambda number: self.variables[number].name)
        turn = np.zeros(len(self.variables), dtype=np.intp)
        turn[used] = np.arange(len(used))
        return Uncertain(
            tuple(self.variables[number] for number in used),
            replace(lines, variable=turn[lines.variable]),
            replace(links, variable=turn[links.variable]),
        )

    def system(self, system: System, numbers: Floats) -> System:
        """Return *system* with *numbers* in place of the stated ones."""
        amount, intensity = system.amount.copy(), system.intensity.copy()
        taken = system.taken.copy()
        targets, found = self.lines.values(numbers)
        amount[targets], intensity[targets] = found, 1.0
        targets, found = self.links.values(numbers)
        taken[targets] = found
        return replace(system, amount=amount, intensity=intensity, taken=taken)


_Row: TypeAlias = tuple[int, int, float]


@dataclass(slots=True)
class Collector:
    """Gathers variables while a system is assembled."""

    _numbers: dict[str, int] = field(default_factory=dict)
    _variables: list[Variable] = field(default_factory=list)
    _lines: list[_Row] = field(default_factory=list)
    _links: list[_Row] = field(default_factory=list)

    def line(self, number: int, parts: Sequence[Part]) -> None:
        """Note that line *number* is the product of *parts*."""
        self._lines += self._rows(number, parts)

    def link(self, number: int, part: Part) -> None:
        """Note that link *number* is *part*."""
        self._links += self._rows(number, [part])

    def collected(self) -> Uncertain:
        """Return what was gathered."""
        variables = tuple(self._variables)
        return Uncertain(variables, _uses(self._lines), _uses(self._links))

    def _rows(self, target: int, parts: Sequence[Part]) -> list[_Row]:
        base, used = 1.0, []
        for part in parts:
            # What has no spread is no variable.
            if part.variable is None or not part.variable.distribution.sd:
                base *= part.value
            else:
                base *= part.unit
                used.append(self._number(part.variable))
        return [(target, number, base) for number in used]

    def _number(self, variable: Variable) -> int:
        number = self._numbers.setdefault(variable.name, len(self._variables))
        if number == len(self._variables):
            self._variables.append(variable)
        return number


def _uses(rows: list[_Row]) -> Uses:
    target, variable, base = zip(*rows, strict=True) if rows else ((), (), ())
    return Uses(
        np.array(target, dtype=np.intp),
        np.array(variable, dtype=np.intp),
        np.array(base, dtype=np.float64),
    )


CERTAIN = Collector().collected()
