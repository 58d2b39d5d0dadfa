"""The witness itself: memory, key and judgement put together."""

import hashlib
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.translog import note
from app.translog.note import Checkpoint, Malformed, Signer
from app.verify import files
from app.witness import judging
from app.witness.judging import Logs

_OTHERS: Final = 0o077


class BadKeyFile(ValueError):
    """A key file that cannot be used, or that others can read."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The last checkpoint of each log, a file each."""

    folder: Path

    def path(self, origin: str) -> Path:
        """Return the file of a log; its name may hold what a file name cannot."""
        return self.folder / f"{hashlib.sha256(origin.encode()).hexdigest()}.checkpoint"

    def held(self, origin: str) -> Checkpoint | None:
        """Return the last checkpoint of *origin*; None if none was ever signed.

        Raises `Malformed` where the file is damaged: to begin again at 0 would let the
        log begin again as well.
        """
        path = self.path(origin)
        if not path.exists():
            return None
        try:
            kept = note.parse_note(path.read_text("utf-8"))
            found = note.parse_checkpoint(kept.text)
        except ValueError as error:
            raise Malformed(f"{path} is damaged: {error}") from None
        if found.origin != origin:
            raise Malformed(f"{path} is of another log")
        return found


@dataclass(frozen=True, slots=True)
class Witness:
    """Signs what continues its memory, for the logs that it knows."""

    signer: Signer
    logs: Logs
    memory: Memory
    clock: Callable[[], float] = time.time

    def add_checkpoint(self, body: bytes) -> str:
        """Return the cosignature line of a submitted checkpoint.

        Raises `Refused`. Nothing else comes between reading the memory and replacing
        it, and nothing is signed that is not remembered.
        """
        request = judging.parse_request(body, self.logs)
        checkpoint = request.checkpoint
        path = self.memory.path(checkpoint.origin)
        with files.locked(path.with_suffix(".lock")):
            judging.judge(request, self.memory.held(checkpoint.origin))
            kept = note.signed(checkpoint.text, request.lines)
            files.replace(path, kept.encode())
            return self.signer.sign(checkpoint.text, int(self.clock()))


def load_key(path: Path, name: str) -> Signer:
    """Return the key of the file at *path*, which is made with *name* if absent."""
    if not path.exists():
        return _make_key(path, name)
    if path.stat().st_mode & _OTHERS and os.name == "posix":
        raise BadKeyFile(f"{path} can be read by others than its owner")
    try:
        signer = note.parse_private(path.read_text("ascii").strip())
    except (Malformed, ValueError) as error:
        raise BadKeyFile(f"{path} holds no key: {error}") from None
    if signer.kind != note.COSIGNATURE:
        raise BadKeyFile(f"{path} holds the key of a log")
    return signer


def _make_key(path: Path, name: str) -> Signer:
    signer = Signer(name, note.COSIGNATURE, secrets.token_bytes(32))
    try:
        note.parse_vkey(signer.verifier.vkey)
    except Malformed:
        raise BadKeyFile(f"{name!r} cannot be the name of a witness") from None
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="ascii") as file:
        file.write(signer.private_text + "\n")
        file.flush()
        os.fsync(file.fileno())
    return signer
