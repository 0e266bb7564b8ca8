"""Passkeys and authenticator apps of people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _keys()
    op.create_table(
        "key_challenge",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_key_challenge_expires_at", "key_challenge", ["expires_at"])
    op.create_table(
        "key_proof",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("way", sa.String(12), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_key_proof_request_id", "key_proof", ["request_id"])
    _letters()


def _keys() -> None:
    op.create_table(
        "person_key",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("backend_id", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("way", sa.String(12), nullable=False),
        sa.Column("credential", sa.String(80), nullable=True, unique=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_person_key_subject", "person_key", ["subject"])


def _letters() -> None:
    op.create_table(
        "key_letter",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("visit", sa.String(64), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("way", sa.String(12), nullable=False),
        sa.Column("locale", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    for column in ("subject", "visit", "created_at"):
        op.create_index(f"ix_key_letter_{column}", "key_letter", [column])


def downgrade() -> None:
    """Remove them: codes by mail go on, and people add their keys anew."""
    for table in ("key_letter", "key_proof", "key_challenge", "person_key"):
        op.drop_table(table)
