"""Backends and webhooks, what people get, and the audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = sa.MetaData()

sa.Table(
    "backend",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("audience", sa.String(120), nullable=False),
    sa.Column("assertion_keys", sa.JSON(), nullable=False),
    sa.Column("level_cap", sa.Integer(), nullable=False),
    sa.Column("regimes", sa.JSON(), nullable=False),
    sa.Column("origins", sa.JSON(), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("closed_at", MOMENT),
    sa.UniqueConstraint("name"),
)
sa.Table(
    "backend_key",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("backend_id", sa.String(32), nullable=False),
    sa.Column("prefix", sa.String(16), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("scopes", sa.JSON(), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("expires_at", MOMENT),
    sa.Column("revoked_at", MOMENT),
    sa.UniqueConstraint("prefix"),
    sa.Index("ix_backend_key_backend_id", "backend_id"),
)
sa.Table(
    "checkpoint",
    TABLES,
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("at", MOMENT, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("root", sa.String(64), nullable=False),
    sa.Column("chains", sa.Integer(), nullable=False),
    sa.Column("last_entry_id", sa.BigInteger(), nullable=False),
    sa.Column("settled_entry_id", sa.BigInteger(), nullable=False),
    sa.Column("snapshot", sa.BigInteger(), nullable=False),
    sa.Column("key_id", sa.String(40), nullable=False),
    sa.Column("signature", sa.String(120), nullable=False),
)
sa.Table(
    "checkpoint_leaf",
    TABLES,
    sa.Column("checkpoint_id", sa.Integer(), primary_key=True),
    sa.Column("chain", sa.String(40), primary_key=True),
    sa.Column("seq", sa.Integer(), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("purged_at", MOMENT),
    sa.Column("purge_key", sa.String(40), nullable=False),
    sa.Column("purge_signature", sa.String(120), nullable=False),
    sa.Index("ix_checkpoint_leaf_chain", "chain"),
)
sa.Table(
    "day_chain",
    TABLES,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("head_seq", sa.Integer(), nullable=False),
    sa.Column("head_hash", sa.String(64), nullable=False),
)
sa.Table(
    "entry",
    TABLES,
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("chain", sa.String(40), nullable=False),
    sa.Column("seq", sa.Integer(), nullable=False),
    sa.Column("at", MOMENT, nullable=False),
    sa.Column("event", sa.String(60), nullable=False),
    sa.Column("actor", sa.String(60), nullable=False),
    sa.Column("data", sa.JSON(), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.UniqueConstraint("chain", "seq"),
)
sa.Table(
    "grant",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("package_id", sa.String(32), nullable=False),
    sa.Column("token_hash", sa.String(64), nullable=False),
    sa.Column("level", sa.Integer(), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("expires_at", MOMENT, nullable=False),
    sa.UniqueConstraint("token_hash"),
    sa.Index("ix_grant_package_id", "package_id"),
)
sa.Table(
    "idempotency",
    TABLES,
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("backend_id", sa.String(32), nullable=False),
    sa.Column("key_hash", sa.String(64), nullable=False),
    sa.Column("body_hmac", sa.String(64), nullable=False),
    sa.Column("sealed_reply", sa.LargeBinary(), nullable=False),
    sa.Column("status", sa.Integer(), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.UniqueConstraint("backend_id", "key_hash"),
    sa.Index("ix_idempotency_created_at", "created_at"),
)
sa.Table(
    "notice",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("event", sa.String(40), nullable=False),
    sa.Column("identifier_id", sa.String(32), nullable=False),
    sa.Column("challenge_id", sa.String(32), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("next_at", MOMENT),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("sent_at", MOMENT),
    sa.Index("ix_notice_next_at", "next_at"),
    sa.Index("ix_notice_request_id", "request_id"),
)
sa.Table(
    "package",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
    sa.Column("blob", sa.String(200), nullable=False),
    sa.Column("sealed_size", sa.Integer(), nullable=False),
    sa.Column("size", sa.Integer(), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("complete", sa.Boolean(), nullable=False),
    sa.Column("missing", sa.JSON(), nullable=False),
    sa.Column("grants_used", sa.Integer(), nullable=False),
    sa.Column("grants_max", sa.Integer(), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("expires_at", MOMENT),
    sa.Column("purged_at", MOMENT),
    sa.Index("ix_package_request_id", "request_id"),
)
sa.Table(
    "receipt",
    TABLES,
    sa.Column("request_id", sa.String(32), primary_key=True),
    sa.Column("body", sa.String(), nullable=False),
    sa.Column("key_id", sa.String(40), nullable=False),
    sa.Column("signature", sa.String(120), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
)
sa.Table(
    "staff",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("roles", sa.JSON(), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("closed_at", MOMENT),
    sa.UniqueConstraint("name"),
)
sa.Table(
    "store_status",
    TABLES,
    sa.Column("store", sa.String(60), primary_key=True),
    sa.Column("connector", sa.String(40), nullable=False),
    sa.Column("manifest", sa.JSON(), nullable=False),
    sa.Column("healthy", sa.Boolean(), nullable=False),
    sa.Column("note", sa.String(400), nullable=False),
    sa.Column("schema_hash", sa.String(64), nullable=False),
    sa.Column("findings", sa.JSON(), nullable=False),
    sa.Column("checked_at", MOMENT, nullable=False),
)
sa.Table(
    "webhook_delivery",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("subscription_id", sa.String(32), nullable=False),
    sa.Column("event_id", sa.String(40), nullable=False),
    sa.Column("event", sa.String(60), nullable=False),
    sa.Column("body", sa.String(), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("last_status", sa.Integer(), nullable=False),
    sa.Column("next_at", MOMENT),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("delivered_at", MOMENT),
    sa.Index("ix_delivery_due", "state", "next_at"),
    sa.Index("ix_webhook_delivery_subscription_id", "subscription_id"),
)
sa.Table(
    "webhook_subscription",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("backend_id", sa.String(32), nullable=False),
    sa.Column("url", sa.String(500), nullable=False),
    sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
    sa.Column("events", sa.JSON(), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("closed_at", MOMENT),
    sa.Index("ix_webhook_subscription_backend_id", "backend_id"),
)


def upgrade() -> None:
    """Make the tables."""
    TABLES.create_all(op.get_bind())


def downgrade() -> None:
    """Drop the tables."""
    TABLES.drop_all(op.get_bind())
