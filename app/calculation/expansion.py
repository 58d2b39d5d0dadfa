"""From macros to ordinary inputs, before anything else looks at a request. Pure.

The inputs of a macro follow the stated ones, whose pointers stay. What is wrong with
them is told at the part of the macro that says so: the caller never wrote the line.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, cast

from app.calculation import electricity, recycling
from app.calculation.findings import below
from app.calculation.notices import line_pointer
from app.calculation.request import CalculationRequest, Input, Process
from app.calculation.terms import Term, decimal_text
from app.kit.decimals import rounded
from app.kit.errors import Findings, Invalid

_KINDS: Final[Mapping[str, Callable[[Any], list[Term]]]] = {
    "recycling": recycling.terms,
    "electricity": electricity.terms,
}
_SOURCES: Final[Mapping[str, Sequence[str]]] = {
    "recycling": tuple(
        dict.fromkeys(
            each.source for formulas in recycling.FORMULAS.values() for each in formulas
        )
    ),
    "electricity": electricity.SOURCES,
}
_LINE_STEPS: Final = 5  # "", processes, number, inputs, place


@dataclass(frozen=True, slots=True)
class Expanded:
    """An input that a macro became."""

    macro: str
    """The pointer of the macro."""
    source: str
    """The field of the macro that says what is taken."""
    term: str
    coefficient: str
    process: int
    place: int

    @property
    def pointer(self) -> str:
        """The pointer of the input."""
        return line_pointer(self.process, self.place)


@dataclass(frozen=True, slots=True)
class Expansion:
    """A request without macros, what became of them, and what is wrong with them."""

    request: CalculationRequest
    lines: tuple[Expanded, ...] = ()
    errors: tuple[Invalid, ...] = ()
    _known: Mapping[str, Expanded] = field(init=False)

    def __post_init__(self) -> None:
        known = {each.pointer: each for each in self.lines}
        object.__setattr__(self, "_known", known)

    def relocate(self, pointer: str) -> str:
        """Return where the caller wrote what stands at *pointer* in an input."""
        steps = pointer.split("/")
        line = self._known.get("/".join(steps[:_LINE_STEPS]))
        if line is None:
            return pointer
        return line.macro + _part(line.source, steps[_LINE_STEPS:])


def _part(source: str, steps: Sequence[str]) -> str:
    """Return the pointer into a macro of what *steps* lead to in one of its inputs."""
    match steps:
        case ["amount"]:
            return "/amount"
        case ["electricity", *rest] if rest:
            return _pointer(rest)
        case ["factor", *rest]:
            return _pointer([source, *rest])
        case ["process" | "select", *_]:
            return _pointer([source, *steps])
        case _:
            # A unit that does not fit, for instance: it is that of the macro which was
            # read before, so that it is the source which does not fit.
            return _pointer([source])


def _pointer(steps: Sequence[str]) -> str:
    return "".join("/" + step for step in steps)


def expand(request: CalculationRequest) -> Expansion:
    """Return *request* with inputs in place of its macros."""
    stated = request["processes"]
    if not any("recycling" in each or "electricity" in each for each in stated):
        return Expansion(request)
    work = _Work()
    processes = [work.process(number, each) for number, each in enumerate(stated)]
    expanded = request.copy()
    expanded["processes"] = processes
    return Expansion(expanded, tuple(work.lines), tuple(work.errors))


class _Work:
    """Expands processes in request order."""

    def __init__(self) -> None:
        self.lines: list[Expanded] = []
        self.errors: list[Invalid] = []

    def process(self, number: int, process: Process) -> Process:
        """Return *process* with inputs in place of its macros."""
        if not _KINDS.keys() & process.keys():
            return process
        expanded = cast("dict[str, Any]", process.copy())
        inputs = [*process.get("inputs", ())]
        for kind in _KINDS:
            for place, macro in enumerate(expanded.pop(kind, ())):
                pointer = f"/processes/{number}/{kind}/{place}"
                for term, line in self._lines(kind, macro, pointer):
                    self.lines.append(_expanded(pointer, macro, term, number, inputs))
                    inputs.append(line)
        if inputs or "inputs" in expanded:
            expanded["inputs"] = inputs
        return cast("Process", expanded)

    def _lines(
        self, kind: str, macro: Mapping[str, Any], pointer: str
    ) -> list[tuple[Term, Input]]:
        try:
            return [(term, _line(macro, term)) for term in _KINDS[kind](macro)]
        except Invalid as error:
            found = below(error, pointer)
            errors = found.errors if isinstance(found, Findings) else (found,)
            self.errors += errors
            if any(each.pointer == f"{pointer}/unit" for each in errors):
                return []
            return list(_to_look_at(kind, macro))


def _expanded(
    pointer: str,
    macro: Mapping[str, Any],
    term: Term,
    process: int,
    inputs: Sequence[Input],
) -> Expanded:
    return Expanded(
        macro=pointer,
        source=_field(macro, term.source),
        term=term.name,
        coefficient=rounded(float(term.coefficient)),
        process=process,
        place=len(inputs),
    )


def _field(macro: Mapping[str, Any], source: str) -> str:
    if source == "avoided_virgin":
        return recycling.stated_source(macro, source)
    return source


def _line(macro: Mapping[str, Any], term: Term) -> Input:
    source = macro[_field(macro, term.source)]
    line: Input = {"amount": decimal_text(term.amount), "unit": term.unit}
    if isinstance(source, dict) and "process" in source:
        line["process"] = source["process"]
    elif isinstance(source, dict) and "select" in source:
        line["select"] = source["select"]
    else:
        line["factor"] = source
    if "process" not in line and term.stage is not None:
        line["stage"] = term.stage
    if term.tag is not None:
        line["electricity"] = term.tag
    return line


def _to_look_at(kind: str, macro: Mapping[str, Any]) -> Iterator[tuple[Term, Input]]:
    """Yield an input for each source of a macro that is refused anyway.

    So that what is wrong with the sources is told at the same time.
    """
    for source in _SOURCES[kind]:
        if source in macro:
            line_unit = "MJ" if source in recycling.ENERGY else macro["unit"]
            one = Fraction(1)
            term = Term(source, source, one, one, line_unit, None)
            yield term, _line(macro, term)
