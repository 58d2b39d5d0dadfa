"""The catalogue made anew from the log alone, and compared with the tables.

Every version is published once more by the code that published it: its number, its code
and each byte of its record must come out the same. Held are one block of the log and,
of each factor, what the next version would be made from.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.factors.content import Content
from app.factors.models import Factor, FactorVersion, StatusChange
from app.kit.canonical import canonical_bytes
from app.kit.clock import instant_text
from app.kit.database import Base
from app.kit.errors import DomainError
from app.publication import releases
from app.publication import service as publication
from app.publication.models import Release
from app.publication.service import Catalogue, Publication
from app.reference.enums import Road
from app.translog.models import KEY_SCHEMA, LogEntry
from app.translog.service import Position, Writer

_BLOCK: Final = 1_000
_LOGGED: Final = (FactorVersion, StatusChange, Release)
# Written by PostgreSQL itself, out of the others.
_DERIVED: Final = "labels"
_LABELS: Final = FactorVersion.__table__.c[_DERIVED].computed.sqltext

# What else may come of reading what this service has not written.
_UNREADABLE: Final = (
    ArithmeticError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)

Facts = dict[str, Any]


class _Contradiction(Exception):
    """An entry that this service would not have written."""


@dataclass(slots=True)
class Counts:
    """How much was made anew."""

    entries: int = 0
    factors: int = 0
    versions: int = 0
    status_changes: int = 0
    releases: int = 0


@dataclass(slots=True)
class Rebuild:
    """One comparison of a log with its tables."""

    counts: Counts = field(default_factory=Counts)
    _made: list[Base] = field(default_factory=list)

    async def findings(self, connection: AsyncConnection) -> AsyncIterator[str]:
        """Yield what differs; *connection* has begun a transaction of its own."""
        catalogue, end = Catalogue(add=self._made.append), 0
        async for block in _blocks(connection):
            for entry in block:
                for why in self._replay(catalogue, entry):
                    yield f"entry {entry.index}: {why}"
            first, end = end, block[-1].index + 1
            async for finding in self._compare(connection, first, end):
                yield finding
        async for finding in _beyond(connection, end, catalogue):
            yield finding

    def _replay(self, catalogue: Catalogue, entry: LogEntry) -> Iterator[str]:
        """Make the rows of an entry; yield why it would not have been written."""
        self.counts.entries += 1
        log = _Replay(entry)
        try:
            self._make(catalogue, log, orjson.loads(entry.record))
        except (DomainError, _Contradiction) as error:
            yield str(error)
        except _UNREADABLE as error:
            yield f"the record cannot be read: {error}".partition("\n")[0]
        yield from log.differences

    def _make(self, catalogue: Catalogue, log: "_Replay", facts: Facts) -> None:
        match log.entry.kind:
            case publication.VERSION_SCHEMA:
                catalogue.publish(log, _publication(facts))
            case publication.STATUS_SCHEMA:
                log.repeat(facts)
                self._made.append(_status(catalogue, log.entry, facts))
            case releases.SCHEMA:
                log.repeat(facts)
                self._made.append(_release(log.entry, facts))
            case kind if kind != KEY_SCHEMA:
                raise _Contradiction(f"there is no kind {kind}")

    async def _compare(
        self, connection: AsyncConnection, first: int, end: int
    ) -> AsyncIterator[str]:
        """Yield where the tables differ from the rows of entries *first* to *end*."""
        for model in _LOGGED:
            made = {each.entry.index: each for each in self._made_of(model)}
            stored = await _logged(connection, model, first, end)
            for finding in _differences(model, made, stored):
                yield finding
        factors = {each.code: each for each in self._made_of(Factor)}
        stored = await _factors(connection, factors)
        for finding in _differences(Factor, factors, stored):
            yield finding
        self._count()

    def _made_of(self, model: type[Base]) -> list[Any]:
        return [each for each in self._made if isinstance(each, model)]

    def _count(self) -> None:
        self.counts.factors += len(self._made_of(Factor))
        self.counts.versions += len(self._made_of(FactorVersion))
        self.counts.status_changes += len(self._made_of(StatusChange))
        self.counts.releases += len(self._made_of(Release))
        self._made.clear()


@dataclass(slots=True)
class _Replay:
    """An entry of the log, in the place of the log it would be appended to."""

    entry: LogEntry
    differences: list[str] = field(default_factory=list)

    def append(self, kind: str, write: Writer) -> LogEntry:
        """Return the entry; note down where *write* makes another one."""
        del kind
        made = write(Position(self.entry.index, self.entry.recorded_at))
        if made != self.entry.record:
            parts = _parts(orjson.loads(made), orjson.loads(self.entry.record))
            self.differences.append(f"publishing it again would change {parts}")
        return self.entry

    def repeat(self, facts: Facts) -> None:
        """Check that *facts* are written as they are always written."""
        instant = instant_text(self.entry.recorded_at)
        if canonical_bytes(facts | {"recorded_at": instant}) != self.entry.record:
            self.differences.append("publishing it again would change its bytes")


def _parts(made: Facts, stored: Facts) -> str:
    """Name what two records say differently."""
    names = sorted(made.keys() | stored.keys())
    parts = [name for name in names if made.get(name) != stored.get(name)]
    return ", ".join(parts) or "its bytes"


def _publication(facts: Facts) -> Publication:
    review = dict(facts["review"])
    del review["digest"]  # which is computed anew
    first, second = review.pop("publishers")
    content = Content.model_validate(facts["content"], strict=False)
    return Publication(content, Road(facts["road"]), (first, second), review)


def _status(catalogue: Catalogue, entry: LogEntry, facts: Facts) -> StatusChange:
    newest = catalogue.newest.get(facts["code"])
    if newest is None or newest.version < (facts["version"] or 1):
        raise _Contradiction("it concerns a version that is not there yet")
    return publication.status_row(entry, facts)


def _release(entry: LogEntry, facts: Facts) -> Release:
    if facts["size"] != entry.index:
        raise _Contradiction("a release names all entries before its own")
    return releases.release_row(entry, facts)


def _columns(model: type[Base]) -> list[str]:
    return [each for each in model.__table__.columns.keys() if each != _DERIVED]  # noqa: SIM118 - no dict


def _differences(
    model: type[Base], made: Mapping[Any, Any], stored: Iterable[Facts]
) -> Iterator[str]:
    """Yield where the rows of a table are not those that were made."""
    table, found = model.__tablename__, set()
    for row in stored:
        key = row["log_index"] if "log_index" in row else row["code"]
        where = f"{table} of {key}"
        if key not in made or key in found:
            yield f"{where}: the log has no such row"
            continue
        found.add(key)
        for name, value in _wanted(model, made[key]).items():
            if row[name] != value:
                yield f"{where}: {name} is {row[name]!r}, the log says {value!r}"
    for key in made.keys() - found:
        yield f"{table} of {key}: the row is missing"


def _wanted(model: type[Base], made: Any) -> Facts:  # noqa: ANN401 - a row of *model*
    wanted = {name: getattr(made, name) for name in _columns(model)}
    if "log_index" in wanted:
        wanted["log_index"] = made.entry.index
    if model is FactorVersion:
        wanted["labels_fit"] = True
    return wanted


async def _blocks(connection: AsyncConnection) -> AsyncIterator[list[LogEntry]]:
    columns = ("index", "kind", "record", "recorded_at")
    entries = LogEntry.__table__
    wanted = sa.select(*(entries.c[each] for each in columns)).order_by(entries.c.index)
    async with connection.stream(wanted.execution_options(yield_per=_BLOCK)) as rows:
        async for block in rows.mappings().partitions(_BLOCK):
            yield [LogEntry(**row) for row in block]


async def _logged(
    connection: AsyncConnection, model: type[Base], first: int, end: int | None
) -> list[Facts]:
    """Return the rows that entries from *first* on have led to."""
    index = model.__table__.c.log_index
    wanted = _stored(model).where(index >= first)
    if end is not None:
        wanted = wanted.where(index < end)
    return [dict(row) for row in (await connection.execute(wanted)).mappings()]


def _stored(model: type[Base]) -> sa.Select[Any]:
    table = model.__table__
    wanted = sa.select(*(table.c[name] for name in _columns(model)))
    if model is FactorVersion:
        fit = table.c[_DERIVED].is_not_distinct_from(sa.literal_column(f"{_LABELS}"))
        wanted = wanted.add_columns(fit.label("labels_fit"))
    return wanted


async def _factors(connection: AsyncConnection, codes: Iterable[str]) -> list[Facts]:
    wanted = _stored(Factor).where(Factor.code.in_(list(codes)))
    return [dict(row) for row in (await connection.execute(wanted)).mappings()]


async def _beyond(
    connection: AsyncConnection, end: int, catalogue: Catalogue
) -> AsyncIterator[str]:
    """Yield the rows that no entry has led to."""
    for model in _LOGGED:
        for row in await _logged(connection, model, end, None):
            name = model.__tablename__
            yield f"{name} of {row['log_index']}: the log has no such row"
    known = set(catalogue.codes.values())
    async with connection.stream(sa.select(Factor.code)) as rows:
        async for (code,) in rows:
            if code not in known:
                yield f"factor of {code}: the log has no such row"
