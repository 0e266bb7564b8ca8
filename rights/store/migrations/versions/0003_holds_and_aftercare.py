"""Holds, and what is done on a request after it was closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = sa.MetaData()
sa.Table(
    "aftercare",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("store", sa.String(63), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("round", sa.Integer(), nullable=False),
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("note", sa.String(400), nullable=False),
    sa.Column("result", sa.JSON(), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("due_at", MOMENT, nullable=False),
    sa.Column("next_at", MOMENT),
    sa.Column("done_at", MOMENT),
    sa.Column("done_by", sa.String(60), nullable=False),
    sa.Index("ix_aftercare_due", "next_at"),
    sa.Index("ix_aftercare_store", "kind", "state", "store"),
    sa.Index("ix_aftercare_request_id", "request_id"),
)
sa.Table(
    "capsule",
    TABLES,
    sa.Column("request_id", sa.String(32), primary_key=True),
    sa.Column("sealed", sa.LargeBinary(), nullable=False),
    sa.Column("acted_at", MOMENT, nullable=False),
    sa.Column("expires_at", MOMENT, nullable=False),
    sa.Index("ix_capsule_acted_at", "acted_at"),
    sa.Index("ix_capsule_expires_at", "expires_at"),
)
sa.Table(
    "receipt_opening",
    TABLES,
    sa.Column("request_id", sa.String(32), primary_key=True),
    sa.Column("salt", sa.LargeBinary(), nullable=False),
    sa.Column("leaves", sa.JSON(), nullable=False),
)
sa.Table(
    "suppression",
    TABLES,
    sa.Column("blind", sa.String(80), primary_key=True),
    sa.Column("key_id", sa.String(40), nullable=False),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("kinds", sa.JSON(), nullable=False),
    sa.Column("before", MOMENT, nullable=False),
    sa.Column("expires_at", MOMENT, nullable=False),
    sa.Index("ix_suppression_key_id", "key_id"),
    sa.Index("ix_suppression_request_id", "request_id"),
    sa.Index("ix_suppression_expires_at", "expires_at"),
)
sa.Table(
    "hold_approval",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("path", sa.String(160), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("rank", sa.String(40), nullable=False),
    sa.Column("basis", sa.String(400), nullable=False),
    sa.Column("because", sa.String(400), nullable=False),
    sa.Column("approved_by", sa.String(60), nullable=False),
    sa.Column("approved_at", MOMENT, nullable=False),
    sa.Column("revoked_by", sa.String(60), nullable=False),
    sa.Column("revoked_at", MOMENT),
    sa.Index("ix_hold_approval_path", "path"),
)
sa.Table(
    "legal_hold",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("path", sa.String(160), nullable=False),
    sa.Column("blind", sa.String(80), nullable=False),
    sa.Column("key_id", sa.String(40), nullable=False),
    sa.Column("rank", sa.String(40), nullable=False),
    sa.Column("basis", sa.String(400), nullable=False),
    sa.Column("until", MOMENT),
    sa.Column("placed_by", sa.String(60), nullable=False),
    sa.Column("placed_at", MOMENT, nullable=False),
    sa.Column("approved_by", sa.String(60), nullable=False),
    sa.Column("approved_at", MOMENT),
    sa.Column("released_by", sa.String(60), nullable=False),
    sa.Column("released_at", MOMENT),
    sa.Index("ix_legal_hold_blind", "blind"),
)
sa.Table(
    "hold_exception",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("path", sa.String(160), nullable=False),
    sa.Column("statement", sa.String(400), nullable=False),
    sa.Column("alternative", sa.String(400), nullable=False),
    sa.Column("stated_by", sa.String(60), nullable=False),
    sa.Column("approved_by", sa.String(60), nullable=False),
    sa.Column("approved_at", MOMENT, nullable=False),
    sa.Column("review_at", MOMENT, nullable=False),
    sa.Column("ended_at", MOMENT),
    sa.Index("ix_hold_exception_path", "path"),
)
sa.Table(
    "held_rows",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("collection", sa.String(160), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("basis", sa.String(400), nullable=False),
    sa.Column("rank", sa.String(40), nullable=False),
    sa.Column("count", sa.Integer(), nullable=False),
    sa.Column("earliest", MOMENT),
    sa.Column("latest", MOMENT),
    sa.Column("hold_id", sa.String(32), nullable=False),
    sa.Column("sealed", sa.LargeBinary(), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("fence", sa.Integer(), nullable=False),
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("note", sa.String(400), nullable=False),
    sa.Column("next_at", MOMENT),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("ended_at", MOMENT),
    sa.Index("ix_held_rows_due", "state", "next_at"),
    sa.Index("ix_held_rows_request_id", "request_id"),
    sa.Index("ix_held_rows_hold_id", "hold_id"),
)
sa.Table(
    "disputed_value",
    TABLES,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("person", sa.String(64), nullable=False),
    sa.Column("collection", sa.String(160), nullable=False),
    sa.Column("field", sa.String(120), nullable=False),
    sa.Column("settled", sa.Boolean(), nullable=False),
    sa.Column("since", MOMENT, nullable=False),
    sa.Column("sealed", sa.LargeBinary(), nullable=False),
    sa.Index("ix_disputed_value_request_id", "request_id"),
    sa.Index("ix_disputed_value_person", "person"),
)
sa.Table(
    "released_value",
    TABLES,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("person", sa.String(64), nullable=False),
    sa.Column("value", sa.String(64), nullable=False),
    sa.Column("released_at", MOMENT, nullable=False),
    sa.Index("ix_released_value_request_id", "request_id"),
    sa.Index("ix_released_value_person", "person"),
)
sa.Table(
    "correction_guard",
    TABLES,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("request_id", sa.String(32), nullable=False),
    sa.Column("person", sa.String(64), nullable=False),
    sa.Column("collection", sa.String(160), nullable=False),
    sa.Column("field", sa.String(120), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("sealed", sa.LargeBinary(), nullable=False),
    sa.Index("ix_correction_guard_request_id", "request_id"),
    sa.Index("ix_correction_guard_person", "person"),
)


def upgrade() -> None:
    """Create the tables."""
    TABLES.create_all(op.get_bind())


def downgrade() -> None:
    """Drop the tables."""
    TABLES.drop_all(op.get_bind())
