"""Organisations run themselves; only administrators make them."""

import asyncio
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.accounts import service as accounts
from app.accounts.models import ApiKey, Person
from app.kit.database import Sessions
from tests.factories.accounts import Desk, events, open_desk

ORGANISATION = {
    "name": {"zh": "西南水泥协会", "en": "Southwest Cement Association"},
    "roles": ["SUBMITTER", "APPROVER"],
    "manager": {"name": "李娜", "role": "APPROVER"},
}
METALS = "/organisations/org_demo_metals"


@pytest.fixture
async def desk(client: httpx.AsyncClient, sessions: Sessions) -> Desk:
    """Return the desk of this test."""
    return await open_desk(client, sessions)


async def make(desk: Desk, **changes: Any) -> Any:
    """Make an organisation and return what is answered."""
    answer = await desk.ask("admin", "POST", "/organisations", ORGANISATION | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_administrator_makes_an_organisation_with_its_manager(
    desk: Desk, sessions: Sessions
) -> None:
    answer = await desk.ask("admin", "POST", "/organisations", ORGANISATION)

    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    organisation = made["organisation"]
    assert answer.headers["location"] == f"/v1/organisations/{organisation['id']}"
    assert organisation["name"] == ORGANISATION["name"]
    assert organisation["roles"] == ["SUBMITTER", "APPROVER"]
    me = (await desk.ask(made["key"]["key"], "GET", "/me")).json()
    assert me == {
        "person": made["manager"]["person"],
        "organisation": organisation["id"],
        "role": "APPROVER",
        "is_manager": True,
        "key_id": made["key"]["id"],
        "scopes": ["READ", "WRITE", "MANAGE"],
    }
    assert [each.act for each in await events(sessions)] == [
        "CREATE_ORGANISATION",
        "ADD_MEMBER",
        "CREATE_KEY",
    ]


async def test_events_hold_neither_names_nor_secrets(
    desk: Desk, sessions: Sessions
) -> None:
    made = await make(desk)
    secret = made["key"]["key"].rpartition("_")[2]

    for event in await events(sessions):
        text = str((event.before, event.after, event.reason))
        assert secret not in text
        assert "李娜" not in text
        assert "水泥" not in text
        assert not event.is_public
        assert event.person_id == desk.keys["admin"].person


@pytest.mark.parametrize("who", ["approver", "publisher", "auditor", "secretariat"])
async def test_nobody_else_makes_one(desk: Desk, who: str) -> None:
    answer = await desk.ask(who, "POST", "/organisations", ORGANISATION)

    assert (answer.status_code, answer.json()["code"]) == (403, "NOT_ADMINISTRATOR")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"name": {"zh": "国家因子库管理局(演示)", "en": "x"}}, 409, "NAME_TAKEN"),
        ({"roles": []}, 422, "BAD_VALUE"),
        ({"roles": ["KING"]}, 422, "INVALID_REQUEST"),
        ({"roles": ["REVIEWER"]}, 422, "ROLE_NOT_IN_ORGANISATION"),
        ({"manager": {"name": "", "role": "APPROVER"}}, 422, "BAD_TEXT"),
        ({"id": "org_mine"}, 422, "UNKNOWN_FIELD"),
        ({"credit_code": "91350200776049653"}, 422, "BAD_VALUE"),
        ({"credit_code": "9135020077604965IO"}, 422, "BAD_VALUE"),
        ({"credit_code": "91350200776049653B"}, 422, "CREDIT_CODE_FAILS"),
        ({"credit_code_note": "x"}, 422, "NOTE_NOT_NEEDED"),
        (
            {"credit_code": "91350200776049653A", "credit_code_note": "x"},
            422,
            "NOTE_NOT_NEEDED",
        ),
    ],
)
async def test_bad_organisation_is_refused(
    desk: Desk, sessions: Sessions, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = await desk.ask("admin", "POST", "/organisations", ORGANISATION | changes)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await events(sessions) == []


async def test_credit_code_belongs_to_one_organisation(desk: Desk) -> None:
    made = await make(desk, credit_code="91350200776049653A")
    other = {"name": {"zh": "另一协会", "en": "x"}, "credit_code": "91350200776049653A"}

    answer = await desk.ask("admin", "POST", "/organisations", ORGANISATION | other)

    assert made["organisation"]["credit_code"] == "91350200776049653A"
    assert (answer.status_code, answer.json()["code"]) == (409, "CREDIT_CODE_TAKEN")


async def test_genuine_code_that_fails_is_taken_with_a_reason(
    desk: Desk, sessions: Sessions
) -> None:
    note = "2015 年试点发放,营业执照已核验"

    made = await make(desk, credit_code="91350203M0001QAY9B", credit_code_note=note)

    assert made["organisation"]["credit_code_note"] == note
    event = (await events(sessions))[0]
    assert event.reason == note
    assert (event.after or {})["credit_code"] == "91350203M0001QAY9B"


async def test_answer_with_a_secret_is_not_kept(desk: Desk, sessions: Sessions) -> None:
    for path in ("/organisations", "/keys"):
        answer = await desk.ask(
            "admin", "POST", path, ORGANISATION, headers={"Idempotency-Key": "a"}
        )

        assert answer.status_code == 400
        assert answer.json()["code"] == "IDEMPOTENCY_KEY_REFUSED"
    assert await events(sessions) == []


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("submitter", 200),
        ("admin", 200),
        ("auditor", 200),
        ("approver_b", 404),
        ("secretariat", 404),
        ("publisher", 404),
        ("reviewer_1", 404),
        ("consumer", 404),
    ],
)
async def test_who_sees_an_organisation(desk: Desk, who: str, status: int) -> None:
    organisation = await desk.ask(who, "GET", METALS)
    members = await desk.ask(who, "GET", f"{METALS}/members")

    assert organisation.status_code == members.status_code == status


