"""Checking a release: its entry, its manifest, its exports.

All that a release says follows from the entries before it, so that it is made anew from
them and compared.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from app.translog.note import Malformed
from app.verify import ledger
from app.verify.documents import Entry, member
from app.verify.job import RECORD_LIMIT, Job, check_age, read_entries, see
from app.verify.sources import MIB, read
from app.verify.verdicts import Misused, Wrong

_MANIFEST_LIMIT: Final = 512 * MIB
_EXPORT_LIMIT: Final = 4096 * MIB
_LINE_LIMIT: Final = 2 * RECORD_LIMIT


@dataclass(frozen=True, slots=True)
class Listed:
    """A factor as a release has it: its newest version."""

    code: str
    version: int
    index: int
    sha256: str
    status: str

    @property
    def manifest_line(self) -> bytes:
        """The line of the manifest: canonical JSON."""
        return (
            f'{{"code":"{self.code}","log_index":{self.index},'
            f'"record_sha256":"{self.sha256}","status":"{self.status}",'
            f'"version":{self.version}}}\n'
        ).encode()

    def has_line(self, line: bytes) -> bool:
        """Whether *line* of the export is this factor with its very record."""
        head = f'{{"code":"{self.code}","record":'.encode()
        tail = f',"status":"{self.status}","version":{self.version}}}'.encode()
        record = line[len(head) : -len(tail)]
        return (
            line == head + record + tail
            and hashlib.sha256(record).hexdigest() == self.sha256
        )


def check_release(job: Job, name: str) -> None:
    """Check that a release is what the log says, down to each byte of its files."""
    if not name.strip(".") or not name.isprintable():
        raise Misused("a release has a name")
    seen = see(job, job.note())
    found, catalogue = job.ledger(), _Catalogue()
    for entry in read_entries(job.online, found, seen):
        catalogue.add(entry)
    job.report.done("entries", f"all {seen.checkpoint.size} add up to the signed root")
    release = catalogue.release(name)
    base = f"/releases/{quote(name, safe='')}"
    if job.fetch("record", f"{base}/record", RECORD_LIMIT) != release.record:
        raise Wrong("the record of the release is not the one in the log")
    text = f"entry {release.index}, a name for the {release.index} entries before it"
    job.report.done("release", f"{text}, SHA-256 {release.sha256}")
    listed = catalogue.listed(release.index)
    _check_manifest(job, base, release, listed)
    _check_jsonl(job, base, release, listed)
    _check_csv(job, base, release)
    check_age(job, seen, found.recorded_at)


@dataclass(slots=True)
class _Catalogue:
    """What the log says of versions, of their status and of releases."""

    versions: list[tuple[int, str, int, str]] = field(default_factory=list)
    """Index, code, version and SHA-256 of the record."""
    changes: list[tuple[int, str, int | None, str]] = field(default_factory=list)
    """Index, code, version (None: the whole factor) and status."""
    releases: list[Entry] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Add an entry that keeps the rules."""
        document = entry.document
        if entry.schema == ledger.RELEASE:
            self.releases.append(entry)
        elif entry.schema == ledger.VERSION:
            code, version = document["code"], document["version"]
            self.versions.append((entry.index, code, version, entry.sha256))
        elif entry.schema == ledger.STATUS:
            code, version = document["code"], document["version"]
            status = member(document, "status", str)
            self.changes.append((entry.index, code, version, status))

    def release(self, name: str) -> Entry:
        """Return the one release of that name."""
        found = [each for each in self.releases if each.document.get("name") == name]
        if len(found) != 1:
            raise Wrong(f"the log holds {len(found)} releases named {name}")
        return found[0]

    def listed(self, size: int) -> list[Listed]:
        """Return the factors that the first *size* entries make, by code."""
        given = self._given(size)
        # The last one of a code is its highest: versions come in order.
        newest = {each[1]: each for each in self.versions if each[0] < size}
        return [
            Listed(code, version, index, sha256, _status(given.get(code, ()), version))
            for _, (index, code, version, sha256) in sorted(newest.items())
        ]

    def _given(self, size: int) -> Mapping[str, Sequence[tuple[int | None, str]]]:
        found: dict[str, list[tuple[int | None, str]]] = {}
        for index, code, version, status in self.changes:
            if index < size:
                found.setdefault(code, []).append((version, status))
        return found


def _status(given: Iterable[tuple[int | None, str]], version: int) -> str:
    """Return the status last given to a version; void is for ever."""
    own = [status for which, status in given if which in {None, version}]
    return "VOID" if "VOID" in own else ["PUBLISHED", *own][-1]


def _check_manifest(
    job: Job, base: str, release: Entry, listed: Sequence[Listed]
) -> None:
    data = read(job.online, f"{base}/manifest", _MANIFEST_LIMIT)
    _check_digest("manifest", hashlib.sha256(data).hexdigest(), release)
    if len(listed) != member(release.document, "versions", int):
        raise Wrong(f"the release does not state the {len(listed)} factors of the log")
    lines = data.splitlines(keepends=True)
    expected = [each.manifest_line for each in listed]
    if lines != expected:
        wrong = sorted({*lines} ^ {*expected})[:1] or [b"the order"]
        text = wrong[0].decode(errors="replace").strip()
        raise Wrong(f"the manifest is not what the log says: {text}")
    text = f"{len(listed)} factors, each with the record and status that the log has"
    job.report.done("manifest", text)


def _check_jsonl(job: Job, base: str, release: Entry, listed: Sequence[Listed]) -> None:
    lines = _Lines(listed)
    job.online.feed(f"{base}/export.jsonl", _EXPORT_LIMIT, lines.take)
    _check_digest("jsonl", lines.digest.hexdigest(), release)
    if lines.rest or lines.count != len(listed):
        raise Wrong("the jsonl export has other factors than the log")
    job.report.done("jsonl", f"{lines.count} records, each as the log has it")


def _check_csv(job: Job, base: str, release: Entry) -> None:
    digest = hashlib.sha256()
    job.online.feed(f"{base}/export.csv", _EXPORT_LIMIT, digest.update)
    _check_digest("csv", digest.hexdigest(), release)
    job.report.done("csv", f"SHA-256 {digest.hexdigest()}, as the release states")


def _check_digest(kind: str, found: str, release: Entry) -> None:
    if found != member(release.document, f"{kind}_sha256", str):
        raise Wrong(f"the {kind} has SHA-256 {found}, which the release does not state")


class _Lines:
    """Compares an export line by line as it arrives."""

    def __init__(self, listed: Sequence[Listed]) -> None:
        self.digest: Final = hashlib.sha256()
        self.count = 0
        self.rest = b""
        self._listed: Final = listed

    def take(self, piece: bytes) -> None:
        """Take the next piece."""
        self.digest.update(piece)
        *lines, self.rest = (self.rest + piece).split(b"\n")
        for line in lines:
            if self.count == len(self._listed):
                raise Wrong("the jsonl export has more factors than the log")
            if not self._listed[self.count].has_line(line):
                code = self._listed[self.count].code
                raise Wrong(f"the jsonl export does not have {code} as the log has it")
            self.count += 1
        if len(self.rest) > _LINE_LIMIT:
            raise Malformed("a line of the jsonl export does not end")
