"""Requests, the people behind them, and the work for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = sa.MetaData()

sa.Table(
    "bundle",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("backend_id", sa.String(32), nullable=False),
    sa.Column("received_at", MOMENT, nullable=False),
)
sa.Table(
    "challenge",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("identifier_id", sa.String(32), nullable=False),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("sealed_code", sa.LargeBinary(), nullable=False),
    sa.Column("tries", sa.Integer(), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("expires_at", MOMENT, nullable=False),
    sa.Column("sent_at", MOMENT),
    sa.Column("used_at", MOMENT),
    sa.Index("ix_challenge_request_id", "request_id"),
)
sa.Table(
    "consent",
    TABLES,
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("backend_id", sa.String(32), nullable=False),
    sa.Column("subject", sa.String(80), nullable=False),
    sa.Column("purpose", sa.String(60), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("manner", sa.String(12), nullable=False),
    sa.Column("rule_version", sa.String(60), nullable=False),
    sa.Column("source", sa.String(60), nullable=False),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("at", MOMENT, nullable=False),
    sa.Index("ix_consent_subject_purpose", "subject", "purpose", "id"),
)
sa.Table(
    "identifier",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("type", sa.String(40), nullable=False),
    sa.Column("sealed", sa.LargeBinary(), nullable=False),
    sa.Column("blind", sa.String(80), nullable=False),
    sa.Column("proof", sa.String(16), nullable=False),
    sa.Column("proved_at", MOMENT),
    sa.Index("ix_identifier_blind", "blind"),
    sa.Index("ix_identifier_request_id", "request_id"),
)
sa.Table(
    "journal",
    TABLES,
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("step_id", sa.String(120), nullable=False),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("chunk", sa.Integer(), nullable=False),
    sa.Column("fence", sa.Integer(), nullable=False),
    sa.Column("collection", sa.String(120), nullable=False),
    sa.Column("phase", sa.String(8), nullable=False),
    sa.Column("affected", sa.Integer(), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("at", MOMENT, nullable=False),
    sa.Index("ix_journal_request_id", "request_id"),
    sa.Index("ix_journal_step", "step_id"),
)
sa.Table(
    "keyring",
    TABLES,
    sa.Column("request_id", sa.String(32), primary_key=True),
    sa.Column("sealed", sa.LargeBinary(), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
)
sa.Table(
    "lookup",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("backend_id", sa.String(32), nullable=False),
    sa.Column("question", sa.String(40), nullable=False),
    sa.Column("level", sa.Integer(), nullable=False),
    sa.Column("sealed_input", sa.LargeBinary(), nullable=False),
    sa.Column("sealed_answer", sa.LargeBinary()),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("answered_at", MOMENT),
    sa.Column("expires_at", MOMENT, nullable=False),
    sa.Index("ix_lookup_expires_at", "expires_at"),
    sa.Index("ix_lookup_request_id", "request_id"),
)
sa.Table(
    "nonce",
    TABLES,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("expires_at", MOMENT, nullable=False),
    sa.Index("ix_nonce_expires_at", "expires_at"),
)
sa.Table(
    "outbox",
    TABLES,
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("job", sa.String(40), nullable=False),
    sa.Column("args", sa.JSON(), nullable=False),
    sa.Column("queue", sa.String(16), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("not_before", MOMENT),
    sa.Column("sent_at", MOMENT),
    sa.Index("ix_outbox_waiting", "sent_at", "not_before", "id"),
)
sa.Table(
    "plan",
    TABLES,
    sa.Column("request_id", sa.String(32), primary_key=True),
    sa.Column("config_hash", sa.String(64), nullable=False),
    sa.Column("schema_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("body", sa.JSON(), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("needs_approval", sa.Boolean(), nullable=False),
    sa.Column("approved_by", sa.String(60), nullable=False),
    sa.Column("approved_at", MOMENT),
)
sa.Table(
    "preference",
    TABLES,
    sa.Column("subject", sa.String(80), primary_key=True),
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("value", sa.String(40), nullable=False),
    sa.Column("changed_at", MOMENT, nullable=False),
    sa.Column("effective_at", MOMENT),
    sa.Column("pending", sa.JSON(), nullable=False),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("alarmed_at", MOMENT),
    sa.Column("breached_at", MOMENT),
    sa.Column("extra", sa.JSON(), nullable=False),
    sa.Index("ix_preference_request_id", "request_id"),
    sa.Index("ix_preference_waiting", "effective_at", "changed_at"),
)
sa.Table(
    "request",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("option", sa.String(40), nullable=False),
    sa.Column("parameters", sa.JSON(), nullable=False),
    sa.Column("regimes", sa.JSON(), nullable=False),
    sa.Column("state", sa.String(40), nullable=False),
    sa.Column("wait", sa.String(40), nullable=False),
    sa.Column("backend_id", sa.String(32), nullable=False),
    sa.Column("bundle_id", sa.String(32), nullable=False),
    sa.Column("follows", sa.String(32), nullable=False),
    sa.Column("merged_into", sa.String(32), nullable=False),
    sa.Column("subject", sa.String(80), nullable=False),
    sa.Column("fingerprint", sa.String(80), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("locale", sa.String(16), nullable=False),
    sa.Column("level", sa.Integer(), nullable=False),
    sa.Column("level_needed", sa.Integer(), nullable=False),
    sa.Column("acr", sa.String(16), nullable=False),
    sa.Column("needs", sa.JSON(), nullable=False),
    sa.Column("received_at", MOMENT, nullable=False),
    sa.Column("due_at", MOMENT, nullable=False),
    sa.Column("promised_at", MOMENT, nullable=False),
    sa.Column("verified_at", MOMENT),
    sa.Column("closed_at", MOMENT),
    sa.Column("irreversible_at", MOMENT),
    sa.Column("purge_at", MOMENT),
    sa.Column("next_at", MOMENT),
    sa.Column("map_version", sa.Integer(), nullable=False),
    sa.Column("map_hash", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(60), nullable=False),
    sa.Column("head_seq", sa.Integer(), nullable=False),
    sa.Column("head_hash", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer(), nullable=False),
    sa.Index("ix_request_backend_received", "backend_id", "received_at", "id"),
    sa.Index("ix_request_fingerprint", "fingerprint"),
    sa.Index("ix_request_next_at", "next_at"),
    sa.Index("ix_request_subject", "subject"),
)
sa.Table(
    "sealed_note",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("purpose", sa.String(40), nullable=False),
    sa.Column("sealed", sa.LargeBinary(), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Index("ix_sealed_note_request_id", "request_id"),
)
sa.Table(
    "step",
    TABLES,
    sa.Column("id", sa.String(120), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("phase", sa.Integer(), nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("store", sa.String(60), nullable=False),
    sa.Column("state", sa.String(40), nullable=False),
    sa.Column("queue", sa.String(16), nullable=False),
    sa.Column("lease_owner", sa.String(80), nullable=False),
    sa.Column("next_at", MOMENT),
    sa.Column("fence", sa.Integer(), nullable=False),
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("note", sa.String(400), nullable=False),
    sa.Column("result", sa.JSON(), nullable=False),
    sa.Column("started_at", MOMENT),
    sa.Column("done_at", MOMENT),
    sa.Column("done_by", sa.String(60), nullable=False),
    sa.Index("ix_step_request", "request_id", "phase"),
    sa.Index("ix_step_sweep", "state", "next_at"),
)
sa.Table(
    "subject_lock",
    TABLES,
    sa.Column("subject", sa.String(80), primary_key=True),
    sa.Column("request_id", sa.String(32), primary_key=True),
    sa.Column("at", MOMENT, nullable=False),
    sa.Index("ix_subject_lock_request_id", "request_id"),
)


def upgrade() -> None:
    """Make the tables."""
    TABLES.create_all(op.get_bind())


def downgrade() -> None:
    """Drop the tables."""
    TABLES.drop_all(op.get_bind())
