"""From where a representative's address was typed, as a keyed hash."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: what was typed before was typed from nowhere that is known."""
    column = sa.Column("client", sa.String(80), nullable=False, server_default="")
    op.add_column("representative_contact", column)


def downgrade() -> None:
    """Remove it."""
    with op.batch_alter_table("representative_contact") as table:
        table.drop_column("client")
