"""`tanyin calculate FILE`: asks a service for a footprint and prints it to be read."""

import sys
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer

from app.cli.report import Answer, print_answer

commands: Final = typer.Typer(add_completion=False)
TIMEOUT: Final = 600.0
REFUSED: Final = 1
UNREACHABLE: Final = 3


@commands.command()
def calculate(
    file: Annotated[Path, typer.Argument(help="A calculation request; - for stdin.")],
    url: Annotated[
        str, typer.Option(envvar="TANYIN_URL", help="The service to ask.")
    ] = "http://127.0.0.1:8000",
    *,
    raw: Annotated[bool, typer.Option("--json", help="Print the raw answer.")] = False,
    language: Annotated[
        str, typer.Option(envvar="TANYIN_LANGUAGE", help="Of warnings and errors.")
    ] = "en",
) -> None:
    """Calculate the footprint of the process tree in FILE."""
    response = _post(url, _read(file), language)
    if response.status_code != httpx.codes.OK:
        if raw:
            sys.stdout.buffer.write(response.content + b"\n")
        _print_problem(response)
        raise typer.Exit(REFUSED)
    if raw:
        sys.stdout.buffer.write(response.content + b"\n")
        return
    print_answer(_answer(response), language)


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from error


def _post(url: str, body: bytes, language: str) -> httpx.Response:
    headers = {"Content-Type": "application/json", "Accept-Language": language}
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
