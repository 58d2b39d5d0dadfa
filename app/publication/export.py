"""A snapshot of the catalogue as files whose bytes depend on the log alone.

What is written here is fixed for ever: a release keeps the digests of these bytes, and
whoever has the log must be able to write them again. Fields that the service learns to
answer later do not belong here; another form would be another schema of the release.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import catalogue
from app.factors.catalogue import Listed
from app.kit.canonical import sha256_hex
from app.kit.formulas import escaped

Opener: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""Gives a session for one block: a slow reader of an export keeps no connection."""

# Small enough that the other requests of the process do not wait for a block.
_BLOCK: Final = 250
_QUOTED: Final = re.compile('[",\r\n]')
# What is quoted or escaped; all other text is written as it is.
_SPECIAL: Final = re.compile('^[=+@\t\r-]|[",\r\n]')
_NO_RANGE: Final = {"min": None, "max": None}
_Cell: TypeAlias = str | int | None


@dataclass(frozen=True, slots=True)
class _Row:
    """What the columns are taken from; `source` is the first one."""

    listed: Listed
    record: dict[str, Any]
    content: dict[str, Any]
    source: dict[str, Any]


# A null or what is not stated is an empty cell.
_COLUMNS: Final[Mapping[str, Callable[[_Row], _Cell]]] = {
    "code": lambda row: row.listed.code,
    "version": lambda row: row.listed.version,
    "status": lambda row: row.listed.status,
    "kind": lambda row: row.content["kind"],
    "name_zh": lambda row: row.content["name"]["zh"],
    "name_en": lambda row: row.content["name"]["en"],
    "value": lambda row: row.content["value"],
    "unit": lambda row: row.content["unit"],
    "gwp_set": lambda row: row.content["gwp_set"],
    "uncertainty_min": lambda row: (row.content["uncertainty"] or _NO_RANGE)["min"],
    "uncertainty_max": lambda row: (row.content["uncertainty"] or _NO_RANGE)["max"],
    "boundary": lambda row: row.content["boundary"],
    "region": lambda row: row.content["region"],
    "technology": lambda row: row.content["technology"],
    "representativeness": lambda row: row.content["representativeness"],
    "reference_year": lambda row: row.content["reference_year"],
    "year_basis": lambda row: row.content["year_basis"],
    "valid_from": lambda row: row.content["validity"]["first"],
    "valid_until": lambda row: row.content["validity"]["last"],
    "category": lambda row: row.content["category"],
    "publisher_zh": lambda row: row.source["publisher"]["zh"],
    "publisher_en": lambda row: row.source["publisher"]["en"],
    "title": lambda row: row.source["title"],
    "document_number": lambda row: row.source["document_number"],
    "source_date": lambda row: row.source["date"],
    "source_locator": lambda row: row.source["locator"],
    "source_url": lambda row: row.source["url"],
    "verification": lambda row: row.content["verification"],
    "road": lambda row: row.record["road"],
    "licence": lambda row: row.content["licence"],
    "change_reason": lambda row: row.content["change_reason"],
    "content_sha256": lambda row: row.record["review"]["digest"],
    "record_sha256": lambda row: sha256_hex(row.listed.record),
    "log_index": lambda row: row.listed.log_index,
    "recorded_at": lambda row: row.record["recorded_at"],
}
# A minus before digits is a number and no formula.
_NUMBERS: Final = frozenset({"value", "uncertainty_min", "uncertainty_max"})


@dataclass(frozen=True, slots=True)
class Form:
    """How a file begins and what it says of a factor."""

    head: bytes
    line: Callable[[Listed], bytes]


def _manifest_line(listed: Listed) -> bytes:
    # The keys stand in canonical order, and nothing in the values needs an escape.
    return (
        f'{{"code":"{listed.code}","log_index":{listed.log_index},'
        f'"record_sha256":"{sha256_hex(listed.record)}",'
        f'"status":"{listed.status}","version":{listed.version}}}\n'
    ).encode()


def _jsonl_line(listed: Listed) -> bytes:
    # A record is canonical JSON already: its very bytes go in.
    return b'{"code":"%b","record":%b,"status":"%b","version":%d}\n' % (
        listed.code.encode(),
        listed.record,
        listed.status.encode(),
        listed.version,
    )


def _csv_line(listed: Listed) -> bytes:
    record = orjson.loads(listed.record)
    content = record["content"]
    row = _Row(listed, record, content, content["sources"][0])
    cells = [write(find(row)) for find, write in _CELLS]
    return (",".join(cells) + "\r\n").encode()


def _number(value: _Cell) -> str:
    return "" if value is None else str(value)


def _text(value: _Cell) -> str:
    # By hand, for what the csv module quotes differs between releases of Python.
    text = _number(value)
    if not _SPECIAL.search(text):
        return text
    text = escaped(text)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


_CELLS: Final = tuple(
    (find, _number if name in _NUMBERS else _text) for name, find in _COLUMNS.items()
)
MANIFEST: Final = Form(b"", _manifest_line)
JSONL: Final = Form(b"", _jsonl_line)
CSV: Final = Form((",".join(_COLUMNS) + "\r\n").encode(), _csv_line)


@dataclass(frozen=True, slots=True)
class Digests:
    """What a release says of the snapshot *size*; `versions` counts the lines."""

    size: int
    versions: int
    manifest_sha256: str
    jsonl_sha256: str
    csv_sha256: str


async def digest(open_session: Opener, size: int) -> Digests:
    """Write every file of the snapshot *size* for its digest alone."""
    forms = (MANIFEST, JSONL, CSV)
    digests = [hashlib.sha256(form.head) for form in forms]
    versions = 0
    async for block in _blocks(open_session, size):
        versions += len(block)
        for form, sum_ in zip(forms, digests, strict=True):
            sum_.update(await asyncio.to_thread(_write, form, block))
    return Digests(size, versions, *(each.hexdigest() for each in digests))


async def write(open_session: Opener, size: int, form: Form) -> AsyncIterator[bytes]:
    """Yield the file of the snapshot *size* in *form*, piece by piece."""
    if form.head:
        yield form.head
    async for block in _blocks(open_session, size):
        yield await asyncio.to_thread(_write, form, block)


class ExportDiffers(Exception):
    """The file is not the one that the release has the digest of."""


async def verified(pieces: AsyncIterator[bytes], sha256: str) -> AsyncIterator[bytes]:
    """Pass *pieces* on, and break off at their end unless they have this digest.

    Who receives them then sees a transfer that did not end, and not a file.
    """
    sum_ = hashlib.sha256()
    async for piece in pieces:
        sum_.update(piece)
        yield piece
    if sum_.hexdigest() != sha256:
        raise ExportDiffers(sha256)


def _write(form: Form, block: list[Listed]) -> bytes:
    return b"".join(map(form.line, block))


async def _blocks(open_session: Opener, size: int) -> AsyncIterator[list[Listed]]:
    after = ""
    while True:
        async with open_session() as session:
            block = await catalogue.read_block(session, size, after, _BLOCK)
        if not block:
            return
        yield block
        after = block[-1].code
