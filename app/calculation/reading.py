"""The two ways of reading a request: carefully, and in bulk where it is large.

Both lead to the same answer. The careful way finds all that is wrong; the other one
leaves to it whatever is unusual.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from msgspec import Raw

from app.calculation import assembly, bulk, counterparts
from app.calculation.assembly import Assembly
from app.calculation.expansion import Expansion, expand
from app.calculation.findings import Ledger
from app.calculation.request import (
    STRICT_LIMIT,
    CalculationRequest,
    Input,
    Process,
    parse,
)
from app.calculation.resolution import Resolver
from app.calculation.selecting import pinned
from app.calculation.table import Table, Unusual


class Reading(Protocol):
    """A request that was read; `head` holds everything but its processes."""

    @property
    def head(self) -> CalculationRequest:
        """Everything that stands beside the processes."""

    def references(self) -> Iterable[str]:
        """Return every distinct reference, in order of appearance."""

    def described(self) -> Iterable[Input]:
        """Return every line that describes its factor."""

    def assemble(self, resolver: Resolver, ledger: Ledger) -> Assembly | None:
        """Return the system, or None where *ledger* now holds errors.

        Raises `Unusual` where only a careful reading can tell.
        """

    @property
    def expansion(self) -> Expansion:
        """What became of macros."""

    def pinned_processes(self, pins: Mapping[str, str]) -> Any:  # noqa: ANN401
        """Return the processes, or their bytes, with every reference pinned."""

    def stated_processes(self) -> Any:  # noqa: ANN401
        """Return the processes, or their bytes, as they were stated, with macros."""

    def carefully(self) -> "Document":
        """Return the same request, read carefully."""


@dataclass(frozen=True, slots=True)
class Document:
    """A request as dictionaries; `head` has inputs in place of macros."""

    stated: CalculationRequest
    expansion: Expansion = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "expansion", expand(self.stated))

    @property
    def head(self) -> CalculationRequest:
        """The whole request, without macros."""
        return self.expansion.request

    def references(self) -> Iterable[str]:
        """Return every distinct reference, in order of appearance."""
        return dict.fromkeys(
            reference
            for process in self.head["processes"]
            for line in process.get("inputs", ())
            if isinstance(reference := line.get("factor"), str)
        )

    def described(self) -> Iterable[Input]:
        """Return every line that describes its factor."""
        return (
            line
            for process in self.head["processes"]
            for line in process.get("inputs", ())
            if "select" in line
        )

    def assemble(self, resolver: Resolver, ledger: Ledger) -> Assembly | None:
        """Return the system, or None where *ledger* now holds errors."""
        ledger.relocate = self.expansion.relocate
        for error in self.expansion.errors:
            ledger.refuse(error, "")
        counterparts.check(self.head, ledger)
        return assembly.assemble(self.head, resolver, ledger)

    def pinned_processes(self, pins: Mapping[str, str]) -> list[Process]:
        """Return the processes with every reference pinned."""
        return [_pin_process(each, pins) for each in self.head["processes"]]

    def stated_processes(self) -> list[Process]:
        """Return the processes with their macros."""
        return self.stated["processes"]

    def carefully(self) -> "Document":
        """Return this one."""
        return self


@dataclass(frozen=True, slots=True)
class Bulk:
    """A request in columns, and the body that they were read from."""

    body: bytes
    table: Table

    @property
    def head(self) -> CalculationRequest:
        """Everything that stands beside the processes."""
        return self.table.head

    @property
    def expansion(self) -> Expansion:
        """None: macros are unusual."""
        return Expansion(self.table.head)

    def references(self) -> Iterable[str]:
        """Return every distinct reference, in order of appearance."""
        return self.table.references()

    def described(self) -> Iterable[Input]:
        """Return none: such a request is read carefully."""
        return ()

    def assemble(self, resolver: Resolver, ledger: Ledger) -> Assembly | None:
        """Return the system, or None where *ledger* now holds errors."""
        return self.table.assemble(resolver, ledger)

    def pinned_processes(self, pins: Mapping[str, str]) -> Raw:
        """Return the bytes of the processes with every reference pinned."""
        return self.table.pinned_processes(pins)

    def stated_processes(self) -> Raw:
        """Return the bytes of the processes as they were stated."""
        as_stated = {reference: reference for reference in self.references()}
        return self.table.pinned_processes(as_stated)

    def carefully(self) -> Document:
        """Return the same request, read carefully."""
        return read_carefully(self.body)


def read(body: bytes) -> Reading:
    """Return the request in *body*, or all findings on its shape."""
    return read_large(body) if len(body) > STRICT_LIMIT else read_carefully(body)


def read_carefully(body: bytes) -> Document:
    """Return the request in *body* as dictionaries."""
    return Document(parse(body))


def read_large(body: bytes) -> Reading:
    """Return the request in *body* in columns, if nothing about it is unusual."""
    try:
        return Bulk(body, bulk.read(body))
    except Unusual:
        return read_carefully(body)


def _pin_process(process: Process, pins: Mapping[str, str]) -> Process:
    lines = process.get("inputs", ())
    if not any(map(_is_published, lines)):
        return process
    found = process.copy()
    found["inputs"] = [pinned(line, pins) for line in process["inputs"]]
    return found


def _is_published(line: Input) -> bool:
    return "select" in line or isinstance(line.get("factor"), str)
