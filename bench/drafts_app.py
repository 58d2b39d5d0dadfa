"""The service with one route more: a bare insert behind the same layers.

    python -m bench.drafts_app

The route reads and validates a small JSON body, inserts one row and commits before it
answers, as every route of the service does.
"""

from __future__ import annotations

import os
import secrets

import uvicorn

from app.accounts.models import Organisation
from app.cli.demo import running_demo
from app.cli.serve import server_config
from app.http import logs
from app.http.bodies import JsonBody  # noqa: TC001 - FastAPI reads it
from app.http.dependencies import (  # noqa: TC001 - FastAPI reads them
    KnownCaller,
    Session,
)
from app.http.routing import router
from app.main import create_app
from app.settings import from_environment
from app.submissions.requests import SubmissionDraft  # noqa: TC001 - FastAPI

routes = router("bench")


@routes.post("/v1/bench/inserts", status_code=201)
async def insert(
    session: Session, caller: KnownCaller, body: JsonBody[SubmissionDraft]
) -> SubmissionDraft:
    """Insert one row."""
    del caller
    name = secrets.token_hex(12)
    session.add(Organisation(id=name, name_zh=name, name_en=name))
    return body


def main() -> None:
    """Serve as `tanyin serve` does."""
    settings = from_environment(os.environ)
    logs.configure()
    with running_demo(settings) as ready:
        app = create_app(ready)
        app.include_router(routes)
        uvicorn.Server(server_config(app, port=settings.port)).run()


if __name__ == "__main__":
    main()
