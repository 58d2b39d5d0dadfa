"""`tanyin verify version`: what is right passes, and nothing else does."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.translog import merkle, note
from app.translog.note import Checkpoint
from tests.verify.conftest import Run
from tests.verify.world import (
    CODE,
    NOW,
    ORIGIN,
    OTHER,
    WITNESSES,
    Answer,
    Log,
    World,
    canonical,
    ordinary_log,
    signer,
)

PROOF = f"/v1/factors/{CODE}/versions/2/proof"
RECORD = f"/v1/factors/{CODE}/versions/2/record"
PIN = f"{CODE}@2"


def replace_proof(world: World, **members: Any) -> None:
    document = world.log.proof(2, world.size) | members
    world.instead[PROOF] = Answer(json.dumps(document).encode())


def test_a_version_is_verified_and_says_what_it_states(run: Run, world: World) -> None:
    code, answer = run("version", PIN)

    assert code == 0
    steps = {each["step"]: each["detail"] for each in answer["steps"]}
    assert "0.7 kgCO2e/kWh" in steps["statement"]
    assert hashlib.sha256(world.log.entries[2]).hexdigest() in steps["record"]
    assert steps["inclusion"] == "entry 2 of 9"


def test_the_digest_on_paper_is_compared(run: Run, world: World) -> None:
    digest = hashlib.sha256(world.log.entries[2]).hexdigest()

    assert run("version", PIN, "--sha256", digest.upper())[0] == 0
    assert run("version", PIN, "--sha256", "0" * 64)[0] == 3


@pytest.mark.parametrize("text", [False, True], ids=["json", "tlog-proof"])
def test_files_are_enough(
    run: Run, world: World, tmp_path: Path, *, text: bool
) -> None:
    proof = world.log.text_proof(2, 9) if text else json.dumps(world.log.proof(2, 9))
    (tmp_path / "proof").write_text(proof, "utf-8")
    (tmp_path / "record").write_bytes(world.log.entries[2])

    code, _ = run("version", PIN, "--record", "record", "--proof", "proof", "offline")

    assert code == 0
    assert world.asked == []


def test_a_checkpoint_file_takes_the_place_of_the_one_in_the_proof(
    run: Run, world: World, tmp_path: Path
) -> None:
    (tmp_path / "same").write_text(world.log.checkpoint(9), "utf-8")
    (tmp_path / "earlier").write_text(world.log.checkpoint(5), "utf-8")

    assert run("version", PIN, "--checkpoint", "same")[0] == 0
    assert run("version", PIN, "--checkpoint", "earlier")[0] == 3


def flip(data: bytes, at: int = 40) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def another_log() -> Log:
    log = ordinary_log()
    log.entries[0] = flip(log.entries[0])
    return log


def one_byte_of_the_record(world: World) -> None:
    world.instead[RECORD] = Answer(flip(world.log.entries[2]))


def record_with_a_byte_behind(world: World) -> None:
    world.instead[RECORD] = Answer(world.log.entries[2] + b"\n")


def record_of_another_version(world: World) -> None:
    world.instead[RECORD] = Answer(world.log.entries[0])


def another_version_altogether(world: World) -> None:
    record_of_another_version(world)
    world.instead[PROOF] = Answer(canonical(world.log.proof(0, world.size)))


def another_factor_altogether(world: World) -> None:
    world.instead[RECORD] = Answer(world.log.entries[1])
    world.instead[PROOF] = Answer(canonical(world.log.proof(1, world.size)))


def an_entry_of_another_kind(world: World) -> None:
    """It names this very version, and suspends it."""
    world.log.entries[3] = world.log.entries[3].replace(b'"version":1', b'"version":2')
    world.instead[RECORD] = Answer(world.log.entries[3])
    world.instead[PROOF] = Answer(canonical(world.log.proof(3, world.size)))


def another_index(world: World) -> None:
    replace_proof(world, log_index=3)


def an_index_beyond(world: World) -> None:
    replace_proof(world, log_index=9)


def a_negative_index(world: World) -> None:
    replace_proof(world, log_index=-1)


def swapped_path(world: World) -> None:
    first, second, *others = world.log.proof(2, world.size)["hashes"]
    replace_proof(world, hashes=[second, first, *others])


def shortened_path(world: World) -> None:
    replace_proof(world, hashes=world.log.proof(2, world.size)["hashes"][:-1])


def lengthened_path(world: World) -> None:
    hashes = world.log.proof(2, world.size)["hashes"]
    replace_proof(world, hashes=[*hashes, hashes[0]])


def one_bit_of_the_path(world: World) -> None:
    hashes = world.log.proof(2, world.size)["hashes"]
    wrong = f"{int(hashes[0], 16) ^ 1:064x}"
    replace_proof(world, hashes=[wrong, *hashes[1:]])


def root_beside(world: World) -> None:
    replace_proof(world, root_hash="0" * 64)


def size_beside(world: World) -> None:
    replace_proof(world, tree_size=8)


def leaf_beside(world: World) -> None:
    replace_proof(world, leaf_hash="0" * 64)


def proof_of_another_log_under_the_key(world: World) -> None:
    world.instead[PROOF] = Answer(canonical(another_log().proof(2, 8)))
    world.instead[RECORD] = Answer(flip(world.log.entries[2]))


def proof_of_another_log_under_our_checkpoint(world: World) -> None:
    hashes = another_log().proof(2, 8)["hashes"]
    replace_proof(world, hashes=hashes)


def checkpoint_of_another_size(world: World) -> None:
    replace_proof(world, checkpoint=world.log.checkpoint(8))


def a_stranger_signs(world: World) -> None:
    world.log.keys = [signer(2)]


def a_stranger_of_another_name_signs(world: World) -> None:
    world.log.keys = [signer(1, "other.example/log")]


def our_key_signs_for_another_log(world: World) -> None:
    text = Checkpoint("other.example/log", 9, world.log.root(9)).text
    replace_proof(world, checkpoint=note.signed(text, [world.log.keys[0].sign(text)]))


def one_bit_of_the_signature(world: World) -> None:
    text = world.log.checkpoint(9)
    head, _, line = text.rstrip("\n").rpartition(" ")
    data = note.parse_signature(text.rstrip("\n").rsplit("\n", 1)[1])
    assert line
    wrong = note.Signature(data.name, data.key_id, flip(data.signature, 20)).line
    replace_proof(world, checkpoint=head.rpartition("— ")[0] + wrong)


def a_good_and_a_forged_line(world: World) -> None:
    one_bit_of_the_signature(world)
    served = world.instead[PROOF]
    assert isinstance(served, Answer)
    forged = json.loads(served.body)["checkpoint"].rpartition("\n\n")[2]
    replace_proof(world, checkpoint=world.log.checkpoint(9) + forged)


def size_changed_below_the_signature(world: World) -> None:
    text = world.log.checkpoint(9).replace("\n9\n", "\n10\n")
    replace_proof(world, checkpoint=text)


def an_unsigned_note(world: World) -> None:
    text = world.log.checkpoint(9).partition("\n\n")[0] + "\n"
    replace_proof(world, checkpoint=text)


def an_extension_line(world: World) -> None:
    text = Checkpoint(ORIGIN, 9, world.log.root(9)).text + "extension\n"
    replace_proof(world, checkpoint=note.signed(text, [world.log.keys[0].sign(text)]))


def a_leading_zero(world: World) -> None:
    text = Checkpoint(ORIGIN, 9, world.log.root(9)).text.replace("\n9\n", "\n09\n")
    replace_proof(world, checkpoint=note.signed(text, [world.log.keys[0].sign(text)]))


def windows_line_ends(world: World) -> None:
    replace_proof(world, checkpoint=world.log.checkpoint(9).replace("\n", "\r\n"))


def a_lone_surrogate(world: World) -> None:
    replace_proof(world, checkpoint="\ud800" + world.log.checkpoint(9))


def hashes_in_capitals(world: World) -> None:
    hashes = world.log.proof(2, world.size)["hashes"]
    replace_proof(world, hashes=[each.upper() for each in hashes])


def hashes_of_31_bytes(world: World) -> None:
    replace_proof(world, hashes=["00" * 31])


def sixty_four_hashes(world: World) -> None:
    replace_proof(world, hashes=["00" * 32] * 64)


def an_index_that_is_true(world: World) -> None:
    replace_proof(world, log_index=True)


def a_key_twice(world: World) -> None:
    body = canonical(world.log.proof(2, world.size))
    world.instead[PROOF] = Answer(b'{"log_index":2,' + body[1:])


def nested_too_deeply(world: World) -> None:
    world.instead[PROOF] = Answer(b'{"a":' * 20_000)


def not_utf_8(world: World) -> None:
    world.instead[PROOF] = Answer(b'{"a":"\xff"}')


def a_list(world: World) -> None:
    world.instead[PROOF] = Answer(b"[1]")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (one_byte_of_the_record, 3),
        (record_with_a_byte_behind, 3),
        (record_of_another_version, 3),
        (another_version_altogether, 3),
        (another_factor_altogether, 3),
        (an_entry_of_another_kind, 3),
        (another_index, 3),
        (an_index_beyond, 3),
        (a_negative_index, 3),
        (swapped_path, 3),
        (shortened_path, 3),
        (lengthened_path, 3),
        (one_bit_of_the_path, 3),
        (root_beside, 3),
        (size_beside, 3),
        (leaf_beside, 3),
        (proof_of_another_log_under_the_key, 3),
        (proof_of_another_log_under_our_checkpoint, 3),
        (checkpoint_of_another_size, 3),
        (a_stranger_signs, 4),
        (a_stranger_of_another_name_signs, 4),
        (our_key_signs_for_another_log, 4),
        (one_bit_of_the_signature, 4),
        (a_good_and_a_forged_line, 4),
        (size_changed_below_the_signature, 4),
        (an_unsigned_note, 7),
        (an_extension_line, 7),
        (a_leading_zero, 7),
        (windows_line_ends, 7),
        (a_lone_surrogate, 7),
        (hashes_in_capitals, 7),
        (hashes_of_31_bytes, 7),
        (sixty_four_hashes, 7),
        (an_index_that_is_true, 7),
        (a_key_twice, 7),
        (nested_too_deeply, 7),
        (not_utf_8, 7),
        (a_list, 7),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_is_changed_is_refused(
    run: Run, world: World, change: Callable[[World], None], expected: int
) -> None:
    change(world)

    assert run("version", PIN)[0] == expected


def test_an_entry_that_says_nothing_is_no_version(run: Run, world: World) -> None:
    world.log.version(CODE, 4, world.log.entries[5], content={"value": 1})
    world.size = len(world.log.entries)
    assert run("version", f"{CODE}@4")[0] == 7


@pytest.mark.parametrize(
    ("signing", "asked", "expected"),
    [
        (3, [], 0),
        (2, ["--quorum", "2"], 0),
        (2, [], 4),
        (1, ["--quorum", "2"], 4),
        (0, ["--quorum", "1"], 4),
        (3, ["--quorum", "4"], 1),
        (3, ["--quorum", "0"], 1),
    ],
)
def test_enough_witnesses_must_have_signed(
    run: Run, world: World, signing: int, asked: list[str], expected: int
) -> None:
    world.log.witnesses = WITNESSES[:signing]
    witnesses = [a for w in WITNESSES for a in ("--witness", w.verifier.vkey)]

    assert run("version", PIN, *witnesses, *asked)[0] == expected


def test_a_forged_cosignature_is_not_passed_over(run: Run, world: World) -> None:
    world.log.witnesses = [*WITNESSES[:2]]
    text = world.log.checkpoint(9)
    line = WITNESSES[2].sign("another text\n", NOW)
    replace_proof(world, checkpoint=text + line)
    witnesses = [a for w in WITNESSES for a in ("--witness", w.verifier.vkey)]

    assert run("version", PIN, *witnesses, "--quorum", "2")[0] == 4


def test_one_key_under_two_names_is_one_witness(run: Run, world: World) -> None:
    twin = note.Signer("twin.example", note.COSIGNATURE, WITNESSES[0].seed)
    world.log.witnesses = [WITNESSES[0], twin]
    pair = [a for w in world.log.witnesses for a in ("--witness", w.verifier.vkey)]

    assert run("version", PIN, *pair)[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["version", "CNF-01-000001-15@1"],
        ["version", CODE],
        ["version", f"{CODE}@0"],
        ["version", f"{CODE}@01"],
        ["version", f"{CODE}@../../log"],
        ["version"],
        ["nonsense"],
        [],
        ["version", PIN, "--key", "nonsense"],
        ["version", PIN, "--key", WITNESSES[0].verifier.vkey],
        ["version", PIN, "--witness", signer(1).verifier.vkey],
        ["version", PIN, "--url", "file:///etc/passwd"],
        ["version", PIN, "--max-age", "-1"],
        ["version", PIN, "--timeout", "nan"],
        ["version", PIN, "--record", "/does/not/exist"],
        ["history", OTHER, "--record", "x"],
        ["monitor"],
    ],
    ids=" ".join,
)
def test_what_is_called_wrongly_is_said(run: Run, arguments: list[str]) -> None:
    assert run(*arguments)[0] == 1


def test_without_a_source_nothing_is_verified(run: Run) -> None:
    assert run("version", PIN, "offline")[0] == 1
    assert run("history", CODE, "offline")[0] == 1


def test_the_leaf_prefix_is_not_forgotten(run: Run, world: World) -> None:
    """The SHA-256 of a record is not its leaf hash."""
    record = world.log.entries[2]
    plain = hashlib.sha256(record).hexdigest()
    assert plain != merkle.leaf_hash(record).hex()
    replace_proof(world, leaf_hash=plain)

    assert run("version", PIN)[0] == 3
