"""The front page and the description of the interface."""

import json
import re
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from openapi_spec_validator import validate

from app import main
from app.settings import Settings

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_front_page_is_a_page_for_browsers_and_links_for_others(
    client: httpx.AsyncClient,
) -> None:
    page, links = await client.get("/", headers=HTML), await client.get("/")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text == (await client.get("/docs")).text
    assert links.json()["links"]["description"] == "/openapi.json"
    assert page.headers["vary"] == links.headers["vary"] == "Accept"


async def test_page_needs_no_other_server(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")

    sources = re.findall(r'<(?:script|link)[^>]+(?:src|href)="([^"]+)"', page.text)
    assert len(sources) == 5
    for source in sources:
        part = await client.get(source)
        assert part.status_code == 200
        assert part.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert part.headers["x-content-type-options"] == "nosniff"
    assert "<script>" not in page.text
    assert "script-src 'self';" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "name",
    ["x/start.js", "{version}/index.html", "{version}/..%2f..%2fdocs.py", "start.js"],
)
async def test_other_parts_do_not_exist(client: httpx.AsyncClient, name: str) -> None:
    version = re.findall(r"/docs/assets/(\w+)/", (await client.get("/docs")).text)[0]

    answer = await client.get(f"/docs/assets/{name.replace('{version}', version)}")

    assert answer.status_code == 404


@pytest.mark.parametrize("demo", [True, False])
def test_page_says_when_it_shows_a_demonstration(*, demo: bool) -> None:
    html = main.create_app(Settings(demo=demo)).state.page.html

    assert ("demo_keys.json" in html) is demo
    assert "http://127.0.0.1:8000" in html
    assert "$" not in html


async def test_policy_is_for_the_page_alone(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/series/probe/x")

    assert "content-security-policy" not in answer.headers


@pytest.fixture
def description(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the probed application."""
    document: dict[str, Any] = json.loads(json.dumps(app.openapi()))
    return document


def _operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_description_is_valid(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1")
    validate(description)


def test_description_knows_no_error_but_problems(description: dict[str, Any]) -> None:
    assert "ValidationError" not in json.dumps(description)
    for _, _, operation in _operations(description):
        assert {"400", "422"} <= set(operation["responses"])
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"]


def test_operations_have_names_summaries_and_tags(description: dict[str, Any]) -> None:
    operations = _operations(description)

    ids = [operation["operationId"] for _, _, operation in operations]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", each) for each in ids)
    for _, _, operation in operations:
        assert operation["tags"]
        assert operation["summary"]
        assert not operation["summary"].endswith(".")


def test_published_reads_describe_their_headers(description: dict[str, Any]) -> None:
    operation = description["paths"]["/v1/series/probe/{name}"]["get"]

    assert set(operation["responses"]["200"]["headers"]) == {"ETag", "TanYin-Snapshot"}
    assert "content" not in operation["responses"]["304"]
    parameters = {each["name"]: each for each in operation["parameters"]}
    assert set(parameters) == {"name", "limit", "shape", "snapshot", "If-None-Match"}
    assert "null" not in json.dumps(parameters)


def test_key_is_optional_unless_a_member_is_asked_for(
    description: dict[str, Any],
) -> None:
    member = description["paths"]["/v1/probe/member"]["get"]

    assert description["security"] == [{}, {"ApiKey": []}]
    assert member["security"] == [{"ApiKey": []}]


def test_lax_routes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    lax = APIRouter()
    lax.add_api_route("/lax", lambda: None)
    monkeypatch.setattr(main, "api", lax)
    main._routes.cache_clear()  # noqa: SLF001 - others have made them in this process

    with pytest.raises(TypeError, match="/lax"):
        main.create_app(Settings())
