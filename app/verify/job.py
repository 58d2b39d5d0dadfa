"""What every check does: fetch, check a checkpoint, read entries, judge the age."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.translog import merkle
from app.translog.merkle import ProofRefused
from app.translog.note import Malformed
from app.verify import documents, trust
from app.verify.documents import Claim, Document, Entry
from app.verify.ledger import Ledger, records
from app.verify.report import Report
from app.verify.sources import KIB, Source, read
from app.verify.trust import Seen, Trust
from app.verify.verdicts import Forked, Misused, Wrong

NOTE_LIMIT: Final = 64 * KIB
RECORD_LIMIT: Final = 64 * KIB
PROOF_LIMIT: Final = 128 * KIB


@dataclass(frozen=True, slots=True)
class Job:
    """Where answers come from, whom to trust, what else is asked.

    A file takes the place of the answer of its name: checkpoint, record, proof.
    """

    trust: Trust
    report: Report
    now: dt.datetime
    source: Source | None = None
    max_age: float | None = None
    """In hours."""
    files: Mapping[str, Path] = field(default_factory=dict)

    @property
    def online(self) -> Source:
        """The source, where no file can stand in for it."""
        if self.source is None:
            raise Misused("without --url or --mirror this cannot be checked whole")
        return self.source

    def fetch(self, name: str, path: str, limit: int) -> bytes:
        """Return the file *name*, or else what the source answers."""
        return self.file(name, limit) or read(self.online, path, limit)

    def file(self, name: str, limit: int) -> bytes | None:
        """Return the file *name*, if one was given."""
        if name not in self.files:
            return None
        with self.files[name].open("rb") as opened:
            found = opened.read(limit + 1)
        if not 0 < len(found) <= limit:
            raise Malformed(f"{self.files[name]} is empty or above {limit} bytes")
        return found

    def note(self) -> bytes:
        """Return the newest checkpoint, unchecked."""
        return self.fetch("checkpoint", "/log/checkpoint", NOTE_LIMIT)

    def ledger(self) -> Ledger:
        """Return an empty ledger."""
        return Ledger([each.vkey for each in self.trust.keys])


def see(job: Job, signed: bytes) -> Seen:
    """Return a checkpoint after checking its signatures, and tell of it."""
    seen = trust.check_note(job.trust, documents.read_text(signed))
    point, by = seen.checkpoint, ", ".join(seen.signed_by)
    text = f"{point.origin}, {point.size} entries, signed by key {by}"
    job.report.done("checkpoint", text)
    if job.trust.witnesses:
        names = ", ".join(
            f"{name} {at:%Y-%m-%dT%H:%M:%SZ}" for name, at in seen.cosigned
        )
        job.report.done("witnesses", f"{job.trust.quorum} needed, signed: {names}")
    else:
        job.report.left_out("witnesses", "not asked for (--witness)")
    return seen


def compare(source: Source, held: Seen, seen: Seen) -> str:
    """Return how *seen* continues *held*, in words; raises `Forked`."""
    old, new = held.checkpoint, seen.checkpoint
    evidence = {"held.note": held.note.encode(), "served.note": seen.note.encode()}
    if new.size < old.size:
        text = f"the log went back from {old.size} entries to {new.size}"
        raise Forked(text, evidence)
    if new.size == old.size and new.root != old.root:
        raise Forked(f"the log has two roots at {new.size} entries", evidence)
    if 0 < old.size < new.size:
        path = f"/log/consistency?from={old.size}&to={new.size}"
        answer = read(source, path, PROOF_LIMIT)
        _check_consistency(held, seen, answer, evidence)
    return f"the first {old.size} entries are those known before"


def check_inclusion(job: Job, seen: Seen, claim: Claim, record: bytes) -> None:
    """Check that the log has *record* at the place that *claim* says."""
    point, leaf = seen.checkpoint, merkle.leaf_hash(record)
    merkle.verify_inclusion(claim.index, point.size, leaf, claim.path, point.root)
    computed = {
        "leaf_hash": leaf.hex(),
        "root_hash": point.root.hex(),
        "tree_size": point.size,
    }
    _check_beside(claim.beside, computed)
    job.report.done("inclusion", f"entry {claim.index} of {point.size}")


def read_entries(source: Source, ledger: Ledger, seen: Seen) -> Iterator[Entry]:
    """Add the entries up to *seen* to *ledger* and yield each.

    Only when the last one was taken is it certain that they are what was signed.
    """
    for record in records(source, ledger.tree.size, seen.checkpoint.size):
        yield ledger.add(record)
    ledger.check_root(seen.checkpoint)


def check_age(job: Job, seen: Seen, recorded_at: dt.datetime | None = None) -> None:
    """Check how old the checkpoint is, if that is asked.

    *recorded_at* is the instant of its last entry, where the caller knows it.
    """
    if job.max_age is None:
        job.report.left_out("age", "not asked for (--max-age)")
        return
    if recorded_at is None and not seen.cosigned:
        recorded_at = _last_instant(job, seen)
    text = trust.check_age(seen, recorded_at, job.max_age, job.now)
    job.report.done("age", text)


def _check_consistency(
    held: Seen, seen: Seen, answer: bytes, evidence: Mapping[str, bytes]
) -> None:
    old, new = held.checkpoint, seen.checkpoint
    document = documents.read_json(answer)
    path = documents.hashes(document, "hashes")
    try:
        merkle.verify_consistency(old.size, new.size, old.root, new.root, path)
    except ProofRefused as error:
        text = f"{new.size} entries do not continue {old.size}: {error}"
        raise Forked(text, {**evidence, "consistency.json": answer}) from None
    computed = {
        "from": old.size,
        "to": new.size,
        "from_root": old.root.hex(),
        "to_root": new.root.hex(),
    }
    _check_beside(document, computed)


def _check_beside(document: Document, computed: Mapping[str, object]) -> None:
    """What is not signed is never used, but it must not contradict either."""
    for name, value in computed.items():
        if document.get(name, value) != value:
            raise Wrong(f"{name} beside the proof is not what was computed")


def _last_instant(job: Job, seen: Seen) -> dt.datetime | None:
    size = seen.checkpoint.size
    if job.source is None or not size:
        return None
    (record,) = records(job.source, size - 1, size)
    # The log may have grown meanwhile: the proof brings its own checkpoint.
    answer = read(job.source, f"/log/proof?index={size - 1}", PROOF_LIMIT)
    claim = documents.read_proof(answer)
    point = trust.check_note(job.trust, claim.checkpoint).checkpoint
    leaf = merkle.leaf_hash(record)
    if claim.index != size - 1:
        raise Wrong("the proof of the last entry is that of another one")
    merkle.verify_inclusion(claim.index, point.size, leaf, claim.path, point.root)
    return documents.read_entry(claim.index, record).recorded_at
