"""What publishers do to published versions, with one signature or two."""

import asyncio
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.kit.database import Sessions
from app.reference.enums import VersionStatus
from app.reference.policy import NATIONAL
from app.translog import service as translog
from tests.factories.factors import change_status, document, publish_one
from tests.factories.people import Answer, People, people

REASON = {"reason": "依据公告"}
TWO = ("reinstate", "void", "retire")


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


def address(act: str, factor: str, version: int = 1) -> str:
    """Return where an act on a version, or on its factor, is proposed."""
    if act == "retire":
        return f"/factors/{factor}/retire"
    return f"/factors/{factor}/versions/{version}/{act}"


async def perform(people: People, act: str, factor: str, version: int = 1) -> Answer:
    """Propose and confirm an act."""
    path = address(act, factor, version)
    proposed = await people.done("publisher", path, REASON)
    if act == "suspend":
        return proposed
    confirm = f"/acts/{proposed['act_id']}/confirm"
    return await people.done("publisher_2", confirm)


async def status(people: People, factor: str, version: int = 1) -> str:
    """Return the status of a version, in all ways in which it is read."""
    read = (await people.get("nobody", f"/factors/{factor}/versions/{version}")).json()
    listed = (await people.get("nobody", f"/factors/{factor}/versions")).json()
    assert listed["items"][version - 1]["status"] == read["status"]
    return str(read["status"])


async def factor(sessions: Sessions) -> str:
    """Return the code of a factor with one version."""
    return (await publish_one(sessions)).code


@pytest.mark.parametrize("act", ["suspend", *TWO])
async def test_acts_are_for_publishers(sessions: Sessions, act: str) -> None:
    async with people(sessions) as everybody:
        path = address(act, await factor(sessions))
        for who in sorted({*everybody.keys} - {"publisher", "publisher_2"}):
            answer = await everybody.post(who, path, REASON)
            assert code(answer) == (403, "NOT_A_PUBLISHER")
        assert (await everybody.post("nobody", path, REASON)).status_code == 401
        assert (await everybody.post("publisher", path, {})).status_code == 422


@pytest.mark.parametrize("act", TWO)
async def test_two_publishers_sign(sessions: Sessions, act: str) -> None:
    async with people(sessions) as everybody:
        made = await factor(sessions)
        if act == "reinstate":
            await perform(everybody, "suspend", made)
        before = await status(everybody, made)

        proposed = await everybody.post("publisher", address(act, made), REASON)

        assert proposed.status_code == 202
        assert proposed.json()["log_index"] is None
        assert await status(everybody, made) == before
        confirm = f"/acts/{proposed.json()['act_id']}/confirm"
        own = await everybody.post("publisher", confirm)
        assert code(own) == (403, "DUTIES_NOT_SEPARATE")
        for who in ("admin", "secretariat", "approver"):
            assert (await everybody.post(who, confirm)).status_code == 403
        waiting = (await everybody.get("publisher_2", "/acts")).json()["items"]
        assert [each["act_id"] for each in waiting] == [proposed.json()["act_id"]]
        done = await everybody.done("publisher_2", confirm)
        assert done["log_index"] is not None
        twice = await everybody.post("publisher_2", confirm)
        assert code(twice) == (409, "ALREADY_CONFIRMED")
        assert (await everybody.get("publisher", "/acts")).json()["items"] == []
        expected = {"reinstate": "PUBLISHED", "void": "VOID", "retire": "RETIRED"}[act]
        assert await status(everybody, made) == expected


