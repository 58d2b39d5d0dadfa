"""Publishing: the record, its chain, its numbers, and what is refused."""

import asyncio
import json

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors.codes import factor_code
from app.factors.models import FactorVersion
from app.kit.canonical import canonical_bytes, sha256_hex
from app.kit.clock import instant_text
from app.kit.database import Sessions
from app.publication import service as publication
from app.publication.service import ContentUnchanged, OnePublisher, Publication
from app.reference.enums import Road, VersionStatus
from app.translog import merkle
from app.translog.models import LogEntry
from tests.factories.factors import (
    PUBLISHERS,
    change_status,
    content,
    publish,
    publish_one,
)

# The digest of the factory's content; a change here means that hashed bytes moved.
GOLDEN = "63ac5dff88e84dcc21e790c1c434214814b094e1440de691eb03eb2e37b89f7c"


async def entry(session: AsyncSession, index: int) -> LogEntry:
    found = await session.get(LogEntry, index)
    assert found is not None
    return found


def test_the_bytes_of_a_content_do_not_move() -> None:
    assert content().sha256() == GOLDEN


async def test_the_record_says_everything_and_its_bytes_are_the_entry(
    session: AsyncSession, sessions: Sessions
) -> None:
    published = await publish_one(sessions)

    logged = await entry(session, published.log_index)
    record = json.loads(logged.record)
    assert record == {
        "schema": "tanyin/factor-version/1",
        "code": published.code,
        "version": 1,
        "content": content().model_dump(mode="json"),
        "road": "AUTHORITY",
        "review": {"digest": GOLDEN, "publishers": list(PUBLISHERS)},
        "previous": None,
        "recorded_at": instant_text(logged.recorded_at),
    }
    assert logged.record == canonical_bytes(record)
    assert logged.leaf_hash == merkle.leaf_hash(logged.record)
    assert logged.kind == record["schema"]


async def test_versions_are_chained_by_the_digest_of_the_record_before(
    session: AsyncSession, sessions: Sessions
) -> None:
    first = await publish_one(sessions)
    second = await publish_one(sessions, value="16.40", change_reason="更正")

    assert (second.code, second.version) == (first.code, 2)
    before = await entry(session, first.log_index)
    after = json.loads((await entry(session, second.log_index)).record)
    assert after["previous"] == sha256_hex(before.record)


async def test_one_batch_may_hold_several_versions_of_one_factor(
    session: AsyncSession,
) -> None:
    values = ["1", "1.0", "1.00"]

    published = await publish(session, *(content(value=value) for value in values))

    assert [each.version for each in published] == [1, 2, 3]
    assert len({each.code for each in published}) == 1


async def test_serials_are_counted_by_domain(session: AsyncSession) -> None:
    names = ["甲", "乙", "丙"]
    aluminium = [content(zh=name) for name in names]
    steel = [content(zh=name, category="CRUDE_STEEL") for name in names]

    published = await publish(session, *aluminium, *steel)

    serials = [factor_code("08", number) for number in (1, 2, 3)]
    serials += [factor_code("07", number) for number in (1, 2, 3)]
    assert [each.code for each in published] == serials


@pytest.mark.parametrize(
    ("change", "same_factor"),
    [
        ({"value": "1"}, True),
        ({"unit": "gCO2e/kg"}, True),
        ({"zh": "电 解 铝"}, True),
        ({"zh": "电解铝锭"}, False),
        ({"unit": "kgCO2e/t"}, False),
        ({"region": "CN-GD"}, False),
        ({"boundary": "LIFE_CYCLE"}, False),
        ({"technology": "HYDRO"}, False),
        ({"kind": "DIRECT_EF"}, False),
        ({"reference_year": 2024}, False),
        ({"representativeness": "FACILITY"}, False),
    ],
)
async def test_what_makes_a_factor_the_same(
    session: AsyncSession, change: dict[str, str], *, same_factor: bool
) -> None:
    first, second = await publish(session, content(), content(**change))

    assert (first.code == second.code) is same_factor


async def test_a_series_is_what_differs_by_year_alone(session: AsyncSession) -> None:
    contents = [content(reference_year=year) for year in (2021, 2022, 2023)]
    await publish(session, *contents, content(region="CN-GD"))

    factors = sa.text("SELECT series_id, count(*) FROM factor GROUP BY series_id")
    sizes = sorted(size for _, size in (await session.execute(factors)).all())
    assert sizes == [1, 3]


async def test_saying_the_same_again_is_refused(sessions: Sessions) -> None:
    await publish_one(sessions)

    with pytest.raises(ContentUnchanged):
        await publish_one(sessions)


async def test_one_person_does_not_publish_alone(session: AsyncSession) -> None:
    alone = Publication(content(), Road.AUTHORITY, ("person-1", "person-1"))

    with pytest.raises(OnePublisher):
        await publication.publish(session, alone)


async def test_a_status_change_is_an_entry_of_its_own(
    session: AsyncSession, sessions: Sessions
) -> None:
    published = await publish_one(sessions)

    index = await change_status(sessions, published.code, VersionStatus.SUSPENDED, 1)

    record = json.loads((await entry(session, index)).record)
    assert index == published.log_index + 1
    assert record["schema"] == "tanyin/status-change/1"
    assert (record["code"], record["version"]) == (published.code, 1)
    assert (record["status"], record["reason"]) == ("SUSPENDED", "因测试")


@pytest.mark.committed
async def test_of_parallel_publications_of_one_content_exactly_one_wins(
    sessions: Sessions,
) -> None:
    results = await asyncio.gather(
        *(publish_one(sessions) for _ in range(16)), return_exceptions=True
    )

    published = [each for each in results if not isinstance(each, BaseException)]
    refused = [each for each in results if isinstance(each, ContentUnchanged)]
    assert (len(published), len(refused)) == (1, 15)


@pytest.mark.committed
async def test_parallel_versions_of_one_factor_have_no_gap(sessions: Sessions) -> None:
    await asyncio.gather(
        *(publish_one(sessions, value=f"1.{number}") for number in range(1, 21))
    )

    async with sessions() as session:
        rows = await session.scalars(sa.select(FactorVersion.version))
        assert sorted(rows.all()) == list(range(1, 21))
