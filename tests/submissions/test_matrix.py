"""Every mutating address of a submission: every state, every person of the demo.

The expected status is computed from the table of the workflow; every request has a
valid body and is undone, so that one submission serves all of them.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kit.database import Sessions
from app.reference.enums import Role
from app.submissions.workflow import TRANSITIONS, Action, Standing, State
from tests.factories.people import People, people
from tests.factories.states import (
    AUTHORS,
    OFFICES,
    Case,
    bring,
    role_of,
    standings,
)
from tests.factories.submissions import REVIEWERS, VERDICT, item

OPENAPI: Final = Path("openapi/openapi.json")
OVER: Final = {State.PUBLISHED, State.REJECTED, State.WITHDRAWN}
ON_OBJECTIONS: Final = {Action.ADMIT, Action.ANSWER}
# Beside the actions: method and last part of the address.
EDITS: Final = {
    ("PATCH", ""),
    ("POST", "items"),
    ("PUT", "items/{number}"),
    ("DELETE", "items/{number}"),
}
COMMENTS: Final = {("POST", "comments"), ("POST", "comments/{number}/resolve")}
# Where the table lets somebody through and a guard does not; see test_review.py.
GUARDED: Final = {
    (State.IN_REVIEW, Action.DECLARE, "reviewer_1"): 409,
    (State.IN_REVIEW, Action.DECLARE, "reviewer_2"): 409,
    (State.IN_REVIEW, Action.PASS, "reviewer_1"): 409,
    (State.ON_NOTICE, Action.CLEAR, "secretariat"): 409,
    (State.CLEARED, Action.APPROVE, "publisher"): 409,
    (State.CLEARED, Action.APPROVE, "publisher_2"): 409,
    (State.CLEARED, Action.PUBLISH, "publisher"): 403,
}


def addresses(prefix: str) -> set[tuple[str, str]]:
    """Return method and rest of the mutating addresses below *prefix*."""
    paths = json.loads(OPENAPI.read_bytes())["paths"]
    return {
        (method.upper(), path.removeprefix(prefix).removeprefix("/"))
        for path, methods in paths.items()
        if path.startswith(prefix)
        for method in methods
        if method != "get"
    }


def test_every_address_has_expectations() -> None:
    actions = {("POST", str(action)) for action in set(Action) - ON_OBJECTIONS}
    below = addresses("/v1/submissions/{submission_id}")
    assert below == actions | EDITS | COMMENTS
    answers = {("POST", str(action)) for action in ON_OBJECTIONS}
    assert addresses("/v1/objections/{objection_id}") == answers


def expected(case: Case, action: Action, who: str, role: Role | None) -> int:
    """Return the status that the table gives."""
    if role is None:
        return 401
    seen = standings(case, who, role)
    # Offices are told that a draft comes too early.
    is_known = bool(seen) or role in OFFICES
    if not is_known or (action in ON_OBJECTIONS and case.notice is None):
        return 404
    of_role = [row for row in TRANSITIONS if row.action is action and role in row.roles]
    if not of_role:
        return 403
    now = [row for row in of_role if case.state in row.sources]
    if not now:
        return 409
    if not any(row.standing in seen for row in now):
        return 403
    return GUARDED.get((case.state, action, who), 200)


def bodies(everybody: People, case: Case) -> dict[Action, Any]:
    """Return a body for each action with which it is done where it may be."""
    panel = [
        {"person": everybody.id(name), "chair": name == REVIEWERS[0]}
        for name in REVIEWERS
    ]
    reason = {"reason": "说明"}
    return {
        Action.SUBMIT: {"declaration": True},
        Action.WITHDRAW: reason,
        Action.RETURN: reason,
        Action.ASSIGN: {"reviewers": panel},
        Action.REASSIGN: {"out": everybody.id("reviewer_3"), "in": case.spare},
        Action.DECLARE: {"conflict": False, "text": "无"},
        Action.REVIEW: VERDICT,
        Action.REQUEST_CHANGES: reason,
        Action.REJECT: reason,
        Action.ANSWER: {"outcome": "DISMISSED", "reply": "不成立"},
    }


def connection_of(sessions: Sessions) -> AsyncConnection:
    """Return the connection in whose transaction the test runs."""
    connection: AsyncConnection = sessions.kw["bind"]
    return connection


def may_edit(case: Case, who: str, role: Role | None) -> int:
    """Return the status of a change to items or head."""
    if role is None:
        return 401
    if not standings(case, who, role):
        return 404
    if who not in AUTHORS:
        return 403
    if case.state not in (State.DRAFT, State.CHANGES_REQUESTED):
        return 409
    # Whoever handed it in has checked it, and does not make it as well.
    is_checker = who == "approver" and case.state is State.CHANGES_REQUESTED
    return 403 if is_checker else 200


def may_comment(case: Case, who: str, role: Role | None) -> int:
    """Return the status of a comment."""
    if role is None:
        return 401
    seen = standings(case, who, role)
    if not seen:
        return 404
    is_party = who in AUTHORS or role is Role.SECRETARIAT or Standing.DECLARED in seen
    if not is_party:
        return 403
    return 409 if case.state in OVER else 201


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request, and the status that somebody is to get."""

    method: str
    path: str
    body: Any
    wanted: Callable[[str, Role | None], int]


