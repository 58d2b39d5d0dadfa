"""HTTP/1.1 on the wire: uvicorn's protocol, with limits and with problem documents.

What is not HTTP never reaches the application, so it is refused and logged here.
"""

import asyncio
import logging
import os
import sys
from http import HTTPStatus
from typing import Any, Final

from httptools import HttpParserInvalidURLError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.http.middleware import (
    HEADER_BYTES,
    HEADER_FIELDS,
    URI_BYTES,
    BadAddress,
    BadFraming,
)
from app.http.problems import HeadersTooLarge, RequestTimeout, UriTooLong, answer
from app.kit.errors import DomainError

_HEAD_SECONDS: Final = 10
_HEAD_BYTES: Final = 64 * 1024
_TARGET_BYTES: Final = 32 * 1024
GONE: Final = "tanyin.gone"
"""Where a scope has what is done at its connection's end: seen without reading on."""
_log: Final = logging.getLogger("tanyin.requests")


class StrictProtocol(HttpToolsProtocol):
    """Closes connections whose request line and headers are endless or do not come."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*args, **options)
        self._head_bytes = 0
        self._is_head = True
        self._completed = False
        self._patience: asyncio.TimerHandle | None = None
        self._gone: asyncio.Future[None] = self.loop.create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Wait for the first request, but not for ever."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting, and let others do so."""
        self._stop_waiting()
        self._gone.set_result(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head that is not complete yet."""
        head, self._completed = self._is_head, False
        super().data_received(data)
        # What completes a request holds its body, which is counted elsewhere.
        if head and self._is_head and not self._completed:
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_BYTES:
                self._refuse(HeadersTooLarge(fields=HEADER_FIELDS, limit=HEADER_BYTES))

    def on_message_begin(self) -> None:
        """Wait for the head."""
        super().on_message_begin()
        self.scope[GONE] = self._gone  # type: ignore[typeddict-unknown-key]  # ours
        self._is_head = True
        self._wait_for_head()

    def on_url(self, url: bytes) -> None:
        """Refuse what even the parser of addresses would not take."""
        super().on_url(url)
        if len(self.url) > _TARGET_BYTES:
            self._refuse(UriTooLong(limit=URI_BYTES))
            raise ValueError  # stops the parser

    def on_headers_complete(self) -> None:
        """Hand the request over."""
        self._stop_waiting()
        self._is_head = False
        self._head_bytes = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Count the next head from here."""
        super().on_message_complete()
        self._is_head = True
        self._completed = True

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP; uvicorn's message says no more than that."""
        del msg
        # Han characters typed into an address are a slip, not an attack.
        is_address = isinstance(sys.exception(), HttpParserInvalidURLError)
        self._refuse(BadAddress() if is_address else BadFraming())

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._patience = self.loop.call_later(
            _HEAD_SECONDS, self._refuse, RequestTimeout()
        )

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()

    def _refuse(self, error: DomainError) -> None:
        if self.transport.is_closing():
            return
        request_id = os.urandom(12).hex()
        scope: dict[str, Any] = {"headers": [], "tanyin.request_id": request_id}
        response = answer(scope, error)
        status = HTTPStatus(response.status_code)
        head = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
        head += [name + b": " + value for name, value in response.raw_headers]
        head += [b"x-content-type-options: nosniff", b"connection: close", b"", b""]
        self.transport.write(b"\r\n".join(head) + bytes(response.body))
        self.transport.close()
        fields = {
            "status": status.value,
            "request_id": request_id,
            "client": self.client[0] if self.client else "",
        }
        _log.info("", extra={"fields": fields})
