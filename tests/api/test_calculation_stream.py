"""Streams of calculations on a real port, and large requests beside small ones."""

import asyncio
import json
import os
import resource
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import jsonschema
import pytest
from fastapi import FastAPI

from app.http import ndjson
from app.http.bodies import BodyLimits
from app.kit.database import Sessions
from app.kit.workers import WorkerPool
from app.main import create_app
from app.settings import Settings
from tests.factories.calculations import ELECTRICITY, process, request
from tests.factories.factors import electricity, publish
from tests.factories.services import services, shared_workers
from tests.factories.streaming import STREAM, Address, Exchange, listening

Document = dict[str, Any]

pytestmark = pytest.mark.committed
# Far more than any of this takes, for a machine that is busy with other things.
SECONDS = 30.0


@pytest.fixture
async def app(sessions: Sessions) -> FastAPI:
    async with sessions.begin() as session:
        await publish(session, electricity())
    app = create_app(Settings(rate_limit=False))
    app.state.services = services(sessions)
    return app


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[Address]:
    async with listening(app) as address:
        yield address


@pytest.fixture
async def client(address: Address) -> AsyncIterator[httpx.AsyncClient]:
    base = f"http://{address[0]}:{address[1]}"
    async with httpx.AsyncClient(base_url=base, timeout=2 * SECONDS) as client:
        yield client


def tree(amount: int = 10, **more: Any) -> Document:
    line = {"factor": ELECTRICITY, "amount": amount, "unit": "kWh"}
    return request(process(inputs=[line]), **more)


def drawn(draws: int = 20_000, size: int = 200) -> Document:
    """Return a small request that takes about a second."""
    spread = {"type": "LOGNORMAL", "gsd": "1.1"}
    gas = {"gas": "N2O", "amount": "1", "unit": "kg", "uncertainty": spread}
    chain = [
        process(
            f"p{k}",
            inputs=[{"process": f"p{(k + 1) % size}", "amount": "0.1", "unit": "kg"}],
            emissions=[gas],
        )
        for k in range(size)
    ]
    method = {"method": "MONTE_CARLO", "draws": draws}
    return request(*chain, uncertainty=method)


def large(size: int = 12_000) -> Document:
    """Return a chain above 1 MiB whose footprint is 273."""
    chain = [
        process(f"p{k}", inputs=[{"process": f"p{k + 1}", "amount": "1", "unit": "kg"}])
        for k in range(size)
    ]
    gas = {"gas": "N2O", "amount": 1, "unit": "kg"}
    return request(*chain, process(f"p{size}", emissions=[gas]))


async def exchanged(address: Address, *parts: bytes, query: str = "") -> list[Document]:
    """Send *parts* and return the lines that answer them."""
    async with Exchange.open(address, query) as exchange:
        for part in parts:
            await exchange.send(part)
        exchange.end()
        assert await exchange.start() == 200
        return await exchange.rest()


def lines(*documents: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in documents)


async def test_lines_that_describe_their_factors_keep_to_their_own(
    address: Address, client: httpx.AsyncClient
) -> None:
    first, second, none = ({"q": q} for q in ("电力", "electricity", "steam"))
    bodies = [described(each) for each in (first, second, none, first)] + [tree()]
    alone = [(await client.post("/v1/calculations", json=each)) for each in bodies]

    found = await exchanged(address, lines(*bodies))

    assert [each["status"] for each in found] == [200, 200, 422, 200, 200]
    for line, answer in zip(found, alone, strict=True):
        if answer.is_success:
            assert line["answer"] == answer.json()
    assert found[2]["problem"]["code"] == "NO_FACTOR_FOUND"


def described(select: Document) -> Document:
    return request(process(inputs=[{"select": select, "amount": 1, "unit": "kWh"}]))


