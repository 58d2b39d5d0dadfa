"""Files of a snapshot: their form, and that their bytes depend on the log alone."""

import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.factors.catalogue import Listed
from app.kit.canonical import canonical_bytes, sha256_hex
from app.kit.database import Sessions
from app.kit.formulas import unescaped
from app.publication import export
from app.publication.export import CSV, JSONL, MANIFEST, ExportDiffers, Form
from app.reference.enums import VersionStatus
from app.translog import service as translog
from tests.factories.factors import (
    change,
    change_status,
    content,
    electricity,
    publish,
    publish_one,
)

# What a fixed catalogue of two factors is written as; these bytes never move.
GOLDEN = {
    "manifest": "5e30d0ab0487497b2b80fbc43ff66639ad54aeb73b6dab914470979199c57c5c",
    "jsonl": "688fe65b241f216de35f5b82da97b86988ac14527556fc0af38df4916f5dfa72",
    "csv": "f20619bd84a2c086b3630e67cef97b7ab53bf537513d32d47a72e3a680f614e2",
}


def listed(number: int = 1, **changes: Any) -> Listed:
    """Return a version with a record that does not depend on the clock."""
    code = f"CNF-08-{number:06d}-00"
    stated = content(**changes)
    record: dict[str, Any] = {
        "schema": "tanyin/factor-version/1",
        "code": code,
        "version": 1,
        "content": stated.model_dump(mode="json"),
        "road": "AUTHORITY",
        "review": {"digest": stated.sha256(), "publishers": ["p_1", "p_2"]},
        "previous": None,
        "recorded_at": "2026-11-24T08:00:00.000000Z",
    }
    status = VersionStatus.PUBLISHED
    return Listed(code, 1, status, number - 1, canonical_bytes(record))


def text_of(form: Form, *versions: Listed) -> bytes:
    """Return the file of *versions*."""
    return form.head + b"".join(form.line(each) for each in versions)


def rows(data: bytes) -> list[dict[str, str]]:
    """Return what another reader makes of a table."""
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


async def file(session: AsyncSession, form: Form, size: int) -> bytes:
    """Return the file of the snapshot *size*."""
    pieces = export.write(lambda: nullcontext(session), size, form)
    return b"".join([piece async for piece in pieces])


def test_the_bytes_do_not_move() -> None:
    range_ = {"type": "RANGE", "min": "-0.70", "max": "-0.50"}
    versions = (
        listed(1),
        listed(2, zh="=甲,“乙”", en='A "b", c', value="-0.60", uncertainty=range_),
    )
    forms = {"manifest": MANIFEST, "jsonl": JSONL, "csv": CSV}

    digests = {
        name: sha256_hex(text_of(form, *versions)) for name, form in forms.items()
    }

    assert digests == GOLDEN


@pytest.mark.parametrize("form", [MANIFEST, JSONL])
def test_every_line_is_canonical(form: Form) -> None:
    line = form.line(listed(zh="电解铝 “A”", value="0.0140"))

    assert line == canonical_bytes(json.loads(line)) + b"\n"


def test_a_line_of_the_manifest() -> None:
    version = listed(3)

    assert json.loads(MANIFEST.line(version)) == {
        "code": "CNF-08-000003-00",
        "log_index": 2,
        "record_sha256": sha256_hex(version.record),
        "status": "PUBLISHED",
        "version": 1,
    }


def test_a_line_of_the_export_has_the_very_record() -> None:
    version = listed()

    line = JSONL.line(version)

    assert version.record in line
    assert json.loads(line)["record"] == json.loads(version.record)


def test_the_columns_of_the_table() -> None:
    validity = {"first": "2024-01-01", "last": None}
    (row,) = rows(text_of(CSV, listed(value="0.0140", validity=validity)))

    assert (row["value"], row["unit"], row["version"]) == ("0.0140", "kgCO2e/kg", "1")
    assert (row["name_zh"], row["publisher_zh"]) == ("电解铝", "生态环境部")
    assert (row["valid_from"], row["valid_until"]) == ("2024-01-01", "")
    assert (row["uncertainty_min"], row["technology"]) == ("", "")
    assert row["document_number"] == "公告 2025年第3号"
    assert list(row)[:9] == [
        *("code", "version", "status", "kind", "name_zh", "name_en"),
        *("value", "unit", "gwp_set"),
    ]


