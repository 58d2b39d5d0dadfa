"""If-Match on things that change: the ETag is the revision that was read."""

import re
from typing import Annotated, Final

from fastapi import Depends, Request

from app.http.problems import PreconditionRequired
from app.kit.errors import Malformed, PreconditionFailed

_TAG: Final = re.compile(r'"([1-9][0-9]{0,8})"\Z', re.ASCII)


class BadIfMatch(Malformed):
    en = 'If-Match is one strong ETag as it was read, such as "3".'
    zh = 'If-Match 须为读取时得到的单个强 ETag,例如 "3"。'


def etag(revision: int) -> str:
    """Return the strong ETag of a revision."""
    return f'"{revision}"'


async def _optional(request: Request) -> int | None:
    given = request.headers.getlist("if-match")
    if not given:
        return None
    match = _TAG.match(given[0])
    if len(given) > 1 or given[0] == "*" or "," in given[0]:
        raise BadIfMatch
    if match is None:
        raise PreconditionFailed
    return int(match[1])


async def _required(request: Request) -> int:
    revision = await _optional(request)
    if revision is None:
        raise PreconditionRequired
    return revision


IfMatch = Annotated[int, Depends(_required)]
"""The revision that the caller has read; 428 without, 400 if it is no ETag."""
IfMatchOptional = Annotated[int | None, Depends(_optional)]
"""The same where a stale copy does no harm."""
