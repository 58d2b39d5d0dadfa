"""What demo mode puts in place: database, accounts with keys, seed data."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.accounts import service as accounts
from app.accounts.demo import create_demo_accounts, ensure_demo_people
from app.accounts.service import UnknownKey
from app.audit.service import Actor
from app.cli import seed
from app.kit import migrate
from app.kit.database import Sessions, create_engine, create_sessions
from app.kit.embedded import Server, reach_postgres, serve_postgres
from app.settings import Settings
from app.translog import service as translog
from app.translog.keys import add_key

_DATABASE: Final = "tanyin"
_OWNER: Final = "tanyin_owner"
_APPLICATION: Final = "tanyin_app"
_ORIGIN: Final = "tanyin.example/log"

Keys = dict[str, dict[str, str]]


@contextmanager
def running_demo(settings: Settings) -> Iterator[Settings]:
    """Run the embedded database, complete with content; yield settings that name it."""
    with serve_postgres(settings.data_dir) as server:
        asyncio.run(server.ensure_database(_DATABASE, _OWNER))
        ready = _named(settings, server)
        migrate.upgrade(str(ready.migration_url), str(ready.database_url))
        asyncio.run(_fill(ready))
        yield ready


@contextmanager
def reached_database(settings: Settings) -> Iterator[str]:
    """Yield the URL of the database, be it the demonstration's while it is served."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with reach_postgres(settings.data_dir) as server:
        yield str(_named(settings, server).database_url)


def _named(settings: Settings, server: Server) -> Settings:
    return replace(
        settings,
        database_url=server.url(_APPLICATION, _DATABASE),
        migration_url=server.url(_OWNER, _DATABASE),
    )


def keys_file(settings: Settings) -> Path:
    """Return where the demo's keys are."""
    return settings.data_dir / "demo_keys.json"


async def _fill(settings: Settings) -> None:
    _ensure_log_key(settings)
    engine = create_engine(str(settings.database_url))
    sessions = create_sessions(engine)
    keys = await _ensure_keys(sessions, settings)
    async with sessions() as session:
        is_empty = await translog.size(session) == 0
    if is_empty:
        await _seed(engine, (_actor(keys["publisher"]), _actor(keys["publisher_2"])))
    await engine.dispose()


def _ensure_log_key(settings: Settings) -> None:
    path = settings.log_key_file
    if path is not None and not path.exists():
        add_key(path, _ORIGIN)


async def _seed(engine: AsyncEngine, publishers: tuple[Actor, Actor]) -> None:
    # One transaction around those of the load: whoever interrupts the first start finds
    # the log empty at the next one, and never half full.
    async with engine.begin() as connection:
        sessions = async_sessionmaker(
            connection, join_transaction_mode="create_savepoint"
        )
        report = await seed.load(sessions, publishers)
    print(*report.lines(), sep="\n", flush=True)


def _actor(key: dict[str, str]) -> Actor:
    return Actor(
        person_id=key["person"],
        role=key["role"],
        organisation_id=key["organisation"],
        request_id="seed",
    )


async def _ensure_keys(sessions: Sessions, settings: Settings) -> Keys:
    path = keys_file(settings)
    keys = json.loads(path.read_bytes())["keys"] if path.exists() else {}
    if not await _are_known(sessions, keys):
        async with sessions.begin() as session:
            made = await create_demo_accounts(session)
        keys = {name: asdict(each) for name, each in made.items()}
    else:
        async with sessions.begin() as session:
            await ensure_demo_people(session)
    # Committed first, so that no key on disk is unknown. A crash in between loses the
    # keys, and the next start makes others.
    _write(path, {"base_url": settings.base_url, "keys": keys})
    return keys


async def _are_known(sessions: Sessions, keys: Keys) -> bool:
    async with sessions() as session:
        try:
            for each in keys.values():
                await accounts.identify(session, each["key"])
        except UnknownKey:
            return False
    return bool(keys)


def _write(path: Path, document: dict[str, Any]) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    file = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        json.dump(document, stream, ensure_ascii=False, indent=2)
    fresh.replace(path)
