"""Evidence: documents by their SHA-256."""

from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from app.accounts import service as accounts
from app.http.bodies import limits_of, stream_body
from app.http.dependencies import ActorTrail, KeyHolder, KnownCaller, ReadSession
from app.http.idempotency import note_body
from app.http.problems import problem_responses
from app.http.routing import router
from app.http.services import services_of
from app.kit.errors import Forbidden, NotFound
from app.kit.schemas import NAME_LENGTH, checked
from app.sources import service as sources
from app.sources.schemas import EvidenceRead, Sha256Hex
from app.sources.service import BadMediaType, Document
from app.submissions import evidence

routes = router("evidence")

_BYTES: Final = "application/octet-stream"
_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_FIELDS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


Sha256 = Annotated[
    Sha256Hex,
    Path(description="64 lowercase hexadecimal digits.", examples=["0" * 64]),
]
FileName = Annotated[
    Annotated[str, Field(max_length=NAME_LENGTH), checked(sources.check_file_name)],
    Query(description="A file name without a path.", examples=["检测报告 2025.pdf"]),
]


async def _media_type(request: Request) -> str:
    stated = request.headers.getlist("content-type") or [_BYTES]
    if len(stated) > 1:
        raise BadMediaType
    return sources.check_media_type(stated[0])


async def _receive(
    request: Request,
    holder: KeyHolder,
    sha256: Sha256,
    media_type: Annotated[str, Depends(_media_type)],
    name: FileName | None = None,
) -> AsyncIterator[Document]:
    """Yield the body in a temporary file.

    No session is open meanwhile: it would hold the sender's role for as long as the
    sender likes.
    """
    accounts.require_scope(holder.scopes, "WRITE")
    limit = limits_of(request).evidence
    with SpooledTemporaryFile(max_size=sources.PIECE) as file:
        size = await sources.receive(sha256, stream_body(request, limit), file)
        note_body(request.scope, bytes.fromhex(sha256))
        yield Document(sha256, size, file, name or f"{sha256}.bin", media_type)


Received = Annotated[Document, Depends(_receive, scope="function")]


@routes.put(
    "/evidence/{sha256}",
    status_code=201,
    responses={
        **problem_responses(Forbidden),
        200: {"model": EvidenceRead, "description": "Held already"},
    },
    openapi_extra={"requestBody": {"required": True, "content": {"*/*": _BINARY}}},
)
async def put_evidence(
    document: Received, trail: ActorTrail, response: Response
) -> EvidenceRead:
    """Hand a document in, under the SHA-256 of its bytes.

    The body is the document itself, of any media type, 50 MiB at most. What does not
    have this digest is not stored. The organisation of the key becomes a holder; 200
    says that it was one already.
    """
    holder, is_new = await sources.keep(trail, document)
    if not is_new:
        response.status_code = 200
    return await sources.describe(trail.session, holder)


@routes.get(
    "/evidence/{sha256}",
    response_class=StreamingResponse,
    responses={
        **problem_responses(Forbidden, NotFound),
        200: {"content": {_BYTES: _BINARY}},
    },
)
async def get_evidence(
    request: Request, sha256: Sha256, caller: KnownCaller, session: ReadSession
) -> StreamingResponse:
    """Fetch a document, as a file to save.

    For its holders, and for whoever may read a submission or an objection of a holder
    that cites it.
    """
    holder = await evidence.get_evidence(session, sha256, caller)
    known = await sources.describe(session, holder)
    headers = {
        **_FIELDS,
        "Content-Length": str(known.size),
        "Content-Disposition": _disposition(known.name),
    }
    pieces = sources.pieces(services_of(request.scope).read_sessions, sha256)
    return StreamingResponse(pieces, headers=headers, media_type=_BYTES)


@routes.get(
    "/evidence/{sha256}/metadata", responses=problem_responses(Forbidden, NotFound)
)
async def get_evidence_metadata(
    sha256: Sha256, caller: KnownCaller, session: ReadSession
) -> EvidenceRead:
    """Read what is known of a document: size, media type, name."""
    holder = await evidence.get_evidence(session, sha256, caller)
    return await sources.describe(session, holder)


def _disposition(name: str) -> str:
    """Return the header that has a browser save *name*, in ASCII and as it is."""
    plain = "".join(each if each.isascii() else "_" for each in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
