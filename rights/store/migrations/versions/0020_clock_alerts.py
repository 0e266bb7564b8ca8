"""What staff were told of the clocks of requests, and open requests by their promised date."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    """Make the table, and the index by which what runs is found however much has ended."""
    op.create_table(
        "request_clock",
        sa.Column("request_id", sa.String(32), primary_key=True),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("mailed", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idle_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idle_mailed", sa.Boolean(), nullable=False),
    )
    op.create_index(
        "ix_request_open",
        "request",
        ["promised_at", "id"],
        postgresql_where=_OPEN,
        sqlite_where=_OPEN,
    )


def downgrade() -> None:
    """Remove both: staff are told of every stage once more."""
    op.drop_index("ix_request_open", "request")
    op.drop_table("request_clock")
