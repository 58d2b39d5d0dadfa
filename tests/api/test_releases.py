"""Releases over HTTP: lists, files, what moved, and names as snapshots."""

import csv
import hashlib
import io
import json
from typing import Any

import httpx
import pytest

from app.kit.canonical import canonical_bytes, sha256_hex
from app.kit.database import Sessions
from app.publication import releases
from app.publication.export import ExportDiffers
from app.reference.enums import VersionStatus
from app.translog import merkle
from tests.factories.factors import (
    PUBLISHERS,
    change_status,
    publish_one,
)

FILES = {
    "manifest": ("manifest_sha256", "application/x-ndjson"),
    "export.jsonl": ("jsonl_sha256", "application/x-ndjson"),
    "export.csv": ("csv_sha256", "text/csv; charset=utf-8; header=present"),
}
FOREVER = "public, max-age=31536000, immutable"
SUSPENDED, PUBLISHED = VersionStatus.SUSPENDED, VersionStatus.PUBLISHED
Document = dict[str, Any]


async def release(sessions: Sessions, name: str) -> int:
    """Make a release in a transaction of its own; return its log index."""
    async with sessions.begin() as session:
        return await releases.make(session, name, f"发行 {name}", PUBLISHERS)


async def read(client: httpx.AsyncClient, path: str, **query: object) -> Document:
    """Return the document at *path* below the releases."""
    params = {name: str(value) for name, value in query.items()}
    answer = await client.get(f"/v1/releases{path}", params=params)
    assert answer.status_code == 200, answer.text
    document: Document = answer.json()
    return document


async def refused(client: httpx.AsyncClient, path: str) -> tuple[int, str]:
    """Return status and code of the refusal at *path*."""
    answer = await client.get(f"/v1{path}")
    return answer.status_code, answer.json()["code"]


async def test_list_is_newest_first_and_keeps_its_snapshot(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    for number in range(5):
        await release(sessions, f"v{number}")

    answer = await client.get("/v1/releases?limit=2")
    first = answer.json()
    await release(sessions, "late")
    following = await client.get(answer.headers["link"].split(";")[0].strip("<>"))
    last = await read(client, "", limit=2, cursor=following.json()["next_cursor"])

    pages = [first, following.json(), last]
    names = [[each["name"] for each in page["items"]] for page in pages]
    assert names == [["v4", "v3"], ["v2", "v1"], ["v0"]]
    assert [page["snapshot"] for page in pages] == [5, 5, 5]
    assert following.headers["tanyin-snapshot"] == "5"
    assert last["next_cursor"] is None
    early = await read(client, "", snapshot=2)
    assert [each["name"] for each in early["items"]] == ["v1", "v0"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("cursor=x", "BAD_CURSOR"),
        ("limit=501", "BAD_VALUE"),
        ("snapshot=9", "SNAPSHOT_NOT_YET"),
        ("other=1", "UNKNOWN_PARAMETER"),
    ],
)
async def test_list_refuses(client: httpx.AsyncClient, query: str, code: str) -> None:
    assert await refused(client, f"/releases?{query}") == (422, code)


