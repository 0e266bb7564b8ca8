"""Bridges to the national network identity service, and the visits under way there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "network_identity_bridge",
        sa.Column("backend_id", sa.String(32), primary_key=True),
        sa.Column("url", sa.String(300), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("attests_names", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "network_identity_visit",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("backend_id", sa.String(32), nullable=False),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("visit", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    for column in ("request_id", "expires_at"):
        name = f"ix_network_identity_visit_{column}"
        op.create_index(name, "network_identity_visit", [column])


def downgrade() -> None:
    """Remove both: nobody is sent there any more, and the other ways stay."""
    op.drop_table("network_identity_visit")
    op.drop_table("network_identity_bridge")
