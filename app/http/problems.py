"""Every refusal as a problem document (RFC 9457), in Chinese or English.

The last part of `type` is the `code` in kebab-case. A rejected value is never repeated.
"""

import logging
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

import asyncpg
import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from app.factors.traces import CandidateRead
from app.http.findings import parameter_findings
from app.kit.errors import (
    Conflict,
    DomainError,
    Findings,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    PreconditionFailed,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from app.kit.schemas import Schema

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "/problems/"
_SHOWN: Final = 200
_RETRY_SECONDS: Final = 2
_ACCEPTED: Final = re.compile(
    r"(?:^|,)\s*([a-z]{1,8})(?:-[a-z0-9-]*)?\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?(?=,|$)"
)
_HEADERS: Final[Mapping[str, str]] = {
    "ETag": "Strong; send it back in If-None-Match.",
    "Link": "The next page, with rel=next; absent on the last one.",
    "TanYin-Snapshot": "The log size at which the answer holds.",
    "Retry-After": "Seconds to wait.",
    "WWW-Authenticate": "How to authenticate.",
}
# SQLSTATE classes: connection, resources, operator intervention, system error; and
# the states that only say that somebody else was first.
_OUTAGES: Final = frozenset({"08", "53", "57", "58"})
_COLLISIONS: Final = frozenset({"40001", "40P01", "55P03"})
_log: Final = logging.getLogger("tanyin.problems")

Responses: TypeAlias = dict[int | str, dict[str, Any]]


class MethodNotAllowed(DomainError):
    en = "This resource does not have that method; see Allow."
    zh = "该资源不支持此方法,详见 Allow。"


class RequestTimeout(DomainError):
    en = "The request did not arrive in time."
    zh = "请求未能按时到达。"


class PreconditionRequired(PreconditionFailed):
    en = "This request needs an If-Match header with the ETag that was read."
    zh = "此请求需要 If-Match 头,其值为读取时得到的 ETag。"


class UriTooLong(DomainError):
    en = "Path and query have at most {limit} bytes."
    zh = "路径与查询参数合计最多 {limit} 字节。"


class ExpectationFailed(DomainError):
    en = "The only expectation that is met is 100-continue."
    zh = "仅支持 100-continue。"


class HeadersTooLarge(DomainError):
    en = "A request has at most {fields} header fields of {limit} bytes in all."
    zh = "请求最多 {fields} 个头字段,合计 {limit} 字节。"


class InternalError(DomainError):
    en = "The service failed; the failure is in its log under this request id."
    zh = "服务内部错误,已按此请求编号记入日志。"


# A subclass stands before its base.
_STATUSES: Final[Mapping[type[DomainError], int]] = {
    Malformed: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    RequestTimeout: 408,
    Conflict: 409,
    PreconditionRequired: 428,
    PreconditionFailed: 412,
    TooLarge: 413,
    UriTooLong: 414,
    UnsupportedMedia: 415,
    ExpectationFailed: 417,
    Invalid: 422,
    TooManyRequests: 429,
    HeadersTooLarge: 431,
    Unavailable: 503,
    DomainError: 500,
}
_TITLES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("Malformed request", "请求格式错误"),
    401: ("Not authenticated", "未通过身份验证"),
    403: ("Not allowed", "无权限"),
    404: ("Not found", "未找到"),
    405: ("Method not allowed", "方法不允许"),
    408: ("Request timeout", "请求超时"),
    409: ("Conflict", "状态冲突"),
    412: ("Precondition failed", "前提条件不满足"),
    413: ("Request too large", "请求过大"),
    414: ("Address too long", "地址过长"),
    415: ("Unsupported media type", "不支持的媒体类型"),
    417: ("Expectation failed", "期望无法满足"),
    422: ("Rules broken", "违反规则"),
    428: ("Precondition required", "缺少前提条件"),
    429: ("Too many requests", "请求过多"),
    431: ("Headers too large", "请求头过大"),
    500: ("Internal error", "内部错误"),
    503: ("Unavailable", "服务不可用"),
}
_HTTP_ERRORS: Final[Mapping[int, type[DomainError]]] = {
    400: Malformed,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
}


class ProblemError(Schema):
    """One broken rule."""

    pointer: Annotated[str, Field(examples=["/processes/0/output/unit"])]
    """JSON pointer into the body, `?name` in the query, `{name}` in the path."""
    code: str
    detail: str
    candidates: tuple[CandidateRead, ...] | None = None
    """With AMBIGUOUS_FACTOR what fits alike, with NO_FACTOR_FOUND and FACTOR_FALLBACK
    the nearest; absent otherwise."""


class Problem(Schema):
    """A refusal (RFC 9457)."""

    type: Annotated[str, Field(examples=["/problems/unknown-factor"])]
    title: str
    status: int
    detail: str
    instance: str
    """The request's id, as in the header X-Request-Id."""
    code: Annotated[str, Field(examples=["UNKNOWN_FACTOR"])]
    errors: tuple[ProblemError, ...]
    """Every broken rule that has a place in the request; may be empty."""


