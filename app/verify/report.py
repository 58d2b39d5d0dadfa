"""What a check tells while it goes on and when it ends: lines, or one JSON document."""

import json
import sys
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from app.verify.verdicts import MEANINGS, Verdict

_DONE: Final = "ok"
_LEFT_OUT: Final = "--"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was checked, or was not asked for and therefore left out."""

    step: str
    is_done: bool
    detail: str


@dataclass(slots=True)
class Report:
    """Prints steps as they are done; as JSON all at once at the end."""

    as_json: bool = False
    steps: list[Step] = field(default_factory=list)

    def done(self, step: str, detail: str) -> None:
        """Say what was checked and agreed."""
        self._add(Step(step, is_done=True, detail=detail))

    def left_out(self, step: str, detail: str) -> None:
        """Say what was not asked for."""
        self._add(Step(step, is_done=False, detail=detail))

    def finish(self, verdict: Verdict, subject: str, why: str = "") -> int:
        """Say how it ended; return the exit code."""
        if self.as_json:
            self._print_json(verdict, subject, why)
        elif verdict is Verdict.VERIFIED:
            _print(f"VERIFIED  {subject}")
        else:
            _print(f"NO  {why}")
            _print(f"REFUSED (exit {verdict:d}: {MEANINGS[verdict]})  {subject}")
        return verdict

    def _add(self, step: Step) -> None:
        self.steps.append(step)
        if not self.as_json:
            mark = _DONE if step.is_done else _LEFT_OUT
            _print(f"{mark}  {step.step:<11} {step.detail}")

    def _print_json(self, verdict: Verdict, subject: str, why: str) -> None:
        document: dict[str, Any] = {
            "result": "verified" if verdict is Verdict.VERIFIED else "refused",
            "exit": int(verdict),
            "meaning": MEANINGS[verdict],
            "subject": subject,
            "why": why or None,
            "steps": [asdict(each) for each in self.steps],
        }
        # Escaped, it is the same on any terminal.
        print(json.dumps(document))  # noqa: T201 - a command's output


def _print(line: str) -> None:
    # What a log says may hold what moves a cursor or what a terminal cannot show.
    shown = "".join(each if each.isprintable() else "?" for each in line)
    encoding = sys.stdout.encoding or "utf-8"
    text = shown.encode(encoding, "backslashreplace").decode(encoding)
    print(text, flush=True)  # noqa: T201 - a command's output
