"""The outermost layer: what holds for every request, whoever answers it.

Request id, limits of the transport, HEAD, CORS for published data, headers, one log
line, measurements, and the handler of last resort.
"""

import logging
import os
import re
import time
from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.metrics import Metrics
from app.http.problems import ExpectationFailed, HeadersTooLarge, UriTooLong, answer
from app.http.routing import route_template
from app.kit.errors import DomainError, Malformed

RawHeaders = Sequence[tuple[bytes, bytes]]

URI_BYTES: Final = 8 * 1024
HEADER_FIELDS: Final = 100
HEADER_BYTES: Final = 32 * 1024
_CLIENT_GONE: Final = 499
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9_-]{1,64}\Z")
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})|%00")
_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
_EXPOSED: Final = (
    b"access-control-expose-headers",
    b"ETag, Link, Retry-After, TanYin-Snapshot, X-Request-Id",
)
# Keys are not for browsers, so Authorization is not among them.
_PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (b"access-control-allow-headers", b"Content-Type, If-None-Match, X-Request-Id"),
    (b"access-control-max-age", b"86400"),
)
_PUBLIC_POSTS: Final = frozenset({"/v1/calculations"})
_log: Final = logging.getLogger("tanyin.requests")


class BadFraming(Malformed):
    en = "The request is not HTTP/1.1 as this service speaks it."
    zh = "请求不符合本服务所用的 HTTP/1.1。"


class BadHost(Malformed):
    en = "A request has exactly one Host."
    zh = "请求必须且只能有一个 Host 头。"


class BadAddress(Malformed):
    code = "BAD_ENCODING"
    en = (
        "Path and query are percent-encoded UTF-8 without NUL; curl does that with -G "
        "--data-urlencode."
    )
    zh = (
        "路径与查询参数必须为百分号编码的 UTF-8,且不含 NUL;curl 可用 -G "
        "--data-urlencode。"
    )


class Edge:
    """Pure ASGI; wraps everything else."""

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, origins: Collection[str]
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.cors = _Cors(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        try:
            await self._choose(exchange)(exchange.scope, receive, exchange.send)
        except ClientDisconnect:
            exchange.status = _CLIENT_GONE
        except Exception as error:
            if exchange.started:
                raise
            last_resort = answer(exchange.scope, error)
            await last_resort(exchange.scope, receive, exchange.send)
        finally:
            exchange.finish(self.metrics)

    def _choose(self, exchange: "_Exchange") -> ASGIApp:
        """Return what answers: the application, or this layer itself."""
        scope = exchange.scope
        error = _refusal(scope)
        if error is not None:
            return answer(scope, error)
        if _is_published(scope, exchange.method):
            exchange.extra += self.cors.headers(scope)
            if exchange.method == "OPTIONS":
                exchange.extra += _PREFLIGHT
                return Response(status_code=204)
        return self.app


class _Exchange:
    """One request and what has become of its answer."""

    __slots__ = (
        "begun",
        "extra",
        "is_head",
        "method",
        "request_id",
        "scope",
        "send_on",
        "size",
        "started",
        "status",
    )

    def __init__(self, scope: Scope, send: Send) -> None:
        self.begun = time.perf_counter()
        self.method: str = scope["method"]
        self.is_head = self.method == "HEAD"
        # The server keeps its own scope, by which it knows that HEAD has no body.
        self.scope = {**scope, "method": "GET"} if self.is_head else scope
        headers = dict(scope["headers"])
        self.request_id = _request_id(headers)
        self.scope["tanyin.headers"] = headers
        self.scope["tanyin.request_id"] = self.request_id
        self.send_on = send
        self.extra = [_NOSNIFF, (b"x-request-id", self.request_id.encode())]
        self.status = 0
        self.size = 0
        self.started = False

    async def send(self, message: Message) -> None:
        """Pass *message* on, completed and counted."""
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = [*message.get("headers", ()), *self.extra]
            message = {**message, "headers": headers}
        elif self.is_head:
            message = {**message, "body": b""}
        else:
            self.size += len(message.get("body", b""))
        await self.send_on(message)

    def finish(self, metrics: Metrics) -> None:
        """Measure and log. The query is left out: it is the caller's business."""
        seconds = time.perf_counter() - self.begun
        metrics.observe(self.method, route_template(self.scope), self.status, seconds)
        fields = {
            "method": self.method,
            "path": self.scope["path"],
            "status": self.status,
            "ms": round(seconds * 1000, 2),
            "bytes": self.size,
            "request_id": self.request_id,
            "client": (self.scope.get("client") or ("",))[0],
        }
        _log.info("", extra={"fields": fields})


def _request_id(headers: dict[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode() if _REQUEST_ID.match(given) else os.urandom(12).hex()


def _refusal(scope: Scope) -> DomainError | None:
    """Return why *scope* is refused before anybody looks at what it asks for."""
    path, query = scope["raw_path"], scope["query_string"]
    fields = scope["headers"]
    if len(path) + len(query) >= URI_BYTES:
        return UriTooLong(limit=URI_BYTES)
    if len(fields) > HEADER_FIELDS or _header_bytes(fields) > HEADER_BYTES:
        return HeadersTooLarge(fields=HEADER_FIELDS, limit=HEADER_BYTES)
    if not (_is_clean(path) and _is_clean(query)):
        return BadAddress()
    return _framing(scope)


def _header_bytes(fields: RawHeaders) -> int:
    return sum(len(name) + len(value) for name, value in fields)


def _is_clean(part: bytes) -> bool:
    """Tell whether *part* decodes to UTF-8 without NUL."""
    if b"%" not in part and part.isascii():
        return True
    if _BAD_ESCAPE.search(part):
        return False
    try:
        unquote_to_bytes(part).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _framing(scope: Scope) -> DomainError | None:
    headers = scope["tanyin.headers"]
    if scope["http_version"] not in {"1.0", "1.1", "2"}:
        return BadFraming()
    if b"host" not in headers and scope["http_version"] == "1.1":
        return BadHost()
    if len(headers) < len(scope["headers"]) and _count(scope, b"host") > 1:
        return BadHost()
    if headers.get(b"expect", b"100-continue").lower() != b"100-continue":
        return ExpectationFailed()
    return None


def _count(scope: Scope, name: bytes) -> int:
    return sum(field == name for field, _ in scope["headers"])


def _is_published(scope: Scope, method: str) -> bool:
    """Tell whether a page of another origin may send *method* here, or asks to."""
    path = scope["path"]
    if not path.startswith("/v1/"):
        return False
    headers = scope["tanyin.headers"]
    if method == "OPTIONS":
        method = headers.get(b"access-control-request-method", b"").decode("latin-1")
    return method in {"GET", "HEAD"} or (method == "POST" and path in _PUBLIC_POSTS)


class _Cors:
    """Who may read published data from a browser."""

    def __init__(self, origins: Collection[str]) -> None:
        self.anyone = "*" in origins
        self.origins = frozenset(origin.encode() for origin in origins)

    def headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """Return the headers that let the origin of *scope* read the answer."""
        if self.anyone:
            return [(b"access-control-allow-origin", b"*"), _EXPOSED]
        origin = scope["tanyin.headers"].get(b"origin")
        if origin not in self.origins:
            return [(b"vary", b"Origin")]
        return [
            (b"vary", b"Origin"),
            (b"access-control-allow-origin", origin),
            _EXPOSED,
        ]
