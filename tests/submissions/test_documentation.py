"""The page on the workflow shows the table as it is."""

import re
from pathlib import Path

from app.submissions.workflow import Action, diagram

PAGE = Path("docs/workflow.md")


def test_the_diagram_is_current() -> None:
    shown = re.search(r"```mermaid\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)

    assert shown is not None
    assert shown[1] == diagram()


def test_every_action_is_named() -> None:
    text = PAGE.read_text("utf-8")

    assert [action for action in Action if action not in text] == []
