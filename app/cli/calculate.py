"""`tanyin calculate FILE`: asks a service for a footprint and prints it to be read."""

import sys
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

TIMEOUT: Final = 600.0
REFUSED: Final = 1
UNREACHABLE: Final = 3

Answer = dict[str, Any]


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
        _print_problem(response)
        raise typer.Exit(REFUSED)
    if raw:
        sys.stdout.buffer.write(response.content + b"\n")
        return
    _print_answer(response.json(), language)


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


def _print_problem(response: httpx.Response) -> None:
    try:
        problem = response.json()
        lines = [f"{problem['code']}: {problem['detail']}"]
        lines += [
            f"  {each['pointer']}  {each['code']}: {each['detail']}"
            for each in problem["errors"]
        ]
    except (orjson.JSONDecodeError, ValueError, KeyError, TypeError):
        lines = [f"The service answered {response.status_code}, but no problem."]
    for line in lines:
        typer.echo(line, err=True)


def _print_answer(answer: Answer, language: str) -> None:
    console = Console(highlight=False)
    console.print(_headline(answer))
    console.print(_stages(answer))
    console.print(_tree(answer))
    rest = answer["rest"]
    if rest["count"]:
        console.print(f"and {rest['count']} smaller lines: {_co2e(rest['value'])}")
    for warning in answer["warnings"]:
        console.print(_warning(warning, language))
    console.print(_basis(answer), style="dim")


def _headline(answer: Answer) -> Text:
    result, per = answer["result"], answer["result"]["per"]
    text = Text(f"{_co2e(result['value'])}", style="bold")
    text.append(f" per {per['amount']} {per['unit']} of {per['process']}")
    if result["excluding_uptake"] != result["value"]:
        text.append(f" ({_co2e(result['excluding_uptake'])} without biogenic uptake)")
    return text


def _co2e(value: str) -> str:
    return f"{_short(value)} kgCO2e"


def _short(value: str) -> str:
    """Return *value* in six digits: enough to read, too few to bill by."""
    return f"{float(value):,.6g}"


def _percent(share: str | None) -> str:
    return "" if share is None else f"{float(share):.1%}"


def _stages(answer: Answer) -> Table:
    table = Table("Stage", "kgCO2e", box=None, padding=(0, 2, 0, 0))
    table.columns[1].justify = "right"
    for part in answer["by_stage"]:
        table.add_row(part["stage"], _short(part["value"]))
    return table


def _tree(answer: Answer) -> Tree:
    """Return processes under the process that leads to them, with their lines."""
    children, lines = defaultdict(list), defaultdict(list)
    listed = {each["id"] for each in answer["processes"]}
    root = answer["result"]["per"]["process"]
    for process in answer["processes"]:
        if process["id"] != root:
            # A user that is too small to be listed leaves its supplier at the root.
            via = process["via"] if process["via"] in listed else root
            children[via].append(process)
    for line in answer["contributions"]:
        lines[line["process"] if line["process"] in listed else root].append(line)
    by_id = {each["id"]: each for each in answer["processes"]}
    tree = Tree(_process_label(by_id[root]) if root in by_id else Text(root))
    _grow(tree, root, children, lines)
    return tree


def _grow(
    tree: Tree,
    root: str,
    children: dict[str, list[Answer]],
    lines: dict[str, list[Answer]],
) -> None:
    # A stack, because a chain may be longer than Python's recursion allows.
    stack = [(tree, root)]
    while stack:
        node, name = stack.pop()
        for line in lines[name]:
            node.add(_line_label(line))
        stack.extend(
            (node.add(_process_label(child)), child["id"]) for child in children[name]
        )


def _process_label(process: Answer) -> Text:
    text = Text(process["name"] or process["id"], style="bold")
    text.append(f"  {_co2e(process['total'])}  {_percent(process['share'])}")
    return text


def _line_label(line: Answer) -> Text:
    what = line["factor"] or line["gas"]
    amount = f"{_short(line['amount'])} {line['unit']}"
    return Text(f"{what}  {amount}  {_co2e(line['value'])}  {_percent(line['share'])}")


def _warning(warning: Answer, language: str) -> Text:
    detail = warning["detail"]["zh" if language.startswith("zh") else "en"]
    where = warning["pointer"] + _more(warning["count"] - 1)
    return Text(f"! {warning['code']}: {detail} [{where}]", style="yellow")


def _more(count: int) -> str:
    return f" and {count} more" if count else ""


def _basis(answer: Answer) -> str:
    factors = ", ".join(answer["pins"]) or "no published factor"
    return f"{answer['gwp_set']}, snapshot {answer['snapshot']}, {factors}"
