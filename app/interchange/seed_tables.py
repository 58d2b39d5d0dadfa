"""The tables under seed_data/: typed rows with a manifest of files and sources."""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.factors.content import Content
from app.kit.canonical import sha256_hex
from app.kit.errors import Invalid
from app.reference.enums import Road
from app.sources.schemas import Citation

Row = Mapping[str, str]


class TableChanged(Invalid):
    en = "{path} is not the file that the manifest describes."
    zh = "{path} 与清单记录的文件不一致。"


class RowRefused(Invalid):
    en = "Row {row} of {path}: {reason}"
    zh = "{path} 的行 {row}:{reason}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row as content, with the road that its verification allows."""

    content: Content
    road: Road


@dataclass(frozen=True, slots=True)
class SeedTables:
    """The manifest of a folder of seed tables."""

    folder: Path
    files: tuple[Mapping[str, Any], ...]
    sources: Mapping[str, Mapping[str, Any]]

    @classmethod
    def open(cls, folder: Path) -> "SeedTables":
        """Read the manifest in *folder*."""
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        return cls(folder, tuple(manifest["files"]), manifest["sources"])

    def candidates(self, path: str) -> list[Candidate]:
        """Return the rows of one file; `TableChanged` if its digest is another."""
        entry = next(entry for entry in self.files if entry["path"] == path)
        data = (self.folder / path).read_bytes()
        if sha256_hex(data) != entry["sha256"]:
            raise TableChanged(path=path)
        rows = csv.DictReader(data.decode("utf-8").splitlines())
        return [self._candidate(path, row) for row in rows]

    def left_out(self) -> Mapping[str, int]:
        """Return how many facts were left out of the tables, by reason."""
        text = (self.folder / "left_out.csv").read_text("utf-8")
        rows = csv.DictReader(text.splitlines())
        return Counter(row["reason"] for row in rows)

    def _candidate(self, path: str, row: Row) -> Candidate:
        source = self.sources[row["source"]]
        document = json.dumps(_document(row, source))
        try:
            content = Content.model_validate_json(document)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise RowRefused(path=path, row=row["row_id"], reason=reason) from error
        return Candidate(content, _road(row, source))


def _road(row: Row, source: Mapping[str, Any]) -> Road:
    """AUTHORITY takes a numbered document whose official text was seen."""
    seen = row["verification"] == "OFFICIAL_TEXT_SEEN"
    return Road.AUTHORITY if seen and source["document_number"] else Road.IMPORT


def _document(row: Row, source: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": {"zh": row["name_zh"], "en": row["name_en"]},
        "kind": row["kind"],
        "category": row["category"],
        "value": row["value"],
        "unit": row["unit"],
        "gwp_set": row["gwp_set"],
        "gases": [{"gas": gas, "mass_kg": mass} for gas, mass in _pairs(row["gases"])],
        "boundary": row["boundary"],
        "stages": [],
        "region": row["region"],
        "technology": row["technology"] or None,
        "representativeness": row["representativeness"],
        "reference_year": int(row["reference_year"]),
        "year_basis": row["year_basis"],
        "data_period": None,
        "validity": {
            "first": row["valid_from"] or None,
            "last": row["valid_until"] or None,
        },
        "uncertainty": _range(row),
        "data_quality": None,
        "properties": [
            _property(name, text) for name, text in _pairs(row["properties"])
        ],
        "allocation": None,
        "cut_off": None,
        "sources": [_citation(row, source).model_dump(mode="json")],
        "verification": row["verification"],
        "derivation": [],
        "licence": source["licence"],
        "owner": None,
        "change_reason": None,
        "note": row["note"] or None,
    }


def _range(row: Row) -> dict[str, str] | None:
    low, high = row["uncertainty_low"], row["uncertainty_high"]
    return {"type": "RANGE", "min": low, "max": high} if low and high else None


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in filter(None, text.split(";")):
        name, _, value = part.partition("=")
        yield name.strip(), value.strip()


def _property(name: str, text: str) -> dict[str, str]:
    value, _, unit = text.partition(" ")
    return {"property": name, "value": value, "unit": unit}


def _citation(row: Row, source: Mapping[str, Any]) -> Citation:
    document = {
        "title": source["title"],
        "publisher": source["publisher"],
        "document_number": source["document_number"],
        "date": source["date"],
        "locator": row["locator"] or None,
        "url": source["url"],
        "evidence_sha256": None,
    }
    return Citation.model_validate_json(json.dumps(document))
