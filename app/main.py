"""Wires everything; the only place that knows all of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute
from starlette.types import Lifespan

from app import __version__
from app.accounts.idempotency import AlreadyAnswered
from app.api.routes import api
from app.http import docs, operations, problems
from app.http.bodies import BodyLimits
from app.http.cache import AnswerCache
from app.http.idempotency import replay
from app.http.limits import Admission, RateLimiter
from app.http.metrics import Metrics
from app.http.middleware import Edge
from app.http.openapi import describe
from app.http.routing import StrictRoute
from app.http.services import open_services
from app.kit.workers import WorkerPool, usable_cores
from app.reference.policy import DEMO, NATIONAL
from app.settings import Settings
from app.translog.keys import KeySource

# Large requests that may wait for each worker; a minute's work, if all are huge.
WAITING_EACH: Final = 4


class TanYin(FastAPI):
    """FastAPI with an exact description of the interface."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(self)
        return self.openapi_schema


def create_app(settings: Settings) -> FastAPI:
    """Return the application; it connects to the database when it starts."""
    app = TanYin(
        title="TanYin 碳因",
        version=__version__,
        lifespan=_lifespan(settings),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.body_limits = BodyLimits(
        json=settings.body_limit,
        large=settings.calculation_body_limit,
        evidence=settings.evidence_limit,
    )
    app.state.metrics = Metrics()
    app.state.page = docs.FrontPage(settings.base_url, settings.demo)
    problems.install(app)
    app.add_exception_handler(AlreadyAnswered, replay)
    _add_layers(app, settings)
    app.router.routes += _routes()
    return app


@cache
def _routes() -> list[BaseRoute]:
    """Return what all applications share: to describe it once takes a second."""
    router = APIRouter(generate_unique_id_function=_operation_id)
    for routes in (api, operations.routes, docs.routes):
        router.include_router(routes)
    for route in iter_route_contexts(router.routes):
        if not isinstance(route.original_route, StrictRoute):
            raise TypeError(f"{route.path} was not made by app.http.routing.router.")
    return router.routes


def _add_layers(app: FastAPI, settings: Settings) -> None:
    metrics: Metrics = app.state.metrics
    limiter = RateLimiter() if settings.rate_limit else None
    # The last one added is the outermost.
    app.add_middleware(AnswerCache, metrics=metrics)
    app.add_middleware(Admission, limiter=limiter)
    app.add_middleware(Edge, metrics=metrics, origins=settings.cors_origins)


def _operation_id(route: APIRoute) -> str:
    return route.name


def _lifespan(settings: Settings) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        policy = DEMO if settings.demo else NATIONAL
        url = str(settings.database_url)
        keys = KeySource(settings.log_key_file, settings.log_key)
        witnesses = settings.witnesses
        size = settings.workers or usable_cores()
        workers = WorkerPool(size, WAITING_EACH * size)
        async with open_services(url, policy, keys, witnesses, workers) as services:
            app.state.services = services
            yield

    return lifespan
