"""A log as a service publishes it, made in memory, and a server that may lie."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.translog import merkle, note
from app.translog.merkle import Run
from app.translog.note import COSIGNATURE, ED25519, Checkpoint, Proof, Signer

ORIGIN = "log.example/tanyin"
NOW = 1_790_000_000
CODE = "CNF-01-000001-14"
OTHER = "CNF-20-000001-27"


def signer(seed: int, name: str = ORIGIN, kind: int = ED25519) -> Signer:
    return Signer(name, kind, bytes([seed]) * 32)


KEY = signer(1)
WITNESSES = [signer(50 + n, f"w{n}.example", COSIGNATURE) for n in range(3)]


def canonical(document: Any) -> bytes:
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


@dataclass
class Log:
    """Entries and what can be said of them."""

    entries: list[bytes] = field(default_factory=list)
    keys: list[Signer] = field(default_factory=lambda: [KEY])
    witnesses: Sequence[Signer] = ()
    witnessed_at: int = NOW

    def add(self, schema: str, **members: Any) -> bytes:
        at = f"2026-09-21T12:00:{len(self.entries) // 1000:02}"
        at = f"{at}.{len(self.entries) % 1000:03}000Z"
        document = {"schema": schema, "recorded_at": at} | members
        self.entries.append(canonical(document))
        return self.entries[-1]

    def version(
        self, code: str, number: int, previous: bytes | None, /, **more: Any
    ) -> bytes:
        content = {
            "name": {"zh": "电力", "en": "Electricity"},
            "value": f"0.{5 + number}",
            "unit": "kgCO2e/kWh",
        }
        digest = None if previous is None else hashlib.sha256(previous).hexdigest()
        members = {"code": code, "version": number, "content": content}
        return self.add(
            "tanyin/factor-version/1", **(members | {"previous": digest} | more)
        )

    def status(self, code: str, version: int | None, status: str) -> bytes:
        members = {"code": code, "version": version, "status": status}
        return self.add("tanyin/status-change/1", **members, reason="because")

    def root(self, size: int) -> bytes:
        return merkle.root(map(merkle.leaf_hash, self.entries[:size]))

    def checkpoint(self, size: int) -> str:
        text = Checkpoint(ORIGIN, size, self.root(size)).text
        lines = [each.sign(text) for each in self.keys]
        lines += [each.sign(text, self.witnessed_at) for each in self.witnesses]
        return note.signed(text, lines)

    def hashes(self, ranges: Sequence[merkle.Range]) -> list[bytes]:
        return [merkle.range_hash(each, self._read) for each in ranges]

    def _read(self, run: Run) -> list[bytes]:
        width = merkle.WIDTH**run.level
        leaves = [merkle.leaf_hash(each) for each in self.entries]
        return [
            merkle.root(leaves[n * width : (n + 1) * width])
            for n in range(run.first, run.first + run.count)
        ]

    def proof(self, index: int, size: int) -> dict[str, Any]:
        return {
            "log_index": index,
            "tree_size": size,
            "leaf_hash": merkle.leaf_hash(self.entries[index]).hex(),
            "root_hash": self.root(size).hex(),
            "hashes": [h.hex() for h in self.hashes(merkle.inclusion(index, size))],
            "checkpoint": self.checkpoint(size),
        }

    def text_proof(self, index: int, size: int) -> str:
        path = tuple(self.hashes(merkle.inclusion(index, size)))
        return Proof(index, path, self.checkpoint(size)).text

    def consistency(self, old: int, new: int) -> dict[str, Any]:
        return {
            "from": old,
            "to": new,
            "from_root": self.root(old).hex(),
            "to_root": self.root(new).hex(),
            "hashes": [h.hex() for h in self.hashes(merkle.consistency(old, new))],
        }

    def bundle(self, index: int, width: int) -> bytes:
        first = index * merkle.WIDTH
        wanted = self.entries[first : first + width]
        return b"".join(len(each).to_bytes(2, "big") + each for each in wanted)


@dataclass
class Answer:
    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Served = Answer | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class World:
    """A service: a log as it is at `size`, and what it answers instead."""

    log: Log
    size: int
    files: dict[str, bytes] = field(default_factory=dict)
    instead: dict[str, Served] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, target: str) -> Served:
        self.asked.append(target)
        parts = urlsplit(target)
        for path in (target, parts.path):
            if path in self.instead:
                return self.instead[path]
        query = {name: each[0] for name, each in parse_qs(parts.query).items()}
        found = self._find(parts.path.removeprefix("/v1"), query)
        return Answer(b"{}", 404) if found is None else Answer(found)

    def _find(  # noqa: PLR0911 - a table of addresses
        self, path: str, query: dict[str, str]
    ) -> bytes | None:
        match path.strip("/").split("/"):
            case ["log", "checkpoint"]:
                return self.log.checkpoint(self.size).encode()
            case ["log", "consistency"]:
                sizes = int(query["from"]), int(query["to"])
                return canonical(self.log.consistency(*sizes))
            case ["log", "proof"]:
                return canonical(self.log.proof(int(query["index"]), self.size))
            case ["log", "tile", "entries", number]:
                return self._tile(int(number), merkle.WIDTH)
            case ["log", "tile", "entries", number, width]:
                return self._tile(int(number.removesuffix(".p")), int(width))
            case ["factors", code, "versions"]:
                return self._versions(code, query)
            case ["factors", code, "versions", number, what]:
                return self._version(code, int(number), what)
        return self.files.get(path)

    def _tile(self, index: int, width: int) -> bytes | None:
        held = merkle.tile_width(0, index, self.size)
        return self.log.bundle(index, width) if width <= held else None

    def indices(self, code: str) -> list[int]:
        found = enumerate(map(json.loads, self.log.entries[: self.size]))
        return [
            index
            for index, each in found
            if each["schema"] == "tanyin/factor-version/1" and each["code"] == code
        ]

    def _versions(self, code: str, query: dict[str, str]) -> bytes:
        found = [self.log.entries[index] for index in self.indices(code)]
        items = [
            {"version": n, "record_sha256": hashlib.sha256(each).hexdigest()}
            for n, each in enumerate(found, 1)
        ]
        # Two a page, so that cursors are followed.
        start = int(query.get("cursor", 0))
        after = str(start + 2) if start + 2 < len(items) else None
        page = {"items": items[start : start + 2], "next_cursor": after}
        return canonical(page | {"snapshot": int(query["snapshot"])})

    def _version(self, code: str, number: int, what: str) -> bytes:
        index = self.indices(code)[number - 1]
        if what == "record":
            return self.log.entries[index]
        return canonical(self.log.proof(index, self.size))


class Handler(BaseHTTPRequestHandler):
    """Answers for the world that the server has at the moment."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self.close_connection = True
        found = self.server.world.answer(self.path)
        if not isinstance(found, Answer):
            found(self)
            return
        self.send_response(found.status)
        headers = {"Content-Length": str(len(found.body))} | found.headers
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(found.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    world: World

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is what the tests are about."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def ordinary_log() -> Log:
    """Two factors, one of them in three versions, a suspension, a retirement."""
    log = Log()
    first = log.version(CODE, 1, None)
    other = log.version(OTHER, 1, None)
    second = log.version(CODE, 2, first)
    log.status(CODE, 1, "SUSPENDED")
    log.status(CODE, 1, "PUBLISHED")
    log.version(CODE, 3, second)
    log.status(OTHER, None, "RETIRED")
    log.version(OTHER, 2, other)
    return log


Listed = Sequence[tuple[int, str]]


def _line(**members: Any) -> bytes:
    return canonical(members) + b"\n"


def _manifest_line(log: Log, index: int, status: str) -> bytes:
    document = json.loads(log.entries[index])
    return _line(
        code=document["code"],
        log_index=index,
        record_sha256=hashlib.sha256(log.entries[index]).hexdigest(),
        status=status,
        version=document["version"],
    )


def _export_line(log: Log, index: int, status: str) -> bytes:
    document = json.loads(log.entries[index])
    return _line(
        code=document["code"],
        record=document,
        status=status,
        version=document["version"],
    )


def released(
    log: Log, name: str, listed: Listed, exported: Listed | None = None
) -> dict[str, bytes]:
    """Add a release of (index, status) to *log*; return its files by path."""
    manifest = b"".join(_manifest_line(log, *each) for each in listed)
    shown = listed if exported is None else exported
    jsonl = b"".join(_export_line(log, *each) for each in shown)
    csv = b"code,version\r\n"
    record = log.add(
        "tanyin/release/1",
        name=name,
        size=len(log.entries),
        versions=len(listed),
        manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        jsonl_sha256=hashlib.sha256(jsonl).hexdigest(),
        csv_sha256=hashlib.sha256(csv).hexdigest(),
    )
    base = f"/releases/{name}"
    return {
        f"{base}/record": record,
        f"{base}/manifest": manifest,
        f"{base}/export.jsonl": jsonl,
        f"{base}/export.csv": csv,
    }
