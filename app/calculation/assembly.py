"""From a request to a linear system, with every finding on its values.

One pass over the request; a line that breaks a rule is looked at again, part by part,
so that all its findings are reported at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Final

import numpy as np

from app.calculation import amounts, contents, findings, selecting, spreads
from app.calculation.allocation import checked_share, not_listed
from app.calculation.electricity import View, main_view
from app.calculation.engine import System
from app.calculation.findings import Ledger
from app.calculation.graphs import Ints
from app.calculation.notices import line_pointer, report_notices
from app.calculation.request import (
    CalculationRequest,
    Emission,
    Input,
    Process,
    Reference,
)
from app.calculation.resolution import Resolver, Route
from app.calculation.routing import Routing
from app.calculation.spreads import Spreads
from app.calculation.sums import Floats
from app.calculation.variables import CERTAIN, Uncertain
from app.kit.decimals import number_text, scaled
from app.kit.errors import Invalid
from app.kit.schemas import check_text
from app.reference.enums import GhgCategory
from app.reference.stages import Stage
from app.units.algebra import Unit, convert
from app.units.catalogue import unit

STAGES: Final = tuple(Stage)
CATEGORIES: Final = tuple(GhgCategory)
AS_CLASSIFIED: Final = -1  # a line that leaves the categories to its coefficient
STAGE_NUMBERS: Final = {stage.value: number for number, stage in enumerate(STAGES)}
CATEGORY_NUMBERS: Final = {each.value: number for number, each in enumerate(CATEGORIES)}


@dataclass(frozen=True, slots=True)
class Assembly:
    """The system, and what an answer says of its processes and lines.

    By process: `title` and `home`, its stage. By line: route, strength, stage,
    category, place and label. `strength` multiplies the coefficient of the route: plain
    inline factors of one unit share a route of value 1. `place` is k for input k of its
    process and -1-k for emission k. `label` names a line's own inline factor.
    `uncertain` is empty unless the request asks for an uncertainty.
    """

    system: System
    routes: tuple[Route, ...]
    title: Sequence[str | None]
    home: Ints
    route: Ints
    strength: Floats
    stage: Ints
    category: Ints
    place: Ints
    label: Sequence[str | None]
    uncertain: Uncertain = CERTAIN


@dataclass(slots=True)
class _Columns:
    process: list[int] = field(default_factory=list)
    amount: list[float] = field(default_factory=list)
    route: list[int] = field(default_factory=list)
    strength: list[float] = field(default_factory=list)
    stage: list[int] = field(default_factory=list)
    category: list[int] = field(default_factory=list)
    place: list[int] = field(default_factory=list)
    label: list[str | None] = field(default_factory=list)


@dataclass(slots=True)
class _Links:
    user: list[int] = field(default_factory=list)
    supplier: list[int] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)


def assemble(
    request: CalculationRequest,
    resolver: Resolver,
    ledger: Ledger,
    view: View | None = None,
) -> Assembly | None:
    """Return the system of *request*; None where *ledger* now holds errors.

    That of the result, or in another *view* of its electricity.
    """
    assembler = _Assembler(request, resolver, ledger)
    assembler.view = view or assembler.view
    assembler.read()
    return None if ledger.errors else assembler.assembly()


class _Assembler:
    """Reads processes in request order into columns."""

    def __init__(
        self, request: CalculationRequest, resolver: Resolver, ledger: Ledger
    ) -> None:
        self.request = request
        self.view = main_view(request)
        self.resolver = resolver
        self.ledger = ledger
        self.index: dict[str, int] = {}
        self.units: list[Unit | None] = []
        self.output: list[float] = []
        self.share: list[float] = []
        self.lines = _Columns()
        self.links = _Links()
        self.reference = (0, 0.0)
        self.routing = Routing(resolver)
        self.spreads = Spreads(resolver.terms, asked="uncertainty" in request)

    def read(self) -> None:
        """Read outputs first, because lines refer to them in any order."""
        for number, process in enumerate(self.request["processes"]):
            self._read_output(number, process)
        for number, process in enumerate(self.request["processes"]):
            self._read_lines(number, process)
        self._attempt("/reference", self._read_reference)
        contents.check(self.request, self.ledger)
        report_notices(
            self.resolver.routes,
            self.lines.route,
            self.lines.process,
            self.lines.place,
            self.ledger,
        )

    def assembly(self) -> Assembly:
        """Return what was read."""
        lines, routes = self.lines, tuple(self.resolver.routes)
        route = np.array(lines.route, dtype=np.intp)
        strength = np.array(lines.strength, dtype=np.float64)
        processes = self.request["processes"]
        system = System(
            names=tuple(self.index),
            output=np.array(self.output),
            share=np.array(self.share),
            user=np.array(self.links.user, dtype=np.intp),
            supplier=np.array(self.links.supplier, dtype=np.intp),
            taken=np.array(self.links.taken, dtype=np.float64),
            process=np.array(lines.process, dtype=np.intp),
            amount=np.array(lines.amount, dtype=np.float64),
            intensity=intensities(routes, route) * strength,
            reference=self.reference[0],
            demand=self.reference[1],
        )
        return Assembly(
            system=system,
            routes=routes,
            title=[each.get("name") for each in processes],
            home=np.array([_home(each) for each in processes], dtype=np.intp),
            route=route,
            strength=strength,
            stage=np.array(lines.stage, dtype=np.intp),
            category=np.array(lines.category, dtype=np.intp),
            place=np.array(lines.place, dtype=np.intp),
            label=lines.label,
            uncertain=self.spreads.collected(),
        )

    def _attempt(self, pointer: str, *steps: Callable[[], object]) -> None:
        for step in steps:
            try:
                step()
            except Invalid as error:
                self.ledger.refuse(error, pointer)

    def _read_output(self, number: int, process: Process) -> None:
        self.units.append(None)
        self.output.append(1.0)
        self.share.append(1.0)
        steps = (self._enter, self._enter_output, self._enter_share)
        try:
            for step in steps:
                step(number, process)
        except Invalid:
            again = (partial(step, number, process) for step in steps)
            self._attempt(f"/processes/{number}", *again)

    def _enter(self, number: int, process: Process) -> None:
        name = process["id"]
        if self.index.setdefault(name, number) != number:
            raise findings.DuplicateProcess(pointer="/id", id=name)
        check_text(name, "/id")
        check_text(process.get("name", name), "/name")

    def _enter_output(self, number: int, process: Process) -> None:
        output = process["output"]
        stated = self.units[number] = unit(output["unit"], "/output/unit")
        text = number_text(output["amount"], "/output/amount")
        self.output[number] = scaled(text, stated.factor)
        if not self.output[number]:
            raise findings.ZeroOutput(pointer="/output/amount", id=process["id"])

    def _enter_share(self, number: int, process: Process) -> None:
        share = self.share[number] = checked_share(process)
        notice = not_listed(process, share)
        if notice is not None:
            self.ledger.notice(notice, f"/processes/{number}/allocation")

    def _read_lines(self, number: int, process: Process) -> None:
        stage = _home(process)
        for place, line in enumerate(process.get("inputs", ())):
            if "electricity" in line and not self.view.counts(line):
                continue
            try:
                self._read_input(number, place, line, stage)
            except Invalid:
                where = f"/processes/{number}/inputs/{place}"
                self._attempt(where, *self._input_steps(line))
        for place, emission in enumerate(process.get("emissions", ())):
            try:
                self._read_emission(number, place, emission, stage)
            except Invalid:
                where = f"/processes/{number}/emissions/{place}"
                self._attempt(where, *self._emission_steps(emission))

    def _read_input(self, number: int, place: int, line: Input, stage: int) -> None:
        line = selecting.named(line)
        if ("process" in line) is ("factor" in line):
            raise findings.InputTarget
        if "process" in line:
            self._read_link(number, place, line)
            return
        route, amount = self._factor_amount(line)
        measured = (amount, amounts.strength(line["factor"]))
        self._add(number, place, route, measured, line, stage)

    def _read_link(self, number: int, place: int, line: Input) -> None:
        amounts.refuse_on_link(line)
        supplier = self._supplier(line)
        stated = amounts.stated_unit(line)
        made = self.units[supplier]
        if made is not None and made.dimension is not stated.dimension:
            convert(Fraction(1), stated, made, "/unit")
        self.links.user.append(number)
        self.links.supplier.append(supplier)
        self.links.taken.append(scaled(amounts.stated_amount(line), stated.factor))
        if "uncertainty" in line:
            where = line_pointer(number, place)
            self.spreads.link(len(self.links.taken) - 1, line, where)

    def _supplier(self, line: Input) -> int:
        supplier = self.index.get(line["process"])
        if supplier is None:
            raise findings.UnknownProcess(pointer="/process", id=line["process"])
        return supplier

    def _factor_amount(self, line: Input) -> tuple[Route, float]:
        if "mass" in line or "distance" in line:
            route = self._route(line, amounts.T_KM.code, "/mass")
            return route, amounts.transported(line)
        text = amounts.stated_amount(line)
        route = self._route(line, line["unit"], "/unit")
        return route, scaled(text, route.factor)

    def _route(self, line: Input, unit_text: str, pointer: str) -> Route:
        reference = line["factor"]
        if isinstance(reference, str):
            return self.routing.published(reference, unit_text, pointer)
        check_text(reference["name"], "/factor/name")
        return self.routing.inline(reference, unit_text, pointer)

    def _read_emission(
        self, number: int, place: int, line: Emission, stage: int
    ) -> None:
        text = number_text(line["amount"], "/amount")
        if text.startswith("-"):
            raise findings.NegativeEmission(pointer="/amount")
        route = self.routing.gas(line["gas"], line["unit"])
        measured = (scaled(text, route.factor), 1.0)
        self._add(number, -1 - place, route, measured, line, stage)

    def _add(
        self,
        number: int,
        place: int,
        route: Route,
        measured: tuple[float, float],
        line: Input | Emission,
        stage: int,
    ) -> None:
        """Add a line of amount and strength *measured*."""
        lines = self.lines
        amount, strength = measured
        category = line.get("category")
        if category == GhgCategory.BIO_REMOVAL:
            amounts.check_removal(amount * strength * route.coefficient.intensity)
        lines.process.append(number)
        lines.amount.append(amount)
        lines.strength.append(strength)
        lines.route.append(route.number)
        lines.stage.append(STAGE_NUMBERS[line["stage"]] if "stage" in line else stage)
        lines.category.append(
            AS_CLASSIFIED if category is None else CATEGORY_NUMBERS[category]
        )
        lines.place.append(place)
        lines.label.append(_label(line))
        if spreads.concerns(line, route):
            where = line_pointer(number, place)
            self.spreads.line(len(lines.label) - 1, line, route, where)

    def _read_reference(self) -> None:
        reference = self.request["reference"]
        number = self.index.get(reference["process"])
        if number is None:
            raise findings.UnknownProcess(pointer="/process", id=reference["process"])
        self.reference = (number, demand(reference, self.units[number]))

    def _input_steps(self, line: Input) -> list[Callable[[], object]]:
        """Return the checks of an input, each on its own."""
        if ("process" in line) is ("factor" in line) and "select" not in line:
            return [lambda: _raise(findings.InputTarget())]
        if "select" in line:
            target: list[Callable[[], object]] = [lambda: self._described(line)]
        elif "process" in line:
            target = [
                lambda: amounts.refuse_on_link(line),
                lambda: self._supplier(line),
            ]
        elif isinstance(line["factor"], str):
            reference = line["factor"]
            target = [lambda: self.routing.version(reference)]
        else:
            inline = line["factor"]
            target = [lambda: self.resolver.inline(inline)]
        amount = [
            lambda: amounts.stated_unit(line),
            lambda: amounts.stated_amount(line),
        ]
        if "mass" in line or "distance" in line:
            amount = [lambda: amounts.transported(line)]
        before = len(self.ledger.errors)
        check = partial(spreads.check, line)
        return [*target, *amount, check, lambda: self._still(before, line)]

    def _described(self, line: Input) -> None:
        reference = selecting.named(line)["factor"]
        self.routing.version(str(reference))

    def _still(self, before: int, line: Input) -> None:
        """Read the line as a whole if none of its parts was at fault by itself."""
        if len(self.ledger.errors) == before:
            self._read_input(0, 0, line, 0)

    def _emission_steps(self, line: Emission) -> list[Callable[[], object]]:
        def amount() -> None:
            if number_text(line["amount"], "/amount").startswith("-"):
                raise findings.NegativeEmission(pointer="/amount")

        route = partial(self.routing.gas, line["gas"], line["unit"])
        return [route, amount, lambda: spreads.check(line)]


def _home(process: Process) -> int:
    return STAGE_NUMBERS[process.get("stage", "UNSPECIFIED")]


def _label(line: Input | Emission) -> str | None:
    factor = line.get("factor")
    return factor["name"] if isinstance(factor, dict) else None


def demand(reference: Reference, made: Unit | None) -> float:
    """Return how much of a process that makes *made* is asked for."""
    stated = unit(reference["unit"], "/unit")
    if made is not None:
        convert(Fraction(1), stated, made, "/unit")
    return scaled(number_text(reference["amount"], "/amount"), stated.factor)


def intensities(routes: Sequence[Route], route: Ints) -> Floats:
    """Return kg CO2e per unit of amount along the *route* of each line."""
    known = np.array([each.coefficient.intensity for each in routes], dtype=np.float64)
    return known[route]


def _raise(error: Invalid) -> None:
    raise error
