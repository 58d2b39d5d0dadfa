"""The public notice: its period, and what is held against it."""

import datetime as dt

import httpx
import pytest
import sqlalchemy as sa

from app.kit import clock
from app.kit.database import Sessions
from app.reference import calendar
from app.reference.policy import DEMO, NATIONAL, Policy
from app.submissions.models import Notice
from tests.factories.people import Answer, People, people
from tests.factories.submissions import cleared, item, on_notice, published

OBJECTION = {"item": 1, "pointer": "/value", "grounds": "与同行数据不符"}
REFUSED = {"admissible": False, "reason": "与数值无关"}
DISMISSED = {"outcome": "DISMISSED", "reply": "不成立"}
UPHELD = {"outcome": "UPHELD", "reply": "成立"}


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


async def object_to(people: People, made: Answer, who: str = "consumer") -> str:
    """Object and return the address of the objection."""
    path = f"/notices/{made['notice']}/objections"
    return f"/objections/{(await people.done(who, path, OBJECTION))['id']}"


async def end(sessions: Sessions, made: Answer, closes_on: dt.date) -> None:
    """Let the last day of a notice be another one."""
    statement = sa.update(Notice).where(Notice.id == made["notice"])
    async with sessions.begin() as session:
        await session.execute(statement.values(closes_on=closes_on))


async def test_the_period_must_be_over(sessions: Sessions) -> None:
    """The last day belongs to the period; the day after, objections are late."""
    async with people(sessions, NATIONAL) as everybody:
        made = await on_notice(everybody)
        path = f"/submissions/{made['id']}/clear"
        today = clock.today(clock.now())
        notice = (await everybody.get("nobody", f"/notices/{made['notice']}")).json()
        assert notice["opens_on"] == today.isoformat()
        assert notice["working_days"] == 10
        last = calendar.add_working_days(today, 10)
        assert notice["closes_on"] == last.isoformat()
        assert code(await everybody.post("secretariat", path)) == (
            409,
            "PERIOD_NOT_OVER",
        )
        await end(sessions, made, today)
        assert code(await everybody.post("secretariat", path)) == (
            409,
            "PERIOD_NOT_OVER",
        )
        objection = await object_to(everybody, made)

        await end(sessions, made, today - dt.timedelta(days=1))

        late = await everybody.post(
            "consumer", f"/notices/{made['notice']}/objections", OBJECTION
        )
        assert code(late) == (409, "NOTICE_CLOSED")
        assert code(await everybody.post("secretariat", path)) == (
            409,
            "OBJECTIONS_OPEN",
        )
        await everybody.done("secretariat", f"{objection}/admit", REFUSED)
        assert (await everybody.done("secretariat", path))["state"] == "CLEARED"


