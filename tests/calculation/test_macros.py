"""Whatever stands in a macro, the request is answered or refused with a pointer."""

import copy
import inspect
import json
import time
from pathlib import Path
from typing import Any

import pytest

from app.api.examples import MACROS
from app.calculation import (
    biogenic,
    certificates,
    counterparts,
    electricity,
    terms,
    totals,
)
from app.kit.errors import DomainError, Findings, Invalid
from tests.factories.calculations import calculate, version_at

CODES = ("CNF-01-000012-78", "CNF-01-000020-54", "CNF-01-000002-11")
VERSIONS = [version_at(code) for code in CODES]
VERSIONS.append(version_at("CNF-08-000001-29", unit="kgCO2e/t"))
PAGE = Path(__file__).parents[2] / "docs" / "macros.md"
# Which no decimal of the wire can say, so that what is pinned cannot be sent.
TINY = -1e-308
HOSTILE: list[Any] = [
    *(None, True, 0, -1, 1e308, TINY, 2**70, "", "x", "\u202e", "１", "1e5"),
    *("9" * 25, "0." + "0" * 17 + "1", "a" * 300, [], {}, [[]], {"process": "ingot"}),
    *({"process": "frame"}, {"process": 5}, "CNF-01-000002-11@0"),
]


def paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything inside *node*."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(node, dict):
        pairs = list(node.items())
    elif isinstance(node, list):
        pairs = list(enumerate(node))
    found = [(*path, step) for step, _ in pairs]
    for step, child in pairs:
        found += paths(child, (*path, step))
    return found


def replaced(path: tuple[Any, ...], value: Any) -> Any:
    body = copy.deepcopy(MACROS)
    node: Any = body
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return body


def stands_in(pointer: str, body: Any) -> bool:
    """Tell whether *pointer* leads to something, or to what is missing there."""
    node = body
    for step in pointer.split("/")[1:-1]:
        try:
            node = node[int(step) if isinstance(node, list) else step]
        except (KeyError, IndexError, ValueError, TypeError):
            return False
    return True


@pytest.mark.parametrize("macro", ["recycling", "electricity"])
def test_no_value_in_any_place_is_a_failure(macro: str) -> None:
    start = time.monotonic()
    base = ("processes", 0, macro)
    for path in [base, *paths(MACROS["processes"][0][macro], base)]:
        for value in HOSTILE:
            body = replaced(path, value)
            try:
                answer: Any = calculate(json.dumps(body).encode(), *VERSIONS)
            except DomainError as error:
                errors = error.errors if isinstance(error, Findings) else [error]
                pointers = [each.pointer for each in errors]
                assert errors, (path, value)
                assert all(
                    pointer and "/inputs/" not in pointer and stands_in(pointer, body)
                    for pointer in pointers
                ), (path, value, pointers)
                continue
            if value != TINY:
                assert calculate(answer["request_pinned"], *VERSIONS) == answer | {
                    "expansions": None
                }
    assert time.monotonic() - start < 20


def test_many_macros_take_no_longer_than_many_lines() -> None:
    body = copy.deepcopy(MACROS)
    body["processes"][0]["recycling"] *= 500
    start = time.monotonic()

    answer = calculate(body, *VERSIONS)

    assert len(answer["expansions"] or []) == 500 * 6 + 3
    assert time.monotonic() - start < 5


def test_the_page_names_every_code() -> None:
    own: list[type[Invalid]] = [
        each
        for module in (biogenic, certificates, counterparts, electricity, terms, totals)
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, Invalid) and each.__module__ == module.__name__
    ]
    page = PAGE.read_text("utf-8")

    assert [each.code for each in own if f"`{each.code}`" not in page] == []
