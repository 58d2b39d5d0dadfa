"""`tanyin serve`: the service in the foreground."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType
from typing import Any, Final

import typer
import uvicorn
from fastapi import FastAPI

from app import __version__
from app.cli.demo import keys_file, running_demo
from app.http import logs
from app.http.protocol import StrictProtocol
from app.kit.errors import Conflict
from app.main import create_app
from app.settings import Settings, from_environment

commands: Final = typer.Typer(add_completion=False)


class AddressInUse(Conflict):
    en = "{host}:{port} cannot be listened on: {reason}."
    zh = "无法监听 {host}:{port}:{reason}。"


@commands.command()
def serve() -> None:
    """Serve until SIGINT or SIGTERM; without database URLs as a demonstration."""
    settings = from_environment(os.environ)
    logs.configure()
    stop = _Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    # The address first: nothing is started for a service that nobody could reach.
    with closing(_bind(settings)) as listener, _database(settings) as ready:
        if not stop.is_wanted:
            _run(ready, listener, stop)


class _Stop:
    """Takes note of a signal while the service is being prepared.

    An exception raised amid an event loop may be swallowed there, so what is under way
    is finished first; only a second signal unwinds at once.
    """

    def __init__(self) -> None:
        self.is_wanted = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_wanted:
            raise SystemExit(0)
        self.is_wanted = True


def _bind(settings: Settings) -> socket.socket:
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )
        listener = socket.socket(found[0][0], socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found[0][4])
    except OSError as error:
        raise AddressInUse(
            host=settings.host, port=settings.port, reason=error.strerror
        ) from error
    return listener


@contextmanager
def _database(settings: Settings) -> Iterator[Settings]:
    if not settings.demo:
        yield settings
        return
    message = "Starting the embedded database; the first start loads the demo data."
    print(message, flush=True)
    with running_demo(settings) as ready:
        yield ready


def _run(settings: Settings, listener: socket.socket, stop: _Stop) -> None:
    config = server_config(create_app(settings))
    _Server(config, settings, stop).run(sockets=[listener])


def server_config(app: FastAPI, **options: Any) -> uvicorn.Config:  # noqa: ANN401 - uvicorn's
    """Return how *app* is served: by our protocol and our own log."""
    return uvicorn.Config(
        app,
        http=StrictProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # What a client says about its address is not believed.
        proxy_headers=False,
        timeout_graceful_shutdown=10,
        **options,
    )


class _Server(uvicorn.Server):
    """Says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, settings: Settings, stop: _Stop) -> None:
        super().__init__(config)
        self._settings = settings
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then print the addresses and a request to paste."""
        # From here on uvicorn itself hears signals; one may have come just before.
        self.should_exit = self.should_exit or self._stop.is_wanted
        await super().startup(sockets)
        base = self._settings.base_url
        print(f"TanYin 碳因 {__version__} answers:")
        print(f"  {base}/docs           interactive reference")
        print(f"  {base}/openapi.json   description of the interface")
        if self._settings.demo:
            print(f"Keys of the demo: {keys_file(self._settings)}")
        print(f"Try: curl -G --data-urlencode 'q=电力' '{base}/v1/factors'", flush=True)
