"""The log for whoever trusts nobody: checkpoints, tiles and proofs (C2SP)."""

import re
from typing import Annotated, Final, Literal

from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field

from app.api.factors import Code, VersionNumber
from app.factors import service as factors
from app.factors.codes import Pin
from app.factors.schemas import DIGITS
from app.http.dependencies import ReadSession, resolve_snapshot
from app.http.problems import problem_responses
from app.http.routing import router
from app.http.services import services_of
from app.http.signing import LogSigner, Signed
from app.kit.errors import Invalid, NotFound, Unavailable
from app.kit.schemas import Schema
from app.translog import checkpoints, keys, merkle, note, proofs

routes = router("log")

_FOREVER: Final = "public, max-age=31536000, immutable"
# A monitor may be this much behind; what it sees is never wrong.
_SECONDS: Final = "public, max-age=2"
_TILE: Final = re.compile(
    r"(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?"
)
_MOST_GROUPS: Final = 6
_PLAIN: Final = {"text/plain": {"schema": {"type": "string"}}}
_BYTES: Final = {
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
}

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=1, le=merkle.LARGEST), DIGITS]
Index = Annotated[int, Field(ge=0, lt=merkle.LARGEST), DIGITS]


class NoSuchTile(NotFound):
    code = "UNKNOWN_TILE"
    en = "There is no such tile at the present size of {size}."
    zh = "在当前日志大小 {size} 下没有该切片。"


class NoSuchEntry(NotFound):
    code = "UNKNOWN_ENTRY"
    en = "The log of {size} entries has no entry {index}."
    zh = "大小为 {size} 的日志中没有第 {index} 条记录。"


class SizesOutOfOrder(Invalid):
    en = (
        "`from` is at least 1 and at most `to`, which is at most the log's size {size}."
    )
    zh = "from 至少为 1 且不大于 to,to 不大于日志大小 {size}。"


class LogProof(Schema):
    """That an entry is in the log of `tree_size` entries; hashes from the leaf up."""

    log_index: int
    tree_size: int
    leaf_hash: Hash
    root_hash: Hash
    hashes: tuple[Hash, ...]
    checkpoint: str
    """The signed note: size and root are to be taken from it."""


class ConsistencyProof(Schema):
    """That the log of `to` entries begins with that of `from`."""

    from_: Annotated[int, Field(alias="from")]
    to: int
    from_root: Hash
    to_root: Hash
    hashes: tuple[Hash, ...]


class LogKey(Schema):
    """A key of the log; the first one is valid from the beginning."""

    vkey: str
    valid_from: str | None
    valid_until: str | None


class LogKeys(Schema):
    """All keys that have signed this log, the oldest first."""

    keys: tuple[LogKey, ...]


async def _signer(request: Request) -> LogSigner:
    return services_of(request.scope).signer


CurrentSigner = Annotated[LogSigner, Depends(_signer)]


async def _signed(
    request: Request,
    signer: CurrentSigner,
    snapshot: Annotated[
        str | None,
        Query(
            max_length=100,
            description="A snapshot; the newest checkpoint unless stated.",
        ),
    ] = None,
) -> Signed:
    if snapshot is None:
        return await signer.newest()
    return await signer.at(await resolve_snapshot(request, snapshot))


Covering = Annotated[Signed, Depends(_signed)]
Format = Annotated[
    Literal["json", "text"],
    Query(description="`text` is a tlog-proof, to be kept as a file."),
]


@routes.get(
    "/log/checkpoint",
    response_class=Response,
    responses={**problem_responses(Unavailable), 200: {"content": _PLAIN}},
)
async def get_checkpoint(signer: CurrentSigner) -> Response:
    """Fetch the newest checkpoint: a signed note."""
    signed = await signer.newest()
    return _text(signed.text, _SECONDS)


@routes.get(
    "/log/tile/{path:path}",
    response_class=Response,
    responses={
        **problem_responses(NotFound),
        200: {"content": _BYTES},
    },
)
async def get_tile(
    path: Annotated[
        str,
        Path(
            description="`<level>/<tile>` or `entries/<tile>`, with `.p/<width>` if "
            "partial, as C2SP tlog-tiles writes it.",
            examples=["0/000.p/12", "entries/x001/234"],
        ),
    ],
    session: ReadSession,
) -> Response:
    """Fetch hashes of the tree, or entries behind their lengths."""
    size = (await checkpoints.newest(session)).size
    level, index, width = _parse_tile(path, size)
    if level is None:
        data = await proofs.bundle(session, index, width)
    else:
        data = await proofs.tile(session, level, index, width)
    headers = {"Cache-Control": _FOREVER}
    return Response(data, media_type="application/octet-stream", headers=headers)


