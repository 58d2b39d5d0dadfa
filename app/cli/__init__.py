"""The command `tanyin`: one file per command, the same services, the same errors.

Exit codes: 0 done, 1 refused or failed, 2 called or configured wrongly.
"""

import sys
from typing import Final

import typer
from sqlalchemy.exc import DBAPIError

from app.cli import admin, calculate, db, log, openapi, serve, verify, witness
from app.kit.errors import DomainError
from app.settings import BadSetting

commands: Final = typer.Typer(
    name="tanyin",
    help="TanYin 碳因: a product-carbon-footprint factor database.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
commands.command()(serve.serve)
commands.command()(calculate.calculate)
commands.add_typer(db.commands, name="db")
commands.add_typer(log.commands, name="log")
commands.add_typer(admin.commands, name="admin")
commands.command(context_settings=verify.PASSED_ON)(verify.verify)
commands.command()(witness.witness)
commands.command()(openapi.openapi)


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
