"""What was found at one cell, with its place and how it would be right."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from app.interchange.columns import BY_KEY
from app.kit.errors import Invalid


class Severity(StrEnum):
    """ERROR keeps a row out; WARNING wants a look; INFO says what was tidied."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"


class Verdict(NamedTuple):
    """What a report says about a row, in the language of its reader."""

    severity: Severity
    text: str


class Remark(Invalid):
    """Something noticed that breaks no rule; never raised."""

    severity = Severity.WARNING


@dataclass(frozen=True, slots=True)
class CellFinding:
    """A finding at a cell.

    `column` are the letters of its column, `key` is what the column states; both are
    "" where the file has no such column.
    """

    sheet: str
    row: int
    column: str
    key: str
    error: Invalid

    @property
    def header(self) -> str:
        """The header of the column, as the template writes it."""
        return BY_KEY[self.key].header if self.key else ""

    @property
    def code(self) -> str:
        """The stable code."""
        return self.error.code

    @property
    def facts(self) -> dict[str, Any]:
        """What the sentence is about, by name."""
        return self.error.facts

    @property
    def severity(self) -> Severity:
        """Whether the row is refused for it."""
        error = self.error
        return error.severity if isinstance(error, Remark) else Severity.ERROR

    def detail(self, language: str) -> str:
        """Return what is wrong and what would be right, `zh` or else English."""
        return self.error.detail(language)

    def verdict(self, language: str) -> Verdict:
        """Return the finding with its place, as a report shows it."""
        place = " ".join(filter(None, (self.column, self.header)))
        return Verdict(self.severity, f"{place}: {self.detail(language)}")
