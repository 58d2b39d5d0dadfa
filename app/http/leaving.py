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

    Raises `ClientDisconnect` then, and where the client has left already.
    """
    gone = _gone(scope)
    if gone.done():
        work.close()
        raise ClientDisconnect
    leaving = _Leaving()
    gone.add_done_callback(leaving)
    try:
        return await work
    except asyncio.CancelledError:
        if leaving.withdraw():
            raise ClientDisconnect from None
        raise
    finally:
        # A callback that is on its way already cannot be taken back.
        leaving.is_over = True
        gone.remove_done_callback(leaving)


class _Leaving:
    """Cancels the task that it was made in, until that is over."""

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self.task = task
        self.is_over = False
        self.has_cancelled = False

    def __call__(self, _: "asyncio.Future[None]") -> None:
        if not self.is_over:
            self.has_cancelled = self.task.cancel()

    def withdraw(self) -> bool:
        """Take the cancellation back; tell whether nobody else has cancelled."""
        return self.has_cancelled and not self.task.uncancel()


def _gone(scope: Scope) -> "asyncio.Future[None]":
    gone: asyncio.Future[None] | None = scope.get(GONE)
    return gone or asyncio.get_running_loop().create_future()
