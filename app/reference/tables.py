"""Reads the tables of this package."""

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

Row = Mapping[str, str]


@lru_cache
def rows(name: str) -> tuple[Row, ...]:
    """Return the rows of the table *name*, in the order of the file."""
    text = files("app.reference").joinpath("data", name).read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def shown(text: str) -> str:
    """Return *text* cut to what an error may repeat."""
    return text[:60]
