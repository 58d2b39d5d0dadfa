"""What somebody can do who is superuser of the database, knows all of this code and
has no key: each function leaves another past.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import orjson

from app.kit.canonical import canonical_bytes, sha256_hex
from app.translog import merkle, note
from app.translog.models import KEY_SCHEMA
from tests.factories.services import LOG_KEY

if TYPE_CHECKING:
    import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Tampering: TypeAlias = Callable[[Connection], Awaitable[None]]

TABLES = (
    *("log_entry", "log_node", "log_checkpoint", "log_cosignature", "log_alarm"),
    *("factor", "factor_version", "status_change", "release"),
)
# Below the first node, and above the last one.
DEEP, LATE = 7, 258


async def disarm(db: Connection) -> None:
    """Take away triggers and foreign keys."""
    for table in TABLES:
        await db.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER ALL')


async def nothing(_: Connection) -> None:
    """Change nothing."""


async def record(db: Connection) -> None:
    """Change a published value."""
    await _change_value(db, DEEP)


async def record_and_leaf(db: Connection) -> None:
    """Change the stored hash of the entry as well."""
    await _rehash_entry(db, DEEP, await _change_value(db, DEEP))


async def late_record_and_leaf(db: Connection) -> None:
    """The same where no node is above it yet."""
    await _rehash_entry(db, LATE, await _change_value(db, LATE))


async def record_leaf_and_nodes(db: Connection) -> None:
    """Change the nodes above it as well."""
    await record_and_leaf(db)
    await _rehash_nodes(db)


async def record_to_roots(db: Connection) -> None:
    """Change the roots of all checkpoints as well."""
    await record_leaf_and_nodes(db)
    await _rehash_roots(db)


async def everything(db: Connection) -> None:
    """Rewrite an entry and all that follows from it, and drop what contradicts.

    The signature below the new checkpoint is the service's own.
    """
    data = await _change_value(db, DEEP)
    facts = orjson.loads(data)
    digest = sha256_hex(canonical_bytes(facts["content"]))
    facts["review"]["digest"] = digest
    changed = canonical_bytes(facts)
    await _write(db, DEEP, changed)
    await _rehash_entry(db, DEEP, changed)
    await _rehash_nodes(db)
    await _rehash_roots(db)
    await db.execute("TRUNCATE log_cosignature")


async def last_entry(db: Connection) -> None:
    """Delete the last entry and all that the catalogue has of it."""
    last = await db.fetchval("SELECT max(index) FROM log_entry")
    for table in ("factor_version", "status_change", "release"):
        await db.execute(f"DELETE FROM {table} WHERE log_index = $1", last)  # noqa: S608
    orphaned = "code NOT IN (SELECT code FROM factor_version)"
    await db.execute(f"DELETE FROM factor WHERE {orphaned}")  # noqa: S608 - our own
    await db.execute("DELETE FROM log_entry WHERE index = $1", last)


async def last_entry_and_checkpoint(db: Connection) -> None:
    """Delete what was signed for it as well."""
    await last_entry(db)
    for table in ("log_cosignature", "log_checkpoint"):
        await db.execute(
            f"DELETE FROM {table} WHERE size > "  # noqa: S608 - our own name
            "(SELECT count(*) FROM log_entry)"
        )


async def middle_entry(db: Connection) -> None:
    """Delete an entry and its row."""
    await db.execute("DELETE FROM factor_version WHERE log_index = $1", DEEP)
    await db.execute("DELETE FROM log_entry WHERE index = $1", DEEP)


async def inserted_entry(db: Connection) -> None:
    """Insert an entry between two others."""
    rows = await db.fetch(
        "SELECT * FROM log_entry WHERE index >= $1 ORDER BY index", DEEP
    )
    await db.execute("DELETE FROM log_entry WHERE index >= $1", DEEP)
    entry = tuple(rows[0])
    moved = [(each["index"] + 1, *tuple(each)[1:]) for each in rows]
    await db.execute("ALTER TABLE log_entry DROP CONSTRAINT uq_log_entry_recorded_at")
    await db.copy_records_to_table("log_entry", records=[entry, *moved])


async def swapped_entries(db: Connection) -> None:
    """Let two entries change places, with their instants."""
    await db.execute("ALTER TABLE log_entry DROP CONSTRAINT uq_log_entry_recorded_at")
    for column in ("record", "leaf_hash", "recorded_at", "kind"):
        await db.execute(
            f"UPDATE log_entry AS a SET {column} = b.{column} FROM log_entry AS b "  # noqa: S608
            f"WHERE a.index IN ({DEEP}, {DEEP + 1}) "
            f"AND b.index = {2 * DEEP + 1} - a.index"
        )


async def instant(db: Connection) -> None:
    """Move the instant of an entry, and with it what a snapshot shows."""
    await db.execute(
        "UPDATE log_entry SET recorded_at = recorded_at + interval '1 hour' "
        "WHERE index = (SELECT max(index) FROM log_entry)"
    )


async def kind(db: Connection) -> None:
    """Call an entry something else."""
    await db.execute("UPDATE log_entry SET kind = 'x/1' WHERE index = $1", DEEP)


async def node(db: Connection) -> None:
    """Change a stored node, of which tiles and proofs are made."""
    await db.execute(
        "UPDATE log_node SET hash = set_byte(hash, 0, 255 - get_byte(hash, 0))"
    )


async def no_node(db: Connection) -> None:
    """Delete a stored node."""
    await db.execute("DELETE FROM log_node")


async def root(db: Connection) -> None:
    """Change the root of an old checkpoint."""
    await db.execute(
        "UPDATE log_checkpoint SET root = sha256('x') "
        "WHERE size = (SELECT min(size) FROM log_checkpoint)"
    )


async def newest_root(db: Connection) -> None:
    """Change the root of the newest checkpoint."""
    await db.execute(
        "UPDATE log_checkpoint SET root = sha256('x') "
        "WHERE size = (SELECT max(size) FROM log_checkpoint)"
    )


async def cosignature(db: Connection) -> None:
    """Put the line of an old checkpoint below the newest one."""
    await db.execute(
        "UPDATE log_cosignature SET line = (SELECT line FROM log_cosignature "
        "ORDER BY size LIMIT 1) WHERE size = (SELECT max(size) FROM log_cosignature)"
    )


async def forged_key(db: Connection) -> None:
    """Announce a key of somebody else's."""
    end = await db.fetchrow("SELECT * FROM log_entry ORDER BY index DESC LIMIT 1")
    assert end is not None
    foreign = note.Signer(LOG_KEY.name, note.ED25519, b"f" * 32)
    data = await db.fetchval(
        "SELECT record FROM log_entry WHERE kind = $1 ORDER BY index DESC", KEY_SCHEMA
    )
    before = orjson.loads(data)
    instant_text = orjson.loads(end["record"])["recorded_at"][:-3] + "99Z"
    facts = before | {
        "vkey": foreign.verifier.vkey,
        "previous": before["vkey"],
        "recorded_at": instant_text,
    }
    made = canonical_bytes(facts)
    await db.execute(
        "INSERT INTO log_entry (index, kind, record, leaf_hash, recorded_at) "
        "VALUES ($1, $2, $3, $4, $5::text::timestamptz)",
        end["index"] + 1,
        KEY_SCHEMA,
        made,
        merkle.leaf_hash(made),
        instant_text,
    )


