"""Reading bodies: one media type, one encoding, a limit, no leniency.

    async def create(draft: JsonBody[Draft]) -> …                    # validated
    async def run(body: Annotated[bytes, JsonDocument(Request)]) -> … # for a worker
    async for part in stream_body(request, limit): …                  # raw, of any type

OpenAPI shows the schema of a JSON document either way.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias, TypeVar, cast

from fastapi import Body, Request
from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from app.http.idempotency import note_body
from app.http.problems import RequestTimeout
from app.kit import strict_json
from app.kit.errors import TooLarge, UnsupportedMedia
from app.kit.strict_json import MalformedJson
from app.kit.validation import findings

_T = TypeVar("_T")
_IDLE_SECONDS: Final = 20
_MEDIA_TYPE: Final = re.compile(
    r'application/json\s*(;\s*charset\s*=\s*("utf-8"|utf-8)\s*)?\Z', re.IGNORECASE
)


class BodyTooLarge(TooLarge):
    en = "The body has at most {limit} bytes."
    zh = "请求体最多 {limit} 字节。"


class UnsupportedMediaType(UnsupportedMedia):
    en = "The body must be application/json, in UTF-8."
    zh = "请求体必须为 UTF-8 编码的 application/json。"


class UnsupportedContentEncoding(UnsupportedMedia):
    en = "The body must be sent without a Content-Encoding."
    zh = "请求体不得使用 Content-Encoding。"


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The most bytes of a body: an ordinary one, one for a worker, a document."""

    json: int
    large: int
    evidence: int = 50 * 1024 * 1024


def JsonDocument(  # noqa: N802 - reads as an annotation
    model: Any,  # noqa: ANN401 - any annotation
    examples: dict[str, Any] | None = None,
) -> Any:  # noqa: ANN401 - FastAPI's own
    """Mark bytes that hold a document of *model*; whoever takes them parses them."""
    field = Body(openapi_examples=examples)
    field.metadata = [_Shown(model)]
    return field


@dataclass(frozen=True, slots=True)
class _Shown:
    """Has OpenAPI show *model* where the handler gets the bytes."""

    model: Any

    def __get_pydantic_core_schema__(
        self, _: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            lambda data, _: data, handler.generate_schema(self.model)
        )


class _Validated:
    """Turns the bytes of a body into the annotated type, strictly, by JSON's types."""

    def __get_pydantic_core_schema__(
        self,
        source: Any,  # noqa: ANN401 - any annotation
        handler: GetCoreSchemaHandler,
    ) -> CoreSchema:
        adapter = TypeAdapter[Any](source)
        return core_schema.no_info_wrap_validator_function(
            lambda data, _: _parse(adapter, data), handler(source)
        )


JsonBody: TypeAlias = Annotated[_T, Body(), _Validated()]


def _parse(adapter: TypeAdapter[Any], data: bytes) -> object:
    # Read twice: our reader sees duplicate keys and the like, Pydantic's own takes
    # arrays for tuples and texts for enumerations, which its strict mode refuses
    # in Python objects.
    document = strict_json.loads(data)
    try:
        return adapter.validate_json(data)
    except ValidationError as error:
        raise findings(error, document) from error


class _BytesRequest(Request):
    """A request whose body was read; FastAPI gets the bytes in place of a document."""

    def __init__(self, request: Request, data: bytes) -> None:
        super().__init__(request.scope, request.receive)
        self._body = data

    async def json(self) -> bytes:
        return self._body


async def read_json_body(request: Request, field: FieldInfo) -> Request:
    """Return *request* with its body read whole; an empty one is malformed JSON."""
    if not field.is_required() and _is_empty(request):
        return _BytesRequest(request, b"")
    limits = limits_of(request)
    is_large = any(isinstance(each, _Shown) for each in field.metadata)
    data = await read_body(request, limits.large if is_large else limits.json)
    if not data:
        raise MalformedJson
    return _BytesRequest(request, data)


def _is_empty(request: Request) -> bool:
    """Tell whether the request says that it has no body."""
    has_body = request.headers.get("content-length", "0") != "0"
    return not has_body and "transfer-encoding" not in request.headers


def limits_of(request: Request) -> BodyLimits:
    """Return the limits of the application that serves *request*."""
    return cast("BodyLimits", request.app.state.body_limits)


async def read_body(request: Request, limit: int) -> bytes:
    """Return the JSON bytes of *request*; no more than *limit* are ever read."""
    _check_media_type(request)
    parts = []
    # Part by part: the digest of a large body would keep the others waiting. Nobody
    # asks for it where there is no key to remember it by.
    digest = hashlib.sha256() if "idempotency-key" in request.headers else None
    async for part in stream_body(request, limit):
        if digest is not None:
            digest.update(part)
        parts.append(part)
    if digest is not None:
        note_body(request.scope, digest.digest())
    return b"".join(parts)


async def stream_body(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the body of *request* as it comes; no more than *limit* bytes are read."""
    check_encoding(request)
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length[:18]) > limit:
        raise BodyTooLarge(limit=limit)
    size = 0
    parts = request.stream()
    while (part := await _next(parts)) is not None:
        size += len(part)
        if size > limit:
            raise BodyTooLarge(limit=limit)
        yield part


def check_encoding(request: Request) -> None:
    """Raise `UnsupportedContentEncoding` for a body that was sent encoded."""
    if "content-encoding" in request.headers:
        raise UnsupportedContentEncoding


async def _next(parts: Any) -> bytes | None:  # noqa: ANN401 - an async generator
    try:
        async with asyncio.timeout(_IDLE_SECONDS):
            return await anext(parts, None)
    except TimeoutError:
        raise RequestTimeout from None


def _check_media_type(request: Request) -> None:
    types = request.headers.getlist("content-type")
    if len(types) != 1 or not _MEDIA_TYPE.match(types[0]):
        raise UnsupportedMediaType