async def test_lines_are_answered_as_requests_are_and_refused_one_by_one(
    address: Address, client: httpx.AsyncClient
) -> None:
    good, unknown = tree(), tree(1, snapshot=5)
    alone = (await client.post("/v1/calculations", json=good)).json()
    body = (
        lines(good)
        + b"\n  \r\n"  # no items
        + b'{"reference"\n'
        + lines(unknown, [], tree(store=True), tree(gwp_set="AR5_100"), good)
    )

    # Wherever it is cut, and whether or not the last line ends.
    found = await exchanged(
        address, *(body[k : k + 37] for k in range(0, len(body), 37))
    )
    whole = await exchanged(address, body.rstrip())

    assert [each["item"] for each in found] == [1, 2, 3, 4, 5, 6, 7]
    assert [each["status"] for each in found] == [200, 400, 422, 422, 422, 200, 200]
    assert found[0]["answer"] == found[6]["answer"] == alone
    assert found[5]["answer"]["gwp_set"] == "AR5_100"
    assert [each["problem"]["code"] for each in found[1:5]] == [
        "MALFORMED_JSON",
        "SNAPSHOT_NOT_YET",
        "BAD_TYPE",
        "NOT_STORED_IN_STREAMS",
    ]
    assert found[2]["problem"]["errors"][0]["pointer"] == "/snapshot"
    assert [(each["item"], each["status"], each.get("answer")) for each in whole] == [
        (each["item"], each["status"], each.get("answer")) for each in found
    ]
    components = create_app(Settings()).openapi()["components"]
    for each in found:
        name = "StreamAnswer" if each["status"] == 200 else "StreamRefusal"
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        jsonschema.validate(each, schema)


async def test_a_stream_goes_on_at_an_item_and_at_its_snapshot(
    address: Address, app: FastAPI, sessions: Sessions
) -> None:
    body = lines(*(tree(k) for k in range(1, 200)))
    before = await exchanged(address, body)
    async with sessions.begin() as session:
        await publish(session, electricity(value="0.7"))
    await app.state.services.head.renew()

    again = await exchanged(address, body, query="?from=150&snapshot=1")
    now = await exchanged(address, body, query="?from=199")

    assert again == before[149:]
    assert [each["item"] for each in now] == [199]
    assert now[0]["answer"]["snapshot"] == 2


async def test_an_answer_comes_while_the_request_is_still_sent(
    address: Address,
) -> None:
    values = []
    async with Exchange.open(address, Accept_Language="zh") as exchange:
        await exchange.start()
        for amount in (1, 2, 3):
            await exchange.say(tree(amount))
            values.append((await exchange.line())["answer"]["result"]["value"])
        await exchange.say({})
        refused = await exchange.line()
        exchange.end()
        assert await exchange.line() is None

    assert values == ["0.6205", "1.241", "1.8615"]
    assert refused["problem"]["title"] == "违反规则"
    assert exchange.headers["tanyin-snapshot"] == "1"
    assert exchange.headers["content-type"] == "application/x-ndjson"


async def test_what_is_wrong_with_a_whole_stream_is_told_before_it_begins(
    client: httpx.AsyncClient,
) -> None:
    statuses = []
    for query, changes in (
        ("?from=0", {}),
        ("?snapshot=7", {}),
        ("?check=true", {}),
        ("", {"Content-Type": "application/json"}),
        ("", {"Content-Encoding": "gzip"}),
    ):
        headers = {"Content-Type": "application/x-ndjson"} | changes
        answer = await client.post(
            STREAM + query, content=lines(tree()), headers=headers
        )
        statuses.append(answer.status_code)

    assert statuses == [422, 422, 422, 415, 415]


async def test_a_line_that_is_too_long_is_refused_by_itself(
    address: Address, app: FastAPI
) -> None:
    app.state.body_limits = BodyLimits(json=1_000, large=1_000)
    long = b'{"a": "' + b"x" * 100_000 + b'"}\n'

    found = await exchanged(
        address, lines(tree()) + long[:50_000], long[50_000:], lines(tree())
    )

    assert [each["status"] for each in found] == [200, 413, 200]
    assert found[1]["problem"]["code"] == "LINE_TOO_LONG"


async def test_more_streams_than_the_service_takes_on_are_refused(
    address: Address, app: FastAPI
) -> None:
    gate = app.state.services.streams
    async with AsyncExitStack() as stack:
        held = [
            await stack.enter_async_context(Exchange.open(address)) for _ in range(16)
        ]
        assert {await each.start() for each in held} == {200}

        async with Exchange.open(address) as further:
            assert await further.start() == 503
            assert int(further.headers["retry-after"]) > 0
        for each in held:
            each.end()
            assert await each.line() is None
    assert gate.inside == 0


