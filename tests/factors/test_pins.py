"""What became of pinned versions, and that a snapshot's answer never changes."""

from collections.abc import Sequence
from typing import Any

import pytest

from app.factors.codes import factor_code
from app.factors.pins import PinRead, PinState, check_pins
from app.kit.database import Sessions
from app.reference.enums import VersionStatus
from tests.factories import factors

PUBLISHED, SUPERSEDED, SUSPENDED, RETIRED, VOID = VersionStatus
NOTHING = {"successor": None, "new": None, "delta": None, "delta_relative": None}
UNMOVED = {"reason": None, "since": None, "log_index": None}


async def check(
    sessions: Sessions, pins: Sequence[str], snapshot: int
) -> tuple[PinRead, ...]:
    """Return what became of *pins*."""
    async with sessions() as session:
        return (await check_pins(session, pins, snapshot))["items"]


async def check_one(sessions: Sessions, pin: str, snapshot: int) -> dict[str, Any]:
    """Return what became of *pin*."""
    return dict((await check(sessions, [pin], snapshot))[0])


async def publish_values(sessions: Sessions, *values: str) -> str:
    """Publish a version for each of *values*; return the code."""
    code = ""
    for number, value in enumerate(values, start=1):
        reason = f"第{number}版" if number > 1 else None
        published = await factors.publish_one(
            sessions, value=value, change_reason=reason
        )
        code = published.code
    return code


async def test_unchanged(sessions: Sessions) -> None:
    code = await publish_values(sessions, "16.50")

    assert await check_one(sessions, f"{code}@1", 1) == {
        "pin": f"{code}@1",
        "state": "UNCHANGED",
        "unknown": None,
        "old": {"value": "16.50", "unit": "kgCO2e/kg", "gwp_set": "AR6_100"},
        "newer_year": None,
        **NOTHING,
        **UNMOVED,
    }


async def test_superseded(sessions: Sessions) -> None:
    """The state began with the next version; the newest one is the successor."""
    code = await publish_values(sessions, "16.50", "16.00", "15.90")

    found = await check_one(sessions, f"{code}@1", 3)

    assert found["state"] == "SUPERSEDED"
    assert found["successor"] == f"{code}@3"
    assert found["new"]["value"] == "15.90"
    assert (found["delta"], found["delta_relative"]) == ("-0.6", "-0.0363636363636")
    assert found["reason"] == "第3版"
    assert found["log_index"] == 1
    assert found["since"].endswith("Z")
    assert (await check_one(sessions, f"{code}@3", 3))["state"] == "UNCHANGED"


async def test_an_older_snapshot_knows_no_better(sessions: Sessions) -> None:
    code = await publish_values(sessions, "16.50", "16.00", "15.90")
    pins = [f"{code}@{number}" for number in (1, 2, 3)]

    found = {
        size: [(each["state"], each["successor"]) for each in answer]
        for size in range(4)
        for answer in [await check(sessions, pins, size)]
    }

    unknown = (PinState.UNKNOWN, None)
    assert found == {
        0: [unknown] * 3,
        1: [("UNCHANGED", None), unknown, unknown],
        2: [("SUPERSEDED", f"{code}@2"), ("UNCHANGED", None), unknown],
        3: [
            ("SUPERSEDED", f"{code}@3"),
            ("SUPERSEDED", f"{code}@3"),
            ("UNCHANGED", None),
        ],
    }


async def test_unknown_says_of_what(sessions: Sessions) -> None:
    code = await publish_values(sessions, "1")
    await factors.change_status(sessions, code, RETIRED)
    other = factor_code("08", 999_999)

    version, factor = await check(sessions, [f"{code}@2", f"{other}@1"], 2)

    for found, unknown in ((version, "VERSION"), (factor, "FACTOR")):
        assert found["state"] == "UNKNOWN"
        assert found["unknown"] == unknown
        assert found["old"] is None
        assert found["log_index"] is None


@pytest.mark.parametrize("status", [SUSPENDED, RETIRED, VOID])
async def test_withdrawn(sessions: Sessions, status: VersionStatus) -> None:
    code = await publish_values(sessions, "1")
    index = await factors.change_status(
        sessions, code, status, None if status is RETIRED else 1
    )

    found = await check_one(sessions, f"{code}@1", index + 1)

    assert (found["state"], found["reason"]) == (status, "因测试")
    assert found["log_index"] == index
    assert found["old"]["value"] == "1"
    assert found | NOTHING == found


async def test_withdrawn_with_a_successor(sessions: Sessions) -> None:
    """The reason is that of the withdrawal, and the newer value is told."""
    code = await publish_values(sessions, "1", "2")
    index = await factors.change_status(sessions, code, VOID, 1)

    found = await check_one(sessions, f"{code}@1", index + 1)

    assert (found["state"], found["reason"]) == ("VOID", "因测试")
    assert (found["successor"], found["delta"]) == (f"{code}@2", "1")
    assert found["log_index"] == index


