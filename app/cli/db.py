"""`tanyin db`: the schema and the grants."""

import os
from typing import Final

import typer

from app.kit import migrate
from app.settings import BadSetting, from_environment

commands: Final = typer.Typer(
    help="The database.", no_args_is_help=True, add_completion=False
)


@commands.callback()
def database() -> None:
    """Work on the schema and the grants."""


@commands.command()
def upgrade() -> None:
    """Run all migrations as the owner, then create and grant the application's role."""
    settings = from_environment(os.environ)
    if settings.migration_url is None or settings.database_url is None:
        raise BadSetting(
            name="TANYIN_MIGRATION_URL",
            rule="and TANYIN_DATABASE_URL name the database to upgrade",
        )
    migrate.upgrade(settings.migration_url, settings.database_url)
    print("The database is up to date.")
