"""Entries of the trail are added and purged, nothing else; what the daily check of it found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_SQLITE = (
    """
    CREATE TRIGGER entry_unchanged BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'an entry of the audit trail is never changed'); END
    """,
    """
    CREATE TRIGGER entry_kept BEFORE DELETE ON entry
    WHEN NOT EXISTS (SELECT 1 FROM checkpoint_leaf AS leaf WHERE leaf.chain = OLD.chain
                     AND leaf.seq >= OLD.seq AND leaf.purged_at IS NOT NULL)
    BEGIN SELECT RAISE(ABORT, 'entries of the audit trail are removed by a purge on record'); END
    """,
)
_POSTGRES = (
    """
    CREATE FUNCTION entry_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'an entry of the audit trail is never changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE FUNCTION entry_kept() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM (SELECT chain, max(seq) AS seq FROM gone GROUP BY chain) AS last
            WHERE NOT EXISTS (
                SELECT FROM checkpoint_leaf AS leaf WHERE leaf.chain = last.chain
                AND leaf.seq >= last.seq AND leaf.purged_at IS NOT NULL)
        ) THEN
            RAISE EXCEPTION 'entries of the audit trail are removed by a purge on record'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    # By statement, not by row: a purge of a long day is looked at once.
    """
    CREATE TRIGGER entry_unchanged BEFORE UPDATE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION entry_unchanged()
    """,
    """
    CREATE TRIGGER entry_kept AFTER DELETE ON entry REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION entry_kept()
    """,
)

_OF_A_DAY = "substr(chain, 1, 4) = 'day:'"
_INDEXES = (
    ("ix_entry_day_event", ("event", "chain", "seq"), _OF_A_DAY),
    ("ix_entry_actor", ("actor", "at", "id"), f"{_OF_A_DAY} OR substr(actor, 1, 6) = 'staff:'"),
)
"""What an auditor asks for; an entry of a request that nobody of the staff made is in neither."""


def upgrade() -> None:
    """Make the table, and let the database refuse; whatever makes ``entry`` anew does it again."""
    op.create_table(
        "trail_check",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("chains", sa.Integer(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("checkpoints", sa.Integer(), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.Column("first_problems", sa.JSON(), nullable=False),
        sa.Column("mailed", sa.Boolean(), nullable=False),
    )
    for name, columns, where in _INDEXES:
        only = sa.text(where)
        op.create_index(name, "entry", list(columns), sqlite_where=only, postgresql_where=only)
    postgres = op.get_bind().dialect.name == "postgresql"
    for statement in _POSTGRES if postgres else _SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Take them away again."""
    postgres = op.get_bind().dialect.name == "postgresql"
    for name in ("entry_kept", "entry_unchanged"):
        op.execute(f"DROP TRIGGER {name}{' ON entry' if postgres else ''}")
        if postgres:
            op.execute(f"DROP FUNCTION {name}()")
    for name, _, _ in _INDEXES:
        op.drop_index(name, "entry")
    op.drop_table("trail_check")
