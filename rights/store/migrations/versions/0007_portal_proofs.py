"""What was proved in a session of the portal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the list; in sessions that are open nothing was proved yet."""
    with op.batch_alter_table("portal_session") as table:
        table.add_column(sa.Column("proofs", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Remove it: what was proved has to be proved again."""
    with op.batch_alter_table("portal_session") as table:
        table.drop_column("proofs")