@pytest.mark.parametrize("start", ["=1+1", "+86", "-1", "@SUM", "=cmd|' /C calc'!A0"])
def test_no_text_is_a_formula(start: str) -> None:
    (row,) = rows(text_of(CSV, listed(zh=start, licence=start)))

    assert row["name_zh"] == row["licence"] == f"'{start}"


def test_a_negative_value_is_a_number() -> None:
    range_ = {"type": "RANGE", "min": "-2", "max": "-1"}
    (row,) = rows(text_of(CSV, listed(value="-1.50", uncertainty=range_)))

    found = [row[name] for name in ("value", "uncertainty_min", "uncertainty_max")]
    assert found == ["-1.50", "-2", "-1"]


def test_the_table_has_no_mark_and_its_lines_end_as_the_rfc_says() -> None:
    data = text_of(CSV, listed(1), listed(2))

    assert not data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n") == 3
    assert data.endswith(b"\r\n")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_text_comes_out_of_a_cell(text: str) -> None:
    cell = export._text(text)  # noqa: SLF001 - contents hold less

    read = list(csv.reader(io.StringIO(f"{cell},x\r\n", newline="")))

    assert len(read) == 1
    found, other = read[0]
    assert other == "x"
    # A text that begins with an escape of its own stays as it is.
    assert text in {found, unescaped(found)}


async def test_an_empty_catalogue(session: AsyncSession) -> None:
    assert await file(session, MANIFEST, 0) == b""
    assert await file(session, CSV, 0) == CSV.head
    digests = await export.digest(lambda: nullcontext(session), 0)
    assert (digests.versions, digests.csv_sha256) == (0, sha256_hex(CSV.head))


async def test_each_factor_is_there_once_by_code(session: AsyncSession) -> None:
    """More factors than a block has, published in another order than that of codes."""
    names = [f"产品{number}" for number in range(260)]
    await publish(session, *(content(zh=name) for name in names))
    await publish(session, electricity(), content(zh=names[0], value="1"))

    lines = (await file(session, MANIFEST, 262)).splitlines()

    codes = [json.loads(line)["code"] for line in lines]
    assert len(codes) == 261
    assert codes == sorted(set(codes))
    assert json.loads(lines[1])["version"] == 2
    digests = await export.digest(lambda: nullcontext(session), 262)
    assert digests.versions == 261


async def test_status_is_that_of_the_snapshot(
    sessions: Sessions, session: AsyncSession
) -> None:
    made = await publish_one(sessions)
    second = await publish_one(sessions, value="1")
    for status in (VersionStatus.SUSPENDED, VersionStatus.VOID, VersionStatus.RETIRED):
        await change_status(sessions, made.code, status, second.version)

    found = []
    for size in range(6):
        lines = (await file(session, MANIFEST, size)).splitlines()
        found += [
            (size, each["version"], each["status"]) for each in map(json.loads, lines)
        ]

    assert found == [
        (1, 1, "PUBLISHED"),
        (2, 2, "PUBLISHED"),
        (3, 2, "SUSPENDED"),
        (4, 2, "VOID"),
        (5, 2, "VOID"),
    ]


async def test_what_comes_later_changes_no_byte(session: AsyncSession) -> None:
    """Every snapshot is written again after every later entry."""
    seen: dict[int, export.Digests] = {}

    async def look() -> None:
        size = await translog.size(session)
        for each in range(size + 1):
            digests = await export.digest(lambda: nullcontext(session), each)
            assert seen.setdefault(each, digests) == digests

    made = (await publish(session, content()))[0].code
    await look()
    for step in (
        publish(session, content(value="1"), electricity()),
        change(session, made, VersionStatus.SUSPENDED, 2),
        change(session, made, VersionStatus.PUBLISHED, 2),
        publish(session, content(value="2")),
        change(session, made, VersionStatus.VOID, 1),
        change(session, made, VersionStatus.RETIRED),
        publish(session, content(zh="别的")),
    ):
        await step
        await session.flush()
        await look()
    assert len({each.csv_sha256 for each in seen.values()}) > 7


async def test_a_file_that_differs_does_not_end() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    async def receive(sha256: str) -> None:
        received[:] = []
        # Piece by piece: those before the end have left by then.
        async for piece in export.verified(pieces(), sha256):
            received.append(piece)

    received = list[bytes]()
    await receive(sha256_hex(b"ab"))
    with pytest.raises(ExportDiffers):
        await receive(sha256_hex(b"other"))
    assert received == [b"a", b"b"]
