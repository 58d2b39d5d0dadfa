"""Work that is for the client alone, and ends with its connection."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Scope

from app.http.protocol import GONE

_T = TypeVar("_T")


async def left(scope: Scope) -> None:
    """Return when the client of *scope* has left; for ever where nobody can tell."""
    gone: asyncio.Event = scope.get(GONE) or asyncio.Event()
    await gone.wait()


async def unless_left(scope: Scope, work: Coroutine[Any, Any, _T]) -> _T:
    """Return what *work* does, which is cancelled when the client leaves.

    Raises `ClientDisconnect` then.
    """
    task, watch = asyncio.create_task(work), asyncio.create_task(left(scope))
    try:
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientDisconnect
    finally:
        watch.cancel()
        task.cancel()
