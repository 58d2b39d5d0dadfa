"""Drafts: who makes them, who hands them in, stale copies and repeated requests."""

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.kit.database import Sessions
from app.submissions.models import Submission
from tests.factories.people import People, people
from tests.factories.states import SEALED, sealed_item
from tests.factories.submissions import draft, item, submitted

DECLARED = {"declaration": True}


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


async def edit(
    people: People, who: str, method: str, path: str, body: Any = None, tag: str = ""
) -> httpx.Response:
    """Send a change with the ETag *tag*, or with none."""
    options: dict[str, Any] = {"headers": {"If-Match": tag} if tag else {}}
    if body is not None:
        options["json"] = body
    return await people.clients[who].request(method, f"/v1{path}", **options)


async def test_only_authors_make_drafts(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        for who in sorted({*everybody.keys} - {"submitter", "approver"}):
            answer = await everybody.post(who, "/submissions", {"items": [item()]})
            is_author = who in ("submitter_b", "approver_b")
            assert answer.status_code == (201 if is_author else 403)
        assert (await everybody.post("nobody", "/submissions", {})).status_code == 401


async def test_whoever_made_it_does_not_hand_it_in(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await draft(everybody, by="approver")
        path = f"/submissions/{made['id']}/submit"

        own = await everybody.post("approver", path, DECLARED)

        assert code(own) == (403, "DUTIES_NOT_SEPARATE")
        assert (await everybody.post("submitter", path, DECLARED)).status_code == 403


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("PATCH", "", {"title": "新标题"}),
        ("POST", "/items", {"items": [item(zh="再生铝")]}),
        ("PUT", "/items/2", item(zh="再生铝")),
        ("PUT", "/items/1", item(value="16.4")),
        ("DELETE", "/items/1", None),
    ],
)
async def test_whoever_edited_it_does_not_hand_it_in(
    sessions: Sessions, method: str, rest: str, body: Any
) -> None:
    async with people(sessions) as everybody:
        made = await draft(everybody)
        path = f"/submissions/{made['id']}"
        edited = await edit(everybody, "approver", method, path + rest, body, '"1"')
        assert edited.status_code == 200, edited.text

        answer = await everybody.post("approver", f"{path}/submit", DECLARED)

        assert code(answer) in {
            (403, "DUTIES_NOT_SEPARATE"),
            (422, "NO_ITEMS"),  # nothing is left to hand in
        }


async def test_whoever_handed_it_in_does_not_edit_it_afterwards(
    sessions: Sessions,
) -> None:
    async with people(sessions) as everybody:
        made = await submitted(everybody)
        path = f"/submissions/{made['id']}"
        back = await everybody.done("secretariat", f"{path}/return", {"reason": "补正"})
        tag = f'"{back["revision"]}"'

        answer = await edit(everybody, "approver", "PATCH", path, {"title": "x"}, tag)

        assert code(answer) == (403, "DUTIES_NOT_SEPARATE")
        edited = await edit(everybody, "submitter", "PATCH", path, {"title": "x"}, tag)
        assert edited.status_code == 200


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        ("", 428),
        ('"2"', 412),
        ('"0"', 412),
        ('W/"1"', 412),
        ("1", 412),
        ("*", 400),
        ('"1", "2"', 400),
        ('"1"', 200),
    ],
)
async def test_edits_need_the_copy_that_was_read(
    sessions: Sessions, tag: str, status: int
) -> None:
    async with people(sessions) as everybody:
        made = await draft(everybody)
        path = f"/submissions/{made['id']}"
        for method, rest, body in (
            ("PATCH", "", {"title": "新标题"}),
            ("PUT", "/items/1", item(value="16.4")),
            ("POST", "/items", {"items": [item(zh="再生铝")]}),
            ("DELETE", "/items/1", None),
        ):
            current = tag
            if status == 200:
                head = await everybody.get("submitter", path)
                current = head.headers["etag"]
            answer = await edit(
                everybody, "submitter", method, path + rest, body, current
            )
            assert answer.status_code == status, answer.text


