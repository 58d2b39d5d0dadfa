"""XML of workbooks, read as it is inflated by a parser that declares nothing.

Document types, and with them entities, are refused. Depth, and the length of one tag,
are bounded: expat keeps open elements and rereads an unfinished tag with each chunk.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final
from xml.parsers import expat

from app.interchange.refusals import ActiveContent, BadFile, TooManyItems

_DEPTH: Final = 64
_TAG: Final = 2**20
_SPREADSHEET: Final = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/package/2006/relationships",
)
Attributes = Mapping[str, str]


class Part:
    """A reader of one XML part: `opened`, `closed` and `text` see what it holds.

    Elements of other namespaces than those of spreadsheets have the name "".
    """

    elements: ClassVar[frozenset[str]] = frozenset()
    """The local names that matter; others are reported as ""."""
    limit: ClassVar[int]
    """How many elements the part may have."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._depth = self._count = 0
        self._names = {
            f"{space} {local}": local
            for space in _SPREADSHEET
            for local in self.elements
        }

    def opened(self, name: str, attributes: Attributes) -> None:
        """Take note of the start of an element."""

    def closed(self, name: str) -> None:
        """Take note of the end of an element."""

    def text(self, data: str) -> None:
        """Take note of characters."""

    def read(self, chunks: Iterable[bytes]) -> None:
        """Read all of *chunks*."""
        for _ in self.progress(chunks):
            pass

    def progress(self, chunks: Iterable[bytes]) -> Iterator[None]:
        """Read *chunks*, pausing after each."""
        parser = self._parser()
        fed = 0
        try:
            for chunk in chunks:
                parser.Parse(chunk, False)  # noqa: FBT003 - the parser's signature
                fed += len(chunk)
                if fed - max(parser.CurrentByteIndex, 0) > _TAG:
                    raise self._malformed()
                yield
            parser.Parse(b"", True)  # noqa: FBT003 - the parser's signature
        except expat.ExpatError as error:
            raise self._malformed() from error
        yield

    def _parser(self) -> expat.XMLParserType:
        # Whatever a part declares, it is UTF-8: no codec is looked up by its name.
        parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        # Calls are most of the time: what a reader does not look at is not called.
        sees_ends = type(self).closed is not Part.closed
        parser.EndElementHandler = self._end if sees_ends else self._rise
        if type(self).text is not Part.text:
            parser.CharacterDataHandler = self.text
        return parser

    def _start(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > _DEPTH:
            raise self._malformed()
        if self._count > self.limit:
            raise TooManyItems(
                what="elements", what_zh="元素", place=self.name, limit=self.limit
            )
        self.opened(self._names.get(name, ""), attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.closed(self._names.get(name, ""))

    def _rise(self, _: str) -> None:
        self._depth -= 1

    def _doctype(self, *_: object) -> None:
        raise ActiveContent(
            reason=f"a document type in {self.name}",
            reason_zh=f"{self.name} 中含有文档类型声明",
        )

    def _malformed(self) -> BadFile:
        return BadFile(
            reason=f"{self.name} is not well-formed",
            reason_zh=f"{self.name} 格式不正确",
        )
