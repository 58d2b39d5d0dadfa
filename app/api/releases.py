"""Releases: named snapshots, their files, and what moved between two of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import ConfigDict, Field

from app.api.acts import ActRead, read_act
from app.factors.schemas import PageQuery
from app.http.bodies import JsonBody
from app.http.dependencies import ActorTrail, ReadSession, Snapshot, resolve_snapshot
from app.http.findings import query_pointer
from app.http.problems import problem_responses, response_headers
from app.http.routing import router
from app.http.services import services_of
from app.kit.canonical import sha256_hex
from app.kit.errors import Conflict, Forbidden, NotFound
from app.kit.paging import BadCursor
from app.kit.schemas import Schema, Text
from app.publication import acts, changes, export, releases
from app.publication.changes import ChangePage, Span
from app.publication.export import Form
from app.publication.models import Release
from app.publication.releases import ReleaseName, ReleasePage, ReleaseRead

routes = router("releases")

_CURSOR: Final = query_pointer("cursor")
_SINCE: Final = query_pointer("since")
_FOREVER: Final = "public, max-age=31536000, immutable"
_JSON: Final = "application/json"
_LINES: Final = "application/x-ndjson"
_CSV: Final = "text/csv; charset=utf-8; header=present"
_MISSING: Final = problem_responses(NotFound)
_LINK: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": response_headers("Link")}
}
_TEXT: Final = {"type": "string"}
Name = Annotated[
    str,
    Path(max_length=100, description="The name of a release.", examples=["2026.1"]),
]


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a release: its form, its digest and how its name ends."""

    form: Form
    sha256: str
    suffix: str
    media_type: str


class ReleaseDraft(Schema):
    """A name for what the catalogue is when the act is confirmed."""

    name: ReleaseName
    reason: Text


class ChangeQuery(PageQuery):
    """From when on, and which part of the list."""

    model_config = ConfigDict(extra="ignore", strict=False)

    since: Annotated[
        str,
        Field(max_length=100, examples=["2026.1", "1200", "2026-01-31T00:00:00Z"]),
    ]
    """The earlier snapshot: a release, a log size or an RFC 3339 instant."""


def _file(media_type: str, schema: Mapping[str, Any]) -> dict[int | str, Any]:
    """Return OpenAPI's `responses` of a file of a release."""
    return {
        **_MISSING,
        200: {
            "content": {media_type: {"schema": schema}},
            "headers": response_headers("ETag"),
        },
        304: {"description": "Not modified"},
    }


@routes.post(
    "/releases",
    status_code=202,
    responses=problem_responses(Forbidden, Conflict),
)
async def propose_release(body: JsonBody[ReleaseDraft], trail: ActorTrail) -> ActRead:
    """Propose a release; another publisher confirms.

    The snapshot that gets the name is the one at which it is confirmed.
    """
    return read_act(await acts.propose_release(trail, body.name, body.reason))


@routes.get("/releases", responses=_LINK)
async def list_releases(
    request: Request,
    response: Response,
    session: ReadSession,
    snapshot: Snapshot,
    query: Annotated[PageQuery, Query()],
) -> ReleasePage:
    """List the releases that the log has at the snapshot, the newest first."""
    position = releases.list_position(query, _CURSOR)
    if position is not None:
        if position[0] != snapshot and "snapshot" in request.query_params:
            raise BadCursor(pointer=_CURSOR)
        snapshot = await resolve_snapshot(request, str(position[0]), _CURSOR)
    page = await releases.list_releases(session, snapshot, query, _CURSOR)
    response.headers["TanYin-Snapshot"] = str(snapshot)
    _link_next(request, response, page.next_cursor)
    return page


@routes.get("/releases/{name}", responses=_MISSING)
async def get_release(name: Name, session: ReadSession) -> ReleaseRead:
    """Read a release: the snapshot it names, and the digests of its files."""
    return releases.read_release(await releases.get_release(session, name))


