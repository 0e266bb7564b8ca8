"""Security incidents, their clocks, and the letters to the people they hit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "security_incident",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("severity", sa.String(20), nullable=False),
        sa.Column("operator", sa.String(20), nullable=False),
        sa.Column("endangers", sa.Boolean(), nullable=False),
        sa.Column("minors", sa.Boolean(), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("regimes", sa.JSON(), nullable=False),
        sa.Column("discovered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(40), nullable=False),
        sa.Column("touched_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("touched_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_kind", sa.String(12), nullable=False),
        sa.Column("by_id", sa.String(32), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("subjects", sa.JSON(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(40), nullable=False),
    )
    op.create_index("ix_security_incident_closed_at", "security_incident", ["closed_at"])
    op.create_table(
        "incident_clock",
        sa.Column("incident_id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(40), nullable=False),
        sa.Column("reference", sa.String(80), nullable=False),
        sa.Column("reason_id", sa.String(32), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("mailed", sa.Integer(), nullable=False),
    )
    _letters()


def _letters() -> None:
    op.create_table(
        "incident_letter",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("incident_id", sa.String(32), nullable=False),
        sa.Column("writing_id", sa.String(32), nullable=False),
        sa.Column("made_by", sa.String(40), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached", sa.String(80), nullable=False),
        sa.Column("spread_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_incident_letter_incident_id", "incident_letter", ["incident_id"])
    op.create_index("ix_incident_letter_spread_at", "incident_letter", ["spread_at"])
    op.create_table(
        "incident_told",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("letter_id", sa.String(32), nullable=False),
        sa.Column("request_id", sa.String(32), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("contact_id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("letter_id", "request_id", "role", "contact_id"),
    )
    op.create_index("ix_incident_told_request_id", "incident_told", ["request_id"])


def downgrade() -> None:
    """Remove them: of incidents only the trail is left."""
    for name in ("incident_told", "incident_letter", "incident_clock", "security_incident"):
        op.drop_table(name)
