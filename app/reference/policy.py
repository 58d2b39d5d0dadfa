"""The numbers of the workflow, as versioned data; shown on every record."""

from dataclasses import dataclass
from typing import Final

from app.reference.enums import Road


@dataclass(frozen=True, slots=True)
class Policy:
    """How many people and days a publication by the panel's road takes."""

    version: str
    notice_working_days: int
    """Working days of mainland China, after the day on which the notice opens."""
    reviewers: int
    """At least, and an odd number."""
    pass_share: tuple[int, int]
    """The part of verdicts, as a fraction, that must be PASS or MINOR."""
    publishers: int
    roads: tuple[Road, ...]
    """Those that are open."""


NATIONAL: Final = Policy(
    version="2026.1",
    notice_working_days=10,
    reviewers=3,
    pass_share=(2, 3),
    publishers=2,
    roads=(Road.PANEL, Road.AUTHORITY),
)
DEMO: Final = Policy(
    version="2026.1-demo",
    notice_working_days=0,
    reviewers=3,
    pass_share=(2, 3),
    publishers=2,
    roads=(Road.PANEL, Road.AUTHORITY, Road.IMPORT),
)
