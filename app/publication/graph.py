"""The nodes and edges of which a provenance consists."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from app.factors.schemas import CitationRead, FactorCode, Instant, Label
from app.kit.schemas import Schema
from app.reference.enums import Road, VersionStatus
from app.sources.schemas import Sha256Hex


class VersionNode(Schema):
    """A factor version."""

    id: Annotated[str, Field(examples=["CNF-01-000001-14@1"])]
    type: Literal["VERSION"] = "VERSION"
    code: FactorCode
    version: int
    status: VersionStatus
    name: Label
    value: str
    unit: str
    reference_year: int
    road: Road
    derivation: tuple[str, ...]
    """What it was computed from, with amounts where they are stated."""


class RecordNode(Schema):
    """The bytes that were logged for a version."""

    id: str
    type: Literal["RECORD"] = "RECORD"
    sha256: Sha256Hex
    content_sha256: Sha256Hex


class EntryNode(Schema):
    """A place in the log."""

    id: str
    type: Literal["LOG_ENTRY"] = "LOG_ENTRY"
    log_index: int
    leaf_hash: Sha256Hex
    recorded_at: Instant


class SourceNode(Schema):
    """A document that is cited."""

    id: str
    type: Literal["SOURCE"] = "SOURCE"
    citation: CitationRead


class EvidenceNode(Schema):
    """A copy of a document, which those read who may see what cites it."""

    id: str
    type: Literal["EVIDENCE"] = "EVIDENCE"
    sha256: Sha256Hex


class SubmissionNode(Schema):
    """A submission that was published."""

    id: str
    type: Literal["SUBMISSION"] = "SUBMISSION"
    submission: str
    round: int
    passed_digest: Sha256Hex
    """SHA-256 over what the panel passed."""


class PersonNode(Schema):
    """Somebody by a pseudonymous id."""

    id: str
    type: Literal["PERSON"] = "PERSON"
    person: str


class OrganisationNode(Schema):
    """For whom somebody acted."""

    id: str
    type: Literal["ORGANISATION"] = "ORGANISATION"
    organisation: str


class NoticeNode(Schema):
    """A public notice."""

    id: str
    type: Literal["NOTICE"] = "NOTICE"
    notice: str
    opens_on: str
    closes_on: str
    working_days: int
    closed_at: str


class PolicyNode(Schema):
    """The rules that were in force."""

    id: str
    type: Literal["POLICY"] = "POLICY"
    policy: str


class StatusChangeNode(Schema):
    """A withdrawal, or its end."""

    id: str
    type: Literal["STATUS_CHANGE"] = "STATUS_CHANGE"
    status: VersionStatus
    version: int | None
    """Null where it concerns all versions."""
    reason: str


class ReleaseNode(Schema):
    """A named snapshot."""

    id: str
    type: Literal["RELEASE"] = "RELEASE"
    name: str
    size: int


Node: TypeAlias = Annotated[
    VersionNode
    | RecordNode
    | EntryNode
    | SourceNode
    | EvidenceNode
    | SubmissionNode
    | PersonNode
    | OrganisationNode
    | NoticeNode
    | PolicyNode
    | StatusChangeNode
    | ReleaseNode,
    Field(discriminator="type"),
]


class EdgeType(StrEnum):
    """What one node is to another; reads as a sentence from `from` to `to`."""

    RECORDED_AS = "RECORDED_AS"
    LOGGED_AS = "LOGGED_AS"
    CITES = "CITES"
    EVIDENCED_BY = "EVIDENCED_BY"
    DERIVED_FROM = "DERIVED_FROM"
    SUCCEEDS = "SUCCEEDS"
    SUBMITTED_IN = "SUBMITTED_IN"
    SUBMITTED_BY = "SUBMITTED_BY"
    MADE_BY = "MADE_BY"
    CHECKED_BY = "CHECKED_BY"
    HANDLED_BY = "HANDLED_BY"
    REVIEWED_BY = "REVIEWED_BY"
    SIGNED_BY = "SIGNED_BY"
    ACTS_FOR = "ACTS_FOR"
    ON_NOTICE = "ON_NOTICE"
    UNDER = "UNDER"
    CHANGES = "CHANGES"
    CONTAINS = "CONTAINS"


class Edge(Schema):
    """What one node is to another."""

    from_: Annotated[str, Field(alias="from")]
    to: str
    type: EdgeType
    verdict: str | None = None
    """Of a reviewer in the submission."""


@dataclass(slots=True)
class Graph:
    """Nodes by id and edges, each once, in the order in which they are added."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[tuple[str, str, EdgeType], Edge] = field(default_factory=dict)

    def add(self, node: Node) -> str:
        """Add *node*, unless it is there, and return its id."""
        return self.nodes.setdefault(node.id, node).id

    def link(
        self, start: str, kind: EdgeType, end: str, verdict: str | None = None
    ) -> None:
        """Say that *start* is *kind* to *end*."""
        facts = {"from": start, "to": end, "type": kind, "verdict": verdict}
        self.edges.setdefault((start, end, kind), Edge.model_validate(facts))
