"""Who asks, and how often they may: keys, and rates by address or by key."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from ipaddress import IPv6Address
from math import ceil
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from app.accounts.service import Caller, UnknownKey, identify
from app.http.services import services_of
from app.kit.errors import TooManyRequests

WITHOUT_KEY: Final = 600
WITH_KEY: Final = 6_000
_SECONDS: Final = 60
_CLIENTS: Final = 65_536


class RateLimiter:
    """Counts requests in windows of a minute that begin with a client's first.

    Memory is bounded: the client whose window began first is forgotten first.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, clients: int = _CLIENTS
    ) -> None:
        self._clock = clock
        self._clients = clients
        self._windows: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def admit(self, client: Hashable, limit: int) -> None:
        """Count a request of *client*, or raise `TooManyRequests`."""
        now = self._clock()
        begun, count = self._windows.get(client, (now, 0))
        if now - begun >= _SECONDS:
            del self._windows[client]
            begun, count = now, 0
        if count >= limit:
            wait = ceil(begun + _SECONDS - now)
            raise TooManyRequests(limit=limit, retry_after=wait)
        self._windows[client] = (begun, count + 1)
        if len(self._windows) > self._clients:
            self._windows.popitem(last=False)


class Admission:
    """Pure ASGI; identifies the caller of /v1 and applies the rates.

    A bad key is refused on every address, also where none is needed.
    """

    def __init__(self, app: ASGIApp, *, limiter: RateLimiter | None) -> None:
        self.app = app
        self.limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            await self._admit(scope)
        await self.app(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        if b"authorization" not in scope["tanyin.headers"]:
            self._count(_network(scope), WITHOUT_KEY)
            return
        # Guesses are counted apart, so that they do not silence an address's others.
        self._count(("guess", _network(scope)), WITH_KEY)
        caller = await _identify(scope)
        scope["tanyin.caller"] = caller
        self._count(("key", caller.key_id), WITH_KEY)

    def _count(self, client: Hashable, limit: int) -> None:
        if self.limiter is not None:
            self.limiter.admit(client, limit)


async def _identify(scope: Scope) -> Caller:
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    scheme, _, key = given[0].decode("latin-1").partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer":
        raise UnknownKey
    async with services_of(scope).read_sessions() as session:
        return await identify(session, key)


def _network(scope: Scope) -> str:
    """Return the peer's address; of IPv6 the /64, which is what one customer has.

    What a client says in X-Forwarded-For is no address.
    """
    host: str = (scope.get("client") or ("",))[0]
    if ":" not in host:
        return host
    address = IPv6Address(host.partition("%")[0])
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
