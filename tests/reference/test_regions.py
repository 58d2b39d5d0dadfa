"""Regions form one tree under GLO; a place has one code."""

from datetime import date

import pytest

from app.reference.enums import RegionLevel
from app.reference.regions import REGIONS, Region, UnknownRegion, climb, region, regions

SEVEN = ["NC", "NE", "EC", "CC", "NW", "SG", "SW"]
SIX = ["NC", "NE", "EC", "CC", "NW", "SG"]


def at(level: RegionLevel) -> list[Region]:
    return [each for each in regions() if each.level is level]


def test_there_is_one_world_and_every_country_but_no_province_among_them() -> None:
    countries = {each.code for each in at(RegionLevel.COUNTRY)}

    assert [each.code for each in at(RegionLevel.GLOBAL)] == ["GLO"]
    # ISO 3166-1 has 249 entries; Hong Kong, Macao and Taiwan are provinces here.
    assert len(countries) == 246
    assert {"CN", "DE", "US", "JP", "ZA"} <= countries
    assert countries.isdisjoint({"HK", "MO", "TW"})


def test_provinces_carry_both_codes() -> None:
    provinces = {each.code: each.gb2260 for each in at(RegionLevel.PROVINCE)}

    assert len(provinces) == len(set(provinces.values())) == 34
    assert provinces["CN-GD"] == "440000"
    assert provinces["CN-HK"] == "810000"
    assert provinces["CN-MO"] == "820000"
    assert provinces["CN-TW"] == "710000"
    assert (region("CN-GD").zh, region("CN-GD").en) == ("广东", "Guangdong")
    assert (region("CN-SN").en, region("CN-SX").en) == ("Shaanxi", "Shanxi")


@pytest.mark.parametrize(
    ("scheme", "prefix", "suffixes"),
    [("SEVEN_2021", "CN-GRID-", SEVEN), ("SIX_2012", "CN-GRID6-", SIX)],
)
def test_grids_belong_to_a_scheme(
    scheme: str, prefix: str, suffixes: list[str]
) -> None:
    grids = [each.code for each in at(RegionLevel.GRID) if each.scheme == scheme]

    assert grids == [prefix + suffix for suffix in suffixes]


def test_the_schemes_follow_each_other_without_a_gap() -> None:
    six, seven = region("CN-GRID6-CC"), region("CN-GRID-CC")

    assert six.valid_until == date(2020, 12, 31)
    assert seven.valid_from == date(2021, 1, 1)
    assert seven.valid_until is None


def test_parents_exist_and_stand_before_their_children() -> None:
    seen: set[str] = set()
    for each in regions():
        assert each.parent is None or each.parent in seen or each.parent == "CN"
        seen.add(each.code)
    assert len(seen) == len(regions()) == len(REGIONS)


def test_every_region_has_names_and_a_source() -> None:
    assert all(each.zh and each.en and each.source for each in regions())


def test_no_province_names_a_grid_until_an_official_list_does() -> None:
    assert all(each.grid is None for each in regions())


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("GLO", ["GLO"]),
        ("DE", ["DE", "GLO"]),
        ("CN-GD", ["CN-GD", "CN", "GLO"]),
        ("CN-GRID-EC", ["CN-GRID-EC", "CN", "GLO"]),
        ("CN-TW", ["CN-TW", "CN", "GLO"]),
    ],
)
def test_a_search_climbs_to_the_world(code: str, path: list[str]) -> None:
    assert [each.code for each in climb(code)] == path


def test_every_climb_ends_at_the_world() -> None:
    for each in regions():
        path = climb(each.code)
        assert (path[0], path[-1].code) == (each, "GLO")


@pytest.mark.parametrize("suffix", ["HK", "MO", "TW"])
def test_a_second_code_of_iso_3166_1_is_refused_with_ours(suffix: str) -> None:
    with pytest.raises(UnknownRegion) as refusal:
        region(suffix)

    assert refusal.value.code == "UNKNOWN_REGION"
    assert f"CN-{suffix}" in refusal.value.detail("en")
    assert f"CN-{suffix}" in refusal.value.detail("zh")
    assert region(f"CN-{suffix}").level is RegionLevel.PROVINCE


@pytest.mark.parametrize("code", ["XX", "cn", "CN-GRID-SC", "CN-440000", "RER", ""])
def test_other_codes_are_refused(code: str) -> None:
    with pytest.raises(UnknownRegion) as refusal:
        region(code, "/content/region")

    assert refusal.value.code == "UNKNOWN_REGION"
    assert refusal.value.pointer == "/content/region"
