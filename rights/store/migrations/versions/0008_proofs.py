"""Ways of proof beside codes: what was proved, what was tried, what staff asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "proof",
        sa.Column("request_id", sa.String(32), primary_key=True),
        sa.Column("way", sa.String(40), primary_key=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verifier", sa.String(60), nullable=False),
        sa.Column("rests_on", sa.JSON(), nullable=False),
    )
    op.create_table(
        "proof_try",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("lookup_id", sa.String(32), nullable=False),
        sa.Column("way", sa.String(40), nullable=False),
        sa.Column("blind", sa.String(80), nullable=False),
        sa.Column("visit", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_proof_try_request_id", "proof_try", ["request_id"])
    op.create_index("ix_proof_try_lookup_id", "proof_try", ["lookup_id"])
    op.create_index("ix_proof_try_blind", "proof_try", ["blind", "at"])
    op.create_table(
        "proof_demand",
        sa.Column("request_id", sa.String(32), primary_key=True),
        sa.Column("way", sa.String(40), primary_key=True),
        sa.Column("override", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.String(60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Remove them: what was proved by matching has to be proved again."""
    for name in ("proof_demand", "proof_try", "proof"):
        op.drop_table(name)
