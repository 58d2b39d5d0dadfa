"""What a submission is and who may do what to it, told a second time and simply.

Pure, and made without a look at `app.submissions.workflow`: where the two differ, one
of them is wrong.
"""

from dataclasses import dataclass, field
from typing import Final

HOME: Final = "metals"
PEOPLE: Final = {
    "submitter": (HOME, "SUBMITTER"),
    "approver": (HOME, "APPROVER"),
    "submitter_b": ("chemicals", "SUBMITTER"),
    "approver_b": ("chemicals", "APPROVER"),
    "secretariat": ("secretariat", "SECRETARIAT"),
    "reviewer_1": ("institute", "REVIEWER"),
    "reviewer_2": ("university", "REVIEWER"),
    "reviewer_3": ("certifier", "REVIEWER"),
    "publisher": ("authority", "PUBLISHER"),
    "publisher_2": ("authority", "PUBLISHER"),
    "auditor": ("auditor", "AUDITOR"),
    "consumer": ("enterprise", "CONSUMER"),
    "admin": ("authority", "ADMIN"),
}
CHAIR: Final = "reviewer_1"
PANEL: Final = ("reviewer_1", "reviewer_2", "reviewer_3")
_EDITABLE: Final = frozenset({"DRAFT", "CHANGES_REQUESTED"})
_WITHDRAWABLE: Final = _EDITABLE | {"SUBMITTED", "IN_REVIEW", "PASSED"}

# Act by act: whose role, in which states, into which one ("" stays).
_ACTS: Final = {
    "edit": (("SUBMITTER", "APPROVER"), _EDITABLE, ""),
    "validate": (("SUBMITTER", "APPROVER"), _EDITABLE, ""),
    "submit": (("APPROVER",), _EDITABLE, "SUBMITTED"),
    "withdraw": (("APPROVER",), _WITHDRAWABLE, "WITHDRAWN"),
    "return": (("SECRETARIAT",), {"SUBMITTED", "CLEARED"}, "CHANGES_REQUESTED"),
    "assign": (("SECRETARIAT",), {"SUBMITTED"}, "IN_REVIEW"),
    "declare": (("REVIEWER",), {"IN_REVIEW"}, ""),
    "declare_conflict": (("REVIEWER",), {"IN_REVIEW"}, ""),
    "review": (("REVIEWER",), {"IN_REVIEW"}, ""),
    "review_badly": (("REVIEWER",), {"IN_REVIEW"}, ""),
    "request_changes": (("REVIEWER",), {"IN_REVIEW"}, "CHANGES_REQUESTED"),
    "pass": (("REVIEWER",), {"IN_REVIEW"}, "PASSED"),
    "reject": (
        ("SECRETARIAT", "REVIEWER"),
        {"SUBMITTED", "IN_REVIEW", "HELD"},
        "REJECTED",
    ),
    "open_notice": (("PUBLISHER",), {"PASSED"}, "ON_NOTICE"),
    "object": (tuple({role for _, role in PEOPLE.values()}), {"ON_NOTICE", "HELD"}, ""),
    "admit": (("SECRETARIAT",), {"ON_NOTICE"}, "HELD"),
    "refuse": (("SECRETARIAT",), {"ON_NOTICE"}, ""),
    "dismiss": (("SECRETARIAT",), {"HELD"}, "ON_NOTICE"),
    "uphold": (("SECRETARIAT",), {"HELD"}, "CHANGES_REQUESTED"),
    "clear": (("SECRETARIAT",), {"ON_NOTICE"}, "CLEARED"),
    "approve": (("PUBLISHER",), {"CLEARED"}, ""),
    "publish": (("PUBLISHER",), {"CLEARED"}, "PUBLISHED"),
}
ACTS: Final = tuple(_ACTS)
_DUTIES: Final = {
    "edit": "MAKER",
    "submit": "CHECKER",
    "approve": "FIRST_PUBLISHER",
    "publish": "SECOND_PUBLISHER",
}
_VERDICTS: Final = {"review": "PASS", "review_badly": "REJECT"}
_UNDECIDED: Final = frozenset({"RECEIVED", "ADMITTED"})
_OUTCOMES: Final = {
    "admit": ("RECEIVED", "ADMITTED"),
    "refuse": ("RECEIVED", "NOT_ADMITTED"),
    "dismiss": ("ADMITTED", "DISMISSED"),
    "uphold": ("ADMITTED", "UPHELD"),
}
# The straight way from a draft to its publication.
ROAD: Final = (
    ("approver", "submit"),
    ("secretariat", "assign"),
    *((name, "declare") for name in PANEL),
    *((name, "review") for name in PANEL),
    (CHAIR, "pass"),
    ("publisher", "open_notice"),
    ("secretariat", "clear"),
    ("publisher", "approve"),
    ("publisher_2", "publish"),
)


