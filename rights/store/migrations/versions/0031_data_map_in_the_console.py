"""What workers saw of stores' schemas; where a webhook leads; letters to who was not told yet."""

from __future__ import annotations

from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and tables; where the webhooks lead that there are is worked out."""
    with op.batch_alter_table("webhook_subscription") as table:
        table.add_column(sa.Column("origin", sa.String(500), nullable=False, server_default=""))
    _origins()
    with op.batch_alter_table("store_status") as table:
        table.add_column(sa.Column("worker", sa.String(80), nullable=False, server_default=""))
        table.add_column(sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("incident_letter") as table:
        table.add_column(
            sa.Column("untold", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.create_table(
        "store_schema",
        sa.Column("store", sa.String(63), primary_key=True),
        sa.Column("tables", sa.JSON(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "store_change",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("store", sa.String(63), nullable=False),
        sa.Column("sign", sa.String(1), nullable=False),
        sa.Column("what", sa.String(12), nullable=False),
        sa.Column("place", sa.String(400), nullable=False),
        sa.Column("was", sa.String(80), nullable=False),
        sa.Column("is_now", sa.String(80), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_store_change", "store_change", ["store", "seen_at"])


def _origins() -> None:
    hooks = sa.table("webhook_subscription", sa.column("id"), sa.column("url"), sa.column("origin"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(hooks.c.id, hooks.c.url)).all():
        parts = urlsplit(row.url)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        connection.execute(sa.update(hooks).where(hooks.c.id == row.id).values(origin=origin))


def downgrade() -> None:
    """Remove them."""
    op.drop_table("store_change")
    op.drop_table("store_schema")
    for table, names in (
        ("incident_letter", ("untold",)),
        ("store_status", ("worker", "looked_at")),
        ("webhook_subscription", ("origin",)),
    ):
        with op.batch_alter_table(table) as batch:
            for name in names:
                batch.drop_column(name)
