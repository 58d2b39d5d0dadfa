"""The examples under seed_data/, and the page that works one of them out by hand."""

import inspect
from collections.abc import AsyncIterator
from dataclasses import dataclass
from math import isclose
from pathlib import Path

import msgspec
import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.accounts.demo import create_demo_accounts
from app.api.examples import CALCULATIONS
from app.calculation import (
    balances,
    boundaries,
    checks,
    contents,
    cut_offs,
    double_counting,
    engine,
    findings,
    pedigree,
    scoring,
    selecting,
    service,
    uncertainty,
)
from app.calculation.documents import CalculationAnswer
from app.calculation.reading import Document
from app.calculation.request import parse
from app.cli import seed
from app.factors import selects
from app.kit.database import Sessions
from app.kit.errors import Invalid
from app.kit.schemas import BadDay
from app.main import create_app
from app.settings import Settings
from app.translog import service as translog
from tests.factories.people import actor_of
from tests.factories.probe import client_of
from tests.factories.services import services

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "seed_data" / "examples"
PAGE = ROOT / "docs" / "calculation.md"
PAGE_OF_CHECKS = ROOT / "docs" / "checks.md"
CHECKS = (balances, boundaries, checks, contents, cut_offs, double_counting)
OTHERS = (findings, engine, uncertainty, pedigree, scoring, selecting, selects)

UNKNOWN, MIXED = "GWP_UNKNOWN", "GWP_MIXED"
UNREVIEWED, UPSTREAM = "FACTOR_UNREVIEWED", "UPSTREAM_MISSING"
PROPERTY = "PROPERTY_USED"


@dataclass(frozen=True, slots=True)
class Golden:
    """A result to all its digits, its warnings, and the range that is plausible."""

    value: str
    warnings: frozenset[str]
    low: float
    high: float


# The ranges are the soft ones of docs/examples.md, for the amount of the reference.
GOLDEN = {
    "aluminium_ingot": Golden(
        "11442.572704", frozenset({UNKNOWN, UNREVIEWED}), 4_000, 22_000
    ),
    "bf_bof_steel": Golden(
        "2387.10685177", frozenset({UNKNOWN, UNREVIEWED, UPSTREAM}), 1_600, 2_800
    ),
    "biomass_power": Golden(
        "55.3789349112",
        frozenset({UNKNOWN, UNREVIEWED, UPSTREAM, PROPERTY}),
        20,
        200,
    ),
    "cement": Golden(
        "728.079188615",
        frozenset({UNKNOWN, UNREVIEWED, UPSTREAM, PROPERTY}),
        350,
        900,
    ),
    "coal_electricity_loop": Golden(
        "972.377764667",
        frozenset({UNKNOWN, UNREVIEWED, UPSTREAM, PROPERTY}),
        800,
        1_150,
    ),
    "freight_chain": Golden(
        "213.553177234", frozenset({UNKNOWN, UNREVIEWED}), 137, 597
    ),
    "lithium_battery_pack": Golden(
        "72.6233570572", frozenset({UNKNOWN, MIXED, UNREVIEWED}), 45, 150
    ),
    "urea_via_ammonia": Golden(
        "1908.75031189", frozenset({UNKNOWN, UNREVIEWED, UPSTREAM}), 800, 3_200
    ),
}

every_example = pytest.mark.parametrize("name", GOLDEN)


@pytest.fixture(scope="module")
async def seeded(worker_engine: AsyncEngine) -> AsyncIterator[Sessions]:
    """Yield sessions that see every seed table published; all is rolled back."""
    async with worker_engine.connect() as connection:
        transaction = await connection.begin()
        sessions: Sessions = async_sessionmaker(
            connection,
            class_=AsyncSession,
            expire_on_commit=False,
            join_transaction_mode="create_savepoint",
        )
        async with sessions.begin() as session:
            keys = await create_demo_accounts(session)
        publishers = (actor_of(keys["publisher"]), actor_of(keys["publisher_2"]))
        await seed.load(sessions, publishers)
        yield sessions
        await transaction.rollback()


async def run(sessions: Sessions, body: bytes) -> CalculationAnswer:
    """Calculate *body* at the present snapshot, or at the one that it pins."""
    request = Document(parse(body))
    async with sessions() as session:
        pinned = request.head.get("snapshot")
        size = pinned if isinstance(pinned, int) else await translog.size(session)
        material = await service.gather(session, request, size)
    answer: CalculationAnswer = orjson.loads(
        msgspec.json.encode(service.calculate(request, material))
    )
    return answer


