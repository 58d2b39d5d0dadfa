"""API keys: scopes, expiry, two at a time, and their end."""

import asyncio
import datetime as dt
import re
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.accounts.models import ApiKey, IdempotentAnswer
from app.kit import clock
from app.kit.database import Sessions
from tests.factories.accounts import Desk, events, open_desk


@pytest.fixture
async def desk(client: httpx.AsyncClient, sessions: Sessions) -> Desk:
    """Return the desk of this test."""
    return await open_desk(client, sessions)


def later(**delta: float) -> str:
    """Return the instant that is so much after now."""
    return clock.instant_text(clock.now() + dt.timedelta(**delta))


async def make(desk: Desk, who: str, **body: Any) -> Any:
    """Make a key and return what is answered."""
    answer = await desk.ask(who, "POST", "/keys", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_me_tells_whose_key_it_is(desk: Desk) -> None:
    answer = await desk.ask("reviewer_2", "GET", "/me")

    key = desk.keys["reviewer_2"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "person": key.person,
        "organisation": "org_demo_university",
        "role": "REVIEWER",
        "is_manager": True,
        "key_id": key.key.split("_")[2],
        "scopes": ["READ", "WRITE", "MANAGE"],
    }


async def test_new_key_takes_over_from_the_old_one(
    desk: Desk, sessions: Sessions
) -> None:
    old = desk.keys["submitter"].key.split("_")[2]

    made = await make(desk, "submitter", expires_at=later(days=90))
    gone = await desk.ask(made["key"], "DELETE", f"/keys/{old}")

    assert re.fullmatch(r"tanyin_live_[0-9a-f]{12}_[0-9a-f]{64}", made["key"])
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await desk.ask("submitter", "GET", "/me")).status_code == 401
    assert (await desk.ask(made["key"], "GET", "/me")).status_code == 200
    listed = (await desk.ask(made["key"], "GET", "/keys")).json()["items"]
    assert [each["id"] for each in listed] == [made["id"], old]
    assert [each["revoked_at"] is None for each in listed] == [True, False]
    first, second = await events(sessions)
    assert (first.act, first.object_id) == ("CREATE_KEY", made["id"])
    assert (second.act, second.object_id) == ("REVOKE_KEY", old)


async def test_secret_is_answered_once_and_stored_nowhere(
    desk: Desk, sessions: Sessions
) -> None:
    made = await make(desk, "submitter")

    listed = await desk.ask("submitter", "GET", "/keys")
    assert made["key"].rpartition("_")[2] not in listed.text
    assert "secret" not in listed.text
    async with sessions() as session:
        row = await session.get_one(ApiKey, made["id"])
        kept = await session.scalars(sa.select(IdempotentAnswer))
        assert len(row.secret_sha256) == 32
        assert kept.all() == []


async def test_third_live_key_is_refused(desk: Desk) -> None:
    second = await make(desk, "submitter")

    third = await desk.ask("submitter", "POST", "/keys", {})
    assert (third.status_code, third.json()["code"]) == (409, "TWO_LIVE_KEYS")

    await desk.ask("submitter", "DELETE", f"/keys/{second['id']}")
    await make(desk, "submitter")


async def test_expired_key_leaves_its_place(desk: Desk, sessions: Sessions) -> None:
    second = await make(desk, "submitter")
    async with sessions.begin() as session:
        row = await session.get_one(ApiKey, second["id"])
        row.expires_at = clock.now()

    assert (await desk.ask(second["key"], "GET", "/me")).status_code == 401
    await make(desk, "submitter")


