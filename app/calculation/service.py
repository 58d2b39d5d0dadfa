"""Calculating: load the named factor versions, then compute. Writes nothing."""

import datetime as dt
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol, Self, TypeAlias, cast

from sqlalchemy.ext.asyncio import AsyncSession

from app.calculation import (
    answer,
    biogenic,
    checks,
    cut_offs,
    engine,
    propagation,
    receipts,
    scoring,
    selecting,
    totals,
)
from app.calculation.assembly import Assembly
from app.calculation.calculated import Calculated
from app.calculation.documents import CalculationAnswer, CalculationWarning, Receipt
from app.calculation.findings import Ledger, UnknownFactor
from app.calculation.propagation import Propagated
from app.calculation.reading import Reading
from app.calculation.receipts import Statement
from app.calculation.request import CalculationRequest, Input
from app.calculation.resolution import PCF, Found, Resolver, Terms
from app.calculation.selecting import Picked
from app.calculation.shapes import GwpSetCode
from app.calculation.table import Unusual
from app.factors import service as factors
from app.factors.codes import Pin, parse_pin
from app.factors.queries import Alternative, VersionAt
from app.factors.resolving import Conditions
from app.kit.canonical import sha256_hex
from app.kit.errors import Findings, Invalid
from app.kit.schemas import BadDay
from app.reference.enums import FactorKind
from app.reference.gwp import gwp_set
from app.translog.note import Signer

DEFAULT_GWP_SET: Final[GwpSetCode] = "AR6_100"


@dataclass(frozen=True, slots=True)
class Material:
    """What a calculation needs beside its request."""

    terms: Terms
    found: Mapping[str, Found]
    alternatives: Mapping[str, tuple[Alternative, ...]]
    errors: tuple[Invalid, ...] = ()
    picked: Picked = selecting.NOTHING

    def only(self, names: Iterable[str]) -> Self:
        """Return the same for a request that has no more than *names*."""
        wanted = dict.fromkeys(names)
        return replace(
            self,
            found={each: self.found[each] for each in wanted},
            alternatives={k: v for k, v in self.alternatives.items() if k in wanted},
        )


Load: TypeAlias = Callable[
    [AsyncSession, Collection[Pin], int], Awaitable[dict[Pin, VersionAt]]
]


class Naming(Protocol):
    """A request, as far as it says what is to be loaded."""

    @property
    def head(self) -> CalculationRequest:
        """Everything that stands beside the processes."""

    def references(self) -> Iterable[str]:
        """Return every distinct reference, in order of appearance."""

    def described(self) -> Iterable[Input]:
        """Return every line that describes its factor."""


def names(request: Naming) -> list[str]:
    """Return under what the factors of *request* are found."""
    return [*request.references(), *selecting.asked(request.described())]


async def gather(
    session: AsyncSession,
    request: Naming,
    snapshot: int,
    load: Load = factors.load_versions,
) -> Material:
    """Load every factor version that *request* names or describes, as of *snapshot*."""
    day, errors = _day(request.head.get("valid_on"))
    terms = _terms(request.head, snapshot, day)
    strict = request.head.get("strict", False)
    conditions = Conditions(snapshot, terms.purpose, day, strict=strict)
    picked = await selecting.pick(session, request.described(), conditions)
    pins = {reference: _pin(reference) for reference in request.references()}
    pins.update(picked.pins)
    wanted = [pin for pin in pins.values() if isinstance(pin, Pin)]
    versions = await load(session, wanted, snapshot)
    found = {text: _found(text, pin, versions, snapshot) for text, pin in pins.items()}
    alternatives = await _alternatives(session, terms, found)
    return Material(terms, found, alternatives, errors, picked)


def calculate(
    request: Reading, material: Material, signers: Sequence[Signer] = ()
) -> CalculationAnswer:
    """Return the answer to *request*, with a receipt if there are *signers*.

    Raises `Findings` or why it cannot be solved.
    """
    found = answer.answer(*solve(request, material))
    if signers:
        found["receipt"] = _receipt(found, signers)
    return found


def solve(
    request: Reading, material: Material
) -> tuple[Calculated, list[CalculationWarning]]:
    """Return *request* solved, and what to warn of; raises as `calculate` does."""
    try:
        return _solve(request, material)
    except Unusual:
        return _solve(request.carefully(), material)


