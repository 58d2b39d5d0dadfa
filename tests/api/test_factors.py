"""Published factors over HTTP."""

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from app.factors.codes import factor_code
from app.kit.canonical import sha256_hex
from app.kit.database import Sessions
from app.reference.enums import Road, VersionStatus
from tests.factories import factors

FIELDS = """
    code version status kind name value unit gwp_set gases boundary region
    reference_year year_basis category series source verification road unreviewed
    validity uncertainty data_quality licence citation content_sha256 record_sha256
    leaf_hash log_index recorded_at technology representativeness properties stages
    allocation cut_off derivation owner change_reason note data_period sources
"""


@pytest.fixture
async def code(sessions: Sessions) -> str:
    """Return the code of a factor with two versions, at log indices 0 and 2."""
    await factors.publish_one(sessions, value="0.0140", unit="kgCO2e/kg")
    await factors.publish_one(
        sessions, zh="别的", category="COPPER", reference_year=2020
    )
    corrected = await factors.publish_one(
        sessions, value="0.0150", change_reason="更正小数位"
    )
    return corrected.code


async def refusal(client: httpx.AsyncClient, path: str) -> tuple[int, list[str]]:
    """Return the status, and code and place of each error."""
    answer = await client.get(path)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    found = [f"{each['code']} {each['pointer']}" for each in problem["errors"]]
    return answer.status_code, found or [problem["code"]]


async def test_factor_reads_as_its_current_version(
    client: httpx.AsyncClient, code: str
) -> None:
    answer = await client.get(f"/v1/factors/{code}")

    factor = answer.json()
    assert list(factor) == FIELDS.split()
    assert (factor["code"], factor["version"], factor["value"]) == (code, 2, "0.0150")
    assert factor["status"] == "PUBLISHED"
    assert factor["source"] == factor["sources"][0]
    assert f"{code}@2" in factor["citation"]
    assert "公告 2025年第3号" in factor["citation"]
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["tanyin-snapshot"] == "3"
    assert answer.headers["etag"].startswith('"')


async def test_factor_is_not_modified(client: httpx.AsyncClient, code: str) -> None:
    etag = (await client.get(f"/v1/factors/{code}")).headers["etag"]

    answer = await client.get(f"/v1/factors/{code}", headers={"If-None-Match": etag})

    assert answer.status_code == 304
    assert answer.content == b""


async def test_etag_of_a_version_changes_with_its_status(
    client: httpx.AsyncClient, sessions: Sessions, code: str
) -> None:
    path = f"/v1/factors/{code}/versions/2"
    before = await client.get(path)

    index = await factors.change_status(sessions, code, VersionStatus.SUSPENDED, 2)
    after = await client.get(f"{path}?snapshot={index + 1}")

    assert before.json() | {"status": "SUSPENDED"} == after.json()
    assert before.headers["etag"] != after.headers["etag"]


async def test_version_reads_as_it_was(client: httpx.AsyncClient, code: str) -> None:
    now = (await client.get(f"/v1/factors/{code}/versions/1")).json()
    then = (await client.get(f"/v1/factors/{code}/versions/1?snapshot=2")).json()

    assert (now["status"], then["status"]) == ("SUPERSEDED", "PUBLISHED")
    assert now | {"status": "PUBLISHED"} == then
    assert then == (await client.get(f"/v1/factors/{code}?snapshot=1")).json()


async def test_record_is_the_very_bytes(client: httpx.AsyncClient, code: str) -> None:
    version = (await client.get(f"/v1/factors/{code}/versions/1")).json()

    answer = await client.get(f"/v1/factors/{code}/versions/1/record")

    assert sha256_hex(answer.content) == version["record_sha256"]
    assert answer.json()["content"]["value"] == "0.0140"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["etag"] == f'"{version["record_sha256"]}"'


