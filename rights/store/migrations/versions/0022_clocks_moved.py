"""What makes the time of a request longer: extensions, and pauses of its clock."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_NEW = (
    "extension_reason",
    "first_due_at",
    "pause_cause",
    "paused_at",
    "paused_days",
    "due_provisional",
)


def upgrade() -> None:
    """Add the tables, and what of them is true of a request now."""
    op.create_table(
        "extension",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("said_id", sa.String(32), nullable=False),
        sa.Column("asked_by", sa.String(40), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("notice_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("first_due_at", _MOMENT, nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("promised_at", _MOMENT, nullable=False),
        sa.Column("settled_at", _MOMENT, nullable=True),
    )
    op.create_index("ix_extension_request_id", "extension", ["request_id"])
    op.create_index("ix_extension_notice_id", "extension", ["notice_id"])
    op.create_table(
        "clock_pause",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("cause", sa.String(24), nullable=False),
        sa.Column("began_by", sa.String(40), nullable=False),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("ended_by", sa.String(12), nullable=False),
        sa.Column("counted_at", _MOMENT, nullable=True),
    )
    op.create_index("ix_clock_pause_request_id", "clock_pause", ["request_id"])
    op.create_index("ix_clock_pause_counted_at", "clock_pause", ["counted_at"])
    for column in _columns():
        op.add_column("request", column)


def _columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("extension_reason", sa.String(60), nullable=False, server_default=""),
        sa.Column("first_due_at", _MOMENT, nullable=True),
        sa.Column("pause_cause", sa.String(24), nullable=False, server_default=""),
        sa.Column("paused_at", _MOMENT, nullable=True),
        sa.Column("paused_days", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("due_provisional", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Remove them: dates that moved stay where they are."""
    with op.batch_alter_table("request") as table:
        for name in _NEW:
            table.drop_column(name)
    op.drop_table("clock_pause")
    op.drop_table("extension")
