"""Roots are made once for a size, out of entries hashed anew."""

import asyncio

import pytest
import sqlalchemy as sa

from app.kit.database import Sessions, create_engine
from app.translog import checkpoints, merkle, proofs
from app.translog import service as translog
from app.translog.checkpoints import LogHalted, Root
from app.translog.models import LogCheckpoint, LogNode
from tests.conftest import Database


async def append(sessions: Sessions, count: int) -> None:
    """Append entries that differ."""
    async with sessions.begin() as session:
        appender = await translog.open_appender(session)
        for _ in range(count):
            appender.append("test/1", lambda at: f"entry {at.index}".encode())


def leaves(count: int) -> list[bytes]:
    """Return the leaf hashes of what `append` appends."""
    return [merkle.leaf_hash(f"entry {index}".encode()) for index in range(count)]


async def test_the_empty_log_has_the_empty_root(sessions: Sessions) -> None:
    assert await checkpoints.bring_up_to_date(sessions) == Root(0, merkle.EMPTY_ROOT)


async def test_every_size_has_the_root_of_its_entries(sessions: Sessions) -> None:
    for count in (1, 254, 1, 1, 300, 1):
        await append(sessions, count)
        found = await checkpoints.bring_up_to_date(sessions)
        assert found.root == merkle.root(leaves(found.size))
    assert found.size == 558

    for size in (1, 2, 255, 256, 257, 512, 557):
        assert await checkpoints.at(sessions, size) == Root(
            size, merkle.root(leaves(size))
        )


async def test_proofs_hold_across_tiles(sessions: Sessions) -> None:
    await append(sessions, 700)
    root = (await checkpoints.bring_up_to_date(sessions)).root
    every = leaves(700)
    async with sessions() as session:
        assert (
            await session.scalar(sa.select(sa.func.count()).select_from(LogNode)) == 2
        )
        for index in (0, 1, 255, 256, 511, 512, 699):
            path = await proofs.inclusion(session, index, 700)
            assert path.leaf == every[index]
            merkle.verify_inclusion(index, 700, path.leaf, path.hashes, root)
        for old in (1, 255, 256, 257, 512, 699, 700):
            hashes, before, after = await proofs.consistency(session, old, 700)
            assert (before, after) == (merkle.root(every[:old]), root)
            merkle.verify_consistency(old, 700, before, after, hashes)


async def test_tiles_and_bundles_are_those_of_the_tree(sessions: Sessions) -> None:
    await append(sessions, 600)
    await checkpoints.bring_up_to_date(sessions)
    every = leaves(600)
    async with sessions() as session:
        assert await proofs.tile(session, 0, 1, 256) == b"".join(every[256:512])
        assert await proofs.tile(session, 0, 2, 88) == b"".join(every[512:])
        upper = [merkle.root(every[:256]), merkle.root(every[256:512])]
        assert await proofs.tile(session, 1, 0, 2) == b"".join(upper)
        assert await proofs.tile(session, 1, 0, 1) == upper[0]
        bundle = await proofs.bundle(session, 2, 2)
    assert bundle == b"\x00\x09entry 512\x00\x09entry 513"


@pytest.mark.committed
async def test_parallel_checkpoints_agree(sessions: Sessions) -> None:
    await append(sessions, 300)

    async def publish() -> None:
        for _ in range(10):
            await append(sessions, 1)

    async def sign() -> list[Root]:
        return [await checkpoints.bring_up_to_date(sessions) for _ in range(10)]

    found = await asyncio.gather(*(sign() for _ in range(4)), publish(), publish())

    roots = {each for several in found if several for each in several}
    assert len({each.size for each in roots}) == len(roots)
    for each in roots:
        assert each.root == merkle.root(leaves(each.size))


TAMPERED = {
    "an entry": "UPDATE log_entry SET record = 'forged' WHERE index = 9",
    "an entry with its hash": (
        "UPDATE log_entry SET record = 'forged',"
        " leaf_hash = sha256('\\x00'::bytea || 'forged') WHERE index = 5"
    ),
    "a hole": "DELETE FROM log_entry WHERE index = 8",
    "the end": "DELETE FROM log_entry WHERE index >= 6",
    "a root": "UPDATE log_checkpoint SET root = sha256('') WHERE size = 7",
}


@pytest.mark.committed
@pytest.mark.parametrize("statement", TAMPERED.values(), ids=TAMPERED)
async def test_whatever_does_not_fit_ends_signing_for_good(
    sessions: Sessions, database: Database, statement: str
) -> None:
    await append(sessions, 7)
    await checkpoints.bring_up_to_date(sessions)
    await append(sessions, 3)
    await tamper(database, statement)

    for _ in range(2):
        with pytest.raises(LogHalted):
            await checkpoints.bring_up_to_date(sessions)
        with pytest.raises(LogHalted):
            await checkpoints.at(sessions, 7)


async def test_another_root_for_a_known_size_is_never_stored(
    sessions: Sessions,
) -> None:
    await append(sessions, 4)
    await checkpoints.bring_up_to_date(sessions)
    async with sessions.begin() as session:
        session.add(LogCheckpoint(size=5, root=bytes(32), at=sa.func.now()))
    await append(sessions, 1)

    with pytest.raises(LogHalted, match="known size 5"):
        await checkpoints.bring_up_to_date(sessions)


async def tamper(database: Database, *statements: str) -> None:
    """Do as a superuser what no role may."""
    engine = create_engine(database.owner_url)
    async with engine.begin() as connection:
        for table in ("log_entry", "log_checkpoint"):
            await connection.execute(
                sa.text(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
            )
        for statement in statements:
            await connection.execute(sa.text(statement))
    await engine.dispose()


@pytest.mark.committed
@pytest.mark.parametrize("what", ["at", "inclusion", "consistency"])
async def test_no_proof_comes_from_hashes_that_nobody_signed(
    sessions: Sessions, database: Database, what: str
) -> None:
    """Inside a full tile a new checkpoint does not look; whoever asks there does."""
    await append(sessions, 300)
    last = await checkpoints.bring_up_to_date(sessions)
    await tamper(database, TAMPERED["an entry with its hash"])
    asked = {
        "at": checkpoints.at(sessions, 100),
        "inclusion": checkpoints.inclusion(sessions, 4, last),
        "consistency": checkpoints.consistency(sessions, 100, 300),
    }
    for name in asked.keys() - {what}:
        asked[name].close()

    with pytest.raises(LogHalted, match=r"(does|do) not lead"):
        await asked[what]
    with pytest.raises(LogHalted):
        await checkpoints.bring_up_to_date(sessions)


async def test_asking_for_an_older_size_stores_nothing(sessions: Sessions) -> None:
    await append(sessions, 5)
    await checkpoints.bring_up_to_date(sessions)
    for size in range(6):
        assert (await checkpoints.at(sessions, size)).size == size

    async with sessions() as session:
        sizes = (await session.scalars(sa.select(LogCheckpoint.size))).all()
    assert sizes == [5]
