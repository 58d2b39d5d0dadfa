"""Filters, orders, pages and facets of the list of factors."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.factors import finding
from app.factors.content import Content
from app.factors.listing import COUNTED, Sort
from app.factors.schemas import FacetedPage, FactorPage, FactorRead, FactorSearch
from app.kit.database import Sessions, create_reader, create_sessions
from app.kit.paging import BadCursor
from app.reference.enums import VersionStatus
from app.translog import service as translog
from tests.conftest import Database
from tests.factories import factors

POINTER = "?cursor"
Query: TypeAlias = dict[str, Any]
# Copies a published version under other codes.
COPIES = """
    WITH log AS (
        INSERT INTO log_entry
        SELECT entry.index + n, kind, record, leaf_hash, recorded_at + n * interval '1s'
        FROM log_entry AS entry, generate_series(1, :count) AS n
    ), name AS (
        INSERT INTO factor
        SELECT 'CNF-99-' || n, '99', n, 'copy ' || n, series_id
        FROM factor, generate_series(1, :count) AS n
    )
    INSERT INTO factor_version (
        code, version, log_index, kind, category, region, unit, declared_unit, boundary,
        reference_year, name_zh, name_en, publisher_zh, publisher_en, road, terms
    )
    SELECT
        'CNF-99-' || n, 1, log_index + n, kind, category, region, unit, declared_unit,
        boundary, reference_year, name_zh, name_en, publisher_zh, publisher_en, road,
        terms
    FROM factor_version, generate_series(1, :count) AS n
"""


PLANS = """
    SELECT sum(generic_plans)::int, sum(custom_plans)::int FROM pg_prepared_statements
    WHERE statement LIKE '%row_number%' AND statement NOT LIKE '%custom_plans%'
