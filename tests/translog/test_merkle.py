"""The tree, its proofs and its tiles, against published vectors and themselves."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.translog import merkle
from app.translog.merkle import Accumulator, ProofRefused, Run

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "trust_vectors.json").read_text("utf-8")
)
RFC = VECTORS["rfc6962"]
LEAVES = [merkle.leaf_hash(bytes.fromhex(each)) for each in RFC["leaf_inputs_hex"]]
BYTE_LEAVES = [merkle.leaf_hash(bytes([n])) for n in range(130)]


def reference(leaves: Sequence[bytes]) -> bytes:
    """The definition of RFC 6962, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return merkle.node_hash(reference(leaves[:k]), reference(leaves[k:]))


def reader(leaves: Sequence[bytes]) -> merkle.Read:
    def read(run: Run) -> Sequence[bytes]:
        if not run.level:
            return leaves[run.first : run.first + run.count]
        width = merkle.WIDTH**run.level
        return [
            merkle.root(leaves[n * width : (n + 1) * width])
            for n in range(run.first, run.first + run.count)
        ]

    return read


def prove(leaves: Sequence[bytes], ranges: Sequence[merkle.Range]) -> list[bytes]:
    return [merkle.range_hash(each, reader(leaves)) for each in ranges]


@cache
def of_bytes(first: int, end: int) -> str:
    return merkle.range_hash((first, end), reader(BYTE_LEAVES)).hex()


def proof_line(ranges: Sequence[merkle.Range], start: int = 0) -> str:
    return "".join(f" {of_bytes(start + a, start + b)}" for a, b in ranges)


def rolled(lines: Iterator[str]) -> str:
    return hashlib.sha256("".join(f"{each}\n" for each in lines).encode()).hexdigest()


class TestHashes:
    def test_leaves_are_those_of_the_reference(self) -> None:
        assert [each.hex() for each in LEAVES] == RFC["leaf_hashes"]
        assert merkle.leaf_hash(b"").hex() == RFC["empty_leaf"]
        assert merkle.leaf_hash(b"L123456").hex() == RFC["leaf_L123456"]

    def test_inner_nodes_are_those_of_the_reference(self) -> None:
        assert merkle.node_hash(b"N123", b"N456").hex() == RFC["node_N123_N456"]
        nodes = LEAVES
        for level in ("level1", "level2", "level3"):
            nodes = [
                merkle.node_hash(*nodes[n : n + 2]) for n in range(0, len(nodes), 2)
            ]
            assert [each.hex() for each in nodes] == RFC[level]

    def test_roots_are_those_of_the_reference(self) -> None:
        found = [merkle.root(LEAVES[:size]).hex() for size in range(9)]
        assert found == RFC["roots_by_size_0_to_8"]
        assert merkle.EMPTY_ROOT.hex() == RFC["empty_root"]

    @pytest.mark.parametrize("size", [7, 70, 130])
    def test_roots_of_byte_leaves(self, size: int) -> None:
        expected = VECTORS["derived"]["bytes_tree_roots"][str(size)]
        assert merkle.root(BYTE_LEAVES[:size]).hex() == expected

    def test_roots_across_tiles(self) -> None:
        leaves = [merkle.leaf_hash(f"leaf {n}".encode()) for n in range(1000)]
        for size, expected in VECTORS["derived"]["leaf_N_roots"].items():
            assert merkle.root(leaves[: int(size)]).hex() == expected

    def test_a_leaf_of_two_hashes_is_not_their_parent(self) -> None:
        assert merkle.leaf_hash(LEAVES[0] + LEAVES[1]) != merkle.node_hash(*LEAVES[:2])

    def test_no_leaf_is_doubled_to_fill_the_tree(self) -> None:
        assert merkle.root(LEAVES[:3]) != merkle.root([*LEAVES[:3], LEAVES[2]])


class TestRolledVectors:
    """One digest over every subtree, proof for proof."""

    def test_every_subtree(self) -> None:
        # Subtrees of this draft begin at a multiple of the power of two above them.
        lines = (
            f"[{s}, {e}) {merkle.root(BYTE_LEAVES[s:e]).hex()}"
            for e in range(131)
            for s in range(e + 1)
            if is_subtree(s, e)
        )
        expected = VECTORS["accumulated_subtree_vectors"]["subtree_hash"]
        assert rolled(lines) == expected

    def test_every_inclusion_proof_of_every_subtree(self) -> None:
        lines = (
            f"{i} [{s}, {e}){proof_line(merkle.inclusion(i - s, e - s), s)}"
            for e in range(131)
            for s in range(e)
            if is_subtree(s, e)
            for i in range(s, e)
        )
        expected = VECTORS["accumulated_subtree_vectors"]["subtree_inclusion"]
        assert rolled(lines) == expected

    def test_every_inclusion_proof(self) -> None:
        lines = (
            f"{i} {n}{proof_line(merkle.inclusion(i, n))}"
            for n in range(1, 131)
            for i in range(n)
        )
        expected = VECTORS["derived"]["rolled_all_inclusion_1_130"]["sha256"]
        assert rolled(lines) == expected

    def test_every_consistency_proof(self) -> None:
        lines = (
            f"{m} {n}{proof_line(merkle.consistency(m, n))}"
            for n in range(1, 131)
            for m in range(1, n + 1)
        )
        expected = VECTORS["derived"]["rolled_all_consistency_1_130"]["sha256"]
        assert rolled(lines) == expected


