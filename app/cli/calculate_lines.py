"""`tanyin calculate FILE.ndjson --out FILE`: a request a line, an answer a line.

Goes over `POST /v1/calculations/stream`. The answers so far say where to go on, and a
file beside them says at which snapshot, until all are there.
"""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import BinaryIO, Final, Literal
from urllib.parse import quote, urlsplit

import typer
from rich.console import Console
from rich.progress import Progress

REFUSED: Final = 1
UNREACHABLE: Final = 3
_SECONDS: Final = 600.0
_PART: Final = 64 * 1024
_OK: Final = 200
# How a line of an answer begins, whatever follows.
_ANSWERED: Final = b'"status":200,'
_HEAD: Final = 80


@dataclass(frozen=True, slots=True)
class Job:
    """What to calculate and where to put it; `first` is an item."""

    file: Path
    out: Path
    url: str
    language: str
    first: int = 1
    snapshot: str | None = None

    @property
    def mark(self) -> Path:
        """The file that holds the snapshot while the answers are incomplete."""
        return self.out.with_name(self.out.name + ".snapshot")


def run(job: Job, *, resume: bool) -> None:
    """Do *job*, or with *resume* what is left of it; raises `typer.Exit`."""
    job = _resumed(job) if resume else _begun(job)
    with _opened(job.file, "rb") as source, _opened(job.out, "ab") as into:
        try:
            answered, refused = _exchange(job, source, into)
        except (OSError, HTTPException) as error:
            typer.echo(f"{job.url}: {type(error).__name__} {error}", err=True)
            typer.echo("Broken off; --resume goes on from here.", err=True)
            raise typer.Exit(UNREACHABLE) from error
    job.mark.unlink(missing_ok=True)
    typer.echo(f"{answered} answered, {refused} refused: {job.out}", err=True)
    if refused:
        raise typer.Exit(REFUSED)


def _opened(path: Path, mode: Literal["rb", "ab"]) -> BinaryIO:
    try:
        return path.open(mode)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from error


def _begun(job: Job) -> Job:
    if job.out.exists():
        raise typer.BadParameter(f"{job.out} exists; --resume goes on with it.")
    return job


def _resumed(job: Job) -> Job:
    """Return what is left of *job*; a torn last line is cut off."""
    first, snapshot = job.first, job.snapshot
    if job.out.exists():
        first = max(first, _last_item(job.out) + 1)
    if snapshot is None and job.mark.exists():
        snapshot = job.mark.read_text("ascii")
    return Job(job.file, job.out, job.url, job.language, first, snapshot)


def _last_item(out: Path) -> int:
    with out.open("r+b") as answers:
        end = answers.seek(0, os.SEEK_END)
        last, end = _last_line(answers, end)
        answers.truncate(end)
    return int(json.loads(last)["item"]) if last else 0


def _last_line(answers: BinaryIO, size: int) -> tuple[bytes, int]:
    """Return the last whole line, and where it ends."""
    tail, start = b"", size
    while start and tail.count(b"\n") < 2:  # noqa: PLR2004 - its end, and the one before
        start = max(0, start - _PART)
        answers.seek(start)
        tail = answers.read(min(_PART, size - start)) + tail
    whole, _, torn = tail.rpartition(b"\n")
    return whole.rpartition(b"\n")[2], size - len(torn)


def _exchange(job: Job, source: BinaryIO, into: BinaryIO) -> tuple[int, int]:
    """Send and receive side by side; return how many were answered, and refused."""
    with closing(_connected(job)) as connection, _progress() as progress:
        bar = progress.add_task("", total=os.fstat(source.fileno()).st_size)

        def send() -> None:
            # What fails here fails at the other end as well, which tells of it.
            try:
                for part in iter(lambda: source.read(_PART), b""):
                    connection.send(b"%x\r\n%b\r\n" % (len(part), part))
                    progress.advance(bar, len(part))
                connection.send(b"0\r\n\r\n")
            except OSError:
                connection.close()

        threading.Thread(target=send, daemon=True).start()
        counts = [0, 0]
        for line in _lines(job, connection.getresponse()):
            into.write(line)
            counts[_ANSWERED not in line[:_HEAD]] += 1
            progress.update(bar, description=f"{sum(counts):,}")
        into.flush()
    return counts[0], counts[1]


def _connected(job: Job) -> HTTPConnection:
    parts = urlsplit(job.url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_SECONDS)
    path = f"{parts.path.rstrip('/')}/v1/calculations/stream?from={job.first}"
    if job.snapshot is not None:
        path += "&snapshot=" + quote(job.snapshot, safe="")
    connection.putrequest("POST", path)
    connection.putheader("Content-Type", "application/x-ndjson")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.putheader("Accept-Language", job.language)
    connection.endheaders()
    return connection


def _lines(job: Job, response: HTTPResponse) -> Iterator[bytes]:
    """Yield the lines of the answer; one that is cut off is an error."""
    if response.status != _OK:
        problem = response.read().decode(errors="replace")
        raise HTTPException(f"{response.status} {problem}")
    job.mark.write_text(response.headers["TanYin-Snapshot"], "ascii")
    for line in response:
        if not line.endswith(b"\n"):
            raise HTTPException("the answer is cut off")
        yield line
    if not response.isclosed():
        raise HTTPException("the answer is cut off")


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(console=console, disable=not console.is_terminal)
