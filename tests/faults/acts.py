"""Everything that anybody may ask of a submission, right or wrong, to draw from."""

from random import Random
from typing import Any, NamedTuple

from tests.factories.people import People
from tests.factories.submissions import REVIEWERS, VERDICT

REASON = {"reason": "因测试"}
DECLARATION = {"conflict": False, "text": "无利益冲突"}
GROUNDS = {"item": 1, "grounds": "数据有误"}
_SIGNATURES = ("approve", "publish")
_WRONG = 0.15
_BACKWARDS = 0.1
_ANY = (("submitter", "comments"), ("secretariat", "comments"))
_EDIT = (("approver", "submit"), ("submitter", "validate"), ("submitter", "comments"))
_ROAD = {
    "DRAFT": _EDIT,
    "CHANGES_REQUESTED": _EDIT,
    "SUBMITTED": (("secretariat", "assign"),),
    "IN_REVIEW": (
        *((who, act) for who in REVIEWERS for act in ("declare", "review")),
        ("reviewer_1", "pass"),
    ),
    "PASSED": (("publisher", "open_notice"), ("publisher_2", "open_notice")),
    "ON_NOTICE": (("secretariat", "clear"), *_ANY),
    "CLEARED": tuple(
        (who, act) for who in ("publisher", "publisher_2") for act in _SIGNATURES
    ),
}
_BACK = {
    "DRAFT": (("approver", "withdraw"),),
    "SUBMITTED": (("approver", "withdraw"), ("secretariat", "return")),
    "IN_REVIEW": (("reviewer_1", "request_changes"), ("approver", "withdraw")),
    "PASSED": (("approver", "withdraw"),),
    "HELD": (("reviewer_1", "reject"),),
}


class Request(NamedTuple):
    """Who posts what where."""

    who: str
    path: str
    body: Any


def panel(people: People) -> dict[str, Any]:
    """Return the panel of the demonstration; reviewer_1 has the chair."""
    members = [
        {"person": people.id(name), "chair": name == REVIEWERS[0]} for name in REVIEWERS
    ]
    return {"reviewers": members}


def bodies(people: People) -> dict[str, Any]:
    """Return an acceptable body for each act on a submission."""
    swap = {"out": people.id("reviewer_2"), "in": people.id("reviewer_3")}
    return {
        "validate": {},
        "submit": {"declaration": True},
        "assign": panel(people),
        "declare": DECLARATION,
        "review": VERDICT,
        "pass": {},
        "open_notice": {},
        "clear": {},
        "approve": {},
        "publish": {},
        "withdraw": REASON,
        "return": REASON,
        "reassign": swap,
        "request_changes": REASON,
        "reject": REASON,
        "comments": {"text": "请核对", "pointer": "/items/1/content/value"},
    }


def drawn(random: Random, people: People, submission: str, state: str) -> Request:
    """Return a request that is mostly in order in *state*."""
    known = bodies(people)
    if random.random() < _WRONG:
        who, act = random.choice(list(people.keys)), random.choice(list(known))
    elif random.random() < _BACKWARDS and state in _BACK:
        who, act = random.choice(_BACK[state])
    else:
        who, act = random.choice(_ROAD.get(state, _ANY))
    return Request(who, f"/submissions/{submission}/{act}", known[act])