@dataclass
class Model:
    """One submission of two items, made by the submitter of `HOME`."""

    state: str = "DRAFT"
    events: int = 1
    round: int = 0
    duties: dict[str, str] = field(default_factory=lambda: {"submitter": "MAKER"})
    present: dict[str, bool] = field(default_factory=dict)
    """The reviewers of the round without a conflict, and whether they declared."""
    verdicts: dict[str, str] = field(default_factory=dict)
    is_signed: bool = False
    """Whether the first publisher has signed in the round."""
    objections: list[tuple[int, str, str]] = field(default_factory=list)
    """The round, the state and who objected, in the order of arrival."""

    def admits(self, who: str, act: str) -> bool:
        """Tell whether *act* is in order for *who*."""
        home, role = PEOPLE[who]
        roles, states, _ = _ACTS[act]
        if role not in roles or self.state not in states:
            return False
        return (
            self._may(who, home, role, act)
            and self._has_free_hands(who, role, act)
            and self._is_ready(who, act)
        )

    def take(self, who: str, act: str) -> None:
        """Do *act*, which is in order."""
        self.events += 1
        duty = self._duty(PEOPLE[who][1], act)
        if duty:
            self.duties[who] = duty
        if act in _OUTCOMES:
            self._decide(act)
            if act == "uphold":
                self._close_objections()
        elif act in _VERDICTS:
            self.verdicts[who] = _VERDICTS[act]
        else:
            self._note(who, act)
        self.state = _ACTS[act][2] or self.state

    def _note(self, who: str, act: str) -> None:
        if act == "submit":
            self.round += 1
            self.present, self.verdicts = {}, {}
        elif act == "assign":
            self.present = dict.fromkeys(PANEL, False)
            self.duties |= dict.fromkeys(PANEL, "REVIEWER")
        elif act == "declare":
            self.present[who] = True
        elif act == "reject":
            self._close_objections()
        elif act == "declare_conflict":
            del self.present[who]
        elif act in {"approve", "return"}:
            self.is_signed = act == "approve"
        elif act == "object":
            self.objections.append((self.round, "RECEIVED", who))

    def _decide(self, act: str) -> None:
        before, after = _OUTCOMES[act]
        place = self.place(before)
        round_, _, by = self.objections[place]
        self.objections[place] = (round_, after, by)

    def _close_objections(self) -> None:
        self.objections = [
            (round_, "CLOSED" if state in _UNDECIDED else state, by)
            for round_, state, by in self.objections
        ]

    def place(self, state: str) -> int:
        """Return which objection is the last one in *state*; -1 without any."""
        found = [n for n, (_, each, _) in enumerate(self.objections) if each == state]
        return found[-1] if found else -1

    def place_of(self, act: str) -> int:
        """Return which objection *act* is about; -1 without any."""
        return self.place(_OUTCOMES[act][0])

    def in_order(self) -> list[tuple[str, str]]:
        """Return everything that somebody may do now."""
        return [(who, act) for who in PEOPLE for act in ACTS if self.admits(who, act)]

    def next_steps(self) -> list[tuple[str, str]]:
        """Return what leads on towards the publication."""
        return [step for step in ROAD if self.admits(*step)]

    def _may(self, who: str, home: str, role: str, act: str) -> bool:
        if role in {"SUBMITTER", "APPROVER"}:
            return (home == HOME) is (act != "object")
        if act == "reject" and (role == "SECRETARIAT") is (self.state != "SUBMITTED"):
            return False
        if role != "REVIEWER" or act == "object":
            return True
        if act in {"declare", "declare_conflict"}:
            return self.present.get(who) is False
        is_declared = self.present.get(who, False)
        is_for_chair = act in {"pass", "reject", "request_changes"}
        return is_declared and (who == CHAIR or not is_for_chair)

    def _duty(self, role: str, act: str) -> str | None:
        if role == "SECRETARIAT" and act != "object":
            return "SECRETARIAT"
        return _DUTIES.get(act)

    def _has_free_hands(self, who: str, role: str, act: str) -> bool:
        duty = self._duty(role, act)
        return duty is None or self.duties.get(who, duty) == duty

    def _is_ready(self, who: str, act: str) -> bool:
        if act in _VERDICTS:
            return who not in self.verdicts
        if act == "pass":
            return self._is_passed()
        if act == "clear":
            return not any(
                round_ == self.round and state in _UNDECIDED
                for round_, state, _ in self.objections
            )
        if act in _OUTCOMES:
            place = self.place_of(act)
            return place >= 0 and self.objections[place][2] != who
        signed = self.is_signed
        return {"approve": not signed, "publish": signed}.get(act, True)

    def _is_passed(self) -> bool:
        votes = [self.verdicts.get(name) for name in self.present]
        is_whole = len(votes) == len(PANEL) and None not in votes
        return is_whole and 3 * votes.count("PASS") >= 2 * len(votes)
