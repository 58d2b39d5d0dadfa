"""Anybody does anything in any order; what happens is what the model says.

A driver with a seed and not Hypothesis, whose state machines know no async and pay more
for drawing than the service for answering.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import pytest

from app.http.preconditions import etag
from app.kit.database import Sessions
from tests.conftest import Database
from tests.factories.factors import Document
from tests.factories.people import People
from tests.factories.submissions import SCORES, VERDICT, draft, item
from tests.faults.acts import DECLARATION, GROUNDS, REASON, panel
from tests.faults.conftest import SEED, TORTURE, drawing, served
from tests.faults.inspection import contradictions, traces_of
from tests.faults.model import ACTS, PEOPLE, ROAD, Model

SECONDS = 8 * TORTURE
STEPS = 25
_numbers = count()


def items() -> list[Document]:
    """Return two items of factors that nobody else has."""
    number = next(_numbers)
    return [item(zh=f"{name}{number}") for name in ("电解铝", "再生铝")]


@dataclass
class Life:
    """One submission and all that is done to it."""

    people: People
    sessions: Sessions
    random: Random
    id: str
    model: Model = field(default_factory=Model)
    passed: list[str | None] = field(default_factory=list)
    objections: list[str] = field(default_factory=list)
    history: list[tuple[str, str]] = field(default_factory=list)

    def chosen(self) -> Iterator[tuple[str, str]]:
        """Yield what is done: first some way along the road, then anything."""
        for _ in range(self.random.randint(0, len(ROAD))):
            yield self.model.next_steps()[0]
        for _ in range(STEPS):
            ahead, open_ = self.model.next_steps(), self.model.in_order()
            luck = self.random.random()
            if ahead and luck < 0.4:
                yield self.random.choice(ahead)
            elif open_ and luck < 0.7:
                act = self.random.choice(sorted({act for _, act in open_}))
                yield self.random.choice([each for each in open_ if each[1] == act])
            else:
                yield self.random.choice(list(PEOPLE)), self.random.choice(ACTS)

    async def act(self, who: str, act: str) -> None:
        """Do something, and see whether it was answered as the model says."""
        self.history.append((who, act))
        path, headers = await self._address(act)
        body = bodies(self.people)[act]
        answer = await self.people.post(who, path, body, **headers)
        assert answer.is_success is self.model.admits(who, act), answer.text
        if not answer.is_success:
            assert answer.status_code in {403, 404, 409}, answer.text
            return
        self.model.take(who, act)
        told = answer.json()
        if act == "object":
            self.objections.append(told["id"])
        elif act == "pass":
            self.passed = [each["content_sha256"] for each in told["items"]]
        elif act == "publish":
            await self._see_published(told["items"])

    async def check(self) -> None:
        """See that the database holds what the model says."""
        traces = await traces_of(self.sessions, self.id)
        assert traces.submission.state == self.model.state
        assert traces.submission.round == self.model.round
        assert len(traces.events) == self.model.events
        assert {each.person_id: each.duty for each in traces.duties} == {
            self.people.id(who): duty for who, duty in self.model.duties.items()
        }
        assert await contradictions(self.sessions, self.id) == []

    async def _see_published(self, told: list[dict[str, Any]]) -> None:
        for each, digest in zip(told, self.passed, strict=True):
            factor = await self.people.get("auditor", f"/factors/{each['code']}")
            assert factor.json()["content_sha256"] == digest

    async def _address(self, act: str) -> tuple[str, dict[str, str]]:
        traces = await traces_of(self.sessions, self.id)
        if act == "object":
            notice = traces.notices[-1].id if traces.notices else "ntc"
            return f"/notices/{notice}/objections", {}
        if act in OBJECTION:
            known = [*self.objections, "obj"]
            return f"/objections/{known[self.model.place_of(act)]}/{OBJECTION[act]}", {}
        path = f"/submissions/{self.id}/{SAME.get(act, act)}"
        read = etag(traces.submission.revision)
        return path, {"if_match": read} if act == "edit" else {}


OBJECTION = {
    "admit": "admit",
    "refuse": "admit",
    "dismiss": "answer",
    "uphold": "answer",
}
# Acts of the model that are another one with another body.
SAME = {"edit": "items", "declare_conflict": "declare", "review_badly": "review"}


def bodies(people: People) -> dict[str, Any]:
    """Return the body of each act of the model."""
    plain = ("validate", "pass", "open_notice", "clear", "approve", "publish", "admit")
    reasoned = ("withdraw", "return", "request_changes", "reject")
    return {
        **{act: {} for act in plain},
        **dict.fromkeys(reasoned, REASON),
        "edit": {"items": items()},
        "submit": {"declaration": True},
        "assign": panel(people),
        "declare": DECLARATION,
        "declare_conflict": DECLARATION | {"conflict": True},
        "review": VERDICT,
        "review_badly": {"verdict": "REJECT", "scores": SCORES},
        "object": GROUNDS,
        "refuse": {"admissible": False} | REASON,
        "dismiss": {"outcome": "DISMISSED", "reply": "已核实"},
        "uphold": {"outcome": "UPHELD", "reply": "已核实"},
    }


async def live(life: Life) -> None:
    """Lead a life to its end."""
    for who, act in life.chosen():
        await life.act(who, act)
        await life.check()


@pytest.mark.committed
async def test_what_happens_is_what_the_model_says(
    database: Database, sessions: Sessions
) -> None:
    random, states, keys = drawing(), Counter[str](), None
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        # Every few lives another application goes on with the same database.
        async with AsyncExitStack() as stack:
            people = await stack.enter_async_context(served(database, keys))
            keys = people.keys
            for _ in range(3):
                made = await draft(people, *items())
                life = Life(people, sessions, random, made["id"])
                try:
                    await live(life)
                except AssertionError as error:
                    error.add_note(f"seed {SEED}: {life.history}")
                    raise
                states[life.model.state] += 1
    assert states
