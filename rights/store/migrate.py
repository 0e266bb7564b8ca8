"""
The register's schema, version by version.

``python -m rights.store.migrate "what changed"`` writes the next version from the models;
``check`` says where models and migrations differ. Then ``python -m checks.fresh_register --write``
keeps what they lead to, so that an empty register is made without them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Enum, MetaData, String, text
from sqlmodel import SQLModel

from rights.domain.errors import ConfigError
from rights.store import fresh, models
from rights.store.columns import UtcDateTime
from rights.store.db import open_engine
from rights.store.revision import needed

FOLDER: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x7269676874  # "right": two processes that start at once migrate one after another


def metadata() -> MetaData:
    """Return what the models say the schema is."""
    assert models.__all__
    return SQLModel.metadata


def upgrade(url: str, revision: str = "head") -> None:
    """
    Bring the register at *url* to *revision*; nothing happens when it is there.

    The migrations are loaded only for a register that they have something to do with.

    Raises:
        ConfigError: it is at a revision that this version of the product does not know.
    """
    with _configured(url) as (config, connection):
        if revision == "head" and (fresh.make(connection) or _at(connection) == needed()):
            return
        _known(config, connection)
        command.upgrade(config, revision)


def downgrade(url: str, revision: str) -> None:
    """Take the register at *url* back to *revision* (``base``: to nothing)."""
    with _configured(url) as (config, _):
        command.downgrade(config, revision)


def current(url: str) -> str | None:
    """Return the revision of the register at *url*, None for an empty database."""
    with _configured(url) as (_, connection):
        return _at(connection)


def _at(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def check(url: str) -> list[str]:
    """Return where the register at *url* differs from the models; empty after ``upgrade``."""
    with _configured(url) as (_, connection):
        options = {"compare_type": compared, "render_as_batch": True}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata())
        return [_said(difference) for difference in found]


def _said(difference: Any) -> str:
    return " ".join(str(part) for part in _flat(difference))


def _flat(difference: Any) -> Iterator[Any]:
    if isinstance(difference, list | tuple):
        for part in difference:
            yield from _flat(part)
    elif difference is not None:
        yield difference


def rendered(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own column types as what they are in the database."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Enum):
        return f"sa.String(length={item.length})"
    if kind == "type" and isinstance(item, String) and type(item).__module__.startswith("sqlmodel"):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def compared(
    _context: Any, _inspected: Any, _column: Any, inspected_type: Any, model_type: Any
) -> bool | None:
    """Tell whether a type changed: an enum is text, and as long as it says."""
    if isinstance(model_type, Enum):
        return getattr(inspected_type, "length", None) != model_type.length
    return None


@contextmanager
def _configured(url: str) -> Iterator[tuple[Config, Connection]]:
    engine = open_engine(url, pool=1)
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            config.attributes["connection"] = connection
            yield config, connection
    finally:
        engine.dispose()


def _known(config: Config, connection: Connection) -> None:
    have = _at(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if have is not None and have not in known:
        raise ConfigError(
            f"the register is at revision {have}, which this version does not know: "
            "run a version at least as new as the one that migrated it"
        )


def write(message: str) -> None:
    """Write the next version: what the models say and the migrations so far do not."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/register.db"
        upgrade(url)
        with _configured(url) as (config, _):
            last = max(int(file.name[:4]) for file in (FOLDER / "versions").glob("0*.py"))
            command.revision(config, message, autogenerate=True, rev_id=f"{last + 1:04}")


if __name__ == "__main__":
    write(" ".join(sys.argv[1:]) or "Change the register")