@routes.get(
    "/releases/{name}/changes",
    responses={
        **_MISSING,
        200: {"headers": response_headers("Link", "TanYin-Snapshot")},
    },
)
async def list_release_changes(
    request: Request,
    response: Response,
    name: Name,
    session: ReadSession,
    query: Annotated[ChangeQuery, Query()],
) -> ChangePage:
    """List what moved between an earlier snapshot and a release, by factor code.

    Net changes: of several versions in between, the last one is compared with the one
    before all of them. A factor that changed and was suspended is there twice.
    """
    # Before the session has a connection: this may take another one.
    since = await resolve_snapshot(request, query.since, _SINCE)
    release = await releases.get_release(session, name)
    span = Span(since, release.size)
    span.check(_SINCE)
    page = await changes.list_changes(session, span, query, _CURSOR)
    response.headers["TanYin-Snapshot"] = str(release.size)
    _link_next(request, response, page.next_cursor)
    return page


@routes.get(
    "/releases/{name}/record",
    response_class=Response,
    responses=_file(_JSON, {"type": "object"}),
)
async def get_release_record(
    request: Request, name: Name, session: ReadSession
) -> Response:
    """Fetch the exact bytes that were logged for a release.

    Canonical JSON (RFC 8785). Their SHA-256 is `record_sha256`, and with a zero byte
    before them `leaf_hash`.
    """
    release = await releases.get_release(session, name)
    record = release.entry.record
    headers = _kept(sha256_hex(record))
    if _is_held(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(record, media_type=_JSON, headers=headers)


@routes.get(
    "/releases/{name}/manifest",
    response_class=Response,
    responses=_file(_LINES, _TEXT),
)
async def get_manifest(request: Request, name: Name, session: ReadSession) -> Response:
    """Fetch the manifest: code, version, status and record digest of every factor.

    JSON Lines by code, each line canonical. Its SHA-256 is `manifest_sha256`.
    """
    release = await releases.get_release(session, name)
    file = _File(export.MANIFEST, release.manifest_sha256, "-manifest.jsonl", _LINES)
    return _send(request, release, file)


@routes.get(
    "/releases/{name}/export.jsonl",
    response_class=Response,
    responses=_file(_LINES, _TEXT),
)
async def get_jsonl(request: Request, name: Name, session: ReadSession) -> Response:
    """Fetch every factor with its exact record.

    JSON Lines by code, each line canonical. Its SHA-256 is `jsonl_sha256`.
    """
    release = await releases.get_release(session, name)
    file = _File(export.JSONL, release.jsonl_sha256, ".jsonl", _LINES)
    return _send(request, release, file)


@routes.get(
    "/releases/{name}/export.csv",
    response_class=Response,
    responses=_file(_CSV, _TEXT),
)
async def get_csv(request: Request, name: Name, session: ReadSession) -> Response:
    """Fetch every factor as a row of a table.

    RFC 4180 in UTF-8 by code. Its SHA-256 is `csv_sha256`. Text that a spreadsheet
    program would take for a formula stands behind an apostrophe.
    """
    release = await releases.get_release(session, name)
    file = _File(export.CSV, release.csv_sha256, ".csv", _CSV)
    return _send(request, release, file)


def _send(request: Request, release: Release, file: _File) -> Response:
    headers = _kept(file.sha256) | {"TanYin-Snapshot": str(release.size)}
    if _is_held(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    name = f"tanyin-{release.name}{file.suffix}"
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    sessions = services_of(request.scope).read_sessions
    pieces = export.write(sessions, release.size, file.form)
    return StreamingResponse(
        export.verified(pieces, file.sha256),
        headers=headers,
        media_type=file.media_type,
    )


def _kept(sha256: str) -> dict[str, str]:
    return {"Cache-Control": _FOREVER, "ETag": f'"{sha256}"'}


def _is_held(request: Request, etag: str) -> bool:
    """Compare weakly, as RFC 9110 section 13.1.2 asks of If-None-Match."""
    given = request.headers.get("if-none-match", "")
    return given == "*" or etag in [
        tag.strip().removeprefix("W/") for tag in given.split(",")
    ]


def _link_next(request: Request, response: Response, cursor: str | None) -> None:
    if cursor is not None:
        following = request.url.include_query_params(cursor=cursor)
        address = f"{following.path}?{following.query}"
        response.headers["Link"] = f'<{address}>; rel="next"'
