"""Files that are refused as a whole, before any of their rows is answered."""

import io
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator

import pytest

from app.interchange.columns import BY_KEY
from app.interchange.spreadsheets import XLSX_MEDIA_TYPE, read
from app.kit.errors import DomainError, Invalid, UnsupportedMedia
from tests.interchange import workbooks as made

QUICK = 0.2


def refused(data: bytes, *, seconds: float = QUICK, **options: int) -> Invalid:
    """Return the refusal of a workbook, which must come quickly."""
    started = time.process_time()
    with pytest.raises(Invalid) as caught:
        made.read_xlsx(data, **options)
    assert time.process_time() - started < seconds
    check_sentences(caught.value)
    return caught.value


def refused_csv(data: bytes | str, **options: int) -> Invalid:
    """Return the refusal of a CSV file."""
    with pytest.raises(Invalid) as caught:
        made.read_csv(data, **options)
    check_sentences(caught.value)
    return caught.value


def check_sentences(error: DomainError) -> None:
    assert error.detail("zh") != error.detail("en")
    assert max(map(len, (error.detail("zh"), error.detail("en")))) < 1_000


def good_parts() -> dict[str, str]:
    cells = made.row()
    letters = dict(zip(cells, "ABCDEFGHIJKLMNOPQ", strict=False))
    rows = made.row_xml(1, {letters[each]: each for each in cells}) + made.row_xml(
        2, {letters[each]: str(value) for each, value in cells.items()}
    )
    return made.parts(made.sheet_xml(rows))


def good() -> bytes:
    return made.zipped(good_parts())


def members(data: bytes) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            yield info, archive.read(info)