def statement(text: str) -> Tampering:
    """Return what executes one statement."""

    async def execute(db: Connection) -> None:
        done = await db.execute(text)
        assert done.split()[-1] != "0"

    return execute


async def _change_value(db: Connection, index: int) -> bytes:
    data = await db.fetchval("SELECT record FROM log_entry WHERE index = $1", index)
    facts = orjson.loads(data)
    facts["content"]["value"] = "9" + facts["content"]["value"]
    changed = canonical_bytes(facts)
    await _write(db, index, changed)
    return changed


async def _write(db: Connection, index: int, data: bytes) -> None:
    await db.execute("UPDATE log_entry SET record = $2 WHERE index = $1", index, data)


async def _rehash_entry(db: Connection, index: int, data: bytes) -> None:
    await db.execute(
        "UPDATE log_entry SET leaf_hash = $2 WHERE index = $1",
        index,
        merkle.leaf_hash(data),
    )


async def _leaves(db: Connection) -> list[bytes]:
    rows = await db.fetch("SELECT leaf_hash FROM log_entry ORDER BY index")
    return [row[0] for row in rows]


async def _rehash_nodes(db: Connection) -> None:
    tree = merkle.Peaks()
    nodes = [each for leaf in await _leaves(db) for each in tree.append(leaf)]
    await db.execute("DELETE FROM log_node")
    await db.copy_records_to_table("log_node", records=nodes)


async def _rehash_roots(db: Connection) -> None:
    leaves = await _leaves(db)
    for row in await db.fetch("SELECT size FROM log_checkpoint"):
        await db.execute(
            "UPDATE log_checkpoint SET root = $2 WHERE size = $1",
            row[0],
            merkle.root(leaves[: row[0]]),
        )
