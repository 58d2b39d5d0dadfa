"""The service with two routes more, which answer from memory.

    python -m bench.memory_app

/v1/bench/reads repeats the answer for a factor, /v1/bench/calculations that for a
calculation, whose body FastAPI validates. The application is that of `tanyin serve`,
on an embedded database with the demo's data. The routes are FastAPI's own and do
nothing but answer, so the yardstick is high.
"""

from __future__ import annotations

import json
import os
from typing import Final

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response

from app.calculation.request import (
    CalculationRequest,  # noqa: TC001 - FastAPI reads it
)
from app.cli.demo import running_demo
from app.cli.serve import server_config
from app.http import logs
from app.main import create_app
from app.settings import from_environment

FACTOR: Final = "/v1/factors/CNF-01-000001-14"
CALCULATIONS: Final = "/v1/calculations"
_JSON: Final = {"Content-Type": "application/json"}
_COPIED: Final = ("cache-control", "content-type", "etag", "tanyin-snapshot")


class _Memory:
    """Asks the application itself, each question once."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.kept: dict[str, httpx.Response] = {}

    async def ask(self, method: str, path: str, body: bytes = b"") -> httpx.Response:
        if path not in self.kept:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://x"
            ) as own:
                self.kept[path] = await own.request(
                    method, path, content=body, headers=_JSON
                )
        return self.kept[path]


def add_memory_routes(app: FastAPI) -> None:
    """Add the routes to *app*."""
    memory = _Memory(app)

    @app.get("/v1/bench/reads")
    async def read(request: Request) -> Response:
        kept = await memory.ask("GET", FACTOR)
        headers = {name: kept.headers[name] for name in _COPIED}
        if request.headers.get("if-none-match") == headers["etag"]:
            del headers["content-type"]
            return Response(status_code=304, headers=headers)
        return Response(kept.content, headers=headers)

    @app.post("/v1/bench/calculations")
    async def calculate(body: CalculationRequest) -> Response:
        kept = await memory.ask("POST", CALCULATIONS, json.dumps(body).encode())
        return Response(kept.content, media_type="application/json")


def main() -> None:
    """Serve as `tanyin serve` does, on the processor's first core."""
    settings = from_environment(os.environ)
    logs.configure()
    with running_demo(settings) as ready:
        # From here on: the database keeps all cores.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        app = create_app(ready)
        add_memory_routes(app)
        uvicorn.Server(server_config(app, port=settings.port)).run()


if __name__ == "__main__":
    main()
