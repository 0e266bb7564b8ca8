"""How gently each store is asked: its bucket and breaker, and whose turn it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = sa.MetaData()
sa.Table(
    "store_gate",
    TABLES,
    sa.Column("store", sa.String(63), primary_key=True),
    sa.Column("full_at", MOMENT),
    sa.Column("circuit", sa.String(40), nullable=False),
    sa.Column("strikes", sa.Integer(), nullable=False),
    sa.Column("openings", sa.Integer(), nullable=False),
    sa.Column("until", MOMENT),
    sa.Column("probe", sa.String(120), nullable=False),
    sa.Column("reason", sa.String(60), nullable=False),
    sa.Column("changed_at", MOMENT),
)
sa.Table(
    "store_turn",
    TABLES,
    sa.Column("store", sa.String(63), primary_key=True),
    sa.Column("holder", sa.String(120), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("queue", sa.String(16), nullable=False),
    sa.Column("since", MOMENT, nullable=False),
    sa.Column("begun_at", MOMENT),
    sa.Column("rung_at", MOMENT),
    sa.Column("until", MOMENT),
    sa.Index("ix_store_turn_line", "store", "begun_at", "queue", "since"),
    sa.Index("ix_store_turn_rung", "store", "rung_at"),
    sa.Index("ix_store_turn_holder", "holder"),
)


def upgrade() -> None:
    """Create the tables."""
    TABLES.create_all(op.get_bind())


def downgrade() -> None:
    """Drop the tables."""
    TABLES.drop_all(op.get_bind())
