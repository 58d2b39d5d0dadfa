"""Checking one version of a factor, and all of them."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from app.translog.note import Malformed
from app.verify import documents, ledger
from app.verify.documents import Document, Entry, member
from app.verify.job import (
    PROOF_LIMIT,
    RECORD_LIMIT,
    Job,
    check_age,
    check_inclusion,
    read_entries,
    see,
)
from app.verify.sources import MIB, read
from app.verify.verdicts import Misused, Wrong

_CODE: Final = re.compile(r"CNF-(\d{2})-(\d{6})-(\d{2})", re.ASCII)
_PIN: Final = re.compile(r"([^@]*)@([1-9]\d{0,8})", re.ASCII)
_PAGE_LIMIT: Final = 32 * MIB
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Pin:
    """One version of a factor."""

    code: str
    version: int

    def __str__(self) -> str:
        return f"{self.code}@{self.version}"


def parse_code(text: str) -> str:
    """Return a factor code; raises `Misused` where its check number is wrong."""
    match = _CODE.fullmatch(text)
    if match is None or 98 - int(match[1] + match[2]) * 100 % 97 != int(match[3]):
        raise Misused(f"{text} is no factor code CNF-CC-NNNNNN-KK; mistyped?")
    return text


def parse_pin(text: str) -> Pin:
    """Return what CODE@N names; raises `Misused`."""
    match = _PIN.fullmatch(text)
    if match is None:
        raise Misused(f"{text} does not name a version: CODE@N")
    return Pin(parse_code(match[1]), int(match[2]))


def check_version(job: Job, pin: Pin, sha256: str | None = None) -> None:
    """Check that the log holds a version, and show what it states.

    *sha256* is the digest of the record as somebody wrote it down.
    """
    base = f"/factors/{pin.code}/versions/{pin.version}"
    record = job.fetch("record", f"{base}/record", RECORD_LIMIT)
    claim = documents.read_proof(job.fetch("proof", f"{base}/proof", PROOF_LIMIT))
    embedded = claim.checkpoint.encode()
    seen = see(job, job.note() if "checkpoint" in job.files else embedded)
    _check_digest(job, record, sha256)
    check_inclusion(job, seen, claim, record)
    entry = documents.read_entry(claim.index, record)
    _check_pin(entry, pin)
    job.report.done("statement", f"{pin} {_stated(entry.document)}")
    text = "whether it is still in force, and newest: see the check history"
    job.report.left_out("status", text)
    is_last = claim.index == seen.checkpoint.size - 1
    check_age(job, seen, entry.recorded_at if is_last else None)


def check_history(job: Job, code: str) -> None:
    """Check all versions of a factor, and that there are no others.

    Only who reads the whole log knows that nothing is kept back.
    """
    seen = see(job, job.note())
    found = job.ledger()
    entries = read_entries(job.online, found, seen)
    own = [each for each in entries if each.document.get("code") == code]
    versions = [each for each in own if each.schema == ledger.VERSION]
    if not versions:
        raise Wrong(f"the log holds no version of {code}")
    job.report.done("entries", f"all {seen.checkpoint.size} add up to the signed root")
    for each in own:
        job.report.done(*_told(each))
    _check_list(job, code, seen.checkpoint.size, versions)
    job.report.done("list", f"the service lists these {len(versions)} and no others")
    check_age(job, seen, found.recorded_at)


def _check_digest(job: Job, record: bytes, sha256: str | None) -> None:
    found = hashlib.sha256(record).hexdigest()
    if sha256 is not None and sha256.lower() != found:
        raise Wrong(f"the record has SHA-256 {found}, not {sha256}")
    suffix = "" if sha256 is None else ", as given"
    job.report.done("record", f"{len(record)} bytes, SHA-256 {found}{suffix}")


def _check_pin(entry: Entry, pin: Pin) -> None:
    if entry.schema != ledger.VERSION:
        raise Wrong(f"the record is {entry.schema}, not {ledger.VERSION}")
    document = entry.document
    found = Pin(member(document, "code", str), member(document, "version", int))
    if found != pin:
        raise Wrong(f"the record is of {found}, not of {pin}")


def _stated(document: Document) -> str:
    content: Document = member(document, "content", dict)
    name: Document = member(content, "name", dict)
    value, unit = member(content, "value", str), member(content, "unit", str)
    names = " / ".join(str(each) for each in name.values() if each)
    return f"is {value} {unit}: {names}"


def _told(entry: Entry) -> tuple[str, str]:
    document, where = entry.document, f"entry {entry.index}, {entry.recorded_at:%F}"
    if entry.schema == ledger.VERSION:
        return f"version {document['version']}", f"{where}, {_stated(document)}"
    whole = document["version"] is None
    which = "all versions" if whole else f"version {document['version']}"
    status, reason = member(document, "status", str), document.get("reason")
    return "status", f"{where}, {which}: {status} ({reason})"


def _check_list(job: Job, code: str, size: int, versions: Iterable[Entry]) -> None:
    logged = {member(each.document, "version", int): each.sha256 for each in versions}
    listed: dict[int, str] = {}
    after: str | None = ""
    # Each page must bring something, or there would be no end to them.
    while after is not None and len(listed) <= len(logged):
        path = f"/factors/{code}/versions?limit={_PAGE}&snapshot={size}{after}"
        page = documents.read_json(read(job.online, path, _PAGE_LIMIT))
        found = _digests(page)
        if not found.keys() - listed.keys():
            break
        listed |= found
        after = _continued(page)
    if listed != logged or after is not None:
        raise Wrong(f"the service does not list the versions of {code} that are logged")


def _continued(page: Document) -> str | None:
    if page.get("next_cursor") is None:
        return None
    return f"&cursor={quote(member(page, 'next_cursor', str), safe='')}"


def _digests(page: Document) -> Mapping[int, str]:
    items: list[Any] = member(page, "items", list)
    if not all(isinstance(each, dict) for each in items):
        raise Malformed("items are not objects")
    return {
        member(each, "version", int): member(each, "record_sha256", str)
        for each in items
    }
