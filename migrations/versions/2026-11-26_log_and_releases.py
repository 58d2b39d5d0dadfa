"""Checkpoints of the log, and releases."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "log_node",
    "log_checkpoint",
    "log_cosignature",
    "log_alarm",
    "release",
)

GUARD = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    create_checkpoints()
    create_releases()
    for table in APPEND_ONLY:
        op.execute(GUARD.format(table=table))
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")


def create_checkpoints() -> None:
    op.create_index(
        "ix_log_entry_key",
        "log_entry",
        ["index"],
        postgresql_where=sa.text("kind = 'tanyin/key/1'"),
    )
    op.create_index(
        "ix_log_entry_leaf",
        "log_entry",
        ["index"],
        postgresql_include=["leaf_hash"],
    )
    op.create_table(
        "log_node",
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("level >= 1", name="level"),
        sa.CheckConstraint("octet_length(hash) = 32", name="hash"),
        sa.PrimaryKeyConstraint("level", "index", name="pk_log_node"),
    )
    op.create_table(
        "log_checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(root) = 32", name="root"),
        sa.PrimaryKeyConstraint("size", name="pk_log_checkpoint"),
    )
    op.create_table(
        "log_cosignature",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("witness", sa.String(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["size"],
            ["log_checkpoint.size"],
            name="fk_log_cosignature_size_log_checkpoint",
        ),
        sa.PrimaryKeyConstraint("size", "witness", name="pk_log_cosignature"),
    )
    op.create_table(
        "log_alarm",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("at", name="pk_log_alarm"),
    )


def create_releases() -> None:
    op.create_table(
        "release",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("manifest_sha256", sa.String(), nullable=False),
        sa.Column("jsonl_sha256", sa.String(), nullable=False),
        sa.Column("csv_sha256", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_index"], ["log_entry.index"], name="fk_release_log_index_log_entry"
        ),
        sa.PrimaryKeyConstraint("name", name="pk_release"),
        sa.UniqueConstraint("log_index", name="uq_release_log_index"),
    )