async def test_a_successor_is_in_use_and_later(sessions: Sessions) -> None:
    code = await publish_values(sessions, "1", "2", "3")
    await factors.change_status(sessions, code, VOID, 3)
    index = await factors.change_status(sessions, code, SUSPENDED, 2)

    at = {
        (pin, size): (found["state"], found["successor"])
        for pin in (1, 2, 3)
        for size in (3, 4, 5)
        for found in [await check_one(sessions, f"{code}@{pin}", size)]
    }

    assert index == 4
    assert at[1, 3] == ("SUPERSEDED", f"{code}@3")
    assert at[1, 4] == ("SUPERSEDED", f"{code}@2")
    assert at[1, 5] == ("SUPERSEDED", None)
    assert at[2, 4] == ("SUPERSEDED", None)
    assert at[2, 5] == ("SUSPENDED", None)
    assert at[3, 5] == ("VOID", None)


async def test_reinstated_is_as_if_nothing_had_been(sessions: Sessions) -> None:
    code = await publish_values(sessions, "1")
    before = await check_one(sessions, f"{code}@1", 1)
    await factors.change_status(sessions, code, SUSPENDED, 1)
    index = await factors.change_status(sessions, code, PUBLISHED, 1)

    assert await check_one(sessions, f"{code}@1", index + 1) == before


async def test_void_is_for_ever(sessions: Sessions) -> None:
    code = await publish_values(sessions, "1")
    void = await factors.change_status(sessions, code, VOID, 1)
    last = await factors.change_status(sessions, code, RETIRED)

    found = await check_one(sessions, f"{code}@1", last + 1)

    assert (found["state"], found["log_index"]) == ("VOID", void)


async def test_values_in_other_units_have_no_delta(sessions: Sessions) -> None:
    code = await publish_values(sessions, "1")
    await factors.publish_one(sessions, value="1100", unit="gCO2e/kg")

    found = await check_one(sessions, f"{code}@1", 2)

    assert found["new"]["unit"] == "gCO2e/kg"
    assert (found["delta"], found["delta_relative"]) == (None, None)


async def test_a_newer_year_stands_beside_any_state(sessions: Sessions) -> None:
    codes = {
        year: (
            await factors.publish_one(
                sessions, reference_year=year, value=str(year), zh="甲"
            )
        ).code
        for year in (2021, 2022, 2023)
    }
    corrected = await factors.publish_one(
        sessions, reference_year=2023, value="2023.5", zh="甲"
    )
    await factors.change_status(sessions, codes[2021], SUSPENDED, 1)
    gone = await factors.change_status(sessions, codes[2023], RETIRED)
    pins = [f"{codes[year]}@1" for year in (2023, 2021, 2022)]
    pins.append(f"{codes[2021]}@9")

    with_2023 = [each["newer_year"] for each in await check(sessions, pins, gone)]
    without = await check(sessions, pins, gone + 1)

    newest = {
        "pin": f"{codes[2023]}@2",
        "reference_year": 2023,
        "value": "2023.5",
        "unit": "kgCO2e/kg",
        "gwp_set": "AR6_100",
    }
    assert corrected.version == 2
    assert with_2023 == [None, newest, newest, newest]
    assert [each["newer_year"] and each["newer_year"]["pin"] for each in without] == [
        None,
        f"{codes[2022]}@1",
        None,
        f"{codes[2022]}@1",
    ]
    assert without[1]["state"] == "SUSPENDED"


async def test_pins_are_answered_one_by_one_in_order(sessions: Sessions) -> None:
    code = await publish_values(sessions, "1", "2")
    pins = [f"{code}@2", f"{code}@1", f"{code}@7", f"{code}@2"]

    assert [each["pin"] for each in await check(sessions, pins, 2)] == pins
    assert await check(sessions, [], 2) == ()


async def test_what_a_snapshot_says_never_changes(sessions: Sessions) -> None:
    """Publish, correct, add years and withdraw; older snapshots answer as they did."""
    codes = [factor_code("08", serial) for serial in range(1, 7)]
    pins = [f"{code}@{version}" for code in codes for version in (1, 2, 3)]
    heard = [await check(sessions, pins, 0)]
    changes = (SUSPENDED, PUBLISHED, RETIRED, VOID)
    for number in range(16):
        published = await factors.publish_one(
            sessions,
            zh=f"产品{number % 3}",
            reference_year=2020 + number % 2,
            value=str(number),
        )
        heard.append(await check(sessions, pins, len(heard)))
        if number % 4 == 3:
            status = changes[number // 4]
            await factors.change_status(sessions, published.code, status, 1)
            heard.append(await check(sessions, pins, len(heard)))

    assert len(set(map(str, heard))) > 15
    assert [await check(sessions, pins, size) for size in range(len(heard))] == heard
    states = {each["state"] for answer in heard for each in answer}
    assert states == set(PinState)
