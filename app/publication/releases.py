"""Releases: names for snapshots, with the digests of what the catalogue was there."""

import re
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Annotated, Any, Final

import orjson
import sqlalchemy as sa
from pydantic import Field, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.factors.schemas import PageQuery
from app.kit.canonical import Json, sha256_hex
from app.kit.errors import Conflict, Invalid, NotFound
from app.kit.paging import read_cursor, write_cursor
from app.kit.schemas import Schema, checked
from app.publication import export
from app.publication.export import Digests
from app.publication.models import Release
from app.sources.schemas import Sha256Hex
from app.translog import service as translog
from app.translog.models import LogEntry

SCHEMA: Final = "tanyin/release/1"
# A snapshot may also be given as a size, or as an instant, which has colons.
_PATTERN: Final = r"^(?![0-9]+$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_NAME: Final = re.compile(_PATTERN.replace("$", r"\Z"), re.ASCII)
_LIST: Final[Json] = ["releases"]
_Number = Annotated[int, Field(ge=0, lt=2**62)]
# The snapshot of the list, and the log index of the last release before the page.
_POSITION: Final = TypeAdapter(tuple[_Number, _Number])


class BadReleaseName(Invalid):
    en = (
        "The name of a release has up to 64 ASCII letters, digits, dots, hyphens and "
        "underscores, begins with a letter or digit, and is not a number."
    )
    zh = (
        "发行版名称最多 64 个字符,由 ASCII 字母、数字、点、连字符和下划线组成,以字母或"
        "数字开头,且不能全为数字。"
    )


def _check_name(text: str) -> None:
    if not _NAME.match(text):
        raise BadReleaseName


ReleaseName = Annotated[
    str,
    Field(json_schema_extra={"pattern": _PATTERN}, examples=["2026.1"]),
    checked(_check_name),
]


class ReleaseExists(Conflict):
    en = "There is a release {name} already."
    zh = "已有名为 {name} 的发行版。"


class NoSuchRelease(NotFound):
    code = "UNKNOWN_RELEASE"
    en = "There is no such release."
    zh = "该发行版不存在。"


class ReleaseRead(Schema):
    """A named snapshot, as its log entry states it."""

    name: str
    size: int
    """The snapshot: all entries before the release's own."""
    log_index: int
    versions: int
    """How many factors there are, each with its current version."""
    manifest_sha256: Sha256Hex
    jsonl_sha256: Sha256Hex
    csv_sha256: Sha256Hex
    recorded_at: str
    reason: str
    publishers: tuple[str, ...]
    record_sha256: Sha256Hex
    """SHA-256 of the bytes that `…/record` answers."""
    leaf_hash: Sha256Hex


class ReleasePage(Schema):
    """Releases, the newest first."""

    items: tuple[ReleaseRead, ...]
    snapshot: int
    next_cursor: str | None
    """What continues the list; null at its end."""


async def check_free(session: AsyncSession, name: str) -> None:
    """Refuse a name that a release has already."""
    if await find_size(session, name) is not None:
        raise ReleaseExists(name=name)


async def make(
    session: AsyncSession, name: str, reason: str, publishers: tuple[str, str]
) -> int:
    """Give *name* to the snapshot of all entries so far; return the log index.

    The catalogue is written before the log's lock is taken, and again under it only
    if something was appended meanwhile: with 100,000 factors it takes seconds, for
    which nobody could publish or read at an instant.
    """
    await check_free(session, name)
    digests = await _digest(session, await translog.size(session))
    appender = await translog.open_appender(session)
    if appender.position.index != digests.size:
        digests = await _digest(session, appender.position.index)
    # Under the lock nobody else takes the name any more.
    await check_free(session, name)
    draft = _draft(name, reason, publishers, digests)
    entry = appender.append(SCHEMA, translog.stamped(draft))
    session.add(release_row(entry, draft))
    return entry.index


def release_row(entry: LogEntry, facts: Mapping[str, Any]) -> Release:
    """Return the row for an entry that makes a release."""
    return Release(
        name=facts["name"],
        entry=entry,
        size=facts["size"],
        manifest_sha256=facts["manifest_sha256"],
        jsonl_sha256=facts["jsonl_sha256"],
        csv_sha256=facts["csv_sha256"],
    )


async def _digest(session: AsyncSession, size: int) -> Digests:
    return await export.digest(lambda: nullcontext(session), size)


def _draft(
    name: str, reason: str, publishers: tuple[str, str], digests: Digests
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "name": name,
        "size": digests.size,
        "versions": digests.versions,
        "manifest_sha256": digests.manifest_sha256,
        "jsonl_sha256": digests.jsonl_sha256,
        "csv_sha256": digests.csv_sha256,
        "reason": reason,
        "publishers": list(publishers),
    }


async def get_release(session: AsyncSession, name: str) -> Release:
    """Return the release *name* with its log entry; raises `NoSuchRelease`."""
    release = await session.get(Release, name, options=[joinedload(Release.entry)])
    if release is None:
        raise NoSuchRelease
    return release


async def find_size(session: AsyncSession, name: str) -> int | None:
    """Return the snapshot that *name* stands for, if it is that of a release."""
    if not _NAME.match(name):
        return None
    return await session.scalar(sa.select(Release.size).where(Release.name == name))


def read_release(release: Release) -> ReleaseRead:
    """Return *release* as it is answered."""
    entry = release.entry
    facts = orjson.loads(entry.record)
    del facts["schema"]
    facts |= {
        "log_index": entry.index,
        "record_sha256": sha256_hex(entry.record),
        "leaf_hash": entry.leaf_hash.hex(),
    }
    return ReleaseRead.model_validate(facts, strict=False)


async def list_releases(
    session: AsyncSession, snapshot: int, query: PageQuery, pointer: str
) -> ReleasePage:
    """Return a page of the releases that are in the log at *snapshot*."""
    position = list_position(query, pointer)
    before = snapshot if position is None else position[1]
    rows = await session.scalars(
        sa.select(Release)
        .options(joinedload(Release.entry))
        .where(Release.log_index < before)
        .order_by(Release.log_index.desc())
        .limit(query.limit + 1)
    )
    found = rows.all()
    page = found[: query.limit]
    is_last = len(found) <= query.limit
    return ReleasePage(
        items=tuple(read_release(each) for each in page),
        snapshot=snapshot,
        next_cursor=None
        if is_last
        else write_cursor(_LIST, [snapshot, page[-1].log_index]),
    )


def list_position(query: PageQuery, pointer: str) -> tuple[int, int] | None:
    """Return snapshot and place of the cursor of *query*, if it has one."""
    if query.cursor is None:
        return None
    return read_cursor(query.cursor, _LIST, _POSITION, pointer)