async def test_memory_does_not_depend_on_the_length(address: Address) -> None:
    padded = lines(tree(), *[{"padding": "x" * 1_000}] * 1_000)
    async with Exchange.open(address, "?from=200000") as exchange:
        await exchange.start()
        await exchange.send(padded)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(100):
            await exchange.send(padded)
        exchange.end()

        assert await exchange.rest() == []
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000, "kB, for 100 MB that were sent"


async def test_who_does_not_read_is_not_read_from(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ndjson, "_UNREAD_SECONDS", 1)
    part = lines(*[tree(detail="FULL")] * 20)
    sent = 0
    async with Exchange.open(address) as exchange:
        with pytest.raises((TimeoutError, ConnectionError)):  # noqa: PT012 - a loop
            while True:
                async with asyncio.timeout(3):
                    await exchange.send(part)
                sent += len(part)

    # What kernels hold of both directions, and 64 KiB.
    assert sent < 10_000_000


async def test_who_leaves_stops_the_work(
    address: Address, client: httpx.AsyncClient
) -> None:
    workers = shared_workers()
    asking = client.post("/v1/calculations", json=drawn(100_000))
    asked = asyncio.create_task(asking)
    await _until(lambda: workers.gate.inside == 1)
    asked.cancel()
    await _until(lambda: workers.gate.inside == 0)
    # The second has more to say, and fills what is read of it beforehand.
    async with Exchange.open(address) as ended, Exchange.open(address) as open_:
        await ended.say(*[drawn(100_000)] * 2)
        ended.end()
        await open_.say(*[drawn(100_000)] * 20)
        await _until(lambda: workers.gate.inside == 2)

    begun = time.monotonic()
    await _until(lambda: workers.gate.inside == 0)
    assert time.monotonic() - begun < SECONDS / 3


async def _until(done: Any) -> None:
    async with asyncio.timeout(SECONDS):
        while not done():  # noqa: ASYNC110 - looks from outside
            await asyncio.sleep(0.01)


def _pids(workers: WorkerPool) -> list[int]:
    return [each.pid for each in workers._workers]  # noqa: SLF001


async def test_a_lost_worker_costs_the_line_that_it_was_at(address: Address) -> None:
    workers = shared_workers()
    async with Exchange.open(address) as exchange:
        await exchange.say(drawn(100_000))
        await exchange.start()
        await _until(lambda: workers.gate.inside == 1)
        await asyncio.sleep(0.2)
        for pid in _pids(workers):
            os.kill(pid, signal.SIGKILL)
        await exchange.say(*[tree(k) for k in range(64)])
        exchange.end()
        found = await exchange.rest()

    assert [each["status"] for each in found] == [503] + [200] * 64
    assert found[0]["problem"]["code"] == "WORKER_LOST"


async def test_a_lost_worker_costs_no_line_that_was_beside(
    address: Address, client: httpx.AsyncClient
) -> None:
    workers = shared_workers()
    # Both workers are at something, so that the lines wait together.
    held = [
        asyncio.create_task(client.post("/v1/calculations", json=drawn(100_000)))
        for _ in range(2)
    ]
    await _until(lambda: workers.gate.inside == 2)
    async with Exchange.open(address) as exchange:
        await exchange.say(*[tree(k) for k in range(64)])
        exchange.end()
        await exchange.start()
        for pid in _pids(workers):
            os.kill(pid, signal.SIGKILL)
        found = await exchange.rest()

    assert {(await each).status_code for each in held} == {503}
    assert {each["status"] for each in found} == {200}


async def test_a_killed_worker_is_503_for_its_request_alone(
    client: httpx.AsyncClient,
) -> None:
    workers = shared_workers()
    at_work = asyncio.create_task(client.post("/v1/calculations", json=drawn(100_000)))
    await _until(lambda: workers.gate.inside == 1)
    await asyncio.sleep(0.2)
    for pid in _pids(workers):
        os.kill(pid, signal.SIGKILL)

    lost = await at_work
    next_one = await client.post("/v1/calculations", json=large())

    assert (lost.status_code, lost.json()["code"]) == (503, "WORKER_LOST")
    assert int(lost.headers["retry-after"]) > 0
    assert next_one.json()["result"]["value"] == "273"


