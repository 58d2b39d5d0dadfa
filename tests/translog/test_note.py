"""Notes, checkpoints, keys, proofs: what would have been written and nothing else."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.translog import merkle, note
from app.translog.note import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    Malformed,
    Note,
    Proof,
    SignatureRefused,
    Signer,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "trust_vectors.json").read_text("utf-8")
)
NOTES = VECTORS["signed_note"]
EXAMPLE = NOTES["c2sp_example"]
DERIVED = NOTES["derived"]
SIGNER = Signer(
    "efdb.example/log",
    ED25519,
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
)
WITNESS = Signer("witness.example/w1", COSIGNATURE, b"\x07" * 32)
SIZE8 = DERIVED["size8"]


class TestKeys:
    @pytest.mark.parametrize(
        "text", [EXAMPLE["vkey"], NOTES["go_vkey_ok"], DERIVED["vkey"]]
    )
    def test_keys_of_others_are_read_and_written(self, text: str) -> None:
        assert note.parse_vkey(text).vkey == text

    @pytest.mark.parametrize("text", NOTES["go_vkey_bad"])
    def test_bad_keys_of_the_reference_are_refused(self, text: str) -> None:
        with pytest.raises(Malformed):
            note.parse_vkey(text)

    def test_the_seed_of_rfc_8032_gives_the_key(self) -> None:
        assert SIGNER.seed.hex() == DERIVED["seed"]
        assert SIGNER.verifier.vkey == DERIVED["vkey"]

    def test_every_part_of_a_key_is_needed(self) -> None:
        """As Go tries it: each text that lacks something of the middle."""
        text = DERIVED["vkey"]
        for start in range(len(text)):
            for end in range(start + 1, len(text) + 1):
                if text[:start] + text[end:]:
                    with pytest.raises(Malformed):
                        note.parse_vkey(text[:start] + text[end:])

    def test_every_character_of_a_key_counts(self) -> None:
        text = DERIVED["vkey"]
        for at, each in enumerate(text):
            for other in {"A", "z", "0", "+", " ", "\n", "-", "_"} - {each}:
                with pytest.raises(Malformed):
                    note.parse_vkey(text[:at] + other + text[at + 1 :])

    def test_a_private_key_is_written_and_read(self) -> None:
        for each in (SIGNER, WITNESS):
            assert note.parse_private(each.private_text) == each

    @pytest.mark.parametrize(
        "text",
        [
            "",
            DERIVED["vkey"],
            SIGNER.private_text.removeprefix("PRIVATE+KEY+"),
            SIGNER.private_text[:-1],
            SIGNER.private_text.replace("log", "lag"),
        ],
    )
    def test_a_bad_private_key_is_refused_unseen(self, text: str) -> None:
        with pytest.raises(Malformed) as caught:
            note.parse_private(text)
        assert not text or text not in str(caught.value)


class TestNotes:
    def test_the_example_of_c2sp_verifies(self) -> None:
        parsed = note.parse_note(EXAMPLE["note"])

        assert parsed.text == "This is an example message.\n"
        assert parsed.verified([note.parse_vkey(EXAMPLE["vkey"])])
        lines = [each.line for each in parsed.signatures]
        assert note.signed(parsed.text, lines) == EXAMPLE["note"]

    @pytest.mark.parametrize("size", [0, 8])
    def test_our_checkpoints_are_these_very_bytes(self, size: int) -> None:
        root = VECTORS["rfc6962"]["roots_by_size_0_to_8"][size]
        point = Checkpoint("efdb.example/log", size, bytes.fromhex(root))

        signed = note.signed(point.text, [SIGNER.sign(point.text)])

        assert signed == DERIVED[f"size{size}"]
        assert note.parse_checkpoint(note.parse_note(signed).text) == point

    def test_a_text_may_have_empty_lines(self) -> None:
        text = "one\n\ntwo\n"
        parsed = note.parse_note(note.signed(text, [SIGNER.sign(text)]))

        assert parsed.text == text
        assert parsed.verified([SIGNER.verifier])

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "\n",
            "\n\n",
            SIZE8.partition("\n\n")[0] + "\n",
            SIZE8.partition("\n\n")[0] + "\n\n",
            SIZE8.rstrip("\n"),
            SIZE8 + "\n",
            SIZE8.replace("\n", "\r\n"),
            SIZE8.replace("— ", "- "),
            SIZE8.replace("— ", "—"),
            SIZE8.replace("— ", "—  "),
            SIZE8.replace("— ", "— +"),
            SIZE8.replace("8\n", "8\t\n"),
            SIZE8.replace("8\n", "8\0\n"),
            SIZE8.replace("=\n", "\n"),
            SIZE8[:-2] + " \n",
            SIZE8.replace("N+jrM", "N-jrM"),
            SIZE8 + "— efdb.example/log N+jrMA==\n",
            SIZE8 + SIZE8.rpartition("\n\n")[2] * 16,
            "x" * note.NOTE_LIMIT + SIZE8,
            "é" * (note.NOTE_LIMIT // 2) + SIZE8,
        ],
    )
    def test_a_bad_note_is_refused(self, text: str) -> None:
        with pytest.raises(Malformed):
            note.parse_note(text)

    def test_base64_has_one_spelling(self) -> None:
        """The last digit may hold bits that no byte has."""
        data = base64.b64encode(SIGNER.verifier.key_id + b"\1").decode()
        assert note.parse_signature(f"— n {data}").signature == b"\1"
        loose = data.replace("E=", "F=")
        assert loose != data
        assert base64.b64decode(loose) == base64.b64decode(data)

        with pytest.raises(Malformed):
            note.parse_signature(f"— n {loose}")

    def test_sixteen_signatures_are_enough(self) -> None:
        line = SIZE8.rpartition("\n\n")[2]
        parsed = note.parse_note(SIZE8 + line * 15)

        assert len(parsed.verified([SIGNER.verifier])) == 16

    def test_lines_of_others_say_nothing(self) -> None:
        stranger = Signer("efdb.example/log", ED25519, b"\x08" * 32)
        text = note.parse_note(SIZE8).text
        parsed = note.parse_note(note.signed(text, [stranger.sign("other\n")]) + "")

        assert parsed.verified([SIGNER.verifier]) == []
        assert parsed.verified([]) == []

    def test_one_wrong_line_of_a_known_key_spoils_the_note(self) -> None:
        parsed = note.parse_note(SIZE8 + SIGNER.sign("other\n"))

        with pytest.raises(SignatureRefused):
            parsed.verified([SIGNER.verifier])

    def test_a_signature_is_of_a_name_and_a_kind(self) -> None:
        text = note.parse_note(SIZE8).text
        for other in (
            Signer("efdb.example/other", ED25519, SIGNER.seed),
            Signer("efdb.example/log", COSIGNATURE, SIGNER.seed),
        ):
            parsed = note.parse_note(note.signed(text, [other.sign(text)]))
            assert parsed.verified([SIGNER.verifier]) == []

    @given(st.integers(0, 67), st.integers(0, 7))
    @settings(max_examples=60, deadline=None)
    def test_every_bit_of_a_signature_counts(self, at: int, bit: int) -> None:
        parsed = note.parse_note(SIZE8)
        (line,) = parsed.signatures
        data = bytearray(line.key_id + line.signature)
        data[at] ^= 1 << bit
        changed = note.Signature(line.name, bytes(data[:4]), bytes(data[4:]))
        spoiled = Note(parsed.text, (changed,))

        if at < 4:
            assert spoiled.verified([SIGNER.verifier]) == []
        else:
            with pytest.raises(SignatureRefused):
                spoiled.verified([SIGNER.verifier])

    def test_every_byte_of_the_text_counts(self) -> None:
        parsed = note.parse_note(SIZE8)
        for at in range(len(parsed.text)):
            text = parsed.text[:at] + "~" + parsed.text[at + 1 :]
            with pytest.raises(SignatureRefused):
                Note(text, parsed.signatures).verified([SIGNER.verifier])

    def test_a_signature_of_another_length_is_wrong(self) -> None:
        parsed = note.parse_note(SIZE8)
        (line,) = parsed.signatures
        for data in (line.signature[:-1], line.signature + b"\0", b"\0"):
            spoiled = note.Signature(line.name, line.key_id, data)
            with pytest.raises(SignatureRefused):
                Note(parsed.text, (spoiled,)).verified([SIGNER.verifier])


class TestCosignatures:
    def test_a_cosignature_says_when(self) -> None:
        text = note.parse_note(SIZE8).text
        signed = note.parse_note(note.signed(text, [WITNESS.sign(text, 1_679_315_147)]))

        (found,) = signed.verified([WITNESS.verifier])

        assert note.signed_at(found.signature) == 1_679_315_147

    def test_its_time_is_signed(self) -> None:
        text = note.parse_note(SIZE8).text
        (line,) = note.parse_note(note.signed(text, [WITNESS.sign(text, 5)])).signatures
        later = (6).to_bytes(8, "big") + line.signature[8:]
        changed = note.Signature(line.name, line.key_id, later)

        with pytest.raises(SignatureRefused):
            Note(text, (changed,)).verified([WITNESS.verifier])

    @pytest.mark.parametrize("data", [b"", b"\0" * 8, b"\0" * 71, b"\0" * 73])
    def test_one_of_another_length_is_wrong(self, data: bytes) -> None:
        with pytest.raises(SignatureRefused):
            WITNESS.verifier.verify("text\n", data)

    def test_a_signature_of_a_log_is_no_cosignature(self) -> None:
        text = note.parse_note(SIZE8).text
        log = Signer(WITNESS.name, ED25519, WITNESS.seed)
        data = note.parse_signature(log.sign(text)[:-1]).signature
        changed = note.Signature(
            WITNESS.name, WITNESS.verifier.key_id, b"\0" * 8 + data
        )

        with pytest.raises(SignatureRefused):
            Note(text, (changed,)).verified([WITNESS.verifier])


class TestCheckpoints:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "o\n8\n",
            "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=",
            "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\nextension\n",
            "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n",
            "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz-Nw7_RgQyg=\n",
            "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg\n",
            "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n",
            "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQw==\n",
            "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQygA\n",
            "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
            "o p\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
            "o \n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
            "o\u00a0\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
            "o+p\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        ],
    )
    def test_a_bad_checkpoint_is_refused(self, text: str) -> None:
        with pytest.raises(Malformed):
            note.parse_checkpoint(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "007",
            "+7",
            "-7",
            " 7",
            "7 ",
            "7\n",
            "1_0",
            "٧",
            "7.0",
            "0x7",
            "1" * 20,
            str(2**63),
        ],
    )
    def test_a_size_has_one_spelling(self, text: str) -> None:
        with pytest.raises(Malformed):
            note.parse_number(text)

    def test_sizes(self) -> None:
        for size in (0, 7, 2**63 - 1):
            assert note.parse_number(str(size)) == size


class TestProofs:
    @pytest.mark.parametrize("count", [0, 1, 63])
    def test_a_proof_is_written_and_read(self, count: int) -> None:
        path = tuple(merkle.leaf_hash(bytes([n])) for n in range(count))
        proof = Proof(5, path, SIZE8)

        assert note.parse_proof(proof.text) == proof

    @pytest.mark.parametrize(
        "change",
        [
            lambda _: "",
            lambda text: text.replace("@v1", "@v2"),
            lambda text: text.replace("index 5", "index 05"),
            lambda text: text.replace("index 5", "index -5"),
            lambda text: text.replace("index 5", "index  5"),
            lambda text: text.replace("index 5", "Index 5"),
            lambda text: text.replace("index 5\n", ""),
            lambda text: text.replace("index 5", "extra YQ==\nindex 5"),
            lambda text: text.replace("index 5\n", "index 5\nYQ==\n"),
            lambda text: text.replace("index 5\n", "index 5\n\n\n", 1).rstrip(),
            lambda text: text.partition("\n\n")[0],
            lambda text: text.replace("\n", "\r\n"),
            lambda text: "\n" + text,
        ],
    )
    def test_a_bad_proof_is_refused(self, change: Any) -> None:
        text = change(Proof(5, (merkle.EMPTY_ROOT,), SIZE8).text)

        with pytest.raises(Malformed):
            note.parse_note(note.parse_proof(text).checkpoint)

    def test_sixty_four_hashes_are_too_many(self) -> None:
        with pytest.raises(Malformed):
            note.parse_proof(Proof(5, (merkle.EMPTY_ROOT,) * 64, SIZE8).text)
