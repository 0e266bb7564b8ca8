"""Reports that products read: a table of their own, and nothing else the web may read beside it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "published_report",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Remove it; the relay makes the reports again."""
    op.drop_table("published_report")
