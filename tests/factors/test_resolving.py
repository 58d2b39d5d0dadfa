"""What descriptions come to against real records, and that a snapshot never changes."""

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import TypeAdapter

from app.factors import candidates, selects
from app.factors.resolving import Conditions, Question, resolve
from app.factors.selection import Choice, Result
from app.kit.database import Sessions
from app.reference.enums import VersionStatus
from app.translog import service as translog
from app.units.algebra import Dimension
from tests.factories import factors
from tests.factors.test_finding import COPIES

SELECT = TypeAdapter(selects.Described)
Document = dict[str, Any]


async def ask(
    sessions: Sessions,
    *asked: Document,
    snapshot: int | None = None,
    dimension: Dimension | None = None,
    **terms: Any,
) -> list[Choice]:
    """Return what descriptions come to at *snapshot*, or at present."""
    questions = [Question(SELECT.validate_python(each), dimension) for each in asked]
    async with sessions() as session:
        size = await translog.size(session) if snapshot is None else snapshot
        return await resolve(session, questions, Conditions(size, **terms))


async def take(sessions: Sessions, **asked: Any) -> str:
    """Return the name of what a description takes, or its result."""
    (choice,) = await ask(sessions, asked)
    if choice.taken is None:
        return f"{choice.result} {choice.criterion or choice.count}"
    async with sessions() as session:
        name = await session.scalar(
            sa.text("SELECT name_zh FROM factor_version WHERE log_index = :index"),
            {"index": choice.taken.log_index},
        )
    return str(name)


@pytest.fixture
async def published(sessions: Sessions) -> None:
    """Publish aluminium and electricity that differ in one thing each."""
    other = factors.citation(
        publisher={"zh": "协会", "en": "Association"}, document_number=None
    )
    contents = [
        factors.content(zh="铝锭", en="Aluminium ingot"),
        factors.content(zh="再生铝", en="Secondary Aluminium", technology="SCRAP"),
        factors.content(zh="浙江铝", region="CN-ZJ", reference_year=2021),
        factors.content(zh="铝排放", kind="DIRECT_EF", boundary="DIRECT"),
        factors.content(zh="铝吨", unit="kgCO2e/t", source=other),
        factors.electricity(),
    ]
    async with sessions.begin() as session:
        await factors.publish(session, *contents)


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"product": "铝锭"}, "铝锭"),
        ({"product": "aluminium  INGOT"}, "铝锭"),
        ({"product": "铝"}, "ABSENT SUBJECT"),
        ({"q": "secondary alum"}, "再生铝"),
        ({"q": "铝"}, "AMBIGUOUS 5"),
        ({"q": "铝", "category": "ELECTRICITY"}, "ABSENT SUBJECT"),
        ({"category": "ELECTRICITY"}, "全国平均电力"),
        ({"q": "铝", "technology": "scrap"}, "再生铝"),
        ({"q": "铝", "technology": "other"}, "ABSENT TECHNOLOGY"),
        ({"q": "铝", "region": "330000"}, "浙江铝"),
        ({"q": "铝", "year": 2021}, "浙江铝"),
        ({"q": "铝", "year": 2020}, "ABSENT YEAR"),
        ({"q": "铝", "year": 2020, "fallback": ["year"]}, "浙江铝"),
        ({"q": "铝", "kind": "DIRECT_EF"}, "铝排放"),
        ({"q": "铝", "kind": "EOL"}, "ABSENT KIND"),
        ({"q": "铝", "boundary": "DIRECT"}, "铝排放"),
        ({"q": "铝", "boundary": "USE_ONLY"}, "ABSENT BOUNDARY"),
        ({"q": "铝", "unit": "t"}, "铝吨"),
        ({"q": "铝", "unit": "kgCO2e/t"}, "铝吨"),
        ({"q": "铝", "unit": "kWh"}, "ABSENT UNIT"),
        ({"q": "铝", "source": "Association"}, "铝吨"),
        ({"q": "铝", "source": "无此来源"}, "ABSENT SOURCE"),
        ({"q": "铝锭", "region": "CN-ZJ"}, "ABSENT REGION"),
        ({"q": "铝锭", "region": "CN-ZJ", "fallback": ["region"]}, "铝锭"),
        ({"q": "铝锭", "region": "DE", "fallback": ["region"]}, "ABSENT REGION"),
        ({"q": "CNF-08-000001-29"}, "铝锭"),
        ({"series": "0" * 16}, "ABSENT SUBJECT"),
        (
            {
                "q": "再生铝",
                "technology": "ORE",
                "boundary": "CRADLE_TO_GATE",
                "fallback": ["technology", "boundary"],
            },
            "ABSENT TECHNOLOGY",
        ),
        ({"q": "铝锭", "technology": "ORE", "fallback": ["technology"]}, "铝锭"),
    ],
)
async def test_every_word_of_a_description(
    sessions: Sessions, asked: Document, found: str
) -> None:
    assert await take(sessions, **asked) == found


