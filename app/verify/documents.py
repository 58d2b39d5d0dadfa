"""Reading what a service answers: JSON, proofs, entries of the log. Pure and strict."""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias, TypeVar

from app.translog import merkle, note
from app.translog.note import Malformed

T = TypeVar("T", str, int, list[Any], dict[str, Any])

_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z", re.ASCII)

Document: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Claim:
    """An inclusion proof, and what stands beside it without being signed."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    beside: Document
    """Hashes and sizes that must agree with what is computed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log."""

    index: int
    record: bytes
    schema: str
    recorded_at: dt.datetime
    document: Document

    @property
    def sha256(self) -> str:
        """The SHA-256 of the record, in hexadecimal."""
        return hashlib.sha256(self.record).hexdigest()


def read_text(data: bytes) -> str:
    """Return UTF-8 text."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Malformed("a text is not UTF-8") from None


def read_json(data: bytes) -> Document:
    """Return the JSON object in *data*: no duplicate keys, NaN or lone surrogates."""
    try:
        found = json.loads(
            read_text(data), object_pairs_hook=_members, parse_constant=_constant
        )
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Malformed("an answer is not JSON") from None
    if not isinstance(found, dict):
        raise Malformed("an answer is not a JSON object")
    return found


def member(document: Document, name: str, kind: type[T]) -> T:
    """Return a member of *document* that must be there and of this *kind*."""
    found = document.get(name)
    if not isinstance(found, kind) or isinstance(found, bool):
        raise Malformed(f"{name} is missing or of another type")
    return found


def hashes(document: Document, name: str) -> tuple[bytes, ...]:
    """Return a list of hashes in hexadecimal."""
    found: Sequence[object] = member(document, name, list)
    if len(found) > note.PATH_LIMIT:
        raise Malformed(f"{name} has more than {note.PATH_LIMIT} hashes")
    return tuple(_hash(each) for each in found)


def read_proof(data: bytes) -> Claim:
    """Read a proof as JSON or as a tlog-proof."""
    if not data.startswith(b"{"):
        proof = note.parse_proof(read_text(data))
        return Claim(proof.index, proof.path, proof.checkpoint, {})
    document = read_json(data)
    index = member(document, "log_index", int)
    text = member(document, "checkpoint", str)
    return Claim(index, hashes(document, "hashes"), text, document)


def read_entry(index: int, record: bytes) -> Entry:
    """Read an entry of the log."""
    document = read_json(record)
    schema = member(document, "schema", str)
    text = member(document, "recorded_at", str)
    return Entry(index, record, schema, read_instant(text), document)


def read_instant(text: str) -> dt.datetime:
    """Read an instant as the log writes it."""
    if not _INSTANT.fullmatch(text):
        raise Malformed("recorded_at is no instant in UTC with six digits")
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise Malformed("recorded_at is not in the calendar") from None


def write_instant(instant: dt.datetime) -> str:
    """Write an instant as the log writes it."""
    return instant.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def split_bundle(data: bytes, count: int) -> list[bytes]:
    """Return the *count* entries of a bundle, each behind its length."""
    found: list[bytes] = []
    at = 0
    for _ in range(count):
        length = int.from_bytes(data[at : at + 2], "big")
        found.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(data):
        raise Malformed(f"a bundle does not consist of {count} entries")
    return found


def _hash(value: object) -> bytes:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise Malformed(f"a hash is {2 * merkle.HASH} digits of lowercase hexadecimal")
    return bytes.fromhex(value)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the same key twice")
    return found


def _constant(_: str) -> NoReturn:
    raise ValueError("not JSON")
