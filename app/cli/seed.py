"""`tanyin seed`: publishes the tables under seed_data/ in demo mode."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.interchange.seed_tables import SeedTables
from app.kit.database import Sessions
from app.publication import service as publication
from app.publication.service import Publication
from app.reference.enums import FactorKind

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


async def load(sessions: Sessions, publishers: tuple[str, str]) -> LoadReport:
    """Publish every table of the manifest, a transaction each, signed by *publishers*.

    Raises `ContentUnchanged` where a row is published already.
    """
    tables = SeedTables.open(FOLDER)
    report = LoadReport(left_out=Counter(tables.left_out()))
    for entry in tables.files:
        candidates = tables.candidates(entry["path"])
        publications = [
            Publication(each.content, each.road, publishers) for each in candidates
        ]
        async with sessions.begin() as session:
            await publication.publish_all(session, publications)
        _count(report, entry["path"], publications)
    return report


def _count(report: LoadReport, path: str, publications: list[Publication]) -> None:
    report.published[path] = len(publications)
    for each in publications:
        if each.content.kind is FactorKind.PARAMETER:
            report.parameters += 1
        elif each.content.region.startswith("CN"):
            report.chinese += 1
