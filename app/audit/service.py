"""Writing the trail, in the transaction of the act itself."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import Event
from app.kit import clock
from app.kit.canonical import canonical_bytes, sha256

EMPTY_CHAIN = bytes(32)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, in which request; ids are pseudonymous."""

    person_id: str
    role: str
    organisation_id: str
    request_id: str
    key_id: str = ""
    scopes: tuple[str, ...] = ()
    is_manager: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is done to an object, with its state before and after."""

    act: str
    object_type: str
    object_id: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    reason: str | None = None
    log_index: int | None = None
    is_public: bool = False


class Chained(Protocol):
    """A submission, locked: its events are chained by digest."""

    id: str
    chain: bytes


@dataclass(frozen=True, slots=True)
class Trail:
    """Writes the events of one actor in one transaction."""

    session: AsyncSession
    actor: Actor
    at: dt.datetime = field(default_factory=clock.now)

    def record(self, deed: Deed, submission: Chained | None = None) -> Event:
        """Add the event of *deed*, and chain it to those of *submission*."""
        facts = self._facts(deed)
        event = Event(**facts)
        if submission is not None:
            event.submission_id = submission.id
            event.chain = submission.chain = chained(submission.chain, facts)
        self.session.add(event)
        return event

    def _facts(self, deed: Deed) -> dict[str, Any]:
        return {
            "at": self.at,
            "person_id": self.actor.person_id,
            "role": self.actor.role,
            "organisation_id": self.actor.organisation_id,
            "act": deed.act,
            "object_type": deed.object_type,
            "object_id": deed.object_id,
            "before": None if deed.before is None else dict(deed.before),
            "after": None if deed.after is None else dict(deed.after),
            "reason": deed.reason,
            "request_id": self.actor.request_id,
            "log_index": deed.log_index,
            "is_public": deed.is_public,
        }


def chained(chain: bytes, facts: Mapping[str, Any]) -> bytes:
    """Return the digest that extends *chain* by an event with *facts*.

    SHA-256 over the former digest and the event in canonical JSON. The log index is
    left out: the record that carries the digest is what gets it.
    """
    stated = {name: each for name, each in facts.items() if name != "log_index"}
    stated["at"] = clock.instant_text(facts["at"])
    return sha256(chain + canonical_bytes(stated))
