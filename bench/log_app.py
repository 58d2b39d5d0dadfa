"""The service on a log of a million entries, with one route more: a single-row read.

    python -m bench.log_app

Before it answers it publishes 10,000 versions in one transaction and prints how long
that took, fills the log up, and covers it by a checkpoint.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import Final

import sqlalchemy as sa
import uvicorn
from fastapi import Response

from app.cli.demo import running_demo
from app.cli.serve import server_config
from app.factors.content import Content
from app.http import logs
from app.http.dependencies import ReadSession  # noqa: TC001 - FastAPI reads it
from app.http.routing import router
from app.kit.database import create_engine, create_sessions
from app.main import create_app
from app.publication import service as publication
from app.publication.service import Publication
from app.reference.enums import Road
from app.settings import from_environment
from app.translog import checkpoints
from app.translog.models import LogEntry
from bench.drafts import draft

VERSIONS: Final = 10_000
SIZE: Final = 1_000_000
_PEOPLE: Final = ("p_bench_1", "p_bench_2")
# Entries as the service writes them, of about the length of a version's record.
_FILL: Final = r"""
INSERT INTO log_entry (index, kind, record, leaf_hash, recorded_at)
SELECT
  index, 'tanyin/status-change/1', record, sha256('\x00'::bytea || record), at
FROM (
  SELECT index, at, convert_to(
    '{"code":"CNF-01-000001-14","reason":"' || repeat(md5(cast(index AS text)), 40)
    || '","recorded_at":"' || to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    || '","schema":"tanyin/status-change/1","status":"PUBLISHED","version":1}', 'UTF8'
  ) AS record
  FROM (
    SELECT first + step AS index, last + (step + 1) * interval '1 microsecond' AS at
    FROM (SELECT max(index) + 1 AS first, max(recorded_at) AS last FROM log_entry) ends,
         generate_series(0, $1::bigint - 1 - (SELECT max(index) FROM log_entry)) AS step
    WHERE first + step < $1::bigint
  ) places
) entries
"""

routes = router("bench")


@routes.get("/v1/bench/rows")
async def read_row(session: ReadSession, index: int) -> Response:
    """Read one row."""
    found = sa.select(LogEntry.leaf_hash).where(LogEntry.index == index)
    return Response(bytes(await session.scalar(found) or b"").hex())


def main() -> None:
    """Serve as `tanyin serve` does."""
    settings = from_environment(os.environ)
    logs.configure()
    with running_demo(settings) as ready:
        asyncio.run(_prepare(str(ready.database_url)))
        app = create_app(ready)
        app.include_router(routes)
        uvicorn.Server(server_config(app, port=settings.port)).run()


async def _prepare(url: str) -> None:
    engine = create_engine(url)
    sessions = create_sessions(engine)
    document = draft()["items"][0]["content"]
    contents = [
        Content.model_validate_json(_named(document, number))
        for number in range(VERSIONS)
    ]
    begun = time.perf_counter()
    async with sessions.begin() as session:
        await publication.publish_all(
            session, [Publication(each, Road.AUTHORITY, _PEOPLE) for each in contents]
        )
    print(f"published {time.perf_counter() - begun:.3f}", flush=True)
    async with sessions.begin() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(_FILL, (SIZE,))
    begun = time.perf_counter()
    await checkpoints.bring_up_to_date(sessions)
    print(f"covered {time.perf_counter() - begun:.3f}", flush=True)
    await engine.dispose()


def _named(document: dict[str, object], number: int) -> str:
    return json.dumps(
        document | {"name": {"zh": f"铝锭{number}", "en": f"No. {number}"}}
    )


if __name__ == "__main__":
    main()
