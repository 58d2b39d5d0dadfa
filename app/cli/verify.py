"""`tanyin verify`: the auditor's tool, which also runs without the rest of us."""

from typing import Any, Final

import typer

from app.verify import main

commands: Final = typer.Typer(add_completion=False)
# Its options are its own: it must not need this command line.
PASSED_ON: Final[dict[str, Any]] = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}


@commands.command(context_settings=PASSED_ON)
def verify(context: typer.Context) -> None:
    """Check what a service says against what its log has signed; see verify --help."""
    raise typer.Exit(main(context.args))
