"""What staff change of the settings while everything runs, and what waits for a second person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_WAITING = sa.text("outcome = ''")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "setting_value",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("value", sa.String(60), nullable=False),
        sa.Column("changed_by", sa.String(32), nullable=False),
        sa.Column("agreed_by", sa.String(32), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_table(
        "setting_proposal",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("value", sa.String(60), nullable=False),
        sa.Column("before", sa.String(60), nullable=False),
        sa.Column("because", sa.String(300), nullable=False),
        sa.Column("proposed_by", sa.String(32), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("decided_by", sa.String(32), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index(
        "ux_setting_proposal_waiting",
        "setting_proposal",
        ["name"],
        unique=True,
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    _of_asking()


def _of_asking() -> None:
    op.create_table(
        "ask_proposal",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("said_id", sa.String(32), nullable=False),
        sa.Column("proposed_by", sa.String(32), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("decided_by", sa.String(32), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_ask_proposal_request_id", "ask_proposal", ["request_id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("ask_proposal")
    op.drop_table("setting_proposal")
    op.drop_table("setting_value")
