"""What a sheet looks like before anybody asks what its cells mean."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple, Protocol


class CellKind(Enum):
    """What a file says a cell is; PERCENT is a number shown with a percent sign."""

    TEXT = auto()
    NUMBER = auto()
    DATE = auto()
    PERCENT = auto()
    BOOLEAN = auto()
    ERROR = auto()
    FORMULA = auto()


class Cell(NamedTuple):
    """A cell with content.

    `text` is what the file holds: of a number its own digits, of a date the day where
    it is one, of a formula the formula and never the result that was kept with it.
    """

    kind: CellKind
    text: str


class Line(NamedTuple):
    """A row with content; `cells` are keyed by the number of their column, from 1."""

    number: int
    cells: Mapping[int, Cell]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """A range of merged cells; only the first of them holds a value."""

    ref: str
    first_row: int
    last_row: int
    first_column: int
    last_column: int


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of a sheet before its rows are read."""

    name: str
    rows: int
    """How many rows have content, the headers' included."""
    width: int = 0
    """The last column with content."""
    hidden: bool = False
    hidden_columns: frozenset[int] = frozenset()
    merged: tuple[Merged, ...] = field(default=())


class Sheet(Protocol):
    """A sheet that is read row by row, as often as wanted."""

    @property
    def outline(self) -> Outline: ...

    def lines(self) -> Iterator[Line]: ...


def letters(column: int) -> str:
    """Return the letters of the column with a number, from 1."""
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
