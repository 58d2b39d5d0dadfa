"""Requests and factor versions for calculations, deterministic, keyword overrides."""

import datetime as dt
from typing import Any

import msgspec
import orjson

from app.calculation import service
from app.calculation.calculated import Calculated
from app.calculation.documents import CalculationAnswer
from app.calculation.findings import UnknownFactor
from app.calculation.reading import Reading, read
from app.calculation.resolution import Found, Terms
from app.calculation.selecting import named
from app.calculation.service import Material
from app.factors.queries import Alternative, VersionAt
from app.kit.errors import DomainError, Findings
from app.reference.enums import VersionStatus
from app.reference.gwp import gwp_set
from app.translog.note import Signer

Document = dict[str, Any]

ELECTRICITY = "CNF-01-000001-14"
SNAPSHOT = 5


def version_at(code: str = ELECTRICITY, **changes: Any) -> VersionAt:
    """Return a version as a snapshot shows it; content fields may be given too."""
    content: Document = {
        "name": {"zh": "电力", "en": "Electricity"},
        "kind": "ENERGY",
        "category": "ELECTRICITY",
        "region": "CN",
        "value": "0.5777",
        "unit": "kgCO2e/kWh",
        "gwp_set": "AR6_100",
        "gases": [],
        "properties": [],
        "boundary": "LIFE_CYCLE",
        "derivation": [],
        "reference_year": 2024,
        "validity": {"first": None, "last": None},
        "sources": [{"title": "t", "publisher": {"zh": "部", "en": "Ministry"}}],
    }
    content |= {name: changes.pop(name) for name in list(changes) if name in content}
    fields: Document = {
        "code": code,
        "version": 1,
        "highest": 1,
        "status": VersionStatus.PUBLISHED,
        "record": {"content": content, "road": changes.pop("road", "PANEL")},
        "record_sha256": "0" * 64,
        "leaf_hash": "1" * 64,
        "log_index": 0,
        "series_id": "0" * 16,
        "newest_year": content["reference_year"],
        "newest_code": code,
    }
    return VersionAt(**fields | changes)


def process(
    name: str = "p", amount: Any = "1", unit: str = "kg", **more: Any
) -> Document:
    """Return a process that makes *amount* of *unit*."""
    return {"id": name, "output": {"amount": amount, "unit": unit}, **more}


def request(*processes: Document, amount: Any = "1", **more: Any) -> Document:
    """Return a request for *amount* of the first process's output."""
    first = processes[0]
    reference = {
        "process": first["id"],
        "amount": amount,
        "unit": first["output"]["unit"],
    }
    return {"reference": reference, "processes": list(processes), **more}


def calculate(
    body: Document | bytes,
    *versions: VersionAt,
    found: dict[str, Found] | None = None,
    alternatives: dict[str, tuple[Alternative, ...]] | None = None,
) -> CalculationAnswer:
    """Calculate *body* with *versions* as all that is published."""
    reading = read(body if isinstance(body, bytes) else orjson.dumps(body))
    answer = calculate_reading(
        reading, *versions, found=found, alternatives=alternatives
    )
    decoded: CalculationAnswer = orjson.loads(msgspec.json.encode(answer))
    return decoded


def calculate_reading(
    reading: Reading,
    *versions: VersionAt,
    found: dict[str, Found] | None = None,
    alternatives: dict[str, tuple[Alternative, ...]] | None = None,
    signers: tuple[Signer, ...] = (),
) -> CalculationAnswer:
    """Calculate what was read with *versions* as all that is published."""
    material = _material(reading, versions, found, alternatives)
    return service.calculate(reading, material, signers)


def solve_reading(reading: Reading, *versions: VersionAt) -> Calculated:
    """Solve what was read with *versions* as all that is published."""
    return service.solve(reading, _material(reading, versions))[0]


def _material(
    reading: Reading,
    versions: tuple[VersionAt, ...],
    found: dict[str, Found] | None = None,
    alternatives: dict[str, tuple[Alternative, ...]] | None = None,
) -> Material:
    known: dict[str, Found] = {}
    for version in versions:
        known |= {version.code: version, f"{version.code}@{version.version}": version}
    known |= found or {}
    references = set(reading.references())
    # Nothing is published that a description could find.
    references |= {str(named(line)["factor"]) for line in reading.described()}
    unknown = {
        name: UnknownFactor(factor=name, snapshot=SNAPSHOT)
        for name in references
        if name not in known
    }
    used = {name: each for name, each in known.items() if name in references}
    day = reading.head.get("valid_on")
    terms = Terms(
        gwp_set=gwp_set(reading.head.get("gwp_set", "AR6_100")),
        purpose=reading.head.get("purpose", "PCF"),
        snapshot=SNAPSHOT,
        valid_on=dt.date.fromisoformat(day) if day else None,
    )
    return Material(terms, used | unknown, alternatives or {})


def refused(body: Document | bytes, *versions: VersionAt, **more: Any) -> list[str]:
    """Return `CODE pointer` of everything that *body* is refused for."""
    try:
        calculate(body, *versions, **more)
    except Findings as error:
        return [f"{each.code} {each.pointer or ''}".strip() for each in error.errors]
    except DomainError as error:
        return [f"{error.code} {error.pointer or ''}".strip()]
    raise AssertionError("nothing was refused")
