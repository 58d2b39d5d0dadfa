"""The one class of route: strict about the query and about bodies."""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import Scope

from app.http import idempotency
from app.http.bodies import read_json_body
from app.http.findings import (
    RepeatedParameter,
    UnknownParameter,
    parameter_findings,
    query_pointer,
)
from app.kit.errors import Findings, Invalid

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRoute(APIRoute):
    """Refuses undeclared and repeated query parameters, and reads bodies strictly."""

    def get_route_handler(self) -> Handler:
        """Return FastAPI's handler behind the checks."""
        handle = super().get_route_handler()
        fields = list(_query_fields(self.dependant))
        names = frozenset(_names(fields))
        body = self.body_field

        async def strict(request: Request) -> Response:
            if request.scope["query_string"]:
                _check_query(request, fields, names)
            if body is not None:
                request = await read_json_body(request, body.field_info)
            response = await handle(request)
            # The transaction of the request is still open here.
            await idempotency.keep(request.scope, response)
            return response

        return strict


def router(*tags: str) -> APIRouter:
    """Return an empty router whose routes are strict."""
    return APIRouter(route_class=StrictRoute, tags=list(tags))


def route_template(scope: Scope) -> str:
    """Return the path of the route that serves *scope*, with its placeholders."""
    known: str | None = scope.get("tanyin.route")
    if known is not None:
        return known
    context = scope.get("fastapi", {}).get("effective_route_context")
    return getattr(context or scope.get("route"), "path_format", "unmatched")


def _check_query(request: Request, fields: list[Any], names: frozenset[str]) -> None:
    """Refuse with all errors of the query at once, those of values among them."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    errors: list[Invalid] = []
    for name, count in given.items():
        if name not in names:
            errors.append(UnknownParameter(pointer=query_pointer(name)))
        elif count > 1:
            errors.append(RepeatedParameter(pointer=query_pointer(name)))
    if errors:
        _, details = request_params_to_args(fields, request.query_params)
        raise Findings([*errors, *parameter_findings(details).errors])


def _query_fields(dependant: Dependant) -> Iterator[Any]:
    yield from dependant.query_params
    for dependency in dependant.dependencies:
        yield from _query_fields(dependency)


def _names(fields: list[Any]) -> Iterator[str]:
    """Return the parameters' names; a model stands for its fields."""
    for field in fields:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from model.model_fields
        else:
            yield field.alias