async def test_who_may_object_and_to_what(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await on_notice(everybody)
        path = f"/notices/{made['notice']}/objections"
        for who in ("submitter", "approver"):
            assert code(await everybody.post(who, path, OBJECTION)) == (
                403,
                "OWN_NOTICE",
            )
        assert (await everybody.post("nobody", path, OBJECTION)).status_code == 401
        nothing = await everybody.post("consumer", path, OBJECTION | {"item": 2})
        assert code(nothing) == (422, "UNKNOWN_ITEM")
        for changes in ({"item": 0}, {"grounds": ""}, {"pointer": "value"}):
            answer = await everybody.post("consumer", path, OBJECTION | changes)
            assert answer.status_code == 422
        none = await everybody.post(
            "consumer", "/notices/ntc_0123456789abcdef/objections", OBJECTION
        )
        assert code(none) == (404, "UNKNOWN_NOTICE")

        answer = await everybody.post("submitter_b", path, OBJECTION)

        assert answer.status_code == 201
        assert answer.json()["organisation"] == "org_demo_chemicals"
        assert everybody.id("submitter_b") not in answer.text


@pytest.mark.parametrize("policy", [DEMO, NATIONAL], ids=["demo", "national"])
async def test_no_objection_once_it_is_cleared_or_published(
    sessions: Sessions, policy: Policy
) -> None:
    async with people(sessions, policy) as everybody:
        made = await on_notice(everybody)
        await end(sessions, made, dt.date(2026, 1, 1))
        path = f"/notices/{made['notice']}/objections"
        for who, action in (
            ("secretariat", "clear"),
            ("publisher", "approve"),
            ("publisher_2", "publish"),
        ):
            await everybody.done(who, f"/submissions/{made['id']}/{action}")
            answer = await everybody.post("consumer", path, OBJECTION)
            assert code(answer) == (409, "NOTICE_CLOSED")


async def test_an_objection_holds_until_it_is_answered(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await on_notice(everybody)
        path = f"/submissions/{made['id']}"
        at = await object_to(everybody, made)
        early = await everybody.post("secretariat", f"{at}/answer", DISMISSED)
        assert code(early) == (409, "WRONG_STATE")
        await everybody.done("secretariat", f"{at}/admit")
        held = (await everybody.get("secretariat", path)).json()
        assert held["state"] == "HELD"
        assert code(await everybody.post("secretariat", f"{path}/clear")) == (
            409,
            "WRONG_STATE",
        )

        answered = await everybody.done("secretariat", f"{at}/answer", DISMISSED)

        assert (answered["state"], answered["reply"]) == ("DISMISSED", "不成立")
        twice = await everybody.post("secretariat", f"{at}/admit")
        assert code(twice) == (409, "ALREADY_DECIDED")
        assert (await everybody.done("secretariat", f"{path}/clear"))["state"] == (
            "CLEARED"
        )


async def test_one_that_is_not_admitted_needs_a_reason(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await on_notice(everybody)
        at = await object_to(everybody, made)
        silent = await everybody.post(
            "secretariat", f"{at}/admit", {"admissible": False}
        )
        assert silent.status_code == 422

        refused = await everybody.done("secretariat", f"{at}/admit", REFUSED)

        assert refused["state"] == "NOT_ADMITTED"
        head = (await everybody.get("secretariat", f"/submissions/{made['id']}")).json()
        assert head["state"] == "ON_NOTICE"


async def test_an_upheld_one_leads_to_another_round(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await on_notice(everybody)
        at = await object_to(everybody, made)
        await everybody.done("secretariat", f"{at}/admit")

        await everybody.done("secretariat", f"{at}/answer", UPHELD)

        path = f"/submissions/{made['id']}"
        head = (await everybody.get("submitter", path)).json()
        assert head["state"] == "CHANGES_REQUESTED"
        late = await everybody.post(
            "consumer", f"/notices/{made['notice']}/objections", OBJECTION
        )
        assert code(late) == (409, "NOTICE_CLOSED")
        notices = (await everybody.get("nobody", "/notices?open=true")).json()
        assert notices["items"] == []


async def test_an_upheld_one_answers_those_beside_it(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await on_notice(everybody)
        first = await object_to(everybody, made)
        second = await object_to(everybody, made, "submitter_b")
        await everybody.done("secretariat", f"{first}/admit")

        await everybody.done("secretariat", f"{first}/answer", UPHELD)

        notice = f"/notices/{made['notice']}/objections"
        listed = (await everybody.get("secretariat", notice)).json()["items"]
        found = {f"/objections/{each['id']}": each for each in listed}
        assert found[first]["state"] == "UPHELD"
        assert found[second]["state"] == "CLOSED"
        assert found[second]["reply"] == UPHELD["reply"]
        late = await everybody.post("secretariat", f"{second}/admit")
        assert late.status_code == 409


async def test_every_objection_must_be_decided(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await on_notice(everybody)
        first = await object_to(everybody, made)
        second = await object_to(everybody, made, "submitter_b")
        clear = f"/submissions/{made['id']}/clear"
        for at, body in ((first, REFUSED), (second, REFUSED)):
            answer = await everybody.post("secretariat", clear)
            assert code(answer) == (409, "OBJECTIONS_OPEN")
            assert at.rpartition("/")[2] in answer.json()["detail"]
            await everybody.done("secretariat", f"{at}/admit", body)
        await everybody.done("secretariat", clear)


async def test_nobody_decides_on_an_objection_of_their_own(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await on_notice(everybody)
        at = await object_to(everybody, made, "secretariat")

        answer = await everybody.post("secretariat", f"{at}/admit", REFUSED)

        assert code(answer) == (403, "CONFLICT_OF_INTEREST")


async def test_a_rejected_submission_is_no_longer_on_notice(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await on_notice(everybody)
        at = await object_to(everybody, made)
        await everybody.done("secretariat", f"{at}/admit")
        body = {"reason": "数据不实"}
        await everybody.done("reviewer_1", f"/submissions/{made['id']}/reject", body)

        opened = (await everybody.get("nobody", "/notices?open=true")).json()
        every = (await everybody.get("nobody", "/notices")).json()

        assert opened["items"] == []
        assert [each["state"] for each in every["items"]] == ["REJECTED"]


async def test_notices_are_paged_and_filtered(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        first = await on_notice(everybody, item(zh="甲"))
        second = await cleared(everybody, item(zh="乙"))
        path = "/notices?limit=1"
        one = (await everybody.get("nobody", path)).json()
        two = (
            await everybody.get("nobody", f"{path}&cursor={one['next_cursor']}")
        ).json()

        assert [each["id"] for each in one["items"]] == [second["notice"]]
        assert [each["id"] for each in two["items"]] == [first["notice"]]
        assert two["next_cursor"] is None
        for is_open, made in (("true", first), ("false", second)):
            found = (await everybody.get("nobody", f"/notices?open={is_open}")).json()
            assert [each["id"] for each in found["items"]] == [made["notice"]]


async def test_problems_with_what_is_published(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await published(everybody)
        path = f"/factors/{made['code']}/versions/1/problems"
        body = {"pointer": "/value", "text": "小数点错位"}
        assert (await everybody.post("nobody", path, body)).status_code == 401

        answer = await everybody.post("consumer", path, body)

        assert answer.status_code == 201
        assert everybody.id("consumer") not in answer.text
        missing = await everybody.post(
            "consumer", f"/factors/{made['code']}/versions/2/problems", body
        )
        assert code(missing) == (404, "UNKNOWN_VERSION")
        for who, count in (("secretariat", 1), ("consumer", 1), ("submitter", 0)):
            found = (await everybody.get(who, "/problem-reports")).json()
            assert len(found) == count
