"""Messages, appeals and complaints."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "writing",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("purpose", sa.String(24), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_writing_request_id", "writing", ["request_id"])
    op.create_table(
        "appeal",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("request_id", sa.String(32), nullable=False, unique=True),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("assigned_to", sa.String(32), nullable=False),
        *_clock(),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(60), nullable=False),
        sa.Column("led_to", sa.String(32), nullable=False),
    )
    op.create_index("ix_appeal_decided_at", "appeal", ["decided_at"])
    op.create_table(
        "complaint",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("backend_id", sa.String(32), nullable=False),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("regimes", sa.JSON(), nullable=False),
        sa.Column("locale", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        *_clock(),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(60), nullable=False),
    )
    for name in ("backend_id", "request_id", "subject", "answered_at"):
        op.create_index(f"ix_complaint_{name}", "complaint", [name])


def _clock() -> list[sa.Column[object]]:
    names = ("received_at", "due_at", "promised_at")
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in names]


def downgrade() -> None:
    """Remove them: whatever was written in them is gone."""
    for table in ("complaint", "appeal", "writing"):
        op.drop_table(table)
