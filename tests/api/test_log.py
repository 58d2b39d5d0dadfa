"""The log over HTTP, checked as somebody would who trusts nobody."""

import hashlib

import httpx
import pytest

from app.kit.database import Sessions
from app.translog import checkpoints, merkle, note
from tests.factories import factors
from tests.factories.services import LOG_KEY


@pytest.fixture
async def code(sessions: Sessions) -> str:
    """Return the code of a factor at log indices 0 and 300."""
    first = await factors.publish_one(sessions, value="0.0140", unit="kgCO2e/kg")
    many = [factors.content(zh=f"产品{number}") for number in range(299)]
    async with sessions.begin() as session:
        await factors.publish(session, *many)
    await factors.publish_one(sessions, value="0.0150", change_reason="更正")
    return first.code


def checkpoint(text: str) -> note.Checkpoint:
    """Return what a signed note says, if the known key has signed it."""
    found = note.parse_note(text)
    assert found.verified([LOG_KEY.verifier])
    return note.parse_checkpoint(found.text)


async def test_the_checkpoint_follows_every_publication(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    empty = await client.get("/v1/log/checkpoint")
    assert checkpoint(empty.text) == note.Checkpoint(LOG_KEY.name, 0, merkle.EMPTY_ROOT)
    await factors.publish_one(sessions)
    await client.get("/v1/factors?snapshot=1")

    answer = await client.get("/v1/log/checkpoint")

    assert checkpoint(answer.text).size == 1
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=2"


async def test_a_version_is_proved_from_its_bytes(
    client: httpx.AsyncClient, code: str
) -> None:
    record = await client.get(f"/v1/factors/{code}/versions/2/record")
    answer = await client.get(f"/v1/factors/{code}/versions/2/proof")

    found = answer.json()
    signed = checkpoint(found["checkpoint"])
    assert (found["log_index"], found["tree_size"]) == (300, 301)
    assert (signed.size, signed.root.hex()) == (301, found["root_hash"])
    leaf = merkle.leaf_hash(record.content)
    assert leaf.hex() == found["leaf_hash"]
    path = [bytes.fromhex(each) for each in found["hashes"]]
    merkle.verify_inclusion(300, 301, leaf, path, signed.root)
    assert answer.headers["cache-control"] == "no-cache"


async def test_the_proof_as_text_says_the_same(
    client: httpx.AsyncClient, code: str
) -> None:
    json = (await client.get("/v1/log/proof?index=0")).json()
    answer = await client.get(f"/v1/factors/{code}/versions/1/proof?format=text")

    proof = note.parse_proof(answer.text)
    assert proof.index == 0
    assert [each.hex() for each in proof.path] == json["hashes"]
    assert proof.checkpoint == json["checkpoint"]
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_a_snapshot_has_a_proof_of_its_own(
    client: httpx.AsyncClient, code: str
) -> None:
    path = f"/v1/factors/{code}/versions/1/proof?snapshot=257"

    first, second = [(await client.get(path)).json() for _ in range(2)]

    assert first == second
    signed = checkpoint(first["checkpoint"])
    assert signed.size == first["tree_size"] == 257
    hashes = [bytes.fromhex(each) for each in first["hashes"]]
    leaf = bytes.fromhex(first["leaf_hash"])
    merkle.verify_inclusion(0, 257, leaf, hashes, signed.root)


@pytest.mark.usefixtures("code")
async def test_consistency_leads_from_an_old_root_to_the_new_one(
    client: httpx.AsyncClient,
) -> None:
    signed = checkpoint((await client.get("/v1/log/checkpoint")).text)

    found = (await client.get("/v1/log/consistency?from=257&to=301")).json()

    assert list(found) == ["from", "to", "from_root", "to_root", "hashes"]
    old, new = bytes.fromhex(found["from_root"]), bytes.fromhex(found["to_root"])
    assert new == signed.root
    hashes = [bytes.fromhex(each) for each in found["hashes"]]
    merkle.verify_consistency(257, 301, old, new, hashes)


@pytest.mark.usefixtures("code")
async def test_the_tree_is_rebuilt_from_tiles_and_bundles(
    client: httpx.AsyncClient,
) -> None:
    signed = checkpoint((await client.get("/v1/log/checkpoint")).text)
    leaves: list[bytes] = []
    for index, width in ((0, 256), (1, 45)):
        bundle = await client.get(
            f"/v1/log/{merkle.tile_path('entries', index, width)}"
        )
        tile = await client.get(f"/v1/log/{merkle.tile_path(0, index, width)}")
        data, found = bundle.content, []
        while data:
            length = int.from_bytes(data[:2], "big")
            found.append(merkle.leaf_hash(data[2 : 2 + length]))
            data = data[2 + length :]
        assert b"".join(found) == tile.content
        assert tile.headers["cache-control"] == "public, max-age=31536000, immutable"
        leaves += found
    assert merkle.root(leaves) == signed.root
    upper = await client.get("/v1/log/tile/1/000.p/1")
    assert upper.content == merkle.root(leaves[:256])


@pytest.mark.usefixtures("code")
@pytest.mark.parametrize(
    "path",
    [
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/001",
        "0/001.p/46",
        "0/002",
        "0/0",
        "0/1",
        "0/x1/002",
        "0/x000/001",
        "0/x001/002/003",
        "0/x001/x002/003",
        "00/000",
        "1/000",
        "1/000.p/2",
        "2/000.p/1",
        "64/000",
        "-1/000",
        "entries/001",
        "entries/000.p/257",
        "Entries/000",
        "0/٠٠٠",
        "0/000/",
        "0",
    ],
)
async def test_an_address_has_one_spelling_and_no_tile_beyond_the_log(
    client: httpx.AsyncClient, path: str
) -> None:
    await client.get("/v1/log/checkpoint")

    answer = await client.get(f"/v1/log/tile/{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_TILE")


@pytest.mark.usefixtures("code")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("consistency?from=0&to=1", 422),
        ("consistency?from=2&to=1", 422),
        ("consistency?from=1&to=302", 422),
        ("consistency?from=1", 422),
        ("consistency?from=%2B1&to=2", 422),
        ("consistency?from=007&to=301", 422),
        ("consistency?from=1&to=9999999999999999999", 422),
        ("proof?index=-1", 422),
        ("proof?index=1.0", 422),
        ("proof?index=9223372036854775808", 422),
        ("proof?index=301", 404),
        ("proof?index=257&snapshot=257", 404),
        ("proof?index=0&snapshot=302", 422),
        ("proof?index=0&format=xml", 422),
        ("proof", 422),
    ],
)
async def test_what_cannot_be_proved_is_refused(
    client: httpx.AsyncClient, path: str, expected: int
) -> None:
    await client.get("/v1/log/checkpoint")

    answer = await client.get(f"/v1/log/{path}")

    assert answer.status_code == expected, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_keys_are_listed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/log/keys")

    vkey = LOG_KEY.verifier.vkey
    assert answer.json() == {
        "keys": [{"vkey": vkey, "valid_from": None, "valid_until": None}]
    }
    name, key_id, _ = vkey.split("+", 2)
    assert name == LOG_KEY.name
    public = b"\x01" + LOG_KEY.verifier.key
    digest = hashlib.sha256(name.encode() + b"\n" + public).hexdigest()
    assert key_id == digest[:8]


@pytest.mark.usefixtures("code")
async def test_after_an_alarm_nothing_signed_is_answered(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    await client.get("/v1/log/checkpoint")
    await checkpoints.halt(sessions, 1, "因测试")

    for path in ("checkpoint", "proof?index=0", "consistency?from=1&to=1"):
        answer = await client.get(f"/v1/log/{path}")
        assert (answer.status_code, answer.json()["code"]) == (503, "LOG_HALTED"), path
