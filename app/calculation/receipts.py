"""Receipts: what a result was made of, in a few lines that can be signed. Pure.

A receipt is a signed note (C2SP signed-note): the text, an empty line and one line
for each key of the log. The signature is Ed25519 over the UTF-8 bytes of the text with
its last line feed. No checkpoint begins with its first line, so neither passes for the
other.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from msgspec import Raw

from app.kit.canonical import sha256, sha256_hex
from app.kit.decimals import number_text
from app.translog import note
from app.translog.note import Signer

SCHEMA: Final = "tanyin/receipt/1"
_ID_LENGTH: Final = 32
_SNAPSHOT_BYTES: Final = 8
# Whole numbers by nature; every other number of a request is a decimal.
_COUNTS: Final = frozenset({"snapshot", "draws", "seed", "assessment_year", "year"})
# A key ends in a quote that no backslash precedes, which inside a text none is without.
_STARTS: Final = re.compile(rb'":[-0-9]')
_NUMBER: Final = re.compile(rb'(?<!\\)":(-?[0-9][0-9.eE+-]*)')
_TEXT: Final = re.compile(
    r"tanyin/receipt/1\n"
    r"id (?P<id>[0-9a-f]{32})\n"
    r"request (?P<request>[0-9a-f]{64})\n"
    r"records (?P<records>[0-9a-f]{64})\n"
    r"gwp_set (?P<gwp_set>[A-Z0-9_]{1,40})\n"
    r"engine (?P<engine>[!-~]{1,100})\n"
    r"snapshot (?P<snapshot>0|[1-9][0-9]{0,17})\n"
    r"result (?P<value>-?[0-9.]{1,400}) kgCO2e\n"
    r"per (?P<amount>-?[0-9.]{1,430}) (?P<unit>\S{1,100}) (?P<process>.{1,200})\n"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a receipt says; digests in hexadecimal, figures as printed."""

    request: str
    records: str
    gwp_set: str
    engine: str
    snapshot: int
    value: str
    amount: str
    unit: str
    process: str

    @property
    def id(self) -> str:
        """The first half of SHA-256 over request digest, snapshot and engine.

        The digest has 32 bytes, the snapshot 8 with the highest first.
        """
        snapshot = self.snapshot.to_bytes(_SNAPSHOT_BYTES, "big")
        data = bytes.fromhex(self.request) + snapshot + self.engine.encode()
        return sha256_hex(data)[:_ID_LENGTH]

    @property
    def text(self) -> str:
        """The lines that are signed."""
        return (
            f"{SCHEMA}\n"
            f"id {self.id}\n"
            f"request {self.request}\n"
            f"records {self.records}\n"
            f"gwp_set {self.gwp_set}\n"
            f"engine {self.engine}\n"
            f"snapshot {self.snapshot}\n"
            f"result {self.value} kgCO2e\n"
            f"per {self.amount} {self.unit} {self.process}\n"
        )


def signed(statement: Statement, signers: Iterable[Signer]) -> str:
    """Return the note of *statement*."""
    text = statement.text
    return note.signed(text, [each.sign(text) for each in signers])


def parse(text: str) -> Statement:
    """Read what was signed; raises `note.Malformed`.

    The id may be another than that of the statement: whoever asks compares them.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise note.Malformed(f"the text is no {SCHEMA}")
    fields: dict[str, Any] = match.groupdict()
    del fields["id"]
    return Statement(**fields | {"snapshot": int(fields["snapshot"])})


def records_digest(records: Mapping[str, str]) -> str:
    """Return SHA-256 over a line `CODE@n DIGEST` for each record, sorted by code."""
    lines = [f"{pin} {digest}\n" for pin, digest in sorted(records.items())]
    return sha256("".join(lines).encode()).hex()


def canonical_request(
    head: Mapping[str, Any],
    processes: Any,  # noqa: ANN401 - documents or bytes
) -> bytes:
    """Return a request in the one form that is digested and repeated in answers.

    RFC 8785, where every amount is a decimal string. *processes* are documents, or
    bytes that have this form already.
    """
    stated = {name: each for name, each in head.items() if name != "processes"}
    document = in_digits(stated)
    is_encoded = isinstance(processes, Raw)
    document["processes"] = [] if is_encoded else in_digits(processes)
    # All keys are ours and ASCII, for which this order is that of RFC 8785.
    encoded = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    if not is_encoded:
        return encoded
    # Inside a text the quotes would be escaped.
    before, name, after = encoded.partition(b'"processes":')
    return b"".join((before, name, processes, after[len(b"[]") :]))


def numbers_as_texts(encoded: bytes) -> bytes:
    """Return JSON, as an encoder writes it, with decimal strings for numbers."""
    if _STARTS.search(encoded) is None:
        return encoded
    return _NUMBER.sub(_as_text, encoded)


def _as_text(match: re.Match[bytes]) -> bytes:
    return b'":"%b"' % number_text(json.loads(match[1])).encode()


def in_digits(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a part of a request with every amount as a decimal string."""
    if isinstance(value, dict):
        return {
            name: each if isinstance(each, str) or name in _COUNTS else in_digits(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [in_digits(each) for each in value]
    if value is None or isinstance(value, (str, bool)):
        return value
    return number_text(value)
