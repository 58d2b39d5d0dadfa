"""`tanyin witness`: signs checkpoints of others' logs that continue the last one."""

import socket
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn

from app.http import logs
from app.http.protocol import StrictProtocol
from app.translog import note
from app.translog.note import ED25519, Malformed, Verifier
from app.witness import judging
from app.witness.service import BadKeyFile, Memory, Witness, load_key
from app.witness.web import create_app

commands: Final = typer.Typer(add_completion=False)


@commands.command()
def witness(
    key: Annotated[Path, typer.Option(help="Its key; made if there is none.")],
    log: Annotated[list[str], typer.Option(help="A key of a log (vkey); repeatable.")],
    state: Annotated[Path, typer.Option(help="Its memory. Never delete it.")],
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where to listen.")] = 8100,
    name: Annotated[
        str | None, typer.Option(help="For a new key; this host's name if not given.")
    ] = None,
) -> None:
    """Serve a witness (C2SP tlog-witness) until SIGINT or SIGTERM."""
    logs.configure()
    known = judging.group([_log_key(each) for each in log])
    if key.exists() and not state.is_dir():
        # It would sign again from size 0 what it once refused.
        raise typer.BadParameter(f"the memory of {key} should be in {state}")
    state.mkdir(parents=True, exist_ok=True)
    try:
        signer = load_key(key, name or socket.gethostname())
        memory = Memory(state)
        for origin in known:
            memory.held(origin)  # better no witness than one with a damaged memory
    except (BadKeyFile, Malformed) as error:
        raise typer.BadParameter(str(error)) from error
    print(f"Witness {signer.verifier.vkey}", flush=True)
    uvicorn.run(
        create_app(Witness(signer, known, memory)),
        host=host,
        port=port,
        http=StrictProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )


def _log_key(text: str) -> Verifier:
    try:
        found = note.parse_vkey(text)
    except Malformed as error:
        raise typer.BadParameter(f"{text}: {error}") from error
    if found.kind != ED25519:
        raise typer.BadParameter(f"{text} is no key of a log")
    return found
