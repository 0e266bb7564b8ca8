"""Approvals to open the content of minors' requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "content_approval",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("asked_by", sa.String(32), nullable=False),
        sa.Column("approved_by", sa.String(32), nullable=False),
        sa.Column("purpose", sa.String(24), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("approved_by <> asked_by", name="two_people"),
    )
    for column in ("request_id", "asked_at"):
        op.create_index(f"ix_content_approval_{column}", "content_approval", [column])


def downgrade() -> None:
    """Remove it: the content of minors' requests is open to whoever has the role again."""
    op.drop_table("content_approval")