async def test_without_a_key_is_401(client: httpx.AsyncClient) -> None:
    for path in (METALS, f"{METALS}/members", "/me", "/keys"):
        assert (await client.get(f"/v1{path}")).status_code == 401


async def test_names_are_for_colleagues(desk: Desk) -> None:
    async def names(who: str) -> set[str | None]:
        page = (await desk.ask(who, "GET", f"{METALS}/members")).json()
        return {each["name"] for each in page["items"]}

    assert None not in await names("submitter")
    assert await names("admin") == await names("auditor") == {None}


async def test_members_come_in_pages(desk: Desk) -> None:
    path = f"{METALS}/members"
    for number in range(5):
        body = {"name": f"成员{number}", "role": "SUBMITTER"}
        await desk.ask("approver", "POST", path, body)

    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        params = {"limit": "3"} | cursor
        page = (await desk.ask("approver", "GET", path, params=params)).json()
        seen += [each["person"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert len(seen) == len(set(seen)) == 7
    foreign = await desk.ask(
        "approver_b",
        "GET",
        "/organisations/org_demo_chemicals/members",
        params={"limit": "3"} | cursor,
    )
    assert foreign.json()["code"] == "BAD_CURSOR"


async def test_manager_adds_a_member_who_then_makes_keys(
    desk: Desk, sessions: Sessions
) -> None:
    body = {"name": "周杰", "role": "SUBMITTER"}
    member = (await desk.ask("approver", "POST", f"{METALS}/members", body)).json()
    key = await desk.ask("approver", "POST", "/keys", {"person": member["person"]})

    me = (await desk.ask(key.json()["key"], "GET", "/me")).json()
    assert (me["person"], me["role"]) == (member["person"], "SUBMITTER")
    assert member["name"] == "周杰"
    assert not me["is_manager"]
    first, second = await events(sessions)
    assert (first.act, first.object_type, first.object_id) == (
        "ADD_MEMBER",
        "PERSON",
        member["person"],
    )
    assert first.after == {
        "organisation": "org_demo_metals",
        "role": "SUBMITTER",
        "is_manager": False,
        "left": False,
    }
    assert (second.act, second.object_type) == ("CREATE_KEY", "API_KEY")


async def test_repeated_request_adds_one_member(desk: Desk) -> None:
    body = {"name": "周杰", "role": "SUBMITTER"}
    path, headers = f"{METALS}/members", {"Idempotency-Key": "a"}

    first = await desk.ask("approver", "POST", path, body, headers=headers)
    again = await desk.ask("approver", "POST", path, body, headers=headers)

    assert first.json() == again.json()
    assert len((await desk.ask("approver", "GET", path)).json()["items"]) == 3


@pytest.mark.parametrize(
    ("who", "path", "role", "status", "code"),
    [
        ("submitter", METALS, "SUBMITTER", 403, "NOT_MANAGER"),
        ("approver_b", METALS, "SUBMITTER", 404, "UNKNOWN_ORGANISATION"),
        ("admin", METALS, "SUBMITTER", 403, "NOT_MANAGER"),
        ("auditor", METALS, "SUBMITTER", 403, "NOT_MANAGER"),
        ("admin", "/organisations/none", "SUBMITTER", 404, "UNKNOWN_ORGANISATION"),
        ("approver", METALS, "REVIEWER", 422, "ROLE_NOT_IN_ORGANISATION"),
        ("approver", METALS, "ADMIN", 422, "ROLE_NOT_IN_ORGANISATION"),
    ],
)
async def test_member_is_not_added(
    desk: Desk, who: str, path: str, role: str, *, status: int, code: str
) -> None:
    body = {"name": "周杰", "role": role}

    answer = await desk.ask(who, "POST", f"{path}/members", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_role_is_changed_by_a_manager(desk: Desk, sessions: Sessions) -> None:
    person = desk.keys["submitter"].person
    path = f"{METALS}/members/{person}"

    answer = await desk.ask("approver", "PATCH", path, {"role": "APPROVER"})

    assert answer.json()["role"] == "APPROVER"
    me = (await desk.ask("submitter", "GET", "/me")).json()
    assert me["role"] == "APPROVER"
    (event,) = await events(sessions)
    assert event.act == "CHANGE_MEMBER"
    assert (event.before or {})["role"] == "SUBMITTER"
    assert (event.after or {})["role"] == "APPROVER"


async def test_change_that_changes_nothing_is_no_event(
    desk: Desk, sessions: Sessions
) -> None:
    path = f"{METALS}/members/{desk.keys['submitter'].person}"

    answer = await desk.ask("approver", "PATCH", path, {"role": "SUBMITTER"})

    assert answer.status_code == 200
    assert await events(sessions) == []


@pytest.mark.parametrize(
    ("who", "whom", "body", "status", "code"),
    [
        ("approver", "approver", {"role": "SUBMITTER"}, 403, "OWN_ROLE"),
        ("approver", "approver", {"is_manager": False}, 409, "LAST_MANAGER"),
        ("approver", "approver", {"left": True}, 409, "LAST_MANAGER"),
        ("approver", "submitter", {"left": False}, 422, "BAD_VALUE"),
        ("approver", "submitter", {}, 422, "NOTHING_TO_CHANGE"),
        ("approver", "submitter", {"name": "x"}, 422, "UNKNOWN_FIELD"),
        ("approver", "submitter", {"role": "ADMIN"}, 422, "ROLE_NOT_IN_ORGANISATION"),
        ("approver", "submitter_b", {"left": True}, 404, "UNKNOWN_MEMBER"),
        ("submitter", "approver", {"left": True}, 403, "NOT_MANAGER"),
        ("approver_b", "submitter", {"left": True}, 404, "UNKNOWN_ORGANISATION"),
        ("admin", "submitter", {"left": True}, 403, "NOT_MANAGER"),
    ],
)
async def test_member_is_not_changed(
    desk: Desk, who: str, whom: str, body: Any, *, status: int, code: str
) -> None:
    path = f"{METALS}/members/{desk.keys[whom].person}"

    answer = await desk.ask(who, "PATCH", path, body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_last_manager_may_go_when_there_is_another(desk: Desk) -> None:
    own = f"{METALS}/members/{desk.keys['approver'].person}"
    other = f"{METALS}/members/{desk.keys['submitter'].person}"

    await desk.ask("approver", "PATCH", other, {"is_manager": True})
    gone = await desk.ask("approver", "PATCH", own, {"left": True})
    last = await desk.ask("submitter", "PATCH", other, {"is_manager": False})

    assert gone.json()["left_at"] is not None
    assert last.json()["code"] == "LAST_MANAGER"


async def test_who_left_has_no_key_from_now_on(desk: Desk) -> None:
    path = f"{METALS}/members/{desk.keys['submitter'].person}"

    await desk.ask("approver", "PATCH", path, {"left": True})

    assert (await desk.ask("submitter", "GET", "/me")).status_code == 401
    again = await desk.ask("approver", "PATCH", path, {"role": "SUBMITTER"})
    assert again.json()["code"] == "MEMBER_LEFT"
    body = {"person": desk.keys["submitter"].person}
    key = await desk.ask("approver", "POST", "/keys", body)
    assert (key.status_code, key.json()["code"]) == (409, "MEMBER_LEFT")


async def test_suspended_organisation_has_no_key_from_now_on(
    desk: Desk, sessions: Sessions
) -> None:
    suspended = {"suspended": True, "reason": "数据造假调查"}
    answer = await desk.ask("admin", "PATCH", METALS, suspended)

    assert answer.json()["suspended_at"] is not None
    for who in ("submitter", "approver"):
        refused = await desk.ask(who, "GET", "/me")
        assert (refused.status_code, refused.json()["code"]) == (401, "UNKNOWN_KEY")
    assert (await desk.ask("submitter_b", "GET", "/me")).status_code == 200

    again = {"suspended": False, "reason": "已查清"}
    await desk.ask("admin", "PATCH", METALS, again)
    assert (await desk.ask("submitter", "GET", "/me")).status_code == 200
    assert [each.reason for each in await events(sessions)] == [
        "数据造假调查",
        "已查清",
    ]


@pytest.mark.parametrize(
    ("who", "path", "body", "status", "code"),
    [
        ("admin", METALS, {"suspended": True}, 422, "REASON_MISSING"),
        ("admin", METALS, {"reason": "x"}, 422, "NOTHING_TO_CHANGE"),
        ("admin", METALS, {"roles": ["SUBMITTER"]}, 409, "ROLE_IN_USE"),
        ("admin", "/organisations/none", {"roles": ["REVIEWER"]}, 404, None),
        ("approver", METALS, {"roles": ["PUBLISHER"]}, 403, "NOT_ADMINISTRATOR"),
        ("approver_b", METALS, {"roles": ["REVIEWER"]}, 404, None),
        (
            "admin",
            "/organisations/org_demo_authority",
            {"suspended": True, "reason": "x"},
            403,
            "OWN_ORGANISATION",
        ),
    ],
)
async def test_organisation_is_not_changed(
    desk: Desk, who: str, path: str, body: Any, *, status: int, code: str | None
) -> None:
    answer = await desk.ask(who, "PATCH", path, body)

    expected = (status, code or "UNKNOWN_ORGANISATION")
    assert (answer.status_code, answer.json()["code"]) == expected


async def test_roles_of_an_organisation_may_grow(
    desk: Desk, sessions: Sessions
) -> None:
    body = {"roles": ["REVIEWER", "APPROVER", "SUBMITTER", "SUBMITTER"]}

    answer = await desk.ask("admin", "PATCH", METALS, body)

    assert answer.json()["roles"] == ["SUBMITTER", "APPROVER", "REVIEWER"]
    (event,) = await events(sessions)
    assert (event.act, event.object_id) == ("CHANGE_ORGANISATION", "org_demo_metals")


@pytest.mark.committed
@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (sa.update(Person).values(is_manager=False), 403, "NOT_MANAGER"),
        (sa.update(Person).values(left_at=sa.func.now()), 401, "UNKNOWN_KEY"),
        (sa.update(ApiKey).values(scopes=["READ"]), 403, "INSUFFICIENT_SCOPE"),
        (sa.update(ApiKey).values(revoked_at=sa.func.now()), 401, "UNKNOWN_KEY"),
    ],
)
async def test_what_is_taken_away_is_gone_in_the_request_that_runs(
    desk: Desk, sessions: Sessions, change: sa.Update, *, status: int, code: str
) -> None:
    """The change is uncommitted when the request has passed the check of its key."""
    body = {"name": "周杰", "role": "SUBMITTER"}
    async with sessions.begin() as other:
        await other.execute(change)
        request = asyncio.create_task(
            desk.ask("approver", "POST", f"{METALS}/members", body)
        )
        await asyncio.sleep(0.3)
        assert not request.done()

    answer = await asyncio.wait_for(request, 5)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await events(sessions) == []


@pytest.mark.committed
async def test_taking_away_waits_for_the_request_that_runs(
    desk: Desk, sessions: Sessions
) -> None:
    path = f"{METALS}/members/{desk.keys['submitter'].person}"
    async with sessions.begin() as running:
        caller = await accounts.identify(running, desk.keys["submitter"].key)
        actor = await accounts.confirm(running, caller, request_id="r", scope="WRITE")
        assert actor.role == "SUBMITTER"
        request = asyncio.create_task(
            desk.ask("approver", "PATCH", path, {"role": "APPROVER"})
        )
        await asyncio.sleep(0.3)
        assert not request.done()

    assert (await asyncio.wait_for(request, 5)).status_code == 200


@pytest.mark.committed
async def test_two_managers_cannot_remove_each_other(
    desk: Desk, sessions: Sessions
) -> None:
    first, second = desk.keys["approver"].person, desk.keys["submitter"].person
    path = f"{METALS}/members"
    await desk.ask("approver", "PATCH", f"{path}/{second}", {"is_manager": True})

    answers = await asyncio.gather(
        desk.ask("approver", "PATCH", f"{path}/{second}", {"is_manager": False}),
        desk.ask("submitter", "PATCH", f"{path}/{first}", {"is_manager": False}),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 403]
    assert len(await events(sessions)) == 2
