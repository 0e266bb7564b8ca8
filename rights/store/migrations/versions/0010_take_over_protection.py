"""Warnings to contacts on file, what they answered, and what is known of a contact."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, and the columns beside what was there."""
    op.create_table(
        "warning_due",
        sa.Column("request_id", sa.String(32), primary_key=True),
        sa.Column("event", sa.String(40), primary_key=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("next_at", _TIME, nullable=True),
    )
    op.create_index("ix_warning_due_next_at", "warning_due", ["next_at"])
    op.create_table(
        "contact_warning",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.String(80), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("noted_at", _TIME, nullable=True),
    )
    op.create_index("ix_contact_warning_request_id", "contact_warning", ["request_id"])
    op.create_index("ix_contact_warning_mark", "contact_warning", ["mark"])
    op.create_index("ix_contact_warning_expires_at", "contact_warning", ["expires_at"])
    with op.batch_alter_table("request") as table:
        table.add_column(sa.Column("not_me_at", _TIME, nullable=True))
    with op.batch_alter_table("identifier") as table:
        table.add_column(sa.Column("on_file", sa.Boolean(), nullable=True))
        table.add_column(sa.Column("changed_at", _TIME, nullable=True))
    with op.batch_alter_table("challenge") as table:
        table.add_column(sa.Column("failed_at", _TIME, nullable=True))


def downgrade() -> None:
    """Remove them; what was frozen goes on, so look at the open incidents before."""
    with op.batch_alter_table("challenge") as table:
        table.drop_column("failed_at")
    with op.batch_alter_table("identifier") as table:
        table.drop_column("changed_at")
        table.drop_column("on_file")
    with op.batch_alter_table("request") as table:
        table.drop_column("not_me_at")
    op.drop_table("contact_warning")
    op.drop_table("warning_due")
