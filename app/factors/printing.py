"""Versions as they are answered: what was logged, and what the snapshot adds. Pure.

The members of what was logged are put in the order of the answer without being read,
so that none can change on its way.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from app.factors.content import Content
from app.factors.queries import Shown
from app.factors.schemas import FactorRead
from app.reference.enums import Road


class _Review(Struct):
    digest: str


class _Record(Struct):
    content: Raw
    review: _Review
    road: str
    recorded_at: str


class _Label(Struct):
    zh: str
    en: str


class _Source(Struct):
    title: str
    publisher: _Label
    document_number: str | None
    date: str | None


# The fields of `FactorRead` in their order; those of the content come with it.
_ANSWER: Final = msgspec.defstruct(
    "Answer",
    [
        (name, Raw) if name in Content.model_fields else (name, Any, None)
        for name in FactorRead.model_fields
    ],
    kw_only=True,
)
_read_record: Final = msgspec.json.Decoder(_Record).decode
_read_content: Final[Any] = msgspec.json.Decoder(_ANSWER).decode
_read_sources: Final = msgspec.json.Decoder(list[Raw]).decode
_read_source: Final = msgspec.json.Decoder(_Source).decode


@dataclass(frozen=True, slots=True)
class Page:
    """A `FactorPage` as JSON, and the cursor of the one that follows."""

    body: bytes
    next_cursor: str | None


def print_page(
    items: Iterable[bytes],
    snapshot: int,
    next_cursor: str | None,
    counts: dict[str, Any] | None = None,
) -> Page:
    """Return the page of *items*; with *counts*, a `FacetedPage`."""
    document = {
        "items": list(map(Raw, items)),
        "snapshot": snapshot,
        "next_cursor": next_cursor,
        **(counts or {}),
    }
    return Page(msgspec.json.encode(document), next_cursor)


def print_version(version: Shown, record: bytes) -> bytes:
    """Return *version*, which was logged as *record*, as the JSON of a `FactorRead`."""
    logged = _read_record(record)
    answer = _read_content(logged.content)
    source = _read_sources(answer.sources)[0]
    answer.code = version.code
    answer.version = version.version
    answer.status = version.status
    answer.series = version.series_id
    answer.source = source
    answer.road = logged.road
    answer.unreviewed = logged.road == Road.IMPORT
    answer.citation = _citation(_read_source(source), version)
    answer.content_sha256 = logged.review.digest
    answer.record_sha256 = version.record_sha256
    answer.leaf_hash = version.leaf_hash
    answer.log_index = version.log_index
    answer.recorded_at = logged.recorded_at
    return msgspec.json.encode(answer)


def _citation(source: _Source, version: Shown) -> str:
    zh, en = source.publisher.zh, source.publisher.en
    publisher = zh if zh == en else f"{zh} ({en})"
    facts = (publisher, source.title, source.document_number, source.date)
    stated = ", ".join(filter(None, facts))
    return f"{stated}; TanYin 碳因 {version.code}@{version.version}."
