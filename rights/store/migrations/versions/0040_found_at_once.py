"""What the console counts on every page is found by an index of nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_SAID = {
    "postgresql": """
        UPDATE package SET undecided = true WHERE state = 'ready' AND purged_at IS NULL
        AND EXISTS (SELECT 1 FROM step s WHERE s.request_id = package.request_id
          AND s.action = 'package' AND (s.result -> 'apart') ->> 'key' IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.chain = package.request_id
          AND e.event IN ('redactions_released', 'redactions_confirmed')
          AND coalesce(e.data ->> 'settled', 'true') <> 'false')
    """,
    "sqlite": """
        UPDATE package SET undecided = true WHERE state = 'ready' AND purged_at IS NULL
        AND EXISTS (SELECT 1 FROM step s WHERE s.request_id = package.request_id
          AND s.action = 'package' AND json_extract(s.result, '$.apart.key') IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.chain = package.request_id
          AND e.event IN ('redactions_released', 'redactions_confirmed')
          AND coalesce(json_extract(e.data, '$.settled'), 1) <> 0)
    """,
}
"""As it was told from steps and entries until now."""

_PARTIAL = (
    ("ix_package_undecided", "package", ("expires_at",), "undecided"),
    ("ix_step_drift", "step", ("request_id",), "code = 'drift'"),
    ("ix_request_waiting", "request", ("received_at", "id"), "closed_at IS NULL"),
)


def upgrade() -> None:
    """Say of each copy that is there whether it was decided on; add the indexes."""
    with op.batch_alter_table("package") as batch:
        batch.add_column(
            sa.Column("undecided", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.execute(_SAID[op.get_bind().dialect.name])
    with op.batch_alter_table("package") as batch:
        batch.alter_column("undecided", server_default=None)
    for name, table, columns, where in _PARTIAL:
        said = sa.text(where)
        op.create_index(name, table, [*columns], postgresql_where=said, sqlite_where=said)
    op.create_index("ix_plan_under", "plan", ["request_id", "config_hash"])


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_plan_under", "plan")
    for name, table, _, _ in reversed(_PARTIAL):
        op.drop_index(name, table)
    with op.batch_alter_table("package") as batch:
        batch.drop_column("undecided")
