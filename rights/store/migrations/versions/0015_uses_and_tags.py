"""What backends are for, and which tags of whom are not computed again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the column and the table; a backend that is there goes on as one of the service."""
    with op.batch_alter_table("backend") as table:
        table.add_column(sa.Column("uses", sa.JSON(), nullable=False, server_default='["service"]'))
    op.create_table(
        "tag_kept_away",
        sa.Column("blind", sa.String(80), primary_key=True),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("key_id", sa.String(40), nullable=False),
        sa.Column("request_id", sa.String(32), primary_key=True),
        sa.Column("before", _TIME, nullable=True),
        sa.Column("at", _TIME, nullable=False),
    )
    for column in ("subject", "key_id", "request_id"):
        op.create_index(f"ix_tag_kept_away_{column}", "tag_kept_away", [column])


def downgrade() -> None:
    """Remove them: deleted tags can be computed again, and every backend is told of people."""
    op.drop_table("tag_kept_away")
    with op.batch_alter_table("backend") as table:
        table.drop_column("uses")