async def test_history_lists_every_version(
    client: httpx.AsyncClient, code: str
) -> None:
    page = (await client.get(f"/v1/factors/{code}/versions")).json()

    assert [each["version"] for each in page["items"]] == [1, 2]
    assert [each["status"] for each in page["items"]] == ["SUPERSEDED", "PUBLISHED"]
    assert [each["change_reason"] for each in page["items"]] == [None, "更正小数位"]
    assert (page["snapshot"], page["next_cursor"]) == (3, None)


async def test_history_has_pages_that_stay(
    client: httpx.AsyncClient, sessions: Sessions, code: str
) -> None:
    for value in ("0.016", "0.017"):
        await factors.publish_one(sessions, value=value)
    path = f"/v1/factors/{code}/versions"
    page = (await client.get(f"{path}?limit=3&snapshot=5")).json()

    await factors.publish_one(sessions, value="0.018")
    rest = (await client.get(f"{path}?limit=3&cursor={page['next_cursor']}")).json()

    assert [each["version"] for each in page["items"]] == [1, 2, 3]
    assert [each["version"] for each in rest["items"]] == [4]
    assert [each["status"] for each in rest["items"]] == ["PUBLISHED"]
    assert (rest["snapshot"], rest["next_cursor"]) == (5, None)
    other = factor_code("08", 1)
    assert await refusal(
        client, f"/v1/factors/{other}/versions?cursor={page['next_cursor']}x"
    ) == (422, ["BAD_CURSOR ?cursor"])


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("CNF-08-000001-28", 422, "INVALID_FACTOR_CODE {code}"),
        ("CNF-08-1-29", 422, "INVALID_FACTOR_CODE {code}"),
        ("cnf-08-000001-29", 422, "INVALID_FACTOR_CODE {code}"),
        ("CNF-08-000001-29@1", 422, "INVALID_FACTOR_CODE {code}"),
        ("CNF-０8-000001-29", 422, "INVALID_FACTOR_CODE {code}"),
        (factor_code("08", 999), 404, "UNKNOWN_FACTOR"),
        (factor_code("08", 999) + "/versions", 404, "UNKNOWN_FACTOR"),
        (factor_code("08", 999) + "/versions/1", 404, "UNKNOWN_FACTOR"),
        (factor_code("08", 999) + "/versions/1/record", 404, "UNKNOWN_FACTOR"),
        ("{code}/versions/3", 404, "UNKNOWN_VERSION"),
        ("{code}/versions/3/record", 404, "UNKNOWN_VERSION"),
        ("{code}/versions/999999999", 404, "UNKNOWN_VERSION"),
        ("{code}/versions/2?snapshot=2", 404, "UNKNOWN_VERSION"),
        ("{code}/versions/2/record?snapshot=2", 404, "UNKNOWN_VERSION"),
        ("{code}?snapshot=0", 404, "UNKNOWN_FACTOR"),
        ("{code}/versions?snapshot=0", 404, "UNKNOWN_FACTOR"),
        ("{code}?snapshot=4", 422, "SNAPSHOT_NOT_YET ?snapshot"),
        ("{code}?snapshot=2099-01-01T00:00:00Z", 422, "SNAPSHOT_NOT_YET ?snapshot"),
        ("{code}?version=1", 422, "UNKNOWN_PARAMETER ?version"),
        ("{code}/versions/0", 422, "BAD_VALUE {n}"),
        ("{code}/versions/1000000000", 422, "BAD_VALUE {n}"),
        ("{code}/versions/01", 422, "BAD_TYPE {n}"),
        ("{code}/versions/1.0", 422, "BAD_TYPE {n}"),
        ("{code}/versions/-1", 422, "BAD_TYPE {n}"),
        ("{code}/versions/+1", 422, "BAD_TYPE {n}"),
        ("{code}/versions/1_0", 422, "BAD_TYPE {n}"),
        ("{code}/versions/１", 422, "BAD_TYPE {n}"),
        ("{code}/versions/latest/record", 422, "BAD_TYPE {n}"),
    ],
)
async def test_paths_that_lead_nowhere(
    client: httpx.AsyncClient, code: str, path: str, status: int, error: str
) -> None:
    address = f"/v1/factors/{path.replace('{code}', code)}"

    assert await refusal(client, address) == (status, [error])


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("limit=0", "BAD_VALUE ?limit"),
        ("limit=501", "BAD_VALUE ?limit"),
        ("limit=-1", "BAD_TYPE ?limit"),
        ("limit=1e2", "BAD_TYPE ?limit"),
        ("limit=1.0", "BAD_TYPE ?limit"),
        ("limit=%2B1", "BAD_TYPE ?limit"),
        ("limit=%201", "BAD_TYPE ?limit"),
        ("limit=１", "BAD_TYPE ?limit"),
        ("limit=100000000000000000000", "BAD_VALUE ?limit"),
        ("limit=", "BAD_TYPE ?limit"),
        ("limit=1&limit=2", "REPEATED_PARAMETER ?limit"),
        ("offset=5", "UNKNOWN_PARAMETER ?offset"),
        ("fields=secret", "UNKNOWN_PARAMETER ?fields"),
        ("filter[$ne]=1", "UNKNOWN_PARAMETER ?filter[$ne]"),
        ("year=2023.0", "BAD_TYPE ?year"),
        ("year=1989", "BAD_VALUE ?year"),
        ("valid_on=2025-02-30", "BAD_TYPE ?valid_on"),
        ("valid_on=1700000000", "BAD_TYPE ?valid_on"),
        ("valid_on=2025-01-17T00:00:00Z", "BAD_TYPE ?valid_on"),
        ("category=NOTHING", "UNKNOWN_CATEGORY ?category"),
        ("category=", "UNKNOWN_CATEGORY ?category"),
        ("region=440001", "UNKNOWN_REGION ?region"),
        ("region=cn", "UNKNOWN_REGION ?region"),
        ("unit=Sm3", "UNKNOWN_UNIT ?unit"),
        ("unit=kgCO2e/ton", "UNKNOWN_UNIT ?unit"),
        ("unit=kgCO2e/parsec", "UNKNOWN_UNIT ?unit"),
        ("unit=parsec/t", "UNKNOWN_UNIT ?unit"),
        ("unit=/", "UNKNOWN_UNIT ?unit"),
        ("boundary=CRADLE", "BAD_VALUE ?boundary"),
        ("kind=pcf", "BAD_VALUE ?kind"),
        ("source=", "BAD_VALUE ?source"),
        ("facets=yes", "BAD_TYPE ?facets"),
        ("status=CURRENT", "BAD_VALUE ?status"),
        ("sort=name", "BAD_VALUE ?sort"),
        ("series=xyz", "BAD_VALUE ?series"),
        ("facets=perhaps", "BAD_TYPE ?facets"),
        ("q=", "BAD_VALUE ?q"),
        ("q=%26|!()", "BAD_VALUE ?q"),
        (f"q={'铝' * 201}", "BAD_VALUE ?q"),
        (f"source={'s' * 201}", "BAD_VALUE ?source"),
        ("cursor=", "BAD_CURSOR ?cursor"),
        ("cursor=AAAA", "BAD_CURSOR ?cursor"),
        (f"cursor={'A' * 501}", "BAD_VALUE ?cursor"),
    ],
)
async def test_queries_that_are_refused(
    client: httpx.AsyncClient, query: str, error: str
) -> None:
    assert await refusal(client, f"/v1/factors?{query}") == (422, [error])


