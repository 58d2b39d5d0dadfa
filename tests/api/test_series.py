"""The same factor over the years."""

from typing import Any

import httpx
import pytest

from app.kit.database import Sessions
from app.reference.enums import VersionStatus
from tests.factories import factors

# Year, value and unit; published in this order.
YEARS = (
    (2023, "0.62", "kgCO2e/kg"),
    (2021, "0.60", "kgCO2e/kg"),
    (2024, "620", "gCO2e/kg"),
    (2022, "0", "kgCO2e/kg"),
    (2025, "0.61", "kgCO2/kg"),
)


@pytest.fixture
async def codes(sessions: Sessions) -> dict[int, str]:
    """Publish a value for each of five years; return the codes."""
    contents = [
        factors.content(
            reference_year=year,
            value=value,
            unit=unit,
            gwp_set="AR6_100" if "CO2e" in unit else "NOT_APPLICABLE",
        )
        for year, value, unit in YEARS
    ]
    async with sessions.begin() as session:
        published = await factors.publish(session, *contents)
    return {year[0]: each.code for year, each in zip(YEARS, published, strict=True)}


async def series_of(client: httpx.AsyncClient, code: str) -> str:
    """Return the id of the series of a factor."""
    return str((await client.get(f"/v1/factors/{code}")).json()["series"])


def changes(series: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return year, year compared with, change and relative change of each member."""
    keys = ("reference_year", "since", "change", "relative_change")
    return [tuple(member[key] for key in keys) for member in series["members"]]


async def test_members_are_compared_year_by_year(
    client: httpx.AsyncClient, codes: dict[int, str]
) -> None:
    address = f"/v1/series/{await series_of(client, codes[2023])}"

    answer = await client.get(address)

    series = answer.json()
    assert changes(series) == [
        (2021, None, None, None),
        (2022, 2021, "-0.6", "-1"),
        (2023, 2022, "0.62", None),
        (2024, 2023, "0", "0"),
        (2025, None, None, None),
    ]
    assert [member["code"] for member in series["members"]] == [
        codes[year] for year in sorted(codes)
    ]
    assert series["members"][3]["value"] == "620"
    assert series["members"][3]["unit"] == "gCO2e/kg"
    assert answer.headers["tanyin-snapshot"] == "5"


async def test_series_says_what_its_members_share(
    client: httpx.AsyncClient, codes: dict[int, str]
) -> None:
    series_id = await series_of(client, codes[2023])

    series = (await client.get(f"/v1/series/{series_id}")).json()

    del series["members"]
    assert series == {
        "id": series_id,
        "name": {"zh": "电解铝", "en": "Aluminium"},
        "kind": "PCF",
        "category": "ALUMINIUM",
        "region": "CN",
        "boundary": "CRADLE_TO_GATE",
        "technology": None,
        "representativeness": "NATIONAL_AVG",
        "publisher": {"zh": "生态环境部", "en": "Ministry of Ecology and Environment"},
    }


async def test_changes_are_exact_to_twelve_digits(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    await factors.publish_one(sessions, value="0.5942", reference_year=2022)
    newer = await factors.publish_one(sessions, value="0.6205", reference_year=2023)

    series_id = await series_of(client, newer.code)
    series = (await client.get(f"/v1/series/{series_id}")).json()

    assert changes(series)[1] == (2023, 2022, "0.0263", "0.044261191518")


async def test_void_members_are_not_compared_with(
    client: httpx.AsyncClient, sessions: Sessions, codes: dict[int, str]
) -> None:
    series_id = await series_of(client, codes[2023])
    index = await factors.change_status(sessions, codes[2022], VersionStatus.VOID)

    address = f"/v1/series/{series_id}?snapshot={index + 1}"
    series = (await client.get(address)).json()

    assert changes(series)[:3] == [
        (2021, None, None, None),
        (2022, None, None, None),
        (2023, 2021, "0.02", "0.0333333333333"),
    ]
    assert series["members"][1]["status"] == "VOID"


async def test_series_holds_the_current_versions_at_the_snapshot(
    client: httpx.AsyncClient, sessions: Sessions, codes: dict[int, str]
) -> None:
    series_id = await series_of(client, codes[2023])
    published = await factors.publish_one(sessions, value="0.7", reference_year=2021)

    now = await client.get(f"/v1/series/{series_id}?snapshot=6")
    then = await client.get(f"/v1/series/{series_id}?snapshot=5")
    early = await client.get(f"/v1/series/{series_id}?snapshot=2")

    assert published.version == 2
    assert now.json()["members"][0]["value"] == "0.7"
    assert then.json()["members"][0]["value"] == "0.60"
    assert [each["reference_year"] for each in early.json()["members"]] == [2021, 2023]


@pytest.mark.parametrize("path", ["0123456789abcdef", "x", "é", "{id}?snapshot=0"])
async def test_unknown_series(
    client: httpx.AsyncClient, codes: dict[int, str], path: str
) -> None:
    series_id = await series_of(client, codes[2023])

    answer = await client.get(f"/v1/series/{path.replace('{id}', series_id)}")

    assert answer.status_code == 404
    assert answer.json()["code"] == "UNKNOWN_SERIES"
