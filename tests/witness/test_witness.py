"""The witness: the conversation of the reference, and whoever would make it forget."""

import json
import threading
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from app.translog import merkle, note
from app.translog.note import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    Malformed,
    Signer,
    Verifier,
)
from app.witness import judging
from app.witness.judging import Refused
from app.witness.service import BadKeyFile, Memory, Witness, load_key

ROOT = Path(__file__).parents[2]
VECTORS: dict[str, Any] = json.loads(
    (ROOT / "tests" / "translog" / "trust_vectors.json").read_text("utf-8")
)["witness"]
ORIGIN = VECTORS["origin"]
SIGSUM = Verifier(ORIGIN, ED25519, bytes.fromhex(VECTORS["ed25519_public_key"]))
PROOFS = {(1, 3): VECTORS["consistency_1_3"], (3, 5): VECTORS["consistency_3_5"]}
KEY = Signer("witness.example", COSIGNATURE, b"\x05" * 32)
LOG = Signer("log.example", ED25519, b"\x06" * 32)
NEXT = Signer("log.example", ED25519, b"\x07" * 32)
STRANGER = Signer("log.example", ED25519, b"\x09" * 32)
TIME = 1_790_000_000
LEAVES = [merkle.leaf_hash(bytes([n])) for n in range(100)]


def sigsum(size: int) -> str:
    root, signature = VECTORS["checkpoints"][str(size)]
    return f"{ORIGIN}\n{size}\n{root}\n\n— {ORIGIN} {signature}\n"


def body(old: object, proof: list[str], signed: str) -> bytes:
    lines = "".join(f"{each}\n" for each in proof)
    return f"old {old}\n{lines}\n{signed}".encode()


def point(size: int) -> Checkpoint:
    return Checkpoint(LOG.name, size, merkle.root(LEAVES[:size]))


def signed(size: int, *keys: Signer) -> str:
    text = point(size).text
    return note.signed(text, [each.sign(text) for each in keys or [LOG]])


def proof(old: int, new: int) -> list[str]:
    def read(run: merkle.Run) -> list[bytes]:
        return LEAVES[run.first : run.first + run.count]

    ranges = merkle.consistency(old, new) if old else ()
    return [note.write_hash(merkle.range_hash(each, read)) for each in ranges]


def ask(witness: Witness, old: int, new: int) -> str:
    return witness.add_checkpoint(body(old, proof(old, new), signed(new)))


def refusal(witness: Witness, request: bytes) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        witness.add_checkpoint(request)
    return caught.value.status, str(caught.value)


def status(witness: Witness, request: bytes) -> int:
    return refusal(witness, request)[0]


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    logs = judging.group([SIGSUM, LOG.verifier, NEXT.verifier])
    return Witness(KEY, logs, Memory(tmp_path), lambda: TIME)


def test_the_conversation_of_the_reference(witness: Witness) -> None:
    assert SIGSUM.key_id.hex() == VECTORS["key_id"]
    right = body(1, PROOFS[1, 3], sigsum(3))
    line = note.parse_note(sigsum(3)).signatures[0]
    last = bytes([line.signature[-1] ^ 1])
    other = note.Signature(line.name, line.key_id, line.signature[:-1] + last)
    spoiled = note.signed(note.parse_note(sigsum(3)).text, [other.line])
    wrong = [PROOFS[1, 3][0], PROOFS[1, 3][0]]

    assert witness.add_checkpoint(body(0, [], sigsum(1)))
    assert status(witness, body(1, PROOFS[1, 3], spoiled)) == 403
    assert (
        status(witness, body(1, [], sigsum(3).replace("sigsum.org", "other.org")))
        == 404
    )
    assert status(witness, body(1, [], sigsum(3))) == 422
    assert status(witness, body(1, wrong, sigsum(3))) == 422
    assert witness.add_checkpoint(right)
    assert refusal(witness, body(1, PROOFS[1, 3], sigsum(5))) == (409, "3\n")
    assert witness.add_checkpoint(body(3, PROOFS[3, 5], sigsum(5)))
    assert refusal(witness, body(0, [], sigsum(5))) == (409, "5\n")
    assert status(witness, body(5, [], sigsum(5).partition("\n\n")[0] + "\n")) == 400
    assert status(witness, body("five", [], sigsum(5))) == 400


def test_the_answer_is_a_cosignature_of_the_checkpoint(witness: Witness) -> None:
    line = ask(witness, 0, 7)

    parsed = note.parse_note(signed(7) + line)
    (found,) = parsed.verified([KEY.verifier])
    assert note.signed_at(found.signature) == TIME
    assert found.line == line


def test_asked_again_it_signs_again(witness: Witness) -> None:
    """An answer that was lost can be had once more."""
    assert ask(witness, 0, 7) == ask(witness, 7, 7)
    assert ask(witness, 7, 9)


