"""What every list of published things does with cursor and snapshot."""

from typing import Final

from fastapi import Request, Response

from app.http.dependencies import resolve_snapshot
from app.http.findings import query_pointer
from app.kit.paging import BadCursor

CURSOR: Final = query_pointer("cursor")


async def snapshot_of_cursor(request: Request, stated: int, asked: int) -> int:
    """Return the snapshot of a cursor, which may not differ from one asked for."""
    if stated != asked and "snapshot" in request.query_params:
        raise BadCursor(pointer=CURSOR)
    size = await resolve_snapshot(request, str(stated), CURSOR)
    request.scope["tanyin.snapshot"] = size
    return size


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Say where the next page is, if there is one."""
    if cursor is not None:
        following = request.url.include_query_params(cursor=cursor)
        address = f"{following.path}?{following.query}"
        response.headers["Link"] = f'<{address}>; rel="next"'
