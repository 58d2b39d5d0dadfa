"""Load on one address: keep-alive connections, each with one request under way.

    python -m bench.load PORT CONNECTIONS SECONDS PATH [ETAG]
    python -m bench.load PORT CONNECTIONS SECONDS PATH --post FILE [KEY]

Prints JSON: answers per second, and the share of the time in which this process was
busy. Answers of one address are equally long: bytes are counted rather than parsed.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import sys
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CHUNK: Final = 1 << 18
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)


class UnexpectedAnswer(RuntimeError):
    """An answer was neither 200, 201 nor 304, or longer than the first one."""


@dataclass(slots=True)
class _Client:
    """One connection and how many bytes of the answer are still to come."""

    connection: socket.socket
    request: bytes
    length: int
    left: int = 0

    def ask(self) -> None:
        self.left = self.length
        self.connection.sendall(self.request)

    def take(self) -> bool:
        """Receive what is there; ask again, and say so, when the answer is complete."""
        self.left -= len(self.connection.recv(_CHUNK))
        if self.left < 0:
            raise UnexpectedAnswer
        if self.left:
            return False
        self.ask()
        return True


def answers(port: int, request: bytes, connections: int, duration: float) -> int:
    """Return how many answers came within *duration* seconds."""
    length = _answer_length(port, request)
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(connections):
            connection = stack.enter_context(closing(_connect(port)))
            client = _Client(connection, request, length)
            selector.register(connection, selectors.EVENT_READ, client)
            client.ask()
        count, deadline = 0, time.perf_counter() + duration
        while time.perf_counter() < deadline:
            count += sum(key.data.take() for key, _ in selector.select(1))
    return count


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 10)


def _answer_length(port: int, request: bytes) -> int:
    with closing(_connect(port)) as connection:
        connection.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(_CHUNK)
    head = data[: data.index(b"\r\n\r\n") + 4]
    if head[9:12] not in (b"200", b"201", b"304"):
        raise UnexpectedAnswer(head.decode())
    length = _LENGTH.search(head)
    return len(head) + (int(length[1]) if length else 0)


def _request(port: str, path: str, rest: list[str]) -> bytes:
    """Return the bytes of a GET, or of a POST of a file."""
    is_post = rest[:1] == ["--post"]
    body = Path(rest[1]).read_bytes() if is_post else b""
    method = "POST" if is_post else "GET"
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept: */*"]
    if is_post:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"Authorization: Bearer {key}" for key in rest[2:]]
    else:
        lines += [f"If-None-Match: {each}" for each in rest]
    return "\r\n".join([*lines, "", ""]).encode() + body


def main() -> None:
    """Ask as the arguments say, from another core than the service's."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores - {min(cores)} or cores)
    port, connections, duration, path, *rest = sys.argv[1:]
    request = _request(port, path, rest)
    busy, begun = time.process_time(), time.perf_counter()
    count = answers(int(port), request, int(connections), float(duration))
    spent = time.perf_counter() - begun
    share = (time.process_time() - busy) / spent
    print(json.dumps({"per_second": count / float(duration), "busy": share}))


if __name__ == "__main__":
    main()
