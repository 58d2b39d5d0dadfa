"""`tanyin openapi`: the description of the interface as a file."""

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from app.kit.errors import Conflict
from app.main import create_app
from app.settings import Settings

commands: Final = typer.Typer(add_completion=False)
FILE: Final = Path(__file__).resolve().parents[2] / "openapi" / "openapi.json"


class DescriptionOutdated(Conflict):
    en = "{file} does not describe this code; write it anew with make openapi."
    zh = "{file} 与代码不一致,请运行 make openapi 重新生成。"


@commands.command()
def openapi(
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare openapi/openapi.json with the code."),
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write openapi/openapi.json.")
    ] = False,
) -> None:
    """Print the OpenAPI document of this version, byte for byte the same each time."""
    text = document()
    if check:
        if not FILE.exists() or FILE.read_text("utf-8") != text:
            raise DescriptionOutdated(file=f"{FILE.parent.name}/{FILE.name}")
    elif write:
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(text, "utf-8")
    else:
        sys.stdout.buffer.write(text.encode())


def document() -> str:
    """Return the OpenAPI document as it is committed."""
    description = create_app(Settings()).openapi()
    return json.dumps(description, ensure_ascii=False, indent=2) + "\n"
