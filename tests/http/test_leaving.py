"""Work that ends with the connection of the client that it is for."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.requests import ClientDisconnect

from app.http.leaving import unless_left
from app.http.protocol import GONE

Gone = asyncio.Future[None]


async def at_once() -> str:
    return "done"


async def for_ever() -> None:
    await asyncio.Event().wait()


@pytest.fixture
async def gone() -> Gone:
    """Return what is done when the client leaves."""
    return asyncio.get_running_loop().create_future()


async def outlived(work: Callable[[], Awaitable[object]]) -> object:
    """Do *work* in a task, which must still be able to wait afterwards."""

    async def task() -> object:
        try:
            return await work()
        finally:
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    return await asyncio.create_task(task())


async def test_who_stays_gets_what_was_done(gone: Gone) -> None:
    assert await unless_left({GONE: gone}, at_once()) == "done"
    assert await unless_left({}, at_once()) == "done"


async def test_who_leaves_ends_the_work(gone: Gone) -> None:
    asyncio.get_running_loop().call_later(0.01, gone.set_result, None)

    with pytest.raises(ClientDisconnect):
        await outlived(lambda: unless_left({GONE: gone}, for_ever()))


async def test_nothing_is_begun_for_who_has_left(gone: Gone) -> None:
    gone.set_result(None)

    for _ in range(2):
        with pytest.raises(ClientDisconnect):
            await outlived(lambda: unless_left({GONE: gone}, at_once()))


@pytest.mark.parametrize("is_gone_first", [True, False])
async def test_work_that_ends_as_the_client_leaves(
    gone: Gone, *, is_gone_first: bool
) -> None:
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        return await ended

    task = asyncio.create_task(outlived(lambda: unless_left({GONE: gone}, work())))
    await asyncio.sleep(0.01)
    if is_gone_first:
        gone.set_result(None)
    ended.set_result("done")
    if not is_gone_first:
        gone.set_result(None)

    if is_gone_first:
        with pytest.raises(ClientDisconnect):
            await task
    else:
        assert await task == "done"


async def test_who_leaves_while_the_work_is_done_at_once(gone: Gone) -> None:
    async def work() -> str:
        gone.set_result(None)
        return "done"

    assert await outlived(lambda: unless_left({GONE: gone}, work())) == "done"


async def test_a_cancellation_of_somebody_else_stays_one(gone: Gone) -> None:
    task = asyncio.create_task(unless_left({GONE: gone}, for_ever()))
    await asyncio.sleep(0)
    task.cancel()
    gone.set_result(None)

    with pytest.raises(asyncio.CancelledError):
        await task
