"""The command `tanyin`: one file per command, the same services, the same errors.

Exit codes: 0 done, 1 refused or failed, 2 called or configured wrongly.
"""

import sys
from importlib import import_module
from typing import Any, Final

import typer
from sqlalchemy.exc import DBAPIError
from typer.core import TyperGroup

from app.kit.errors import DomainError
from app.settings import BadSetting

_FILES: Final = (
    "serve",
    "calculate",
    "db",
    "log",
    "admin",
    "verify",
    "witness",
    "openapi",
)


class _Commands(TyperGroup):
    """Imports the file of a command when it is called: the others cost seconds."""

    # Typer keeps the types of what it is built on to itself.
    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002
        return list(_FILES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002
        if cmd_name not in _FILES:
            return None
        file = import_module(f"app.cli.{cmd_name}")
        command = typer.main.get_command(file.commands)
        command.name = cmd_name
        return command


commands: Final = typer.Typer(
    cls=_Commands,
    name="tanyin",
    help="TanYin 碳因: a product-carbon-footprint factor database.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@commands.callback()
def tanyin() -> None:
    """Hold the commands together."""


def main() -> None:
    """Run the command line; a refusal is one line on standard error."""
    try:
        commands()
    except BadSetting as error:
        _fail(str(error), 2)
    except DomainError as error:
        _fail(str(error), 1)
    except (DBAPIError, OSError) as error:
        # The first line says what; the statement and its parameters say too much.
        _fail(str(error).partition("\n")[0], 1)


def _fail(message: str, code: int) -> None:
    print(f"tanyin: {message}", file=sys.stderr)
    sys.exit(code)
