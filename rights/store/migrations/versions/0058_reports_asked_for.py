"""Any report is asked for and made by the relay, not only evidence for an audit that is signed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def _new() -> tuple[sa.Column[Any], ...]:
    """Return the new columns: what is there was asked for as evidence for an audit, signed."""
    return (
        sa.Column("report", sa.String(20), nullable=False, server_default="audit"),
        sa.Column("public", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("signed", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("shape", sa.JSON(), nullable=False, server_default="{}"),
    )


def upgrade() -> None:
    """Call the table by what it holds now; what was signed stays."""
    op.drop_index("ix_signed_evidence_asked_at", "signed_evidence")
    op.rename_table("signed_evidence", "asked_report")
    with op.batch_alter_table("asked_report") as batch:
        for one in _new():
            batch.add_column(one)
    with op.batch_alter_table("asked_report") as batch:
        for one in _new():
            batch.alter_column(one.name, server_default=None)
    op.create_index("ix_asked_report_asked_at", "asked_report", ["asked_at"])


def downgrade() -> None:
    """Forget what is not signed, which can be made again."""
    op.execute(sa.text("DELETE FROM asked_report WHERE NOT signed"))
    op.drop_index("ix_asked_report_asked_at", "asked_report")
    with op.batch_alter_table("asked_report") as batch:
        for one in _new():
            batch.drop_column(one.name)
    op.rename_table("asked_report", "signed_evidence")
    op.create_index("ix_signed_evidence_asked_at", "signed_evidence", ["asked_at"])
