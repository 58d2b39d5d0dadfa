"""The Merkle tree of RFC 6962 section 2.1, its proofs and its tiles. Pure.

A range [first, end) names the leaves below one hash. A tile level is eight levels of
the tree: node n of level l is the root of the 256^l leaves from n · 256^l on, so that
level 0 holds the leaf hashes and all that a proof needs is in a few runs of nodes.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

HASH: Final = 32
HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
LARGEST: Final = 2**63 - 1
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Range: TypeAlias = tuple[int, int]


class ProofRefused(ValueError):
    """A proof does not show what it should; the text says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """Nodes `first` to `first` + `count` - 1 of a tile level: one complete subtree."""

    level: int
    first: int
    count: int


Read: TypeAlias = Callable[[Run], Sequence[bytes]]


def leaf_hash(entry: bytes) -> bytes:
    """Return the 32-byte hash of a leaf that holds *entry*."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def inclusion(index: int, size: int) -> tuple[Range, ...]:
    """Return the ranges whose hashes prove leaf *index* of *size*, the lowest first."""
    if not 0 <= index < size:
        raise ValueError(index)
    found: list[Range] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((first, middle))
            first = middle
    return tuple(reversed(found))


def consistency(old: int, new: int) -> tuple[Range, ...]:
    """Return the ranges that prove *new* to begin with *old*, the lowest first."""
    if not 0 < old <= new:
        raise ValueError(old)
    found: list[Range] = []
    first, end = 0, new
    while end != old:
        middle = first + _split(end - first)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((first, middle))
            first = middle
    if first:  # otherwise the verifier has the root of *old* already
        found.append((first, end))
    return tuple(reversed(found))


def runs(wanted: Range) -> tuple[Run, ...]:
    """Return the complete subtrees that a range consists of, from left to right."""
    first, end = wanted
    found: list[Run] = []
    while first < end:
        height = (end - first).bit_length() - 1
        level, count = height // HEIGHT, 1 << height % HEIGHT
        found.append(Run(level, first >> level * HEIGHT, count))
        first += 1 << height
    return tuple(found)


def range_hash(wanted: Range, read: Read) -> bytes:
    """Return the hash of a range out of the nodes that *read* finds."""
    return _fold(_complete(read(run)) for run in runs(wanted))


def edge(size: int) -> tuple[Run, ...]:
    """Return the nodes of each level that are in no complete tile at *size*.

    From level 0 up to the highest one that has any.
    """
    found: list[Run] = []
    width = size
    while width:
        found.append(Run(len(found), width - width % WIDTH, width % WIDTH))
        width //= WIDTH
    return tuple(found)


@dataclass(slots=True)
class Accumulator:
    """A tree that grows leaf by leaf, of which only the right edge is held."""

    size: int = 0
    levels: list[list[bytes]] = field(default_factory=list)
    """By level the nodes that are in no complete tile yet."""

    def append(self, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Add a leaf hash; yield level, index and hash of each node it completes."""
        self.size += 1
        level, node = 0, leaf
        while True:
            if level == len(self.levels):
                self.levels.append([])
            self.levels[level].append(node)
            if len(self.levels[level]) < WIDTH:
                return
            node = _complete(self.levels[level])
            self.levels[level].clear()
            level += 1
            yield level, (self.size >> level * HEIGHT) - 1, node

    def root(self) -> bytes:
        """Return the root of what was added."""
        if not self.size:
            return EMPTY_ROOT
        held = {run.level: run for run in edge(self.size)}

        def read(run: Run) -> Sequence[bytes]:
            start = run.first - held[run.level].first
            return self.levels[run.level][start : start + run.count]

        return range_hash((0, self.size), read)


@dataclass(slots=True)
class Peaks:
    """The same for whoever wants the root at every size: one hash a leaf is kept ready.

    Held are the roots of the complete subtrees, one for each binary digit of the size.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Add a leaf hash; yield level, index and hash of each node it completes."""
        self.size += 1
        node, height, rest = leaf, 0, self.size
        while not rest & 1:
            node = node_hash(self.peaks.pop(), node)
            height, rest = height + 1, rest >> 1
            if not height % HEIGHT:
                yield height // HEIGHT, rest - 1, node
        self.peaks.append(node)

    def root(self) -> bytes:
        """Return the root of what was added."""
        return _fold(self.peaks) if self.peaks else EMPTY_ROOT


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the root of a tree of leaf hashes."""
    tree = Accumulator()
    for leaf in leaves:
        for _ in tree.append(leaf):
            pass
    return tree.root()


def verify_inclusion(
    index: int, size: int, leaf: bytes, path: Sequence[bytes], expected: bytes
) -> None:
    """Raise `ProofRefused` unless *leaf* is number *index* below root *expected*.

    RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size <= LARGEST:
        raise ProofRefused("the index is not below the size")
    _check_hashes(leaf, expected, *path)
    found = leaf
    for each, is_left in _climb(index, size - 1, path):
        found = node_hash(each, found) if is_left else node_hash(found, each)
    if found != expected:
        raise ProofRefused("the proof does not lead to the root")


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Raise `ProofRefused` unless the tree of *new* leaves begins with that of *old*.

    RFC 9162 section 2.1.4.2. Size 0 proves nothing and is refused.
    """
    if not 0 < old <= new <= LARGEST:
        raise ProofRefused("the sizes are not in order")
    _check_hashes(old_root, new_root, *path)
    if old == new:
        if path or old_root != new_root:
            raise ProofRefused("one size has one root, and no proof")
        return
    if not path:
        raise ProofRefused("the proof is empty")
    first, *others = path if old & (old - 1) else (old_root, *path)
    node, last = _up(old - 1, new - 1)
    before = after = first
    for each, is_left in _climb(node, last, others):
        if is_left:
            before, after = node_hash(each, before), node_hash(each, after)
        else:
            after = node_hash(after, each)
    if (before, after) != (old_root, new_root):
        raise ProofRefused("the proof does not lead to both roots")


def _climb(node: int, last: int, path: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each sibling from *node* up, and whether it stands on the left."""
    for each in path:
        if not last:
            raise ProofRefused("the proof is too long")
        is_left = bool(node & 1) or node == last
        yield each, is_left
        while is_left and node and not node & 1:  # a node at the edge without sibling
            node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    if last:
        raise ProofRefused("the proof is too short")


def _up(node: int, last: int) -> tuple[int, int]:
    """Return the root of the complete subtree that ends with *node*."""
    while node & 1:
        node, last = node >> 1, last >> 1
    return node, last


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Return the address of a tile below the log's prefix (C2SP tlog-tiles)."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(groups)}{partial}"


def tile_width(level: int, index: int, size: int) -> int:
    """Return how many hashes that tile has at *size*; 0 without any."""
    nodes = size >> level * HEIGHT
    return max(0, min(WIDTH, nodes - index * WIDTH))


def _split(size: int) -> int:
    """Return the largest power of two below *size*."""
    return 1 << (size - 1).bit_length() - 1


def _complete(nodes: Sequence[bytes]) -> bytes:
    """Return the root of a complete subtree."""
    while len(nodes) > 1:
        pairs = zip(nodes[::2], nodes[1::2], strict=True)
        nodes = [node_hash(left, right) for left, right in pairs]
    return nodes[0]


def _fold(subtrees: Iterable[bytes]) -> bytes:
    """Return the hash above complete subtrees, each smaller than the one before."""
    *others, found = subtrees
    for each in reversed(others):
        found = node_hash(each, found)
    return found


def _check_hashes(*hashes: bytes) -> None:
    if any(len(each) != HASH for each in hashes):
        raise ProofRefused("a hash has 32 bytes")
