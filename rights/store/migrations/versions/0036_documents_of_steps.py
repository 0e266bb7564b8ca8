"""Documents that show that a step was done by hand: what the register knows of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "task_document",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("request_id", sa.String(32), nullable=False, index=True),
        sa.Column("step_id", sa.String(120), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("file_id", sa.String(32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(20), nullable=False),
        sa.Column("uploaded_by", sa.String(60), nullable=False),
        sa.Column("uploaded_at", moment, nullable=False),
        sa.Column("kept_at", moment),
        sa.Column("destroy_at", moment),
        sa.Column("destroyed_at", moment),
    )
    op.create_index("ix_task_document_due", "task_document", ["destroyed_at", "destroy_at"])


def downgrade() -> None:
    """Remove it; objects that still lie in their place cannot be opened any more."""
    op.drop_table("task_document")
