"""Asking over HTTP what descriptions come to."""

import time
from typing import Any

import httpx
import jsonschema
import pytest

from app.kit.database import Sessions
from app.main import create_app
from app.settings import Settings
from tests.factories import factors

PATH = "/v1/factors/resolve"
Document = dict[str, Any]


@pytest.fixture
async def published(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await factors.publish(
            session,
            factors.electricity(),
            factors.electricity(reference_year=2021, value="0.5"),
            factors.content(),
            factors.content(zh="电解铝锭"),
        )


async def post(client: httpx.AsyncClient, *items: Any, **more: Any) -> httpx.Response:
    return await client.post(PATH, json={"items": list(items), **more})


@pytest.mark.usefixtures("published")
async def test_each_item_has_its_own_answer(client: httpx.AsyncClient) -> None:
    electricity = {"category": "ELECTRICITY", "year": 2023}
    answer = await post(
        client,
        {"id": "a", "select": electricity, "unit": "MWh"},
        {
            "select": {
                **electricity,
                "region": "CN-ZJ",
                "year": 2022,
                "fallback": ["region", "year"],
            }
        },
        {"select": {"q": "电解铝"}},
        {"id": "d", "select": electricity, "unit": "kg"},
    )

    report = answer.json()
    items = report["items"]
    assert answer.headers["tanyin-snapshot"] == str(report["snapshot"]) == "4"
    assert [each["id"] for each in items] == ["a", None, None, "d"]
    assert [each["outcome"] for each in items] == [
        "FOUND",
        "FALLBACK",
        "AMBIGUOUS",
        "ABSENT",
    ]
    assert items[0]["factor"]["value"] == "0.6205"
    assert items[1]["factor"]["reference_year"] == 2021
    assert items[1]["trace"]["distance"]["region_rungs"] >= 1
    assert items[1]["trace"]["distance"]["years"] == 1
    assert items[1]["trace"]["taken"] == items[1]["factor"]["pin"]
    assert [each["name"]["zh"] for each in items[2]["candidates"]] == [
        "电解铝",
        "电解铝锭",
    ]
    assert items[3]["reason"]["criterion"] == "DIMENSION"
    assert items[3]["candidates"][0]["value"] == "0.6205"
    assert "ENERGY" not in items[3]["reason"]["detail"]["en"]
    document = create_app(Settings()).openapi()
    schema = {
        "$ref": "#/components/schemas/ResolutionReport",
        "components": document["components"],
    }
    jsonschema.validate(report, schema)


@pytest.mark.usefixtures("published")
async def test_strict_says_what_the_fallback_would_be(
    client: httpx.AsyncClient,
) -> None:
    select = {"category": "ELECTRICITY", "year": 2022, "fallback": ["year"]}

    (item,) = (await post(client, {"select": select}, strict=True)).json()["items"]

    assert (item["outcome"], item["factor"]) == ("ABSENT", None)
    assert item["reason"]["criterion"] == "STRICT"
    assert [each["reference_year"] for each in item["candidates"]] == [2021, 2023]


@pytest.mark.usefixtures("published")
async def test_at_a_snapshot_on_a_day_and_for_a_purpose(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    await factors.publish_one(
        sessions, zh="铜", validity={"first": "2026-01-01", "last": None}
    )
    item = {"select": {"product": "铜"}}

    async def outcome(**more: Any) -> str:
        (found,) = (await post(client, item, **more)).json()["items"]
        return str(found["outcome"])

    assert await outcome() == "FOUND"
    assert await outcome(snapshot=4) == "ABSENT"
    assert await outcome(valid_on="2025-12-31") == "ABSENT"
    assert await outcome(valid_on="2026-01-01") == "FOUND"
    assert await outcome(purpose="INVENTORY") == "FOUND"


Q: Document = {"q": "铝"}


@pytest.mark.parametrize(
    ("item", "pointer", "code"),
    [
        ({}, "/items/0/select", "MISSING_FIELD"),
        ({"select": {}}, "/items/0/select", "NOTHING_SELECTED"),
        ({"select": {"region": "CN"}}, "/items/0/select", "NOTHING_SELECTED"),
        ({"select": {"q": "!"}}, "/items/0/select/q", "BAD_VALUE"),
        ({"select": {"product": ""}}, "/items/0/select/product", "BAD_VALUE"),
        ({"select": {**Q, "year": "2023"}}, "/items/0/select/year", "BAD_TYPE"),
        ({"select": {**Q, "year": 1}}, "/items/0/select/year", "BAD_VALUE"),
        ({"select": {**Q, "region": "X"}}, "/items/0/select/region", "UNKNOWN_REGION"),
        ({"select": {**Q, "unit": "ton"}}, "/items/0/select/unit", "UNKNOWN_UNIT"),
        ({"select": {**Q, "kind": "PARAMETER"}}, "/items/0/select/kind", "BAD_VALUE"),
        ({"select": {**Q, "city": "杭州"}}, "/items/0/select/city", "UNKNOWN_FIELD"),
        (
            {"select": {**Q, "fallback": ["year"]}},
            "/items/0/select/fallback/0",
            "FALLBACK_NOT_STATED",
        ),
        (
            {"select": {**Q, "year": 2023, "fallback": ["year", "year"]}},
            "/items/0/select/fallback/1",
            "FALLBACK_TWICE",
        ),
        (
            {"select": {**Q, "fallback": ["kind"]}},
            "/items/0/select/fallback/0",
            "BAD_VALUE",
        ),
        ({"select": Q, "unit": "ton"}, "/items/0/unit", "UNKNOWN_UNIT"),
        ({"select": Q, "amount": "1"}, "/items/0/amount", "UNKNOWN_FIELD"),
    ],
)
async def test_only_what_is_malformed_is_refused(
    client: httpx.AsyncClient, item: Document, pointer: str, code: str
) -> None:
    answer = await post(client, item, {"select": Q})

    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert [(each["pointer"], each["code"]) for each in errors] == [(pointer, code)]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/items", "MISSING_FIELD"),
        ({"items": {}}, "/items", "BAD_TYPE"),
        ({"items": [], "snapshot": 1}, "/snapshot", "SNAPSHOT_NOT_YET"),
        ({"items": [], "valid_on": "2026-02-30"}, "/valid_on", "BAD_DAY"),
        ({"items": [], "purpose": "X"}, "/purpose", "BAD_VALUE"),
        ({"items": [{}] * 10_001}, "/items", "TOO_MANY_ITEMS"),
    ],
)
async def test_refusals_of_the_whole(
    client: httpx.AsyncClient, body: Document, pointer: str, code: str
) -> None:
    answer = await client.post(PATH, json=body)

    errors = answer.json()["errors"]
    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in errors] == [(pointer, code)]


@pytest.mark.usefixtures("published")
async def test_ten_thousand_take_seconds(client: httpx.AsyncClient) -> None:
    items = [
        {
            "id": str(number),
            "select": {
                "q": ("电力", "铝", "无")[number % 3],
                "region": ("CN-ZJ", "CN-GD", "CN", "DE")[number % 4],
                "year": 1990 + number % 100,
                "fallback": ["region", "year"],
            },
        }
        for number in range(10_000)
    ]
    started = time.monotonic()

    answer = await post(client, *items)

    assert time.monotonic() - started < 20
    assert [each["id"] for each in answer.json()["items"]] == [
        each["id"] for each in items
    ]
