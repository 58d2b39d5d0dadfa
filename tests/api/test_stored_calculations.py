"""Calculations that an organisation keeps: stored once, replayed, compared."""

import json
import random
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from app.calculation import storing
from app.kit.database import Sessions
from app.reference.enums import VersionStatus
from tests.factories.accounts import events
from tests.factories.calculations import process, request
from tests.factories.factors import change_status, electricity, publish
from tests.factories.people import People, people

FOOTPRINT = "CNF-01-000001-14"
Document = dict[str, Any]


@pytest.fixture
async def everybody(sessions: Sessions) -> AsyncIterator[People]:
    """Yield the people of the demonstration, with a published factor."""
    async with sessions.begin() as session:
        await publish(session, electricity())
    async with people(sessions) as found:
        yield found


def tree(*more: Document, factor: str = FOOTPRINT, **fields: Any) -> Document:
    line = {"factor": factor, "amount": 10, "unit": "kWh"}
    return request(process(inputs=[line, *more]), **fields)


OWN: Document = {
    "factor": {"name": "own", "value": "2", "unit": "kgCO2e/kg"},
    "amount": "1.5",
    "unit": "kg",
}


async def stored(
    everybody: People, who: str = "consumer", body: Document | None = None
) -> Document:
    return await everybody.done(
        who, "/calculations", (body or tree(OWN)) | {"store": True}
    )


async def correct(sessions: Sessions, value: str = "0.7") -> None:
    async with sessions.begin() as session:
        await publish(session, electricity(value=value, change_reason="小数点错位"))


async def test_what_is_stored_is_read_back(everybody: People) -> None:
    answer = await stored(everybody)
    found = (await everybody.get("consumer", f"/calculations/{answer['id']}")).json()

    assert answer["id"] == answer["receipt"]["id"] == found["id"]
    assert found["answer"] == answer
    assert found["person"] == everybody.id("consumer")
    lines = found["request"]["processes"][0]["inputs"]
    assert lines[0] == {"factor": FOOTPRINT, "amount": "10", "unit": "kWh"}
    assert "store" not in json.dumps(found["request"])
    assert "snapshot" not in found["request"]


async def test_storing_does_not_change_the_receipt(everybody: People) -> None:
    plain = await everybody.done("consumer", "/calculations", tree(OWN))
    kept = await stored(everybody)

    assert plain["id"] is None
    assert kept | {"id": None} == plain
    question = {"receipt": kept["receipt"], "request": tree(OWN, store=True)}
    verdict = await everybody.done("nobody", "/receipts/verify", question)
    assert {each["verdict"] for each in verdict["checks"]} == {"HOLDS"}


async def test_storing_needs_a_key(everybody: People) -> None:
    body = tree(store=True)
    answer = await everybody.post("nobody", "/calculations", body)

    assert answer.status_code == 401
    again = await everybody.post("consumer", "/calculations?check=true", body)
    assert again.status_code == 422
    assert again.json()["code"] == "NOTHING_TO_STORE"


async def test_it_is_stored_once_with_one_event(
    everybody: People, sessions: Sessions
) -> None:
    before = len(await events(sessions))
    body = tree(store=True)
    first = await everybody.post("consumer", "/calculations", body, idempotency_key="k")
    again = await everybody.post("consumer", "/calculations", body, idempotency_key="k")
    other = await everybody.post("consumer", "/calculations", body)

    assert first.content == again.content == other.content
    assert again.headers["idempotent-replay"] == "true"
    assert first.headers["location"] == f"/v1/calculations/{first.json()['id']}"
    found = (await events(sessions))[before:]
    assert [(each.act, each.object_type) for each in found] == [
        ("STORE", "CALCULATION")
    ]
    assert found[0].object_id == first.json()["id"]