def is_subtree(s: int, e: int) -> bool:
    return s in {0, e} or s % (1 << (e - s - 1).bit_length()) == 0


@pytest.mark.parametrize("probe", VECTORS["positive_probes"])
def test_probes_of_the_reference_are_accepted(probe: dict[str, Any]) -> None:
    path = [bytes.fromhex(each) for each in probe["proof"]]
    if probe["kind"] == "inclusion":
        leaf, root = (bytes.fromhex(probe[name]) for name in ("leafHash", "root"))
        index, size = probe["leafIdx"], probe["treeSize"]
        merkle.verify_inclusion(index, size, leaf, path, root)
        if size <= len(LEAVES):
            assert prove(LEAVES, merkle.inclusion(index, size)) == path
    else:
        old, new = probe["size1"], probe["size2"]
        one, two = (bytes.fromhex(probe[name]) for name in ("root1", "root2"))
        merkle.verify_consistency(old, new, one, two, path)
        if new <= len(LEAVES):
            assert prove(LEAVES, merkle.consistency(old, new)) == path


GARBAGE = hashlib.sha256(b"garbage").digest()
EMPTY = merkle.EMPTY_ROOT
Inclusion = tuple[int, int, bytes, list[bytes], bytes]
Consistency = tuple[int, int, bytes, bytes, list[bytes]]


