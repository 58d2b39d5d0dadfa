"""What operators ask: is the process alive, can it serve, what does it measure."""

from typing import Annotated, Final, Literal

import sqlalchemy as sa
from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import Field

from app.http.dependencies import ReadSession
from app.http.metrics import CONTENT_TYPE, Metrics
from app.http.problems import problem_responses
from app.http.routing import router
from app.http.services import services_of
from app.kit.errors import Unavailable
from app.kit.schemas import Schema

routes = router("operations")

_DURABLE: Final = ("fsync", "full_page_writes", "synchronous_commit")


class NotDurable(Unavailable):
    en = "PostgreSQL may lose what it has committed; switched off: {settings}."
    zh = "PostgreSQL 可能丢失已提交的数据;以下设置被关闭:{settings}。"


class Health(Schema):
    """The process answers."""

    status: Literal["ALIVE"]


class Readiness(Schema):
    """The database answers, and keeps what it commits."""

    status: Literal["READY"]
    log_size: Annotated[int, Field(ge=0)]


@routes.get("/healthz")
async def get_health() -> Health:
    """Tell that the process is alive."""
    return Health(status="ALIVE")


@routes.get("/readyz", responses=problem_responses(Unavailable))
async def get_readiness(request: Request, session: ReadSession) -> Readiness:
    """Tell that the database answers and that its commits are durable."""
    switched_off = sa.text(
        "SELECT name FROM pg_settings WHERE setting = 'off' AND name = ANY(:names)"
    )
    found = await session.scalars(switched_off, {"names": list(_DURABLE)})
    if names := sorted(found):
        raise NotDurable(settings=", ".join(names))
    size = await services_of(request.scope).head.current()
    return Readiness(status="READY", log_size=size)


@routes.get("/metrics", response_class=PlainTextResponse)
async def get_metrics(request: Request) -> Response:
    """Return the measurements of this process in Prometheus' text format."""
    metrics: Metrics = request.app.state.metrics
    services = services_of(request.scope)
    metrics.log_size.set(services.head.size)
    metrics.large_waiting.set(services.workers.gate.waiting)
    metrics.large_running.set(services.workers.gate.inside)
    return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE})
