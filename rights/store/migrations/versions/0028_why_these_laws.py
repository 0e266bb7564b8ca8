"""Why a request is handled under its laws."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column; of requests from before nobody wrote it down."""
    column = sa.Column("regimes_because", sa.String(12), nullable=False, server_default="")
    op.add_column("request", column)


def downgrade() -> None:
    """Forget it; the first entry of each request still says so."""
    with op.batch_alter_table("request") as table:
        table.drop_column("regimes_because")