@pytest.mark.committed
async def test_race_for_the_second_key_has_one_winner(desk: Desk) -> None:
    answers = await asyncio.gather(
        *(desk.ask("submitter", "POST", "/keys", {}) for _ in range(4))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"scopes": []}, 422, "BAD_VALUE"),
        ({"scopes": ["ROOT"]}, 422, "INVALID_REQUEST"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "BAD_EXPIRY"),
        ({"expires_at": "9999-01-01T00:00:00Z"}, 422, "BAD_EXPIRY"),
        ({"expires_at": "tomorrow"}, 422, "BAD_INSTANT"),
        ({"expires_at": 9e99}, 422, "BAD_TYPE"),
        ({"person": "p_0000000000000000"}, 404, "UNKNOWN_MEMBER"),
        ({"person": "x" * 41}, 422, "BAD_VALUE"),
        ({"secret": "mine"}, 422, "UNKNOWN_FIELD"),
    ],
)
async def test_bad_key_is_refused(
    desk: Desk, body: Any, status: int, code: str
) -> None:
    answer = await desk.ask("approver", "POST", "/keys", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_two_years_are_the_longest(desk: Desk) -> None:
    await make(desk, "submitter", expires_at=later(days=730))
    answer = await desk.ask(
        "approver", "POST", "/keys", {"expires_at": later(days=732)}
    )

    assert answer.json()["code"] == "BAD_EXPIRY"


async def test_key_passes_on_no_more_than_it_has(desk: Desk) -> None:
    narrow = await make(desk, "approver", scopes=["READ", "MANAGE"])
    await desk.ask(
        narrow["key"], "DELETE", f"/keys/{desk.keys['approver'].key.split('_')[2]}"
    )

    wider = await desk.ask(narrow["key"], "POST", "/keys", {"scopes": ["WRITE"]})
    same = await make(desk, narrow["key"])

    assert (wider.status_code, wider.json()["code"]) == (403, "SCOPE_NOT_HELD")
    assert same["scopes"] == ["READ", "MANAGE"]


@pytest.mark.parametrize(
    ("scopes", "method", "path"),
    [
        (["WRITE", "MANAGE"], "GET", "/me"),
        (["WRITE", "MANAGE"], "GET", "/keys"),
        (["WRITE", "MANAGE"], "GET", "/organisations/org_demo_metals"),
        (["WRITE", "MANAGE"], "GET", f"/evidence/{'0' * 64}"),
        (["READ", "MANAGE"], "PUT", f"/evidence/{'0' * 64}"),
        (["READ", "WRITE"], "POST", "/keys"),
        (["READ", "WRITE"], "DELETE", "/keys/0123456789ab"),
        (["READ", "WRITE"], "POST", "/organisations/org_demo_metals/members"),
    ],
)
async def test_scope_that_lacks_is_403(
    desk: Desk, scopes: list[str], method: str, path: str
) -> None:
    key = (await make(desk, "approver", scopes=scopes))["key"]
    bodies = {"/keys": {}, "/organisations/org_demo_metals/members": MEMBER}
    body = bodies.get(path) if method == "POST" else None

    answer = await desk.ask(key, method, path, body)

    assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_SCOPE")


MEMBER = {"name": "周杰", "role": "SUBMITTER"}


async def test_scope_does_not_matter_where_no_key_is_needed(desk: Desk) -> None:
    key = (await make(desk, "approver", scopes=["WRITE"]))["key"]

    assert (await desk.ask(key, "GET", "/factors")).status_code == 200


async def test_writing_needs_no_scope_to_read(desk: Desk) -> None:
    key = (await make(desk, "approver", scopes=["MANAGE"]))["key"]

    added = await desk.ask(
        key, "POST", "/organisations/org_demo_metals/members", MEMBER
    )

    assert added.status_code == 201


@pytest.mark.parametrize(
    ("who", "whom", "status", "code"),
    [
        ("approver", "submitter", 409, "MEMBER_HAS_KEY"),
        ("submitter", "approver", 403, "NOT_MANAGER"),
        ("approver", "submitter_b", 404, "UNKNOWN_MEMBER"),
        ("admin", "submitter", 404, "UNKNOWN_MEMBER"),
        ("admin", "approver", 409, "MEMBER_HAS_KEY"),
        ("auditor", "approver", 404, "UNKNOWN_MEMBER"),
    ],
)
async def test_no_key_in_the_name_of_somebody_who_has_one(
    desk: Desk, who: str, whom: str, status: int, code: str
) -> None:
    body = {"person": desk.keys[whom].person}

    answer = await desk.ask(who, "POST", "/keys", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_administrator_helps_a_manager_who_lost_every_key(
    desk: Desk, sessions: Sessions
) -> None:
    key = desk.keys["approver"]
    await desk.ask("approver", "DELETE", f"/keys/{key.key.split('_')[2]}")

    made = await make(desk, "admin", person=key.person)

    me = (await desk.ask(made["key"], "GET", "/me")).json()
    assert me["person"] == key.person
    assert (await events(sessions))[-1].person_id == desk.keys["admin"].person


async def test_manager_ends_the_key_of_a_member(desk: Desk) -> None:
    key = desk.keys["submitter"]
    path = f"/keys/{key.key.split('_')[2]}"

    listed = await desk.ask("approver", "GET", "/keys", params={"person": key.person})
    gone = await desk.ask("approver", "DELETE", path)
    again = await desk.ask("approver", "DELETE", path)

    assert [each["person"] for each in listed.json()["items"]] == [key.person]
    assert gone.status_code == again.status_code == 204
    refused = await desk.ask("submitter", "GET", "/me")
    assert (refused.status_code, refused.json()["code"]) == (401, "UNKNOWN_KEY")


@pytest.mark.parametrize(
    ("who", "whose"),
    [
        ("submitter", "approver"),
        ("approver_b", "submitter"),
        ("admin", "submitter"),
        ("auditor", "submitter"),
    ],
)
async def test_key_of_somebody_else_is_not_there(
    desk: Desk, sessions: Sessions, who: str, whose: str
) -> None:
    path = f"/keys/{desk.keys[whose].key.split('_')[2]}"

    answer = await desk.ask(who, "DELETE", path)

    assert (answer.status_code, answer.json()["code"]) == (404, "NO_SUCH_KEY")
    assert (await desk.ask(whose, "GET", "/me")).status_code == 200
    assert await events(sessions) == []


@pytest.mark.parametrize(
    ("who", "whose", "status"),
    [("submitter", "approver", 403), ("approver", "submitter_b", 404)],
)
async def test_keys_of_others_are_not_listed(
    desk: Desk, who: str, whose: str, status: int
) -> None:
    params = {"person": desk.keys[whose].person}

    answer = await desk.ask(who, "GET", "/keys", params=params)

    assert answer.status_code == status
