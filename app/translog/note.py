"""Signed notes, checkpoints and cosignatures of C2SP. Pure.

signed-note, tlog-checkpoint, tlog-cosignature and tlog-proof at c2sp.org. Parsing is
as strict as writing: what is accepted is what would have been written.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from app.translog import merkle

NOTE_LIMIT: Final = 64 * 1024
SIGNATURES: Final = 16
PATH_LIMIT: Final = 63
_PROOF_HEAD: Final = "c2sp.org/tlog-proof@v1"
_DASH: Final = "— "
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")
_VKEY: Final = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_PRIVATE: Final = "PRIVATE+KEY+"
ED25519: Final = 1
COSIGNATURE: Final = 4
_SEED: Final = 32
_TIME: Final = 8
_ID: Final = 4


class Malformed(ValueError):
    """A text is no note, checkpoint, key or proof; the message says why."""


class SignatureRefused(ValueError):
    """A note bears no valid signature of a key that is known."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name and the kind of what it signs."""

    name: str
    kind: int
    key: bytes

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256 over name, kind and key."""
        text = self.name.encode() + b"\n" + bytes([self.kind]) + self.key
        return hashlib.sha256(text).digest()[:_ID]

    @property
    def vkey(self) -> str:
        """The key as text."""
        return (
            f"{self.name}+{self.key_id.hex()}+{_base64(bytes([self.kind]) + self.key)}"
        )

    def verify(self, text: str, signature: bytes) -> None:
        """Raise `SignatureRefused` unless *signature* is this key's for *text*."""
        message = text.encode()
        if self.kind == COSIGNATURE:
            message = _cosigned(text, signed_at(signature))
            signature = signature[_TIME:]
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, message)
        except InvalidSignature:
            raise SignatureRefused(f"the signature of {self.name} is wrong") from None


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key. Its `repr` would show the seed: never log it."""

    name: str
    kind: int
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(
            self.name, self.kind, self._key().public_key().public_bytes_raw()
        )

    @property
    def private_text(self) -> str:
        """The key as text, for a file that only its owner reads."""
        key_id = self.verifier.key_id.hex()
        return (
            f"{_PRIVATE}{self.name}+{key_id}+{_base64(bytes([self.kind]) + self.seed)}"
        )

    def sign(self, text: str, at: int = 0) -> str:
        """Return the signature line for *text*; a cosignature says when (Unix time)."""
        key, key_id = _opened(self)
        if self.kind == COSIGNATURE:
            stamp = at.to_bytes(_TIME, "big")
            signature = stamp + key.sign(_cosigned(text, at))
        else:
            signature = key.sign(text.encode())
        return _line(self.name, key_id + signature)

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


@lru_cache(maxsize=16)
def _opened(signer: Signer) -> tuple[Ed25519PrivateKey, bytes]:
    """Return the key and its id, which take twice as long to make as a signature."""
    return Ed25519PrivateKey.from_private_bytes(signer.seed), signer.verifier.key_id


@dataclass(frozen=True, slots=True)
class Signature:
    """One line below a note."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line as it stands in the note, with its end."""
        return _line(self.name, self.key_id + self.signature)


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with a line feed, and the lines below it."""

    text: str
    signatures: tuple[Signature, ...]

    def verified(self, verifiers: Iterable[Verifier]) -> list[Signature]:
        """Return the valid signatures of *verifiers*.

        Raises `SignatureRefused` if one of theirs is wrong. Lines of others say nothing
        and are passed over.
        """
        known = {(each.name, each.key_id): each for each in verifiers}
        found = []
        for each in self.signatures:
            verifier = known.get((each.name, each.key_id))
            if verifier is not None:
                verifier.verify(self.text, each.signature)
                found.append(each)
        return found


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log signs: its name, its size and the root at that size."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text of the note."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Proof:
    """An inclusion proof that needs nobody to be checked: tlog-proof."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    """The signed note."""

    @property
    def text(self) -> str:
        """The proof as a file."""
        path = "".join(f"{_base64(each)}\n" for each in self.path)
        return f"{_PROOF_HEAD}\nindex {self.index}\n{path}\n{self.checkpoint}"


def parse_vkey(text: str) -> Verifier:
    """Read a public key; raises `Malformed`."""
    match = _VKEY.fullmatch(text)
    if match is None or not _NAME.fullmatch(match[1]):
        raise Malformed("a key is name+id+base64")
    data = _from_base64(match[3])
    if len(data) != 1 + _SEED or data[0] not in {ED25519, COSIGNATURE}:
        raise Malformed("the key is of another kind than Ed25519")
    verifier = Verifier(match[1], data[0], data[1:])
    if verifier.key_id.hex() != match[2]:
        raise Malformed("the id of the key is not that of its bytes")
    return verifier


def parse_private(text: str) -> Signer:
    """Read a private key; raises `Malformed` without showing it."""
    match = _VKEY.fullmatch(text.removeprefix(_PRIVATE))
    if not text.startswith(_PRIVATE) or match is None or not _NAME.fullmatch(match[1]):
        raise Malformed("a private key is PRIVATE+KEY+name+id+base64")
    data = _from_base64(match[3])
    if len(data) != 1 + _SEED or data[0] not in {ED25519, COSIGNATURE}:
        raise Malformed("the private key is of another kind than Ed25519")
    signer = Signer(match[1], data[0], data[1:])
    if signer.verifier.key_id.hex() != match[2]:
        raise Malformed("the id of the private key is not that of its bytes")
    return signer


def parse_note(text: str) -> Note:
    """Read a signed note; raises `Malformed`."""
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        raise Malformed("a note is UTF-8") from None
    if length > NOTE_LIMIT:
        raise Malformed(f"a note has at most {NOTE_LIMIT} bytes")
    if any(ord(each) < ord(" ") and each != "\n" for each in text):
        raise Malformed("a note has no control characters")
    body, gap, below = text.rpartition("\n\n")
    if not gap or not below.endswith("\n"):
        raise Malformed("a note is a text, an empty line and signature lines")
    lines = below[:-1].split("\n")
    if len(lines) > SIGNATURES:
        raise Malformed(f"a note has at most {SIGNATURES} signatures")
    return Note(body + "\n", tuple(parse_signature(line) for line in lines))


def parse_signature(line: str) -> Signature:
    """Read a signature line without its end; raises `Malformed`."""
    name, gap, data = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not gap or not _NAME.fullmatch(name):
        raise Malformed("a signature line is a dash, a name and base64")
    decoded = _from_base64(data)
    if len(decoded) <= _ID:
        raise Malformed("a signature follows its key id")
    return Signature(name, decoded[:_ID], decoded[_ID:])


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint; extension lines are refused as `Malformed`."""
    lines = text.split("\n")
    if len(lines) != len(("origin", "size", "root", "")) or lines[-1]:
        raise Malformed("a checkpoint is three lines")
    origin, size, root, _ = lines
    if not _NAME.fullmatch(origin):
        raise Malformed("the origin of a checkpoint is a name without spaces")
    return Checkpoint(origin, parse_number(size), parse_hash(root))