"""


async def ask(
    sessions: Sessions, snapshot: int | None = None, **query: Any
) -> FactorPage:
    """Return a page at *snapshot*, or of the present."""
    async with sessions() as session:
        size = await translog.size(session) if snapshot is None else snapshot
        search = FactorSearch.model_validate(query)
        page = await finding.search_factors(session, search, size, POINTER)
    model = FacetedPage if search.facets else FactorPage
    return model.model_validate_json(page.body)


async def names(sessions: Sessions, **query: Any) -> list[str]:
    """Return the Chinese names of a page, in order."""
    return [each.name.zh for each in (await ask(sessions, **query)).items]


async def every(
    sessions: Sessions, snapshot: int | None = None, **query: Any
) -> AsyncIterator[FactorPage]:
    """Yield page after page."""
    page = await ask(sessions, snapshot, **query)
    yield page
    while page.next_cursor is not None:
        page = await ask(sessions, page.snapshot, **query, cursor=page.next_cursor)
        yield page


def variety() -> list[Content]:
    """Return contents of which no two agree in much."""
    ministry = factors.citation()
    association = factors.citation(
        title="中国有色金属工业协会因子",
        publisher={"zh": "中国有色金属工业协会", "en": "CNIA"},
        document_number=None,
    )
    return [
        factors.electricity(
            reference_year=2023, validity={"first": "2025-01-17", "last": None}
        ),
        factors.electricity(
            reference_year=2024,
            value="0.5777",
            validity={"first": "2026-01-01", "last": "2026-12-31"},
        ),
        factors.electricity(
            zh="广东省电力",
            en="Guangdong electricity",
            category="ELECTRICITY_GRID_PROVINCIAL",
            region="CN-GD",
            validity={"first": None, "last": "2025-06-30"},
        ),
        factors.electricity(
            zh="电力二氧化碳排放因子",
            en="CO2 emission factor of electricity",
            kind="ENERGY_CO2_EF",
            unit="kgCO2/kWh",
            gwp_set="NOT_APPLICABLE",
        ),
        factors.content(source=association, category="PRIMARY_ALUMINIUM"),
        factors.content(
            zh="再生铝",
            en="Recycled aluminium",
            category="RECYCLED_ALUMINIUM",
            unit="tCO2e/t",
            source=ministry,
            boundary="GATE_TO_GATE",
        ),
        factors.content(
            zh="原煤低位发热量",
            en="Net calorific value of raw coal",
            kind="PARAMETER",
            category="RAW_COAL",
            unit="GJ/t",
            gwp_set="NOT_APPLICABLE",
            boundary="NOT_STATED",
            reference_year=2019,
        ),
    ]


@pytest.fixture
async def catalogue(sessions: Sessions) -> Sessions:
    """Return the sessions of a database that holds the variety."""
    async with sessions.begin() as session:
        await factors.publish(session, *variety())
    return sessions


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 7),
        ({"q": "电力"}, 4),
        ({"q": "铝"}, 2),
        ({"q": "解铝"}, 1),
        ({"q": "alum"}, 2),
        ({"q": "Aluminium RECYCLED"}, 1),
        ({"q": "铝 kwh"}, 0),
        ({"q": "广东"}, 1),
        ({"q": "有色"}, 2),
        ({"q": "a & !b | <-> ( 电"}, 0),
        ({"q": "电解铝'; DROP TABLE factor--"}, 0),
        ({"category": "ELECTRICITY"}, 4),
        ({"category": "ELECTRICITY_GRID_NATIONAL"}, 3),
        ({"category": "ALUMINIUM"}, 2),
        ({"category": "TEXTILE"}, 0),
        ({"region": "CN-GD"}, 1),
        ({"region": "440000"}, 1),
        ({"region": "CN"}, 6),
        ({"region": "CN-HK"}, 0),
        ({"year": "2023"}, 5),
        ({"year": "2019"}, 1),
        ({"unit": "kWh"}, 4),
        ({"unit": "千瓦时"}, 4),
        ({"unit": "kgCO2e/kWh"}, 3),
        ({"unit": "kgCO2-eq / 度"}, 3),
        ({"unit": "kgCO2/kWh"}, 1),
        ({"unit": "t"}, 2),
        ({"unit": "tCO2e/吨"}, 1),
        ({"unit": "GJ/t"}, 1),
        ({"unit": "%"}, 0),
        ({"boundary": "LIFE_CYCLE"}, 4),
        ({"boundary": "GATE_TO_GATE"}, 1),
        ({"kind": "PARAMETER"}, 1),
        ({"kind": "ENERGY"}, 3),
        ({"source": "中国有色金属工业协会"}, 1),
        ({"source": "CNIA"}, 1),
        ({"source": "Ministry of Ecology and Environment"}, 6),
        ({"source": "公告 2025年第3号"}, 6),
        ({"source": "公告"}, 0),
        ({"valid_on": "2025-01-16"}, 5),
        ({"valid_on": "2025-01-17"}, 6),
        ({"valid_on": "2025-06-30"}, 6),
        ({"valid_on": "2025-07-01"}, 5),
        ({"valid_on": "2026-12-31"}, 6),
        ({"valid_on": "2027-01-01"}, 5),
        ({"series": "0123456789abcdef"}, 0),
        ({"status": "PUBLISHED"}, 7),
        ({"status": "VOID"}, 0),
        ({"status": "SUPERSEDED"}, 0),
        ({"q": "电力", "region": "CN", "year": "2023", "unit": "kWh"}, 2),
        ({"q": "电力", "region": "CN", "year": "2023", "kind": "ENERGY"}, 1),
        (
            {
                "q": "electr",
                "category": "ELECTRICITY_GRID",
                "region": "CN",
                "year": "2024",
                "valid_on": "2026-03-01",
                "unit": "kWh",
                "boundary": "LIFE_CYCLE",
                "kind": "ENERGY",
                "source": "生态环境部",
                "status": "PUBLISHED",
            },
            1,
        ),
    ],
)
async def test_filters(catalogue: Sessions, query: Query, found: int) -> None:
    page = await ask(catalogue, **query, facets="true")

    assert isinstance(page, FacetedPage)
    assert len(page.items) == page.total == found
    assert not page.total_is_capped


async def test_series_filter_finds_all_years(catalogue: Sessions) -> None:
    first = (await ask(catalogue, kind="ENERGY", year="2024")).items[0]

    found = (await ask(catalogue, series=first.series, sort="year")).items

    assert [each.reference_year for each in found] == [2023, 2024]


async def test_only_the_current_version_is_searched(sessions: Sessions) -> None:
    old = await factors.publish_one(sessions, en="Old name", value="1")
    new = await factors.publish_one(sessions, en="New name", value="2")

    assert old.code == new.code
    assert await names(sessions, q="old") == []
    assert (await ask(sessions, q="new")).items[0].version == 2
    assert (await ask(sessions, snapshot=1, q="old")).items[0].version == 1
    assert (await ask(sessions, snapshot=0)).items == ()


async def test_a_code_finds_its_factor(sessions: Sessions) -> None:
    first = await factors.publish_one(sessions, zh="甲")
    await factors.publish_one(sessions, zh="乙")

    for text in (first.code, first.code.lower()):
        items = (await ask(sessions, q=text)).items
        assert [each.code for each in items] == [first.code]


async def test_relevance_puts_the_name_first(sessions: Sessions) -> None:
    years = {"铝": 2015, "铝锭": 2016, "铝材": 2017, "电解铝": 2018, "再生铝": 2019}
    for zh, year in years.items():
        await factors.publish_one(sessions, zh=zh, en="x", reference_year=year)
    await factors.publish_one(sessions, zh="氧化物", en="x", reference_year=2020)

    assert await names(sessions, q="铝") == [
        "铝",
        "铝材",
        "铝锭",
        "再生铝",
        "电解铝",
        "氧化物",
    ]


async def test_relevance_looks_at_english_names_too(sessions: Sessions) -> None:
    for en in ("Scrap of steel", "Steel plate", "STEEL", "Pig iron for steel"):
        await factors.publish_one(
            sessions, zh=f"产品{en}", en=en, category="STEEL_PIPE"
        )

    found = (await ask(sessions, q="Steel")).items

    assert [each.name.en for each in found[:2]] == ["STEEL", "Steel plate"]


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("limit", [1, 2, 3, 500])
async def test_pages_hold_every_hit_once_and_in_order(
    catalogue: Sessions, sort: Sort, limit: int
) -> None:
    pages = [page async for page in every(catalogue, sort=sort, limit=limit)]

    items = [each for page in pages for each in page.items]
    orders: dict[str, list[Any]] = {
        "relevance": [(-each.reference_year, each.code) for each in items],
        "code": [each.code for each in items],
        "year": [(each.reference_year, each.code) for each in items],
        "log_index": [each.log_index for each in items],
    }
    keys = orders[sort.value.removeprefix("-")]
    assert len(pages) == -(-7 // limit)
    assert len({each.code for each in items}) == len(items) == 7
    assert keys == sorted(keys, reverse=sort.startswith("-"))


@pytest.mark.parametrize("query", [{"q": "产品"}, {"q": "产品", "facets": "true"}, {}])
async def test_pages_stay_while_others_publish(
    sessions: Sessions, query: Query
) -> None:
    for number in range(10):
        await factors.publish_one(sessions, zh=f"产品{number}")
    before = await ask(sessions, limit=500, **query)

    items: list[FactorRead] = []
    async for page in every(sessions, before.snapshot, limit=3, **query):
        items += page.items
        number = len(items)
        await factors.publish_one(sessions, zh=f"产品{number}", value="1.5")
        await factors.publish_one(sessions, zh=f"新产品{number}")
        code = before.items[-1].code
        await factors.change_status(sessions, code, VersionStatus.VOID)

    assert tuple(items) == before.items
    assert len((await ask(sessions, limit=500, **query)).items) == 15


@pytest.mark.committed
async def test_pages_stay_while_others_race(sessions: Sessions) -> None:
    for number in range(20):
        await factors.publish_one(sessions, zh=f"产品{number}")
    before = (await ask(sessions, limit=500)).items

    async def publish() -> None:
        for count in range(1, 11):
            await factors.publish_one(sessions, zh=f"产品{count}", value=f"{count}")

    publisher = asyncio.create_task(publish())
    seen = set()
    while not publisher.done():
        pages = every(sessions, 20, limit=3)
        seen.add(tuple([each async for page in pages for each in page.items]))
    await publisher

    assert seen == {before}


async def test_facets_count_the_hits_of_all_pages(catalogue: Sessions) -> None:
    pages = [each async for each in every(catalogue, limit=2, facets="true")]

    page = pages[0]
    assert isinstance(page, FacetedPage)
    facets = {
        name: {each.value: each.count for each in counts}
        for name, counts in page.facets
    }
    assert facets["kind"] == {"ENERGY": 3, "PCF": 2, "ENERGY_CO2_EF": 1, "PARAMETER": 1}
    assert facets["region"] == {"CN": 6, "CN-GD": 1}
    assert facets["year"] == {"2023": 5, "2019": 1, "2024": 1}
    assert facets["unit"]["kgCO2e/kWh"] == 3
    assert facets["source"] == {"生态环境部": 6, "中国有色金属工业协会": 1}
    assert facets["status"] == {"PUBLISHED": 7}
    assert all(sum(counts.values()) == 7 for counts in facets.values())
    for each in pages[1:]:
        assert isinstance(each, FacetedPage)
        assert (each.total, each.facets) == (page.total, page.facets)


async def test_each_facet_value_is_a_filter(catalogue: Sessions) -> None:
    page = await ask(catalogue, facets="true")

    assert isinstance(page, FacetedPage)
    for name, counts in page.facets:
        assert [each.count for each in counts] == sorted(
            (each.count for each in counts), reverse=True
        )
        for each in counts:
            query: Query = {name: each.value}
            found = await ask(catalogue, **query, limit=500)
            assert len(found.items) >= each.count


# What other tests have rolled back would mislead the planner for seconds.
@pytest.mark.committed
async def test_facets_are_capped_and_say_so(sessions: Sessions) -> None:
    await factors.publish_one(sessions)
    async with sessions.begin() as session:
        await session.execute(sa.text(COPIES), {"count": COUNTED})

    queries: tuple[Query, ...] = ({}, {"q": "铝"})
    for query in queries:
        page = await ask(sessions, **query, facets="true")
        assert isinstance(page, FacetedPage)
        assert (page.total, page.total_is_capped) == (COUNTED, True)
        assert [each.count for each in page.facets.kind] == [COUNTED]
        # The one more that there is was recorded last.
        page = await ask(sessions, COUNTED, **query, facets="true")
        assert isinstance(page, FacetedPage)
        assert (page.total, page.total_is_capped) == (COUNTED, False)


@pytest.mark.committed
async def test_a_list_is_planned_for_its_values(
    sessions: Sessions, database: Database
) -> None:
    await factors.publish_one(sessions)
    search = FactorSearch.model_validate({"region": "CN"})
    reader = create_reader(database.application_url, pool_size=1, max_overflow=0)
    async with create_sessions(reader)() as session:
        for _ in range(8):
            await finding.search_factors(session, search, 1, POINTER)
        with pytest.raises(DBAPIError):
            await finding.search_factors(session, search, 2**70, POINTER)
        plans = await session.execute(sa.text(PLANS))
        mode = await session.scalar(sa.text("SHOW plan_cache_mode"))
    await reader.dispose()

    assert (plans.one(), mode) == ((0, 8), "auto")


async def test_cursor_belongs_to_its_query(catalogue: Sessions) -> None:
    cursor = (await ask(catalogue, q="电", limit=1)).next_cursor

    assert len((await ask(catalogue, q="电", limit=500, cursor=cursor)).items) == 4
    others: tuple[Query, ...] = (
        {"q": "力"},
        {"q": "电", "region": "CN"},
        {"q": "电", "sort": "code"},
        {},
    )
    for other in others:
        with pytest.raises(BadCursor):
            await ask(catalogue, **other, cursor=cursor)


def test_query_is_read_in_canonical_codes() -> None:
    query = FactorSearch.model_validate(
        {"region": "440000", "unit": "kgCO2eq/千瓦时", "q": "e\u0301lectro"}
    )

    assert query.region == "CN-GD"
    assert query.unit == "kgCO2e/kWh"
    assert query.q == "\u00e9lectro"
