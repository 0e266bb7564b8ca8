"""How members of staff sign in, what they keep, and what the console's pictures show."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _access()
    op.create_index("ix_request_received", "request", ["received_at", "id"])
    op.create_index("ix_request_promised", "request", ["promised_at", "id"])
    op.create_index("ix_request_closed", "request", ["closed_at"])
    op.create_table(
        "saved_view",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("staff_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("query", sa.String(1000), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_saved_view_staff_id", "saved_view", ["staff_id"])
    op.create_table(
        "assignment",
        sa.Column("request_id", sa.String(32), primary_key=True),
        sa.Column("staff_id", sa.String(32), nullable=False),
        sa.Column("assigned_by", sa.String(60), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_assignment_staff_id", "assignment", ["staff_id"])
    op.create_table(
        "figures",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )


def _access() -> None:
    op.create_table(
        "staff_login",
        sa.Column("staff_id", sa.String(32), primary_key=True),
        sa.Column("password", sa.String(200), nullable=False),
        sa.Column("password_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp", sa.LargeBinary(), nullable=False),
        sa.Column("totp_step", sa.Integer(), nullable=False),
        sa.Column("recovery", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        sa.Column("code_blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("account", sa.String(80), nullable=False),
    )
    op.create_index("ix_staff_login_account", "staff_login", ["account"])
    _coming_and_going()


def _coming_and_going() -> None:
    op.create_table(
        "staff_invitation",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("staff_id", sa.String(32), nullable=False),
        sa.Column("made_by", sa.String(60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_staff_invitation_staff_id", "staff_invitation", ["staff_id"])
    op.create_index("ix_staff_invitation_expires_at", "staff_invitation", ["expires_at"])
    op.create_table(
        "staff_session",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("public_id", sa.String(32), nullable=False, unique=True),
        sa.Column("staff_id", sa.String(32), nullable=False),
        sa.Column("stage", sa.String(8), nullable=False),
        sa.Column("agent", sa.String(160), nullable=False),
        sa.Column("pending", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_staff_session_staff_id", "staff_session", ["staff_id"])
    op.create_index("ix_staff_session_expires_at", "staff_session", ["expires_at"])


def downgrade() -> None:
    """Remove them: nobody signs in to a console of before."""
    op.drop_index("ix_request_closed", "request")
    op.drop_index("ix_request_promised", "request")
    op.drop_index("ix_request_received", "request")
    for name in (
        "figures",
        "assignment",
        "saved_view",
        "staff_session",
        "staff_invitation",
        "staff_login",
    ):
        op.drop_table(name)
