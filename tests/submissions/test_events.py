"""Every mutating address of the service writes one event, and who reads which."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from app.audit.models import Event
from app.audit.service import EMPTY_CHAIN, chained
from app.kit.database import Sessions
from tests.factories import submissions as steps
from tests.factories.accounts import events
from tests.factories.calculations import process, request
from tests.factories.factors import document, publish_one
from tests.factories.people import Answer, People, people
from tests.factories.states import OBJECTION, spare_reviewer
from tests.faults.inspection import CHAINED

OPENAPI: Final = Path("openapi/openapi.json")
REASON: Final = {"reason": "说明"}
NO_CONFLICT: Final = {"conflict": False, "text": "无利益冲突"}
SUBMISSION: Final = "/v1/submissions/{submission_id}"
VERSION: Final = "/v1/factors/{code}/versions/{version}"
# Nothing is stored by these, or what they store is another test's subject.
ELSEWHERE: Final = {
    "POST /v1/calculations/compare",  # stores nothing
    "POST /v1/calculations/stream",  # stores nothing
    "POST /v1/calculations/{id}/replay",  # stores nothing
    "POST /v1/factors/resolve",  # stores nothing
    "POST /v1/pins/check",  # stores nothing
    "POST /v1/receipts/verify",  # stores nothing
    "POST /v1/submissions/spreadsheets",  # tests/stories/test_spreadsheet.py
}
# An organisation comes with its manager and their key.
SEVERAL: Final = {"POST /v1/organisations": 3}


@dataclass
class Walk:
    """Sends requests by the templates of the OpenAPI document, counting events."""

    people: People
    sessions: Sessions
    counted: dict[str, int] = field(default_factory=dict)

    async def do(
        self, who: str, route: str, body: Any = None, *places: object, tag: str = ""
    ) -> Answer:
        """Do it and note how many events it wrote; *places* fill the template."""
        method, _, template = route.partition(" ")
        path = template
        for place in places:
            head, _, rest = path.partition("{")
            path = f"{head}{place}{rest.partition('}')[2]}"
        before = await self._count()
        sent: dict[str, Any] = {"headers": {"If-Match": tag} if tag else {}}
        if isinstance(body, bytes):
            sent["content"] = body
        elif body is not None:
            sent["json"] = body
        client = self.people.clients[who]
        answer = await client.request(method, path, **sent)
        assert answer.is_success, (route, answer.text)
        self.counted[route] = await self._count() - before
        return dict(answer.json()) if answer.content else {}

    async def act(self, who: str, name: str, submission: str, body: Any = None) -> None:
        """Do an action of the workflow."""
        await self.do(who, f"POST {SUBMISSION}/{name}", body or {}, submission)

    async def _count(self) -> int:
        async with self.sessions() as session:
            counted = sa.select(sa.func.count()).select_from(Event)
            return (await session.execute(counted)).scalar_one()


@asynccontextmanager
async def walking(sessions: Sessions) -> AsyncIterator[Walk]:
    """Yield a walk by the people of the demonstration."""
    async with people(sessions) as everybody:
        yield Walk(everybody, sessions)


async def walk_accounts(walk: Walk) -> None:
    """Do everything that is done to organisations, people, keys and evidence."""
    made = await walk.do(
        "admin",
        "POST /v1/organisations",
        {
            "name": {"zh": "水泥协会", "en": "Cement Association"},
            "roles": ["SUBMITTER"],
            "manager": {"name": "李娜", "role": "SUBMITTER"},
        },
    )
    at = made["organisation"]["id"]
    route = "PATCH /v1/organisations/{id}"
    await walk.do("admin", route, {"suspended": True, **REASON}, at)
    metals = "org_demo_metals"
    route = "POST /v1/organisations/{id}/members"
    member = await walk.do(
        "approver", route, {"name": "王五", "role": "SUBMITTER"}, metals
    )
    route = "PATCH /v1/organisations/{id}/members/{person}"
    await walk.do("approver", route, {"role": "APPROVER"}, metals, member["person"])
    key = await walk.do("approver", "POST /v1/keys", {})
    await walk.do("approver", "DELETE /v1/keys/{id}", None, key["id"])
    data = b"evidence"
    digest = hashlib.sha256(data).hexdigest()
    await walk.do("submitter", "PUT /v1/evidence/{sha256}", data, digest)


async def walk_calculations(walk: Walk) -> None:
    """Store a calculation."""
    body = request(process(emissions=[{"gas": "N2O", "amount": "1", "unit": "kg"}]))
    await walk.do("consumer", "POST /v1/calculations", body | {"store": True})


async def walk_draft(walk: Walk) -> str:
    """Do everything that is done to a draft, and hand it in."""
    made = await walk.do(
        "submitter", "POST /v1/submissions", {"items": [steps.item(zh="甲")]}
    )
    at = str(made["id"])
    title = {"title": "新标题"}
    await walk.do("submitter", f"PATCH {SUBMISSION}", title, at, tag='"1"')
    more = {"items": [steps.item(zh="乙")]}
    await walk.do("submitter", f"POST {SUBMISSION}/items", more, at, tag='"2"')
    route = f"PUT {SUBMISSION}/items/{{number}}"
    await walk.do("submitter", route, steps.item(zh="丙"), at, 2, tag='"3"')
    route = f"DELETE {SUBMISSION}/items/{{number}}"
    await walk.do("submitter", route, None, at, 2, tag='"4"')
    await walk.act("submitter", "validate", at)
    await walk.do("submitter", f"POST {SUBMISSION}/comments", {"text": "说明"}, at)
    route = f"POST {SUBMISSION}/comments/{{number}}/resolve"
    await walk.do("submitter", route, {"text": "已办"}, at, 1)
    for _ in range(2):
        await walk.act("approver", "submit", at, {"declaration": True})
        await walk.act("secretariat", "return", at, REASON)
    await walk.act("approver", "submit", at, {"declaration": True})
    return at


async def walk_review(walk: Walk, at: str) -> None:
    """Do everything that a panel does."""
    ids = {name: walk.people.id(name) for name in steps.REVIEWERS}
    spare = await spare_reviewer(walk.sessions)
    panel = [
        {
            "person": spare if name == "reviewer_3" else id_,
            "chair": name == "reviewer_1",
        }
        for name, id_ in ids.items()
    ]
    await walk.act("secretariat", "assign", at, {"reviewers": panel})
    swap = {"out": spare, "in": ids["reviewer_3"]}
    await walk.act("secretariat", "reassign", at, swap)
    for name in ids:
        await walk.act(name, "declare", at, NO_CONFLICT)
        await walk.act(name, "review", at, steps.VERDICT)
    await walk.act("reviewer_1", "pass", at)


async def walk_notice(walk: Walk, at: str) -> None:
    """Do everything from the notice to the publication."""
    await walk.act("publisher", "open_notice", at)
    notice = (await walk.people.get("auditor", f"/submissions/{at}")).json()["notice"]
    route = "POST /v1/notices/{notice_id}/objections"
    objection = await walk.do("consumer", route, OBJECTION, notice)
    for action, body in (
        ("admit", {}),
        ("answer", {"outcome": "DISMISSED", "reply": "不成立"}),
    ):
        route = f"POST /v1/objections/{{objection_id}}/{action}"
        await walk.do("secretariat", route, body, objection["id"])
    await walk.act("secretariat", "clear", at)
    await walk.act("publisher", "approve", at)
    await walk.act("publisher_2", "publish", at)


async def walk_ends(walk: Walk) -> None:
    """Do what ends a submission otherwise."""
    first = await steps.in_review(walk.people, steps.item(zh="丁"))
    await walk.act("reviewer_1", "request_changes", first["id"], REASON)
    await walk.act("approver", "withdraw", first["id"], REASON)
    second = await steps.submitted(walk.people, steps.item(zh="戊"))
    await walk.act("secretariat", "reject", second["id"], REASON)


async def walk_acts(walk: Walk) -> None:
    """Do what publishers do, and report a problem."""
    code = (await publish_one(walk.sessions, zh="己")).code
    body = {"text": "小数点错位"}
    await walk.do("consumer", f"POST {VERSION}/problems", body, code, 1)
    await walk.do("publisher", f"POST {VERSION}/suspend", REASON, code, 1)
    await walk.do("publisher", f"POST {VERSION}/reinstate", REASON, code, 1)
    await walk.do("publisher", f"POST {VERSION}/void", REASON, code, 1)
    await walk.do("publisher", "POST /v1/factors/{code}/retire", REASON, code)
    await walk.do("publisher", "POST /v1/releases", {"name": "r1", **REASON})
    draft = {"road": "IMPORT", "items": [document(zh="庚")], **REASON}
    act = await walk.do("publisher", "POST /v1/publications", draft)
    route = "POST /v1/acts/{act_id}/confirm"
    await walk.do("publisher_2", route, None, act["act_id"])


async def walk_all(walk: Walk) -> str:
    """Do everything once; return the submission that was published."""
    await walk_accounts(walk)
    await walk_calculations(walk)
    at = await walk_draft(walk)
    await walk_review(walk, at)
    await walk_notice(walk, at)
    await walk_ends(walk)
    await walk_acts(walk)
    return at


def mutating() -> set[str]:
    """Return the mutating addresses of the OpenAPI document."""
    paths = json.loads(OPENAPI.read_bytes())["paths"]
    return {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
        if method != "get"
    }


async def check_trail(sessions: Sessions, submission: str) -> Sequence[Event]:
    """Recompute the chain of a submission's events, as an auditor does."""
    found = [each for each in await events(sessions) if each.chain is not None]
    own = [each for each in found if each.submission_id == submission]
    chain = EMPTY_CHAIN
    for event in own:
        chain = chained(chain, {name: getattr(event, name) for name in CHAINED})
        assert event.chain == chain
    return own


