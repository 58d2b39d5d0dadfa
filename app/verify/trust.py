"""Whose signatures count, and what a checkpoint says once they are checked. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.translog import merkle, note
from app.translog.note import Checkpoint, Malformed, SignatureRefused, Verifier
from app.verify.verdicts import Misused, Stale, Wrong

_AHEAD: Final = dt.timedelta(minutes=5)
"""How far another's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys of one log, and how many of which witnesses must have signed."""

    keys: tuple[Verifier, ...]
    witnesses: tuple[Verifier, ...] = ()
    quorum: int = 0

    @property
    def origin(self) -> str:
        """The name of the log."""
        return self.keys[0].name


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint whose signatures were checked; made by `check_note` alone."""

    checkpoint: Checkpoint
    note: str
    signed_by: tuple[str, ...]
    """The ids of the log's keys."""
    cosigned: tuple[tuple[str, dt.datetime], ...]
    """The witnesses, and when each signed by its own clock."""


def parse_trust(
    keys: Sequence[str], witnesses: Sequence[str], quorum: int | None
) -> Trust:
    """Read the keys that were given; raises `Misused`."""
    log = tuple(dict.fromkeys(_key(each, note.ED25519, "log") for each in keys))
    others = tuple(_key(each, note.COSIGNATURE, "witness") for each in witnesses)
    if len({each.name for each in log}) != 1:
        raise Misused("all keys given with --key are of one log")
    # The name is not part of what a witness signs: one key is one witness.
    if len({each.key for each in others}) != len(others):
        raise Misused("the same key is given as two witnesses")
    needed = len(others) if quorum is None else quorum
    if not min(1, len(others)) <= needed <= len(others):
        raise Misused(f"a quorum of {needed} out of {len(others)} witnesses")
    return Trust(log, others, needed)


def check_note(trust: Trust, text: str) -> Seen:
    """Return the checkpoint that *text* is, signed by the log and by enough witnesses.

    Raises `Malformed`, or `SignatureRefused` where a known signature is wrong or too
    few are there.
    """
    parsed = note.parse_note(text)
    checkpoint = note.parse_checkpoint(parsed.text)
    by_log = parsed.verified(trust.keys)
    if checkpoint.origin != trust.origin or not by_log:
        raise SignatureRefused(f"no trusted key of {trust.origin} signed this")
    by_others = {each.name: each for each in parsed.verified(trust.witnesses)}
    if len(by_others) < trust.quorum:
        found = f"{len(by_others)} of the {trust.quorum} witnesses needed"
        raise SignatureRefused(f"{found} signed this")
    if not checkpoint.size and checkpoint.root != merkle.EMPTY_ROOT:
        raise Wrong("an empty log has another root than the empty one")
    return Seen(
        checkpoint,
        text,
        tuple(each.key_id.hex() for each in by_log),
        tuple((name, _instant(each.signature)) for name, each in by_others.items()),
    )


def check_age(
    seen: Seen, recorded_at: dt.datetime | None, hours: float, now: dt.datetime
) -> str:
    """Return how old *seen* is, in words; raises `Stale` beyond *hours*.

    The newest witness tells. Without witnesses it is the last entry, *recorded_at* by
    the log's own clock, where that is known.
    """
    known = [at for _, at in seen.cosigned]
    if recorded_at is not None and not known:
        known = [recorded_at]
    past = [at for at in known if at <= now + _AHEAD]
    if not past:
        raise Stale("the age cannot be judged: no witness and no last entry tells it")
    age = (now - max(past)) / dt.timedelta(hours=1)
    by = "by its newest witness" if seen.cosigned else "by the log's own last entry"
    text = f"{max(age, 0):.1f} h {by}, {max(past):%Y-%m-%dT%H:%M:%SZ}"
    if age > hours:
        raise Stale(f"{text}, which is more than {hours:g} h")
    return text


def _key(text: str, kind: int, whose: str) -> Verifier:
    try:
        found = note.parse_vkey(text)
    except Malformed as error:
        raise Misused(f"{text}: {error}") from None
    if found.kind != kind:
        raise Misused(f"{text} is no key of a {whose}")
    return found


def _instant(signature: bytes) -> dt.datetime:
    try:
        return dt.datetime.fromtimestamp(note.signed_at(signature), dt.UTC)
    except (OverflowError, ValueError, OSError):
        raise SignatureRefused("a witness signed beyond the calendar") from None
