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
    await asyncio.wait([_gone(scope)])


async def unless_left(scope: Scope, work: Coroutine[Any, Any, _T]) -> _T:
    """Return what *work* does, which is cancelled when the client leaves.

    Raises `ClientDisconnect` then.
    """
    leaving = _Leaving()
    gone = _gone(scope)
    gone.add_done_callback(leaving)
    try:
        return await work
    except asyncio.CancelledError:
        # Ours, unless somebody else cancelled this task as well.
        if leaving.has_cancelled and not leaving.task.uncancel():
            raise ClientDisconnect from None
        raise
    finally:
        gone.remove_done_callback(leaving)


class _Leaving:
    """Cancels the task that it was made in."""

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self.task = task
        self.has_cancelled = False

    def __call__(self, _: "asyncio.Future[None]") -> None:
        self.has_cancelled = True
        self.task.cancel()


def _gone(scope: Scope) -> "asyncio.Future[None]":
    gone: asyncio.Future[None] | None = scope.get(GONE)
    return gone or asyncio.get_running_loop().create_future()
