"""Complaints and appeals are listed by receipt, the newest first."""

from __future__ import annotations

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes."""
    op.create_index("ix_complaint_received", "complaint", ["received_at", "id"])
    op.create_index("ix_appeal_received", "appeal", ["received_at", "id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_appeal_received", "appeal")
    op.drop_index("ix_complaint_received", "complaint")