async def test_others_cannot_tell_it_from_none(everybody: People) -> None:
    answer = await stored(everybody)
    for who in ("submitter_b", "auditor", "admin"):
        for path in (answer["id"], "0" * 32):
            read = await everybody.get(who, f"/calculations/{path}")
            again = await everybody.post(who, f"/calculations/{path}/replay")
            sides = {"left": path, "right": tree()}
            compared = await everybody.post(who, "/calculations/compare", sides)
            for refused in (read, again, compared):
                assert refused.status_code == 404
                assert refused.json()["code"] == "UNKNOWN_CALCULATION"
    path = f"/calculations/{answer['id']}"
    assert (await everybody.get("nobody", path)).status_code == 401
    assert (await everybody.post("nobody", f"{path}/replay")).status_code == 401


async def test_two_organisations_keep_the_same(everybody: People) -> None:
    first, second = await stored(everybody), await stored(everybody, "submitter")

    assert first["id"] == second["id"]
    for who in ("consumer", "submitter"):
        found = await everybody.get(who, f"/calculations/{first['id']}")
        assert found.json()["person"] == everybody.id(who)


async def test_what_compresses_badly_is_not_kept(
    everybody: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = random.Random(1)  # noqa: S311 - text that does not compress
    names = [f"{noise.getrandbits(256):x}" for _ in range(40)]
    lines = [OWN | {"factor": OWN["factor"] | {"name": each}} for each in names]
    monkeypatch.setattr(storing, "LIMIT", 2_000)
    body = tree(*lines, store=True)

    answer = await everybody.post("consumer", "/calculations", body)

    assert answer.status_code == 413
    assert answer.json()["code"] == "CALCULATION_TOO_LARGE"
    monkeypatch.setattr(storing, "PLAIN_LIMIT", 100)
    assert (await everybody.post("consumer", "/calculations", body)).status_code == 413


async def test_a_replay_is_identical(everybody: People, sessions: Sessions) -> None:
    answer = await stored(everybody)
    await correct(sessions)

    found = await everybody.done("consumer", f"/calculations/{answer['id']}/replay")

    assert found["outcome"] == "IDENTICAL"
    assert found["stored"] == found["replayed"]
    assert found["lines"] == found["refusals"] == []


async def test_another_snapshot_explains_each_line(
    everybody: People, sessions: Sessions
) -> None:
    answer = await stored(everybody)
    await correct(sessions)
    path = f"/calculations/{answer['id']}/replay"

    found = await everybody.done("consumer", path, {"snapshot": 2})

    assert found["outcome"] == "DIFFERENT"
    assert found["stored"]["value"] == "9.205"
    assert found["replayed"]["value"] == "10"
    (line,) = found["lines"]
    assert line["pointer"] == "/processes/0/inputs/0"
    assert line["reason"] == "FACTOR_CORRECTED"
    assert line["stored_factor"] == f"{FOOTPRINT}@1"
    assert line["factor"] == f"{FOOTPRINT}@2"
    assert line["difference"] == "0.795"
    assert "小数点错位" in line["detail"]["zh"]


async def test_what_is_pinned_stays_the_same(
    everybody: People, sessions: Sessions
) -> None:
    answer = await stored(everybody, body=tree(factor=f"{FOOTPRINT}@1"))
    await correct(sessions)
    path = f"/calculations/{answer['id']}/replay"

    found = await everybody.done("consumer", path, {"snapshot": 2})

    assert found["outcome"] == "IDENTICAL"


async def test_a_version_with_the_same_value_is_equivalent(
    everybody: People, sessions: Sessions
) -> None:
    answer = await stored(everybody)
    await correct(sessions, value="0.6205")
    path = f"/calculations/{answer['id']}/replay"

    found = await everybody.done("consumer", path, {"snapshot": 2})

    assert found["outcome"] == "EQUIVALENT"
    assert [each["difference"] for each in found["lines"]] == ["0"]


async def test_a_void_factor_is_told(everybody: People, sessions: Sessions) -> None:
    answer = await stored(everybody)
    await change_status(sessions, FOOTPRINT, VersionStatus.VOID, 1)
    path = f"/calculations/{answer['id']}/replay"

    found = await everybody.done("consumer", path, {"snapshot": 2})

    assert (found["outcome"], found["replayed"]) == ("DIFFERENT", None)
    (refusal,) = found["refusals"]
    assert refusal["code"] == "FACTOR_VOID"
    assert refusal["pointer"] == "/processes/0/inputs/0/factor"
    later = await everybody.post("consumer", path, {"snapshot": 99})
    assert later.json()["code"] == "SNAPSHOT_NOT_YET"


async def test_another_engine_is_told(
    everybody: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await stored(everybody)
    known = storing.answered

    def older(row: Any) -> bytes:
        """Return the answer as an engine would have given that counted double."""
        found = orjson.loads(known(row)) | {"engine": "tanyin-engine/0"}
        found["contributions"][0]["value"] = "12.41"
        return orjson.dumps(found)

    monkeypatch.setattr(storing, "answered", older)

    found = await everybody.done("consumer", f"/calculations/{answer['id']}/replay")

    assert found["outcome"] == "DIFFERENT"
    assert [(each["reason"], each["difference"]) for each in found["lines"]] == [
        ("ENGINE_CHANGED", "-6.205")
    ]


async def test_what_draws_is_done_again_and_compared(everybody: People) -> None:
    drawn: Document = {"uncertainty": {"method": "MONTE_CARLO", "draws": 100}}
    kept = await everybody.done("consumer", "/calculations", tree(store=True, **drawn))
    sides = {"left": kept["id"], "right": tree(**drawn)}

    replay = await everybody.done("consumer", f"/calculations/{kept['id']}/replay")
    compared = await everybody.done("consumer", "/calculations/compare", sides)

    assert (replay["outcome"], compared["factor_effect"]) == ("IDENTICAL", "0")


async def test_stored_and_inline_are_compared(
    everybody: People, sessions: Sessions
) -> None:
    answer = await stored(everybody)
    await correct(sessions)
    sides = {"left": answer["id"], "right": tree(OWN, snapshot=2)}

    found = await everybody.done("consumer", "/calculations/compare", sides)

    assert (found["left"], found["right"]) == ("9.205", "10")
    assert (found["activity_effect"], found["factor_effect"]) == ("0", "0.795")
    assert found["lines"][0]["right"]["factor"] == f"{FOOTPRINT}@2"


async def test_requests_are_compared_without_a_key(everybody: People) -> None:
    body = {"left": tree(), "right": tree(snapshot=1, amount="2")}

    found = await everybody.done("nobody", "/calculations/compare", body)

    assert found["activity_effect"] == found["difference"] == "6.205"
    with_id = {"left": "0" * 32, "right": tree()}
    answer = await everybody.post("nobody", "/calculations/compare", with_id)
    assert answer.status_code == 401


async def test_errors_of_a_side_are_placed_in_it(everybody: People) -> None:
    sides: list[tuple[Document, str]] = [
        ({"left": tree(factor="CNF-01-000009-14"), "right": tree()}, "INVALID_FACTOR"),
        ({"left": tree(), "right": tree(store=True)}, "NOT_STORED_HERE"),
        ({"left": tree(), "right": tree(snapshot=99)}, "SNAPSHOT_NOT_YET"),
        ({"left": tree(), "right": tree(nonsense=1)}, "UNKNOWN_FIELD"),
        ({"left": "x", "right": tree()}, "BAD_VALUE"),
    ]
    pointers = []
    for body, code in sides:
        answer = await everybody.post("consumer", "/calculations/compare", body)
        (error,) = answer.json()["errors"]
        assert error["code"].startswith(code), answer.text
        pointers.append(error["pointer"])

    assert pointers == [
        "/left/processes/0/inputs/0/factor",
        "/right/store",
        "/right/snapshot",
        "/right/nonsense",
        "/left",
    ]
