"""What goes into a run of a process and what comes out of it: kg, and kg of carbon.

Exact, from the amounts as they are stated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

import numpy as np

from app.calculation.assembly import Assembly
from app.calculation.coefficients import UNSPLIT, Figure, bridge
from app.calculation.request import CalculationRequest, Emission, Input, Process
from app.calculation.resolution import Route
from app.kit.decimals import number_text
from app.kit.errors import Invalid
from app.reference.enums import FactorKind
from app.reference.gases import gas
from app.reference.stages import Stage
from app.reference.stoichiometry import CARBON_SHARES
from app.units.algebra import Dimension, Unit
from app.units.catalogue import canonical_unit, unit
from app.units.factor_unit import FactorUnit

_KILOGRAM: Final = canonical_unit(Dimension.MASS)
_WITHOUT_MASS: Final = frozenset(
    {
        Dimension.ENERGY,
        Dimension.DELIVERED_ENERGY,
        Dimension.TRANSPORT,
        Dimension.PASSENGER_TRANSPORT,
        Dimension.VEHICLE_DISTANCE,
        Dimension.TIME,
    }
)
# Vehicles bring their own fuel, which is no input of the process that they serve.
_ON_THE_ROAD: Final = frozenset(
    {Dimension.TRANSPORT, Dimension.PASSENGER_TRANSPORT, Dimension.VEHICLE_DISTANCE}
)
_MATERIALS: Final = frozenset({FactorKind.PCF, FactorKind.ENERGY, FactorKind.EOL})
# What these are made of comes from the land, which no line states.
_FROM_LAND: Final = frozenset({"CO2_LUC", "CH4_LUC"})
_UPTAKE: Final = "CO2_BIO_UPTAKE"
_ZERO: Final = Fraction(0)


@dataclass(frozen=True, slots=True)
class Flow:
    """What goes into a run, in kg; with a minus what comes out of it.

    None where it is not known how much, and then `sign` tells which way it goes.
    What states no carbon has none. `is_own` is what a process takes from itself.
    """

    pointer: str
    sign: int
    mass: Fraction | None
    carbon: Fraction | None
    is_own: bool = False


def _flow(
    pointer: str, amount: Fraction, each: tuple[Fraction | None, Fraction | None]
) -> Flow:
    """Return the flow of *amount* units with the mass and the carbon of *each*."""
    mass, carbon = each
    if mass is not None or not amount:
        mass = amount * (mass or 0)
    return Flow(pointer, 1 if amount > 0 else -1, mass, amount * (carbon or 0))


@dataclass(frozen=True, slots=True)
class Flows:
    """Finds the flows of the processes of a request; `index` is by id."""

    processes: list[Process]
    assembly: Assembly
    index: Mapping[str, int]

    @classmethod
    def of(cls, request: CalculationRequest, assembly: Assembly) -> "Flows":
        """Return the flows of *request*."""
        names = assembly.system.names
        index = dict(zip(names, range(len(names)), strict=True))
        return cls(request["processes"], assembly, index)

    def of_process(self, number: int) -> Iterator[Flow]:
        """Yield what goes into process *number* and out; pointers are within it."""
        process, routes = self.processes[number], self._routes(number)
        yield _product(process["output"], "/output")
        for place, product in enumerate(process.get("co_products", ())):
            yield _product(product, f"/co_products/{place}")
        for place, line in enumerate(process.get("inputs", ())):
            pointer = f"/inputs/{place}"
            if "process" in line:
                yield self._link(number, line, pointer)
            elif place in routes and not _is_later(process, line):
                # What the result does not count has no route, and is electricity.
                yield from _factor_line(line, routes[place], pointer)
        for place, emission in enumerate(process.get("emissions", ())):
            yield _emission(emission, f"/emissions/{place}")

    def _routes(self, number: int) -> dict[int, Route]:
        """Return the route of each line of process *number* by its place."""
        assembly = self.assembly
        ends = np.searchsorted(assembly.system.process, [number, number + 1])
        lines = range(*ends.tolist())
        return {
            int(assembly.place[line]): assembly.routes[int(assembly.route[line])]
            for line in lines
        }

    def _link(self, number: int, line: Input, pointer: str) -> Flow:
        """Return a line that takes from a process, whose output tells what is in it."""
        supplier = self.index[line["process"]]
        made = self.processes[supplier]["output"]
        amount = _amount(line) * unit(line["unit"]).factor / unit(made["unit"]).factor
        flow = _flow(pointer, amount, _per_unit(made))
        return replace(flow, is_own=supplier == number)


def _is_later(process: Process, line: Input) -> bool:
    """Tell whether *line* is about what becomes of the product after the run."""
    return line.get("stage") == Stage.EOL != process.get("stage")


def _product(stated: Mapping[str, Any], pointer: str) -> Flow:
    return _flow(pointer, -_amount(stated), _per_unit(stated))


def _per_unit(stated: Mapping[str, Any]) -> tuple[Fraction | None, Fraction | None]:
    """Return kg and kg of carbon in a stated unit, None where nothing tells."""
    carbon = _number(stated, "carbon_content")
    measured = unit(stated["unit"])
    if measured.dimension is Dimension.MASS:
        return measured.factor, carbon
    mass = _number(stated, "mass_per_unit")
    if mass is None and measured.dimension in _WITHOUT_MASS:
        mass = _ZERO
    return mass, carbon


def _factor_line(line: Input, route: Route, pointer: str) -> Iterator[Flow]:
    if "unit" not in line:
        return  # mass times distance moves what another line brings
    figure = route.coefficient.figure
    amount = _amount(line)
    if figure.nature.kind == FactorKind.DIRECT_EF:
        yield from _gases(route, amount, pointer)
    if figure.nature.kind == FactorKind.EOL:
        amount = -amount  # who has a waste treated gives it away
    yield _flow(pointer, amount, _material(line, route, figure))


def _material(
    line: Input, route: Route, figure: Figure
) -> tuple[Fraction | None, Fraction | None]:
    """Return kg and kg of carbon in a stated unit of what a factor line takes."""
    mass, carbon = _per_unit({**line})
    if figure.nature.kind not in _MATERIALS:
        # Emissions and services are no things, unless the line says otherwise.
        return (_number(line, "mass_per_unit") or _ZERO), carbon
    if "mass_per_unit" not in line and not mass:
        mass = _bridged(figure, route.stated) or mass
    if carbon is None and mass is not None and figure.nature.carbon is not None:
        carbon = mass * figure.nature.carbon
    return mass, carbon


def _bridged(figure: Figure, stated: Unit) -> Fraction | None:
    """Return the kg in one *stated* unit by a property of the published version."""
    if not figure.properties:
        return None
    per_mass = replace(figure, unit=FactorUnit(_KILOGRAM, "CO2e", _KILOGRAM))
    try:
        return bridge(per_mass, stated).factor
    except Invalid:
        return None


def _gases(route: Route, amount: Fraction, pointer: str) -> Iterator[Flow]:
    """Yield what a direct emission factor lets out."""
    if route.coefficient.figure.unit.per.dimension in _ON_THE_ROAD:
        return
    canonical = amount * route.factor
    for part in route.coefficient.parts:
        if part.gas != UNSPLIT:
            yield _gas(part.gas, canonical * Fraction(part.mass or 0), pointer)
        elif part.co2e and amount:
            yield Flow(pointer, -1 if amount > 0 else 1, None, None)


def _emission(line: Emission, pointer: str) -> Flow:
    mass = _amount(line) * unit(line["unit"]).factor
    return _gas(gas(line["gas"]).code, mass, pointer)


def _gas(code: str, mass: Fraction, pointer: str) -> Flow:
    if code in _FROM_LAND:
        mass = _ZERO
    amount = mass if code == _UPTAKE else -mass
    return _flow(pointer, amount, (Fraction(1), CARBON_SHARES[code]))


def _amount(stated: Mapping[str, Any]) -> Fraction:
    return Fraction(number_text(stated["amount"]))


def _number(stated: Mapping[str, Any], name: str) -> Fraction | None:
    return Fraction(number_text(stated[name])) if name in stated else None
