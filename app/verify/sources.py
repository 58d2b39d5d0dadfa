"""Where answers come from: a service over HTTP, or a folder that mirrors one.

Nothing is trusted to end: every answer has a greatest size and, over HTTP, an instant
by which it must be there whole. Redirects are not followed, because they would let
whoever answers choose who is asked.
"""

import http.client
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from app.translog.note import Malformed
from app.verify.verdicts import Missing, Unreachable, Wrong

KIB: Final = 1024
MIB: Final = 1024 * KIB
_CHUNK: Final = 64 * KIB
_WAITS: Final = 3
_LONGEST_WAIT: Final = 60
_SECONDS: Final = re.compile(r"[0-9]{1,9}")

Take: TypeAlias = Callable[[bytes], object]


class Source(Protocol):
    """Answers what the service would answer below /v1."""

    def feed(self, path: str, limit: int, take: Take) -> None:
        """Hand the answer to *take* in pieces.

        Raises `Unreachable` unless it comes whole, `Malformed` if it is longer than
        *limit* or a page for people.
        """


def read(source: Source, path: str, limit: int) -> bytes:
    """Return an answer of at most *limit* bytes."""
    found = bytearray()
    source.feed(path, limit, found.extend)
    return bytes(found)


@dataclass(frozen=True, slots=True)
class Service:
    """A service at *base*, without /v1, that has *seconds* for each whole answer."""

    base: str
    seconds: float

    def feed(self, path: str, limit: int, take: Take) -> None:
        """See `Source`. Waits when it is asked to, a few times at most."""
        for _ in range(_WAITS):
            try:
                return self._feed(path, limit, take)
            except _TooFast as error:
                time.sleep(error.seconds)
        return self._feed(path, limit, take)

    def _feed(self, path: str, limit: int, take: Take) -> None:
        # What stands here at the end is raised: nothing but a whole answer removes it.
        text = f"{path} was not answered whole within {self.seconds:g} s"
        failures: list[Exception] = [Unreachable(text)]
        # A thread can be left behind wherever it hangs: in the name look-up, in a
        # header that comes byte by byte, in the body.
        worker = threading.Thread(
            target=self._work, args=(path, limit, take, failures), daemon=True
        )
        worker.start()
        worker.join(self.seconds)
        if failures:
            raise failures[-1]

    def _work(
        self, path: str, limit: int, take: Take, failures: list[Exception]
    ) -> None:
        try:
            self._load(path, limit, take)
            failures.clear()
        except urllib.error.HTTPError as error:
            error.close()
            failures.append(_failure(path, error))
        except (Malformed, Unreachable, Wrong) as error:
            failures.append(error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            failures.append(Unreachable(f"{path}: {error}"))

    def _load(self, path: str, limit: int, take: Take) -> None:
        deadline = time.monotonic() + self.seconds
        address = f"{self.base}/v1{path}"
        request = urllib.request.Request(address)  # noqa: S310 - checked by the command
        with _OPENER.open(request, timeout=self.seconds) as answer:
            _check_head(path, answer, limit)
            size = 0
            while piece := answer.read1(_CHUNK):
                size += len(piece)
                _check_size(path, size, limit)
                if time.monotonic() > deadline:
                    raise Unreachable(f"{path} takes too long")
                take(piece)
            if answer.length:
                raise Unreachable(f"{path} ends {answer.length} bytes early")


@dataclass(frozen=True, slots=True)
class Mirror:
    """A folder with what a service answered below /v1, by path."""

    folder: Path

    def feed(self, path: str, limit: int, take: Take) -> None:
        """See `Source`."""
        file = self.folder / path.lstrip("/")
        if not file.is_file():
            raise Missing(f"{file} is missing")
        _check_size(path, file.stat().st_size, limit)
        with file.open("rb") as opened:
            while piece := opened.read(_CHUNK):
                take(piece)


class _TooFast(Unreachable):
    """The service wants to be left in peace for some seconds."""

    def __init__(self, text: str, seconds: int) -> None:
        super().__init__(text)
        self.seconds = seconds


def _failure(path: str, error: urllib.error.HTTPError) -> Unreachable:
    text, wait = (
        f"{path} is answered {error.code}",
        error.headers.get("Retry-After", ""),
    )
    if error.code == http.client.NOT_FOUND:
        return Missing(text)
    if error.code == http.client.TOO_MANY_REQUESTS and _SECONDS.fullmatch(wait):
        return _TooFast(text, min(int(wait), _LONGEST_WAIT))
    return Unreachable(text)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing: the answer then counts as an error."""


_OPENER: Final = urllib.request.build_opener(_NoRedirect)


def _check_head(path: str, answer: Any, limit: int) -> None:  # noqa: ANN401 - urllib's
    if answer.status != http.client.OK:
        raise Unreachable(f"{path} is answered {answer.status}: not there yet")
    if answer.headers.get_content_type() in {"text/html", "application/xhtml+xml"}:
        raise Malformed(f"{path} is answered with a page for people")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Malformed(f"{path} is answered compressed, which was not asked for")
    _check_size(path, answer.length or 0, limit)


def _check_size(path: str, size: int, limit: int) -> None:
    if size > limit:
        raise Malformed(f"{path} is longer than {limit} bytes")
