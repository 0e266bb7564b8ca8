"""How Alembic reaches the register: called by ``rights.store.migrate`` with an open connection."""

from __future__ import annotations

from alembic import context

from rights.store.migrate import compared, metadata, rendered

with_connection = context.config.attributes["connection"]

context.configure(
    connection=with_connection,
    target_metadata=metadata(),
    render_as_batch=True,
    render_item=rendered,
    compare_type=compared,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