async def test_large_requests_queue_up_and_small_ones_go_past(
    client: httpx.AsyncClient,
) -> None:
    workers = shared_workers()
    body = drawn(4_000)
    held = [
        asyncio.create_task(client.post("/v1/calculations", json=body))
        for _ in range(10)
    ]
    await _until(lambda: workers.gate.waiting == 8)

    full = await client.post("/v1/calculations", json=body)
    slowest = 0.0
    for _ in range(5):
        for ask in (
            client.get("/healthz"),
            client.post("/v1/calculations", json=tree()),
        ):
            begun = time.monotonic()
            assert (await ask).status_code == 200
            slowest = max(slowest, time.monotonic() - begun)
    metrics = (await client.get("/metrics")).text
    is_still_full = workers.gate.waiting > 0
    answers = await asyncio.gather(*held)

    assert (full.status_code, full.json()["code"]) == (503, "BUSY")
    assert int(full.headers["retry-after"]) > 0
    assert is_still_full
    assert "tanyin_large_calculations_running 2.0" in metrics
    assert {each.status_code for each in answers} == {200}
    assert len({each.content for each in answers}) == 1
    # 0.14 s where four processes wanted the two cores; a machine may have more to do.
    assert slowest < 2


def loop(size: int, amount: str) -> Document:
    """Return *size* processes, each of which takes *amount* of the next."""
    return request(
        *(
            process(
                f"p{k}",
                inputs=[
                    {"process": f"p{(k + 1) % size}", "amount": amount, "unit": "kg"}
                ],
            )
            for k in range(size)
        )
    )


def diamonds(depth: int) -> Document:
    """Return 2 ** *depth* ways through so many diamonds."""
    line = {"amount": "1", "unit": "kg"}
    chain = [
        process(f"p{k}", inputs=[{"process": f"p{k + 1}", **line}] * 2)
        for k in range(depth)
    ]
    gas = {"gas": "CO2_FOSSIL", **line}
    return request(*chain, process(f"p{depth}", emissions=[gas]))


def fan(width: int, target: str) -> Document:
    line = {"process": target, "amount": "1", "unit": "kg"}
    return request(process(inputs=[line] * width), process("q"))


BOMBS: dict[str, tuple[Document, set[str]]] = {
    "self-loop": (loop(1, "1"), {"UNSOLVABLE_SYSTEM"}),
    "hungry self-loop": (loop(1, "2"), {"NON_PRODUCTIVE_LOOP"}),
    "singular cycle of 10,000": (loop(10_000, "1"), {"UNSOLVABLE_SYSTEM"}),
    "hungry cycle of 10,000": (loop(10_000, "1.1"), {"NON_PRODUCTIVE_LOOP"}),
    "nearly singular": (loop(2, "1.000000000000000001"), {"UNSOLVABLE_SYSTEM"}),
    "dangling references": (fan(100_000, "nowhere"), {"UNKNOWN_PROCESS"}),
    "10 ** 9 draws": (
        tree(uncertainty={"method": "MONTE_CARLO", "draws": 10**9}),
        {"BAD_VALUE"},
    ),
}


async def test_a_bomb_is_refused_with_a_pointer_and_soon(
    client: httpx.AsyncClient,
) -> None:
    for name, (body, codes) in BOMBS.items():
        begun = time.monotonic()

        refused = await client.post("/v1/calculations", json=body)

        spent = time.monotonic() - begun
        errors = refused.json()["errors"]
        assert refused.status_code == 422, name
        assert {each["code"] for each in errors} == codes, name
        assert all(each["pointer"] for each in errors), name
        # Two seconds are promised on a machine with nothing else to do.
        assert spent < 10, name


async def test_many_ways_through_few_processes_are_no_bomb(
    client: httpx.AsyncClient,
) -> None:
    deep = await client.post("/v1/calculations", json=diamonds(60))
    wide = await client.post("/v1/calculations", json=fan(100_000, "q"))

    assert deep.json()["result"]["value"] == "1152921504610000000"
    assert wide.json()["result"]["value"] == "0"
