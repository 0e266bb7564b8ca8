"""A delivery names its request and when it was last tried; those given up are found by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0043"
branch_labels = None
depends_on = None

_SAID = {
    "postgresql": """
        UPDATE webhook_delivery SET request_id = left(coalesce(
          (body::json -> 'data') ->> 'request_id', ''), 32)
    """,
    "sqlite": """
        UPDATE webhook_delivery SET request_id = substr(coalesce(
          json_extract(body, '$.data.request_id'), ''), 1, 32)
    """,
}
"""As it stands in the body, which the console may not read."""


def upgrade() -> None:
    """Add them."""
    with op.batch_alter_table("webhook_delivery") as batch:
        batch.add_column(sa.Column("request_id", sa.String(32), nullable=False, server_default=""))
        batch.add_column(sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(_SAID[op.get_bind().dialect.name])
    with op.batch_alter_table("webhook_delivery") as batch:
        batch.alter_column("request_id", server_default=None)
    said = sa.text("state = 'dead'")
    columns = ["subscription_id", "created_at", "id"]
    op.create_index(
        "ix_delivery_dead", "webhook_delivery", columns, postgresql_where=said, sqlite_where=said
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_delivery_dead", "webhook_delivery")
    with op.batch_alter_table("webhook_delivery") as batch:
        batch.drop_column("tried_at")
        batch.drop_column("request_id")
