"""Published factors: search, one factor, its versions, its record."""

from typing import Annotated, Final

from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field

from app.factors import finding
from app.factors import service as factors
from app.factors.codes import Pin, check_code
from app.factors.printing import Page
from app.factors.schemas import (
    DIGITS,
    FacetedPage,
    FactorPage,
    FactorRead,
    FactorSearch,
    PageQuery,
)
from app.http.dependencies import ReadSession, Snapshot
from app.http.pages import CURSOR, link_next, snapshot_of_cursor
from app.http.problems import problem_responses, response_headers
from app.http.routing import router
from app.kit.canonical import sha256_hex
from app.kit.errors import NotFound

routes = router("factors")

_JSON: Final = "application/json"
_FOREVER: Final = "public, max-age=31536000, immutable"


async def _code(
    code: Annotated[
        str,
        Path(
            description="A factor code; its last two digits are a check number.",
            examples=["CNF-01-000001-14"],
        ),
    ],
) -> str:
    return check_code(code, "{code}")


Code = Annotated[str, Depends(_code)]
VersionNumber = Annotated[
    Annotated[int, Field(ge=1, lt=10**9), DIGITS],
    Path(description="1, 2, 3 and so on."),
]


@routes.get(
    "/factors",
    response_model=FacetedPage | FactorPage,
    responses={200: {"headers": response_headers("Link")}},
)
async def list_factors(
    request: Request,
    session: ReadSession,
    snapshot: Snapshot,
    query: Annotated[FactorSearch, Query()],
) -> Response:
    """Search the catalogue.

    Lists the current version of each factor at the snapshot. All filters that are given
    must hold. Pages stay what they are while others publish: a cursor keeps the
    snapshot of its first page.
    """
    position = finding.search_position(query, CURSOR)
    if position is not None:
        snapshot = await snapshot_of_cursor(request, position[0], snapshot)
    page = await finding.search_factors(session, query, snapshot, CURSOR)
    return _answer(request, page)


@routes.get(
    "/factors/{code}", response_model=FactorRead, responses=problem_responses(NotFound)
)
async def get_factor(code: Code, session: ReadSession, snapshot: Snapshot) -> Response:
    """Read a factor: its current version at the snapshot."""
    version = await factors.get_version(session, Pin(code, None), snapshot)
    return Response(factors.read_version(version), media_type=_JSON)


@routes.get(
    "/factors/{code}/versions",
    response_model=FactorPage,
    responses={
        **problem_responses(NotFound),
        200: {"headers": response_headers("Link")},
    },
)
async def list_versions(
    request: Request,
    code: Code,
    session: ReadSession,
    snapshot: Snapshot,
    query: Annotated[PageQuery, Query()],
) -> Response:
    """List the versions of a factor, the first one first.

    Each has its status at the snapshot, and its `change_reason`.
    """
    position = factors.versions_position(code, query, CURSOR)
    if position is not None:
        snapshot = await snapshot_of_cursor(request, position[0], snapshot)
    page = await factors.list_versions(session, code, query, snapshot, CURSOR)
    return _answer(request, page)


@routes.get(
    "/factors/{code}/versions/{n}",
    response_model=FactorRead,
    responses=problem_responses(NotFound),
)
async def get_version(
    code: Code, n: VersionNumber, session: ReadSession, snapshot: Snapshot
) -> Response:
    """Read one version of a factor, with its status at the snapshot."""
    version = await factors.get_version(session, Pin(code, n), snapshot)
    return Response(factors.read_version(version), media_type=_JSON)


@routes.get(
    "/factors/{code}/versions/{n}/record",
    response_class=Response,
    responses={
        **problem_responses(NotFound),
        200: {"content": {"application/json": {"schema": {"type": "object"}}}},
    },
)
async def get_record(
    code: Code, n: VersionNumber, session: ReadSession, snapshot: Snapshot
) -> Response:
    """Fetch the exact bytes that were logged for a version.

    Canonical JSON (RFC 8785). Their SHA-256 is `record_sha256`, and with a zero byte
    before them `leaf_hash`. They never change; the status is not in them.
    """
    record = await factors.get_record(session, Pin(code, n), snapshot)
    headers = {"Cache-Control": _FOREVER, "ETag": f'"{sha256_hex(record)}"'}
    return Response(record, media_type=_JSON, headers=headers)


def _answer(request: Request, page: Page) -> Response:
    answer = Response(page.body, media_type=_JSON)
    link_next(request, answer, page.next_cursor)
    return answer