def attempts(everybody: People, case: Case) -> Iterator[Attempt]:
    """Return a request for each mutating address, valid where it may be made."""
    body = bodies(everybody, case)
    for action in Action:
        base = case.path
        if action in ON_OBJECTIONS:
            base = f"/objections/{case.objection}"
        wanted = partial(expected, case, action)
        yield Attempt("POST", f"{base}/{action}", body.get(action, {}), wanted)
    edited, commented = partial(may_edit, case), partial(may_comment, case)
    yield Attempt("PATCH", case.path, {"title": "新标题"}, edited)
    yield Attempt("POST", f"{case.path}/items", {"items": [item()]}, edited)
    yield Attempt("PUT", f"{case.path}/items/1", item(), edited)
    yield Attempt("DELETE", f"{case.path}/items/1", None, edited)
    remark = {"text": "请核对", "pointer": "/items/1/content/value"}
    yield Attempt("POST", f"{case.path}/comments", remark, commented)


async def send(
    sessions: Sessions,
    client: httpx.AsyncClient,
    attempt: Attempt,
    tag: str,
    *,
    undo: bool,
) -> httpx.Response:
    """Send a request, and take back what it did."""
    options: dict[str, Any] = {"headers": {"If-Match": tag}}
    if attempt.body is not None:
        options["json"] = attempt.body
    trial = await connection_of(sessions).begin_nested() if undo else None
    path = f"/v1{attempt.path}"
    answer = await client.request(attempt.method, path, **options)
    if trial is not None:
        await trial.rollback()
    return answer


@pytest.mark.parametrize("state", State)
async def test_every_address(sessions: Sessions, state: State) -> None:
    async with people(sessions) as everybody:
        case = await bring(everybody, sessions, state)
        tag = (await everybody.get("auditor", case.path)).headers["etag"]
        wrong = []
        for attempt in attempts(everybody, case):
            for who, client in everybody.clients.items():
                wanted = attempt.wanted(who, role_of(everybody, who))
                # A refusal changes nothing, so there is nothing to undo.
                undo = wanted < 300
                answer = await send(sessions, client, attempt, tag, undo=undo)
                if answer.status_code != wanted:
                    wrong.append((attempt.path, who, wanted, answer.text))
        assert wrong == []


async def test_a_stranger_cannot_tell_a_submission_from_none(
    sessions: Sessions,
) -> None:
    """The answer to an action is that for an id that does not exist."""
    async with people(sessions) as everybody:
        case = await bring(everybody, sessions, State.DRAFT)
        problems = set[str]()
        for path in (case.path, "/submissions/sub_0123456789abcdef0123"):
            for who in ("approver_b", "consumer", "admin", "reviewer_1"):
                for action in sorted(set(Action) - ON_OBJECTIONS):
                    body = bodies(everybody, case).get(action, {})
                    answer = await everybody.post(who, f"{path}/{action}", body)
                    problem = answer.json()
                    assert problem.pop("instance")
                    problems.add(str(problem))
        assert len(problems) == 1
