"""The log read entry by entry, with the rules that hold between entries.

Bundles are not signed one by one: what was read counts only after the root of all of it
is that of a verified checkpoint.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from app.translog import merkle, note
from app.translog.merkle import Accumulator
from app.translog.note import Checkpoint
from app.verify.documents import Entry, member, read_entry, split_bundle
from app.verify.sources import Source, read
from app.verify.verdicts import Missing, Wrong

VERSION: Final = "tanyin/factor-version/1"
STATUS: Final = "tanyin/status-change/1"
RELEASE: Final = "tanyin/release/1"
KEY: Final = "tanyin/key/1"

_BUNDLE_LIMIT: Final = merkle.WIDTH * (2 + 0xFFFF)


def records(source: Source, first: int, size: int) -> Iterator[bytes]:
    """Yield the bytes of entries *first* to *size* - 1."""
    for index in range(first // merkle.WIDTH, -(-size // merkle.WIDTH)):
        start = index * merkle.WIDTH
        found = _bundle(source, index, merkle.tile_width(0, index, size))
        yield from found[max(0, first - start) :]


def _bundle(source: Source, index: int, width: int) -> list[bytes]:
    try:
        path = merkle.tile_path("entries", index, width)
        return split_bundle(read(source, f"/log/{path}", _BUNDLE_LIMIT), width)
    except Missing:
        # Once a tile is full, a log may stop serving its beginnings.
        if width == merkle.WIDTH:
            raise
        path = merkle.tile_path("entries", index)
        whole = read(source, f"/log/{path}", _BUNDLE_LIMIT)
        return split_bundle(whole, merkle.WIDTH)[:width]


@dataclass(slots=True)
class Ledger:
    """What is known of the entries read so far, as far as rules need it."""

    keys: list[str]
    """Keys of the log: those trusted from the start, and those that they announced."""
    tree: Accumulator = field(default_factory=Accumulator)
    recorded_at: dt.datetime | None = None
    """The instant of the last entry."""
    versions: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By code the highest version and the SHA-256 of its record."""

    def add(self, record: bytes) -> Entry:
        """Add the next entry; raises `Wrong` where it breaks a rule."""
        entry = read_entry(self.tree.size, record)
        if self.recorded_at is not None and entry.recorded_at <= self.recorded_at:
            raise _broken(entry, "is not later than the one before")
        self._check(entry)
        for _ in self.tree.append(merkle.leaf_hash(record)):
            pass  # complete tiles are the log's to keep
        self.recorded_at = entry.recorded_at
        return entry

    def check_root(self, checkpoint: Checkpoint) -> None:
        """Raise `Wrong` unless the entries read are those that *checkpoint* signs."""
        if (self.tree.size, self.tree.root()) != (checkpoint.size, checkpoint.root):
            raise Wrong("the entries do not add up to the root that is signed")

    def _check(self, entry: Entry) -> None:
        if entry.schema == VERSION:
            self._add_version(entry)
        elif entry.schema == STATUS:
            self._check_status(entry)
        elif entry.schema == RELEASE:
            self._check_release(entry)
        elif entry.schema == KEY:
            self._add_key(entry)
        else:
            raise _broken(entry, "is of a kind that this log does not have")

    def _add_version(self, entry: Entry) -> None:
        code = member(entry.document, "code", str)
        last, digest = self.versions.get(code, (0, None))
        if member(entry.document, "version", int) != last + 1:
            raise _broken(entry, f"is not version {last + 1} of {code}")
        if entry.document.get("previous", "") != digest:
            raise _broken(entry, f"does not follow version {last} of {code}")
        self.versions[code] = (last + 1, entry.sha256)

    def _check_status(self, entry: Entry) -> None:
        code = member(entry.document, "code", str)
        last, _ = self.versions.get(code, (0, None))
        version: Any = entry.document.get("version", 0)
        if not last or (version is not None and version not in range(1, last + 1)):
            raise _broken(entry, f"concerns a version of {code} that is not there")

    def _check_release(self, entry: Entry) -> None:
        if member(entry.document, "size", int) != entry.index:
            raise _broken(entry, "is no release of all entries before it")

    def _add_key(self, entry: Entry) -> None:
        vkey = member(entry.document, "vkey", str)
        key, known = note.parse_vkey(vkey), note.parse_vkey(self.keys[0])
        if (key.name, key.kind) != (known.name, known.kind):
            raise _broken(entry, "announces a key of another log")
        # One that follows a key nobody here trusts is neither wrong nor of any use.
        if entry.document.get("previous") in self.keys and vkey not in self.keys:
            self.keys.append(vkey)


def _broken(entry: Entry, what: str) -> Wrong:
    return Wrong(f"entry {entry.index} {what}")
