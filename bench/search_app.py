"""The service on 100,000 versions, with one route more: the SQL of a search, alone.

    python -m bench.search_app

The versions are published as the service publishes them; each has the name, region and
year of its own, drawn from those of the seed.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import httpx
import sqlalchemy as sa
import uvicorn

from app.cli.demo import running_demo
from app.cli.serve import server_config
from app.factors.content import Content
from app.factors.models import FactorVersion
from app.http import logs
from app.kit.database import create_engine, create_sessions
from app.main import create_app
from app.publication import service as publication
from app.publication.service import Publication
from app.reference.enums import Road
from app.settings import from_environment
from app.translog.models import LogEntry

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import AsyncSession

VERSIONS: Final = 100_000
_BATCH: Final = 5_000
_PEOPLE: Final = ("p_bench_1", "p_bench_2")
_QUALIFIERS: Final = ("一级", "高纯", "再生", "工业级", "低碳", "国产", "进口", "通用")


def add_route(app: FastAPI, url: str) -> None:
    """Add the route, which lets *app* search once and repeats its statements."""
    url = (
        sa.make_url(url)
        .set(drivername="postgresql")
        .render_as_string(hide_password=False)
    )
    seen: list[tuple[str, tuple[Any, ...]]] = []

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def note(_c: Any, _k: Any, statement: str, values: Any, *_: Any) -> None:  # noqa: ANN401
        seen.append((statement, values))

    @app.get("/v1/bench/search")
    async def search(path: str, times: int) -> list[float]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as own:
            seen.clear()
            await own.get(path)
        connection = await asyncpg.connect(url)
        try:
            return [await _run(connection, seen) for _ in range(times)]
        finally:
            await connection.close()


async def _run(
    connection: asyncpg.Connection[Any], seen: list[tuple[str, tuple[Any, ...]]]
) -> float:
    begun = time.perf_counter()
    for statement, values in seen:
        await connection.fetch(statement, *values)
    return time.perf_counter() - begun


def main() -> None:
    """Serve as `tanyin serve` does."""
    settings = from_environment(os.environ)
    logs.configure()
    with running_demo(settings) as ready:
        url = str(ready.database_url)
        asyncio.run(_prepare(url))
        app = create_app(ready)
        add_route(app, url)
        uvicorn.Server(server_config(app, port=settings.port)).run()


async def _prepare(url: str) -> None:
    engine = create_engine(url)
    sessions = create_sessions(engine)
    async with sessions() as session:
        seed = await _contents(session)
    draw = random.Random(1)  # noqa: S311 - a benchmark, not a secret
    for first in range(0, VERSIONS - len(seed), _BATCH):
        contents = [
            _other(draw, draw.choice(seed), first + number) for number in range(_BATCH)
        ]
        async with sessions.begin() as session:
            made = [Publication(each, Road.AUTHORITY, _PEOPLE) for each in contents]
            await publication.publish_all(session, made)
    # Statistics, as autovacuum would make them in its own time.
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(sa.text("ANALYZE"))
    await engine.dispose()


async def _contents(session: AsyncSession) -> list[dict[str, Any]]:
    statement = sa.select(LogEntry.record).join(
        FactorVersion, FactorVersion.log_index == LogEntry.index
    )
    records = await session.scalars(statement)
    return [json.loads(record)["content"] for record in records]


def _other(draw: random.Random, content: dict[str, Any], number: int) -> Content:
    name = {
        "zh": f"{draw.choice(_QUALIFIERS)}{content['name']['zh']}{number}",
        "en": f"{content['name']['en']} {number}",
    }
    return Content.model_validate_json(json.dumps(content | {"name": name}))


if __name__ == "__main__":
    main()
