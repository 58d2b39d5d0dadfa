"""Who reads what of a submission, in every state; and what the public never reads."""

import hashlib
from typing import Final

import pytest

from app.kit.database import Sessions
from app.reference.enums import Role
from app.submissions.workflow import Standing, State
from tests.factories.factors import citation
from tests.factories.people import People, people
from tests.factories.states import (
    EXPLANATION,
    SEALED,
    Case,
    bring,
    role_of,
    sealed_item,
    standings,
)
from tests.factories.submissions import draft, in_review, item, on_notice, submitted

SEALED_TEXT: Final = "密封清单"
PARTS: Final = ("items", "items/1", "reviews", "comments", "events", "changes")
SEALED_PART: Final = "items/1/sealed"


def expected(case: Case, part: str, who: str, role: Role | None) -> int:
    """Return the status of reading a part of the submission."""
    if role is None:
        return 401
    seen = standings(case, who, role)
    if not seen:
        return 404
    if part and seen == {Standing.ASSIGNED}:
        return 403
    may = {Standing.OWN_ORGANISATION, Standing.DECLARED}
    return 404 if part == SEALED_PART and not may & seen else 200


@pytest.mark.parametrize("state", State)
async def test_every_part_in_every_state(sessions: Sessions, state: State) -> None:
    async with people(sessions) as everybody:
        case = await bring(everybody, sessions, state)
        wrong = []
        for who in everybody.clients:
            role = role_of(everybody, who)
            for part in ("", *PARTS, SEALED_PART):
                path = f"{case.path}/{part}".removesuffix("/")
                answer = await everybody.get(who, path)
                wanted = expected(case, part, who, role)
                if answer.status_code != wanted:
                    wrong.append((part, who, wanted, answer.text))
                # Only the address of the sealed inventory ever shows it.
                is_shown = SEALED_TEXT in answer.text
                assert is_shown is (part == SEALED_PART and wanted == 200)
        assert wrong == []
        await check_lists(everybody, case)
        await check_public(everybody, case)


async def check_lists(everybody: People, case: Case) -> None:
    """Compare the list of each person with what they may open."""
    for who, key in everybody.keys.items():
        seen = standings(case, who, Role(key.role))
        page = (await everybody.get(who, "/submissions")).json()
        listed = [each["id"] for each in page["items"]]
        readable = bool(seen) and seen != {Standing.ASSIGNED}
        assert listed == ([case.id] if readable else []), who


async def check_public(everybody: People, case: Case) -> None:
    """See that nothing public names a person, or shows what is not for everyone."""
    paths = ["/notices", "/audit/events?limit=500"]
    if case.notice:
        paths += [f"/notices/{case.notice}", f"/notices/{case.notice}/objections"]
        paths += [f"/objections/{case.objection}"]
    for path in paths:
        answer = await everybody.get("nobody", path)
        assert answer.status_code == 200
        for key in everybody.keys.values():
            assert key.person not in answer.text
        assert SEALED_TEXT not in answer.text
        assert EXPLANATION not in answer.text


