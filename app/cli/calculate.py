"""`tanyin calculate FILE`: asks a service for a footprint, to be read or kept."""

import sys
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer

from app.cli.calculate_lines import REFUSED, UNREACHABLE, Job, run
from app.cli.report import Answer, print_answer
from app.interchange.spreadsheets import CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE

commands: Final = typer.Typer(add_completion=False)
TIMEOUT: Final = 600.0
LINES: Final = frozenset({".ndjson", ".jsonl"})
_MEDIA_TYPES: Final = {
    ".json": "application/json",
    ".csv": CSV_MEDIA_TYPE,
    ".xlsx": XLSX_MEDIA_TYPE,
}


@commands.command()
def calculate(  # noqa: PLR0913 - its options
    file: Annotated[
        Path,
        typer.Argument(
            help="A calculation request; - for stdin. In .ndjson, one a line."
        ),
    ],
    url: Annotated[
        str, typer.Option(envvar="TANYIN_URL", help="The service to ask.")
    ] = "http://127.0.0.1:8000",
    *,
    raw: Annotated[bool, typer.Option("--json", help="Print the raw answer.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the answer to this file: .json, .csv or .xlsx."),
    ] = None,
    first: Annotated[
        int, typer.Option("--from", min=1, help="The first item of an .ndjson.")
    ] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where --out ends.")
    ] = False,
    snapshot: Annotated[
        str | None, typer.Option(help="Of the items that state none.")
    ] = None,
    language: Annotated[
        str, typer.Option(envvar="TANYIN_LANGUAGE", help="Of warnings and errors.")
    ] = "en",
) -> None:
    """Calculate the footprint of the process tree in FILE, or of many."""
    if file.suffix in LINES:
        if out is None:
            raise typer.BadParameter("Many answers go to a file: name it with --out.")
        run(Job(file, out, url, language, first, snapshot), resume=resume)
        return
    if resume or first > 1 or snapshot is not None:
        raise typer.BadParameter("--from, --resume and --snapshot go with an .ndjson.")
    response = _post(url, _read(file), language, _media_type(out))
    if response.status_code != httpx.codes.OK:
        if raw:
            sys.stdout.buffer.write(response.content + b"\n")
        _print_problem(response)
        raise typer.Exit(REFUSED)
    if out is not None:
        out.write_bytes(response.content)
    elif raw:
        sys.stdout.buffer.write(response.content + b"\n")
    else:
        print_answer(_answer(response), language)


def _media_type(out: Path | None) -> str:
    suffix = ".json" if out is None else out.suffix
    if suffix not in _MEDIA_TYPES:
        raise typer.BadParameter("--out ends in .json, .csv or .xlsx.")
    return _MEDIA_TYPES[suffix]


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from error


def _post(url: str, body: bytes, language: str, accept: str) -> httpx.Response:
    headers = {
        "Content-Type": "application/json",
        "Accept-Language": language,
        "Accept": accept,
    }
    address = url.rstrip("/") + "/v1/calculations"
    try:
        return httpx.post(address, content=body, headers=headers, timeout=TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        typer.echo(f"{address}: {error}", err=True)
        raise typer.Exit(UNREACHABLE) from error


def _answer(response: httpx.Response) -> Answer:
    try:
        answer: Answer = response.json()
        if {"result", "contributions", "processes"} <= answer.keys():
            return answer
    except (ValueError, AttributeError):
        pass
    typer.echo(f"{response.url} is not a TanYin service.", err=True)
    raise typer.Exit(UNREACHABLE)


def _print_problem(response: httpx.Response) -> None:
    try:
        problem = response.json()
        lines = [f"{problem['code']}: {problem['detail']}"]
        lines += [
            f"  {each['pointer']}  {each['code']}: {each['detail']}"
            for each in problem["errors"]
        ]
    except (ValueError, KeyError, TypeError):
        lines = [f"The service answered {response.status_code}, but no problem."]
    for line in lines:
        typer.echo(line, err=True)
