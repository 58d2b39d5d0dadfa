"""The keys that the log is signed with, and their rotation.

Private keys are in a file of their owner, the oldest first, one a line. The first one
is trusted by whoever was given it; each later one is announced by an entry of the log
(`tanyin/key/1`) while the one before it still signs.
"""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.errors import Unavailable
from app.translog import note, service
from app.translog.models import KEY_SCHEMA, LogEntry
from app.translog.note import Signer, Verifier


class NoLogKey(Unavailable):
    en = "This installation has no key to sign its log with (TANYIN_LOG_KEY_FILE)."
    zh = "本系统未配置日志签名密钥(TANYIN_LOG_KEY_FILE)。"


class BadLogKey(Unavailable):
    en = "The key to sign the log with is not as it should be: {why}."
    zh = "日志签名密钥不符合要求:{why}。"


@dataclass(frozen=True, slots=True)
class Announced:
    """A key as the log announces it."""

    vkey: str
    previous: str
    recorded_at: str


_ENTRY = TypeAdapter(Announced)


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where the private keys are: in a file, in the environment, or nowhere."""

    path: Path | None = None
    text: str | None = field(default=None, repr=False)

    def stamp(self) -> int:
        """Return a number that changes when the keys do."""
        if self.path is None:
            return 0
        try:
            return self.path.stat().st_mtime_ns
        except FileNotFoundError:
            raise NoLogKey from None

    def read(self) -> tuple[Signer, ...]:
        """Return the keys, the oldest first; raises `NoLogKey`, `BadLogKey`."""
        try:
            return _parse(self._text())
        except ValueError as error:
            raise BadLogKey(why=error) from None

    def _text(self) -> str:
        if self.text is not None:
            return self.text
        if self.path is None:
            raise NoLogKey
        if self.path.stat().st_mode & 0o077:
            raise BadLogKey(why="others may read the file")
        return self.path.read_text("ascii")


def _parse(text: str) -> tuple[Signer, ...]:
    signers = tuple(note.parse_private(line) for line in text.split())
    names = {(each.name, each.kind) for each in signers}
    if len(names) != 1 or signers[0].kind != note.ED25519:
        raise note.Malformed("all are Ed25519 keys of one name")
    return signers


def add_key(path: Path, origin: str) -> Signer:
    """Make a key, behind those that the file at *path* has."""
    signer = Signer(origin, note.ED25519, secrets.token_bytes(32))
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    with os.fdopen(os.open(path, flags, 0o600), "w") as file:
        file.write(signer.private_text + "\n")
        file.flush()
        os.fsync(file.fileno())
    return signer


async def announced(session: AsyncSession) -> list[Announced]:
    """Return the keys that the log announces, the oldest first."""
    records = await session.scalars(
        sa.select(LogEntry.record)
        .where(LogEntry.kind == KEY_SCHEMA)
        .order_by(LogEntry.index)
    )
    return [parse_announcement(each) for each in records]


async def verifiers(session: AsyncSession, signers: Sequence[Signer]) -> list[Verifier]:
    """Return the keys in use and all that the log announces or names as former."""
    known = await announced(session)
    vkeys = [vkey for each in known for vkey in (each.previous, each.vkey)]
    vkeys += [each.verifier.vkey for each in signers]
    return [note.parse_vkey(vkey) for vkey in dict.fromkeys(vkeys)]


def parse_announcement(record: bytes) -> Announced:
    """Read an entry that announces a key; raises ValueError."""
    return _ENTRY.validate_json(record)


async def known(session: AsyncSession, signers: Sequence[Signer]) -> tuple[Signer, ...]:
    """Return those of *signers* that the log may be signed with already.

    Raises `BadLogKey` if the oldest one is not among those that the log announces: it
    would be a key that nobody has a reason to trust.
    """
    entries = await announced(session)
    if not entries:
        return tuple(signers[:1])
    vkeys = {entries[0].previous, *(each.vkey for each in entries)}
    if signers[0].verifier.vkey not in vkeys:
        raise BadLogKey(why="the log announces other keys than the oldest one")
    return tuple(each for each in signers if each.verifier.vkey in vkeys)


async def announce(session: AsyncSession, signers: Sequence[Signer]) -> None:
    """Append an entry for each key that the log does not know yet."""
    appender = await service.open_appender(session)
    old = {each.verifier.vkey for each in await known(session, signers)}
    for previous, signer in pairwise(signers):
        vkey = signer.verifier.vkey
        if vkey not in old:
            draft = {
                "schema": KEY_SCHEMA,
                "vkey": vkey,
                "previous": previous.verifier.vkey,
            }
            appender.append(KEY_SCHEMA, service.stamped(draft))