async def test_an_undeclared_reviewer_sees_the_head_alone(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await in_review(everybody, sealed_item(), declared=False)
        path = f"/submissions/{made['id']}"

        head = (await everybody.get("reviewer_2", path)).json()

        assert head["title"]
        assert head["organisation"] == "org_demo_metals"
        assert (head["items"], head["report"], head["impact"]) == ([], None, None)
        own = [each["person"] for each in head["assignments"]]
        assert own == [everybody.id("reviewer_2")]


async def test_the_sealed_inventory_comes_back_as_it_was_given(
    sessions: Sessions,
) -> None:
    async with people(sessions) as everybody:
        made = await in_review(everybody, sealed_item(), item(zh="再生铝"))
        path = f"/submissions/{made['id']}/items"

        for who in ("submitter", "approver", "reviewer_3"):
            answer = await everybody.get(who, f"{path}/1/sealed")
            assert answer.json() == SEALED
        assert (await everybody.get("submitter", f"{path}/2/sealed")).is_client_error


async def test_authors_read_no_verdict_and_no_panel_before_the_panel_is_done(
    sessions: Sessions,
) -> None:
    async with people(sessions) as everybody:
        made = await in_review(everybody)
        path = f"/submissions/{made['id']}"
        verdict = {
            "verdict": "MAJOR",
            "scores": {"ter": "2", "ger": "1", "tir": "2", "p": "1"},
        }
        await everybody.done("reviewer_2", f"{path}/review", verdict)

        for who in ("submitter", "approver"):
            for part in ("", "/reviews", "/events"):
                text = (await everybody.get(who, path + part)).text
                assert "MAJOR" not in text
                for name in ("reviewer_1", "reviewer_2", "reviewer_3"):
                    assert everybody.id(name) not in text
        await everybody.done(
            "reviewer_1", f"{path}/request_changes", {"reason": "补充数据"}
        )
        shown = (await everybody.get("submitter", f"{path}/reviews")).json()["items"]
        assert [each["verdict"] for each in shown] == ["MAJOR"]


async def test_offices_see_no_draft_even_if_it_is_withdrawn(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        digest = hashlib.sha256(b"report").hexdigest()
        evidence = f"/evidence/{digest}"
        await everybody.clients["submitter"].put(f"/v1{evidence}", content=b"report")
        made = await draft(everybody, item(source=citation(evidence_sha256=digest)))
        path = f"/submissions/{made['id']}"
        await everybody.done("approver", f"{path}/withdraw", {"reason": "不再需要"})

        for who in ("secretariat", "publisher", "publisher_2"):
            assert (await everybody.get(who, path)).status_code == 404
            listed = await everybody.get(who, "/submissions?state=WITHDRAWN")
            assert listed.json()["items"] == []
            assert (await everybody.get(who, evidence)).status_code == 404
        assert (await everybody.get("approver", evidence)).status_code == 200
        assert (await everybody.get("auditor", path)).status_code == 200


async def test_a_notice_shows_what_was_handed_in_and_no_draft(
    sessions: Sessions,
) -> None:
    async with people(sessions) as everybody:
        made = await on_notice(everybody, sealed_item())
        notice = f"/notices/{made['notice']}"
        before = (await everybody.get("nobody", notice)).json()
        body = {"item": 1, "grounds": "数值有误"}
        objection = await everybody.done("consumer", f"{notice}/objections", body)
        at = f"/objections/{objection['id']}"
        await everybody.done("secretariat", f"{at}/admit")
        upheld = {"outcome": "UPHELD", "reply": "成立"}
        await everybody.done("secretariat", f"{at}/answer", upheld)

        path = f"/submissions/{made['id']}"
        tag = (await everybody.get("submitter", path)).headers["etag"]
        changed = await everybody.clients["submitter"].put(
            f"/v1{path}/items/1",
            json=item(value="15.75"),
            headers={"If-Match": tag},
        )
        assert changed.status_code == 200

        after = (await everybody.get("nobody", notice)).json()
        assert after["items"][0]["content"] == before["items"][0]["content"]
        assert (
            after["items"][0]["content_sha256"]
            == (before["items"][0]["content_sha256"])
        )
        assert "15.75" not in str(after)
        assert after["closed_at"] is not None


async def test_lists_are_paged_without_gaps(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = [await draft(everybody, item(zh=f"产品{n}")) for n in range(5)]
        found: list[str] = []
        path = "/submissions?limit=2"
        cursor = ""
        while True:
            page = (await everybody.get("submitter", path + cursor)).json()
            assert len(page["items"]) <= 2
            found += [each["id"] for each in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert found == [each["id"] for each in reversed(made)]
        # A cursor belongs to the list and the person that it was made for.
        stolen = await everybody.get("submitter_b", path + cursor)
        assert stolen.status_code == 422
        other = await everybody.get("submitter", f"{path}&state=DRAFT{cursor}")
        assert other.status_code == 422


async def test_items_are_paged(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await draft(everybody, *(item(zh=f"产品{n}") for n in range(5)))
        path = f"/submissions/{made['id']}/items?limit=2"
        first = (await everybody.get("submitter", path)).json()
        cursor = first["next_cursor"]
        second = (await everybody.get("submitter", f"{path}&cursor={cursor}")).json()

        assert [each["number"] for each in first["items"]] == [1, 2]
        assert [each["number"] for each in second["items"]] == [3, 4]
        last = f"{path}&cursor={second['next_cursor']}"
        third = (await everybody.get("submitter", last)).json()
        assert [each["number"] for each in third["items"]] == [5]
        assert third["next_cursor"] is None


async def test_the_queue_and_own_assignments(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        await submitted(everybody)
        made = await in_review(everybody, item(zh="再生铝"), declared=False)

        own = (await everybody.get("reviewer_1", "/assignments")).json()["items"]
        assert [each["submission"] for each in own] == [made["id"]]
        assert own[0]["chair"] is True
        assert own[0]["declared_at"] is None
        for who in ("submitter", "consumer", "secretariat"):
            assert (await everybody.get(who, "/assignments")).json()["items"] == []
        queue = (await everybody.get("secretariat", "/queue")).json()
        counts = {each["state"]: each["count"] for each in queue["states"]}
        assert counts == {"SUBMITTED": 1, "IN_REVIEW": 1}
        assert {each["open"] for each in queue["reviewers"]} == {1}
        for who in ("submitter", "approver", "reviewer_1", "consumer", "admin"):
            assert (await everybody.get(who, "/queue")).status_code == 403
