"""Vocabularies over HTTP."""

from fractions import Fraction
from typing import Any

import httpx
import pytest

from app.reference import categories, gases, gwp, regions
from app.reference.enums import ENUMERATIONS
from app.units.catalogue import units


async def items(client: httpx.AsyncClient, name: str) -> list[dict[str, Any]]:
    """Return the entries of a vocabulary."""
    answer = await client.get(f"/v1/reference/{name}")
    assert answer.status_code == 200
    assert list(answer.json()) == ["items"]
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("units", [each.code for each in units()]),
        ("gases", list(gases.GASES)),
        ("gwp-sets", list(gwp.GWP_SETS)),
        ("regions", list(regions.REGIONS)),
        ("categories", list(categories.CATEGORIES)),
    ],
)
async def test_vocabulary_is_complete(
    client: httpx.AsyncClient, name: str, codes: list[str]
) -> None:
    found = await items(client, name)

    assert [each["code"] for each in found] == codes
    assert all(set(each["name"]) == {"zh", "en"} for each in found)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("stages", ["RAW", "MFG", "DIST", "USE", "EOL", "UNSPECIFIED"]),
        ("statuses", ["PUBLISHED", "SUPERSEDED", "SUSPENDED", "RETIRED", "VOID"]),
        ("roads", ["PANEL", "AUTHORITY", "IMPORT"]),
        ("region-levels", ["GLOBAL", "COUNTRY", "GRID", "PROVINCE"]),
        ("gwp-absences", ["NOT_STATED", "NOT_APPLICABLE"]),
    ],
)
async def test_terms(client: httpx.AsyncClient, name: str, codes: list[str]) -> None:
    assert [each["code"] for each in await items(client, name)] == codes


async def test_every_enumeration_is_served(client: httpx.AsyncClient) -> None:
    names = (
        "kinds boundaries statuses roads representativeness verifications gwp-absences "
        "ghg-categories allocation-methods region-levels roles traceabilities "
        "quality-bands"
    )
    served = [await items(client, name) for name in names.split()]

    codes = {tuple(each["code"] for each in terms) for terms in served}
    assert codes == {tuple(t.code for t in terms) for terms in ENUMERATIONS.values()}


async def test_units_say_their_exact_size(client: httpx.AsyncClient) -> None:
    found = {each["code"]: each for each in await items(client, "units")}

    assert found["kWh"]["factor"] == "18/5"
    assert found["kWh"]["canonical_unit"] == "MJ"
    assert found["Nm3"]["dimension"] == "GAS_VOLUME"
    assert "千瓦时" in found["kWh"]["aliases"]
    assert Fraction(found["Nm3"]["factor"]) / Fraction(
        found["Sm3_20"]["factor"]
    ) == Fraction(5863, 5463)


async def test_gwp_sets_say_every_value(client: httpx.AsyncClient) -> None:
    found = {each["code"]: each for each in await items(client, "gwp-sets")}

    values = {each["gas"]: each["value"] for each in found["AR6_100"]["values"]}
    assert values["CH4_FOSSIL"] == "29.8"
    assert values["CH4_BIO"] == "27.0"
    assert values["SF6"] == "24300"


async def test_regions_have_both_codes(client: httpx.AsyncClient) -> None:
    found = {each["code"]: each for each in await items(client, "regions")}

    assert found["CN-GD"]["gb2260"] == "440000"
    assert found["CN-GD"]["parent"] == "CN"
    assert found["CN-GD"]["name"]["zh"] == "广东"


@pytest.mark.parametrize(
    ("value", "source", "target", "exact", "result"),
    [
        ("1.92", "tce", "万kWh", "24423/15625", "1.563072"),
        ("1", "Nm3", "Sm3_20", "5863/5463", "1.07321984258"),
        ("-3.50", "吨", "kg", "-3500", "-3500"),
        ("0", "度", "MJ", "0", "0"),
        ("99999999999999999999", "Mt", "g", "99999999999999999999" + "0" * 12, None),
        ("0.000000000000000001", "g", "Mt", f"1/1{'0' * 30}", f"0.{'0' * 29}1"),
    ],
)
async def test_conversion_shows_the_exact_value(
    client: httpx.AsyncClient,
    value: str,
    source: str,
    target: str,
    exact: str,
    result: str | None,
) -> None:
    query = {"value": value, "from": source, "to": target}

    answer = (await client.get("/v1/reference/units/convert", params=query)).json()

    assert list(answer) == ["value", "from", "to", "exact", "result"]
    assert (answer["value"], answer["exact"]) == (value, exact)
    assert result is None or answer["result"] == result
    assert source in (answer["from"]["code"], *answer["from"]["aliases"])
    assert answer["to"]["code"] == target


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("value=1&from=kg&to=kWh", ["UNIT_MISMATCH ?to"]),
        ("value=1&from=m3&to=Nm3", ["UNIT_MISMATCH ?to"]),
        ("value=1&from=kWh_cap&to=kWh", ["UNIT_MISMATCH ?to"]),
        ("value=1&from=Sm3&to=Nm3", ["UNKNOWN_UNIT ?from"]),
        ("value=1&from=kg&to=lbs.", ["UNKNOWN_UNIT ?to"]),
        ("value=1e3&from=kg&to=t", ["BAD_DECIMAL ?value"]),
        ("value=-0&from=kg&to=t", ["BAD_DECIMAL ?value"]),
        ("value=１&from=kg&to=t", ["BAD_DECIMAL ?value"]),
        ("value=1&from=kg", ["MISSING_PARAMETER ?to"]),
        (
            "value=x&from=y&to=z",
            ["BAD_DECIMAL ?value", "UNKNOWN_UNIT ?from", "UNKNOWN_UNIT ?to"],
        ),
        ("", [f"MISSING_PARAMETER ?{name}" for name in ("value", "from", "to")]),
    ],
)
async def test_conversions_that_are_refused(
    client: httpx.AsyncClient, query: str, errors: list[str]
) -> None:
    answer = await client.get(f"/v1/reference/units/convert?{query}")

    found = [f"{each['code']} {each['pointer']}" for each in answer.json()["errors"]]
    assert answer.status_code == 422
    assert found == errors


async def test_unknown_vocabulary(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/reference/nothing")).status_code == 404
    assert (await client.get("/v1/reference/kinds?limit=1")).status_code == 422


async def test_vocabulary_is_not_modified(client: httpx.AsyncClient) -> None:
    etag = (await client.get("/v1/reference/gases")).headers["etag"]

    answer = await client.get("/v1/reference/gases", headers={"If-None-Match": etag})

    assert answer.status_code == 304
