"""Checking the whole stored log: bytes, hashes, order, nodes, roots and signatures.

One pass in the order of the log, in one snapshot, with memory for one block. What is
found is named where it is: an entry is checked against its stored hash, and the stored
hashes against nodes and roots, so that one changed byte is one finding.

It finds what does not fit together. Whoever can write everything can make everything
fit: that is found only by comparing with what somebody else remembers (`Outside`).
"""

import datetime as dt
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit.clock import instant_text
from app.translog import keys, merkle, note
from app.translog.models import KEY_SCHEMA
from app.translog.note import Checkpoint, Verifier

# Those of asyncpg, as SQLAlchemy hands them out: its own would cost half of the time.
Database: TypeAlias = Any
Row: TypeAlias = Any

_BLOCK: Final = 2_000
_EARLIEST: Final = dt.datetime.min.replace(tzinfo=dt.UTC)
_ENTRIES: Final = """
SELECT index, kind, record, leaf_hash, recorded_at FROM log_entry ORDER BY index
"""
# In the order in which the growing tree completes them. Numbers that are too large for
# any tree must not end the pass.
_NODES: Final = """
SELECT (index + 1) * 256::numeric ^ level, level, index, hash FROM log_node
ORDER BY 1, level
"""
_CHECKPOINTS: Final = "SELECT size, root FROM log_checkpoint ORDER BY size"
_COSIGNATURES: Final = """
SELECT s.size, s.witness, s.line, c.root
FROM log_cosignature s LEFT JOIN log_checkpoint c USING (size) ORDER BY 1, 2
"""
_ALARMS: Final = "SELECT at, size, reason FROM log_alarm ORDER BY at"
_SIZE: Final = "SELECT coalesce(max(size), 0) FROM log_checkpoint"


