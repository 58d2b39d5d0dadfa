"""Random product systems, rendered for us and for Brightway. Same seed, same system.

Brightway keeps amounts in single precision, so every number that it is told is a short
binary fraction: without that, results would agree in seven digits and prove little.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

# Products are counted in these units; links may be stated in the second one, which is
# that many of the first.
_UNITS: Final = (
    ("kg", "t", Decimal(1000)),
    ("kg", "g", Decimal("0.001")),
    ("kWh", "MWh", Decimal(1000)),
    ("MJ", "GJ", Decimal(1000)),
)
_STAGES: Final = ("RAW", "MFG", "DIST", "USE", "EOL")
_INLINE_UNITS: Final = ("kg", "kWh", "km", "m3")
DEMAND: Final = 1000
_A_LITTLE: Final = Decimal(1) / 65536


@dataclass(frozen=True, slots=True)
class Published:
    """A published factor: its code, the unit it counts and kg CO2e per such unit."""

    code: str
    unit: str
    intensity: Decimal


@dataclass(slots=True)
class Links:
    """What process `user` takes of process `supplier`, per unit of its own product."""

    user: list[int] = field(default_factory=list)
    supplier: list[int] = field(default_factory=list)
    amount: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Burdens:
    """Kilograms of CO2 per unit of the product of `process`."""

    process: list[int] = field(default_factory=list)
    kilograms: list[float] = field(default_factory=list)


@dataclass(slots=True)
class System:
    """One system in two forms: our request, and plain columns for Brightway."""

    processes: list[dict[str, Any]]
    links: Links = field(default_factory=Links)
    burdens: Burdens = field(default_factory=Burdens)

    @property
    def lines(self) -> int:
        """The number of links and burdens."""
        return len(self.links.user) + len(self.burdens.process)

    def request(self, detail: str) -> bytes:
        """Return the body of our request."""
        unit = self.processes[0]["output"]["unit"]
        reference = {"process": "p0", "amount": str(DEMAND), "unit": unit}
        document = {"reference": reference, "detail": detail}
        return orjson.dumps({**document, "processes": self.processes})

    def columns(self) -> bytes:
        """Return what Brightway's side of the benchmark reads."""
        document = {
            "size": len(self.processes),
            "demand": DEMAND,
            "links": [self.links.user, self.links.supplier, self.links.amount],
            "burdens": [self.burdens.process, self.burdens.kilograms],
        }
        return orjson.dumps(document)


def random_system(
    size: int, *, loops: int = 0, published: Sequence[Published] = (), seed: int = 1
) -> System:
    """Return a random DAG of *size* processes with about 2.5 lines each.

    *loops* processes, evenly spread, take a little of the reference's product, so that
    loops run through long parts of the system.
    """
    return _Maker(size, published, seed).system(loops=loops)


class _Maker:
    def __init__(self, size: int, published: Sequence[Published], seed: int) -> None:
        self.draw = random.Random(seed)  # noqa: S311 - a benchmark, not a secret
        self.published = published
        self.units = [self.draw.choice(_UNITS) for _ in range(size)]
        self.made = System([self._process(number) for number in range(size)])

    def system(self, *, loops: int) -> System:
        size = len(self.units)
        for supplier in range(1, size):
            # Every process has a user before it, so that all are reached.
            self._link(self.draw.randrange(supplier), supplier)
            if self.draw.random() < 0.2:
                self._link(self.draw.randrange(supplier), supplier)
        for number in range(size):
            self._burden(number)
            if loops and number % (size // loops) == size // loops - 1:
                self._link(number, 0, _A_LITTLE)
        return self.made

    def _process(self, number: int) -> dict[str, Any]:
        output = {"amount": "1", "unit": self.units[number][0]}
        stage = self.draw.choice(_STAGES)
        return {"id": f"p{number}", "stage": stage, "output": output, "inputs": []}

    def _fraction(self, high: int, denominator: int) -> Decimal:
        """Return a random fraction; *denominator* is a power of two."""
        return Decimal(self.draw.randrange(high // 16, high)) / denominator

    def _link(self, user: int, supplier: int, amount: Decimal | None = None) -> None:
        base, other, factor = self.units[supplier]
        amount = amount or self._fraction(3700, 4096)
        line = {"process": f"p{supplier}", "amount": str(amount), "unit": base}
        if self.draw.random() < 0.25:
            line |= {"amount": format(amount / factor, "f"), "unit": other}
        self.made.processes[user]["inputs"].append(line)
        self.made.links.user.append(user)
        self.made.links.supplier.append(supplier)
        self.made.links.amount.append(float(amount))

    def _burden(self, number: int) -> None:
        kind = self.draw.random()
        if kind < 0.60:
            self._emission(number)
        if kind > 0.80 and self.published:
            self._published(number)
        elif kind > 0.50:
            self._inline(number)

    def _emission(self, number: int) -> None:
        amount = self._fraction(20_000, 4096)
        line = {"gas": "CO2_FOSSIL", "amount": str(amount), "unit": "kg"}
        self.made.processes[number]["emissions"] = [line]
        self._add(number, amount)

    def _published(self, number: int) -> None:
        factor, kilograms = self.draw.choice(self.published), self._fraction(2000, 256)
        amount = format(kilograms / factor.intensity, ".15f")
        line = {"factor": factor.code, "amount": amount, "unit": factor.unit}
        self.made.processes[number]["inputs"].append(line)
        self._add(number, kilograms)

    def _inline(self, number: int) -> None:
        amount, value = self._fraction(2000, 256), self._fraction(4000, 1024)
        unit = self.draw.choice(_INLINE_UNITS)
        factor = {
            "name": f"供应商数据 {number}",
            "value": str(value),
            "unit": f"kgCO2e/{unit}",
        }
        line = {"factor": factor, "amount": str(amount), "unit": unit}
        self.made.processes[number]["inputs"].append(line)
        self._add(number, amount * value)

    def _add(self, number: int, kilograms: Decimal) -> None:
        self.made.burdens.process.append(number)
        self.made.burdens.kilograms.append(float(kilograms))
