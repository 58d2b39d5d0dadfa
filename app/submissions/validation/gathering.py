"""Loading what the checks must know, in few statements whatever the number of items."""

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from statistics import median

from sqlalchemy.ext.asyncio import AsyncSession

from app.factors.codes import Pin
from app.factors.content import Content, natural_key
from app.submissions.validation import queries
from app.submissions.validation.contents import footprint, origin
from app.submissions.validation.facts import (
    Candidate,
    Facts,
    ItemType,
    KnownVersion,
    Peers,
    Submitter,
)
from app.submissions.validation.measures import FOOTPRINTS


async def gather(
    session: AsyncSession,
    candidates: Sequence[Candidate],
    *,
    submitter: Submitter,
    today: dt.date,
    pending: Mapping[str, str],
    submission: str | None = None,
) -> Facts:
    """Return what the database knows about *candidates*."""
    contents = [each.content for each in candidates if each.content]
    codes = {each.factor for each in candidates if each.factor}
    keys = _new_keys(candidates)
    known = await queries.current_versions(session, codes, keys)
    return Facts(
        today=today,
        submitter=submitter,
        factors={each.code: each for each in known if each.code in codes},
        twins={each.natural_key: each for each in known if each.natural_key in keys},
        origins=await _origins(session, contents),
        peers=await _peers(session, contents),
        pending=pending,
        submission=submission,
    )


def _new_keys(candidates: Sequence[Candidate]) -> set[str]:
    return {
        natural_key(each.content)
        for each in candidates
        if each.content and each.type is ItemType.NEW
    }


async def _origins(
    session: AsyncSession, contents: Sequence[Content]
) -> dict[str, KnownVersion]:
    pins = {_pin(text) for each in contents for text in each.derivation}
    found = await queries.pinned_versions(session, pins)
    return {f"{each.code}@{each.version}": each for each in found}


def _pin(derivation: str) -> Pin:
    # A code with a wrong check number is looked up too, and found to name nothing.
    code, _, version = origin(derivation).pin.partition("@")
    return Pin(code, int(version))


async def _peers(
    session: AsyncSession, contents: Sequence[Content]
) -> dict[tuple[str, str], Peers]:
    wanted = {each.category for each in contents if each.kind in FOOTPRINTS}
    if not wanted:
        return {}
    values: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    rows = await queries.published_values(session, wanted, FOOTPRINTS)
    for category, kind, unit, texts in rows:
        for text in texts:
            stated = footprint(kind, unit, text)
            if stated and stated[1] > 0:
                values[category, stated[0]].append(stated[1])
    return {place: _summary(each) for place, each in values.items()}


def _summary(values: Collection[float]) -> Peers:
    logs = [math.log(each) for each in values]
    middle = median(logs)
    return Peers(
        count=len(logs),
        median=median(values),
        log_median=middle,
        log_mad=median(abs(each - middle) for each in logs),
    )
