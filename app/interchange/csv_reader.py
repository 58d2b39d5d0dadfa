"""CSV files: RFC 4180 in UTF-8, with or without a byte-order mark.

The whole file is read once for its form before any row of it is answered.
"""

import csv
from collections.abc import Iterator
from typing import BinaryIO, Final

from app.interchange.grid import Cell, CellKind, Line, Outline
from app.interchange.refusals import (
    BadCsv,
    BadEncoding,
    BadFile,
    MixedLineEnds,
    TooManyItems,
    UnevenRow,
    WrongSeparator,
)

SHEET: Final = "csv"
COLUMNS: Final = 200
_LINE: Final = 2**20
_BOM: Final = b"\xef\xbb\xbf"
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00")


class CsvFile:
    """A CSV file of sound form; refuses in its constructor what is not."""

    def __init__(self, file: BinaryIO, row_limit: int) -> None:
        self._file = file
        self._limit = row_limit
        self.outline = self._survey()

    @property
    def sheets(self) -> tuple["CsvFile"]:
        """The one sheet."""
        return (self,)

    def lines(self) -> Iterator[Line]:
        """Yield the records that have content; blank lines are counted, too."""
        for number, (_, record) in enumerate(self._records(), 1):
            cells = {
                column: Cell(CellKind.TEXT, text)
                for column, text in enumerate(record, 1)
                if text and not text.isspace()
            }
            if cells:
                yield Line(number, cells)

    def _survey(self) -> Outline:
        rows = expected = 0
        for line, record in self._records():
            if not record:
                continue
            if not rows:
                expected = len(record)
                _check_width(record)
            if len(record) != expected:
                raise UnevenRow(line=line, count=len(record), expected=expected)
            rows += any(text and not text.isspace() for text in record)
            # The headers' row comes on top of the limit.
            if rows > self._limit + 1:
                raise TooManyItems(
                    what="rows", what_zh="数据行", place=line, limit=self._limit
                )
        if not expected:
            raise BadFile(reason="it is empty", reason_zh="文件为空")
        return Outline(SHEET, rows, expected)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(self._text(), strict=True)
        try:
            for record in reader:
                yield reader.line_num, record
        except csv.Error as error:
            raise BadCsv(
                line=reader.line_num,
                reason=str(error),
                reason_zh="引号或换行不合规",
            ) from error

    def _text(self) -> Iterator[str]:
        """Yield the lines, decoded, after checking how each one ends."""
        self._file.seek(0)
        quoted = False
        end = ""
        number = 0
        while data := self._file.readline(_LINE + 1):
            number += 1
            text = _decoded(data, number)
            before, quoted = quoted, quoted ^ (text.count('"') % 2 == 1)
            if not quoted and text.endswith("\n"):
                ending = "\r\n" if text.endswith("\r\n") else "\n"
                end = end or ending
                if ending != end:
                    raise MixedLineEnds(line=number)
            if not before and not quoted and "\r" in text.removesuffix("\r\n"):
                _check_returns(text, number)
            yield text


def _check_returns(text: str, number: int) -> None:
    outside = text.removesuffix("\r\n").split('"')[::2]
    if any("\r" in part for part in outside):
        raise MixedLineEnds(line=number)


def _decoded(data: bytes, number: int) -> str:
    if len(data) > _LINE:
        raise TooManyItems(
            what="bytes in a line", what_zh="单行字节", place=number, limit=_LINE
        )
    if number == 1:
        data = data.removeprefix(_BOM)
    if data.startswith(_WIDE[:2]) or b"\0" in data:
        raise BadEncoding(
            line=number, reason="it looks like UTF-16", reason_zh="疑似 UTF-16"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadEncoding(line=number, **_guess(data)) from error


def _guess(data: bytes) -> dict[str, str]:
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return {"reason": "a byte fits nowhere", "reason_zh": "含有无效字节"}
    return {"reason": "it looks like GBK", "reason_zh": "疑似 GBK"}


def _check_width(record: list[str]) -> None:
    if len(record) > COLUMNS:
        raise TooManyItems(what="columns", what_zh="列", place=1, limit=COLUMNS)
    if len(record) == 1:
        for mark, shown in ((";", "; (分号)"), ("\t", "TAB")):
            if mark in record[0]:
                raise WrongSeparator(separator=shown)
