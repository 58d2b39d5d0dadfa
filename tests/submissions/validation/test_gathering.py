"""What the checks must know, from the database."""

import datetime as dt
import math
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors.content import Content, natural_key
from app.publication.service import Publication, publish_all
from app.reference.enums import Road, VersionStatus
from app.submissions.validation.facts import Candidate, Facts, ItemType, Submitter
from app.submissions.validation.gathering import PeerBook, gather
from tests.factories.factors import PUBLISHERS, change, content, electricity, publish

SUBMITTER = Submitter("org-1")


async def facts_of(
    session: AsyncSession, *candidates: Candidate, book: PeerBook | None = None
) -> Facts:
    return await gather(
        session,
        candidates,
        submitter=SUBMITTER,
        today=dt.date(2026, 11, 24),
        pending={"key": "sub_1"},
        submission="sub_2",
        book=book,
    )


def new(content: Content) -> Candidate:
    return Candidate(1, ItemType.NEW, content, None)


def update(code: str) -> Candidate:
    return Candidate(1, ItemType.UPDATE, content(), code)


def steel(value: str, number: int, **changes: Any) -> Content:
    stated = {"category": "STEEL_LONG", "unit": "kgCO2e/t", "value": value}
    return content(zh=f"钢材{number}", **stated | changes)


async def test_what_the_caller_knows_is_passed_on(session: AsyncSession) -> None:
    facts = await facts_of(session)

    assert facts == Facts(
        today=dt.date(2026, 11, 24),
        submitter=SUBMITTER,
        pending={"key": "sub_1"},
        submission="sub_2",
    )


async def test_an_updated_factor_at_its_highest_version(session: AsyncSession) -> None:
    first = Publication(content(), Road.PANEL, PUBLISHERS, {"organisation": "org-9"})
    second = Publication(
        content(value="17"), Road.PANEL, PUBLISHERS, {"organisation": "org-1"}
    )
    code = (await publish_all(session, [first, second]))[0].code

    facts = await facts_of(session, update(code), update("CNF-08-999999-00"))

    (known,) = facts.factors.values()
    assert (known.code, known.version, known.status) == (code, 2, "PUBLISHED")
    assert known.owner == "org-1"
    assert known.natural_key == natural_key(content())
    assert known.content["value"] == "17"
    assert known.content_sha256 == content(value="17").sha256()
    assert facts.twins == {}


async def test_a_factor_of_an_authority_has_no_owner(session: AsyncSession) -> None:
    (published,) = await publish(session, content())

    facts = await facts_of(session, update(published.code))

    assert facts.factors[published.code].owner is None


@pytest.mark.parametrize("version", [None, 1])
async def test_the_last_change_of_status_counts(
    session: AsyncSession, version: int | None
) -> None:
    (published,) = await publish(session, content())
    for status in (VersionStatus.SUSPENDED, VersionStatus.RETIRED):
        await change(session, published.code, status, version)

    facts = await facts_of(session, update(published.code))

    assert facts.factors[published.code].status == "RETIRED"


async def test_the_twin_of_a_new_factor(session: AsyncSession) -> None:
    (published, *_) = await publish(session, content(), electricity())

    facts = await facts_of(session, new(content(value="99")))

    assert [each.code for each in facts.twins.values()] == [published.code]
    assert set(facts.twins) == {natural_key(content())}
    assert facts.factors == {}


async def test_origins_by_pin(session: AsyncSession) -> None:
    first, _ = await publish(session, electricity(), electricity(value="0.6"))
    code = first.code
    pins = [f"{code}@1 * 13500 kWh", f"{code}@2", f"{code}@3", "CNF-01-000009-00@1"]

    facts = await facts_of(session, new(content(derivation=pins)))

    status = {pin: known.status for pin, known in facts.origins.items()}
    assert status == {f"{code}@1": "SUPERSEDED", f"{code}@2": "PUBLISHED"}
    assert facts.origins[f"{code}@1"].content["value"] == "0.6205"


async def test_peers_in_use_by_category_and_dimension(session: AsyncSession) -> None:
    published = await publish(
        session,
        steel("2000", 1),
        steel("2.5", 2, unit="tCO2e/t"),
        steel("9", 3),
        steel("3000", 3),
        steel("-5", 4),
        steel("5", 5, unit="kgCO2e/m"),
        steel("5", 6, unit="kgCO2/t", gwp_set="NOT_APPLICABLE"),
        steel("5", 7, kind="DIRECT_EF", boundary="DIRECT"),
        steel("5", 8),
        steel("5", 9, category="STEEL_RAIL"),
    )
    await change(session, published[8].code, VersionStatus.VOID)

    facts = await facts_of(session, new(steel("1", 10)))

    assert set(facts.peers) == {("STEEL_LONG", "kg"), ("STEEL_LONG", "m")}
    peers = facts.peers["STEEL_LONG", "kg"]
    assert peers.count == 3
    assert peers.median == pytest.approx(2.5)
    assert peers.log_median == pytest.approx(math.log(2.5))
    assert peers.log_mad == pytest.approx(math.log(3 / 2.5))


async def test_peers_are_sought_for_footprints_only(session: AsyncSession) -> None:
    await publish(session, steel("2000", 1))
    direct = steel("2000", 2, kind="DIRECT_EF", boundary="DIRECT")

    assert (await facts_of(session, new(direct))).peers == {}


async def test_a_book_of_peers_is_read_once(session: AsyncSession) -> None:
    await publish(session, steel("2000", 1))
    book: PeerBook = {}
    sought = [new(steel("5", 2)), new(steel("5", 3, category="STEEL_RAIL"))]

    first = await facts_of(session, *sought, book=book)
    await publish(session, steel("4000", 4))
    second = await facts_of(session, sought[0], book=book)

    assert set(book) == {"STEEL_LONG", "STEEL_RAIL"}
    assert first.peers["STEEL_LONG", "kg"].count == 1
    assert second.peers == first.peers


async def test_statements_do_not_grow_with_the_items(session: AsyncSession) -> None:
    published = await publish(
        session, *(steel(f"{each}", each) for each in range(1, 9))
    )
    pins = [f"{each.code}@1" for each in published]
    candidates = [
        *(update(each.code) for each in published),
        *(new(steel("5", each, derivation=pins)) for each in range(1, 9)),
    ]
    await session.flush()
    statements: list[str] = []
    engine = (await session.connection()).engine.sync_engine
    count = lambda *sent: statements.append(sent[2])  # noqa: E731 - removed by name
    sa.event.listen(engine, "before_cursor_execute", count)
    try:
        facts = await facts_of(session, *candidates)
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)

    assert len(facts.factors) == len(facts.twins) == len(facts.origins) == 8
    assert len(statements) == 3
