"""Calculations over HTTP: the contract's edge, and that the description is exact."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from app.api.examples import CALCULATIONS
from app.kit.database import Sessions
from app.main import create_app
from app.reference.enums import Road, VersionStatus
from app.settings import Settings
from tests.factories.calculations import process, request
from tests.factories.factors import change_status, electricity, publish

ADDRESS = "/v1/calculations"
FOOTPRINT = "CNF-01-000001-14"
GRID = "CNF-01-000002-11"
EXAMPLES = sorted(Path(__file__).parents[2].glob("seed_data/examples/*.json"))

Document = dict[str, Any]


@pytest.fixture
async def published(sessions: Sessions) -> None:
    """Publish a footprint of electricity and a CO2-only grid factor."""
    grid = electricity(
        kind="ENERGY_CO2_EF",
        value="0.5306",
        unit="kgCO2/kWh",
        gwp_set="NOT_APPLICABLE",
        boundary="DIRECT",
    )
    async with sessions.begin() as session:
        await publish(session, electricity(), grid)


def tree(factor: str, **more: Any) -> Document:
    line = {"factor": factor, "amount": "10", "unit": "kWh"}
    return request(process(inputs=[line]), **more)


async def post(client: httpx.AsyncClient, body: Any, **options: Any) -> httpx.Response:
    return await client.post(ADDRESS, json=body, **options)


def codes(response: httpx.Response) -> list[str]:
    assert response.headers["content-type"] == "application/problem+json"
    return [each["code"] for each in response.json()["errors"]]


def schema_of(document: Document, name: str) -> Document:
    return {
        "$ref": f"#/components/schemas/{name}",
        "components": document["components"],
    }


@pytest.mark.usefixtures("published")
async def test_a_published_factor_is_used_and_pinned(client: httpx.AsyncClient) -> None:
    response = await post(client, tree(FOOTPRINT))

    answer = response.json()
    assert response.status_code == 200
    assert answer["result"]["value"] == "6.205"
    assert answer["pins"] == [f"{FOOTPRINT}@1"]
    assert response.headers["tanyin-snapshot"] == str(answer["snapshot"]) == "2"


@pytest.mark.usefixtures("published")
async def test_a_model_is_checked_and_its_cut_offs_are_weighed(
    client: httpx.AsyncClient,
) -> None:
    own = {"name": "motor", "value": "3", "unit": "kgCO2e/kg", "includes": [FOOTPRINT]}
    body = tree(FOOTPRINT, cut_offs=[{"name": "packaging", "value": "1"}])
    body["processes"][0]["inputs"].append({"factor": own, "amount": "1", "unit": "kg"})

    answer = (await post(client, body)).json()
    checked = (await post(client, body, params={"check": "true"})).json()

    found = [(each["code"], each["pointer"]) for each in answer["warnings"]]
    assert ("DOUBLE_COUNTING", "/processes/0/inputs/1") in found
    assert ("CUT_OFF_EXCEEDED", "/cut_offs/0") in found
    assert answer["cut_off"]["share"] == "0.0979911807937"
    assert checked["warnings"] == answer["warnings"]


@pytest.mark.usefixtures("published")
async def test_the_pinned_request_gives_the_same_after_a_new_version(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    before = (await post(client, tree(FOOTPRINT))).json()
    async with sessions.begin() as session:
        await publish(session, electricity(value="0.7"))

    again = (await post(client, before["request_pinned"])).json()
    now = (await post(client, tree(FOOTPRINT, snapshot=3))).json()

    assert again == before
    assert now["result"]["value"] == "7"


@pytest.mark.usefixtures("published")
async def test_a_snapshot_in_the_body_reads_the_past(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    await change_status(sessions, FOOTPRINT, VersionStatus.VOID, 1)

    assert codes(await post(client, tree(FOOTPRINT))) == ["FACTOR_VOID"]
    assert (await post(client, tree(FOOTPRINT, snapshot=2))).status_code == 200
    assert codes(await post(client, tree(FOOTPRINT, snapshot=1_000))) == [
        "SNAPSHOT_NOT_YET"
    ]
    assert codes(await post(client, tree(FOOTPRINT, snapshot="PCFDB-2027.1"))) == [
        "UNKNOWN_SNAPSHOT"
    ]


@pytest.mark.usefixtures("published")
async def test_a_grid_co2_factor_is_refused_with_the_footprint_to_use(
    client: httpx.AsyncClient,
) -> None:
    english = await post(client, tree(GRID))
    chinese = await post(client, tree(GRID), headers={"Accept-Language": "zh-CN"})

    assert codes(english) == codes(chinese) == ["EF_KIND_MISMATCH"]
    assert f"{FOOTPRINT}@1 (National average electricity, 2023)" in english.text
    assert f"{FOOTPRINT}@1(全国平均电力,2023 年)" in chinese.text
    inventory = await post(client, tree(GRID, purpose="INVENTORY"))
    assert inventory.json()["result"]["value"] == "5.306"


async def test_a_factor_from_a_publication_is_marked_unreviewed(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        await publish(session, electricity(), road=Road.IMPORT)

    answer = (await post(client, tree(FOOTPRINT))).json()

    assert [each["code"] for each in answer["warnings"]] == ["FACTOR_UNREVIEWED"]


async def test_check_finds_every_error_and_gives_no_result(
    client: httpx.AsyncClient,
) -> None:
    wrong = request(
        process(
            inputs=[
                {"factor": "CNF-01-000001-15", "amount": "1", "unit": "kWh"},
                {"factor": "CNF-44-999999-99", "amount": "1", "unit": "kWh"},
                {"process": "nowhere", "amount": "1", "unit": "kg"},
            ]
        ),
        valid_on="2025-02-30",
    )

    checked = await post(client, wrong, params={"check": "true"})
    emission = {"gas": "CO2_FOSSIL", "amount": "1", "unit": "kg"}
    right = request(process(emissions=[emission]))
    fine = await post(client, right, params={"check": "true"})

    assert checked.status_code == 422
    assert codes(checked) == [
        "BAD_DAY",
        "INVALID_FACTOR_CODE",
        "INVALID_FACTOR_CODE",
        "UNKNOWN_PROCESS",
    ]
    assert fine.status_code == 200
    assert fine.json() == {"errors": [], "warnings": [], "snapshot": 0}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{} {}", 400),
        (b"\xef\xbb\xbf{}", 400),
        (b'{"a":"\xff"}', 400),
        (b'{"a":1,"a":2}', 400),
        (b'{"a":NaN}', 400),
        (b"[" * 33 + b"]" * 33, 400),
        (b"[" * 100_000, 400),
        (b'{"\\ud800":1}', 400),
        (b"null", 422),
        (b"[]", 422),
    ],
)
async def test_bodies_that_are_no_request(
    client: httpx.AsyncClient, body: bytes, status: int
) -> None:
    headers = {"Content-Type": "application/json"}

    response = await client.post(ADDRESS, content=body, headers=headers)

    assert response.status_code == status


HOSTILE: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    -1e-308,
    2**70,
    "",
    "x",
    "\u0000",
    "\u202e",
    "１",
    "1e5",
    "9" * 25,
    99999999999999999999,
    "a" * 300,
    [],
    {},
    [[]],
    f"{FOOTPRINT}@0",
    f"{FOOTPRINT}@99999999999999",
]


def mutations(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything inside *node*."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(node, dict):
        pairs = list(node.items())
    elif isinstance(node, list):
        pairs = list(enumerate(node))
    paths = [(*path, step) for step, _ in pairs]
    for step, child in pairs:
        paths += mutations(child, (*path, step))
    return paths


@pytest.mark.usefixtures("published")
async def test_no_value_in_any_place_is_a_server_error(
    client: httpx.AsyncClient,
) -> None:
    base = json.dumps(CALCULATIONS["aluminium"]["value"] | {"detail": "FULL"})
    base = base.replace("CNF-01-000002-11", FOOTPRINT)

    for path in mutations(json.loads(base)):
        for value in HOSTILE:
            body = json.loads(base)
            node = body
            for step in path[:-1]:
                node = node[step]
            node[path[-1]] = value
            response = await post(client, body)
            assert response.status_code in {200, 422}, (path, value)
            if response.status_code == 422:
                assert response.json()["errors"], (path, value)


async def test_a_large_body_is_read_by_the_fast_road(client: httpx.AsyncClient) -> None:
    size = 12_000
    chain = [
        process(
            f"p{number}",
            inputs=[{"process": f"p{number + 1}", "amount": "1", "unit": "kg"}],
        )
        for number in range(size)
    ]
    last = process(f"p{size}", emissions=[{"gas": "N2O", "amount": 1, "unit": "kg"}])
    body = json.dumps(request(*chain, last)).encode()
    headers = {"Content-Type": "application/json"}
    assert len(body) > 1024 * 1024

    response = await client.post(ADDRESS, content=body, headers=headers)
    spoilt = await client.post(ADDRESS, content=body[:-1], headers=headers)
    late = body[:-1] + b', "valid_on": "2026-02-30"}'
    refused = await client.post(ADDRESS, content=late, headers=headers)

    assert response.json()["result"]["value"] == "273"
    assert spoilt.status_code == 400
    assert codes(refused) == ["BAD_DAY"]


@pytest.mark.committed
async def test_requests_at_the_same_time_do_not_disturb_each_other(
    client: httpx.AsyncClient,
) -> None:
    def ask(number: int) -> Any:
        emission = {"gas": "CO2_FOSSIL", "amount": number, "unit": "kg"}
        return post(client, request(process(emissions=[emission])))

    answers = await asyncio.gather(*(ask(number) for number in range(40)))

    values = [answer.json()["result"]["value"] for answer in answers]
    assert values == [str(number) for number in range(40)]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_description_admits_the_examples(path: Path) -> None:
    document = create_app(Settings()).openapi()
    schema = schema_of(document, "CalculationRequest")

    jsonschema.validate(json.loads(path.read_bytes()), schema)


@pytest.mark.usefixtures("published")
async def test_a_result_may_be_a_file_for_a_spreadsheet_program(
    client: httpx.AsyncClient,
) -> None:
    headers = {"Accept": "text/csv, */*"}
    text = await post(client, tree(FOOTPRINT), headers=headers)
    book = await post(client, tree(FOOTPRINT), params={"format": "xlsx"})
    plain = await post(client, tree(FOOTPRINT), headers={"Accept": "text/html, */*"})
    check = await post(client, tree(FOOTPRINT), params={"check": "true"})

    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    assert "6.205,kgCO2e,1,kg,p," in text.text
    assert book.headers["content-type"].endswith("spreadsheetml.sheet")
    assert book.headers["content-disposition"].endswith('"tanyin-result.xlsx"')
    assert book.content[:2] == b"PK"
    for each in (plain, check):
        assert each.headers["content-type"] == "application/json"
    assert codes(await post(client, tree(FOOTPRINT), params={"format": "pdf"})) == [
        "BAD_VALUE"
    ]


@pytest.mark.usefixtures("published")
async def test_answers_are_as_described(client: httpx.AsyncClient) -> None:
    document = create_app(Settings()).openapi()

    answer = await post(client, tree(FOOTPRINT, detail="FULL"))
    problem = await post(client, tree(GRID))

    jsonschema.validate(answer.json(), schema_of(document, "CalculationAnswer"))
    jsonschema.validate(problem.json(), schema_of(document, "Problem"))
