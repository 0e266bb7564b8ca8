"""Which of the offered tags a person chose, or removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "tag_said",
        sa.Column("blind", sa.String(80), primary_key=True),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("key_id", sa.String(40), nullable=False),
        sa.Column("request_id", sa.String(32), primary_key=True),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    for column in ("subject", "key_id", "request_id"):
        op.create_index(f"ix_tag_said_{column}", "tag_said", [column])


def downgrade() -> None:
    """Remove it: what stores hold of chosen tags stays, and is read nowhere else."""
    op.drop_table("tag_said")
