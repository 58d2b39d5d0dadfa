"""What a handler asks for in its signature: session, snapshot, caller."""

import datetime as dt
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import Depends, Query, Request, Response
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import service as accounts
from app.audit.service import Actor as AuditActor
from app.audit.service import Trail
from app.http import idempotency
from app.http.findings import query_pointer
from app.http.head import OUTAGE, Head
from app.http.services import Services, services_of
from app.kit.clock import parse_instant
from app.kit.errors import Invalid, Malformed, Unauthenticated
from app.publication import releases
from app.translog import service as translog
from app.translog.service import SnapshotNotYet

_SIZE: Final = re.compile(r"(0|[1-9][0-9]*)\Z", re.ASCII)
_LONGEST_SIZE: Final = 18
_PATIENCE: Final = sa.text("SET LOCAL lock_timeout = '5s'")
_SNAPSHOT: Final = query_pointer("snapshot")


class UnknownSnapshot(Invalid):
    en = (
        "A snapshot is a log size, an RFC 3339 instant (write + as %2B) or the name "
        "of a release."
    )
    zh = "快照应为日志大小、RFC 3339 时刻(加号写作 %2B)或版本发布名称。"


async def _open_session(request: Request) -> AsyncIterator[AsyncSession]:
    services = services_of(request.scope)
    async with services.sessions.begin() as session:
        yield session
    if translog.APPENDED in session.info:
        # Committed by now: a failure here must not turn the answer into an error.
        with suppress(*OUTAGE):
            await services.head.renew()


async def _open_read_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with services_of(request.scope).read_sessions() as session:
        yield session


# "function" scope commits before the answer leaves. With the default scope a commit
# that fails is discovered after the client was told that it succeeded.
Session = Annotated[AsyncSession, Depends(_open_session, scope="function")]
ReadSession = Annotated[AsyncSession, Depends(_open_read_session, scope="function")]


async def _resolve_snapshot(
    request: Request,
    snapshot: Annotated[
        str | None,
        Query(
            max_length=100,
            description="The state to read: a log size, an RFC 3339 instant or the "
            "name of a release; the present unless stated.",
            examples=["1200", "2026-01-31T00:00:00Z"],
        ),
    ] = None,
) -> int:
    size = await resolve_snapshot(request, snapshot)
    request.scope["tanyin.snapshot"] = size
    return size


async def resolve_snapshot(
    request: Request, text: str | None, pointer: str = _SNAPSHOT
) -> int:
    """Return the log size that *text* names, or the present one.

    *pointer* is where the text stands in the request, for the error.
    """
    services = services_of(request.scope)
    if text is None:
        return await services.head.current()
    if _SIZE.match(text):
        # Longer numbers are beyond any log and stay so when cut.
        return await _known_size(services.head, int(text[:_LONGEST_SIZE]), pointer)
    try:
        instant = parse_instant(text)
    except ValueError:
        size = await _size_of_release(services, text, pointer)
    else:
        size = await _size_at(services, instant, pointer)
    services.head.advance(size)
    return size


async def _known_size(head: Head, size: int, pointer: str) -> int:
    if size > await head.current() and size > await head.renew():
        raise SnapshotNotYet(pointer=pointer, size=head.size)
    return size


async def _size_of_release(services: Services, name: str, pointer: str) -> int:
    async with services.read_sessions() as session:
        size = await releases.find_size(session, name)
    if size is None:
        raise UnknownSnapshot(pointer=pointer)
    return size


async def _size_at(services: Services, instant: dt.datetime, pointer: str) -> int:
    # A transaction of its own: it may take the log's lock, which appenders wait for.
    async with services.sessions.begin() as session:
        await session.execute(_PATIENCE)
        try:
            return await translog.size_at(session, instant)
        except SnapshotNotYet as error:
            error.pointer = pointer
            raise


Snapshot = Annotated[int, Depends(_resolve_snapshot)]
"""The log size at which to read; the answer says it in the header TanYin-Snapshot."""


