"""How the register's clock was found last: what cannot be undone waits until it can be believed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the place of one row; a relay writes it."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "clock_mark",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("settled_at", moment, nullable=False),
        sa.Column("since", moment, nullable=True),
    )


def downgrade() -> None:
    """Forget it: every clock is believed again."""
    op.drop_table("clock_mark")
