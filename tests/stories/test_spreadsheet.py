"""From a filled spreadsheet to a draft, over HTTP."""

import io

import openpyxl
import pytest

from app.interchange.spreadsheets import XLSX_MEDIA_TYPE, template
from app.kit.database import Sessions
from tests.factories.people import people


def filled(value: object = "16.50", rows: int = 1) -> bytes:
    """Return the template with its example copied to the data sheet."""
    book = openpyxl.load_workbook(io.BytesIO(template()))
    example, data = book.worksheets[1], book.worksheets[0]
    header = [cell.value for cell in next(example.iter_rows())]
    column = next(i for i, each in enumerate(header) if each.endswith("| value"))
    name = next(i for i, each in enumerate(header) if each.endswith("| name_zh"))
    sample = [cell.value for cell in list(example.iter_rows())[1]]
    for number in range(rows):
        row = list(sample)
        row[column] = value
        row[name] = f"{row[name]}{number}"
        data.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


HEADERS = {"Content-Type": XLSX_MEDIA_TYPE}
PATH = "/v1/submissions/spreadsheets"


async def test_a_good_file_becomes_a_draft(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        client = everybody.clients["submitter"]

        answer = await client.post(PATH, content=filled(rows=3), headers=HEADERS)

        assert answer.status_code == 201, answer.text
        document = answer.json()
        assert document["rows"] == 3
        draft = document["submission"]
        assert (draft["state"], draft["item_count"]) == ("DRAFT", 3)
        assert draft["items"][0]["content"]["value"] == "16.50"
        events = await everybody.get("auditor", f"/submissions/{draft['id']}/events")
        assert events.json()["items"][0]["after"]["items"] == 3


async def test_a_bad_cell_is_named_and_nothing_is_stored(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        client = everybody.clients["submitter"]

        answer = await client.post(PATH, content=filled("1.2万"), headers=HEADERS)

        assert answer.status_code == 422
        error = answer.json()["errors"][0]
        assert "/rows/2/columns/" in error["pointer"]
        listed = await everybody.get("submitter", "/submissions")
        assert listed.json()["items"] == []


@pytest.mark.parametrize("value", ["16.50", "abc"])
async def test_a_check_stores_nothing(sessions: Sessions, value: str) -> None:
    async with people(sessions) as everybody:
        client = everybody.clients["submitter"]

        answer = await client.post(
            f"{PATH}?check=true", content=filled(value), headers=HEADERS
        )

        assert answer.status_code == 200, answer.text
        assert answer.json()["refused"] == (value == "abc")
        listed = await everybody.get("submitter", "/submissions")
        assert listed.json()["items"] == []


async def test_the_report_comes_as_a_workbook(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        client = everybody.clients["submitter"]

        answer = await client.post(
            f"{PATH}?report=xlsx", content=filled("abc"), headers=HEADERS
        )

        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        row = [cell.value for cell in list(book.worksheets[0].iter_rows())[1]]
        assert "错误 Error" in row or "错误" in str(row[-2:])


async def test_the_template_is_served(sessions: Sessions) -> None:
    async with people(sessions) as everybody:
        answer = await everybody.get("nobody", "/submissions/template.xlsx")

        assert answer.headers["content-type"] == XLSX_MEDIA_TYPE
        assert answer.content.startswith(b"PK")
