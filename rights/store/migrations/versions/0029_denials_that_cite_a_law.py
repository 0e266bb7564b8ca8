"""A proposed denial names the provision that forbids an answer, and its rank."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_COLUMNS = ("law_id", "rank")


def upgrade() -> None:
    """Add the columns; what was proposed before cites nothing."""
    with op.batch_alter_table("denial_proposal") as table:
        for name in _COLUMNS:
            table.add_column(sa.Column(name, sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    """Remove them."""
    with op.batch_alter_table("denial_proposal") as table:
        for name in reversed(_COLUMNS):
            table.drop_column(name)