def rebuilt(change: Callable[[zipfile.ZipInfo], None]) -> bytes:
    """Return the good workbook with each member changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for info, data in members(good()):
            fresh = zipfile.ZipInfo(info.filename)
            change(fresh)
            archive.writestr(fresh, data)
    return file.getvalue()


def test_hand_made_files_are_good() -> None:
    for data in (good(), rebuilt(lambda _: None)):
        assert made.only(made.read_xlsx(data)).findings == ()


def test_a_member_whose_size_follows_it_is_read() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

        def tell(self) -> int:
            raise io.UnsupportedOperation

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in good_parts().items():
            archive.writestr(name, text)

    assert made.only(made.read_xlsx(pipe.getvalue())).findings == ()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "BAD_FILE"),
        (b"PK", "BAD_ARCHIVE"),
        (b"name_zh,value\n", "BAD_FILE"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "BAD_FILE"),
        (b"%PDF-1.7\n" + good(), "BAD_FILE"),
        (b"PK" + good(), "BAD_ARCHIVE"),
        (good() + b"\0", "BAD_ARCHIVE"),
        (good() + good(), "BAD_ARCHIVE"),
        (good()[:-30], "BAD_ARCHIVE"),
        (good()[:200], "BAD_ARCHIVE"),
        (made.zipped({"a": "b"}), "BAD_FILE"),
        (made.zipped({}), "BAD_FILE"),
    ],
)
def test_what_is_no_workbook_is_refused(data: bytes, code: str) -> None:
    assert refused(data).code == code


def test_a_media_type_that_is_not_read_is_refused() -> None:
    with pytest.raises(UnsupportedMedia):
        read(io.BytesIO(good()), "application/json")

    assert read(io.BytesIO(good()), f"{XLSX_MEDIA_TYPE}; charset=x").rows == 1


def test_links_and_devices_are_refused() -> None:
    for kind in (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO):

        def change(info: zipfile.ZipInfo, kind: int = kind) -> None:
            info.create_system = 3
            info.external_attr = kind << 16

        assert refused(rebuilt(change)).code == "BAD_ARCHIVE"


@pytest.mark.parametrize(
    "name", ["../a", "/a", "a/../../b", "C:\\a", "a\\b", "a:b", "x\x01"]
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    assert refused(made.zipped(good_parts() | {name: ""})).code == "BAD_ARCHIVE"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused() -> None:
    for name in ("xl/workbook.xml", "XL/Workbook.xml"):
        file = io.BytesIO(good())
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(name, "other")

        assert refused(file.getvalue()).code == "BAD_ARCHIVE"


def patched(data: bytes, mark: bytes, at: int, change: bytes) -> bytes:
    """Return *data* with the bytes *at* behind the first *mark* changed."""
    place = data.index(mark) + at
    return data[:place] + change + data[place + len(change) :]


@pytest.mark.parametrize(
    ("mark", "at", "change"),
    [
        (b"PK\3\4", 6, b"\x01\0"),  # encrypted, here only
        (b"PK\1\2", 8, b"\x01\0"),  # encrypted, there only
        (b"PK\3\4", 8, b"\0\0"),  # another method
        (b"PK\1\2", 10, b"\x0c\0"),  # bzip2
        (b"PK\3\4", 14, b"\1\2\3\4"),  # another checksum
        (b"PK\3\4", 30, b"x"),  # another name
        (b"PK\1\2", 42, b"\1\0\0\0"),  # another place
        (b"PK\1\2", 24, b"\xff\xff\xff\x7f"),  # another size
        (b"PK\1\2", 28, b"\xff\xff"),  # a name beyond the end
        (b"PK\5\6", 4, b"\1\0"),  # several disks
        (b"PK\5\6", 10, b"\1\0"),  # another count
        (b"PK\5\6", 16, b"\1\0\0\0"),  # the directory elsewhere
        (b"PK\5\6", 20, b"\1\0"),  # a comment that is not there
    ],
)
def test_headers_that_disagree_are_refused(mark: bytes, at: int, change: bytes) -> None:
    data = patched(good(), mark, at, change)

    assert refused(data).code in {"BAD_ARCHIVE", "ARCHIVE_BOMB"}


def test_damaged_data_is_refused() -> None:
    data = good()
    place = data.index(b"xl/workbook.xml") + len("xl/workbook.xml")
    for change in (b"\xff" * 8, b"\0" * 8):
        assert refused(data[:place] + change + data[place + 8 :]).code in {
            "BAD_ARCHIVE",
            "BAD_FILE",
        }


def test_overlapping_members_are_refused() -> None:
    """One block of data, to which many entries of the directory lead."""
    data = zlib.compress(b" " * 60_000_000, 9)[2:-4]
    crc = zlib.crc32(b" " * 60_000_000)
    head = struct.pack("<5H3L2H", 20, 0, 8, 0, 33, crc, len(data), 60_000_000, 1, 0)
    local = b"PK\3\4" + head + b"a" + data
    entries = b"".join(
        b"PK\1\2"
        + struct.pack("<H", 20)
        + head[:-2]
        + struct.pack("<4H2L", 0, 0, 0, 0, 0, 0)
        + bytes([letter])
        for letter in b"abc"
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 3, 3, len(entries), len(local), 0)

    assert refused(local + entries + end).code in {"ARCHIVE_BOMB", "BAD_ARCHIVE"}


@pytest.mark.parametrize("size", [2 * 2**20, 300 * 2**20])
def test_what_would_inflate_beyond_measure_is_refused(size: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, text in good_parts().items():
            archive.writestr(name, text)
        with archive.open("xl/media/image1.png", "w") as member:
            for _ in range(size // 2**20):
                member.write(bytes(2**20))

    assert refused(file.getvalue()).code == "ARCHIVE_BOMB"


def test_many_members_are_refused() -> None:
    many = made.zipped({f"xl/{number}.xml": "" for number in range(2_000)})

    assert refused(many).code == "ARCHIVE_BOMB"


@pytest.mark.parametrize(
    "name", ["xl/vbaProject.bin", "xl/activeX/activeX1.bin", "xl/embeddings/a.bin"]
)
def test_macros_and_embedded_objects_are_refused(name: str) -> None:
    assert refused(made.zipped(good_parts() | {name: "x"})).code == "ACTIVE_CONTENT"


DOCTYPES = {
    "laughs": '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]>',
    "external": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
    "parameter": '<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1/x">%b;]>',
    "plain": "<!DOCTYPE worksheet>",
}


@pytest.mark.parametrize("doctype", DOCTYPES.values(), ids=DOCTYPES)
@pytest.mark.parametrize(
    "part",
    ["_rels/.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"],
)
def test_document_types_are_refused_in_every_part(doctype: str, part: str) -> None:
    parts = good_parts() | {"xl/styles.xml": f'<styleSheet xmlns="{made.MAIN}"/>'}
    targets = [("worksheets/sheet1.xml", "worksheet"), ("styles.xml", "styles")]
    parts["xl/_rels/workbook.xml.rels"] = made.relations(targets)
    parts[part] = doctype + parts[part]

    assert refused(made.zipped(parts)).code == "ACTIVE_CONTENT"


@pytest.mark.parametrize(
    "sheet",
    [
        "<a>" * 200_000,
        "<worksheet>",
        "",
        f'<worksheet xmlns="{made.MAIN}"><sheetData><row r="1" x="{"y" * 3_000_000}"/>',
        f"<!--{'y' * 3_000_000}-->",
        '<worksheet a="1" a="2"/>',
        "\ud7ff\x00",
        made.sheet_xml('<row r="0"/>'),
        made.sheet_xml('<row r="-1"/>'),
        made.sheet_xml('<row r="1"/><row r="1"/>'),
        made.sheet_xml('<row r="2"/><row r="1"/>'),
        made.sheet_xml('<row r="1048577"/>'),
        made.sheet_xml('<row r="9999999999999999999999"/>'),
        made.sheet_xml('<row r="1"><c r="B1"/><c r="A1"/></row>'),
        made.sheet_xml('<row r="1"><c r="A1"/><c r="A1"/></row>'),
        made.sheet_xml('<row r="1"><c r="A2"/></row>'),
        made.sheet_xml('<row r="1"><c r="XFE1"/></row>'),
        made.sheet_xml('<row r="1"><c r="$A$1"/></row>'),
        made.sheet_xml('<row r="1"><c r="A1" t="s"><v>5</v></c></row>'),
        made.sheet_xml('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>'),
        made.sheet_xml("", behind='<mergeCells><mergeCell ref="A:B"/></mergeCells>'),
    ],
)
def test_sheets_that_make_no_sense_are_refused(sheet: str) -> None:
    file = made.zipped(made.parts("") | {"xl/worksheets/sheet1.xml": sheet})

    assert refused(file, seconds=0.5).code in {"BAD_FILE", "ARCHIVE_BOMB"}


def test_a_far_cell_is_refused_at_its_place() -> None:
    parts = good_parts()
    far = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    name = "xl/worksheets/sheet1.xml"
    parts[name] = parts[name].replace("</sheetData>", far + "</sheetData>")

    error = refused(made.zipped(parts))

    assert error.code == "TOO_MANY_ITEMS"
    assert "XFD1048576" in error.detail("zh")


def test_a_far_row_within_the_columns_is_only_a_row() -> None:
    workbook = made.book(made.row())
    sheet = workbook[made.SHEET]
    for each in list(sheet[2]):
        sheet.cell(1_048_576, each.column).value = each.value

    rows = made.read_xlsx(made.saved(workbook))

    assert [each.number for each in rows] == [2, 1_048_576]


def test_too_many_rows_are_refused_before_one_is_answered() -> None:
    rows = [made.row() for _ in range(6)]

    for error in (
        refused(made.xlsx(*rows), row_limit=5),
        refused_csv(made.text(*rows), row_limit=5),
    ):
        assert error.code == "TOO_MANY_ITEMS"
    assert made.read_xlsx(made.xlsx(*rows), row_limit=6).rows == 6
    assert made.read_csv(made.text(*rows), row_limit=6).rows == 6


def test_the_limit_of_rows_is_for_all_sheets_together() -> None:
    workbook = made.book(made.row(), made.row())
    made.fill(workbook.create_sheet("其他"), [made.row(), made.row()])
    data = made.saved(workbook)

    assert made.read_xlsx(data, row_limit=4).rows == 4
    assert refused(data, row_limit=3).code == "TOO_MANY_ITEMS"


def test_three_hundred_thousand_rows_are_refused() -> None:
    rows = "".join(
        f'<row r="{each}"><c r="A{each}"><v>{each}</v></c></row>'
        for each in range(1, 300_001)
    )

    error = refused(made.zipped(made.parts(made.sheet_xml(rows))))

    assert error.code == "TOO_MANY_ITEMS"
    assert "A20002" in error.detail("zh")


def test_many_sheets_and_columns_are_refused() -> None:
    names = [f"s{number}" for number in range(21)]
    many = made.parts(made.sheet_xml(""), names=names)
    wide = made.parts(made.sheet_xml("<row>" + "<c><v>1</v></c>" * 201 + "</row>"))

    assert refused(made.zipped(many)).code == "TOO_MANY_ITEMS"
    assert "GS1" in refused(made.zipped(wide)).detail("zh")


def test_many_texts_and_long_ones_are_refused() -> None:
    start = f'<sst xmlns="{made.MAIN}">'
    digits = "".join(map(str, range(60_000)))
    texts = "".join(f"<si><t>{each}{digits}</t></si>" for each in range(100))
    long = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{digits}</t></is></c></row>'

    for parts in (
        made.parts(made.sheet_xml(""), strings=f"{start}{texts}</sst>"),
        made.parts(made.sheet_xml(long)),
    ):
        assert refused(made.zipped(parts), seconds=1).code == "TOO_MANY_ITEMS"


@pytest.mark.parametrize("names", [("a", "A"), ("",), ("x" * 32,), ("a\u202eb",)])
def test_sheets_whose_names_tell_no_place_are_refused(names: tuple[str, ...]) -> None:
    parts = made.parts(made.sheet_xml(""), names=names)

    assert refused(made.zipped(parts)).code == "BAD_FILE"


FULL = tuple(made.row())


def test_headers_are_found_in_any_order_and_by_key_or_label() -> None:
    cells = made.row()
    plain = {key: cells[key] for key in reversed(cells)}
    labels = {BY_KEY[key].zh: value for key, value in cells.items()}
    spaced = {f"  {BY_KEY[key].header.upper()} ": each for key, each in cells.items()}

    for each in (plain, labels, spaced):
        assert made.only(made.read_xlsx(made.xlsx(each))).findings == ()
        assert made.only(made.read_csv(made.text(each))).findings == ()


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (FULL[1:], "名称(中文) | name_zh"),
        ((*FULL, "名称(中文)"), "A"),
        ((*FULL, "valeu"), "数值 | value"),
        ((*FULL, "name_zh2"), "name_zh"),
        (("foo", "bar"), "name_zh"),
    ],
)
def test_headers_that_are_missing_twice_or_unknown(
    names: tuple[str, ...], told: str
) -> None:
    cells = dict.fromkeys(names, "x")

    for error in (refused(made.xlsx(cells)), refused_csv(made.text(cells))):
        assert error.code == "BAD_HEADER"
        assert told in error.detail("zh")


def test_headers_are_plain_text() -> None:
    formula = made.book(made.row())
    formula[made.SHEET]["C1"] = "=A1"
    merged = made.book(made.row())
    merged[made.SHEET].merge_cells("A1:A2")
    number = made.book(made.row())
    number[made.SHEET]["R1"] = 5

    for workbook in (formula, merged, number):
        assert refused(made.saved(workbook)).code == "BAD_HEADER"


def test_a_file_without_rows_is_refused() -> None:
    empty = made.book(made.row())
    empty[made.SHEET].delete_rows(2)

    assert refused(made.saved(empty)).code == "NO_DATA_ROWS"
    assert refused_csv(made.text(made.row()).splitlines()[0]).code == "NO_DATA_ROWS"


def test_a_file_of_blank_rows_is_refused_when_they_are_read() -> None:
    blank = made.xlsx(dict.fromkeys(made.row(), " "))

    with pytest.raises(Invalid) as caught:
        list(made.read_xlsx(blank))

    assert caught.value.code == "NO_DATA_ROWS"


GOOD_CSV = made.text(made.row(), made.row())


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"", "BAD_FILE", ""),
        (b"\xef\xbb\xbf", "BAD_FILE", ""),
        (GOOD_CSV.encode("utf-16"), "BAD_ENCODING", "1"),
        (GOOD_CSV.encode("utf-16-le"), "BAD_ENCODING", "1"),
        (GOOD_CSV.encode("gb18030"), "BAD_ENCODING", "2"),
        (GOOD_CSV.encode() + b"\xff,\xfe\r\n", "BAD_ENCODING", "4"),
        (GOOD_CSV.encode() + b"\0", "BAD_ENCODING", "4"),
        (GOOD_CSV.replace("\r\n", "\n", 1), "BAD_ENCODING", "2"),
        (GOOD_CSV[:-2] + "\n", "BAD_ENCODING", "3"),
        (GOOD_CSV.replace("\r\n", "\r"), "BAD_ENCODING", "1"),
        (GOOD_CSV + "a,b\r\n", "UNEVEN_ROW", "4"),
        (GOOD_CSV[:-2] + ",\r\n", "UNEVEN_ROW", "3"),
        (GOOD_CSV + '"a,b', "BAD_CSV", "4"),
        (GOOD_CSV + '"x"y,c\r\n', "BAD_CSV", "4"),
        (GOOD_CSV + "x" * 1_100_000, "TOO_MANY_ITEMS", "4"),
        (GOOD_CSV + "x" * 200_000, "BAD_CSV", "4"),
        (",".join("x" * 201), "TOO_MANY_ITEMS", ""),
        (GOOD_CSV.replace(",", ";"), "BAD_HEADER", ";"),
        (GOOD_CSV.replace(",", "\t"), "BAD_HEADER", "TAB"),
    ],
)
def test_csv_files_of_unsound_form_are_refused(
    data: bytes | str, code: str, place: str
) -> None:
    error = refused_csv(data)

    assert error.code == code
    assert place in error.detail("zh")


def test_line_ends_inside_quotes_are_part_of_a_cell() -> None:
    cells = made.text(made.row(note="a\nb\rc\r\nd"), made.row(note="x"))

    first, second = made.read_csv(cells)

    assert made.codes(first) == [("note", "BAD_TEXT")]
    assert (second.number, second.findings) == (3, ())
