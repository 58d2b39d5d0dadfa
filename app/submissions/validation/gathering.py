"""Loading what the checks must know, in few statements whatever the number of items."""

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from statistics import median
from typing import TypeAlias

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

PeerBook: TypeAlias = dict[str, dict[str, Peers]]
"""Peers by category, then by canonical unit."""


async def gather(  # noqa: PLR0913 - what only the caller knows
    session: AsyncSession,
    candidates: Sequence[Candidate],
    *,
    submitter: Submitter,
    today: dt.date,
    pending: Mapping[str, str],
    submission: str | None = None,
    book: PeerBook | None = None,
) -> Facts:
    """Return what the database knows about *candidates*.

    Peers that stand in *book* are not read again, the others are added to it.
    """
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
        peers=await _peers(session, contents, {} if book is None else book),
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
    session: AsyncSession, contents: Sequence[Content], book: PeerBook
) -> dict[tuple[str, str], Peers]:
    wanted = {each.category for each in contents if each.kind in FOOTPRINTS}
    unread = wanted - book.keys()
    if unread:
        book |= await _read_peers(session, unread)
    return {
        (category, unit): peers
        for category in wanted
        for unit, peers in book[category].items()
    }


async def _read_peers(session: AsyncSession, categories: Collection[str]) -> PeerBook:
    values: dict[str, defaultdict[str, list[float]]] = {
        each: defaultdict(list) for each in categories
    }
    for group in await queries.published_values(session, categories, FOOTPRINTS):
        for text in group.values:
            stated = footprint(group.kind, group.unit, text)
            if stated and stated[1] > 0:
                values[group.category][stated[0]].append(stated[1])
    return {
        category: {unit: _summary(each) for unit, each in by_unit.items()}
        for category, by_unit in values.items()
    }


def _summary(values: Collection[float]) -> Peers:
    logs = [math.log(each) for each in values]
    middle = median(logs)
    return Peers(
        count=len(logs),
        median=median(values),
        log_median=middle,
        log_mad=median(abs(each - middle) for each in logs),
    )
