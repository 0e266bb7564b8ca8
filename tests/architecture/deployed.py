"""A register with the database roles of ``deploy/``."""

from __future__ import annotations

import re
import secrets
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.architecture.tree import ROOT

FILE = ROOT / "deploy" / "postgresql" / "roles.sql"
PROCESSES = ("web", "console", "worker", "relay")
_ROLES = ("owner", *PROCESSES)


class Register:
    """A register whose roles are those of ``deploy/``, under names of this test's own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.suffix = secrets.token_hex(4)
        text = FILE.read_text(encoding="utf-8")
        # What psql itself reads is for a register without tables; here they are there.
        lines = [line for line in text.splitlines() if not re.search(r"^\\|\\gset$", line)]
        self._sql = re.sub(
            rf"\brights_({'|'.join(_ROLES)})\b", rf"rights_\1_{self.suffix}", "\n".join(lines)
        )
        self.apply()

    def apply(self) -> None:
        """Run the file."""
        with self._connect() as connection:
            connection.execute(self._sql.encode())

    def as_role(self, process: str) -> str:
        """Return the address on which everything is done as the role of a process."""
        options = {"options": f"-c role=rights_{process}_{self.suffix}"}
        url = make_url(self.url).update_query_dict(options)
        return url.render_as_string(hide_password=False)

    def may(self, process: str, right: str, table: str) -> bool:
        """Return whether the role of a process has a right on a table."""
        role = f"rights_{process}_{self.suffix}"
        with self._connect() as connection:
            found = connection.execute(
                "SELECT has_table_privilege(%s, %s, %s)", (role, f'"{table}"', right)
            ).fetchone()
        assert found is not None
        return bool(found[0])

    def drop(self) -> None:
        """Take the roles away; they belong to the whole server."""
        with self._connect() as connection:
            for process in _ROLES:
                role = sql.Identifier(f"rights_{process}_{self.suffix}")
                connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
                connection.execute(sql.SQL("DROP ROLE {}").format(role))

    def _connect(self) -> psycopg.Connection:
        plain = make_url(self.url).set(drivername="postgresql")
        return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)


def stores() -> dict[str, dict[str, list[dict[str, Any]]]]:
    ann = {"id": 1, "email": "ann@example.com", "personalised": True, "status": "open"}
    letter = {"email": "ann@example.com", "topic": "tea", "restricted": False}
    return {"shop": {"users": [ann], "orders": []}, "letters": {"subscribers": [letter]}}
