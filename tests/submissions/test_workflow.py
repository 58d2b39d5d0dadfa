"""The table of the workflow, walked completely against the design's."""

from itertools import product

import pytest

from app.reference.enums import Role
from app.submissions import workflow
from app.submissions.workflow import (
    TRANSITIONS,
    Action,
    Standing,
    State,
    WrongRole,
    WrongState,
)

EDITABLE = "DRAFT CHANGES_REQUESTED"
SAME = ""
# The design's table: action, outcome, sources, target, roles, standing.
DESIGN = (
    ("validate", None, EDITABLE, SAME, "SUBMITTER APPROVER", "OWN_ORGANISATION"),
    ("submit", None, EDITABLE, "SUBMITTED", "APPROVER", "OWN_ORGANISATION"),
    (
        "withdraw",
        None,
        "DRAFT SUBMITTED IN_REVIEW CHANGES_REQUESTED PASSED",
        "WITHDRAWN",
        "APPROVER",
        "OWN_ORGANISATION",
    ),
    ("return", None, "SUBMITTED CLEARED", "CHANGES_REQUESTED", "SECRETARIAT", "OFFICE"),
    ("assign", None, "SUBMITTED", "IN_REVIEW", "SECRETARIAT", "OFFICE"),
    ("reassign", None, "IN_REVIEW", SAME, "SECRETARIAT", "OFFICE"),
    ("declare", None, "IN_REVIEW", SAME, "REVIEWER", "ASSIGNED"),
    ("review", None, "IN_REVIEW", SAME, "REVIEWER", "DECLARED"),
    ("request_changes", None, "IN_REVIEW", "CHANGES_REQUESTED", "REVIEWER", "CHAIR"),
    ("pass", None, "IN_REVIEW", "PASSED", "REVIEWER", "CHAIR"),
    ("reject", None, "SUBMITTED", "REJECTED", "SECRETARIAT", "OFFICE"),
    ("reject", None, "IN_REVIEW HELD", "REJECTED", "REVIEWER", "CHAIR"),
    ("open_notice", None, "PASSED", "ON_NOTICE", "PUBLISHER", "OFFICE"),
    ("admit", "ADMITTED", "ON_NOTICE", "HELD", "SECRETARIAT", "OFFICE"),
    ("admit", "NOT_ADMITTED", "ON_NOTICE", SAME, "SECRETARIAT", "OFFICE"),
    ("answer", "DISMISSED", "HELD", "ON_NOTICE", "SECRETARIAT", "OFFICE"),
    ("answer", "UPHELD", "HELD", "CHANGES_REQUESTED", "SECRETARIAT", "OFFICE"),
    ("clear", None, "ON_NOTICE", "CLEARED", "SECRETARIAT", "OFFICE"),
    ("approve", None, "CLEARED", SAME, "PUBLISHER", "OFFICE"),
    ("publish", None, "CLEARED", "PUBLISHED", "PUBLISHER", "OFFICE"),
)
CELLS = tuple(product(Action, Role, State))
ENDS = {State.PUBLISHED, State.REJECTED, State.WITHDRAWN}


def test_the_table_is_that_of_the_design() -> None:
    found = [
        (
            row.action,
            row.outcome,
            " ".join(row.sources),
            row.target or SAME,
            " ".join(row.roles),
            row.standing,
        )
        for row in TRANSITIONS
    ]
    assert set(found) == set(DESIGN)
    assert len(found) == len(DESIGN)


def designed(action: Action, role: Role, state: State | None) -> set[tuple[str, str]]:
    """Return outcome and target of what *role* may do, in any state if None."""
    return {
        (str(outcome), target)
        for name, outcome, sources, target, roles, _ in DESIGN
        if name == action and role in roles.split()
        if state is None or state in sources.split()
    }


@pytest.mark.parametrize("action", Action)
def test_every_cell(action: Action) -> None:
    """Role before state: whoever may never do it is not told where it would be open."""
    for role, state in product(Role, State):
        expected = designed(action, role, state)
        if not designed(action, role, None):
            with pytest.raises(WrongRole):
                workflow.check(action, role, state)
        elif not expected:
            with pytest.raises(WrongState) as refused:
                workflow.check(action, role, state)
            assert refused.value.facts["state"] is state
        else:
            rows = workflow.check(action, role, state)
            assert {(str(row.outcome), row.target or SAME) for row in rows} == expected


def test_what_is_open_is_what_is_not_refused() -> None:
    for role, state in product(Role, State):
        expected = [action for action in Action if designed(action, role, state)]
        assert set(workflow.open_to(role, state)) == set(expected)


def test_only_three_states_end_a_submission() -> None:
    left = {source for row in TRANSITIONS for source in row.sources}
    assert set(State) - left == ENDS


def test_every_state_is_reached_from_a_draft() -> None:
    reached, waiting = {State.DRAFT}, [State.DRAFT]
    while waiting:
        state = waiting.pop()
        targets = {row.target for row in TRANSITIONS if state in row.sources}
        new = {target for target in targets if target} - reached
        reached |= new
        waiting += new
    assert reached == set(State)


def test_items_change_only_where_they_can_be_handed_in_again() -> None:
    editable = {state for state in State if workflow.is_editable(state)}
    assert editable == {
        source for row in workflow.rows(Action.SUBMIT) for source in row.sources
    }


def test_rows_of_one_cell_differ_by_outcome() -> None:
    """Whatever the body says, there is one row to take."""
    for action, role, state in CELLS:
        if designed(action, role, state):
            rows = workflow.check(action, role, state)
            assert len({row.outcome for row in rows}) == len(rows)


def test_no_office_is_an_author_and_no_author_an_office() -> None:
    for row in TRANSITIONS:
        offices = {Role.SECRETARIAT, Role.PUBLISHER} & set(row.roles)
        assert bool(offices) is (row.standing is Standing.OFFICE)


def test_the_diagram_has_every_move() -> None:
    lines = workflow.diagram().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "  [*] --> DRAFT"]
    for _, outcome, sources, target, *_ in DESIGN:
        for source in sources.split():
            arrow = f"  {source} --> {target or source}: "
            assert any(line.startswith(arrow) for line in lines)
            assert outcome is None or any(outcome in line for line in lines)
    assert {f"  {state} --> [*]" for state in ENDS} <= set(lines)
