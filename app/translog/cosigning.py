"""What is said to a witness and what it answers (C2SP tlog-witness)."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.translog import note, proofs
from app.translog.models import LogCosignature
from app.translog.note import Verifier


class WitnessRefused(Exception):
    """A witness gave no signature, or none that is its own."""


async def request(session: AsyncSession, held: int, size: int, signed: str) -> str:
    """Return what asks a witness that holds *held* entries to sign *signed*."""
    hashes: tuple[bytes, ...] = ()
    if 0 < held < size:
        hashes, _, _ = await proofs.consistency(session, held, size)
    lines = "".join(f"{note.write_hash(each)}\n" for each in hashes)
    return f"old {held}\n{lines}\n{signed}"


def parse_size(text: str) -> int:
    """Return the size that a witness says it holds."""
    try:
        return note.parse_number(text.removesuffix("\n"))
    except note.Malformed as error:
        raise WitnessRefused(str(error)) from None


def check_line(verifier: Verifier, signed: str, answer: str) -> str:
    """Return the witness's line out of its answer; raises `WitnessRefused`."""
    text = note.parse_note(signed).text
    try:
        added = note.parse_note(note.signed(text, [answer]))
        found = added.verified([verifier])
    except (note.Malformed, note.SignatureRefused) as error:
        raise WitnessRefused(str(error)) from None
    if not found:
        raise WitnessRefused("the answer bears no signature of the witness")
    return found[0].line


async def last_size(session: AsyncSession, witness: str) -> int:
    """Return the greatest size that *witness* is known to hold."""
    found = await session.scalar(
        sa.select(sa.func.max(LogCosignature.size)).where(
            LogCosignature.witness == witness
        )
    )
    return found or 0


async def keep_line(session: AsyncSession, size: int, witness: str, line: str) -> None:
    """Store a witness's line; the first one stays."""
    row = {"size": size, "witness": witness, "line": line}
    await session.execute(insert(LogCosignature).values(row).on_conflict_do_nothing())
