"""The shape of the source: what a reader is promised about any file."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from app.settings import Settings

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "app").rglob("*.py"))
LONGEST_FUNCTION = 60
LONGEST_FILE = 400


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text("utf-8")

    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert len(text.splitlines()) <= LONGEST_FILE
    assert [
        each.name for each in functions(path) if length(each) > LONGEST_FUNCTION
    ] == []


def test_most_functions_are_short() -> None:
    lengths = sorted(length(each) for path in SOURCES for each in functions(path))

    assert lengths[len(lengths) // 2] <= 12
    assert lengths[len(lengths) * 9 // 10] <= 30


def test_no_drawer_for_leftovers() -> None:
    drawers = {"utils", "helpers", "common", "misc", "constants"}

    assert drawers.isdisjoint(path.stem for path in SOURCES)


def test_the_readme_names_every_setting() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"TANYIN_[A-Z_]+", readme))
    source = (ROOT / "app" / "settings.py").read_text("utf-8")

    assert named == set(re.findall(r"TANYIN_[A-Z_]+", source))
    # `demo` is derived, and the command line adds nothing.
    assert len(fields(Settings)) - 1 == len(named)


def test_the_readme_maps_every_package() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    packages = {path.parent.name for path in (ROOT / "app").glob("*/__init__.py")}

    assert {name for name in packages if f"`app/{name}`" not in readme} == set()


def test_links_between_pages_lead_somewhere() -> None:
    for page in [
        ROOT / "README.md",
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("*/README.md"),
    ]:
        for target in re.findall(
            r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")
        ):
            assert (page.parent / target).exists(), (page.name, target)