class Kind(StrEnum):
    """What a finding is about."""

    ENTRY = "ENTRY"
    ORDER = "ORDER"
    NODE = "NODE"
    ROOT = "ROOT"
    GAP = "GAP"
    """Something was signed for what is no longer there."""
    COSIGNATURE = "COSIGNATURE"
    KEY = "KEY"
    ALARM = "ALARM"
    OUTSIDE = "OUTSIDE"
    """Somebody outside remembers the log otherwise."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not fit, as one line."""

    kind: Kind
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass(frozen=True, slots=True)
class Outside:
    """What is known without the database."""

    keys: tuple[Verifier, ...] = ()
    """The keys that the log is signed with now; none if they are not at hand."""
    witnesses: tuple[Verifier, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    """Kept by somebody else."""


@dataclass(slots=True)
class Counts:
    """How much was looked at."""

    entries: int = 0
    nodes: int = 0
    checkpoints: int = 0
    cosignatures: int = 0
    strangers: int = 0
    """Cosignatures of witnesses that nobody has named; they were not checked."""
    keys: int = 0


class _Head(msgspec.Struct):
    """What every record says of itself."""

    schema: str
    recorded_at: str


_HEAD: Final = msgspec.json.Decoder(_Head)


@dataclass(slots=True)
class Fsck:
    """One check of one log."""

    outside: Outside = field(default_factory=Outside)
    counts: Counts = field(default_factory=Counts)

    async def findings(self, connection: AsyncConnection) -> AsyncIterator[Finding]:
        """Yield what does not fit; *connection* has begun a transaction of its own."""
        raw: Database = await connection.get_raw_connection()
        database = raw.driver_connection
        signed = await database.fetchval(_SIZE)
        tree = _Tree(self.counts, self.outside, signed)
        async for finding in _grown(database, tree):
            yield finding
        for finding in _check_keys(tree.announced, self.outside.keys):
            yield finding
        async for finding in self._cosignatures(database, _origin(self, tree)):
            yield finding
        for at, size, reason in await database.fetch(_ALARMS):
            text = f"signing ended {at:%Y-%m-%d %H:%M:%S} at size {size}: {reason}"
            yield Finding(Kind.ALARM, text)

    async def _cosignatures(
        self, database: Database, origin: str | None
    ) -> AsyncIterator[Finding]:
        known = {each.name: each for each in self.outside.witnesses}
        async for block in _blocks(database, _COSIGNATURES):
            for size, witness, line, root in block:
                if origin is None or witness not in known:
                    self.counts.strangers += 1
                    continue
                self.counts.cosignatures += 1
                why = _refusal(known[witness], line, root and (origin, size, root))
                if why is not None:
                    text = f"the line of {witness} below {size} entries: {why}"
                    yield Finding(Kind.COSIGNATURE, text)


async def _grown(database: Database, tree: "_Tree") -> AsyncIterator[Finding]:
    """Grow *tree* entry by entry, beside nodes and checkpoints in the same order."""
    nodes = _Ahead(_blocks(database, _NODES))
    checkpoints = _Ahead(_blocks(database, _CHECKPOINTS))
    async for block in _blocks(database, _ENTRIES):
        end = tree.end + len(block)
        tree.expect(await checkpoints.up_to(end), await nodes.up_to(end))
        for finding in tree.grow(block):
            yield finding
    for finding in tree.remembered():
        yield finding
    async for size, _ in checkpoints.rest():
        if size > tree.end:
            text = f"{size} entries were signed for, {tree.end} are there"
            yield Finding(Kind.GAP, text)
    async for size, level, index, _ in nodes.rest():
        if size > tree.end:
            yield Finding(Kind.NODE, f"node {level}/{index} is beyond the log")


@dataclass(slots=True)
class _Tree:
    """The log as it grows; after a missing entry no hash above leaves can be known."""

    counts: Counts
    outside: Outside
    signed: int
    """The greatest size with a checkpoint: up to here nodes are stored."""
    announced: list[tuple[int, bytes]] = field(default_factory=list)
    end: int = 0
    _peaks: merkle.Peaks = field(default_factory=merkle.Peaks)
    _last: dt.datetime = _EARLIEST
    _is_whole: bool = True
    _roots: dict[int, bytes] = field(default_factory=dict)
    _nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def expect(self, roots: Sequence[Row], nodes: Sequence[Row]) -> None:
        """Take what is stored for the sizes of the next block."""
        self.counts.checkpoints += len(roots)
        self.counts.nodes += len(nodes)
        self._roots |= dict(roots)
        self._nodes |= {(level, index): found for _, level, index, found in nodes}

    def grow(self, block: Sequence[Row]) -> Iterator[Finding]:
        """Add entries and yield what does not fit."""
        outside = {each.size: each.root for each in self.outside.checkpoints}
        wanted = self._roots.keys() | outside.keys()
        self.counts.entries += len(block)
        for index, kind, record, leaf, at in block:
            if index != self.end:
                yield from self._jump(index)
            self.end = index + 1
            yield from self._entry(index, kind, record, leaf, at)
            if not self._is_whole:
                continue
            for level, place, found in self._peaks.append(leaf):
                yield from self._node(level, place, found)
            if self.end in wanted:
                yield from self._root(self._peaks.root(), outside.get(self.end))
        yield from self._left_over()

    def remembered(self) -> Iterator[Finding]:
        """Yield who remembers more than there is."""
        for each in self.outside.checkpoints:
            if each.size > self.end:
                text = f"{each.size} entries are remembered, {self.end} are there"
                yield Finding(Kind.OUTSIDE, text)
            elif each.size == 0 and each.root != merkle.EMPTY_ROOT:
                yield Finding(Kind.OUTSIDE, "no empty log has the remembered root")

    def _jump(self, index: int) -> Iterator[Finding]:
        what = "is there twice" if index < self.end else f"follows {self.end - 1}"
        yield Finding(Kind.ORDER, f"entry {index} {what}; no root behind is checked")
        self._is_whole = False

    def _entry(
        self, index: int, kind: str, record: bytes, leaf: bytes, at: dt.datetime
    ) -> Iterator[Finding]:
        if merkle.leaf_hash(record) != leaf:
            yield Finding(Kind.ENTRY, f"entry {index} is not what its hash says")
        if at <= self._last:
            yield Finding(Kind.ORDER, f"entry {index} is not later than the one before")
        self._last = at
        try:
            head = _HEAD.decode(record)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield Finding(Kind.ENTRY, f"entry {index} is no record")
            return
        if head.recorded_at != instant_text(at):
            yield Finding(
                Kind.ENTRY, f"entry {index} says another instant than its row"
            )
        if head.schema != kind:
            yield Finding(Kind.ENTRY, f"entry {index} is {head.schema}, not {kind}")
        elif kind == KEY_SCHEMA:
            self.counts.keys += 1
            self.announced.append((index, record))

    def _node(self, level: int, index: int, found: bytes) -> Iterator[Finding]:
        stored = self._nodes.pop((level, index), None)
        if stored is None and self.end <= self.signed:
            yield Finding(Kind.NODE, f"node {level}/{index} is missing")
        if stored not in (None, found):
            yield Finding(Kind.NODE, f"node {level}/{index} is not above its entries")

    def _root(self, found: bytes, remembered: bytes | None) -> Iterator[Finding]:
        if self._roots.pop(self.end, found) != found:
            text = f"the checkpoint of {self.end} entries has another root than they"
            yield Finding(Kind.ROOT, text)
        if remembered not in (None, found):
            text = f"another root is remembered for the first {self.end} entries"
            yield Finding(Kind.OUTSIDE, text)

    def _left_over(self) -> Iterator[Finding]:
        if self._is_whole:
            for level, index in self._nodes:
                yield Finding(Kind.NODE, f"node {level}/{index} has no place")
            for size, root in self._roots.items():
                if size or root != merkle.EMPTY_ROOT:
                    yield Finding(Kind.ROOT, f"no log has {size} entries and that root")
        self._nodes.clear()
        self._roots.clear()


def _check_keys(
    announced: Sequence[tuple[int, bytes]], held: Sequence[Verifier]
) -> Iterator[Finding]:
    """Yield where a key does not follow the one before, or is not ours."""
    before: str | None = None
    for index, record in announced:
        try:
            key = keys.parse_announcement(record)
            names = {note.parse_vkey(each).name for each in (key.vkey, key.previous)}
        except ValueError:
            yield Finding(Kind.KEY, f"entry {index} announces no key")
            continue
        if before not in (None, key.previous) or len(names) != 1:
            yield Finding(Kind.KEY, f"the key of entry {index} follows another one")
        before = key.vkey
    if before is not None and held and before not in {each.vkey for each in held}:
        yield Finding(Kind.KEY, f"the log announces a key that is not ours: {before}")


def _origin(fsck: Fsck, tree: _Tree) -> str | None:
    """Return the log's name in its checkpoints, as far as it is known."""
    known = [each.name for each in fsck.outside.keys]
    known += [each.origin for each in fsck.outside.checkpoints]
    if known:
        return known[0]
    for _, record in tree.announced:
        with suppress(ValueError):
            return keys.parse_announcement(record).vkey.partition("+")[0]
    return None


def _refusal(
    witness: Verifier, line: str, signed: tuple[str, int, bytes] | None
) -> str | None:
    """Return what is wrong with a witness's line, if anything."""
    if signed is None:
        return "there is no such checkpoint"
    text = Checkpoint(*signed).text
    try:
        if note.parse_note(note.signed(text, [line])).verified([witness]):
            return None
    except (note.Malformed, note.SignatureRefused) as error:
        return str(error)
    return "it is of another key"


async def _blocks(database: Database, statement: str) -> AsyncIterator[list[Row]]:
    cursor = await database.cursor(statement)
    while block := await cursor.fetch(_BLOCK):
        yield block


@dataclass(slots=True)
class _Ahead:
    """Rows in order of their first column, read as far as they are wanted."""

    blocks: AsyncIterator[list[Row]]
    held: list[Row] = field(default_factory=list)

    async def up_to(self, end: int) -> list[Row]:
        """Return the rows whose first column is at most *end*."""
        while not self.held or self.held[-1][0] <= end:
            block = await anext(self.blocks, None)
            if block is None:
                break
            self.held += block
        count = sum(row[0] <= end for row in self.held)
        found, self.held = self.held[:count], self.held[count:]
        return found

    async def rest(self) -> AsyncIterator[Row]:
        """Yield the rows that nobody wanted."""
        for row in self.held:
            yield row
        async for block in self.blocks:
            for row in block:
                yield row
