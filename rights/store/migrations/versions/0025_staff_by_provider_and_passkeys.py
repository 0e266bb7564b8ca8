"""One account of staff for one account at the company's provider, and passkeys of staff."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_SET = sa.text("account <> ''")


def upgrade() -> None:
    """Let an account at the provider be of one member of staff; make the table of passkeys."""
    op.drop_index("ix_staff_login_account", "staff_login")
    op.create_index(
        "ux_staff_login_account",
        "staff_login",
        ["account"],
        unique=True,
        sqlite_where=_SET,
        postgresql_where=_SET,
    )
    op.create_table(
        "staff_passkey",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("staff_id", sa.String(32), nullable=False),
        sa.Column("credential", sa.String(80), nullable=False, unique=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_staff_passkey_staff_id", "staff_passkey", ["staff_id"])


def downgrade() -> None:
    """Remove them, and make the index a plain one again."""
    op.drop_table("staff_passkey")
    op.drop_index("ux_staff_login_account", "staff_login")
    op.create_index("ix_staff_login_account", "staff_login", ["account"])
