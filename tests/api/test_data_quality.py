"""Data quality over HTTP: of published versions, as described, stored and replayed."""

import json
from typing import Any

import httpx
import jsonschema
import pytest

from app.api.examples import CALCULATIONS
from app.kit.database import Sessions
from app.main import create_app
from app.settings import Settings
from tests.factories.calculations import process, request
from tests.factories.factors import electricity, publish
from tests.factories.people import people

ADDRESS = "/v1/calculations"
FACTOR = "CNF-01-000001-14"
Document = dict[str, Any]


@pytest.fixture
async def published(sessions: Sessions) -> None:
    """Publish a factor that states scores, a period and a place."""
    content = electricity(
        region="CN",
        data_period={"first": "2018-01-01", "last": "2020-12-31"},
        data_quality={"ter": "2", "ger": "1.5", "tir": "1", "p": "1"},
    )
    async with sessions.begin() as session:
        await publish(session, content)


def tree(region: str = "CN-GD", **more: Any) -> Document:
    line = {
        "factor": FACTOR,
        "amount": "10",
        "unit": "kWh",
        "data_quality": {"tir": 1, "p": "2.5", "primary": True},
    }
    assessment = {"assessment_year": 2026, "region": region}
    return request(process(inputs=[line]), data_quality=assessment, **more)


@pytest.mark.usefixtures("published")
async def test_a_published_version_brings_its_scores(client: httpx.AsyncClient) -> None:
    response = await client.post(ADDRESS, json=tree())

    (line,) = response.json()["data_quality"]["lines"]
    # Technology as stated; the country for a province; seven years make a 3.
    assert line == {
        "pointer": "/processes/0/inputs/0",
        "dqr": "2.125",
        "ter": "2",
        "ger": "2",
        "tir": "2",
        "p": "2.5",
        "share_known": "1",
    }


@pytest.mark.usefixtures("published")
async def test_the_answer_is_as_described(client: httpx.AsyncClient) -> None:
    document = create_app(Settings()).openapi()

    answer = (await client.post(ADDRESS, json=tree(detail="FULL"))).json()

    for name, instance in (
        ("CalculationAnswer", answer),
        ("CalculationRequest", answer["request_pinned"]),
        ("CalculationRequest", CALCULATIONS["data_quality"]["value"]),
    ):
        schema = {
            "$ref": f"#/components/schemas/{name}",
            "components": document["components"],
        }
        jsonschema.validate(instance, schema)


@pytest.mark.usefixtures("published")
async def test_an_unknown_region_is_pointed_at(client: httpx.AsyncClient) -> None:
    response = await client.post(ADDRESS, json=tree("CN-XX"))

    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert (error["code"], error["pointer"]) == (
        "UNKNOWN_REGION",
        "/data_quality/region",
    )


@pytest.mark.usefixtures("published")
async def test_no_value_in_any_place_is_a_server_error(
    client: httpx.AsyncClient,
) -> None:
    hostile: list[Any] = [
        None,
        True,
        0,
        -1,
        6,
        1e308,
        2**70,
        "",
        "x",
        "NaN",
        "５",
        [],
        {},
    ]
    paths: list[tuple[Any, ...]] = [
        ("data_quality",),
        ("data_quality", "assessment_year"),
        ("data_quality", "region"),
        *(
            ("processes", 0, "inputs", 0, "data_quality", *more)
            for more in ((), ("ter",), ("p",), ("primary",), ("traceability",))
        ),
    ]
    for path in paths:
        for value in hostile:
            body = json.loads(json.dumps(tree()))
            node: Any = body
            for step in path[:-1]:
                node = node[step]
            node[path[-1]] = value
            response = await client.post(ADDRESS, json=body)
            assert response.status_code in {200, 422}, (path, value)


@pytest.mark.usefixtures("published")
async def test_what_is_stored_is_replayed_with_its_quality(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        body = tree(store=True)
        answer = await everybody.done("consumer", "/calculations", body)
        replay = await everybody.done(
            "consumer", f"/calculations/{answer['id']}/replay", {}
        )
        question = {"receipt": answer["receipt"], "request": answer["request_pinned"]}
        verdict = await everybody.done("nobody", "/receipts/verify", question)

    assert replay["outcome"] == "IDENTICAL"
    assert {each["verdict"] for each in verdict["checks"]} == {"HOLDS"}
