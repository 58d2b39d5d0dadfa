"""Differences between two versions, field by field."""

from typing import Any

import pytest

from app.factors.comparison import ChangesRead, compare_contents, compare_versions
from app.factors.service import NoSuchVersion
from app.kit.database import Sessions
from app.reference.enums import Road, VersionStatus
from tests.factories import factors


def compared(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the delta at each place where two contents differ."""
    one, two = (factors.document(**each) for each in (old, new))
    return {each.pointer: each.delta for each in compare_contents(one, two)}


async def compare(
    sessions: Sessions, code: str, old: int, new: int, snapshot: int
) -> ChangesRead:
    async with sessions() as session:
        return await compare_versions(session, code, old, new, snapshot)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({}, {}, {}),
        ({"value": "1.50"}, {"value": "2"}, {"/value": "0.5"}),
        ({"value": "1.0"}, {"value": "1.00"}, {"/value": "0"}),
        (
            {"value": "1"},
            {"value": "900", "unit": "gCO2e/kg"},
            {"/value": None, "/unit": None},
        ),
        (
            {"gases": [{"gas": "CH4_FOSSIL", "mass_kg": "1"}]},
            {"gases": [{"gas": "CH4_FOSSIL", "mass_kg": "3"}]},
            {"/gases/0/mass_kg": "2"},
        ),
        (
            {"gases": [{"gas": "CH4_FOSSIL", "mass_kg": "1"}]},
            {"gases": [{"gas": "N2O", "mass_kg": "3"}]},
            {"/gases/0/gas": None, "/gases/0/mass_kg": None},
        ),
        (
            {"uncertainty": {"type": "RANGE", "min": "1", "max": "3"}},
            {"uncertainty": {"type": "RANGE", "min": "2", "max": "5"}},
            {"/uncertainty/min": "1", "/uncertainty/max": "2"},
        ),
        (
            {"source": factors.citation(date="2024")},
            {"source": factors.citation(date="2025")},
            {"/sources/0/date": None},
        ),
        ({"derivation": []}, {"derivation": ["x"]}, {"/derivation": None}),
        ({"note": None}, {"note": "改"}, {"/note": None}),
    ],
)
def test_fields(
    old: dict[str, Any], new: dict[str, Any], found: dict[str, Any]
) -> None:
    assert compared(old, new) == found


async def test_what_happened_between(sessions: Sessions) -> None:
    code = (await factors.publish_one(sessions, value="1")).code
    suspended = await factors.change_status(sessions, code, VersionStatus.SUSPENDED, 1)
    await factors.publish_one(sessions, Road.IMPORT, value="2", change_reason="更正")
    await factors.publish_one(sessions, value="3", change_reason="年度更新")
    retired = await factors.change_status(sessions, code, VersionStatus.RETIRED)

    found = await compare(sessions, code, 1, 3, retired + 1)

    document = found.model_dump(mode="json", by_alias=True)
    assert (document["code"], document["from"], document["to"]) == (code, 1, 3)
    assert document["changes"] == [
        {
            "pointer": "/change_reason",
            "old": None,
            "new": "年度更新",
            "delta": None,
        },
        {"pointer": "/value", "old": "1", "new": "3", "delta": "2"},
    ]
    assert [
        (each.version, each.log_index, each.road, each.change_reason)
        for each in found.steps
    ] == [(2, 2, "IMPORT", "更正"), (3, 3, "AUTHORITY", "年度更新")]
    assert [
        (each.version, each.log_index, each.status, each.reason)
        for each in found.status_changes
    ] == [(1, suspended, "SUSPENDED", "因测试")]


async def test_either_way_and_with_itself(sessions: Sessions) -> None:
    code = (await factors.publish_one(sessions, value="1")).code
    await factors.publish_one(sessions, value="2.5", change_reason="更正")

    back = await compare(sessions, code, 2, 1, 2)
    same = await compare(sessions, code, 2, 2, 2)

    assert [each.delta for each in back.changes] == [None, "-1.5"]
    assert [each.version for each in back.steps] == [2]
    assert (same.changes, same.steps, same.status_changes) == ((), (), ())


async def test_a_snapshot_has_its_versions_alone(sessions: Sessions) -> None:
    code = (await factors.publish_one(sessions, value="1")).code
    await factors.publish_one(sessions, value="2")
    before = await compare(sessions, code, 1, 2, 2)
    await factors.publish_one(sessions, value="3")
    await factors.change_status(sessions, code, VersionStatus.RETIRED)

    assert await compare(sessions, code, 1, 2, 2) == before
    assert await compare(sessions, code, 1, 2, 4) == before
    with pytest.raises(NoSuchVersion):
        await compare(sessions, code, 1, 2, 1)