async def test_an_action_on_a_stale_copy_is_refused(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await draft(everybody)
        path = f"/submissions/{made['id']}"
        await edit(everybody, "submitter", "PATCH", path, {"title": "改"}, '"1"')

        stale = await everybody.post(
            "approver", f"{path}/submit", DECLARED, if_match='"1"'
        )

        assert stale.status_code == 412
        done = await everybody.post(
            "approver", f"{path}/submit", DECLARED, if_match='"2"'
        )
        assert done.status_code == 200
        assert done.headers["etag"] == '"3"'


async def test_items_move_up_when_one_is_taken_out(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        names = [f"产品{number}" for number in range(5)]
        made = await draft(everybody, *(item(zh=name) for name in names))
        path = f"/submissions/{made['id']}"

        answer = await edit(
            everybody, "submitter", "DELETE", f"{path}/items/2", tag='"1"'
        )

        left = answer.json()
        assert left["item_count"] == 4
        assert [each["number"] for each in left["items"]] == [1, 2, 3, 4]
        found = [each["content"]["name"]["zh"] for each in left["items"]]
        assert found == [names[0], *names[2:]]
        gap = await edit(
            everybody, "submitter", "PUT", f"{path}/items/6", item(), '"2"'
        )
        assert code(gap) == (422, "ITEMS_HAVE_GAPS")
        none = await edit(
            everybody, "submitter", "DELETE", f"{path}/items/5", tag='"2"'
        )
        assert code(none) == (404, "UNKNOWN_ITEM")


async def test_an_empty_draft_and_one_without_declaration_are_not_handed_in(
    sessions: Sessions,
) -> None:
    async with people(sessions) as everybody:
        empty = await everybody.done("submitter", "/submissions", {"items": []})
        path = f"/submissions/{empty['id']}/submit"
        assert code(await everybody.post("approver", path, DECLARED)) == (
            422,
            "NO_ITEMS",
        )
        made = await draft(everybody)
        path = f"/submissions/{made['id']}/submit"
        for body in ({}, {"declaration": False}, {"declaration": "true"}):
            assert (await everybody.post("approver", path, body)).status_code == 422


async def test_the_report_is_dropped_by_an_edit(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await draft(everybody)
        path = f"/submissions/{made['id']}"
        checked = await everybody.done("submitter", f"{path}/validate")
        assert checked["report"]["block"] == 0
        tag = f'"{checked["revision"]}"'

        edited = await edit(everybody, "submitter", "PATCH", path, {"title": "x"}, tag)

        assert edited.json()["report"] is None


async def test_the_same_request_twice_is_done_once(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        body = {"items": [sealed_item()]}
        first, second = [
            await everybody.post("submitter", "/submissions", body, idempotency_key="k")
            for _ in range(2)
        ]
        assert first.status_code == second.status_code == 201
        assert first.content == second.content
        for name in ("etag", "location"):
            assert first.headers[name] == second.headers[name]
        assert second.headers["idempotent-replay"] == "true"
        assert "idempotent-replay" not in first.headers
        assert SEALED["inventory"][0]["flow"] not in second.text
        async with sessions() as session:
            counted = await session.execute(
                sa.select(sa.func.count()).select_from(Submission)
            )
        assert counted.scalar_one() == 1


async def test_the_same_key_for_something_else(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        body = {"items": [item()]}
        made = (
            await everybody.post("submitter", "/submissions", body, idempotency_key="k")
        ).json()

        other = await everybody.post(
            "submitter", "/submissions", {"items": []}, idempotency_key="k"
        )
        assert code(other) == (422, "IDEMPOTENCY_KEY_REUSED")
        # Another address, and another key holder, know nothing of it.
        path = f"/submissions/{made['id']}/validate"
        checked = await everybody.post("submitter", path, idempotency_key="k")
        assert checked.json()["report"]["block"] == 0
        foreign = await everybody.post(
            "submitter_b", "/submissions", body, idempotency_key="k"
        )
        assert foreign.status_code == 201
        assert foreign.json()["id"] != made["id"]


async def test_a_refused_request_leaves_its_key_free(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await draft(everybody)
        path = f"/submissions/{made['id']}/submit"
        refused = await everybody.post("approver", path, {}, idempotency_key="k")
        assert refused.status_code == 422

        done = await everybody.post("approver", path, DECLARED, idempotency_key="k")
        again = await everybody.post("approver", path, DECLARED, idempotency_key="k")

        assert done.json()["state"] == "SUBMITTED"
        assert again.content == done.content


@pytest.mark.parametrize("keys", [["a", "b"], ["a", "a"], [""], ["a b"], ["x" * 256]])
async def test_bad_idempotency_keys(sessions: Sessions, keys: list[str]) -> None:
    async with people(sessions) as everybody:
        answer = await everybody.clients["submitter"].post(
            "/v1/submissions",
            json={"items": []},
            headers=[("Idempotency-Key", key) for key in keys],
        )
        assert code(answer) == (400, "BAD_IDEMPOTENCY_KEY")
