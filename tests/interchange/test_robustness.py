"""Whatever a file holds is read or refused by name, quickly, in little memory."""

import io
import random
import time
import tracemalloc
import zipfile

import pytest

from app.interchange.spreadsheets import (
    CSV_MEDIA_TYPE,
    XLSX_MEDIA_TYPE,
    Reading,
    read,
    report,
)
from app.kit.errors import Invalid
from tests.interchange import workbooks as made

TRIES = 400
MIB = 2**20


def damaged(random_: random.Random, data: bytes) -> bytes:
    """Return *data* with some bytes changed, left out or repeated."""
    bits = bytearray(data)
    for _ in range(random_.randint(1, 4)):
        at = random_.randrange(len(bits))
        end = at + random_.randint(1, 40)
        action = random_.randrange(3)
        if action == 0:
            bits[at] = random_.choice(b'0123456789AZ<>/"=&; \xff\x00-')
        elif action == 1 and len(bits) > end:
            del bits[at:end]
        else:
            bits[at:at] = bits[at:end]
    return bytes(bits)


def spoken(reading: Reading) -> None:
    """Read every row and say every finding."""
    for found in reading:
        for each in found.findings:
            (each.detail("zh") + each.detail("en")).encode()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_damaged_workbook_is_read_or_refused(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    workbook = made.book(made.row(value=16.5, note="x"), made.row())
    workbook[made.SHEET].merge_cells("A3:B3")
    whole = made.saved(workbook)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    wanted = [name for name in parts if name.startswith(("_rels", "xl/w", "xl/s"))]

    for _ in range(TRIES):
        name = chance.choice(wanted)
        inside = made.zipped({**parts, name: damaged(chance, parts[name])})
        for data in (damaged(chance, whole), inside):
            started = time.process_time()
            try:
                spoken(made.read_xlsx(data))
                report(io.BytesIO(data), XLSX_MEDIA_TYPE, {}, "zh")
            except Invalid as error:
                error.detail("zh").encode()
            assert time.process_time() - started < 1


def test_a_damaged_csv_file_is_read_or_refused() -> None:
    chance = random.Random(3)  # noqa: S311 - no secret
    whole = made.text(made.row(note='a "b"\nc'), made.row()).encode()

    for _ in range(TRIES):
        data = damaged(chance, whole)
        try:
            spoken(made.read_csv(data))
            report(io.BytesIO(data), CSV_MEDIA_TYPE, {}, "en")
        except Invalid as error:
            error.detail("zh").encode()


@pytest.mark.parametrize("media_type", [XLSX_MEDIA_TYPE, CSV_MEDIA_TYPE])
def test_reading_keeps_a_few_rows_and_not_the_file(media_type: str) -> None:
    rows = [made.row(name_zh=f"电解铝 {each}") for each in range(3_000)]
    data = (
        made.xlsx(*rows) if media_type == XLSX_MEDIA_TYPE else made.text(*rows).encode()
    )
    file = io.BytesIO(data)
    spoken(read(file, media_type))

    tracemalloc.start()
    try:
        spoken(read(file, media_type))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 3 * MIB


def test_a_file_of_mistakes_takes_no_longer_than_its_size_allows() -> None:
    chance = random.Random(4)  # noqa: S311 - no secret
    letters = "铝电解炼钢铁煤炭水泥产品工艺abcdefghij"
    rows = [
        {key: "".join(chance.choices(letters, k=12)) for key in made.row()}
        for _ in range(1_000)
    ]
    started = time.process_time()

    found = sum(len(each.findings) for each in made.read_csv(made.text(*rows)))

    assert found == 8_000
    assert time.process_time() - started < 3


def test_many_merged_ranges_take_no_longer() -> None:
    count = 2_000
    workbook = made.xlsx(*(made.row() for _ in range(500)))
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    merged = b'<mergeCell ref="A2:A1048576"/>' * count
    parts[sheet] = parts[sheet].replace(
        b"</sheetData>", b"</sheetData><mergeCells>" + merged + b"</mergeCells>"
    )
    started = time.process_time()

    rows = list(made.read_xlsx(made.zipped(parts)))

    assert [len(each.findings) for each in rows] == [1] * 500
    assert time.process_time() - started < 2