def parse_proof(text: str) -> Proof:
    """Read a tlog-proof; raises `Malformed`."""
    head, gap, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or lines[0] != _PROOF_HEAD or len(lines) == 1:
        raise Malformed(f"a proof begins with {_PROOF_HEAD} and an index")
    word, _, index = lines[1].partition(" ")
    if word != "index":
        raise Malformed("the second line of a proof is its index")
    return Proof(parse_number(index), parse_path(lines[2:]), checkpoint)


def parse_path(lines: Sequence[str]) -> tuple[bytes, ...]:
    """Read the hashes of a proof; raises `Malformed`."""
    if len(lines) > PATH_LIMIT:
        raise Malformed(f"a proof has at most {PATH_LIMIT} hashes")
    return tuple(parse_hash(line) for line in lines)


def parse_number(text: str) -> int:
    """Read a size or an index; raises `Malformed`."""
    if not _NUMBER.fullmatch(text) or int(text) > merkle.LARGEST:
        raise Malformed("a size is decimal, without sign or leading zeros")
    return int(text)


def parse_hash(text: str) -> bytes:
    """Read 32 bytes in base64; raises `Malformed`."""
    found = _from_base64(text)
    if len(found) != merkle.HASH:
        raise Malformed("a hash has 32 bytes")
    return found


def is_name(text: str) -> bool:
    """Tell whether *text* may be the name of a key."""
    return _NAME.fullmatch(text) is not None


def write_hash(found: bytes) -> str:
    """Return bytes in base64, as notes and proofs have them."""
    return _base64(found)


def signed(text: str, lines: Iterable[str]) -> str:
    """Return the note of *text* with signature lines."""
    return f"{text}\n{''.join(lines)}"


def signed_at(signature: bytes) -> int:
    """Return the Unix time of a cosignature."""
    if len(signature) != _TIME + 2 * _SEED:
        raise SignatureRefused("a cosignature is a time and a signature")
    return int.from_bytes(signature[:_TIME], "big")


def _key_text(name: str, key_id: bytes, kind: int, key: bytes) -> str:
    return f"{name}+{key_id.hex()}+{_base64(bytes([kind]) + key)}"


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _line(name: str, data: bytes) -> str:
    return f"{_DASH}{name} {_base64(data)}\n"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _from_base64(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("a text is no base64") from None
    # Padding bits that are not zero would be another spelling of the same bytes.
    if _base64(found) != text:
        raise Malformed("a text is no canonical base64")
    return found
