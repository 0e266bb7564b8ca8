"""Letters of who wrote, called or came and left no address count as given up: staff tell them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0046"
branch_labels = None
depends_on = None

_BEFORE = "state IN ('failed', 'refused')"
_NOW = "state IN ('failed', 'refused', 'unaddressed')"


def upgrade() -> None:
    """Let the index find them; answers that ended so before were told by nobody, as it is known."""
    _index(_NOW)
    op.execute(
        "UPDATE notice SET state = 'unaddressed' WHERE state = 'no_contact' AND event = 'outcome'"
        " AND request_id IN (SELECT id FROM request"
        " WHERE channel IN ('letter', 'phone', 'counter', 'email'))"
    )


def downgrade() -> None:
    """Call them by the name they had."""
    op.execute("UPDATE notice SET state = 'no_contact' WHERE state = 'unaddressed'")
    _index(_BEFORE)


def _index(where: str) -> None:
    op.drop_index("ix_notice_given_up", "notice")
    kept = sa.text(where)
    op.create_index(
        *("ix_notice_given_up", "notice", ["request_id"]),
        postgresql_where=kept,
        sqlite_where=kept,
    )
