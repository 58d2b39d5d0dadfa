"""Publishing versions and changing their status.

Order inside the transaction: everything else is flushed, then the log's lock, then
version number and instant, then record, entry and rows; the caller commits. A crash
anywhere before the commit leaves nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import queries, search
from app.factors import service as factors
from app.factors.codes import Pin, factor_code
from app.factors.content import Content, natural_key, series_id
from app.factors.models import Factor, FactorVersion, StatusChange
from app.factors.queries import NewestRecord
from app.kit.canonical import sha256_hex
from app.kit.clock import day
from app.kit.database import Base
from app.kit.errors import Conflict
from app.reference import categories, regions
from app.reference.enums import Road, VersionStatus
from app.translog import service as translog
from app.translog.models import LogEntry
from app.translog.service import Writer

VERSION_SCHEMA: Final = "tanyin/factor-version/1"
STATUS_SCHEMA: Final = "tanyin/status-change/1"


class ContentUnchanged(Conflict):
    en = "{code} already says exactly this in version {version}."
    zh = "{code} 的第 {version} 版内容与此完全相同。"


class OnePublisher(Conflict):
    en = "Two different publishers sign a publication."
    zh = "发布须由两名不同的发布人签署。"


class FactorWithdrawn(Conflict):
    en = "{code} is {status} by now; nothing more is published of it."
    zh = "{code} 的状态现为 {status},不再发布其内容。"


@dataclass(frozen=True, slots=True)
class Publication:
    """Content on its way into the log, by a road, signed by two publishers.

    `publishers` are pseudonymous person ids; `review` is what the record says of the
    way by which it came.
    """

    content: Content
    road: Road
    publishers: tuple[str, str]
    review: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Published:
    """Where a publication ended up."""

    code: str
    version: int
    log_index: int


async def publish(session: AsyncSession, publication: Publication) -> Published:
    """Publish one version; raises `ContentUnchanged` if it would say nothing new."""
    return (await publish_all(session, [publication]))[0]


async def publish_all(
    session: AsyncSession, publications: Sequence[Publication]
) -> list[Published]:
    """Publish versions in order, in one transaction."""
    for publication in publications:
        if len(set(publication.publishers)) != len(publication.publishers):
            raise OnePublisher
    appender = await translog.open_appender(session)
    catalogue = await _load(session, publications)
    await _refuse_retired(session, catalogue)
    return [catalogue.publish(appender, publication) for publication in publications]


async def change_status(
    session: AsyncSession,
    code: str,
    *,
    version: int | None,
    status: VersionStatus,
    reason: str,
) -> int:
    """Record *status* for a version, or (None) for all; return the log index."""
    appender = await translog.open_appender(session)
    draft = {
        "schema": STATUS_SCHEMA,
        "code": code,
        "version": version,
        "status": status,
        "reason": reason,
    }
    entry = appender.append(STATUS_SCHEMA, translog.stamped(draft))
    session.add(status_row(entry, draft))
    return entry.index


def status_row(entry: LogEntry, facts: Mapping[str, Any]) -> StatusChange:
    """Return the row for an entry that changes a status."""
    return StatusChange(
        entry=entry,
        code=facts["code"],
        version=facts["version"],
        status=facts["status"],
    )


class Log(Protocol):
    """Where entries go; when the catalogue is rebuilt, where they are."""

    def append(self, kind: str, write: Writer) -> LogEntry:
        """Add the entry that *write* makes of its position."""


@dataclass(slots=True)
class Catalogue:
    """What the lock protects: codes by natural key, newest records, serials.

    `add` takes each row that is made.
    """

    add: Callable[[Base], None]
    codes: dict[str, str] = field(default_factory=dict)
    newest: dict[str, NewestRecord] = field(default_factory=dict)
    serials: dict[str, int] = field(default_factory=dict)

    def publish(self, log: Log, publication: Publication) -> Published:
        """Append one version; its number is safe because the log's lock is held."""
        content = publication.content
        key = natural_key(content)
        code = self.codes.get(key) or self._new_factor(content, key)
        newest, digest = self.newest.get(code), content.sha256()
        if newest and newest.content_sha256 == digest:
            raise ContentUnchanged(code=code, version=newest.version)
        version = newest.version + 1 if newest else 1
        draft = _draft_record(publication, digest, Pin(code, version), newest)
        entry = log.append(VERSION_SCHEMA, translog.stamped(draft))
        self.add(_version_row(Pin(code, version), entry, publication))
        self.newest[code] = NewestRecord(version, sha256_hex(entry.record), digest)
        return Published(code, version, entry.index)

    def _new_factor(self, content: Content, key: str) -> str:
        domain = categories.category(content.category).domain
        serial = self.serials.get(domain, 0) + 1
        factor = Factor(
            code=factor_code(domain, serial),
            domain=domain,
            serial=serial,
            natural_key=key,
            series_id=series_id(content),
        )
        self.add(factor)
        self.serials[domain] = serial
        self.codes[key] = factor.code
        return factor.code


async def _load(
    session: AsyncSession, publications: Sequence[Publication]
) -> Catalogue:
    keys = [natural_key(publication.content) for publication in publications]
    factors = await queries.list_factors_by_key(session, keys)
    return Catalogue(
        add=session.add,
        codes={each.natural_key: each.code for each in factors},
        newest=await queries.newest_records(session, [each.code for each in factors]),
        serials=await queries.last_serials(session),
    )


async def _refuse_retired(session: AsyncSession, catalogue: Catalogue) -> None:
    """A factor that was retired as a whole stays so: what came to it would be too."""
    present = await factors.find_present(session, catalogue.codes.values())
    for code, version in present.items():
        if version.status == VersionStatus.RETIRED:
            raise FactorWithdrawn(code=code, status=version.status)


def _draft_record(
    publication: Publication, digest: str, pin: Pin, newest: NewestRecord | None
) -> dict[str, Any]:
    return {
        "schema": VERSION_SCHEMA,
        "code": pin.code,
        "version": pin.version,
        "content": publication.content.model_dump(mode="json"),
        "road": publication.road,
        "review": {
            **publication.review,
            "digest": digest,
            "publishers": list(publication.publishers),
        },
        "previous": newest.record_sha256 if newest else None,
    }


def _version_row(pin: Pin, entry: LogEntry, publication: Publication) -> FactorVersion:
    content = publication.content
    citation = content.sources[0]
    return FactorVersion(
        code=pin.code,
        version=pin.version,
        entry=entry,
        kind=content.kind,
        category=content.category,
        region=content.region,
        unit=content.unit,
        declared_unit=content.declared_unit,
        boundary=content.boundary,
        reference_year=content.reference_year,
        valid_from=day(content.validity.first),
        valid_until=day(content.validity.last),
        name_zh=content.name.zh,
        name_en=content.name.en,
        publisher_zh=citation.publisher.zh,
        publisher_en=citation.publisher.en,
        document_number=citation.document_number,
        road=publication.road,
        origins=sorted({each.partition("@")[0] for each in content.derivation}),
        terms=search.vector(_searchable(content)),
    )


def _searchable(content: Content) -> list[str]:
    """Return the texts by which people look for a factor."""
    region = regions.region(content.region)
    path = [categories.category(content.category)]
    path += categories.ancestors(content.category)
    names = [text for category in path for text in (category.zh, category.en)]
    return [
        content.name.zh,
        content.name.en,
        *names,
        region.zh,
        region.en,
        content.technology or "",
        content.declared_unit,
    ]
