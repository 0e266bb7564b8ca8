"""What open requests wait for has an index: counted on every first page, and read by queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

_OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "ix_request_wait",
        "request",
        ["wait", "state"],
        postgresql_where=_OPEN,
        sqlite_where=_OPEN,
    )


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_request_wait", "request")
