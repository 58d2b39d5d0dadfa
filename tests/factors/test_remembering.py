"""Versions that were asked for lately: the same as those of the database."""

import pytest
import sqlalchemy as sa

from app.factors import service
from app.factors.codes import Pin
from app.factors.remembering import Remembered
from app.kit.database import Sessions
from app.reference.enums import VersionStatus
from tests.factories.factors import change_status, publish_one

NOBODY = Pin("CNF-97-000001-26", 9)


@pytest.fixture
async def pin(sessions: Sessions) -> Pin:
    return Pin((await publish_one(sessions, zh="电")).code, None)


async def asked(sessions: Sessions, memory: Remembered, *pins: Pin, at: int) -> int:
    """Return how many statements it took to find what the database has."""
    statements: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        statements.append(statement)

    async with sessions() as session:
        bind = session.sync_session.get_bind()
        sa.event.listen(bind, "before_cursor_execute", note)
        found = await memory.load(session, pins, at)
        sa.event.remove(bind, "before_cursor_execute", note)
        assert found == await service.load_versions(session, pins, at)
    return sum("SAVEPOINT" not in each for each in statements)


async def test_what_is_known_is_not_asked_again(sessions: Sessions, pin: Pin) -> None:
    memory = Remembered(10)

    assert await asked(sessions, memory, pin, NOBODY, at=1) == 1
    assert await asked(sessions, memory, NOBODY, pin, at=1) == 0
    assert await asked(sessions, memory, at=1) == 0


async def test_each_snapshot_has_its_own(sessions: Sessions, pin: Pin) -> None:
    memory = Remembered(10)
    assert await asked(sessions, memory, pin, at=0) == 1
    assert await asked(sessions, memory, pin, at=1) == 1

    await change_status(sessions, pin.code, VersionStatus.SUSPENDED, 1)

    assert await asked(sessions, memory, pin, at=1) == 0
    assert await asked(sessions, memory, pin, at=2) == 1


async def test_the_oldest_is_forgotten(sessions: Sessions, pin: Pin) -> None:
    memory = Remembered(1)

    assert await asked(sessions, memory, pin, NOBODY, at=1) == 1
    assert await asked(sessions, memory, NOBODY, at=1) == 0
    assert await asked(sessions, memory, pin, at=1) == 1
    assert await asked(sessions, memory, NOBODY, at=1) == 1
