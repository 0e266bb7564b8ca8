"""What people are asked to add to their requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "asked_point",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("said_id", sa.String(32), nullable=False),
        sa.Column("asked_by", sa.String(40), nullable=False),
        sa.Column("agreed_by", sa.String(40), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_asked_point_request_id", "asked_point", ["request_id"])


def downgrade() -> None:
    """Remove it: that somebody was asked before is forgotten; what a request lacks is not."""
    op.drop_table("asked_point")