def _receipt(found: CalculationAnswer, signers: Sequence[Signer]) -> Receipt:
    statement = state(found)
    return {
        "id": statement.id,
        "records": [
            {
                "pin": f"{each['code']}@{each['version']}",
                "record_sha256": each["record_sha256"],
            }
            for each in found["factors"]
        ],
        "note": receipts.signed(statement, signers),
    }


def state(found: CalculationAnswer) -> Statement:
    """Return what a receipt says of an answer."""
    records = {
        f"{each['code']}@{each['version']}": each["record_sha256"]
        for each in found["factors"]
    }
    per = found["result"]["per"]
    return Statement(
        request=sha256_hex(cast("bytes", found["request_pinned"])),
        records=receipts.records_digest(records),
        gwp_set=found["gwp_set"],
        engine=found["engine"],
        snapshot=found["snapshot"],
        value=found["result"]["value"],
        **per,
    )


def _solve(
    request: Reading, material: Material
) -> tuple[Calculated, list[CalculationWarning]]:
    ledger = Ledger(strict=request.head.get("strict", False))
    for error in material.errors:
        ledger.refuse(error, "")
    biogenic.check(request.head, ledger)
    resolver = partial(
        Resolver,
        material.terms,
        material.found,
        material.alternatives,
        material.picked.notices,
    )
    assembly = request.assemble(resolver(), ledger)
    beside = totals.assembled(request.head, resolver, ledger)
    scoring.check(request.head, ledger)
    left_out = cut_offs.read(request.head, assembly, ledger)
    if assembly is None or ledger.errors:
        raise Findings(ledger.errors)
    solution = engine.solve(assembly.system)
    both = totals.solved(beside, solution, ledger)
    whole = replace(solution, reached=both.reached) if both else solution
    checks.check(request.head, assembly, whole, material.terms, ledger)
    if left_out is not None:
        left_out.report(solution.result, ledger)
    done = Calculated(
        request=request,
        assembly=assembly,
        solution=solution,
        versions=_versions(material.found),
        traces=material.picked.traces,
        snapshot=material.terms.snapshot,
        gwp_set=request.head.get("gwp_set", DEFAULT_GWP_SET),
        propagated=_propagated(request.head, assembly, solution, ledger),
        totals=both,
        left_out=left_out,
    )
    return done, ledger.warnings()


def _propagated(
    request: CalculationRequest,
    assembly: Assembly,
    solution: engine.Solution,
    ledger: Ledger,
) -> Propagated | None:
    if "uncertainty" not in request:
        return None
    return propagation.propagate(request["uncertainty"], assembly, solution, ledger)


def _terms(
    request: CalculationRequest, snapshot: int, valid_on: dt.date | None
) -> Terms:
    return Terms(
        gwp_set=gwp_set(request.get("gwp_set", DEFAULT_GWP_SET)),
        purpose=request.get("purpose", PCF),
        snapshot=snapshot,
        valid_on=valid_on,
    )


def _day(text: str | None) -> tuple[dt.date | None, tuple[Invalid, ...]]:
    """Return the day that *text* states, and what is wrong with it."""
    try:
        return (None if text is None else dt.date.fromisoformat(text)), ()
    except ValueError:
        return None, (BadDay(pointer="/valid_on"),)


def _pin(reference: str) -> Pin | Invalid:
    try:
        return parse_pin(reference)
    except Invalid as error:
        return error


def _found(
    text: str, pin: Pin | Invalid, versions: Mapping[Pin, VersionAt], snapshot: int
) -> Found:
    if isinstance(pin, Invalid):
        return pin
    return versions.get(pin) or UnknownFactor(factor=text, snapshot=snapshot)


def _versions(found: Mapping[str, Found]) -> dict[str, VersionAt]:
    return {text: each for text, each in found.items() if isinstance(each, VersionAt)}


async def _alternatives(
    session: AsyncSession, terms: Terms, found: Mapping[str, Found]
) -> dict[str, tuple[Alternative, ...]]:
    """Return footprint factors to name wherever a CO2-only factor will be refused."""
    if terms.purpose != PCF:
        return {}
    named: dict[str, tuple[Alternative, ...]] = {}
    for text, version in _versions(found).items():
        content = version.record["content"]
        if content["kind"] == FactorKind.ENERGY_CO2_EF:
            named[text] = tuple(
                await factors.footprint_alternatives(
                    session,
                    category=content["category"],
                    region=content["region"],
                    year=content["reference_year"],
                    snapshot=terms.snapshot,
                )
            )
    return named
