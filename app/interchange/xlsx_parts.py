"""The parts of a workbook around its sheets: relations, list of sheets, strings."""

import re
from array import array
from dataclasses import dataclass
from typing import Final

from app.interchange.refusals import BadFile, TooManyItems
from app.interchange.spreadsheet_text import decoded
from app.interchange.xml_parts import Attributes, Part

STRINGS: Final = 1_000_000
_STRING_BYTES: Final = 24 * 2**20
_RELATION: Final = re.compile(
    r"http://(schemas\.openxmlformats|purl\.oclc)\.org/.*/(?P<kind>\w+)\Z"
)
_RELATION_ID: Final = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships id",
    "http://purl.oclc.org/ooxml/officeDocument/relationships id",
)


class Relations(Part):
    """Which parts a part refers to, by id, as (kind, target)."""

    elements = frozenset({"Relationship"})
    limit = 2_000

    def __init__(self, name: str, folder: str) -> None:
        super().__init__(name)
        self._folder = folder
        self.found: dict[str, tuple[str, str]] = {}

    def opened(self, name: str, attributes: Attributes) -> None:
        """Take note of a relationship inside the workbook."""
        kind = _RELATION.match(attributes.get("Type", ""))
        if not name or not kind or attributes.get("TargetMode") == "External":
            return
        target = attributes.get("Target", "")
        path = target[1:] if target.startswith("/") else self._folder + target
        self.found[attributes.get("Id", "")] = (kind["kind"], path.lower())

    def of_kind(self, kind: str) -> str | None:
        """Return the first part of *kind*."""
        return next((path for each, path in self.found.values() if each == kind), None)


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """A sheet as the workbook lists it."""

    name: str
    relation: str
    hidden: bool


class Workbook(Part):
    """The list of sheets, and which day is day 0."""

    elements = frozenset({"sheet", "workbookPr"})
    limit = 50_000

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.sheets: list[SheetEntry] = []
        self.from_1904 = False

    def opened(self, name: str, attributes: Attributes) -> None:
        """Take note of a sheet or of the epoch."""
        if name == "sheet":
            ids = (attributes[each] for each in _RELATION_ID if each in attributes)
            hidden = attributes.get("state", "visible") != "visible"
            title = decoded(attributes.get("name", ""))
            self.sheets.append(SheetEntry(title, next(ids, ""), hidden))
        elif name == "workbookPr":
            self.from_1904 = attributes.get("date1904") in {"1", "true"}


class Strings(Part):
    """The strings that cells share, as one run of UTF-8 with its cuts."""

    elements = frozenset({"si", "t", "rPh"})
    limit = 5_000_000

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._data = bytearray()
        self._cuts = array("L", [0])
        self._reading = False
        self._phonetic = False

    def __len__(self) -> int:
        return len(self._cuts) - 1

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self):
            raise BadFile(
                reason="a cell refers to a text that is missing",
                reason_zh="单元格引用了不存在的文本",
            )
        start, end = self._cuts[number], self._cuts[number + 1]
        return decoded(self._data[start:end].decode())

    def opened(self, name: str, attributes: Attributes) -> None:  # noqa: ARG002
        """Begin a string or a run of it; how it is pronounced is left out."""
        if name == "rPh":
            self._phonetic = True
        self._reading = name == "t" and not self._phonetic

    def closed(self, name: str) -> None:
        """End a string or a run of it."""
        self._reading = False
        if name == "rPh":
            self._phonetic = False
        elif name == "si":
            self._cuts.append(len(self._data))
            self._check(len(self), STRINGS)

    def text(self, data: str) -> None:
        """Keep *data* if it is part of a string."""
        if self._reading:
            self._data += data.encode()
            self._check(len(self._data), _STRING_BYTES)

    def _check(self, count: int, limit: int) -> None:
        if count > limit:
            raise TooManyItems(
                what="texts, or bytes of them",
                what_zh="文本或其字节数",
                place=self.name,
                limit=limit,
            )