async def test_cursor_is_of_its_snapshot(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    for number in range(2):
        await release(sessions, f"v{number}")
    cursor = (await read(client, "", limit=1))["next_cursor"]

    path = f"/releases?limit=1&snapshot=1&cursor={cursor}"
    assert await refused(client, path) == (422, "BAD_CURSOR")


async def test_unknown_release(client: httpx.AsyncClient) -> None:
    for path in ("", "/record", "/changes?since=0", *(f"/{file}" for file in FILES)):
        found = await refused(client, f"/releases/2026.1{path}")
        assert found == (404, "UNKNOWN_RELEASE")


async def test_record_is_the_entry(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    await publish_one(sessions)
    await release(sessions, "a")

    stated = await read(client, "/a")
    answer = await client.get("/v1/releases/a/record")

    assert answer.headers["cache-control"] == FOREVER
    assert answer.headers["etag"] == f'"{stated["record_sha256"]}"'
    assert answer.headers["content-type"] == "application/json"
    assert sha256_hex(answer.content) == stated["record_sha256"]
    assert merkle.leaf_hash(answer.content).hex() == stated["leaf_hash"]
    record = answer.json()
    assert canonical_bytes(record) == answer.content
    assert record.pop("schema") == "tanyin/release/1"
    assert {name: stated[name] for name in record} == record


@pytest.mark.parametrize("file", FILES)
async def test_file_has_the_digest_of_the_log(
    client: httpx.AsyncClient, sessions: Sessions, file: str
) -> None:
    made = await publish_one(sessions)
    await release(sessions, "a")
    # Later entries are not in it.
    await publish_one(sessions, value="1")
    await change_status(sessions, made.code, VersionStatus.VOID)
    name, media_type = FILES[file]

    answer = await client.get(f"/v1/releases/a/{file}")

    digest = hashlib.sha256(answer.content).hexdigest()
    assert digest == (await read(client, "/a"))[name]
    assert answer.headers["etag"] == f'"{digest}"'
    assert answer.headers["cache-control"] == FOREVER
    assert answer.headers["content-type"] == media_type
    assert answer.headers["tanyin-snapshot"] == "1"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="tanyin-a')


@pytest.mark.parametrize("file", ["record", *FILES])
async def test_file_that_is_held_is_not_sent(
    client: httpx.AsyncClient, sessions: Sessions, file: str
) -> None:
    await release(sessions, "a")
    path = f"/v1/releases/a/{file}"
    etag = (await client.get(path)).headers["etag"]

    for given, status in (
        *((etag, 304), (f"W/{etag}", 304), (f'"x", {etag}', 304), ("*", 304)),
        *(('"x"', 200), ("", 200)),
    ):
        answer = await client.get(path, headers={"If-None-Match": given})
        assert answer.status_code == status, given
        assert answer.headers["etag"] == etag
    head = await client.head(path)
    assert (head.status_code, head.content) == (200, b"")


async def test_the_files_say_the_same(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    for number in range(3):
        await publish_one(sessions, zh=f"产品{number}", value=f"-{number}.50")
    await release(sessions, "a")
    texts = [(await client.get(f"/v1/releases/a/{file}")).text for file in FILES]

    manifest, lines = ([*map(json.loads, text.splitlines())] for text in texts[:2])
    table = list(csv.DictReader(io.StringIO(texts[2], newline="")))

    assert (await read(client, "/a"))["versions"] == len(table) == 3
    for short, long, row in zip(manifest, lines, table, strict=True):
        digest = sha256_hex(canonical_bytes(long["record"]))
        assert short["record_sha256"] == row["record_sha256"] == digest
        assert short["code"] == long["code"] == row["code"]
        assert long["record"]["content"]["value"] == row["value"]
        factor = (await client.get(f"/v1/factors/{row['code']}")).json()
        for column in ("status", "kind", "unit", "recorded_at", "content_sha256"):
            assert row[column] == factor[column]


async def test_a_file_of_altered_rows_breaks_off(
    client: httpx.AsyncClient,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As if somebody had changed what the release was made of."""
    await publish_one(sessions)
    await release(sessions, "a")
    find = releases.get_release

    async def other(session: Any, name: str) -> Any:
        found = await find(session, name)
        found.csv_sha256 = "0" * 64
        return found

    monkeypatch.setattr(releases, "get_release", other)

    with pytest.raises(ExportDiffers):
        await client.get("/v1/releases/a/export.csv")


async def test_what_moved(client: httpx.AsyncClient, sessions: Sessions) -> None:
    old = await publish_one(sessions, zh="甲", value="2.50")
    suspended = await publish_one(sessions, zh="乙")
    await release(sessions, "first")
    await publish_one(sessions, zh="甲", value="2.20", change_reason="年度更新")
    await change_status(sessions, suspended.code, SUSPENDED, 1)
    added = await publish_one(sessions, zh="丙")
    await release(sessions, "second")
    await publish_one(sessions, zh="丁")

    page = await read(client, "/second/changes", since="first")

    assert (page["since"], page["snapshot"], page["next_cursor"]) == (2, 6, None)
    by_kind = {each["change"]: each for each in page["items"]}
    changed = by_kind["CHANGED"]
    assert list(by_kind) == ["CHANGED", "SUSPENDED", "ADDED"]
    assert (changed["code"], changed["version"]) == (old.code, 2)
    facts = {"unit": "kgCO2e/kg", "gwp_set": "AR6_100", "status": "PUBLISHED"}
    assert changed["before"] == {"version": 1, "value": "2.50"} | facts
    assert changed["after"] == {"version": 2, "value": "2.20"} | facts
    assert (changed["delta"], changed["relative_delta"]) == ("-0.3", "-0.12")
    assert (changed["reason"], changed["log_index"]) == ("年度更新", 3)
    withdrawn = by_kind["SUSPENDED"]
    assert (withdrawn["code"], withdrawn["reason"]) == (suspended.code, "因测试")
    assert withdrawn["before"]["status"] == "PUBLISHED"
    assert withdrawn["after"]["status"] == "SUSPENDED"
    assert withdrawn["delta"] is None
    assert (by_kind["ADDED"]["code"], by_kind["ADDED"]["before"]) == (added.code, None)
    for since in (2, (await read(client, "/first"))["recorded_at"]):
        other = await read(client, "/second/changes", since=since)
        assert len(other["items"]) == 3


async def test_no_delta_between_unlike_units(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    await publish_one(sessions, value="2", unit="kgCO2e/kg")
    await publish_one(sessions, value="2000", unit="gCO2e/kg")
    await release(sessions, "a")

    (change,) = (await read(client, "/a/changes", since=1))["items"]

    assert (change["delta"], change["relative_delta"]) == (None, None)
    assert change["after"]["unit"] == "gCO2e/kg"


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
async def test_pages_of_what_moved(
    client: httpx.AsyncClient, sessions: Sessions, limit: int
) -> None:
    for number in range(3):
        made = await publish_one(sessions, zh=f"产品{number}")
        await publish_one(sessions, zh=f"产品{number}", value="1")
        await change_status(sessions, made.code, SUSPENDED, 1)
        await change_status(sessions, made.code, SUSPENDED, 2)
        # Nothing has moved in the end.
        idle = await publish_one(sessions, zh=f"未动{number}", category="CRUDE_STEEL")
        await change_status(sessions, idle.code, SUSPENDED, 1)
        await change_status(sessions, idle.code, PUBLISHED, 1)
    await release(sessions, "a")
    whole = (await read(client, "/a/changes", since=0, limit=500))["items"]

    found, query = list[Document](), Document()
    while query.get("cursor", "") is not None:
        page = await read(client, "/a/changes", since=0, limit=limit, **query)
        found += page["items"]
        query = {"cursor": page["next_cursor"]}

    assert found == whole
    assert len(found) == 3 + 3 * 3
    assert [each["code"] for each in found] == sorted(each["code"] for each in found)


@pytest.mark.parametrize(
    ("since", "code"),
    [
        ("since=2", "SNAPSHOT_NOT_YET"),
        ("since=b", "UNKNOWN_SNAPSHOT"),
        ("since=1", "SINCE_TOO_LATE"),
        ("since=2999-01-01T00:00:00Z", "SNAPSHOT_NOT_YET"),
        ("since=0&cursor=x", "BAD_CURSOR"),
        ("", "MISSING_PARAMETER"),
    ],
)
async def test_changes_refuse(
    client: httpx.AsyncClient, sessions: Sessions, since: str, code: str
) -> None:
    await release(sessions, "a")

    answer = await client.get(f"/v1/releases/a/changes?{since}")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code)
    wanted = "?cursor" if code == "BAD_CURSOR" else "?since"
    assert problem["errors"][0]["pointer"] == wanted


async def test_cursor_of_changes_is_of_its_span(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    for number in range(3):
        await publish_one(sessions, zh=f"产品{number}")
    await release(sessions, "a")
    cursor = (await read(client, "/a/changes", since=0, limit=1))["next_cursor"]

    path = f"/releases/a/changes?since=1&cursor={cursor}"
    assert await refused(client, path) == (422, "BAD_CURSOR")


async def test_a_name_is_a_snapshot_everywhere(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    made = await publish_one(sessions)
    await release(sessions, "2026.1")
    await publish_one(sessions, value="99")
    code = made.code
    body = {
        "reference": {"process": "p", "amount": "1", "unit": "kg"},
        "processes": [
            {
                "id": "p",
                "output": {"amount": "1", "unit": "kg"},
                "inputs": [{"factor": code, "amount": "2", "unit": "kg"}],
            }
        ],
    }

    for path in (f"/factors/{code}", "/factors", f"/factors/{code}/versions"):
        named = await client.get(f"/v1{path}?snapshot=2026.1")
        sized = await client.get(f"/v1{path}?snapshot=1")
        assert named.content == sized.content
        assert named.headers["tanyin-snapshot"] == "1"
    instant = (await read(client, "/2026.1"))["recorded_at"]
    for snapshot in ("2026.1", 1, "1", instant):
        wanted = 2 if snapshot == instant else 1
        answer = await client.post(
            "/v1/calculations", json=body | {"snapshot": snapshot}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["snapshot"] == wanted
        assert answer.json()["pins"] == [f"{code}@1"]
    unknown = await client.post("/v1/calculations", json=body | {"snapshot": "2027.1"})
    assert unknown.json()["errors"][0]["pointer"] == "/snapshot"
    assert unknown.json()["code"] == "UNKNOWN_SNAPSHOT"
