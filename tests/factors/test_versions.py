"""What a snapshot shows of versions, and that it never changes."""

from collections.abc import Iterator
from itertools import product
from typing import TypeAlias

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors import service
from app.factors.codes import Pin, factor_code
from app.factors.listing import Filters, Hit, Listing, Sort, find
from app.factors.printing import print_version
from app.factors.queries import Shown, status_at
from app.factors.schemas import FactorRead
from app.factors.service import load_versions, read_version
from app.kit.canonical import sha256_hex
from app.kit.database import Sessions
from app.reference.enums import Road, VersionStatus
from app.translog import merkle
from app.translog import service as translog
from tests.factories import factors

PUBLISHED, SUPERSEDED, SUSPENDED, RETIRED, VOID = VersionStatus
DECIMALS = st.from_regex(r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?", fullmatch=True)
CHANGES = (PUBLISHED, SUSPENDED, RETIRED, VOID)
# An old version, the current one, the whole factor.
SCOPES = (1, 2, None)
History: TypeAlias = tuple[tuple[VersionStatus, int | None], ...]


async def find_all(
    session: AsyncSession, snapshot: int, status: VersionStatus | None = None
) -> list[Hit]:
    """Return the current versions, in the order of their codes."""
    listing = Listing(
        filters=Filters(status=status),
        sort=Sort.CODE,
        after=None,
        limit=500,
        facets=True,
    )
    return (await find(session, listing, snapshot)).hits


@pytest.mark.parametrize("highest", [1, 2])
@pytest.mark.parametrize(
    ("change", "current", "lower"),
    [
        (None, PUBLISHED, SUPERSEDED),
        (PUBLISHED, PUBLISHED, SUPERSEDED),
        (SUSPENDED, SUSPENDED, SUSPENDED),
        (RETIRED, RETIRED, RETIRED),
        (VOID, VOID, VOID),
    ],
)
def test_status_follows_the_last_change(
    change: VersionStatus | None,
    current: VersionStatus,
    lower: VersionStatus,
    highest: int,
) -> None:
    assert status_at(change, highest, highest) is current
    assert status_at(change, highest, highest + 1) is lower


def histories() -> Iterator[History]:
    """Return no change, every change, and every two changes in a row."""
    steps = list(product(CHANGES, SCOPES))
    yield ()
    yield from ((step,) for step in steps)
    yield from product(steps, steps)


def expected(history: History, version: int) -> VersionStatus:
    """Return the status of *version*, of two, after *history*."""
    last = [status for status, scope in history if scope in (version, None)]
    if VOID in last:
        return VOID
    return status_at(last[-1] if last else None, version, 2)


async def test_every_history_of_two_changes(sessions: Sessions) -> None:
    """Every reader agrees with the table, before, between and after the changes."""
    every = list(histories())
    names = [f"产品{number}" for number in range(len(every))]
    async with sessions.begin() as session:
        for value in ("1", "2"):
            contents = [factors.content(zh=name, value=value) for name in names]
            published = await factors.publish(session, *contents)
        codes = [each.code for each in published]
        sizes = [await translog.size(session)]
        for step in (0, 1):
            for code, history in zip(codes, every, strict=True):
                if len(history) > step:
                    status, version = history[step]
                    await factors.change(session, code, status, version)
            sizes.append(await translog.size(session))

    for step, size in enumerate(sizes):
        past = {code: each[:step] for code, each in zip(codes, every, strict=True)}
        await check_statuses(sessions, past, size)


async def check_statuses(
    sessions: Sessions, past: dict[str, History], snapshot: int
) -> None:
    """Compare what is read of each factor and version with what happened to it."""
    pins = [Pin(code, version) for code in past for version in (1, 2)]
    current = {code: expected(history, 2) for code, history in past.items()}

    async with sessions() as session:
        found = await load_versions(session, pins, snapshot)
        listed = await find_all(session, snapshot)
        filtered = {
            status: await find_all(session, snapshot, status)
            for status in VersionStatus
        }

    assert {pin: each.status for pin, each in found.items()} == {
        pin: expected(past[pin.code], pin.version or 0) for pin in pins
    }
    shown = [each.version for each in listed]
    assert {each.code: each.status for each in shown} == current
    for status, hits in filtered.items():
        assert {each.version.code for each in hits} == {
            code for code, each in current.items() if each is status
        }


async def test_floating_pin_is_the_highest_version_below_the_snapshot(
    sessions: Sessions,
) -> None:
    first = await factors.publish_one(sessions, value="1.0")
    await factors.publish_one(sessions, zh="别的")
    second = await factors.publish_one(sessions, value="1.1")
    floating, pinned = Pin(first.code, None), Pin(first.code, 2)

    async with sessions() as session:
        found = [
            await load_versions(session, [floating, pinned], snapshot)
            for snapshot in range(second.log_index + 2)
        ]

    assert [sorted(str(pin) for pin in each) for each in found] == [
        [],
        [first.code],
        [first.code],
        [first.code, f"{first.code}@2"],
    ]
    assert [each[floating].version for each in found[1:]] == [1, 1, 2]
    assert found[3][pinned] == found[3][floating]
    assert found[3][floating].highest == 2


async def test_pins_that_name_nothing_are_left_out(sessions: Sessions) -> None:
    published = await factors.publish_one(sessions)
    pins = [
        Pin(published.code, None),
        Pin(published.code, 2),
        Pin(factor_code("08", 999), None),
        Pin(factor_code("08", 999), 1),
        Pin("no code", None),
    ]

    async with sessions() as session:
        found = await load_versions(session, pins, 1)
        nothing = await load_versions(session, [], 1)

    assert list(found) == pins[:1]
    assert nothing == {}


async def test_version_is_read_from_the_bytes_that_were_logged(
    sessions: Sessions,
) -> None:
    content = factors.content(value="0.0140")
    async with sessions.begin() as session:
        (published,) = await factors.publish(session, content, road=Road.IMPORT)
    pin = Pin(published.code, 1)

    async with sessions() as session:
        version = (await load_versions(session, [pin], 1))[pin]
        record = await service.get_record(session, pin, 1)

    read = FactorRead.model_validate_json(read_version(version))
    assert read.value == "0.0140"
    assert read.content_sha256 == content.sha256()
    assert read.record_sha256 == sha256_hex(record)
    assert read.leaf_hash == merkle.leaf_hash(record).hex()
    assert read.recorded_at == version.record["recorded_at"]
    assert read.unreviewed
    dumped = read.model_dump(mode="json")
    stated = content.model_dump(mode="json")
    assert {name: dumped[name] for name in stated} == stated


@given(
    st.lists(DECIMALS.filter(lambda text: text.strip("-0.")), min_size=1, max_size=9)
)
def test_values_keep_their_digits(values: list[str]) -> None:
    for value in values:
        content = factors.document(value=value)
        record = {
            "content": content,
            "road": "PANEL",
            "review": {"digest": "0" * 64},
            "recorded_at": "2026-11-24T08:00:00.000000Z",
        }
        version = Shown(
            code="CNF-01-000001-14",
            version=1,
            status=PUBLISHED,
            record_sha256="0" * 64,
            leaf_hash="0" * 64,
            log_index=0,
            series_id="0" * 16,
        )

        answer = print_version(version, orjson.dumps(record))
        assert f'"value":"{value}"'.encode() in answer


@pytest.mark.parametrize(
    ("road", "unreviewed"),
    [(Road.PANEL, False), (Road.AUTHORITY, False), (Road.IMPORT, True)],
)
async def test_only_imports_are_unreviewed(
    sessions: Sessions, road: Road, *, unreviewed: bool
) -> None:
    published = await factors.publish_one(sessions, road)

    async with sessions() as session:
        version = await service.get_version(session, Pin(published.code, None), 1)

    read = FactorRead.model_validate_json(read_version(version))
    assert read.unreviewed is unreviewed


async def test_newer_year_is_that_of_a_factor_in_use(sessions: Sessions) -> None:
    codes = {
        year: (await factors.publish_one(sessions, reference_year=year)).code
        for year in (2021, 2022, 2023, 2024)
    }
    await factors.publish_one(sessions, reference_year=2025, zh="别的")
    before = await factors.change_status(sessions, codes[2024], VOID)
    pins = [Pin(code, None) for code in codes.values()]

    async with sessions() as session:
        early = await load_versions(session, pins, before)
        late = await load_versions(session, pins, before + 1)

    assert {each.newest_year for each in early.values()} == {2024}
    assert [each.newest_year for each in late.values()] == [2023, 2023, 2023, 2024]
    assert [each.newest_code for each in late.values()] == [
        codes[2023],
        codes[2023],
        codes[2023],
        codes[2024],
    ]


async def test_what_a_snapshot_says_never_changes(sessions: Sessions) -> None:
    """Publish, correct and withdraw; every older snapshot answers as it did."""
    codes = [factor_code("08", serial) for serial in range(1, 5)]
    pins = [Pin(code, version) for code in codes for version in (None, 1, 2, 3)]

    async def hear(snapshot: int) -> list[str]:
        async with sessions() as session:
            found = await load_versions(session, pins, snapshot)
            listed = await find_all(session, snapshot)
        pinned = sorted(f"{p} {read_version(each)!r}" for p, each in found.items())
        shown = (print_version(each.version, each.record) for each in listed)
        return [*pinned, *map(repr, shown)]

    heard = [await hear(0)]
    for number in range(12):
        name, value = f"产品{number % 4}", str(number)
        published = await factors.publish_one(sessions, zh=name, value=value)
        heard.append(await hear(len(heard)))
        if number % 3 == 2:
            status = CHANGES[number // 3]
            await factors.change_status(sessions, published.code, status, 1)
            heard.append(await hear(len(heard)))

    # One of the changes says PUBLISHED of what never was anything else.
    assert len(set(map(str, heard))) == 16
    assert [await hear(snapshot) for snapshot in range(len(heard))] == heard


async def test_alternatives_to_an_emission_factor(sessions: Sessions) -> None:
    """Nearest category, then region, then year; nothing withdrawn, nothing else."""

    async def publish(**changes: object) -> str:
        async with sessions.begin() as session:
            electricity = factors.electricity(**changes)
            return (await factors.publish(session, electricity))[0].code

    grid = {"category": "ELECTRICITY_GRID_PROVINCIAL"}
    mix = await publish(reference_year=2022)
    newer = await publish(reference_year=2023)
    province = await publish(**grid, region="CN-JS", reference_year=2020)
    void = await publish(**grid, region="CN-JS", reference_year=2021, zh="废")
    await publish(**grid, region="CN-GD")
    coal = await publish(category="ELECTRICITY_COAL", reference_year=2021)
    await publish(category="HEAT_STEAM", unit="kgCO2e/GJ")
    await publish(**grid, region="CN-JS", kind="ENERGY_CO2_EF", zh="排放因子")
    await publish(**grid, region="GLO", zh="全球")
    size = await factors.change_status(sessions, void, VOID) + 1

    async with sessions() as session:
        found = await service.footprint_alternatives(
            session, grid["category"], "CN-JS", 2021, size
        )

    assert [each.code for each in found] == [province, mix, newer, coal]
    assert found[0].name_zh == "全国平均电力"
    assert (found[0].version, found[0].reference_year) == (1, 2020)