def read(name: str) -> bytes:
    return (EXAMPLES / f"{name}.json").read_bytes()


def test_every_example_has_its_golden_value() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(GOLDEN)


@pytest.mark.database
@every_example
async def test_result_and_warnings(seeded: Sessions, name: str) -> None:
    answer = await run(seeded, read(name))
    assert answer["result"]["value"] == GOLDEN[name].value
    assert {each["code"] for each in answer["warnings"]} == GOLDEN[name].warnings
    assert not answer["rest"]["count"]


@pytest.mark.database
@every_example
async def test_result_is_plausible(seeded: Sessions, name: str) -> None:
    answer = await run(seeded, read(name))
    value = float(answer["result"]["value"])
    assert GOLDEN[name].low <= value <= GOLDEN[name].high


@pytest.mark.database
@every_example
async def test_parts_add_up(seeded: Sessions, name: str) -> None:
    answer = await run(seeded, read(name))
    rest = answer["rest"]["value"]
    parts = {
        "stages": [each["value"] for each in answer["by_stage"]],
        "gases": [each["co2e"] for each in answer["by_gas"]],
        "categories": [each["value"] for each in answer["by_category"]],
        "contributions": [*(each["value"] for each in answer["contributions"]), rest],
        "directs": [each["direct"] for each in answer["processes"]],
    }
    total = float(answer["result"]["value"])
    for what, texts in parts.items():
        numbers = [float(text) for text in texts]
        tolerance = 1e-9 * sum(map(abs, numbers))
        assert isclose(sum(numbers), total, rel_tol=0, abs_tol=tolerance), what


@pytest.mark.database
@every_example
async def test_pinned_request_gives_the_same_answer(
    seeded: Sessions, name: str
) -> None:
    answer = await run(seeded, read(name))
    again = await run(seeded, orjson.dumps(answer["request_pinned"]))
    assert again == answer


@pytest.mark.database
async def test_page_shows_every_number_of_the_worked_example(
    seeded: Sessions,
) -> None:
    answer = await run(seeded, read("aluminium_ingot"))
    page = PAGE.read_text("utf-8")
    numbers = {answer["result"]["value"]}
    numbers |= {each["value"] for each in answer["by_stage"]}
    numbers |= {each["co2e"] for each in answer["by_gas"]}
    numbers |= {each["value"] for each in answer["by_category"]}
    numbers |= {each["value"] for each in answer["contributions"]}
    assert {number for number in numbers if number not in page} == set()


async def test_the_examples_of_the_description_can_be_posted(seeded: Sessions) -> None:
    app = create_app(Settings(rate_limit=False))
    app.state.services = services(seeded)
    operation = app.openapi()["paths"]["/v1/calculations"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]

    async with client_of(app) as client:
        for name, example in examples.items():
            response = await client.post("/v1/calculations", json=example["value"])
            assert response.status_code == 200, (name, response.text)
            told = {each["code"] for each in response.json()["warnings"]}
            assert told <= {UNKNOWN, UNREVIEWED, "FACTOR_FALLBACK"}, name

    assert set(examples) == set(CALCULATIONS)


def test_page_names_every_code() -> None:
    own: list[type[Invalid]] = [
        each
        for module in (*CHECKS, *OTHERS)
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Invalid) and each.__module__ == module.__name__
    ]
    own += [BadDay]
    page, checked = PAGE.read_text("utf-8"), PAGE_OF_CHECKS.read_text("utf-8")
    missing = {each.code for each in own if f"`{each.code}`" not in page}
    assert missing == {findings.Notice.code}
    for module in CHECKS:
        for _, each in inspect.getmembers(module, inspect.isclass):
            if issubclass(each, Invalid) and each.__module__ == module.__name__:
                assert f"`{each.code}`" in checked


@pytest.mark.database
async def test_the_example_of_the_page_of_checks(seeded: Sessions) -> None:
    page = PAGE_OF_CHECKS.read_text("utf-8")
    tree = orjson.loads(page.partition("```json")[2].partition("```")[0])

    answer = await run(seeded, orjson.dumps(tree))

    assert answer["warnings"] == []
    assert answer["result"]["value"] == "791.9392"
    assert answer["cut_off"] is not None
    assert answer["cut_off"]["share"] == "0.0018905040235"
    del tree["processes"][0]["emissions"]
    told = (await run(seeded, orjson.dumps(tree)))["warnings"]
    assert {each["code"] for each in told} == {
        "MASS_BALANCE",
        "CARBON_BALANCE",
        "CUT_OFF_EXCEEDED",
    }
