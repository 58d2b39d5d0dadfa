"""Log, factors and accounts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("log_entry", "factor", "factor_version", "status_change")

# A statement trigger also fires for TRUNCATE, for MERGE and for statements that meet no
# row; ALWAYS keeps it on when a superuser sets session_replication_role.
REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'table % is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'insufficient_privilege';
END $$
"""
GUARD = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""

LABELS = (
    "ARRAY[('kind='::text || (kind)::text), ('category='::text || (category)::text),"
    " ('region='::text || (region)::text), ('year='::text || (reference_year)::text),"
    " ('unit='::text || (unit)::text), ('unit='::text || (declared_unit)::text),"
    " ('boundary='::text || (boundary)::text),"
    " ('source='::text || (publisher_zh)::text),"
    " ('source='::text || (publisher_en)::text),"
    " ('source='::text || (document_number)::text)]"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    create_log()
    create_factors()
    create_accounts()
    op.execute(REFUSE)
    for table in APPEND_ONLY:
        op.execute(GUARD.format(table=table))
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")


def create_log() -> None:
    op.create_table(
        "log_entry",
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("index >= 0", name="index"),
        sa.CheckConstraint("octet_length(leaf_hash) = 32", name="leaf_hash"),
        sa.CheckConstraint("octet_length(record) <= 60000", name="record"),
        sa.PrimaryKeyConstraint("index", name="pk_log_entry"),
        sa.UniqueConstraint("recorded_at", name="uq_log_entry_recorded_at"),
    )


def create_factors() -> None:
    op.create_table(
        "factor",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("natural_key", sa.String(), nullable=False),
        sa.Column("series_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_factor"),
        sa.UniqueConstraint("domain", "serial", name="uq_factor_domain_serial"),
        sa.UniqueConstraint("natural_key", name="uq_factor_natural_key"),
    )
    op.create_index("ix_factor_series_id", "factor", ["series_id"])
    op.create_table(
        "factor_version",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("declared_unit", sa.String(), nullable=False),
        sa.Column("boundary", sa.String(), nullable=False),
        sa.Column("reference_year", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("publisher_zh", sa.String(), nullable=False),
        sa.Column("publisher_en", sa.String(), nullable=False),
        sa.Column("document_number", sa.String(), nullable=True),
        sa.Column("road", sa.String(), nullable=False),
        sa.Column("terms", postgresql.TSVECTOR(), nullable=False),
        sa.Column(
            "labels",
            postgresql.ARRAY(sa.Text()),
            sa.Computed(LABELS, persisted=True),
            nullable=False,
        ),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.ForeignKeyConstraint(
            ["code"], ["factor.code"], name="fk_factor_version_code_factor"
        ),
        sa.ForeignKeyConstraint(
            ["log_index"],
            ["log_entry.index"],
            name="fk_factor_version_log_index_log_entry",
        ),
        sa.PrimaryKeyConstraint("code", "version", name="pk_factor_version"),
        sa.UniqueConstraint("log_index", name="uq_factor_version_log_index"),
    )
    op.create_index(
        "ix_factor_version_terms_labels",
        "factor_version",
        ["terms", "labels"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_index(
        "ix_factor_version_reference_year_code",
        "factor_version",
        ["reference_year", "code"],
    )
    op.create_index(
        "ix_factor_version_later",
        "factor_version",
        ["code", "version"],
        postgresql_include=["log_index"],
        postgresql_where=sa.text("version > 1"),
    )
    op.create_table(
        "status_change",
        sa.Column("log_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["code"], ["factor.code"], name="fk_status_change_code_factor"
        ),
        sa.ForeignKeyConstraint(
            ["log_index"],
            ["log_entry.index"],
            name="fk_status_change_log_index_log_entry",
        ),
        sa.PrimaryKeyConstraint("log_index", name="pk_status_change"),
    )
    op.create_index("ix_status_change_code", "status_change", ["code"])


def create_accounts() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisation"),
        sa.UniqueConstraint("name_zh", name="uq_organisation_name_zh"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name="fk_person_organisation_id_organisation",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_index("ix_person_organisation_id", "person", ["organisation_id"])
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name="fk_api_key_person_id_person",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
    )
    op.create_index("ix_api_key_person_id", "api_key", ["person_id"])
