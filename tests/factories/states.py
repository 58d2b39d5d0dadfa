"""One submission in any state, with everything on it that can be there."""

import secrets
from dataclasses import dataclass

from app.accounts.models import Person
from app.kit.database import Sessions
from app.reference.enums import Role
from app.submissions.workflow import Standing, State
from tests.factories import submissions as steps
from tests.factories.factors import Document
from tests.factories.people import Answer, People
from tests.factories.submissions import REVIEWERS

SEALED = {"inventory": [{"flow": "密封清单", "amount": "1.5"}]}
EXPLANATION = "密封解释:新工艺"
OBJECTION = {"item": 1, "pointer": "/value", "grounds": "与同行数据不符"}
AUTHORS = ("submitter", "approver")
OFFICES = (Role.SECRETARIAT, Role.PUBLISHER, Role.AUDITOR)
# The panel's members who have declared; reviewer_3 has not.
DECLARED = ("reviewer_1", "reviewer_2")
SEEN_BY_PANEL = frozenset(State) - {State.DRAFT, State.SUBMITTED, State.WITHDRAWN}
"""Where the submission made here has had a panel in its present round."""


@dataclass(frozen=True, slots=True)
class Case:
    """A submission with the objection to it, if there is one."""

    id: str
    state: State
    objection: str
    notice: str | None
    spare: str
    """A reviewer who is not on the panel."""

    @property
    def path(self) -> str:
        """Its address."""
        return f"/submissions/{self.id}"


def role_of(everybody: People, who: str) -> Role | None:
    """Return the role of somebody; None without a key."""
    return Role(everybody.keys[who].role) if who in everybody.keys else None


def standings(case: Case, who: str, role: Role) -> set[Standing]:
    """Return what somebody of the demonstration is to the submission."""
    found = set[Standing]()
    if who in AUTHORS:
        found.add(Standing.OWN_ORGANISATION)
    handed_in = case.state not in (State.DRAFT, State.WITHDRAWN)
    if role in OFFICES and (handed_in or role is Role.AUDITOR):
        found.add(Standing.OFFICE)
    if who in REVIEWERS and case.state in SEEN_BY_PANEL:
        found.add(Standing.ASSIGNED)
        if who in DECLARED or case.state is not State.IN_REVIEW:
            found.add(Standing.DECLARED)
        if who == REVIEWERS[0]:
            found.add(Standing.CHAIR)
    return found


def sealed_item() -> Document:
    """Return an item with a sealed inventory and an explanation."""
    explanations = [{"rule": "OUTLIER", "text": EXPLANATION}]
    return steps.item() | {"sealed": SEALED, "explanations": explanations}


async def spare_reviewer(sessions: Sessions) -> str:
    """Return a further reviewer of the institute, without a key."""
    person = Person(
        id=f"p_{secrets.token_hex(8)}",
        organisation_id="org_demo_institute",
        name="备选专家",
        role="REVIEWER",
        is_manager=False,
    )
    async with sessions.begin() as session:
        session.add(person)
    return person.id


async def bring(people: People, sessions: Sessions, state: State) -> Case:
    """Return a submission in *state*."""
    made = await _reach(people, state)
    assert made["state"] == state
    objection = ""
    if made["notice"]:
        path = f"/notices/{made['notice']}/objections"
        found = (await people.get("nobody", path)).json()["items"]
        objection = found[0]["id"]
    return Case(
        id=made["id"],
        state=state,
        objection=objection or "obj_0123456789abcdef",
        notice=made["notice"],
        spare=await spare_reviewer(sessions),
    )


async def _reach(people: People, state: State) -> Answer:
    early = {
        State.DRAFT: steps.draft,
        State.SUBMITTED: steps.submitted,
        State.IN_REVIEW: _in_review,
        State.PASSED: steps.passed,
        State.WITHDRAWN: _withdrawn,
    }
    if state in early:
        return await early[state](people, sealed_item())
    made = await steps.on_notice(people, sealed_item())
    objections = f"/notices/{made['notice']}/objections"
    objection = await people.done("consumer", objections, OBJECTION)
    path, at = f"/submissions/{made['id']}", f"/objections/{objection['id']}"
    for who, where, body in _late(path, at, state):
        await people.done(who, where, body)
    return dict((await people.get("auditor", path)).json())


def _late(path: str, at: str, state: State) -> list[tuple[str, str, Document]]:
    reason = {"reason": "说明"}
    admit = ("secretariat", f"{at}/admit", Document())
    uphold = {"outcome": "UPHELD", "reply": "成立"}
    refuse = ("secretariat", f"{at}/admit", {"admissible": False, **reason})
    clear = [refuse, ("secretariat", f"{path}/clear", Document())]
    approve = ("publisher", f"{path}/approve", Document())
    return {
        State.ON_NOTICE: [],
        State.HELD: [admit],
        State.CHANGES_REQUESTED: [admit, ("secretariat", f"{at}/answer", uphold)],
        State.REJECTED: [admit, ("reviewer_1", f"{path}/reject", reason)],
        State.CLEARED: [*clear, approve],
        State.PUBLISHED: [
            *clear,
            approve,
            ("publisher_2", f"{path}/publish", Document()),
        ],
    }[state]


async def _in_review(people: People, *items: Document) -> Answer:
    made = await steps.in_review(people, *items, declared=False)
    for name in DECLARED:
        body = {"conflict": False, "text": "无利益冲突"}
        made = await people.done(name, f"/submissions/{made['id']}/declare", body)
    return made


async def _withdrawn(people: People, *items: Document) -> Answer:
    """Return a draft that was withdrawn before it was handed in."""
    made = await steps.draft(people, *items)
    body = {"reason": "不再需要"}
    return await people.done("approver", f"/submissions/{made['id']}/withdraw", body)
