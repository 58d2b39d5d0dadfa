"""Where a version comes from: everything that stands behind it, as one graph.

Only what everybody may know, and only what the snapshot has.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import entries
from app.factors.codes import InvalidFactorCode, Pin, parse_pin
from app.factors.entries import Entry
from app.factors.queries import VersionAt
from app.factors.schemas import CitationRead, Label
from app.factors.service import get_version, load_versions
from app.kit.schemas import Schema
from app.publication.graph import (
    Edge,
    EdgeType,
    EntryNode,
    EvidenceNode,
    Graph,
    Node,
    NoticeNode,
    OrganisationNode,
    PersonNode,
    PolicyNode,
    RecordNode,
    ReleaseNode,
    SourceNode,
    StatusChangeNode,
    SubmissionNode,
    VersionNode,
)
from app.publication.models import Release
from app.publication.origins import Involved, Origin, Passage, find_origins
from app.reference.enums import Road, VersionStatus

DERIVED_SHOWN: Final = 200
NEIGHBOURS_SHOWN: Final = 20
_DUTIES: Final = {
    "MAKER": EdgeType.MADE_BY,
    "CHECKER": EdgeType.CHECKED_BY,
    "SECRETARIAT": EdgeType.HANDLED_BY,
    "REVIEWER": EdgeType.REVIEWED_BY,
}


class Provenance(Schema):
    """Nodes and edges around one version."""

    version: str
    """The node that was asked for."""
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    is_complete: bool
    """False if versions are left out: of what it was derived from, those beyond 200;
    of its own factor, those more than 20 versions away."""


async def read_provenance(session: AsyncSession, pin: Pin, snapshot: int) -> Provenance:
    """Return everything that stands behind the version that *pin* names."""
    version = await get_version(session, pin, snapshot)
    graph = Graph()
    root = _add_version(graph, version)
    _add_record(graph, root, version)
    _add_sources(graph, root, version)
    is_complete = await _add_derivation(session, graph, version, snapshot)
    is_complete &= await _add_neighbours(session, graph, version, snapshot)
    await _add_releases(session, graph, version, snapshot)
    await _add_acts(session, graph, version, snapshot)
    return Provenance(
        version=root,
        nodes=tuple(graph.nodes.values()),
        edges=tuple(graph.edges.values()),
        is_complete=is_complete,
    )


def _pin(version: VersionAt) -> str:
    return f"{version.code}@{version.version}"


def _add_version(graph: Graph, version: VersionAt) -> str:
    content = version.record["content"]
    node = VersionNode(
        id=_pin(version),
        code=version.code,
        version=version.version,
        status=version.status,
        name=Label(**content["name"]),
        value=content["value"],
        unit=content["unit"],
        reference_year=content["reference_year"],
        road=Road(version.record["road"]),
        derivation=tuple(content["derivation"]),
    )
    return graph.add(node)


def _add_record(graph: Graph, root: str, version: VersionAt) -> None:
    record = RecordNode(
        id=f"record:{version.record_sha256}",
        sha256=version.record_sha256,
        content_sha256=version.record["review"]["digest"],
    )
    entry = EntryNode(
        id=f"entry:{version.log_index}",
        log_index=version.log_index,
        leaf_hash=version.leaf_hash,
        recorded_at=version.record["recorded_at"],
    )
    graph.link(root, EdgeType.RECORDED_AS, graph.add(record))
    graph.link(record.id, EdgeType.LOGGED_AS, graph.add(entry))


def _add_sources(graph: Graph, root: str, version: VersionAt) -> None:
    for number, citation in enumerate(version.record["content"]["sources"]):
        source = SourceNode(
            id=f"source:{number}", citation=CitationRead.model_validate(citation)
        )
        graph.link(root, EdgeType.CITES, graph.add(source))
        if (digest := source.citation.evidence_sha256) is not None:
            evidence = EvidenceNode(id=f"evidence:{digest}", sha256=digest)
            graph.link(source.id, EdgeType.EVIDENCED_BY, graph.add(evidence))


async def _add_derivation(
    session: AsyncSession, graph: Graph, root: VersionAt, snapshot: int
) -> bool:
    """Add what a version was computed from, and that in turn, level by level.

    A version can name only what was there before it, so there are no cycles; what is
    in the graph already is not followed again all the same.
    """
    level: Collection[VersionAt] = [root]
    left = DERIVED_SHOWN
    while level:
        links = [(each, pin) for each in level for pin in _origins(each)]
        new = {pin for _, pin in links if str(pin) not in graph.nodes}
        shown = sorted(new, key=str)[:left]
        found = await load_versions(session, shown, snapshot) if shown else {}
        for version in found.values():
            _add_version(graph, version)
        for each, pin in links:
            if str(pin) in graph.nodes:
                graph.link(_pin(each), EdgeType.DERIVED_FROM, str(pin))
        if len(new) > left:
            return False
        left -= len(shown)
        level = found.values()
    return True


def _origins(version: VersionAt) -> Iterator[Pin]:
    for text in version.record["content"]["derivation"]:
        # Of figures that were taken over, nobody has checked it.
        with suppress(InvalidFactorCode):
            yield parse_pin(text.partition(" ")[0])


async def _add_neighbours(
    session: AsyncSession, graph: Graph, version: VersionAt, snapshot: int
) -> bool:
    """Add the versions before and after, in a row."""
    first = max(1, version.version - NEIGHBOURS_SHOWN)
    last = min(version.highest, version.version + NEIGHBOURS_SHOWN)
    pins = [Pin(version.code, number) for number in range(first, last + 1)]
    found = await load_versions(session, pins, snapshot)
    for pin in pins:
        _add_version(graph, found[pin])
    for one, two in pairwise(pins):
        graph.link(str(two), EdgeType.SUCCEEDS, str(one))
    return (first, last) == (1, version.highest)


async def _add_releases(
    session: AsyncSession, graph: Graph, version: VersionAt, snapshot: int
) -> None:
    """Add the releases in which it is the current version of its factor."""
    following = Pin(version.code, version.version + 1)
    later = (await load_versions(session, [following], snapshot)).get(following)
    rows = await session.scalars(
        sa.select(Release)
        .where(Release.size > version.log_index, Release.log_index < snapshot)
        .where(Release.size <= (snapshot if later is None else later.log_index))
        .order_by(Release.log_index)
    )
    for release in rows:
        node = ReleaseNode(
            id=f"release:{release.name}", name=release.name, size=release.size
        )
        graph.link(graph.add(node), EdgeType.CONTAINS, _pin(version))


async def _add_acts(
    session: AsyncSession, graph: Graph, version: VersionAt, snapshot: int
) -> None:
    """Add who stands behind the version, and behind the changes of its status."""
    steps = await entries.list_steps(
        session, version.code, snapshot, after=version.log_index - 1
    )
    indexes = [
        step.log_index
        for step in steps
        if step.log_index == version.log_index
        or (step.status is not None and step.version in (None, version.version))
    ]
    found = [each async for each in entries.read_entries(session, indexes)]
    origins = await find_origins(session, found)
    for entry in found:
        is_version = entry.log_index == version.log_index
        subject = _pin(version) if is_version else _add_change(graph, entry, version)
        _add_origin(graph, subject, origins.get(entry.log_index, Origin()))


def _add_change(graph: Graph, entry: Entry, version: VersionAt) -> str:
    change = StatusChangeNode(
        id=f"status:{entry.log_index}",
        status=VersionStatus(entry.record["status"]),
        version=entry.record["version"],
        reason=entry.record["reason"],
    )
    place = EntryNode(
        id=f"entry:{entry.log_index}",
        log_index=entry.log_index,
        leaf_hash=entry.leaf_hash,
        recorded_at=entry.record["recorded_at"],
    )
    graph.link(graph.add(change), EdgeType.CHANGES, _pin(version))
    graph.link(change.id, EdgeType.LOGGED_AS, graph.add(place))
    return change.id


def _add_origin(graph: Graph, subject: str, origin: Origin) -> None:
    """Add submission and people; publishers sign the entry, others work before it."""
    submission = subject
    if origin.passage is not None:
        submission = _add_passage(graph, origin.passage)
        graph.link(subject, EdgeType.SUBMITTED_IN, submission)
    for each in origin.people:
        kind = _DUTIES.get(each.duty, EdgeType.SIGNED_BY)
        start = subject if kind is EdgeType.SIGNED_BY else submission
        graph.link(start, kind, _add_person(graph, each), each.verdict)


def _add_person(graph: Graph, involved: Involved) -> str:
    person = PersonNode(id=f"person:{involved.person}", person=involved.person)
    graph.add(person)
    if involved.organisation is not None:
        organisation = _add_organisation(graph, involved.organisation)
        graph.link(person.id, EdgeType.ACTS_FOR, organisation)
    return person.id


def _add_organisation(graph: Graph, organisation: str) -> str:
    node = OrganisationNode(
        id=f"organisation:{organisation}", organisation=organisation
    )
    return graph.add(node)


def _add_passage(graph: Graph, passage: Passage) -> str:
    """Add a submission with who handed it in, its rules and its notice."""
    submission = SubmissionNode(
        id=f"submission:{passage.id}",
        submission=passage.id,
        round=passage.round,
        passed_digest=passage.passed_digest,
    )
    graph.add(submission)
    organisation = _add_organisation(graph, passage.organisation)
    graph.link(submission.id, EdgeType.SUBMITTED_BY, organisation)
    if passage.policy is not None:
        policy = PolicyNode(id=f"policy:{passage.policy}", policy=passage.policy)
        graph.link(submission.id, EdgeType.UNDER, graph.add(policy))
    days = passage.notice.model_dump(exclude={"id"})
    notice = NoticeNode(
        id=f"notice:{passage.notice.id}", notice=passage.notice.id, **days
    )
    graph.link(submission.id, EdgeType.ON_NOTICE, graph.add(notice))
    return submission.id
