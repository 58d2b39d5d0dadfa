"""What the automatic checks look at: candidates, and what is known about them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.factors.content import Content


class ItemType(StrEnum):
    """What an item asks for."""

    NEW = "NEW"
    UPDATE = "UPDATE"
    CORRECTION = "CORRECTION"
    RETIREMENT = "RETIREMENT"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One item of a draft; a retirement has no content.

    `explanations` are the submitter's, by id of the rule.
    """

    number: int
    type: ItemType
    content: Content | None
    factor: str | None
    explanations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Submitter:
    """The organisation that submits."""

    organisation_id: str
    credit_code: str | None = None
    credit_code_note: str | None = None
    """Why a genuine code is accepted though its check digit fails."""


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """The present version of a published factor; `owner` is an organisation's id."""

    code: str
    version: int
    status: str
    natural_key: str
    owner: str | None
    content: Mapping[str, Any]
    content_sha256: str


@dataclass(frozen=True, slots=True)
class Peers:
    """Published values of one category, in kg per canonical unit of one dimension."""

    count: int
    median: float
    log_median: float
    log_mad: float
    """Median absolute deviation of the natural logarithms."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database knows about the candidates, at one instant."""

    today: dt.date
    submitter: Submitter
    factors: Mapping[str, KnownVersion] = field(default_factory=dict)
    """By code: the factors that are updated, corrected or retired."""
    twins: Mapping[str, KnownVersion] = field(default_factory=dict)
    """By natural key: published factors that say the same of the same thing."""
    origins: Mapping[str, KnownVersion] = field(default_factory=dict)
    """By pin, CODE@n: the versions that derivations name."""
    peers: Mapping[tuple[str, str], Peers] = field(default_factory=dict)
    """By category and canonical unit of the declared unit's dimension; positive
    values of footprint kinds only."""
    pending: Mapping[str, str] = field(default_factory=dict)
    """By natural key: the submission in which it stands already; the same one where
    several of its items have it."""
    submission: str | None = None
    """The one that the candidates are in."""
