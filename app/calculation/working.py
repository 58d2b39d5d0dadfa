"""Calculations as dialogues: what is read tells what to look up, and is then solved.

The functions here may run in another process: whatever is said is picklable, and the
database is asked by whoever holds the other end.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import msgspec
import orjson

from app.calculation import comparison, replaying, service, storing
from app.calculation.calculated import Calculated
from app.calculation.comparison import Comparison
from app.calculation.documents import CalculationAnswer
from app.calculation.findings import below
from app.calculation.reading import Reading, read
from app.calculation.replaying import Replay
from app.calculation.request import CalculationRequest, Input
from app.calculation.service import Material
from app.calculation.storing import Packed
from app.kit.errors import DomainError, Invalid
from app.translog.note import Signer

Form: TypeAlias = Callable[[CalculationAnswer], bytes]


@dataclass(frozen=True, slots=True)
class Outline:
    """A request as far as others must know it; `head` has no processes."""

    head: CalculationRequest
    named: tuple[str, ...]
    lines: tuple[Input, ...] = ()

    def references(self) -> Iterable[str]:
        """Return every distinct reference, in order of appearance."""
        return self.named

    def described(self) -> Iterable[Input]:
        """Return the lines that describe their factors."""
        return self.lines


@dataclass(frozen=True, slots=True)
class Order:
    """What to make of a request."""

    material: Material
    signers: tuple[Signer, ...] = ()
    keep: bool = False
    check: bool = False
    form: Form = msgspec.json.encode


Outcome: TypeAlias = tuple[bytes, Packed | None]
Whole: TypeAlias = Generator[Outline | Outcome, Order, None]
Item: TypeAlias = Outline | DomainError
Several: TypeAlias = Generator[
    Sequence[Item] | Sequence[bytes | DomainError], Sequence[Order | DomainError], None
]


def whole(body: bytes) -> Whole:
    """Read *body*, ask for an order, and answer it; raises what is refused."""
    document = read(body)
    order = yield outline(document)
    yield _outcome(document, order)


def several(bodies: Sequence[bytes]) -> Several:
    """Do the same with many at a time; each is refused by itself."""
    documents = [_read(body) for body in bodies]
    items: list[Item] = [
        each if isinstance(each, DomainError) else outline(each) for each in documents
    ]
    orders = yield items
    yield [_answered(*each) for each in zip(documents, orders, strict=True)]


Materials: TypeAlias = tuple[Material, Material | None]
Again: TypeAlias = Generator[Outline | Replay, Materials, None]
Side: TypeAlias = tuple[bytes, str]
Compared: TypeAlias = Generator[
    Sequence[Outline] | Comparison, Sequence[Material], None
]


def again(stated: bytes, answered: bytes) -> Again:
    """Read what was stored, ask for what two snapshots have, and do it again."""
    document = read(stated)
    then, there = yield outline(document)
    yield replaying.replay(orjson.loads(answered), document, then, there)


def compared(sides: Sequence[Side], *, full: bool) -> Compared:
    """Read two bodies, each with its pointer, ask for material, and compare them."""
    documents = [read(body) for body, _ in sides]
    materials = yield [outline(each) for each in documents]
    solved = [
        _solved(document, material, pointer)
        for document, material, (_, pointer) in zip(
            documents, materials, sides, strict=True
        )
    ]
    yield comparison.compare(*solved, full=full)


def _solved(document: Reading, material: Material, pointer: str) -> Calculated:
    try:
        return service.solve(document, material)[0]
    except Invalid as error:
        raise below(error, pointer) from error


def outline(document: Reading) -> Outline:
    """Return what others must know of *document*."""
    head = document.head.copy()
    head["processes"] = []
    return Outline(head, tuple(document.references()), tuple(document.described()))


def _read(body: bytes) -> Reading | DomainError:
    try:
        return read(body)
    except DomainError as error:
        return error


def _answered(
    document: Reading | DomainError, order: Order | DomainError
) -> bytes | DomainError:
    if isinstance(document, DomainError):
        return document
    if isinstance(order, DomainError):
        return order
    # What others of the same batch name is not among the factors of this one.
    own = order.material.only(service.names(document))
    try:
        return _outcome(document, replace(order, material=own))[0]
    except DomainError as error:
        return error


def _outcome(document: Reading, order: Order) -> Outcome:
    answer = service.calculate(document, order.material, order.signers)
    if order.check:
        checked = {
            "errors": [],
            "warnings": answer["warnings"],
            "snapshot": answer["snapshot"],
        }
        return msgspec.json.encode(checked), None
    packed = storing.pack(document, answer) if order.keep else None
    return order.form(answer), packed