async def test_every_mutating_address_writes_its_events(sessions: Sessions) -> None:
    async with walking(sessions) as walk:
        at = await walk_all(walk)

        assert set(walk.counted) == mutating() - ELSEWHERE
        expected = {route: SEVERAL.get(route, 1) for route in walk.counted}
        assert walk.counted == expected
        assert await check_trail(sessions, at)
        await check_feeds(walk.people, await events(sessions))


async def check_feeds(everybody: People, every: Sequence[Event]) -> None:
    """See that auditors read all, and everyone the public acts without a person."""
    path = "/audit/events?limit=500"
    whole = (await everybody.get("auditor", path)).json()["items"]
    assert [each["seq"] for each in whole] == [each.seq for each in every]
    assert all(each["person"] and each["request_id"] for each in whole)
    public = [each.seq for each in every if each.is_public]
    for who in ("nobody", "consumer", "secretariat", "admin"):
        answer = await everybody.get(who, path)
        assert [each["seq"] for each in answer.json()["items"]] == public
        for key in everybody.keys.values():
            assert key.person not in answer.text
    acts = {each.act for each in every if each.is_public}
    assert acts == {"OPEN_NOTICE", "OBJECT", "CLEAR", "PUBLISH", "SUSPEND", "CONFIRM"}
    person = everybody.id("approver")
    own = await everybody.get("auditor", f"{path}&person={person}")
    assert {each["person"] for each in own.json()["items"]} == {person}
    for who in ("nobody", "secretariat"):
        refused = await everybody.get(who, f"{path}&person={person}")
        assert refused.status_code == 403


