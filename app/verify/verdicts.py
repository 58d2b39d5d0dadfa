"""What a check can end with, and the errors that say so.

`Malformed`, `SignatureRefused` and `ProofRefused` come from the formats themselves; the
others are here. Whatever is in doubt is an error: nothing returns "probably".
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from app.translog.merkle import ProofRefused
from app.translog.note import Malformed, SignatureRefused


class Verdict(IntEnum):
    """The exit code."""

    VERIFIED = 0
    MISUSED = 1
    UNREACHABLE = 2
    WRONG = 3
    UNSIGNED = 4
    FORKED = 5
    STALE = 6
    MALFORMED = 7


MEANINGS: Final[Mapping[Verdict, str]] = {
    Verdict.VERIFIED: "verified: every step that was asked for was done and agreed",
    Verdict.MISUSED: "called wrongly, or a file cannot be used",
    Verdict.UNREACHABLE: "the service did not answer as it should",
    Verdict.WRONG: "a hash, a proof or a rule of the log is wrong",
    Verdict.UNSIGNED: "a signature is missing or wrong, or too few witnesses signed",
    Verdict.FORKED: "the log was rolled back or rewritten; the evidence is kept",
    Verdict.STALE: "the checkpoint is too old, or its age cannot be judged",
    Verdict.MALFORMED: "an answer or a file is not what it should be",
}


class Misused(Exception):
    """The command or its files cannot be used as they are."""


class Unreachable(Exception):
    """The service gave no whole answer in time."""


class Missing(Unreachable):
    """The service answers, but does not have what was asked for."""


class Wrong(Exception):
    """Two things that must agree do not."""


class Stale(Exception):
    """The checkpoint is older than asked for, or nobody can tell."""


class Forked(Exception):
    """The log signed two things that exclude each other.

    `evidence` are the files that show it, by name.
    """

    def __init__(self, message: str, evidence: Mapping[str, bytes]) -> None:
        super().__init__(message)
        self.evidence: Final = evidence


_VERDICTS: Final[tuple[tuple[type[Exception], Verdict], ...]] = (
    (Misused, Verdict.MISUSED),
    (OSError, Verdict.MISUSED),
    (Unreachable, Verdict.UNREACHABLE),
    (ProofRefused, Verdict.WRONG),
    (Wrong, Verdict.WRONG),
    (SignatureRefused, Verdict.UNSIGNED),
    (Forked, Verdict.FORKED),
    (Stale, Verdict.STALE),
    (Malformed, Verdict.MALFORMED),
)

REFUSALS: Final = tuple(kind for kind, _ in _VERDICTS)


def verdict(error: Exception) -> Verdict:
    """Return what an error of `REFUSALS` ends with."""
    return next(found for kind, found in _VERDICTS if isinstance(error, kind))
