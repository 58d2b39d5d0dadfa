"""The service with one route more: /v1/bench answers a factor's bytes from memory.

    python -m bench.reads_app FACTOR_PATH

The application is that of `tanyin serve`, on an embedded database with the demo's data.
The route is FastAPI's own and does nothing but answer, so the yardstick is high.
"""

from __future__ import annotations

import os
import sys

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response

from app.cli.demo import running_demo
from app.cli.serve import server_config
from app.http import logs
from app.main import create_app
from app.settings import from_environment

_COPIED = ("cache-control", "content-type", "etag", "tanyin-snapshot")


def add_memory_route(app: FastAPI, path: str) -> None:
    """Add the route; it asks *app* itself for the bytes once."""
    kept: list[httpx.Response] = []

    async def fetch() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as own:
            return await own.get(path)

    @app.get("/v1/bench")
    async def memory(request: Request) -> Response:
        if not kept:
            kept.append(await fetch())
        headers = {name: kept[0].headers[name] for name in _COPIED}
        if request.headers.get("if-none-match") == headers["etag"]:
            del headers["content-type"]
            return Response(status_code=304, headers=headers)
        return Response(kept[0].content, headers=headers)


def main() -> None:
    """Serve as `tanyin serve` does, on the processor's first core."""
    settings = from_environment(os.environ)
    logs.configure()
    with running_demo(settings) as ready:
        # From here on: the database keeps all cores.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        app = create_app(ready)
        add_memory_route(app, sys.argv[1])
        uvicorn.Server(server_config(app, port=settings.port)).run()


if __name__ == "__main__":
    main()
