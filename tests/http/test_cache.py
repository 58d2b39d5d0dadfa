"""Kept answers: the same bytes, never stale, never somebody's own."""

import httpx
import pytest
from fastapi import FastAPI

from app.http.cache import Answer, AnswerStore
from app.kit.database import Sessions
from tests.factories.probe import append

PROBE = "/v1/series/probe/x"


async def hits(client: httpx.AsyncClient) -> float:
    """Return how many answers came from the cache so far."""
    text = (await client.get("/metrics")).text
    line = next(each for each in text.splitlines() if 'outcome="hit"' in each)
    return float(line.split()[-1])


async def test_second_answer_is_the_first_one(client: httpx.AsyncClient) -> None:
    first, second = await client.get(PROBE), await client.get(PROBE)

    different = {"x-request-id"}
    assert await hits(client) == 1
    assert second.content == first.content
    assert {k: v for k, v in second.headers.items() if k not in different} == {
        k: v for k, v in first.headers.items() if k not in different
    }


async def test_published_read_says_how_it_may_be_kept(
    client: httpx.AsyncClient,
) -> None:
    headers = (await client.get(PROBE)).headers

    assert headers["cache-control"] == "no-cache"
    assert headers["etag"].startswith('"')
    assert headers["tanyin-snapshot"] == "0"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("{etag}", 304),
        ("W/{etag}", 304),
        ('"other", {etag}', 304),
        ('"a",W/{etag} ,"b"', 304),
        ("*", 304),
        ('"other"', 200),
        ("", 200),
        ("x" * 5000, 200),
    ],
)
@pytest.mark.parametrize("kept", [False, True])
async def test_if_none_match(
    client: httpx.AsyncClient, given: str, status: int, *, kept: bool
) -> None:
    etag = (await client.get(PROBE)).headers["etag"]
    path = PROBE if kept else f"{PROBE}?snapshot=0"

    answer = await client.get(
        path, headers={"If-None-Match": given.replace("{etag}", etag)}
    )

    assert answer.status_code == status
    assert answer.headers["etag"] == etag
    assert answer.headers["tanyin-snapshot"] == "0"
    assert (answer.content == b"") is (status == 304)
    assert ("content-length" in answer.headers) is (status == 200)


@pytest.mark.committed
async def test_publication_is_seen_and_the_past_stays(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    before = await client.get(PROBE)
    pinned = await client.get(f"{PROBE}?snapshot=0")
    await client.post("/v1/probe/entries")

    after = await client.get(PROBE)
    again = await client.get(f"{PROBE}?snapshot=0")

    assert (before.json()["entries"], after.json()["entries"]) == (0, 1)
    assert after.headers["etag"] != before.headers["etag"]
    assert again.content == pinned.content
    assert await hits(client) == 1
    del sessions


@pytest.mark.committed
@pytest.mark.parametrize(
    "query", ["%73napshot=1", "snapshot=%31", "snapshot=2020-01-01T00:00:00Z"]
)
async def test_other_spellings_of_a_snapshot_stay_right(
    client: httpx.AsyncClient, sessions: Sessions, query: str
) -> None:
    await append(sessions)
    await client.get(f"{PROBE}?snapshot=1")
    first = await client.get(f"{PROBE}?{query}")
    await client.post("/v1/probe/entries")

    for _ in range(2):
        again = await client.get(f"{PROBE}?{query}")
        assert again.content == first.content
        assert again.headers["tanyin-snapshot"] == first.headers["tanyin-snapshot"]


async def test_errors_are_not_kept(client: httpx.AsyncClient) -> None:
    for path in ("missing", "x?limit=0", "x?snapshot=99"):
        for _ in range(2):
            answer = await client.get(f"/v1/series/probe/{path}")
            assert answer.status_code in {404, 422}
            assert "etag" not in answer.headers

    assert await hits(client) == 0


async def test_kept_answer_does_not_excuse_a_bad_key(client: httpx.AsyncClient) -> None:
    await client.get(PROBE)

    answer = await client.get(PROBE, headers={"Authorization": "Bearer nobody"})

    assert answer.status_code == 401


async def test_head_is_served_from_the_cache(client: httpx.AsyncClient) -> None:
    get = await client.get(PROBE)
    head = await client.head(PROBE)

    assert await hits(client) == 1
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["etag"] == get.headers["etag"]


async def test_queries_are_kept_apart(client: httpx.AsyncClient) -> None:
    await client.get(f"{PROBE}?limit=1")
    await client.get(f"{PROBE}?limit=2")
    await client.get("/v1/series/probe/y?limit=1")

    assert await hits(client) == 0


async def test_vocabularies_are_kept_though_they_have_no_snapshot(
    client: httpx.AsyncClient,
) -> None:
    first = await client.get("/v1/reference/stages")
    second = await client.get("/v1/reference/stages")

    assert first.status_code == 200
    assert second.content == first.content
    assert await hits(client) == 1


async def test_nothing_else_is_kept(app: FastAPI, client: httpx.AsyncClient) -> None:
    del app
    for _ in range(2):
        await client.get("/v1/probe/caller")

    assert await hits(client) == 0


def _answer(size: int) -> Answer:
    return Answer((), b"x" * size, b"", "")


def test_store_is_bounded_in_number() -> None:
    store = AnswerStore(2, 1_000_000)
    for number in range(3):
        store.keep(("/", b"", number), _answer(1))

    kept = [store.find(("/", b"", number)) is not None for number in range(3)]

    assert kept == [False, True, True]


def test_store_is_bounded_in_bytes() -> None:
    store = AnswerStore(100, 160_000)
    for number in range(20):
        store.keep(("/", b"", number), _answer(9_000))

    kept = [store.find(("/", b"", number)) is not None for number in range(20)]

    assert kept == [False] * 5 + [True] * 15


def test_store_keeps_what_is_used() -> None:
    store = AnswerStore(2, 1_000_000)
    store.keep(("/", b"", 0), _answer(1))
    store.keep(("/", b"", 1), _answer(1))
    store.find(("/", b"", 0))
    store.keep(("/", b"", 2), _answer(1))

    assert store.find(("/", b"", 0)) is not None
    assert store.find(("/", b"", 1)) is None


def test_store_refuses_what_would_push_out_much() -> None:
    store = AnswerStore(100, 160_000)

    store.keep(("/", b"", 0), _answer(10_001))

    assert store.find(("/", b"", 0)) is None
