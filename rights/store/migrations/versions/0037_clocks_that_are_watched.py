"""
By when receipt is confirmed, what staff were told of beside the stages of a clock, letters that
were given up, and webhooks of staff.

Requests and complaints from before have no date for their confirmation: nobody counts it for them.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_UNCONFIRMED = sa.text("ack_at IS NOT NULL AND acked_at IS NULL")
_UNMAILED = sa.text("mailed < stage")
_UNHOOKED = sa.text("hooked < stage")
_GIVEN_UP = sa.text("state IN ('failed', 'refused')")


def upgrade() -> None:
    """Add the dates, the table, and the indexes by which what waits is found."""
    for table in ("request", "complaint"):
        for name in ("ack_at", "acked_at"):
            op.add_column(table, sa.Column(name, _MOMENT, nullable=True))
        _index(f"ix_{table}_unconfirmed", table, ["ack_at", "id"], _UNCONFIRMED)
    op.create_table(
        "alert",
        sa.Column("about", sa.String(32), primary_key=True),
        sa.Column("what", sa.String(20), primary_key=True),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("told_at", _MOMENT, nullable=False),
        sa.Column("mailed", sa.Integer(), nullable=False),
        sa.Column("hooked", sa.Integer(), nullable=False),
    )
    op.create_index("ix_alert_request_id", "alert", ["request_id"])
    _index("ix_alert_unmailed", "alert", ["told_at"], _UNMAILED)
    _index("ix_alert_unhooked", "alert", ["told_at"], _UNHOOKED)
    _index("ix_notice_given_up", "notice", ["request_id"], _GIVEN_UP)
    op.add_column("request_clock", sa.Column("hooked", sa.Integer(), **_given("0")))
    op.add_column("request_clock", sa.Column("idle_hooked", sa.Boolean(), **_given(sa.true())))
    op.execute("UPDATE request_clock SET hooked = stage")  # what is past is told to nobody
    told = "hooked < stage OR NOT idle_hooked"
    _index("ix_request_clock_unhooked", "request_clock", ["told_at"], sa.text(told))
    op.add_column("webhook_subscription", sa.Column("role", sa.String(20), **_given("")))


def _given(before: Any) -> dict[str, Any]:
    return {"nullable": False, "server_default": before}


def _index(name: str, table: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, table, columns, postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    """Remove them: staff are told of what they were told of once more."""
    with op.batch_alter_table("webhook_subscription") as changed:
        changed.drop_column("role")
    op.drop_index("ix_request_clock_unhooked", "request_clock")
    with op.batch_alter_table("request_clock") as changed:
        changed.drop_column("idle_hooked")
        changed.drop_column("hooked")
    op.drop_index("ix_notice_given_up", "notice")
    op.drop_table("alert")
    for table in ("request", "complaint"):
        op.drop_index(f"ix_{table}_unconfirmed", table)
        with op.batch_alter_table(table) as changed:
            changed.drop_column("acked_at")
            changed.drop_column("ack_at")
