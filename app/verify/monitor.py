"""Watching a log: remembering what it signed, so that it cannot take it back.

The memory is one file, replaced whole. It holds the last checkpoint, the right edge of
the tree, and as much of the entries as the rules between them need.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from app.translog import merkle, note
from app.translog.merkle import Accumulator
from app.translog.note import Malformed
from app.verify import documents, files, trust
from app.verify.documents import Document, member
from app.verify.job import Job, check_age, compare, read_entries, see
from app.verify.ledger import Ledger
from app.verify.trust import Seen
from app.verify.verdicts import Misused, Wrong

_STATE: Final = "state.json"
_LOCK: Final = "lock"
_FORMAT: Final = "tanyin/monitor/1"


@dataclass(frozen=True, slots=True)
class Memory:
    """What the last run verified, and the very bytes it was read from."""

    seen: Seen
    ledger: Ledger
    data: bytes


def watch(job: Job, folder: Path) -> None:
    """Check everything that was added since the last run, and remember it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _STATE
    with files.locked(folder / _LOCK):
        held = _load(path)
    ledger = held.ledger if held else job.ledger()
    job = _trusting(job, ledger)
    seen = see(job, job.note())
    if held is not None:
        job.report.done("continuity", compare(job.online, held.seen, seen))
    _follow(job, ledger, seen)
    _store(path, held, _dump(seen, ledger))
    job.report.done("memory", f"kept in {path}")
    # What is old was signed all the same, and must not be taken back either.
    check_age(job, seen, ledger.recorded_at)


def _trusting(job: Job, ledger: Ledger) -> Job:
    """Return *job* with the keys that were followed besides those that were given."""
    given = job.trust.keys
    keys = [note.parse_vkey(each) for each in ledger.keys]
    if {each.name for each in (*given, *keys)} != {job.trust.origin}:
        raise Misused(f"the state is that of {keys[0].name}, not of {job.trust.origin}")
    both = tuple(dict.fromkeys([*given, *keys]))
    ledger.keys[:] = [each.vkey for each in both]
    return replace(job, trust=replace(job.trust, keys=both))


def _follow(job: Job, ledger: Ledger, seen: Seen) -> None:
    first, known = ledger.tree.size, len(ledger.keys)
    for _ in read_entries(job.online, ledger, seen):
        pass  # the rules are the ledger's
    count = ledger.tree.size - first
    text = f"{count} new of {ledger.tree.size}, which add up to the signed root"
    job.report.done("entries", text)
    for vkey in ledger.keys[known:]:
        job.report.done("key", f"announced by the log, trusted from now on: {vkey}")


def _load(path: Path) -> Memory | None:
    """Return what was remembered; None before the first run."""
    if not path.exists():
        return None
    data = path.read_bytes()
    try:
        return _parse(data)
    except (ValueError, TypeError, Misused, Wrong) as error:
        # Starting anew would forget what the log must not take back.
        raise Malformed(f"{path} is damaged: {error}") from None


def _parse(data: bytes) -> Memory:
    document = documents.read_json(data)
    if document.get("format") != _FORMAT:
        raise Malformed("it has another format")
    keys = [str(each) for each in member(document, "keys", list)]
    own = trust.parse_trust(keys, (), None)
    seen = trust.check_note(own, member(document, "checkpoint", str))
    ledger = Ledger(keys, _parse_tree(document, seen))
    if document.get("recorded_at") is not None:
        text = member(document, "recorded_at", str)
        ledger.recorded_at = documents.read_instant(text)
    ledger.versions = _parse_versions(member(document, "versions", dict))
    ledger.check_root(seen.checkpoint)
    return Memory(seen, ledger, data)


def _parse_tree(document: Document, seen: Seen) -> Accumulator:
    levels: list[list[str]] = member(document, "levels", list)
    size = seen.checkpoint.size
    tree = Accumulator(size, [[bytes.fromhex(node) for node in one] for one in levels])
    if [len(one) for one in levels] != [run.count for run in merkle.edge(size)]:
        raise Malformed("its tree is incomplete")
    return tree


def _parse_versions(found: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
    return {
        code: (int(number), str(digest)) for code, (number, digest) in found.items()
    }


def _dump(seen: Seen, ledger: Ledger) -> bytes:
    at = ledger.recorded_at
    document = {
        "format": _FORMAT,
        "checkpoint": seen.note,
        "keys": ledger.keys,
        "levels": [[node.hex() for node in one] for one in ledger.tree.levels],
        "recorded_at": at and documents.write_instant(at),
        "versions": ledger.versions,
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def _store(path: Path, held: Memory | None, data: bytes) -> None:
    """Replace what was held, unless another run was faster: its memory may be newer."""
    with files.locked(path.with_name(_LOCK)):
        present = path.read_bytes() if path.exists() else None
        if present != (held.data if held else None):
            raise Misused(f"another run changed {path} meanwhile; run again")
        files.replace(path, data)
