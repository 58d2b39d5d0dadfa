"""`tanyin seed`: publishes the tables under seed_data/ in demo mode."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.service import Actor, Trail
from app.factors.content import Content
from app.interchange.seed_tables import Candidate, SeedTables
from app.kit.database import Sessions
from app.publication import acts
from app.reference.enums import FactorKind
from app.reference.policy import DEMO

FOLDER: Final = Path(__file__).resolve().parents[2] / "seed_data"


@dataclass(slots=True)
class LoadReport:
    """What a load published and what the tables leave out, for a person to read."""

    published: Counter[str] = field(default_factory=Counter)
    parameters: int = 0
    chinese: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """Return the report, one finding a line."""
        total = self.published.total()
        factors = total - self.parameters
        return [
            f"{total} versions published",
            f"  {factors:>6} factors, {self.chinese} of them for China",
            f"  {self.parameters:>6} parameters",
            *(f"  {count:>6} from {path}" for path, count in self.published.items()),
            f"{self.left_out.total()} facts left out of the tables",
            *(f"  {count:>6} {why}" for why, count in self.left_out.most_common()),
        ]


async def load(sessions: Sessions, publishers: tuple[Actor, Actor]) -> LoadReport:
    """Publish every table of the manifest, a transaction each.

    The first publisher proposes and the second confirms, as over HTTP. Raises
    `ContentUnchanged` where a row is published already.
    """
    tables = SeedTables.open(FOLDER)
    report = LoadReport(left_out=Counter(tables.left_out()))
    for entry in tables.files:
        candidates = tables.candidates(entry["path"])
        async with sessions.begin() as session:
            await _publish(session, publishers, entry["path"], candidates)
        _count(report, entry["path"], [each.content for each in candidates])
    return report


async def _publish(
    session: AsyncSession,
    publishers: tuple[Actor, Actor],
    path: str,
    candidates: list[Candidate],
) -> None:
    first, second = (Trail(session, each) for each in publishers)
    # Codes are given in the order of the rows, so only neighbours share an act.
    for road, rows in groupby(candidates, key=lambda each: each.road):
        contents = [each.content for each in rows]
        reason = f"seed_data/{path}"
        act = await acts.propose_publication(first, road, contents, reason, DEMO)
        await session.flush()
        await acts.confirm(second, act.id)


def _count(report: LoadReport, path: str, contents: list[Content]) -> None:
    report.published[path] = len(contents)
    for each in contents:
        if each.kind is FactorKind.PARAMETER:
            report.parameters += 1
        elif each.region.startswith("CN"):
            report.chinese += 1
