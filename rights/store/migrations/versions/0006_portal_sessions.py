"""Sessions of the portal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "portal_session",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("backend_id", sa.String(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("origin", sa.String(300), nullable=False),
        sa.Column("requests", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_portal_session_expires_at", "portal_session", ["expires_at"])


def downgrade() -> None:
    """Remove it: whoever is using the portal has to open it again."""
    op.drop_index("ix_portal_session_expires_at", table_name="portal_session")
    op.drop_table("portal_session")
