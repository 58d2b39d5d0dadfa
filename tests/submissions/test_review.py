"""The panel: who may be on it, what it signs, and what makes it pass."""

from itertools import product
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.kit.database import Sessions
from app.submissions.models import SubmissionItem
from tests.factories.people import Answer, People, people
from tests.factories.states import spare_reviewer
from tests.factories.submissions import (
    REVIEWERS,
    SCORES,
    VERDICT,
    cleared,
    draft,
    in_review,
    item,
    passed,
    submitted,
)

REASON = {"reason": "补充数据"}
NO_CONFLICT = {"conflict": False, "text": "无利益冲突"}
CONFLICT = {"conflict": True, "text": "曾任该单位顾问"}


def codes(answer: httpx.Response) -> tuple[int, set[str]]:
    """Return the status of a refusal, and its codes."""
    problem = answer.json()
    errors = {each["code"] for each in problem["errors"]}
    return answer.status_code, errors or {problem["code"]}


def panel(*members: tuple[str, bool]) -> dict[str, Any]:
    """Return a panel."""
    return {"reviewers": [{"person": who, "chair": chair} for who, chair in members]}


async def sign(people: People, path: str, *verdicts: str) -> None:
    """Sign by the reviewers in order."""
    for who, verdict in zip(REVIEWERS, verdicts, strict=False):
        body = VERDICT | {"verdict": verdict}
        await people.done(who, f"{path}/review", body)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ((), {"PANEL_TOO_SMALL", "ONE_CHAIR"}),
        (((0, True),), {"PANEL_TOO_SMALL"}),
        (((0, True), (1, False)), {"PANEL_TOO_SMALL"}),
        (((0, True), (1, False), (2, False), (3, False)), {"PANEL_TOO_SMALL"}),
        (((0, False), (1, False), (2, False)), {"ONE_CHAIR"}),
        (((0, True), (1, True), (2, False)), {"ONE_CHAIR"}),
        (((0, True), (1, False), (1, False)), {"REVIEWER_TWICE"}),
        (((0, True), (1, False), (4, False)), {"NOT_A_REVIEWER"}),
        (((0, True), (1, False), (5, False)), {"NOT_A_REVIEWER"}),
        (((0, True), (1, False), (6, False)), {"NOT_A_REVIEWER"}),
    ],
)
async def test_panels_that_are_none(
    sessions: Sessions, members: tuple[tuple[int, bool], ...], expected: set[str]
) -> None:
    async with people(sessions) as everybody:
        made = await submitted(everybody)
        known = [everybody.id(name) for name in REVIEWERS]
        known += [await spare_reviewer(sessions), "p_0000000000000000"]
        known += [everybody.id("submitter"), everybody.id("consumer")]
        body = panel(*((known[number], chair) for number, chair in members))

        answer = await everybody.post(
            "secretariat", f"/submissions/{made['id']}/assign", body
        )

        assert codes(answer) == (422, expected)