async def test_the_feed_is_followed_page_by_page(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await steps.passed(everybody)
        for path in ("/audit/events", f"/submissions/{made['id']}/events"):
            whole = (await everybody.get("auditor", path)).json()["items"]
            found: list[Answer] = []
            after = 0
            while True:
                paged = f"{path}?limit=4&after={after}"
                page = (await everybody.get("auditor", paged)).json()
                if not page["items"]:
                    break
                found += page["items"]
                after = page["next_after"]
            assert found == whole
            assert len(whole) >= 10


async def test_refused_and_repeated_requests_write_nothing(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        made = await steps.draft(everybody)
        path = f"/submissions/{made['id']}"
        before = len(await events(sessions))
        await everybody.post("submitter", f"{path}/submit", {"declaration": True})
        await everybody.post("approver", f"{path}/submit", {})
        await everybody.post("secretariat", f"{path}/return", REASON)
        assert len(await events(sessions)) == before
        for _ in range(3):
            await everybody.post("submitter", f"{path}/validate", idempotency_key="k")
        assert len(await events(sessions)) == before + 1


async def test_others_read_of_an_event_the_state_alone(sessions: Sessions) -> None:
    """Offices read all of it; authors the details of their own acts."""
    async with people(sessions) as everybody:
        made = await steps.in_review(everybody)
        path = f"/submissions/{made['id']}/events"
        for who in ("submitter", "reviewer_1"):
            items = (await everybody.get(who, path)).json()["items"]
            assert all(each["person"] is None for each in items)
            own = everybody.keys[who].organisation
            for each in items:
                if each["organisation"] != own:
                    assert set(each["after"] or {}) <= {"state"}
        full = (await everybody.get("secretariat", path)).json()["items"]
        assert full[2]["after"]["reviewers"] == [
            everybody.id(name) for name in steps.REVIEWERS
        ]
