"""The description of the interface, exact: what is answered and nothing else."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.http.cache import PREFIXES
from app.http.problems import (
    ExpectationFailed,
    HeadersTooLarge,
    Problem,
    RequestTimeout,
    UriTooLong,
    problem_responses,
    response_headers,
)
from app.kit.errors import (
    DomainError,
    Invalid,
    Malformed,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)

Json = dict[str, Any]

_REF: Final = "#/components/schemas/{model}"
_DESCRIPTION: Final = """\
China's national product-carbon-footprint factor database as a service \
国家产品碳足迹因子数据库.

Reading published data and calculating need no key. Every read takes `snapshot`, says \
the log size it was read at in `TanYin-Snapshot`, and then never answers differently. \
Decimals are strings. Errors are problem documents (RFC 9457), in Chinese with \
`Accept-Language: zh`; unknown and repeated parameters and unknown fields are errors. \
HEAD works wherever GET does; another method is 405.
"""
_SECURITY: Final = {
    "ApiKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key: `Authorization: Bearer tanyin_…`.",
    }
}
_ALWAYS_SENT: Final = {
    "401": "WWW-Authenticate",
    "429": "Retry-After",
    "503": "Retry-After",
}
_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "ETags that the client holds; 304 if one of them is current.",
}


def describe(app: FastAPI) -> Json:
    """Return the OpenAPI 3.1 document of *app*."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=_DESCRIPTION,
        routes=app.routes,
    )
    _, problem = models_json_schema([(Problem, "validation")], ref_template=_REF)
    components = document.setdefault("components", {})
    schemas = components.get("schemas", {}) | problem["$defs"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = _SECURITY
    document["security"] = [{}, {"ApiKey": []}]
    for path, method, operation in _operations(document):
        _complete(operation, _common(path, operation))
        if method == "get" and path.startswith(PREFIXES):
            _publish(operation)
    return document


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _common(path: str, operation: Json) -> Iterator[type[DomainError]]:
    """Return what any operation at *path* may refuse with."""
    yield from (Malformed, Invalid, RequestTimeout, UriTooLong)
    yield from (ExpectationFailed, HeadersTooLarge)
    if path.startswith("/v1/"):
        yield from (Unauthenticated, TooManyRequests, Unavailable)
    if "requestBody" in operation:
        yield from (TooLarge, UnsupportedMedia)


def _complete(operation: Json, families: Iterable[type[DomainError]]) -> None:
    _split_docstring(operation)
    for parameter in operation.get("parameters", ()):
        _drop_null(parameter["schema"])
    refusals = problem_responses(*families)
    responses = {str(status): each for status, each in refusals.items()}
    operation["responses"] = dict(sorted((operation["responses"] | responses).items()))
    for status, header in _ALWAYS_SENT.items():
        _add_headers(operation, status, header)


def _publish(operation: Json) -> None:
    """Add what the cache of answers gives to every published read."""
    operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
    operation["responses"]["304"] = {"description": "Not modified"}
    operation["responses"] = dict(sorted(operation["responses"].items()))
    names = ["ETag"]
    if any(each["name"] == "snapshot" for each in operation["parameters"]):
        names.append("TanYin-Snapshot")
    for status in ("200", "304"):
        _add_headers(operation, status, *names)


def _add_headers(operation: Json, status: str, *names: str) -> None:
    if status in operation["responses"]:
        headers = operation["responses"][status].setdefault("headers", {})
        headers.update(response_headers(*names))


def _split_docstring(operation: Json) -> None:
    """Use the first sentence of the handler's docstring as the summary."""
    first, _, rest = operation.pop("description", "").partition("\n")
    operation["summary"] = first.rstrip(".")
    if rest.strip():
        operation["description"] = rest.strip()


def _drop_null(schema: Json) -> None:
    """Remove the null that an optional parameter cannot be in a query."""
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) == 1:
        del schema["anyOf"]
        schema.update(choices[0])
