"""What happened to a factor, what differs between versions, where one comes from."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from app.api.factors import Code, VersionNumber
from app.factors.codes import Pin
from app.factors.comparison import ChangesRead, compare_versions
from app.factors.schemas import DIGITS
from app.http.dependencies import ReadSession, Snapshot
from app.http.problems import problem_responses
from app.http.routing import router
from app.kit.errors import NotFound
from app.publication.history import HistoryPage, read_history
from app.publication.provenance import Provenance, read_provenance

routes = router("factors")

_Version = Annotated[int, Field(ge=1, lt=10**9), DIGITS]
_LogIndex = Annotated[int, Field(ge=-1, lt=2**62)]


@routes.get("/factors/{code}/changes", responses=problem_responses(NotFound))
async def compare_factor_versions(
    code: Code,
    session: ReadSession,
    snapshot: Snapshot,
    from_: Annotated[_Version, Query(alias="from", examples=[1])],
    to: Annotated[_Version, Query(examples=[2])],
) -> ChangesRead:
    """Tell what differs between any two versions, field by field, and why.

    With the versions and the changes of status that the log has between them.
    """
    return await compare_versions(session, code, from_, to, snapshot)


@routes.get("/factors/{code}/history", responses=problem_responses(NotFound))
async def get_history(
    code: Code,
    session: ReadSession,
    snapshot: Snapshot,
    after: Annotated[
        _LogIndex, Query(description="The `next_after` of the page before.")
    ] = -1,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> HistoryPage:
    """List what is logged of a factor: versions and changes of status, with people.

    The log only grows at its end, so a page never moves.
    """
    return await read_history(session, code, snapshot, after=after, limit=limit)


@routes.get(
    "/factors/{code}/versions/{n}/provenance", responses=problem_responses(NotFound)
)
async def get_provenance(
    code: Code, n: VersionNumber, session: ReadSession, snapshot: Snapshot
) -> Provenance:
    """Read where a version comes from, as a graph.

    Record and log entry, sources and evidence, what it was derived from, its submission
    with people, verdicts and notice, signatures, changes of status, releases. Edges
    read as sentences: `from` CITES `to`.
    """
    return await read_provenance(session, Pin(code, n), snapshot)
