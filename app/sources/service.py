"""Keeping evidence: documents by their SHA-256, in pieces, with who handed them in.

Knows holders; who else may read a document is decided where it is cited.
"""

import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import IO, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.service import Deed, Trail
from app.kit.clock import instant_text
from app.kit.database import Sessions
from app.kit.errors import Invalid, NotFound, UnsupportedMedia
from app.kit.schemas import check_text
from app.sources.models import Evidence, EvidenceChunk, EvidenceHolder
from app.sources.schemas import EvidenceRead

PIECE: Final = 1024 * 1024
_PART: Final = r"[A-Za-z0-9!#$&^_.+-]{1,127}"
_MEDIA_TYPE: Final = re.compile(rf"{_PART}/{_PART}( *;[\x20-\x7e]*)?\Z")
_LONGEST_TYPE: Final = 200
# What a path is made of, what some systems do not allow in names, and their devices.
_UNSAFE: Final = re.compile(
    r"""
    .*[/\\:*?"<>|]
    | [.\s] | .*[.\s]\Z
    | (con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\Z)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


class UnknownEvidence(NotFound):
    en = "There is no such evidence."
    zh = "该佐证材料不存在。"


class BadFileName(Invalid):
    en = "A file name has no path, no device and no characters that systems refuse."
    zh = "文件名不得含路径、设备名或系统不允许的字符。"


class BadMediaType(UnsupportedMedia):
    en = "Content-Type is one media type such as application/pdf."
    zh = "Content-Type 须为单个媒体类型,例如 application/pdf。"


class EmptyFile(Invalid):
    en = "The file is empty."
    zh = "文件为空。"


class ChecksumMismatch(Invalid):
    en = "The SHA-256 of what arrived is {sha256}, not the one in the address."
    zh = "收到内容的 SHA-256 为 {sha256},与地址中的不符。"


@dataclass(frozen=True, slots=True)
class Document:
    """A document that arrived whole, as its sender calls it."""

    sha256: str
    size: int
    file: IO[bytes]
    name: str
    media_type: str


def check_file_name(name: str) -> None:
    """Refuse a name under which a file had better not be saved."""
    check_text(name)
    if _UNSAFE.match(name):
        raise BadFileName


def check_media_type(text: str) -> str:
    """Return *text* if it is a media type."""
    if len(text) > _LONGEST_TYPE or not _MEDIA_TYPE.match(text):
        raise BadMediaType
    return text


async def receive(sha256: str, parts: AsyncIterator[bytes], file: IO[bytes]) -> int:
    """Write *parts* to *file* and return their size; their digest must be *sha256*."""
    digest = hashlib.sha256()
    async for part in parts:
        digest.update(part)
        file.write(part)
    size = file.tell()
    if size == 0:
        raise EmptyFile
    if digest.hexdigest() != sha256:
        raise ChecksumMismatch(pointer="{sha256}", sha256=digest.hexdigest())
    return size


async def keep(trail: Trail, document: Document) -> tuple[EvidenceHolder, bool]:
    """Store *document* for the actor's organisation; tell whether it is new to it."""
    # Whoever sends the same at the same time waits here for the other.
    made = await trail.session.scalar(
        insert(Evidence)
        .values(
            sha256=document.sha256,
            size=document.size,
            media_type=document.media_type,
        )
        .on_conflict_do_nothing()
        .returning(Evidence.sha256)
    )
    if made is not None:
        await _store(trail.session, document)
    is_new = await _hold(trail, document)
    holder = await find_holder(
        trail.session, document.sha256, trail.actor.organisation_id
    )
    if holder is None:
        raise UnknownEvidence
    return holder, is_new


async def find_holder(
    session: AsyncSession, sha256: str, organisation_id: str
) -> EvidenceHolder | None:
    """Return that an organisation holds a document, if it does."""
    return await session.get(EvidenceHolder, (sha256, organisation_id))


async def describe(session: AsyncSession, holder: EvidenceHolder) -> EvidenceRead:
    """Return what is known of a document, as this holder handed it in."""
    evidence = await session.get_one(Evidence, holder.sha256)
    return EvidenceRead(
        sha256=evidence.sha256,
        size=evidence.size,
        media_type=evidence.media_type,
        name=holder.name,
        received_at=instant_text(holder.received_at),
    )


async def pieces(sessions: Sessions, sha256: str) -> AsyncIterator[bytes]:
    """Yield the bytes of a document.

    Each piece has a session of its own: a slow reader keeps no connection.
    """
    number = 0
    while (piece := await _find_piece(sessions, sha256, number)) is not None:
        yield piece
        number += 1


async def _find_piece(sessions: Sessions, sha256: str, number: int) -> bytes | None:
    statement = sa.select(EvidenceChunk.data).where(
        EvidenceChunk.sha256 == sha256, EvidenceChunk.number == number
    )
    async with sessions() as session:
        return await session.scalar(statement)


async def _store(session: AsyncSession, document: Document) -> None:
    # Statements rather than objects, which the session would keep until the commit.
    document.file.seek(0)
    number = 0
    while piece := document.file.read(PIECE):
        row = {"sha256": document.sha256, "number": number, "data": piece}
        await session.execute(insert(EvidenceChunk).values(row))
        number += 1


async def _hold(trail: Trail, document: Document) -> bool:
    """Note the organisation as a holder, once; tell whether it was none yet."""
    row = {
        "sha256": document.sha256,
        "organisation_id": trail.actor.organisation_id,
        "person_id": trail.actor.person_id,
        "name": document.name,
        "received_at": trail.at,
    }
    statement = insert(EvidenceHolder).values(row).on_conflict_do_nothing()
    noted = await trail.session.scalar(statement.returning(EvidenceHolder.sha256))
    if noted is None:
        return False
    deed = Deed(
        act="ADD_EVIDENCE",
        object_type="EVIDENCE",
        object_id=document.sha256,
        after={"size": document.size, "media_type": document.media_type},
    )
    trail.record(deed)
    return True