@pytest.mark.usefixtures("published")
async def test_a_series_is_a_subject(sessions: Sessions) -> None:
    async with sessions() as session:
        series = await session.scalar(sa.text("SELECT min(series_id) FROM factor"))
    (choice,) = await ask(sessions, {"series": series})

    assert choice.result is Result.FOUND


@pytest.mark.usefixtures("published")
async def test_the_dimension_of_the_line_counts(sessions: Sessions) -> None:
    (mass,) = await ask(sessions, {"q": "铝锭"}, dimension=Dimension.MASS)
    (energy,) = await ask(sessions, {"q": "铝锭"}, dimension=Dimension.ENERGY)

    assert mass.result is Result.FOUND
    assert (energy.result, energy.criterion) == (Result.ABSENT, "DIMENSION")


async def test_what_a_snapshot_says_never_changes(sessions: Sessions) -> None:
    """Publish nearer years, corrections and withdrawals; old snapshots stay."""
    asked: list[Document] = [
        {"product": "甲", "region": "CN-ZJ", "year": 2022, "fallback": order}
        for order in ([], ["region"], ["year"], ["region", "year"])
    ]
    heard = [await ask(sessions, *asked, snapshot=0)]
    statuses = (VersionStatus.SUSPENDED, VersionStatus.PUBLISHED, VersionStatus.VOID)
    for number in range(9):
        published = await factors.publish_one(
            sessions,
            zh="甲",
            reference_year=2019 + number % 4,
            region=("CN", "CN-ZJ")[number % 2],
            value=str(number),
        )
        heard.append(await ask(sessions, *asked, snapshot=len(heard)))
        if number % 3 == 2:
            status = statuses[number // 3]
            await factors.change_status(sessions, published.code, status, 1)
            heard.append(await ask(sessions, *asked, snapshot=len(heard)))

    again = [await ask(sessions, *asked, snapshot=size) for size in range(len(heard))]
    assert again == heard
    results = Counter(choice.result for choices in heard for choice in choices)
    assert set(results) >= {Result.FOUND, Result.FALLBACK, Result.ABSENT}


async def test_the_highest_version_is_meant_and_nothing_replaces_it(
    sessions: Sessions,
) -> None:
    first = await factors.publish_one(sessions, value="1")
    await factors.publish_one(sessions, value="2")
    asked = {"product": "电解铝"}

    (second,) = await ask(sessions, asked)
    await factors.change_status(sessions, first.code, VersionStatus.VOID, 2)
    (void,) = await ask(sessions, asked)

    assert second.taken is not None
    assert second.taken.version == 2
    assert (void.result, void.criterion) == (Result.ABSENT, "STATUS")
    assert [each.candidate.version for each in void.refused] == [2]


@pytest.mark.committed
async def test_statements_do_not_grow_with_ladders_and_lines(
    sessions: Sessions,
) -> None:
    await factors.publish_one(sessions)
    asked: list[Document] = [
        {"product": "电解铝", "region": region, "year": year, "fallback": fallback}
        for region in ("CN-ZJ", "CN-GD", "DE")
        for year in range(1990, 2090)
        for fallback in (["region", "year"], ["year", "region"])
    ]
    statements: list[str] = []
    engine = sessions.kw["bind"].sync_engine
    sa.event.listen(
        engine, "before_cursor_execute", lambda *facts: statements.append(facts[2])
    )

    choices = await ask(sessions, *asked)

    assert Counter(choice.result for choice in choices) == {
        Result.FALLBACK: 400,
        Result.ABSENT: 200,
    }
    assert len(statements) < 10


@pytest.mark.committed
async def test_what_fits_too_many_is_ambiguous(sessions: Sessions) -> None:
    await factors.publish_one(sessions)
    async with sessions.begin() as session:
        await session.execute(sa.text(COPIES), {"count": candidates.MOST})
    year = {"year": 2020, "fallback": ["year"]}

    (many,) = await ask(sessions, {"q": "铝", **year}, snapshot=10**6)
    (few,) = await ask(sessions, {"q": "CNF-08-000001-29", **year}, snapshot=10**6)

    assert (many.result, many.criterion) == (Result.AMBIGUOUS, "BREADTH")
    assert few.result is Result.FALLBACK