async def test_a_reviewer_of_the_submitter_is_refused(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await submitted(everybody)
        async with sessions.begin() as session:
            await session.execute(
                sa.text("UPDATE person SET role = 'REVIEWER' WHERE id = :id"),
                {"id": everybody.id("submitter")},
            )
        members = [everybody.id(name) for name in (*REVIEWERS[:2], "submitter")]
        body = panel(*((who, who == members[0]) for who in members))

        answer = await everybody.post(
            "secretariat", f"/submissions/{made['id']}/assign", body
        )

        assert codes(answer) == (422, {"REVIEWER_OF_SUBMITTER"})
        assert answer.json()["errors"][0]["pointer"] == "/reviewers/2/person"


async def test_a_conflict_ends_the_assignment_and_another_comes(
    sessions: Sessions,
) -> None:
    """The chair leaves by a conflict; who comes has the chair, and the panel passes."""
    async with people(sessions) as everybody:
        made = await in_review(everybody, declared=False)
        path = f"/submissions/{made['id']}"
        left = await everybody.done("reviewer_1", f"{path}/declare", CONFLICT)
        assert left["items"] == []
        for part in ("", "/items", "/reviews", "/events", "/comments"):
            answer = await everybody.get("reviewer_1", path + part)
            assert answer.status_code == 404
        for action, body in (("review", VERDICT), ("declare", NO_CONFLICT)):
            answer = await everybody.post("reviewer_1", f"{path}/{action}", body)
            assert answer.status_code == 404

        spare = await spare_reviewer(sessions)
        swap = {"out": everybody.id("reviewer_1"), "in": spare}
        restored = await everybody.done("secretariat", f"{path}/reassign", swap)

        present = [each for each in restored["assignments"] if not each["ended"]]
        assert len(present) == 3
        assert [each["person"] for each in present if each["chair"]] == [spare]
        # The place is taken: nobody else comes for it.
        third = await spare_reviewer(sessions)
        again = await everybody.post(
            "secretariat", f"{path}/reassign", swap | {"in": third}
        )
        assert codes(again) == (422, {"NOT_ASSIGNED"})


async def test_a_panel_that_lost_somebody_does_not_pass(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await in_review(everybody, declared=False)
        path = f"/submissions/{made['id']}"
        for who in REVIEWERS[:2]:
            await everybody.done(who, f"{path}/declare", NO_CONFLICT)
        await everybody.done("reviewer_3", f"{path}/declare", CONFLICT)
        await sign(everybody, path, "PASS", "PASS")

        answer = await everybody.post("reviewer_1", f"{path}/pass")

        assert codes(answer) == (409, {"PANEL_INCOMPLETE"})


async def test_what_cannot_be_reassigned(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await in_review(everybody)
        path = f"/submissions/{made['id']}"
        await sign(everybody, path, "PASS")
        spare = await spare_reviewer(sessions)
        ids = {name: everybody.id(name) for name in everybody.keys}
        cases = [
            (ids["reviewer_1"], spare, (409, {"ALREADY_SIGNED"})),
            (spare, ids["reviewer_2"], (422, {"NOT_ASSIGNED"})),
            (ids["reviewer_2"], ids["consumer"], (422, {"NOT_A_REVIEWER"})),
            (ids["reviewer_2"], ids["reviewer_3"], (422, {"REVIEWER_WAS_HERE"})),
            (ids["reviewer_2"], ids["reviewer_2"], (422, {"REVIEWER_WAS_HERE"})),
        ]
        for out, come, expected in cases:
            body = {"out": out, "in": come}
            answer = await everybody.post("secretariat", f"{path}/reassign", body)
            assert codes(answer) == expected


async def test_who_is_replaced_sees_nothing_any_more(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await in_review(everybody)
        path = f"/submissions/{made['id']}"
        swap = {
            "out": everybody.id("reviewer_2"),
            "in": await spare_reviewer(sessions),
        }
        await everybody.done("secretariat", f"{path}/reassign", swap)

        assert (await everybody.get("reviewer_2", path)).status_code == 404
        answer = await everybody.post("reviewer_2", f"{path}/review", VERDICT)
        assert answer.status_code == 404


async def test_one_signs_once_and_after_the_declaration(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await in_review(everybody, declared=False)
        path = f"/submissions/{made['id']}"
        early = await everybody.post("reviewer_2", f"{path}/review", VERDICT)
        assert codes(early) == (403, {"DECLARATION_FIRST"})
        await everybody.done("reviewer_2", f"{path}/declare", NO_CONFLICT)
        twice = await everybody.post("reviewer_2", f"{path}/declare", CONFLICT)
        assert codes(twice) == (409, {"ALREADY_DECLARED"})

        await everybody.done("reviewer_2", f"{path}/review", VERDICT)
        again = await everybody.post("reviewer_2", f"{path}/review", VERDICT)

        assert codes(again) == (409, {"ALREADY_SIGNED"})


async def test_a_review_is_whole(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await in_review(everybody)
        path = f"/submissions/{made['id']}/review"
        for changes in (
            {"verdict": "FINE"},
            {"scores": {**SCORES, "ter": "5.5"}},
            {"scores": {**SCORES, "ter": "0.9"}},
            {"scores": {"ter": "1"}},
            {"scores": {**SCORES, "ter": 2}},
            {"comments": [{"pointer": "/items/9/content", "text": "无此条目"}]},
        ):
            answer = await everybody.post("reviewer_1", path, VERDICT | changes)
            assert answer.status_code == 422, changes


@pytest.mark.parametrize(
    "verdicts", list(product(("PASS", "MAJOR"), repeat=3)), ids="-".join
)
async def test_two_thirds_pass_and_dissent_is_kept(
    sessions: Sessions, verdicts: tuple[str, ...]
) -> None:
    async with people(sessions) as everybody:
        made = await in_review(everybody)
        path = f"/submissions/{made['id']}"
        await sign(everybody, path, *verdicts[:2])
        missing = await everybody.post("reviewer_1", f"{path}/pass")
        assert codes(missing) == (409, {"NOT_ALL_SIGNED"})
        await everybody.done(
            "reviewer_3", f"{path}/review", VERDICT | {"verdict": verdicts[2]}
        )

        answer = await everybody.post("reviewer_1", f"{path}/pass")

        if verdicts.count("PASS") < 2:
            assert codes(answer) == (409, {"NO_MAJORITY"})
            return
        assert answer.json()["state"] == "PASSED"
        reviews = (await everybody.get("approver", f"{path}/reviews")).json()["items"]
        assert {each["person"]: each["dissent"] for each in reviews} == {
            everybody.id(who): verdict == "MAJOR"
            for who, verdict in zip(REVIEWERS, verdicts, strict=True)
        }


async def again(people: People, made: Answer, changed: dict[str, Any]) -> Answer:
    """Send a submission back, change its item and hand it in again."""
    path = f"/submissions/{made['id']}"
    back = await people.done("reviewer_1", f"{path}/request_changes", REASON)
    answer = await people.clients["submitter"].put(
        f"/v1{path}/items/1",
        json=changed,
        headers={"If-Match": f'"{back["revision"]}"'},
    )
    assert answer.status_code == 200, answer.text
    return await people.done("approver", f"{path}/submit", {"declaration": True})


async def test_another_round_begins_anew(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await in_review(everybody)
        path = f"/submissions/{made['id']}"
        await sign(everybody, path, "PASS", "MAJOR", "PASS")

        second = await again(everybody, made, item(value="15.90"))

        assert (second["round"], second["state"]) == (2, "SUBMITTED")
        assert second["content_digest"] != made["content_digest"]
        # The former panel is none of this round.
        assert (await everybody.get("reviewer_1", path)).status_code == 404
        changes = (await everybody.get("secretariat", f"{path}/changes")).json()
        assert changes["items"] == [
            {"pointer": "/items/1/content/value", "before": "16.50", "after": "15.90"}
        ]
        none = await everybody.get("submitter", f"{path}/changes?from=2&to=2")
        assert none.json()["items"] == []
        members = [(everybody.id(who), who == "reviewer_2") for who in REVIEWERS]
        await everybody.done("secretariat", f"{path}/assign", panel(*members))
        for who in REVIEWERS:
            await everybody.done(who, f"{path}/declare", NO_CONFLICT)
        await sign(everybody, path, "PASS", "PASS", "PASS")
        former = await everybody.post("reviewer_1", f"{path}/pass")
        assert former.status_code == 403
        assert (await everybody.done("reviewer_2", f"{path}/pass"))["round"] == 2
        reviews = (await everybody.get("auditor", f"{path}/reviews")).json()["items"]
        assert [each["round"] for each in reviews] == [1, 1, 1, 2, 2, 2]
        assert not any(each["dissent"] for each in reviews)


async def test_a_comment_is_resolved_once(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await in_review(everybody)
        path = f"/submissions/{made['id']}/comments"
        remark = {"pointer": "/items/1/content/value", "text": "请说明来源"}
        first = await everybody.done("reviewer_1", path, remark)
        second = await everybody.done("submitter", path, {"text": "见附件"})
        assert (first["number"], second["number"]) == (1, 2)
        wrong = {"pointer": "/items/2/content", "text": "无此条目"}
        assert (await everybody.post("reviewer_1", path, wrong)).status_code == 422

        done = await everybody.done("submitter", f"{path}/1/resolve", {"text": "已补"})
        once = await everybody.post("submitter", f"{path}/1/resolve", {"text": "再补"})

        assert done["resolution"] == "已补"
        assert done["resolved_by"] == everybody.id("submitter")
        assert codes(once) == (409, {"COMMENT_RESOLVED"})
        none = await everybody.post("submitter", f"{path}/3/resolve", {"text": "无"})
        assert codes(none) == (404, {"UNKNOWN_COMMENT"})
        foreign = await everybody.post(
            "submitter_b", f"{path}/2/resolve", {"text": "x"}
        )
        assert foreign.status_code == 404


async def alter(sessions: Sessions, submission: str, column: str) -> None:
    """Change an item behind the service's back."""
    value = b'{"value": "1"}' if column == "content" else "因测试"
    statement = sa.update(SubmissionItem).where(
        SubmissionItem.submission_id == submission
    )
    async with sessions.begin() as session:
        await session.execute(statement.values({column: value}))


@pytest.mark.parametrize("column", ["content", "reason"])
async def test_what_changed_since_it_was_handed_in_goes_nowhere(
    sessions: Sessions, column: str
) -> None:
    async with people(sessions) as everybody:
        reviewed = await in_review(everybody, item(zh="甲"))
        await sign(everybody, f"/submissions/{reviewed['id']}", *["PASS"] * 3)
        accepted = await passed(everybody, item(zh="乙"))
        first = await cleared(everybody, item(zh="丙"))
        second = await cleared(everybody, item(zh="丁"))
        await everybody.done("publisher", f"/submissions/{second['id']}/approve")
        for made, who, action in (
            (reviewed, "reviewer_1", "pass"),
            (accepted, "publisher", "open_notice"),
            (first, "publisher", "approve"),
            (second, "publisher_2", "publish"),
        ):
            await alter(sessions, made["id"], column)
            path = f"/submissions/{made['id']}"

            answer = await everybody.post(who, f"{path}/{action}")

            assert codes(answer) == (409, {"CONTENT_CHANGED"})
            head = (await everybody.get("secretariat", path)).json()
            assert head["state"] == made["state"]


async def test_one_person_cannot_give_both_signatures(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await cleared(everybody)
        path = f"/submissions/{made['id']}"
        early = await everybody.post("publisher", f"{path}/publish")
        assert codes(early) == (409, {"FIRST_SIGNATURE_MISSING"})
        await everybody.done("publisher", f"{path}/approve")

        own = await everybody.post("publisher", f"{path}/publish")
        second = await everybody.post("publisher_2", f"{path}/approve")

        assert codes(own) == (403, {"DUTIES_NOT_SEPARATE"})
        assert codes(second) == (409, {"ALREADY_APPROVED"})
        done = await everybody.done("publisher_2", f"{path}/publish")
        assert done["state"] == "PUBLISHED"


async def test_an_office_does_not_decide_on_its_own_organisation(
    sessions: Sessions,
) -> None:
    """Somebody of the association becomes secretariat: four eyes all the same."""
    async with people(sessions) as everybody:
        made = await draft(everybody)
        path = f"/submissions/{made['id']}"
        await everybody.done("approver", f"{path}/submit", {"declaration": True})
        async with sessions.begin() as session:
            await session.execute(
                sa.text("UPDATE person SET role = 'SECRETARIAT' WHERE id = :id"),
                {"id": everybody.id("submitter")},
            )

        answer = await everybody.post("submitter", f"{path}/return", REASON)

        assert codes(answer) == (403, {"CONFLICT_OF_INTEREST"})
