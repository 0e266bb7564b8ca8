"""Putting a MariaDB database back: only the tables that changed, by their checksums."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection


class Pristine:
    """
    A copy of a filled database, made what it was as often as needed.

    Args:
        template: The address of the database to copy.
        url: The address of an empty one; connections to it are kept until ``close``.
    """

    def __init__(self, template: str, url: str) -> None:
        self.url = url
        self._template = str(sa.make_url(template).database)
        self._engine = sa.create_engine(url)
        with self._engine.begin() as connection:
            self._tables = tuple(sa.inspect(connection).get_table_names(self._template))
            connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS = 0")
            for name in self._tables:
                shown = connection.exec_driver_sql(f"SHOW CREATE TABLE {self._source(name)}").one()
                connection.exec_driver_sql(shown[1].replace("%", "%%"))
                self._fill(connection, name)
            connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS = 1")
            self._sums = self._checksums(connection)

    def restore(self) -> None:
        """Make every table what it was."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS = 0")
            here = tuple(sa.inspect(connection).get_table_names())
            for name in set(here) - set(self._tables):
                connection.exec_driver_sql(f"DROP TABLE `{name}`")
            now = self._checksums(connection)
            for name in self._tables:
                if now[name] != self._sums[name]:
                    connection.exec_driver_sql(f"DELETE FROM `{name}`")
                    self._fill(connection, name)
            connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS = 1")

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()

    def _source(self, name: str) -> str:
        return f"`{self._template}`.`{name}`"

    def _fill(self, connection: Connection, name: str) -> None:
        connection.exec_driver_sql(f"INSERT INTO `{name}` SELECT * FROM {self._source(name)}")

    def _checksums(self, connection: Connection) -> dict[str, Any]:
        listed = ", ".join(f"`{name}`" for name in self._tables)
        found = connection.exec_driver_sql(f"CHECKSUM TABLE {listed}")
        return {str(name).rpartition(".")[2]: value for name, value in found}
