"""From an association's draft to a published factor, over HTTP, with all people."""

from app.http.preconditions import etag
from app.kit.canonical import sha256_hex
from app.kit.database import Sessions
from tests.factories.people import people
from tests.factories.submissions import (
    assign,
    clear,
    cleared,
    item,
    pass_,
    published,
    submit,
)


async def test_the_whole_road(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await published(everybody)

        assert made["state"] == "PUBLISHED"
        snapshot = made["log_index"] + 1
        path = f"/factors/{made['code']}"
        factor = (await everybody.get("nobody", f"{path}?snapshot={snapshot}")).json()
        assert factor["value"] == "16.50"
        assert factor["road"] == "PANEL"
        assert factor["unreviewed"] is False
        assert factor["content_sha256"] == made["items"][0]["content_sha256"]
        record = await everybody.get("nobody", f"{path}/versions/1/record")
        assert sha256_hex(record.content) == factor["record_sha256"]
        review = record.json()["review"]
        assert review["submission"] == made["id"]
        assert len(review["verdicts"]) == 3
        assert review["publishers"] == [
            everybody.id("publisher"),
            everybody.id("publisher_2"),
        ]
        events = (
            await everybody.get("auditor", f"/submissions/{made['id']}/events")
        ).json()["items"]
        assert review["events"] == events[-2]["chain"]
        assert [each["act"] for each in events] == [
            "CREATE",
            "SUBMIT",
            "ASSIGN",
            *["DECLARE"] * 3,
            *["REVIEW"] * 3,
            "PASS",
            "OPEN_NOTICE",
            "CLEAR",
            "APPROVE",
            "PUBLISH",
        ]


async def test_an_update_makes_the_second_version(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        first = await published(everybody)
        update = item(value="15.90", change_reason="年度更新") | {
            "type": "UPDATE",
            "factor": first["code"],
        }

        second = await published(everybody, update)

        assert (second["code"], second["version"]) == (first["code"], 2)


async def test_a_factor_withdrawn_meanwhile_is_not_updated(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        first = await published(everybody)
        update = item(value="15.90", change_reason="年度更新") | {
            "type": "UPDATE",
            "factor": first["code"],
        }
        second = await cleared(everybody, update)
        path = f"/submissions/{second['id']}"
        await everybody.done("publisher", f"{path}/approve")
        body = {"reason": "退出"}
        act = await everybody.done(
            "publisher", f"/factors/{first['code']}/retire", body
        )
        await everybody.done("publisher_2", f"/acts/{act['act_id']}/confirm")

        answer = await everybody.post("publisher_2", f"{path}/publish")

        assert (answer.status_code, answer.json()["code"]) == (409, "FACTOR_WITHDRAWN")


async def test_what_comes_too_late_as_new_comes_again_as_an_update(
    sessions: Sessions,
) -> None:
    async with people(sessions) as everybody:
        late = await cleared(everybody, item(value="15.90"))
        path = f"/submissions/{late['id']}"
        await everybody.done("publisher_2", f"{path}/approve")
        first = await published(everybody)
        refused = await everybody.post("publisher", f"{path}/publish")
        assert refused.json()["code"] == "FACTOR_EXISTS"

        back = await everybody.done("secretariat", f"{path}/return", {"reason": "重复"})

        assert (back["state"], back["round"]) == ("CHANGES_REQUESTED", 1)
        update = item(value="15.90", change_reason="年度更新") | {
            "type": "UPDATE",
            "factor": first["code"],
        }
        changed = await everybody.clients["submitter"].put(
            f"/v1{path}/items/1",
            json=update,
            headers={"If-Match": etag(back["revision"])},
        )
        assert changed.status_code == 200, changed.text
        again = await assign(everybody, await submit(everybody, late))
        await pass_(everybody, again)
        unsigned = await everybody.post("publisher", f"{path}/publish")
        assert unsigned.json()["code"] == "WRONG_STATE"
        await clear(everybody, again)
        early = await everybody.post("publisher", f"{path}/publish")
        assert early.json()["code"] == "FIRST_SIGNATURE_MISSING"
        # Who signed first before does so again, and nobody signs both.
        await everybody.done("publisher_2", f"{path}/approve")
        done = await everybody.done("publisher", f"{path}/publish")
        assert (done["code"], done["version"]) == (first["code"], 2)
