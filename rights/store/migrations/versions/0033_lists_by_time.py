"""What the console lists by time is found by it: packages, re-checks, held rows."""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_package_alive", "package", ("state", "expires_at")),
    ("ix_aftercare_made", "aftercare", ("kind", "created_at", "id")),
    ("ix_held_rows_latest", "held_rows", ("latest",)),
)


def upgrade() -> None:
    """Add the indexes."""
    for name, table, columns in _INDEXES:
        op.create_index(name, table, list(columns))


def downgrade() -> None:
    """Remove them."""
    for name, table, _ in _INDEXES:
        op.drop_index(name, table)