def fork(size: int) -> str:
    text = Checkpoint(LOG.name, size, merkle.root(LEAVES[1 : size + 1])).text
    return note.signed(text, [LOG.sign(text)])


def not_empty(root: bytes) -> str:
    text = Checkpoint(LOG.name, 0, root).text
    return note.signed(text, [LOG.sign(text)])


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (body(7, [], fork(7)), 422),
        (body(7, proof(7, 9), fork(9)), 422),
        (body(7, proof(6, 9), signed(9)), 422),
        (body(7, [*proof(7, 9), proof(7, 9)[0]], signed(9)), 422),
        (body(7, proof(7, 9)[:-1], signed(9)), 422),
        (body(7, proof(7, 9), signed(7)), 422),
        (body(0, [], fork(7)), 409),
        (body(0, [], signed(9)), 409),
        (body(6, proof(6, 9), signed(9)), 409),
        (body(8, proof(8, 9), signed(9)), 409),
        (body(6, [], signed(6)), 409),
        (body(0, [], signed(0)), 409),
        (body(9, [], signed(8)), 400),
        (body(7, proof(7, 9), signed(9, STRANGER)), 403),
        (body(7, proof(7, 9), signed(9) + LOG.sign("other\n")), 403),
        (body(7, proof(7, 9), signed(9, KEY)), 403),
        (b"", 400),
        (b"old 7", 400),
        (b"old 7\n", 400),
        (b"old 7\n\n", 400),
        (body(7, proof(7, 9), signed(9))[1:], 400),
        (body("07", proof(7, 9), signed(9)), 400),
        (body("+7", proof(7, 9), signed(9)), 400),
        (body(" 7", proof(7, 9), signed(9)), 400),
        (body("٧", proof(7, 9), signed(9)), 400),
        (body("-1", proof(7, 9), signed(9)), 400),
        (body(2**63, [], signed(9)), 400),
        (body("", proof(7, 9), signed(9)), 400),
        (body(7, ["AAAA"], signed(9)), 400),
        (body(7, [note.write_hash(b"\0" * 31)], signed(9)), 400),
        (body(7, [note.write_hash(b"\0" * 33)], signed(9)), 400),
        (body(7, [each.rstrip("=") for each in proof(7, 9)], signed(9)), 400),
        (body(7, ["-" + each[1:] for each in proof(7, 9)], signed(9)), 400),
        (body(7, proof(7, 9) * 32, signed(9)), 400),
        (body(7, proof(7, 9), signed(9)).replace(b"\n", b"\r\n"), 400),
        (body(7, proof(7, 9), signed(9)) + b"\xff", 400),
        (body(7, proof(7, 9), signed(9).replace("\n9\n", "\n09\n")), 400),
        (body(7, proof(7, 9), signed(9).replace("=\n\n", "=\nextension\n\n")), 400),
        (body(7, proof(7, 9), signed(9).replace("ple\n", "ple \n")), 400),
    ],
)  # fmt: skip
def test_nothing_else_is_signed_or_remembered(
    witness: Witness, request_: bytes, expected: int
) -> None:
    ask(witness, 0, 7)
    before = witness.memory.path(LOG.name).read_bytes()

    assert status(witness, request_) == expected
    assert witness.memory.path(LOG.name).read_bytes() == before
    assert ask(witness, 7, 9)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (body(0, [note.write_hash(LEAVES[0])], signed(7)), 422),
        (body(0, [], not_empty(LEAVES[0])), 422),
        (body(0, [], not_empty(b"\0" * 32)), 422),
        (body(1, proof(1, 7), signed(7)), 409),
        (body(7, [], signed(7)), 409),
    ],
)
def test_a_log_that_is_new_here_begins_at_zero(
    witness: Witness, request_: bytes, expected: int
) -> None:
    assert status(witness, request_) == expected
    assert witness.memory.held(LOG.name) is None


def test_an_empty_log_may_begin(witness: Witness) -> None:
    assert ask(witness, 0, 0)
    assert ask(witness, 0, 0)
    assert ask(witness, 0, 7)


def test_a_line_forged_in_its_own_name_is_dropped(witness: Witness) -> None:
    forged = KEY.sign("another text\n", 5)
    witness.add_checkpoint(body(0, [], signed(7) + forged))

    stored = witness.memory.path(LOG.name).read_text("utf-8")
    assert KEY.name not in stored
    assert stored == signed(7)
    assert ask(witness, 7, 9)


def test_any_key_of_a_log_will_do(witness: Witness) -> None:
    for old, new, keys in ((0, 3, [LOG]), (3, 5, [LOG, NEXT]), (5, 7, [NEXT])):
        request = body(old, proof(old, new), signed(new, *keys))
        assert witness.add_checkpoint(request)


def test_logs_do_not_mix(witness: Witness) -> None:
    ask(witness, 0, 7)
    witness.add_checkpoint(body(0, [], sigsum(1)))

    held = [witness.memory.held(origin) for origin in (LOG.name, ORIGIN)]
    assert [each and each.size for each in held] == [7, 1]


