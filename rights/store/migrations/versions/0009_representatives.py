"""Representatives, what shows their authority, and what people arranged in their lifetime."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = sa.MetaData()
sa.Table(
    "representation",
    TABLES,
    sa.Column("request_id", sa.String(32), primary_key=True),
    sa.Column("role", sa.String(40), nullable=False),
    sa.Column("relation", sa.String(20), nullable=False),
    sa.Column("attested", sa.Boolean(), nullable=False),
    sa.Column("matters", sa.JSON(), nullable=False),
    sa.Column("scope", sa.String(12), nullable=False),
    sa.Column("until", sa.Date()),
    sa.Column("signed", sa.Boolean(), nullable=False),
    sa.Column("sealed", sa.LargeBinary(), nullable=False),
    sa.Column("delegated_at", MOMENT),
    sa.Column("confirmed_at", MOMENT),
    sa.Column("method", sa.String(20), nullable=False),
    sa.Column("result", sa.String(20), nullable=False),
    sa.Column("verifier", sa.String(40), nullable=False),
    sa.Column("decided_at", MOMENT),
    sa.Column("decision_hash", sa.String(64), nullable=False),
)
sa.Table(
    "representative_contact",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("type", sa.String(40), nullable=False),
    sa.Column("sealed", sa.LargeBinary(), nullable=False),
    sa.Column("blind", sa.String(80), nullable=False),
    sa.Column("proof", sa.String(16), nullable=False),
    sa.Column("proved_at", MOMENT),
    sa.Index("ix_representative_contact_blind", "blind"),
    sa.Index("ix_representative_contact_request_id", "request_id"),
)
sa.Table(
    "evidence",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
    sa.Column("file_id", sa.String(32), nullable=False),
    sa.Column("size", sa.Integer(), nullable=False),
    sa.Column("media_type", sa.String(20), nullable=False),
    sa.Column("uploaded_at", MOMENT, nullable=False),
    sa.Column("destroy_at", MOMENT, nullable=False),
    sa.Column("destroyed_at", MOMENT),
    sa.Index("ix_evidence_request_id", "request_id"),
    sa.Index("ix_evidence_due", "destroyed_at", "destroy_at"),
)
sa.Table(
    "arrangement",
    TABLES,
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("backend_id", sa.String(32), nullable=False),
    sa.Column("subject", sa.String(80), nullable=False),
    sa.Column("version", sa.Integer(), nullable=False),
    sa.Column("rules", sa.JSON(), nullable=False),
    sa.Column("level", sa.Integer(), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("at", MOMENT, nullable=False),
    sa.Index("ix_arrangement_subject", "subject", "version"),
)
REQUEST = (
    ("requester_role", sa.String(40), "self"),
    ("age_band", sa.String(40), "unknown"),
    ("delivers_to", sa.String(16), "subject"),
)
CONSENT = (("given_by", sa.String(12), "self"), ("guardian", sa.String(80), ""))


def upgrade() -> None:
    """Create the tables; requests and consents there are were each person's own."""
    TABLES.create_all(op.get_bind())
    for table, columns in (("request", REQUEST), ("consent", CONSENT)):
        for name, kind, before in columns:
            op.add_column(table, sa.Column(name, kind, nullable=False, server_default=before))


def downgrade() -> None:
    """Drop them: who asked for whom is forgotten."""
    for table, columns in (("request", REQUEST), ("consent", CONSENT)):
        with op.batch_alter_table(table) as batch:
            for name, _, _ in columns:
                batch.drop_column(name)
    TABLES.drop_all(op.get_bind())
