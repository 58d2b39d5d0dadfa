"""Macros over HTTP: answered as described, kept as stated, replayed, and signed."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import jsonschema
import pytest

from app.kit.database import Sessions
from app.main import create_app
from app.settings import Settings
from tests.factories.calculations import process, request
from tests.factories.factors import electricity, publish
from tests.factories.people import People, people

FOOTPRINT = "CNF-01-000001-14"
Document = dict[str, Any]

MATERIAL: Document = {
    "method": "CUT_OFF",
    "amount": 2.5,
    "unit": "kg",
    "r1": 0.25,
    "r2": "1",
    "virgin": {"name": "virgin", "value": 2, "unit": "kgCO2e/kg"},
    "recycled": {"name": "recycled", "value": 0.5, "unit": "kgCO2e/kg"},
}
CONTRACT: Document = {
    "basis": "CONTRACT",
    "amount": "10",
    "unit": "kWh",
    "generation": {"name": "wind", "value": "0.03", "unit": "kgCO2e/kWh"},
    "loss": "0.045",
    "grid": FOOTPRINT,
    "certificates": [{"number": "0" * 31 + "A"}],
}
EMISSIONS: list[Document] = [{"gas": "CO2_BIO_UPTAKE", "amount": 1, "unit": "kg"}]


@pytest.fixture
async def everybody(sessions: Sessions) -> AsyncIterator[People]:
    """Yield the people of the demonstration, with a published factor."""
    async with sessions.begin() as session:
        await publish(session, electricity())
    async with people(sessions) as found:
        yield found


def tree(**more: Any) -> Document:
    macros: Document = {"recycling": [MATERIAL], "electricity": [CONTRACT]}
    return request(process(emissions=EMISSIONS, **macros), **more)


async def test_the_answer_is_as_described(everybody: People) -> None:
    answer = await everybody.done("nobody", "/calculations", tree())

    # 2.5 · (0.75 · 2 + 0.25 · 0.5) + 10 · 0.6205 − 1
    assert answer["result"]["value"] == "9.2675"
    assert answer["electricity"]["market_based"] == "3.37663612565"
    document = create_app(Settings()).openapi()
    schema = {
        "$ref": "#/components/schemas/CalculationAnswer",
        "components": document["components"],
    }
    jsonschema.validate(answer, schema)


async def test_a_macro_may_describe_what_it_takes_from(everybody: People) -> None:
    described = {"select": {"q": "电力", "region": "CN"}}
    named = await everybody.done(
        "nobody", "/calculations", request(process(recycling=[taking(FOOTPRINT)]))
    )
    found = await everybody.done(
        "nobody", "/calculations", request(process(recycling=[taking(described)]))
    )
    refused = await everybody.post(
        "nobody",
        "/calculations",
        request(process(recycling=[taking({"select": {"q": "none"}})])),
    )

    assert found["result"] == named["result"]
    assert found["request_pinned"] == named["request_pinned"]
    assert found["expansions"][0]["line"]["factor"] == f"{FOOTPRINT}@1"
    assert [(each["pointer"], each["code"]) for each in refused.json()["errors"]] == [
        ("/processes/0/recycling/0/virgin/select", "NO_FACTOR_FOUND")
    ]


def taking(virgin: Any) -> Document:
    return MATERIAL | {"unit": "kWh", "r1": "0", "virgin": virgin}


async def test_what_is_kept_has_its_macros_and_replays(everybody: People) -> None:
    kept = await everybody.done("consumer", "/calculations", tree(store=True))
    at = f"/calculations/{kept['id']}"

    found = (await everybody.get("consumer", at)).json()
    replay = await everybody.done("consumer", f"{at}/replay", {})

    assert found["answer"] == kept
    stated = found["request"]["processes"][0]
    assert stated["recycling"][0]["r1"] == "0.25"
    assert "inputs" not in stated
    assert replay["outcome"] == "IDENTICAL"


async def test_a_receipt_is_for_the_inputs_and_holds_for_the_macros(
    everybody: People,
) -> None:
    answer = await everybody.done("nobody", "/calculations", tree())

    for sent in (tree(), answer["request_pinned"]):
        question = {"receipt": answer["receipt"], "request": sent}
        verdict = await everybody.done("nobody", "/receipts/verify", question)
        assert {each["verdict"] for each in verdict["checks"]} == {"HOLDS"}


async def test_a_macro_does_not_differ_from_its_inputs(everybody: People) -> None:
    answer = await everybody.done("nobody", "/calculations", tree())

    sides = {"left": tree(), "right": answer["request_pinned"]}
    found = await everybody.done("nobody", "/calculations/compare", sides)

    assert found["difference"] == "0"
    assert {each["change"] for each in found["lines"]} == {"SAME"}


async def test_faults_are_told_below_the_side_that_has_them(
    client: httpx.AsyncClient,
) -> None:
    wrong = request(process(recycling=[MATERIAL | {"r1": "2"}]))

    response = await client.post(
        "/v1/calculations/compare", json={"left": request(process()), "right": wrong}
    )

    (error,) = response.json()["errors"]
    assert error["code"] == "PARAMETER_OUT_OF_RANGE"
    assert error["pointer"] == "/right/processes/0/recycling/0/r1"
