"""`tanyin log`: checking the log, and turning to another key.

Exit codes: 0 nothing found, 1 something does not fit, 2 called wrongly.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from app.cli.demo import reached_database
from app.kit.database import open_snapshot
from app.kit.errors import Invalid
from app.publication.rebuild import Rebuild
from app.settings import BadSetting, Settings, from_environment
from app.translog import keys, note
from app.translog.fsck import Fsck, Outside
from app.translog.keys import KeySource, NoLogKey
from app.translog.note import Checkpoint, Verifier

commands: Final = typer.Typer(
    help="The transparency log.", no_args_is_help=True, add_completion=False
)


_NEXT: Final = """\
If there are older keys, the service announces this one by an entry of the log before
the next checkpoint, and signs with all of them. Once everybody who verifies has seen
that entry, the lines of older keys may be deleted."""


class NotACheckpoint(Invalid):
    en = "{path} is no checkpoint of this log: {why}."
    zh = "{path} 不是本日志的检查点:{why}。"


@commands.callback()
def log() -> None:
    """Check the log, or turn to another key."""


@commands.command()
def fsck(
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="A signed checkpoint that somebody else has kept."),
    ] = None,
) -> None:
    """Check every entry, hash, node, root and cosignature of the stored log."""
    settings = from_environment(os.environ)
    held = _held(settings)
    outside = Outside(
        held,
        tuple(each.verifier for each in settings.witnesses),
        tuple(_kept(path, held) for path in checkpoint or ()),
    )
    _report(settings, Fsck(outside))


@commands.command()
def rebuild(
    check: Annotated[
        bool, typer.Option("--check", help="Compare with the tables; required.")
    ] = False,
) -> None:
    """Make the catalogue anew from the log alone, and compare it with the tables."""
    if not check:
        rule = "is required: what is published is never written over"
        raise BadSetting(name="--check", rule=rule)
    _report(from_environment(os.environ), Rebuild())


@commands.command()
def rotate(
    origin: Annotated[
        str | None,
        typer.Option(help="The log's name, to make its very first key."),
    ] = None,
) -> None:
    """Make another key to sign the log with, behind those that there are."""
    path = from_environment(os.environ).log_key_file
    if path is None:
        rule = "names the file that keys are kept in"
        raise BadSetting(name="TANYIN_LOG_KEY_FILE", rule=rule)
    if path.exists():
        origin = KeySource(path).read()[0].name
    elif origin is None:
        raise NoLogKey
    print(keys.add_key(path, _name(origin)).verifier.vkey)
    print(f"Its private half is in {path}: keep a copy where the database is not.")
    print(_NEXT)


def _name(origin: str) -> str:
    if not note.is_name(origin):
        rule = "is a name without spaces and plus signs, such as example.org/log"
        raise BadSetting(name="--origin", rule=rule)
    return origin


def _held(settings: Settings) -> tuple[Verifier, ...]:
    """Return the public halves of the keys, if they are kept here."""
    try:
        signers = KeySource(settings.log_key_file, settings.log_key).read()
    except (NoLogKey, FileNotFoundError):
        return ()
    return tuple(each.verifier for each in signers)


def _kept(path: Path, held: tuple[Verifier, ...]) -> Checkpoint:
    try:
        found = note.parse_note(path.read_text("utf-8"))
        checkpoint = note.parse_checkpoint(found.text)
        is_ours = bool(found.verified(held))
    except ValueError as error:
        raise NotACheckpoint(path=path, why=error) from None
    if not is_ours:
        # It may be of a key whose line was deleted, and then still say what was.
        print(f"No key that is kept here has signed {path}.")
    return checkpoint


class _Check(Protocol):
    """What reads the log and says what does not fit."""

    counts: Any

    def findings(self, connection: AsyncConnection) -> AsyncIterator[object]: ...


def _report(settings: Settings, check: _Check) -> None:
    """Print what is found as it is found, then how much was looked at."""
    with reached_database(settings) as url:
        found = asyncio.run(_print(url, check))
    for name, count in asdict(check.counts).items():
        print(f"{count:>10} {name.replace('_', ' ')}")
    print(f"{found:>10} findings")
    if found:
        raise typer.Exit(1)


async def _print(url: str, check: _Check) -> int:
    found = 0
    async with open_snapshot(url) as connection:
        async for finding in check.findings(connection):
            print(finding)
            found += 1
    return found