async def test_suspending_takes_one(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await factor(sessions)

        act = await perform(everybody, "suspend", made)

        assert (act["confirmed_by"], act["published"]) == (None, [])
        assert await status(everybody, made) == "SUSPENDED"
        again = await everybody.post("publisher", address("suspend", made), REASON)
        assert code(again) == (409, "WRONG_STATUS")
        confirm = f"/acts/{act['act_id']}/confirm"
        done = await everybody.post("publisher_2", confirm)
        assert code(done) == (409, "ALREADY_CONFIRMED")


async def test_unknown_things(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await factor(sessions)
        for act in ("suspend", "void"):
            answer = await everybody.post("publisher", address(act, made, 2), REASON)
            assert code(answer) == (404, "UNKNOWN_VERSION")
        other = await everybody.post(
            "publisher", "/factors/CNF-20-000001-27/retire", REASON
        )
        assert code(other) == (404, "UNKNOWN_FACTOR")
        none = await everybody.post("publisher", "/acts/act_0123456789abcdef/confirm")
        assert code(none) == (404, "UNKNOWN_ACT")
        for who in ("consumer", "submitter", "secretariat"):
            assert (await everybody.get(who, "/acts")).status_code == 403


# What may be done at which status.
OPEN = {
    "PUBLISHED": {"suspend", "void", "retire"},
    "SUSPENDED": {"reinstate", "void", "retire"},
    "RETIRED": {"void"},
    "VOID": set[str](),
}


@pytest.mark.parametrize("before", OPEN)
async def test_every_act_at_every_status(sessions: Sessions, before: str) -> None:
    async with people(sessions) as everybody:
        made = await factor(sessions)
        reach = {"SUSPENDED": "suspend", "RETIRED": "retire", "VOID": "void"}
        if before in reach:
            await perform(everybody, reach[before], made)
        for act in TWO:
            answer = await everybody.post("publisher", address(act, made), REASON)
            if act in OPEN[before]:
                assert answer.status_code == 202
            else:
                assert code(answer) == (409, "WRONG_STATUS")
        answer = await everybody.post("publisher", address("suspend", made), REASON)
        assert answer.status_code == (200 if "suspend" in OPEN[before] else 409)


async def test_what_was_proposed_is_checked_again(sessions: Sessions) -> None:
    """Between proposal and signature somebody voids the version."""
    async with people(sessions) as everybody:
        made = await factor(sessions)
        await perform(everybody, "suspend", made)
        path = address("reinstate", made)
        waiting = await everybody.done("publisher", path, REASON)
        await perform(everybody, "void", made)

        late = await everybody.post("publisher_2", f"/acts/{waiting['act_id']}/confirm")

        assert code(late) == (409, "WRONG_STATUS")
        assert await status(everybody, made) == "VOID"


async def test_void_is_for_ever(sessions: Sessions) -> None:
    """A factor is retired after one of its versions became void; that stays void."""
    async with people(sessions) as everybody:
        made = await factor(sessions)
        await publish_one(sessions, value="16.40", change_reason="更正")
        voided = await perform(everybody, "void", made, 1)
        assert await status(everybody, made, 2) == "PUBLISHED"

        await perform(everybody, "retire", made)

        assert await status(everybody, made, 1) == "VOID"
        assert await status(everybody, made, 2) == "RETIRED"
        # Nor does a change that something else than the acts puts into the log.
        for scope in (None, 1):
            index = await change_status(sessions, made, VersionStatus.PUBLISHED, scope)
        path = f"/factors/{made}/versions?snapshot={index + 1}"
        found = (await everybody.get("nobody", path)).json()["items"]
        assert [each["status"] for each in found] == ["VOID", "PUBLISHED"]
        at = f"/factors/{made}/versions/1?snapshot={voided['log_index']}"
        before = (await everybody.get("nobody", at)).json()
        assert before["status"] == "SUPERSEDED"


async def test_lists_agree_that_void_is_for_ever(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await factor(sessions)
        await perform(everybody, "void", made)
        index = await change_status(sessions, made, VersionStatus.RETIRED)
        at = f"&snapshot={index + 1}"
        for status_, count in (("VOID", 1), ("RETIRED", 0), ("PUBLISHED", 0)):
            path = f"/factors?status={status_}{at}"
            found = (await everybody.get("nobody", path)).json()["items"]
            assert len(found) == count
        counted = (await everybody.get("nobody", f"/factors?facets=true{at}")).json()
        assert counted["items"][0]["status"] == "VOID"


def announcement(road: str, **changes: Any) -> dict[str, Any]:
    """Return a publication of one content by a road without a panel."""
    return {"road": road, "reason": "官方公告", "items": [document(**changes)]}


@pytest.mark.parametrize("road", ["AUTHORITY", "IMPORT"])
async def test_publishing_without_a_panel(sessions: Sessions, road: str) -> None:
    async with people(sessions) as everybody:
        proposed = await everybody.done(
            "publisher", "/publications", announcement(road)
        )
        confirm = f"/acts/{proposed['act_id']}/confirm"
        own = await everybody.post("publisher", confirm)
        assert code(own) == (403, "DUTIES_NOT_SEPARATE")
        assert (await everybody.get("nobody", "/factors")).json()["items"] == []

        done = await everybody.done("publisher_2", confirm)

        factor_code, _, version = done["published"][0].partition("@")
        read = (await everybody.get("nobody", f"/factors/{factor_code}")).json()
        assert (read["version"], version) == (1, "1")
        assert read["road"] == road
        assert read["unreviewed"] is (road == "IMPORT")


async def test_the_road_import_is_closed_under_the_national_policy(
    sessions: Sessions,
) -> None:
    async with people(sessions, NATIONAL) as everybody:
        closed = await everybody.post(
            "publisher", "/publications", announcement("IMPORT")
        )
        assert code(closed) == (403, "ROAD_CLOSED")
        opened = await everybody.post(
            "publisher", "/publications", announcement("AUTHORITY")
        )
        assert opened.status_code == 202
        panel = await everybody.post(
            "publisher", "/publications", announcement("PANEL")
        )
        assert panel.status_code == 422


async def test_an_announcement_has_number_and_date(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        for missing in ("document_number", "date"):
            draft = announcement("AUTHORITY")
            draft["items"][0]["sources"][0][missing] = None
            answer = await everybody.post("publisher", "/publications", draft)
            assert code(answer) == (409, "DOCUMENT_MISSING")
        for who in ("secretariat", "approver", "admin", "consumer"):
            answer = await everybody.post(
                who, "/publications", announcement("AUTHORITY")
            )
            assert code(answer) == (403, "NOT_A_PUBLISHER")


async def waiting(sessions: Sessions) -> int:
    """Return how many transactions wait for the log's lock."""
    statement = sa.text(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database WHERE"
        " datname = current_database() AND locktype = 'advisory' AND NOT granted"
    )
    async with sessions() as session:
        return int((await session.execute(statement)).scalar_one())


@pytest.mark.committed
async def test_of_two_acts_at_once_the_second_sees_the_first(
    sessions: Sessions,
) -> None:
    """Both were possible when proposed; together they are not."""
    async with people(sessions) as everybody:
        made = await factor(sessions)
        pair = ("publisher", "publisher_2")
        path = address("retire", made)
        acts = [await everybody.done(who, path, REASON) for who in pair]

        # While somebody else appends, both come as far as they can.
        async with sessions.begin() as session, asyncio.TaskGroup() as group:
            await translog.open_appender(session)
            tasks = [
                group.create_task(everybody.post(who, f"/acts/{act['act_id']}/confirm"))
                for who, act in zip(reversed(pair), acts, strict=True)
            ]
            async with asyncio.timeout(20):
                while await waiting(sessions) < len(tasks):  # noqa: ASYNC110 - theirs
                    await asyncio.sleep(0.02)
            await session.rollback()

        answers = [task.result() for task in tasks]
        assert sorted(each.status_code for each in answers) == [200, 409]