def problem_responses(*families: type[DomainError]) -> Responses:
    """Return OpenAPI's `responses` of an operation that may refuse with *families*.

    What any operation may answer is added by `app.http.openapi`.
    """
    return {
        status: {
            "description": _TITLES[status][0],
            "content": {
                MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for family, status in _STATUSES.items()
        if family in families
    }


def response_headers(*names: str) -> dict[str, Any]:
    """Return OpenAPI's `headers` of an answer that carries *names*."""
    return {
        name: {"description": _HEADERS[name], "schema": {"type": "string"}}
        for name in names
    }


def install(app: FastAPI) -> None:
    """Make *app* answer every error with a problem document."""
    for family in (
        DomainError,
        HTTPException,
        RequestValidationError,
        DBAPIError,
        NoConnection,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        OSError,
    ):
        app.add_exception_handler(family, _handle)


async def _handle(request: Request, error: Exception) -> Response:
    return answer(request.scope, error)


def problem_of(scope: Scope, error: Exception) -> tuple[int, dict[str, Any]]:
    """Return status and problem document of *error*, for a part of an answer."""
    refusal = _refusal(error)
    _report(scope, refusal, error)
    status = _status(refusal)
    return status, _document(scope, refusal, status, _language_of(scope))


def answer(scope: Scope, error: Exception) -> Response:
    """Return the problem document of *error*, which is logged if it is our failure."""
    refusal = _refusal(error)
    status, body = problem_of(scope, error)
    language = _language_of(scope)
    return Response(
        orjson.dumps(body), status, _headers(scope, refusal, language), MEDIA_TYPE
    )


def _refusal(error: Exception) -> DomainError:
    if isinstance(error, DomainError):
        return error
    if isinstance(error, RequestValidationError):
        return parameter_findings(error.errors())
    if isinstance(error, HTTPException):
        return _HTTP_ERRORS.get(error.status_code, InternalError)()
    if _is_outage(error):
        return Unavailable()
    return InternalError()


def _is_outage(error: Exception) -> bool:
    """Tell whether the database is away, full or too busy, and not our statement wrong.

    Within a request nothing but the connection to it can raise an OSError.
    """
    if not isinstance(error, DBAPIError):
        outages = (NoConnection, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
        return isinstance(error, outages)
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state[:2] in _OUTAGES or state in _COLLISIONS


def _report(scope: Scope, refusal: DomainError, error: Exception) -> None:
    """Log what is our failure: an outage in a line, a mistake with its traceback."""
    extra = {"fields": {"request_id": scope.get("tanyin.request_id", "")}}
    if isinstance(refusal, InternalError):
        _log.error(refusal.code, exc_info=error, extra=extra)
    elif isinstance(refusal, Unavailable):
        _log.warning("%s: %s", refusal.code, type(error).__name__, extra=extra)


def _status(error: DomainError) -> int:
    return next(_STATUSES[base] for base in type(error).__mro__ if base in _STATUSES)


def _document(
    scope: Scope, error: DomainError, status: int, language: str
) -> dict[str, Any]:
    errors = error.errors if isinstance(error, Findings) else _own(error)
    headline = _headline(error)
    return {
        "type": TYPE_PREFIX + headline.code.lower().replace("_", "-"),
        "title": _TITLES[status][language == "zh"],
        "status": status,
        "detail": headline.detail(language),
        "instance": scope.get("tanyin.request_id", ""),
        "code": headline.code,
        "errors": [_entry(each, language) for each in errors[:_SHOWN]],
    }


def _own(error: DomainError) -> tuple[DomainError, ...]:
    return (error,) if error.pointer is not None else ()


def _headline(error: DomainError) -> DomainError:
    """Return what names the whole refusal: the finding itself where there is one."""
    if isinstance(error, Findings) and len(error.errors) == 1:
        return error.errors[0]
    return error


def _entry(error: DomainError, language: str) -> dict[str, Any]:
    entry = {
        "pointer": error.pointer,
        "code": error.code,
        "detail": error.detail(language),
    }
    return entry | ({"candidates": error.candidates} if error.candidates else {})


def _headers(scope: Scope, error: DomainError, language: str) -> dict[str, str]:
    headers = {
        "Cache-Control": "no-store",
        "Content-Language": language,
        "Vary": "Accept-Language",
    }
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="tanyin"'
    if isinstance(error, TooManyRequests | Unavailable):
        headers["Retry-After"] = str(error.facts.get("retry_after", _RETRY_SECONDS))
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(_allowed(scope))
    return headers


def _allowed(scope: Scope) -> list[str]:
    """Return the methods of every route at this path, where GET brings HEAD along."""
    methods: set[str] = set()
    for route in iter_route_contexts(scope["app"].routes):
        if route.path_regex.match(scope["path"]):
            methods |= route.methods or set()
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


def _language_of(scope: Scope) -> str:
    return _language(Headers(scope=scope).get("accept-language", ""))


def _language(accepted: str) -> str:
    """Return `zh` where Accept-Language prefers it to English, else `en`."""
    weights = {"zh": 0.0, "en": 0.0}
    for name, weight in _ACCEPTED.findall(accepted.lower()):
        if name in weights:
            weights[name] = max(weights[name], float(weight or 1))
    return "zh" if weights["zh"] > weights["en"] else "en"
