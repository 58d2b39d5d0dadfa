"""Asking over HTTP what became of pins."""

import json

import httpx
import pytest
from pydantic import TypeAdapter

from app.factors.pins import PinReport
from app.kit.database import Sessions
from tests.factories import factors

PATH = "/v1/pins/check"
CODE = "CNF-08-000001-29"


async def test_nobody_needs_a_key(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    first = await factors.publish_one(sessions, value="16.50")
    await factors.publish_one(sessions, value="15.90", change_reason="年度更新")
    pin = f"{first.code}@1"

    answer = await client.post(PATH, json={"pins": [pin, f"{CODE}@9"]})

    assert answer.status_code == 200
    assert answer.headers["tanyin-snapshot"] == "2"
    assert answer.headers["cache-control"] == "no-store"
    report = answer.json()
    # It is not validated on its way out.
    TypeAdapter(PinReport).validate_json(answer.content)
    assert report["snapshot"] == 2
    assert [each["state"] for each in report["items"]] == ["SUPERSEDED", "UNKNOWN"]
    assert report["items"][0]["reason"] == "年度更新"


@pytest.mark.parametrize("snapshot", [1, "1"])
async def test_at_a_snapshot(
    client: httpx.AsyncClient, sessions: Sessions, snapshot: object
) -> None:
    first = await factors.publish_one(sessions, value="16.50")
    await factors.publish_one(sessions, value="15.90")
    body = {"pins": [f"{first.code}@1"], "snapshot": snapshot}

    answers = [await client.post(PATH, json=body) for _ in range(2)]

    assert answers[0].content == answers[1].content
    report = answers[0].json()
    assert (report["snapshot"], report["items"][0]["state"]) == (1, "UNCHANGED")


async def test_every_bad_pin_has_its_own_error(client: httpx.AsyncClient) -> None:
    pins = [f"{CODE}@1", CODE, f"{CODE}@0", f"{CODE}@01", "CNF-08-000001-28@1", "x", 7]
    pins += [f"{CODE}@1@2", f"{CODE}@1234567890", f" {CODE}@1", ""]

    answer = await client.post(PATH, json={"pins": pins})

    assert answer.status_code == 422
    errors = [(each["pointer"], each["code"]) for each in answer.json()["errors"]]
    assert errors == [
        ("/pins/1", "NOT_PINNED"),
        ("/pins/2", "NOT_PINNED"),
        ("/pins/3", "NOT_PINNED"),
        ("/pins/4", "INVALID_FACTOR_CODE"),
        ("/pins/5", "INVALID_FACTOR_CODE"),
        ("/pins/6", "BAD_TYPE"),
        ("/pins/7", "NOT_PINNED"),
        ("/pins/8", "NOT_PINNED"),
        ("/pins/9", "INVALID_FACTOR_CODE"),
        ("/pins/10", "INVALID_FACTOR_CODE"),
    ]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/pins", "MISSING_FIELD"),
        ({"pins": f"{CODE}@1"}, "/pins", "BAD_TYPE"),
        ({"pins": [], "snapshot": 1}, "/snapshot", "SNAPSHOT_NOT_YET"),
        ({"pins": [], "snapshot": "then"}, "/snapshot", "UNKNOWN_SNAPSHOT"),
        ({"pins": [], "more": 1}, "/more", "UNKNOWN_FIELD"),
        ({"pins": [f"{CODE}@1"] * 10_001}, "/pins", "TOO_MANY_PINS"),
        ({"pins": ["x"] * 10_001}, "/pins", "TOO_MANY_PINS"),
    ],
)
async def test_refusals(
    client: httpx.AsyncClient, body: object, pointer: str, code: str
) -> None:
    answer = await client.post(PATH, json=body)

    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert [(each["pointer"], each["code"]) for each in errors] == [(pointer, code)]


async def test_refusals_are_in_both_languages(client: httpx.AsyncClient) -> None:
    headers = {"Accept-Language": "zh"}
    answer = await client.post(PATH, json={"pins": [CODE]}, headers=headers)

    assert "编码@n" in answer.json()["errors"][0]["detail"]


async def test_ten_thousand_fit_and_a_mebibyte_is_the_end(
    client: httpx.AsyncClient,
) -> None:
    body = {"pins": [f"{CODE}@{number}" for number in range(1, 10_001)]}

    many = await client.post(PATH, json=body)
    large = await client.post(
        PATH,
        content=json.dumps(body) + " " * 2**20,
        headers={"Content-Type": "application/json"},
    )

    assert [each["pin"] for each in many.json()["items"]] == body["pins"]
    assert (large.status_code, large.json()["code"]) == (413, "BODY_TOO_LARGE")
