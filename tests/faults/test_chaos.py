"""Many clients that do anything in any order: no deadlock, no failure, no half act."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import httpx
import pytest

from app.kit.database import Sessions
from tests.factories.factors import Document
from tests.factories.people import People
from tests.factories.submissions import cleared, draft, in_review, item, on_notice
from tests.faults.acts import GROUNDS, REASON, Request, drawn
from tests.faults.conftest import SEED, TORTURE, drawing
from tests.faults.inspection import contradictions

CLIENTS = 8
SUBMISSIONS = 4
SECONDS = 5 * TORTURE
_OVER = frozenset({"PUBLISHED", "REJECTED", "WITHDRAWN"})
_numbers = count()


def one() -> Document:
    """Return an item that is no other one's factor."""
    return item(zh=f"铝锭{next(_numbers)}")


@dataclass
class Crowd:
    """Clients and what they have heard of the submissions, which may be old."""

    people: People
    random: Random
    states: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    objections: list[str] = field(default_factory=list)
    factors: list[str] = field(default_factory=list)
    acts: list[str] = field(default_factory=list)
    heard: Counter[str] = field(default_factory=Counter)

    async def act_until(self, end: float) -> None:
        """Do one thing after the other."""
        while time.monotonic() < end:
            if len(self.states) < SUBMISSIONS:
                made = await draft(self.people, one())
                self.states[made["id"]] = made["state"]
            await self._once()

    async def _once(self) -> None:
        request = self._aside() if self.random.random() < 0.15 else self._on_the_road()
        key = {"idempotency_key": str(self.random.randrange(2000))}
        answer = await self.people.post(
            *request, **(key if self.random.random() < 0.2 else {})
        )
        act = request.path.rsplit("/", 1)[-1]
        self.heard[f"{act} {answer.status_code}"] += 1
        assert answer.status_code < 500, (SEED, request, answer.text)
        if answer.is_success:
            self._listen(answer)

    def _on_the_road(self) -> Request:
        submission = self.random.choice(list(self.states))
        return drawn(self.random, self.people, submission, self.states[submission])

    def _aside(self) -> Request:
        """Return an act on an objection or on a published factor."""
        random = self.random
        outcome = random.choice(["DISMISSED", "UPHELD"])
        publisher = random.choice(["publisher", "publisher_2"])
        answer = {"outcome": outcome, "reply": "已核实"}
        asides = [
            *_each("consumer", "/notices/{}/objections", GROUNDS, self.notices),
            *_each("secretariat", "/objections/{}/admit", {}, self.objections),
            *_each("secretariat", "/objections/{}/answer", answer, self.objections),
            *_each(publisher, "/factors/{}/versions/1/suspend", REASON, self.factors),
            *_each(publisher, "/factors/{}/versions/1/void", REASON, self.factors),
            *_each(publisher, "/acts/{}/confirm", {}, self.acts),
        ]
        return random.choice(asides) if asides else self._on_the_road()

    def _listen(self, answer: httpx.Response) -> None:
        told: dict[str, Any] = answer.json()
        if "grounds" in told:
            self.objections.append(told["id"])
        elif "act_id" in told:
            self.acts.append(told["act_id"])
        elif "events_digest" in told:
            self._note(told)

    def _note(self, told: dict[str, Any]) -> None:
        if told["state"] in _OVER:
            self.states.pop(told["id"], None)
        elif told["id"] in self.states:
            self.states[told["id"]] = told["state"]
        if told["notice"]:
            self.notices.append(told["notice"])
        if told["code"] and told["state"] == "PUBLISHED":
            self.factors.append(told["code"])


def _each(who: str, path: str, body: Any, names: list[str]) -> list[Request]:
    return [Request(who, path.format(name), body) for name in names[-2:]]


async def manage_until(people: People, end: float) -> None:
    """Give somebody another role again and again, as the managers."""
    home = people.keys["submitter"].organisation
    path = f"/v1/organisations/{home}/members/{people.id('submitter')}"
    while time.monotonic() < end:
        for role in ("APPROVER", "SUBMITTER"):
            answer = await people.clients["approver"].patch(path, json={"role": role})
            assert answer.status_code == 200, answer.text
            await asyncio.sleep(0.05)


@pytest.mark.committed
async def test_nobody_waits_for_ever_and_nothing_fails(
    everybody: People, sessions: Sessions
) -> None:
    crowd = Crowd(everybody, drawing())
    begun = (draft, in_review, on_notice, cleared)
    for made in await asyncio.gather(*(each(everybody, one()) for each in begun)):
        crowd.states[made["id"]] = made["state"]
    end = time.monotonic() + SECONDS

    async with asyncio.timeout(SECONDS + 10), asyncio.TaskGroup() as tasks:
        for _ in range(CLIENTS):
            tasks.create_task(crowd.act_until(end))
        tasks.create_task(manage_until(everybody, end))

    assert any(each.endswith(" 200") for each in crowd.heard), SEED
    assert await contradictions(sessions) == []
