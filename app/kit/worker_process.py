"""What runs in a worker process, and what is said between it and `app.kit.workers`.

It holds one dialogue after the other, as `app.kit.lanes` describes them.
"""

import gc
import os
import resource
import select
import sys
import threading
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Final

from app.kit.errors import DomainError
from app.kit.lanes import Made

# An interpreter's own main module would give other classes than those below.
LAUNCH: Final = "from app.kit.worker_process import main; main()"
# What Python has taken for one large body it hardly gives back.
_HEAVY_BYTES: Final = 1024 * 1024 * 1024
_MAXRSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Said:
    """What the generator has yielded."""

    value: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """What the generator has raised, and may raise."""

    error: DomainError


@dataclass(frozen=True, slots=True)
class Failed:
    """What nobody has foreseen; the worker is gone with it."""

    traceback: str


@dataclass(frozen=True, slots=True)
class Over:
    """Said to a worker in place of a value: the dialogue has ended."""


def main() -> None:
    """Serve until the other end is closed."""
    connection = Connection(int(sys.argv[1]))
    threading.Thread(target=_leave_with, args=(connection,), daemon=True).start()
    sys.excepthook = _reporting_to(connection)
    # What a dialogue makes lives until its end: no use looking for garbage before.
    gc.disable()
    while True:
        make, arguments = _heard(connection)
        if not gc.get_freeze_count():
            # With *make* came all that it imports, which stays: a second to look at.
            gc.freeze()
        _converse(connection, make(*arguments))
        gc.collect()
        connection.send(_is_fit())


def _converse(connection: Connection, made: Made) -> None:
    """Advance the generator as long as values come."""
    value: Any = None
    while True:
        try:
            said: Said | Refused = Said(made.send(value))
        except DomainError as error:
            said = Refused(error)
        connection.send(said)
        del said
        value = _heard(connection)
        if isinstance(value, Over):
            return


def _heard(connection: Connection) -> Any:  # noqa: ANN401 - whatever was sent
    try:
        return connection.recv()
    except (EOFError, OSError):
        sys.exit(0)


def _is_fit() -> bool:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT
    return used < _HEAVY_BYTES


def _leave_with(connection: Connection) -> None:
    """End this process, whatever it is at, once the other end is closed."""
    watch = select.poll()
    watch.register(connection.fileno(), select.POLLHUP)
    while not any(event & select.POLLHUP for _, event in watch.poll()):
        pass
    os._exit(0)


def _reporting_to(connection: Connection) -> Any:  # noqa: ANN401 - a hook
    def report(
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        connection.send(Failed("".join(traceback.format_exception(kind, error, trace))))

    return report