@routes.get("/log/consistency", responses=problem_responses(Unavailable))
async def get_consistency(
    session: ReadSession,
    signer: CurrentSigner,
    old: Annotated[Size, Query(alias="from")],
    new: Annotated[Size, Query(alias="to")],
) -> ConsistencyProof:
    """Prove that nothing was changed between two sizes."""
    size = (await checkpoints.newest(session)).size
    if not old <= new <= size:
        raise SizesOutOfOrder(pointer="?to", size=size)
    hashes, first, last = await checkpoints.consistency(signer.sessions, old, new)
    return ConsistencyProof.model_validate(
        {
            "from": old,
            "to": new,
            "from_root": first.root.hex(),
            "to_root": last.root.hex(),
            "hashes": _hex(hashes),
        }
    )


@routes.get("/log/keys", responses=problem_responses(Unavailable))
async def get_keys(session: ReadSession, signer: CurrentSigner) -> LogKeys:
    """List the keys that the log was and is signed with.

    Trust in the first one comes from elsewhere; every later one is announced by an
    entry under a checkpoint that the one before it signed.
    """
    signers = await signer.signers()
    known = await keys.announced(session)
    first = known[0].previous if known else signers[0].verifier.vkey
    vkeys = [first, *(each.vkey for each in known)]
    turns = [None, *(each.recorded_at for each in known), None]
    spans = zip(vkeys, turns, turns[1:], strict=False)
    return LogKeys(
        keys=tuple(
            LogKey(vkey=vkey, valid_from=since, valid_until=until)
            for vkey, since, until in spans
        )
    )


@routes.get(
    "/log/proof",
    response_model=LogProof,
    responses={**problem_responses(NotFound, Unavailable), 200: {"content": _PLAIN}},
)
async def get_entry_proof(
    signer: CurrentSigner,
    signed: Covering,
    index: Annotated[Index, Query(description="Of the entry, from 0 on.")],
    format: Format = "json",  # noqa: A002 - the parameter's name
) -> Response:
    """Prove that an entry is in the log."""
    if index >= signed.root.size:
        raise NoSuchEntry(size=signed.root.size, index=index)
    return await _proof(signer, signed, index, format)


@routes.get(
    "/factors/{code}/versions/{n}/proof",
    response_model=LogProof,
    responses={**problem_responses(NotFound, Unavailable), 200: {"content": _PLAIN}},
)
async def get_proof(
    code: Code,
    n: VersionNumber,
    session: ReadSession,
    signer: CurrentSigner,
    signed: Covering,
    format: Format = "json",  # noqa: A002 - the parameter's name
) -> Response:
    """Prove that a version's record is in the log.

    Under the newest checkpoint, which witnesses have signed, unless a snapshot is asked
    for.
    """
    version = await factors.get_version(session, Pin(code, n), signed.root.size)
    return await _proof(signer, signed, version.log_index, format)


async def _proof(
    signer: LogSigner, signed: Signed, index: int, format_: str
) -> Response:
    size = signed.root.size
    path = await checkpoints.inclusion(signer.sessions, index, signed.root)
    if format_ == "text":
        return _text(note.Proof(index, path.hashes, signed.text).text, "no-cache")
    found = LogProof(
        log_index=index,
        tree_size=size,
        leaf_hash=path.leaf.hex(),
        root_hash=signed.root.root.hex(),
        hashes=_hex(path.hashes),
        checkpoint=signed.text,
    )
    headers = {"Cache-Control": "no-cache"}
    return Response(found.model_dump_json(), 200, headers, "application/json")


def _text(text: str, cached: str) -> Response:
    headers = {"Cache-Control": cached}
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


def _hex(hashes: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(each.hex() for each in hashes)


def _parse_tile(path: str, size: int) -> tuple[int | None, int, int]:
    """Return level (None for entries), index and width of an address.

    An address has one spelling: whatever would be written otherwise is no tile.
    """
    match = _TILE.fullmatch(path)
    if match is None or match[2].count("x") >= _MOST_GROUPS:
        raise NoSuchTile(size=size)
    level = None if match[1] == "entries" else int(match[1])
    index = int(match[2].replace("x", "").replace("/", ""))
    width = int(match[3] or merkle.WIDTH)
    spelt = merkle.tile_path("entries" if level is None else level, index, width)
    held = merkle.tile_width(level or 0, index, size)
    if f"tile/{path}" != spelt or not 0 < width <= held:
        raise NoSuchTile(size=size)
    return level, index, width