def paths(path: list[bytes], *roots: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """The ways in which the list of a proof is spoiled."""
    for at, each in enumerate(path):
        bit = bytes([each[0] ^ 1, *each[1:]])
        yield f"bit {at}", [*path[:at], bit, *path[at + 1 :]]
        yield f"removed {at}", [*path[:at], *path[at + 1 :]]
        yield f"inserted {at}", [*path[:at], GARBAGE, *path[at:]]
        yield f"doubled {at}", [*path[:at], each, *path[at:]]
        yield f"short hash {at}", [*path[:at], each[:-1], *path[at + 1 :]]
        yield f"long hash {at}", [*path[:at], each + b"\0", *path[at + 1 :]]
    for at, (one, two) in enumerate(pairwise(path)):
        yield f"swapped {at}", [*path[:at], two, one, *path[at + 2 :]]
    for each in (GARBAGE, EMPTY, *roots):
        yield f"before {each[:2].hex()}", [each, *path]
        yield f"after {each[:2].hex()}", [*path, each]
    yield "one empty hash", [b""]
    if path:
        yield "empty", []


def spoiled_inclusions(proof: Inclusion) -> Iterator[tuple[str, Inclusion]]:
    index, size, leaf, path, root = proof
    for name, other in (
        ("index + 1", index + 1),
        ("index - 1", index - 1),
        ("index ^ 2", index ^ 2),
        ("index = size", size),
        ("index beyond", size + 5),
        ("index 2^63", 2**63),
    ):
        yield name, (other, size, leaf, path, root)
    for name, other in (("size * 2", size * 2), ("size / 2", size // 2), ("size 0", 0)):
        yield name, (index, other, leaf, path, root)
    yield "size 2^63", (index, 2**63, leaf, path, root)
    for other_root in (EMPTY, GARBAGE, b"", root[:-1], leaf if path else GARBAGE):
        yield "root", (index, size, leaf, path, other_root)
    for other_leaf in (GARBAGE, root if path else GARBAGE, b"", leaf[:-1]):
        yield "leaf", (index, size, other_leaf, path, root)
    for name, other_path in paths(path, root, leaf):
        yield name, (index, size, leaf, other_path, root)


def spoiled_consistencies(proof: Consistency) -> Iterator[tuple[str, Consistency]]:
    old, new, old_root, new_root, path = proof
    for name, other in (
        ("old - 1", old - 1),
        ("old + 1", old + 1),
        ("old ^ 2", old ^ 2),
        ("old 0", 0),
        ("old above new", new + 1),
    ):
        yield name, (other, new, old_root, new_root, path)
    for name, other in (
        ("new * 2", new * 2),
        ("new / 2", new // 2),
        ("new 2^63", 2**63),
    ):
        yield name, (old, other, old_root, new_root, path)
    if old_root != new_root:
        yield "roots swapped", (old, new, new_root, old_root, path)
        yield "old root twice", (old, new, old_root, old_root, path)
        yield "new root twice", (old, new, new_root, new_root, path)
    for other_root in (EMPTY, GARBAGE, b"", old_root[:-1]):
        yield "old root", (old, new, other_root, new_root, path)
        yield "new root", (old, new, old_root, other_root, path)
    for name, other_path in paths(path, old_root, new_root):
        yield name, (old, new, old_root, new_root, other_path)


INCLUSIONS = [
    (0, 1),
    (0, 8),
    (5, 8),
    (2, 3),
    (1, 5),
    (4, 5),
    (6, 7),
    (63, 130),
    (129, 130),
]
CONSISTENCIES = [(1, 1), (1, 8), (6, 8), (2, 5), (6, 7), (8, 8), (64, 130), (129, 130)]


@pytest.mark.parametrize(("index", "size"), INCLUSIONS)
def test_a_spoiled_inclusion_proof_is_refused(index: int, size: int) -> None:
    leaves = BYTE_LEAVES[:size]
    path = prove(leaves, merkle.inclusion(index, size))
    proof: Inclusion = index, size, leaves[index], path, merkle.root(leaves)
    merkle.verify_inclusion(*proof)

    for _, other in spoiled_inclusions(proof):
        with pytest.raises(ProofRefused):
            merkle.verify_inclusion(*other)


@pytest.mark.parametrize(("old", "new"), CONSISTENCIES)
def test_a_spoiled_consistency_proof_is_refused(old: int, new: int) -> None:
    path = prove(BYTE_LEAVES, merkle.consistency(old, new))
    roots = merkle.root(BYTE_LEAVES[:old]), merkle.root(BYTE_LEAVES[:new])
    proof: Consistency = old, new, *roots, path
    merkle.verify_consistency(*proof)

    for _, other in spoiled_consistencies(proof):
        with pytest.raises(ProofRefused):
            merkle.verify_consistency(*other)


@given(st.integers(1, 700), st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_is_proved_verifies(size: int, data: st.DataObject) -> None:
    leaves = [merkle.leaf_hash(n.to_bytes(2, "big")) for n in range(size)]
    root = merkle.root(leaves)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    path = prove(leaves, merkle.inclusion(index, size))
    merkle.verify_inclusion(index, size, leaves[index], path, root)
    old_root = merkle.root(leaves[:old])
    path = prove(leaves, merkle.consistency(old, size))
    merkle.verify_consistency(old, size, old_root, root, path)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 700])
def test_the_right_edge_is_enough_to_go_on(size: int) -> None:
    leaves = [merkle.leaf_hash(n.to_bytes(2, "big")) for n in range(size)]
    tree = Accumulator()
    completed = [node for leaf in leaves for node in tree.append(leaf)]

    assert tree.root() == reference(leaves)
    assert [len(level) for level in tree.levels] == [r.count for r in merkle.edge(size)]
    for level, index, digest in completed:
        width = merkle.WIDTH**level
        assert digest == reference(leaves[index * width : (index + 1) * width])
    assert len(completed) == size // merkle.WIDTH


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 3)])
def test_nothing_is_proved_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=str(index)):
        merkle.inclusion(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 3)])
def test_no_size_is_proved_to_continue_a_later_one(old: int, new: int) -> None:
    with pytest.raises(ValueError, match=str(old)):
        merkle.consistency(old, new)


class TestTiles:
    def test_addresses(self) -> None:
        expected = VECTORS["tiles"]["path_1234067"]
        assert merkle.tile_path(0, 1234067) == f"tile/0/{expected}"
        assert merkle.tile_path("entries", 0, 5) == "tile/entries/000.p/5"
        assert merkle.tile_path(2, 999) == "tile/2/999"
        assert merkle.tile_path(2, 1000) == "tile/2/x001/000"

    @pytest.mark.parametrize("size", [256, 70_000])
    def test_widths(self, size: int) -> None:
        expected = VECTORS["tiles"][f"size_{size}"]
        found: dict[str, int] = {}
        for level in range(3):
            full = (size >> 8 * level) // merkle.WIDTH
            widths = [merkle.tile_width(level, n, size) for n in range(full + 2)]
            assert widths[:full] == [merkle.WIDTH] * full
            assert widths[-1] == 0
            found |= {f"L{level}_full": full, f"L{level}_partial": widths[full]}
        assert {name: found[name] for name in expected} == expected
