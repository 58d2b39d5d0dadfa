"""An answer of a calculation as a person reads it: headline, stages, tree, warnings."""

from collections import defaultdict
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

Answer = dict[str, Any]
_MOST_NAMED: Final = 5


def print_answer(answer: Answer, language: str) -> None:
    """Print *answer*; names and warnings in *language*, `zh` or English."""
    language = "zh" if language.startswith("zh") else "en"
    console = Console(highlight=False)
    console.print(_headline(answer))
    # A service of an older version says nothing of it.
    if answer.get("uncertainty"):
        console.print(_uncertainty(answer["uncertainty"]))
    if answer.get("electricity"):
        console.print(_totals(answer["electricity"]))
    if answer.get("data_quality"):
        console.print(_data_quality(answer["data_quality"]))
    if answer.get("cut_off"):
        console.print(_cut_off(answer["cut_off"]))
    console.print(_stages(answer))
    console.print(_tree(answer, language))
    if any(float(each["share"] or 0) > 1 for each in answer["processes"]):
        console.print("A process in a loop counts what comes back to it.", style="dim")
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


def _uncertainty(spread: Answer) -> Text:
    text = Text(f"95 % from {_short(spread['p2_5'])} to {_co2e(spread['p97_5'])}")
    for part in spread["contributors"][:_MOST_NAMED]:
        text.append(f"\n  {_percent(part['share_of_variance'])}  {part['pointer']}")
    return text


def _totals(found: Answer) -> Text:
    market, location = _co2e(found["market_based"]), _co2e(found["location_based"])
    return Text(f"Electricity: market-based {market}, location-based {location}")


def _data_quality(found: Answer) -> str:
    rating, primary = found["weighted_80"], found["primary_data_share"]
    if rating is None:
        return "nothing adds to it whose data quality could be rated"
    text = f"DQR {float(rating['dqr']):.2f} ({rating['band']}), "
    text += f"{_percent(rating['share_known'])} of it known"
    return text if primary is None else f"{text}; {_percent(primary)} primary data"


def _cut_off(left_out: Answer) -> Text:
    share = _percent(left_out["share"]) or "no share"
    return Text(f"{_co2e(left_out['value'])} ({share} of the whole) are cut off")


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


def _tree(answer: Answer, language: str) -> Tree:
    """Return processes under the process that leads to them, with their lines."""
    processes = {each["id"]: each for each in answer["processes"]}
    names = _factor_names(answer, language)
    root = answer["result"]["per"]["process"]
    children, lines = defaultdict(list), defaultdict(list)
    for name, process in processes.items():
        if name != root:
            # A user too small to be listed leaves its supplier at the root.
            via = process["via"] if process["via"] in processes else root
            children[via].append(name)
    for line in answer["contributions"]:
        owner = line["process"] if line["process"] in processes else root
        lines[owner].append(_line_label(line, names))
    tree = Tree(_process_label(processes[root]) if root in processes else root)
    # A stack, because a chain may be longer than Python's recursion allows.
    stack = [(tree, root)]
    while stack:
        node, name = stack.pop()
        for label in lines[name]:
            node.add(label)
        for child in children[name]:
            stack.append((node.add(_process_label(processes[child])), child))  # noqa: PERF401 - adding to the tree is the point
    return tree


def _factor_names(answer: Answer, language: str) -> dict[str, str]:
    return {
        f"{factor['code']}@{factor['version']}": factor["name"][language]
        for factor in answer["factors"]
    }


def _process_label(process: Answer) -> Text:
    text = Text(process["name"] or process["id"], style="bold")
    text.append(f"  {_co2e(process['total'])}  {_percent(process['share'])}")
    return text


def _line_label(line: Answer, names: dict[str, str]) -> Text:
    what = line["factor"] or line["gas"]
    text = Text(f"{names[what]} ({what})" if what in names else what)
    text.append(f"  {_short(line['amount'])} {line['unit']}")
    text.append(f"  {_co2e(line['value'])}  {_percent(line['share'])}")
    return text


def _warning(warning: Answer, language: str) -> Text:
    detail = warning["detail"][language]
    where = warning["pointer"] + _more(warning["count"] - 1)
    return Text(f"! {warning['code']}: {detail} [{where}]", style="yellow")


def _more(count: int) -> str:
    return f" and {count} more" if count else ""


def _basis(answer: Answer) -> str:
    factors = ", ".join(answer["pins"]) or "no published factor"
    return f"{answer['gwp_set']}, snapshot {answer['snapshot']}, {factors}"
