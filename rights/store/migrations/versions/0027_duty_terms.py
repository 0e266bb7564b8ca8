"""The days on which the organisation's duties fall due, and what was done about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "duty_term",
        sa.Column("duty", sa.String(60), primary_key=True),
        sa.Column("due", sa.Date(), primary_key=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("done_by", sa.String(40), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.String(8), nullable=False),
        sa.Column("mailed", sa.Boolean(), nullable=False),
    )


def downgrade() -> None:
    """Remove it, and with it what was done; the entries of the trail stay."""
    op.drop_table("duty_term")
