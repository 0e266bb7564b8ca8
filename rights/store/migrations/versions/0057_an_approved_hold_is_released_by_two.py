"""Who proposed to release a legal hold, when, and which writing says why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; nothing was proposed of the holds that there are."""
    with op.batch_alter_table("legal_hold") as table:
        table.add_column(
            sa.Column("release_proposed_by", sa.String(60), nullable=False, server_default="")
        )
        table.add_column(sa.Column("release_proposed_at", sa.DateTime(timezone=True)))
        table.add_column(
            sa.Column("release_because_id", sa.String(32), nullable=False, server_default="")
        )


def downgrade() -> None:
    """Remove them: a proposal that waits is forgotten, and the hold holds."""
    with op.batch_alter_table("legal_hold") as table:
        for name in ("release_proposed_by", "release_proposed_at", "release_because_id"):
            table.drop_column(name)