def test_it_remembers_across_restarts(witness: Witness, tmp_path: Path) -> None:
    ask(witness, 0, 7)
    again = Witness(KEY, witness.logs, Memory(tmp_path))

    assert refusal(again, body(0, [], fork(9))) == (409, "7\n")
    assert ask(again, 7, 9)


@pytest.mark.parametrize("damage", ["", "x", sigsum(1), signed(7)[:40], "\ud800"])
def test_a_damaged_memory_is_not_begun_anew(witness: Witness, damage: str) -> None:
    ask(witness, 0, 7)
    data = damage.encode(errors="surrogatepass")
    witness.memory.path(LOG.name).write_bytes(data)

    with pytest.raises(Malformed):
        ask(witness, 0, 7)
    assert witness.memory.path(LOG.name).read_bytes() == data


def test_an_unwritten_memory_gives_no_signature(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(witness, 0, 7)

    def full(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("app.verify.files.os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        ask(witness, 7, 9)
    monkeypatch.undo()
    assert ask(witness, 7, 8)


def test_requests_at_the_same_time_never_roll_back(witness: Witness) -> None:
    """Of all that begin at one size, one wins; what follows is never smaller."""
    seen: list[int] = []
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.is_set():
            held = witness.memory.held(LOG.name)
            seen.append(held.size if held else 0)

    watcher = threading.Thread(target=watch)
    watcher.start()
    signed_sizes = race(witness, [*range(1, 41)] * 2)
    stopped.set()
    watcher.join()

    assert seen == sorted(seen)
    held = witness.memory.held(LOG.name)
    assert held is not None
    assert held.size == max(signed_sizes)
    assert held == point(held.size)


def race(witness: Witness, sizes: list[int]) -> list[int]:
    """Let eight clients push the log on as far as they get; return what was signed."""
    found: list[int] = []

    def push(own: list[int]) -> None:
        for size in own:
            held = witness.memory.held(LOG.name)
            old = held.size if held else 0
            if old <= size:
                try:
                    ask(witness, old, size)
                except Refused as error:
                    assert error.status is HTTPStatus.CONFLICT  # noqa: PT017
                else:
                    found.append(size)

    threads = [threading.Thread(target=push, args=(sizes[n::8],)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return found


def test_two_forks_at_once_are_never_both_signed(witness: Witness) -> None:
    ask(witness, 0, 1)
    ends = threading.Barrier(2)
    outcomes: list[object] = []
    text = Checkpoint(LOG.name, 2, merkle.root([LEAVES[0], LEAVES[5]])).text
    other = note.signed(text, [LOG.sign(text)])
    requests = [
        body(1, proof(1, 2), signed(2)),
        body(1, [note.write_hash(LEAVES[5])], other),
    ]

    def send(request: bytes) -> None:
        ends.wait()
        try:
            outcomes.append(witness.add_checkpoint(request))
        except Refused as error:
            outcomes.append(error.status)

    threads = [threading.Thread(target=send, args=(each,)) for each in requests]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert outcomes.count(HTTPStatus.CONFLICT) == 1
    assert len(outcomes) == 2


class TestKey:
    def test_it_is_made_once_and_only_its_owner_reads_it(self, tmp_path: Path) -> None:
        made = load_key(tmp_path / "key", "w.example")

        assert load_key(tmp_path / "key", "another") == made
        assert (made.name, made.kind) == ("w.example", COSIGNATURE)
        assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600

    def test_no_two_are_alike(self, tmp_path: Path) -> None:
        one, two = (load_key(tmp_path / name, "w.example") for name in ("a", "b"))
        assert one != two

    @pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
    def test_a_name_that_cannot_be_signed_with(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(BadKeyFile):
            load_key(tmp_path / "key", name)
        assert not (tmp_path / "key").exists()

    @pytest.mark.parametrize(
        "text", ["", "x", LOG.private_text, KEY.verifier.vkey, "é"]
    )
    def test_a_file_that_holds_no_key_of_a_witness(
        self, tmp_path: Path, text: str
    ) -> None:
        (tmp_path / "key").write_text(text, "utf-8")
        (tmp_path / "key").chmod(0o600)
        with pytest.raises(BadKeyFile):
            load_key(tmp_path / "key", "w.example")

    def test_a_key_that_others_read_is_not_used(self, tmp_path: Path) -> None:
        load_key(tmp_path / "key", "w.example")
        (tmp_path / "key").chmod(0o640)
        with pytest.raises(BadKeyFile):
            load_key(tmp_path / "key", "w.example")


def test_the_memory_is_of_the_log_that_it_is_named_after(witness: Witness) -> None:
    ask(witness, 0, 7)
    witness.memory.path(ORIGIN).write_bytes(witness.memory.path(LOG.name).read_bytes())
    with pytest.raises(Malformed):
        witness.memory.held(ORIGIN)
