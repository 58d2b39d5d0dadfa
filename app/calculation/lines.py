"""Requests line by line: cut from the parts of a stream, put together for a worker.

Pure. Memory is bounded: by one line, and what is longer than a line may be is dropped
while it comes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from app.kit.errors import TooLarge

BATCH_LINES: Final = 64
BATCH_BYTES: Final = 256 * 1024
_LARGE: Final = 64 * 1024
_LONG: Final = 256 * 1024
# Wherever it stands: a request that draws may be small and take a minute.
_DRAWS: Final = b'"MONTE_CARLO"'
# No encoder escapes a letter; who does may have something to hide.
_ESCAPED_LETTER: Final = re.compile(rb"\\u00[4-7]")


class LineTooLong(TooLarge):
    en = "A line has at most {limit} bytes."
    zh = "每行最多 {limit} 字节。"


@dataclass(frozen=True, slots=True)
class Line:
    """A request and its number, counted from 1; None where it is too long."""

    item: int
    body: bytes | None

    @property
    def is_alone(self) -> bool:
        """Tell whether others should not wait for this one."""
        if self.body is None or len(self.body) > _LARGE:
            return True
        return takes_long(self.body)


Batch: TypeAlias = Sequence[Line]


def takes_long(body: bytes) -> bool:
    """Tell whether the request in *body* may take more than some tenths of a second."""
    if len(body) > _LONG or _DRAWS in body:
        return True
    return b"\\u00" in body and _ESCAPED_LETTER.search(body) is not None


@dataclass(slots=True)
class Cutter:
    """Cuts parts into lines of at most *limit* bytes, from item *first* on.

    What holds nothing but blanks is no item; so is what follows the last line feed.
    """

    limit: int
    first: int = 1
    count: int = 0
    """The items so far, those before the first among them."""
    _begun: bytearray = field(default_factory=bytearray)
    _is_long: bool = False

    def feed(self, part: bytes) -> Iterator[Line]:
        """Yield the lines that *part* completes."""
        *ends, rest = part.split(b"\n")
        for end in ends:
            self._extend(end)
            yield from self.end()
        self._extend(rest)

    def end(self) -> Iterator[Line]:
        """Yield the line that ends here, if it is one."""
        body = None if self._is_long else bytes(self._begun)
        self._begun.clear()
        self._is_long = False
        if body is not None and not body.strip():
            return
        self.count += 1
        if self.count >= self.first:
            yield Line(self.count, body)

    def _extend(self, data: bytes) -> None:
        if len(self._begun) + len(data) > self.limit:
            self._is_long = True
        if self._is_long:
            self._begun.clear()
        else:
            self._begun += data


def batches(lines: Iterable[Line]) -> Iterator[Batch]:
    """Put *lines* together so that handing them over costs little beside their work."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        if line.is_alone:
            if batch:
                yield batch
            yield [line]
            batch, size = [], 0
            continue
        batch.append(line)
        size += len(line.body or b"")
        if len(batch) == BATCH_LINES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
