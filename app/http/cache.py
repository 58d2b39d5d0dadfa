"""Finished answers to published reads, kept by path, query and snapshot.

An answer is a function of these three, so it may be given again for ever. Whatever is
kept was answered 200 and says its snapshot; nothing in it depends on who asked.
"""

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.metrics import Metrics
from app.http.routing import route_template
from app.http.services import services_of

RawHeader = tuple[bytes, bytes]
Key = tuple[str, bytes, int]

_VOCABULARIES: Final = "/v1/reference"
PREFIXES: Final = ("/v1/factors", "/v1/series", _VOCABULARIES)
_TIMELESS: Final = -1
_ENTRIES: Final = 8_192
_BYTES: Final = 64 * 1024 * 1024
_OK: Final = 200
_SNAPSHOT: Final = re.compile(rb"(?:^|&)snapshot=([0-9]{1,18})(?=&|\Z)")
# What describes the body does not belong to 304.
_OF_BODY: Final = frozenset({b"content-length", b"content-type"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer with status 200."""

    headers: tuple[RawHeader, ...]
    body: bytes
    etag: bytes
    route: str


class AnswerCache:
    """Pure ASGI; also answers If-None-Match, for kept answers and for fresh ones."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        entries: int = _ENTRIES,
        size: int = _BYTES,
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.store = AnswerStore(entries, size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_read(scope):
            await self.app(scope, receive, send)
            return
        found = self.store.find(_key(scope))
        if found is not None:
            self.metrics.cache_hits.inc()
            scope["tanyin.route"] = found.route
            await _send(scope, found, send)
            return
        self.metrics.cache_misses.inc()
        await self._ask(scope, receive, send)

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, collect)
        if messages[0]["status"] != _OK:
            for message in messages:
                await send(message)
            return
        answer = _complete(scope, messages)
        if (key := _key_of_answer(scope)) is not None:
            self.store.keep(key, answer)
        await _send(scope, answer, send)


class AnswerStore:
    """Answers by key, bounded in number and bytes; the longest unused goes first."""

    def __init__(self, entries: int, size: int) -> None:
        self._entries = entries
        self._left = size
        self._largest = size // 16
        self._answers: OrderedDict[Key, Answer] = OrderedDict()

    def find(self, key: Key | None) -> Answer | None:
        """Return the answer kept under *key*."""
        if key is None or key not in self._answers:
            return None
        self._answers.move_to_end(key)
        return self._answers[key]

    def keep(self, key: Key, answer: Answer) -> None:
        """Keep *answer*, unless it would push out much else."""
        if len(answer.body) > self._largest or key in self._answers:
            return
        self._answers[key] = answer
        self._left -= _weight(key, answer)
        while self._left < 0 or len(self._answers) > self._entries:
            self._left += _weight(*self._answers.popitem(last=False))


def _weight(key: Key, answer: Answer) -> int:
    """Return about how many bytes an entry takes."""
    return 1024 + len(key[0]) + len(key[1]) + len(answer.body)


def _is_read(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    path: str = scope["path"]
    return path.startswith(PREFIXES)


def _key(scope: Scope) -> Key | None:
    """Return under what an answer may be kept; None if that must be worked out first.

    A key with another spelling of `snapshot` in its query is right too: what is kept
    under it was resolved to that very size.
    """
    path, query = scope["path"], scope["query_string"]
    if path.startswith(_VOCABULARIES):
        return path, query, _TIMELESS
    if b"snapshot=" not in query:
        return path, query, services_of(scope).head.size
    match = _SNAPSHOT.search(query)
    return (path, query, int(match[1])) if match else None


def _key_of_answer(scope: Scope) -> Key | None:
    """Return under what the answer to *scope* is kept; None if it is not.

    Without a snapshot it says nothing of when it holds, unless it is a vocabulary,
    which is part of this program.
    """
    path, query = scope["path"], scope["query_string"]
    snapshot: int | None = scope.get("tanyin.snapshot")
    if path.startswith(_VOCABULARIES):
        return (path, query, _TIMELESS) if snapshot is None else None
    return None if snapshot is None else (path, query, snapshot)


def _complete(scope: Scope, messages: list[Message]) -> Answer:
    """Add the headers that every published read has, unless the route has set them."""
    body = b"".join(message.get("body", b"") for message in messages[1:])
    headers = dict(messages[0]["headers"])
    headers.setdefault(b"cache-control", b"no-cache")
    headers.setdefault(b"etag", f'"{hashlib.sha256(body).hexdigest()[:32]}"'.encode())
    if (snapshot := scope.get("tanyin.snapshot")) is not None:
        headers[b"tanyin-snapshot"] = str(snapshot).encode()
    return Answer(tuple(headers.items()), body, headers[b"etag"], route_template(scope))


async def _send(scope: Scope, answer: Answer, send: Send) -> None:
    if _is_known(scope["tanyin.headers"].get(b"if-none-match"), answer.etag):
        kept = [field for field in answer.headers if field[0] not in _OF_BODY]
        await _respond(send, 304, kept, b"")
    else:
        await _respond(send, _OK, answer.headers, answer.body)


async def _respond(
    send: Send,
    status: int,
    headers: list[RawHeader] | tuple[RawHeader, ...],
    body: bytes,
) -> None:
    start = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _is_known(given: bytes | None, etag: bytes) -> bool:
    """Compare weakly, as RFC 9110 section 13.1.2 asks of If-None-Match."""
    if given is None:
        return False
    tags = [tag.strip().removeprefix(b"W/") for tag in given.split(b",")]
    return etag in tags or tags == [b"*"]
