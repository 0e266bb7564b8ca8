"""
What a database shows of its load: how far replicas are behind, how many wait for locks.

An account without rights sees the locks of everybody on PostgreSQL and a counter on MariaDB; it
does not see how far replicas are. Not seeing is an error here and never "all is well".
"""

from __future__ import annotations

from math import inf
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Engine

from connectors.sdk import Misconfigured, Strain
from connectors.sql.engines import Engines

_WAITING: Final = {
    "postgresql": "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid IN"
    " (SELECT pid FROM pg_locks WHERE database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database()))",
    "mysql": "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'",
}

_IS_REPLICA: Final = "SELECT pg_is_in_recovery()"

_REPLICAS: Final = sa.text(
    "SELECT count(*) FILTER (WHERE state IS NULL) AS hidden, max("
    "  CASE WHEN replay_lsn < pg_current_wal_lsn() THEN greatest("
    "  extract(epoch FROM coalesce(replay_lag, interval '0')),"
    "  extract(epoch FROM now() - reply_time) - 10) ELSE 0 END) AS seconds"
    " FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup'"
)
"""A replica that says nothing is behind too; one that has nothing to say speaks every 10 s."""

_REPLICA: Final = sa.text(
    "SELECT CASE WHEN EXISTS (SELECT FROM pg_stat_wal_receiver)"
    " AND pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn() THEN 0 ELSE coalesce("
    " CAST(extract(epoch FROM now() - pg_last_xact_replay_timestamp()) AS float8),"
    " 'Infinity') END"
)
"""One that is behind and has replayed nothing yet does not know how far: endlessly, then."""

_MAY_NOT: Final = frozenset({1227, 1044, 1142})
_BEHIND: Final = ("Seconds_Behind_Master", "Seconds_Behind_Source")


class Gauge:
    """
    Asks one database how it is.

    Args:
        replica: A ``read_url`` of its own is given: the replica itself can be asked.
    """

    def __init__(self, engines: Engines, *, replica: bool) -> None:
        self._engines, self._replica = engines, replica

    def read(self, *, lag: bool, locks: bool) -> Strain:
        """
        Return what was asked for.

        Raises:
            Misconfigured: the account may not see it, or the database does not tell.
        """
        dialect = self._engines.acting.dialect.name
        if dialect not in {"postgresql", "mysql", "mariadb"}:
            raise Misconfigured(f"sql: {dialect} shows no strain; leave out 'pause_when'")
        postgres = dialect == "postgresql"
        behind = (self._postgres_lag() if postgres else self._mysql_lag()) if lag else 0.0
        return Strain(behind, self._waiting("postgresql" if postgres else "mysql") if locks else 0)

    def _waiting(self, dialect: str) -> int:
        with self._engines.acting.connect() as connection:
            row = connection.exec_driver_sql(_WAITING[dialect]).one()
        return int(row[-1])

    def _postgres_lag(self) -> float:
        found = [self._postgres_behind(self._engines.acting)]
        if self._replica:
            found.append(self._postgres_behind(self._engines.reading))
        known = [seconds for seconds in found if seconds is not None]
        if not known:
            raise Misconfigured(
                "sql: the account may not see how far replicas are behind; grant it pg_monitor,"
                " give a replica as 'read_url', or leave out 'replication_lag_s'"
            )
        return max(known)

    def _postgres_behind(self, engine: Engine) -> float | None:
        """Return seconds, or None where the account may not see them."""
        with engine.connect() as connection:
            if connection.exec_driver_sql(_IS_REPLICA).scalar_one():
                return float(connection.execute(_REPLICA).scalar_one())
            hidden, seconds = connection.execute(_REPLICAS).one()
        # A primary tells nothing of what is hidden; where a replica is asked itself, that will do.
        return None if hidden else float(seconds or 0)

    def _mysql_lag(self) -> float:
        """Ask the replica: a primary does not know how far its replicas are."""
        engine = self._engines.reading if self._replica else self._engines.acting
        try:
            with engine.connect() as connection:
                row = connection.exec_driver_sql(_status(connection)).mappings().first()
        except exc.DBAPIError as error:
            if not _denied(error):
                raise
            row, denied = None, True
        else:
            denied = False
        if denied:
            raise Misconfigured(
                "sql: the account may not see how far this replica is behind; grant it REPLICA"
                " MONITOR (MySQL: REPLICATION CLIENT), or leave out 'replication_lag_s'"
            )
        if row is None:
            raise Misconfigured(
                "sql: a primary does not know how far its replicas are behind; give one as"
                " 'read_url', or leave out 'replication_lag_s'"
            )
        seconds = next(row[name] for name in _BEHIND if name in row)
        return inf if seconds is None else float(seconds)  # NULL: replication stands still


def _status(connection: sa.Connection) -> str:
    mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
    return "SHOW SLAVE STATUS" if mariadb else "SHOW REPLICA STATUS"


def _denied(error: exc.DBAPIError) -> bool:
    args: tuple[Any, ...] = getattr(error.orig, "args", ())
    return bool(args) and args[0] in _MAY_NOT
