"""What the data map declared, from which moment on: a year's report says what held in that year."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; the relay writes the first row at its start."""
    op.create_table(
        "declared_map",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("stores", sa.JSON(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_declared_map_since", "declared_map", ["since"])


def downgrade() -> None:
    """Remove it; what held before is not known any more."""
    op.drop_table("declared_map")
