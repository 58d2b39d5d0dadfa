"""What a witness is asked, and when it may sign (C2SP tlog-witness). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

from app.translog import merkle, note
from app.translog.merkle import ProofRefused
from app.translog.note import Checkpoint, Malformed, SignatureRefused, Verifier

Logs: TypeAlias = Mapping[str, Sequence[Verifier]]
"""The keys of each log, by origin; after a rotation a log has several."""


class Refused(Exception):
    """The witness does not sign; *status* says why."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class OtherSize(Refused):
    """The witness holds another size than the one the proof begins at."""

    def __init__(self, size: int) -> None:
        super().__init__(HTTPStatus.CONFLICT, f"{size}\n")


@dataclass(frozen=True, slots=True)
class Request:
    """A checkpoint, signed by its log, and the proof that it continues *old*."""

    old: int
    path: tuple[bytes, ...]
    checkpoint: Checkpoint
    lines: tuple[str, ...]
    """The signatures of the log; whatever else stood below the note is dropped."""


def parse_request(body: bytes, logs: Logs) -> Request:
    """Read a request and check the log's signature; raises `Refused`."""
    try:
        return _parse(body, logs)
    except (Malformed, UnicodeDecodeError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from None
    except SignatureRefused as error:
        raise Refused(HTTPStatus.FORBIDDEN, str(error)) from None


def judge(request: Request, held: Checkpoint | None) -> None:
    """Raise `Refused` unless *request* continues what is *held*."""
    new, size = request.checkpoint, held.size if held else 0
    if request.old > new.size:
        raise Refused(HTTPStatus.BAD_REQUEST, "the old size is above the new one")
    if request.old != size:
        raise OtherSize(size)
    try:
        _check_continues(request, held.root if held else merkle.EMPTY_ROOT)
    except ProofRefused as error:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None


def group(keys: Sequence[Verifier]) -> dict[str, list[Verifier]]:
    """Return *keys* by the log that they are of."""
    found: dict[str, list[Verifier]] = {}
    for each in keys:
        found.setdefault(each.name, []).append(each)
    return found


def _parse(body: bytes, logs: Logs) -> Request:
    head, gap, signed = body.decode().partition("\n\n")
    first, *proof = head.split("\n")
    word, _, old = first.partition(" ")
    if not gap or word != "old":
        raise Malformed("a request is an old size, a proof, an empty line and a note")
    parsed = note.parse_note(signed)
    checkpoint = note.parse_checkpoint(parsed.text)
    size, path = note.parse_number(old), note.parse_path(proof)
    if checkpoint.origin not in logs:
        raise Refused(HTTPStatus.NOT_FOUND, "the log is not known here")
    found = parsed.verified(logs[checkpoint.origin])
    if not found:
        raise SignatureRefused("no known key of the log signed this")
    return Request(size, path, checkpoint, tuple(each.line for each in found))


def _check_continues(request: Request, held_root: bytes) -> None:
    new = request.checkpoint
    if not new.size and new.root != merkle.EMPTY_ROOT:
        raise ProofRefused("an empty log has another root than the empty one")
    if request.old:
        merkle.verify_consistency(
            request.old, new.size, held_root, new.root, request.path
        )
    elif request.path:
        raise ProofRefused("nothing is to be proved from size 0")
