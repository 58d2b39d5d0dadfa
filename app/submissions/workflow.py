"""The workflow as a table: named actions with sources, target, role and guard.

Pure. The service, the reference, the diagram in the documentation and the tests are
all driven by `TRANSITIONS`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.kit.errors import Conflict, Forbidden
from app.reference.enums import Role


class State(StrEnum):
    """Where a submission stands."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    IN_REVIEW = "IN_REVIEW"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    PASSED = "PASSED"
    ON_NOTICE = "ON_NOTICE"
    HELD = "HELD"
    CLEARED = "CLEARED"
    PUBLISHED = "PUBLISHED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


class Action(StrEnum):
    """What somebody does to a submission; the last part of its address."""

    VALIDATE = "validate"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    RETURN = "return"
    ASSIGN = "assign"
    REASSIGN = "reassign"
    DECLARE = "declare"
    REVIEW = "review"
    REQUEST_CHANGES = "request_changes"
    PASS = "pass"  # noqa: S105 - no password
    REJECT = "reject"
    OPEN_NOTICE = "open_notice"
    ADMIT = "admit"
    ANSWER = "answer"
    CLEAR = "clear"
    APPROVE = "approve"
    PUBLISH = "publish"


class Standing(StrEnum):
    """What a person must be to the submission, beside having the role."""

    OWN_ORGANISATION = "OWN_ORGANISATION"
    OFFICE = "OFFICE"
    ASSIGNED = "ASSIGNED"
    DECLARED = "DECLARED"
    CHAIR = "CHAIR"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: in `sources`, somebody with a role and a standing may act.

    Without a `target` the state stays. `outcome` tells rows of one action apart by
    what the body says.
    """

    action: Action
    sources: tuple[State, ...]
    target: State | None
    roles: tuple[Role, ...]
    standing: Standing
    guard_zh: str
    guard_en: str
    outcome: str | None = None


_S, _A = State, Action
_EDITABLE: Final = (_S.DRAFT, _S.CHANGES_REQUESTED)

TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition(
        _A.VALIDATE,
        _EDITABLE,
        None,
        (Role.SUBMITTER, Role.APPROVER),
        Standing.OWN_ORGANISATION,
        "保存校验报告",
        "stores a report",
    ),
    Transition(
        _A.SUBMIT,
        _EDITABLE,
        _S.SUBMITTED,
        (Role.APPROVER,),
        Standing.OWN_ORGANISATION,
        "未编辑过该草稿;无 BLOCK 级发现;声明属实",
        "never edited the draft; no BLOCK finding; declaration",
    ),
    Transition(
        _A.WITHDRAW,
        (_S.DRAFT, _S.SUBMITTED, _S.IN_REVIEW, _S.CHANGES_REQUESTED, _S.PASSED),
        _S.WITHDRAWN,
        (Role.APPROVER,),
        Standing.OWN_ORGANISATION,
        "说明理由",
        "with a reason",
    ),
    Transition(
        _A.RETURN,
        # From CLEARED where something published meanwhile leaves no other way out.
        (_S.SUBMITTED, _S.CLEARED),
        _S.CHANGES_REQUESTED,
        (Role.SECRETARIAT,),
        Standing.OFFICE,
        "说明理由,可附逐字段意见;首签随之失效",
        "with a reason and comments by field; a first signature lapses",
    ),
    Transition(
        _A.ASSIGN,
        (_S.SUBMITTED,),
        _S.IN_REVIEW,
        (Role.SECRETARIAT,),
        Standing.OFFICE,
        "不少于 3 名且为奇数,来自其他单位,一名组长",
        "at least 3, odd, other organisations, one chair",
    ),
    Transition(
        _A.REASSIGN,
        (_S.IN_REVIEW,),
        None,
        (Role.SECRETARIAT,),
        Standing.OFFICE,
        "一人替换一人;组长由组长替换",
        "one for another; who replaces the chair is the chair",
    ),
    Transition(
        _A.DECLARE,
        (_S.IN_REVIEW,),
        None,
        (Role.REVIEWER,),
        Standing.ASSIGNED,
        "声明前不可阅读;有利益冲突则终止指派",
        "nothing is readable before; a conflict ends the assignment",
    ),
    Transition(
        _A.REVIEW,
        (_S.IN_REVIEW,),
        None,
        (Role.REVIEWER,),
        Standing.DECLARED,
        "每轮签署一次",
        "signed once a round",
    ),
    Transition(
        _A.REQUEST_CHANGES,
        (_S.IN_REVIEW,),
        _S.CHANGES_REQUESTED,
        (Role.REVIEWER,),
        Standing.CHAIR,
        "说明理由",
        "with a reason",
    ),
    Transition(
        _A.PASS,
        (_S.IN_REVIEW,),
        _S.PASSED,
        (Role.REVIEWER,),
        Standing.CHAIR,
        "全部签署,至少三分之二为 PASS 或 MINOR;保留不同意见",
        "all signed, at least 2/3 PASS or MINOR; dissent kept",
    ),
    Transition(
        _A.REJECT,
        (_S.SUBMITTED,),
        _S.REJECTED,
        (Role.SECRETARIAT,),
        Standing.OFFICE,
        "说明理由",
        "with a reason",
    ),
    Transition(
        _A.REJECT,
        (_S.IN_REVIEW, _S.HELD),
        _S.REJECTED,
        (Role.REVIEWER,),
        Standing.CHAIR,
        "说明理由",
        "with a reason",
    ),
    Transition(
        _A.OPEN_NOTICE,
        (_S.PASSED,),
        _S.ON_NOTICE,
        (Role.PUBLISHER,),
        Standing.OFFICE,
        "内容摘要与评审通过时一致",
        "digest as passed",
    ),
    Transition(
        _A.ADMIT,
        (_S.ON_NOTICE,),
        _S.HELD,
        (Role.SECRETARIAT,),
        Standing.OFFICE,
        "受理异议",
        "the objection is admissible",
        outcome="ADMITTED",
    ),
    Transition(
        _A.ADMIT,
        (_S.ON_NOTICE,),
        None,
        (Role.SECRETARIAT,),
        Standing.OFFICE,
        "不予受理,说明理由",
        "the objection is not admissible, with a reason",
        outcome="NOT_ADMITTED",
    ),
    Transition(
        _A.ANSWER,
        (_S.HELD,),
        _S.ON_NOTICE,
        (Role.SECRETARIAT,),
        Standing.OFFICE,
        "答复异议人",
        "with a reply",
        outcome="DISMISSED",
    ),
    Transition(
        _A.ANSWER,
        (_S.HELD,),
        _S.CHANGES_REQUESTED,
        (Role.SECRETARIAT,),
        Standing.OFFICE,
        "答复异议人;重新评审",
        "with a reply; reviewed anew",
        outcome="UPHELD",
    ),
    Transition(
        _A.CLEAR,
        (_S.ON_NOTICE,),
        _S.CLEARED,
        (Role.SECRETARIAT,),
        Standing.OFFICE,
        "公示期满且无未决异议",
        "period over, nothing open",
    ),
    Transition(
        _A.APPROVE,
        (_S.CLEARED,),
        None,
        (Role.PUBLISHER,),
        Standing.OFFICE,
        "首签",
        "first signature",
    ),
    Transition(
        _A.PUBLISH,
        (_S.CLEARED,),
        _S.PUBLISHED,
        (Role.PUBLISHER,),
        Standing.OFFICE,
        "另一发布人;内容摘要与评审通过时一致",
        "another publisher; digest as passed",
    ),
)


class WrongState(Conflict):
    en = "{action} is not possible in state {state}; it is in {sources}."
    zh = "状态 {state} 下不能执行 {action};可执行的状态:{sources}。"


class WrongRole(Forbidden):
    en = "{action} is for {roles}."
    zh = "{action} 须由 {roles} 执行。"


def rows(action: Action) -> tuple[Transition, ...]:
    """Return the rows of *action*."""
    return tuple(row for row in TRANSITIONS if row.action is action)


def check(action: Action, role: Role, state: State) -> tuple[Transition, ...]:
    """Return the rows by which *role* may do *action* in *state*, or refuse.

    Raises `WrongRole` where no row of the action is for the role, else `WrongState`.
    """
    of_role = tuple(row for row in rows(action) if role in row.roles)
    if not of_role:
        raise WrongRole(action=action, roles=_listed(_roles(action)))
    open_now = tuple(row for row in of_role if state in row.sources)
    if not open_now:
        sources = (source for row in of_role for source in row.sources)
        raise WrongState(action=action, state=state, sources=_listed(sources))
    return open_now


def open_to(role: Role, state: State) -> tuple[Action, ...]:
    """Return the actions that somebody of *role* may find open in *state*."""
    found = (
        row.action for row in TRANSITIONS if role in row.roles and state in row.sources
    )
    return tuple(dict.fromkeys(found))


def is_editable(state: State) -> bool:
    """Tell whether items may be changed in *state*."""
    return state in _EDITABLE


def diagram() -> str:
    """Return the table as a Mermaid state diagram."""
    moves = [
        f"  {source} --> {row.target or source}: {_label(row)}"
        for row in TRANSITIONS
        for source in row.sources
    ]
    left = {source for row in TRANSITIONS for source in row.sources}
    ends = [f"  {state} --> [*]" for state in State if state not in left]
    return "\n".join(["stateDiagram-v2", "  [*] --> DRAFT", *moves, *ends]) + "\n"


def _label(row: Transition) -> str:
    return row.action if row.outcome is None else f"{row.action} {row.outcome}"


def _roles(action: Action) -> Iterable[Role]:
    return (role for row in rows(action) for role in row.roles)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