async def test_all_errors_of_a_query_at_once(client: httpx.AsyncClient) -> None:
    path = "/v1/factors?limit=0&category=X&region=Y&unit=Z&q=!&year=x&sort=y&foo=1"

    status, errors = await refusal(client, path)

    assert status == 422
    assert sorted(errors) == [
        "BAD_TYPE ?year",
        "BAD_VALUE ?limit",
        "BAD_VALUE ?q",
        "BAD_VALUE ?sort",
        "UNKNOWN_CATEGORY ?category",
        "UNKNOWN_PARAMETER ?foo",
        "UNKNOWN_REGION ?region",
        "UNKNOWN_UNIT ?unit",
    ]


async def test_refusals_speak_chinese(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/factors?q=!", headers={"Accept-Language": "zh"})

    assert answer.json()["detail"].startswith("检索内容中没有")


async def test_list_is_walked_by_its_links(
    client: httpx.AsyncClient, sessions: Sessions, code: str
) -> None:
    for number in range(5):
        await factors.publish_one(sessions, zh=f"铝型材{number}")
    address = f"/v1/factors?q={quote('铝')}&limit=2&facets=true&snapshot=8"
    seen: list[dict[str, Any]] = []
    while address:
        answer = await client.get(address)
        seen.append(answer.json())
        link = answer.headers.get("link", "")
        assert link.endswith('>; rel="next"') or not link
        address = link.removeprefix("<").partition(">")[0]
        if address:
            cursor = parse_qs(urlsplit(address).query)["cursor"]
            assert cursor == [answer.json()["next_cursor"]]

    codes = [each["code"] for page in seen for each in page["items"]]
    assert code in codes
    assert len(codes) == len(set(codes)) == 6
    assert [len(page["items"]) for page in seen] == [2, 2, 2]
    assert {page["total"] for page in seen} == {6}
    assert {page["snapshot"] for page in seen} == {8}
    assert seen[-1]["next_cursor"] is None


async def test_cursor_keeps_its_snapshot(
    client: httpx.AsyncClient, sessions: Sessions, code: str
) -> None:
    first = await client.get("/v1/factors?limit=1")
    cursor = first.json()["next_cursor"]

    published = await factors.publish_one(sessions, zh="新的")
    # Makes this process know of the new entry.
    await client.get(f"/v1/factors?snapshot={published.log_index + 1}")
    second = await client.get(f"/v1/factors?limit=1&cursor={cursor}")

    assert second.json()["snapshot"] == 3
    assert second.headers["tanyin-snapshot"] == "3"
    same = f"/v1/factors?limit=1&cursor={cursor}&snapshot=3"
    assert (await client.get(same)).json() == second.json()
    other = f"/v1/factors?limit=1&cursor={cursor}&snapshot=4"
    assert await refusal(client, other) == (422, ["BAD_CURSOR ?cursor"])
    assert code


async def test_list_has_no_totals_unless_asked(
    client: httpx.AsyncClient, code: str
) -> None:
    plain = (await client.get("/v1/factors")).json()
    counted = (await client.get("/v1/factors?facets=true&limit=1")).json()

    assert list(plain) == ["items", "snapshot", "next_cursor"]
    assert code in {each["code"] for each in plain["items"]}
    assert counted["total"] == 2
    assert counted["total_is_capped"] is False
    assert counted["facets"]["category"] == [
        {"value": "ALUMINIUM", "count": 1},
        {"value": "COPPER", "count": 1},
    ]


async def test_imported_figures_say_that_nobody_reviewed_them(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    published = await factors.publish_one(sessions, Road.IMPORT)

    factor = (await client.get(f"/v1/factors/{published.code}")).json()
    listed = (await client.get("/v1/factors")).json()["items"][0]

    assert factor["unreviewed"] is listed["unreviewed"] is True
    assert factor["road"] == "IMPORT"


async def test_answers_of_a_snapshot_never_change(
    client: httpx.AsyncClient, sessions: Sessions, code: str
) -> None:
    recorded = (await client.get(f"/v1/factors/{code}")).json()["recorded_at"]
    paths = [
        f"/v1/factors/{code}?",
        f"/v1/factors/{code}/versions?",
        f"/v1/factors/{code}/versions/1?",
        "/v1/factors?q=铝&facets=true&status=PUBLISHED&",
    ]
    before = [(await client.get(f"{path}snapshot=3")).content for path in paths]

    await factors.publish_one(sessions, value="7")
    await factors.change_status(sessions, code, VersionStatus.VOID)
    # The same snapshot in other words, which no answer is kept under.
    after = [(await client.get(f"{path}snapshot={recorded}")).content for path in paths]
    now = [(await client.get(f"{path}snapshot=5")).content for path in paths]

    assert after == before
    assert all(one != other for one, other in zip(now, before, strict=True))