_KEY_SCHEME = HTTPBearer(
    scheme_name="ApiKey",
    description="An API key: `Authorization: Bearer tanyin_…`.",
    auto_error=False,
)


# Dependencies are coroutines, however short: FastAPI sends others to a thread.
async def _caller(request: Request) -> accounts.Caller | None:
    caller: accounts.Caller | None = request.scope.get("tanyin.caller")
    return caller


async def _key_holder(
    response: Response,
    caller: Annotated[accounts.Caller | None, Depends(_caller)],
    _: Annotated[object, Depends(_KEY_SCHEME)],
) -> accounts.Caller:
    if caller is None:
        raise Unauthenticated
    # What depends on who asks is nobody else's.
    response.headers["Cache-Control"] = "no-store"
    return caller


KeyHolder = Annotated[accounts.Caller, Depends(_key_holder)]
"""Who asks, whatever the key is for; 401 without a key."""


async def _known_caller(holder: KeyHolder) -> accounts.Caller:
    accounts.require_scope(holder.scopes, "READ")
    return holder


Caller = Annotated[accounts.Caller | None, Depends(_caller)]
"""Who asks, or None without a key; a bad key never gets this far."""
KnownCaller = Annotated[accounts.Caller, Depends(_known_caller)]
"""Who asks, to read; 401 without a key, 403 without the scope READ."""


class IdempotencyKeyRefused(Malformed):
    en = "The answer holds a secret and is not kept, so no Idempotency-Key is taken."
    zh = "此应答含有密钥,不予保存,因此本地址不接受 Idempotency-Key。"


async def _refuse_idempotency_key(request: Request) -> None:
    if "idempotency-key" in request.headers:
        raise IdempotencyKeyRefused


AnsweredOnce = Depends(_refuse_idempotency_key)
"""Of a route whose answer holds a secret, which must not be kept."""


class ActorWith:
    """Asks for the caller as the transaction sees them, holding a scope of the key.

    Claims the request's Idempotency-Key as well: nothing is stored without an actor.
    """

    def __init__(self, scope: str) -> None:
        self.scope = scope

    async def __call__(
        self, request: Request, caller: KeyHolder, session: Session
    ) -> AuditActor:
        request_id = request.scope["tanyin.request_id"]
        actor = await accounts.confirm(
            session, caller, request_id=request_id, scope=self.scope
        )
        await idempotency.claim(request, session, actor.key_id)
        return actor


async def _open_trail(
    request: Request,
    caller: Annotated[accounts.Caller | None, Depends(_caller)],
    _: Annotated[object, Depends(_KEY_SCHEME)],
) -> AsyncIterator[Callable[[], Awaitable[Trail]]]:
    async with AsyncExitStack() as stack:

        async def open_() -> Trail:
            if caller is None:
                raise Unauthenticated
            sessions = services_of(request.scope).sessions
            session = await stack.enter_async_context(sessions.begin())
            request_id = request.scope["tanyin.request_id"]
            actor = await accounts.confirm(
                session, caller, request_id=request_id, scope="WRITE"
            )
            await idempotency.claim(request, session, actor.key_id)
            return Trail(session, actor)

        yield open_


TrailOnDemand = Annotated[
    Callable[[], Awaitable[Trail]], Depends(_open_trail, scope="function")
]
"""Opens an actor's trail, for routes that store only what asks for it."""


Actor = Annotated[AuditActor, Depends(ActorWith("WRITE"))]
"""Who acts; their role and organisation hold until the commit."""
Manager = Annotated[AuditActor, Depends(ActorWith("MANAGE"))]
"""Who manages members and keys."""


async def _trail(session: Session, actor: Actor) -> Trail:
    return Trail(session, actor)


ActorTrail = Annotated[Trail, Depends(_trail)]
"""The audit trail of the actor, whose session every effect is written with."""


async def _manager_trail(session: Session, manager: Manager) -> Trail:
    return Trail(session, manager)


ManagerTrail = Annotated[Trail, Depends(_manager_trail)]
"""The same, of a manager."""
