"""`tanyin calculate` against a service on a real port."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.cli import commands
from app.kit.database import Sessions
from app.main import create_app
from app.settings import Settings
from tests.factories.calculations import ELECTRICITY, process, request
from tests.factories.factors import electricity, publish
from tests.factories.services import services
from tests.factories.streaming import listening

pytestmark = pytest.mark.committed


@pytest.fixture
async def url(sessions: Sessions) -> AsyncIterator[str]:
    async with sessions.begin() as session:
        await publish(session, electricity())
    app = create_app(Settings(rate_limit=False))
    app.state.services = services(sessions)
    async with listening(app) as (host, port):
        yield f"http://{host}:{port}"


def tree(amount: int) -> dict[str, Any]:
    line = {"factor": ELECTRICITY, "amount": amount, "unit": "kWh"}
    return request(process(inputs=[line]))


async def calculate(url: str, *arguments: str | Path) -> Result:
    """Run the command in a thread, beside the service that it asks."""
    command = ["calculate", "--url", url, *map(str, arguments)]
    return await asyncio.to_thread(lambda: CliRunner().invoke(commands, command))


def items(out: Path) -> list[tuple[int, int]]:
    documents = map(json.loads, out.read_text("utf-8").splitlines())
    return [(each["item"], each["status"]) for each in documents]


async def test_many_requests_are_answered_and_taken_up_again(
    url: str, tmp_path: Path
) -> None:
    file, out = tmp_path / "many.ndjson", tmp_path / "answers.ndjson"
    requests = [json.dumps(tree(k)) for k in range(1, 301)]
    requests[99] = "{"
    file.write_text("\n".join(requests), "ascii")

    done = await calculate(url, file, "--out", out)
    whole = out.read_bytes()
    again = await calculate(url, file, "--out", out)
    # Torn amid a line, as a power cut leaves it.
    out.write_bytes(whole[: len(whole) // 2])
    mark = tmp_path / "answers.ndjson.snapshot"
    mark.write_text("1", "ascii")
    resumed = await calculate(url, file, "--out", out, "--resume")

    assert done.stderr.endswith(f"299 answered, 1 refused: {out}\n")
    assert (done.exit_code, again.exit_code, resumed.exit_code) == (1, 2, 0)
    assert out.read_bytes() == whole
    assert items(out) == [(k, 400 if k == 100 else 200) for k in range(1, 301)]
    assert not mark.exists()


async def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    file, out = tmp_path / "none.ndjson", tmp_path / "answers.ndjson"

    done = await calculate("http://127.0.0.1:1", file, "--out", out)

    assert (done.exit_code, out.exists()) == (2, False)
    assert "No such file" in done.stderr


async def test_a_service_that_is_not_there_loses_nothing(tmp_path: Path) -> None:
    file, out = tmp_path / "many.ndjson", tmp_path / "answers.ndjson"
    file.write_text(json.dumps(tree(1)), "ascii")
    out.write_text('{"item":1}\n', "ascii")

    done = await calculate("http://127.0.0.1:9", file, "--out", out, "--resume")

    assert (done.exit_code, "--resume" in done.stderr) == (3, True)
    assert out.read_text("ascii") == '{"item":1}\n'


async def test_a_result_is_written_for_a_spreadsheet_program(
    url: str, tmp_path: Path
) -> None:
    file, book, text = (tmp_path / name for name in ("one.json", "a.xlsx", "a.csv"))
    file.write_text(json.dumps(tree(10)), "ascii")

    runs = [await calculate(url, file, "--out", out) for out in (book, text)]
    unknown = await calculate(url, file, "--out", tmp_path / "a.pdf")
    printed = await calculate(url, file)

    assert [each.exit_code for each in runs] == [0, 0]
    assert book.read_bytes()[:2] == b"PK"
    assert "6.205,kgCO2e" in text.read_text("utf-8")
    assert (unknown.exit_code, printed.exit_code) == (2, 0)
    assert printed.stdout.startswith("6.205 kgCO2e per 1 kg of p")
