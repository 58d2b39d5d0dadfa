"""Submissions, reviews, notices, evidence and the audit trail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "event",
    "evidence",
    "evidence_chunk",
    "evidence_holder",
    "submission_round_item",
    "duty",
    "review",
    "problem_report",
)

GUARD = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    change_factors()
    change_accounts()
    create_audit()
    create_evidence()
    create_submissions()
    create_reviews()
    create_notices()
    create_acts()
    for table in APPEND_ONLY:
        op.execute(GUARD.format(table=table))
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")


def change_factors() -> None:
    op.add_column(
        "factor_version",
        sa.Column(
            "origins",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.create_index(
        "ix_factor_version_origins",
        "factor_version",
        ["origins"],
        postgresql_using="gin",
    )


def change_accounts() -> None:
    op.create_table(
        "idempotent_answer",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.ARRAY(sa.Text(), dimensions=2), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["key_id"],
            ["api_key.id"],
            name="fk_idempotent_answer_key_id_api_key",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint(
            "key_id", "method", "path", "key", name="pk_idempotent_answer"
        ),
    )
    op.add_column(
        "api_key",
        sa.Column(
            "scopes",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{READ,WRITE,MANAGE}'"),
            nullable=False,
        ),
    )
    op.add_column("organisation", sa.Column("credit_code", sa.String(), nullable=True))
    op.add_column(
        "organisation", sa.Column("credit_code_note", sa.String(), nullable=True)
    )
    op.add_column(
        "organisation",
        sa.Column(
            "roles",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column(
        "organisation",
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_unique_constraint(
        "uq_organisation_credit_code", "organisation", ["credit_code"]
    )
    op.add_column(
        "person",
        sa.Column(
            "is_manager", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )
    op.add_column(
        "person", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_unique_constraint(
        "uq_person_id_organisation_id", "person", ["id", "organisation_id"]
    )


def create_audit() -> None:
    op.create_table(
        "event",
        sa.Column(
            "transaction",
            sa.BigInteger(),
            server_default=sa.text("pg_current_xact_id()::text::bigint"),
            nullable=False,
        ),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("object_type", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=True),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_event"),
    )
    op.create_index(
        "ix_event_object_type_object_id_seq",
        "event",
        ["object_type", "object_id", "seq"],
    )
    op.create_index("ix_event_person_id_seq", "event", ["person_id", "seq"])
    op.create_index("ix_event_submission_id_seq", "event", ["submission_id", "seq"])


def create_evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        sa.PrimaryKeyConstraint("sha256", name="pk_evidence"),
    )
    op.create_table(
        "evidence_chunk",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"], ["evidence.sha256"], name="fk_evidence_chunk_sha256_evidence"
        ),
        sa.PrimaryKeyConstraint("sha256", "number", name="pk_evidence_chunk"),
    )
    op.create_table(
        "evidence_holder",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name="fk_evidence_holder_organisation_id_organisation",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_evidence_holder_person_id_person"
        ),
        sa.ForeignKeyConstraint(
            ["sha256"], ["evidence.sha256"], name="fk_evidence_holder_sha256_evidence"
        ),
        sa.PrimaryKeyConstraint("sha256", "organisation_id", name="pk_evidence_holder"),
    )


def create_submissions() -> None:
    op.create_table(
        "submission",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("content_digest", sa.String(), nullable=True),
        sa.Column("passed_digest", sa.String(), nullable=True),
        sa.Column("report", postgresql.JSONB(), nullable=True),
        sa.Column("impact", postgresql.JSONB(), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["person.id"], name="fk_submission_approved_by_person"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["person.id"], name="fk_submission_created_by_person"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name="fk_submission_organisation_id_organisation",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_submission"),
        sa.UniqueConstraint(
            "id", "organisation_id", name="uq_submission_id_organisation_id"
        ),
    )
    op.create_index(
        "ix_submission_organisation_id_created_at_id",
        "submission",
        ["organisation_id", "created_at", "id"],
    )
    op.create_index(
        "ix_submission_state_created_at_id", "submission", ["state", "created_at", "id"]
    )
    op.create_table(
        "duty",
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("duty", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(), nullable=False),
        sa.Column("submitter_organisation_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(duty IN ('MAKER', 'CHECKER'))"
            " = (organisation_id = submitter_organisation_id)",
            name="other_organisation",
        ),
        sa.ForeignKeyConstraint(
            ["person_id", "organisation_id"],
            ["person.id", "person.organisation_id"],
            name="fk_duty_person_id_organisation_id_person",
        ),
        sa.ForeignKeyConstraint(
            ["submission_id", "submitter_organisation_id"],
            ["submission.id", "submission.organisation_id"],
            name="fk_duty_submission_id_submitter_organisation_id_submission",
        ),
        sa.PrimaryKeyConstraint("submission_id", "person_id", name="pk_duty"),
    )
    op.create_index(
        "uq_duty_publisher",
        "duty",
        ["submission_id", "duty", "round"],
        unique=True,
        postgresql_where=sa.text("duty IN ('FIRST_PUBLISHER', 'SECOND_PUBLISHER')"),
    )
    op.create_table(
        "submission_item",
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("factor", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("content_sha256", sa.String(), nullable=True),
        sa.Column("natural_key", sa.String(), nullable=True),
        sa.Column("explanations", postgresql.JSONB(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(content IS NULL) = (type = 'RETIREMENT')", name="content"),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name="fk_submission_item_submission_id_submission",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("submission_id", "number", name="pk_submission_item"),
    )
    op.create_index(
        "ix_submission_item_natural_key", "submission_item", ["natural_key"]
    )
    op.create_table(
        "submission_round_item",
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("factor", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name="fk_submission_round_item_submission_id_submission",
        ),
        sa.PrimaryKeyConstraint(
            "submission_id", "round", "number", name="pk_submission_round_item"
        ),
    )


def create_reviews() -> None:
    op.create_table(
        "assignment",
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("chair", sa.Boolean(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("conflict", sa.Boolean(), nullable=True),
        sa.Column("declaration", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name="fk_assignment_person_id_person",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name="fk_assignment_submission_id_submission",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint(
            "submission_id", "round", "person_id", name="pk_assignment"
        ),
    )
    op.create_index(
        "ix_assignment_person_id_assigned_at",
        "assignment",
        ["person_id", "assigned_at"],
    )
    op.create_index(
        "uq_assignment_chair",
        "assignment",
        ["submission_id", "round"],
        unique=True,
        postgresql_where=sa.text("chair AND ended_at IS NULL"),
    )
    op.create_table(
        "comment",
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("pointer", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("resolved_by", sa.String(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_comment_person_id_person"
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by"], ["person.id"], name="fk_comment_resolved_by_person"
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name="fk_comment_submission_id_submission",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("submission_id", "number", name="pk_comment"),
    )
    op.create_index(
        "ix_comment_submission_id_number", "comment", ["submission_id", "number"]
    )
    op.create_table(
        "review",
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("scores", postgresql.JSONB(), nullable=False),
        sa.Column("criteria", postgresql.JSONB(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_review_person_id_person"
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name="fk_review_submission_id_submission",
        ),
        sa.PrimaryKeyConstraint(
            "submission_id", "round", "person_id", name="pk_review"
        ),
    )


def create_notices() -> None:
    op.create_table(
        "problem_report",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("pointer", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_problem_report_person_id_person"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_problem_report"),
    )
    op.create_index(
        "ix_problem_report_code_version", "problem_report", ["code", "version"]
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name="fk_notice_submission_id_submission",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        sa.UniqueConstraint(
            "submission_id", "round", name="uq_notice_submission_id_round"
        ),
    )
    op.create_index("ix_notice_opened_at_id", "notice", ["opened_at", "id"])
    op.create_table(
        "objection",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("notice_id", sa.String(), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("pointer", sa.String(), nullable=False),
        sa.Column("grounds", sa.String(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reply", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["person.id"], name="fk_objection_decided_by_person"
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"],
            ["notice.id"],
            name="fk_objection_notice_id_notice",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name="fk_objection_organisation_id_organisation",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_objection_person_id_person"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_objection"),
    )
    op.create_index("ix_objection_notice_id", "objection", ["notice_id"])


def create_acts() -> None:
    op.create_table(
        "act",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("confirmed_by <> proposed_by", name="two_people"),
        sa.ForeignKeyConstraint(
            ["confirmed_by"], ["person.id"], name="fk_act_confirmed_by_person"
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["person.id"], name="fk_act_proposed_by_person"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_act"),
    )
