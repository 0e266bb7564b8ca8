"""A world in a live database, and the product run on it through its public face."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from rights.domain.kinds import Kind
from rights.settings import Settings
from rights.store.migrate import upgrade
from tests.links.world import World
from tests.oscar.packages import records
from workflows.inline import Order, run, settings_in

Picture = dict[str, Counter[tuple[Any, ...]]]


class Lab:
    """
    One database at *url*, filled anew for every world.

    Args:
        template: A folder with a register that is migrated already.
    """

    def __init__(self, url: str, template: Path) -> None:
        self.url = url
        self.template = template
        self.engine = sa.create_engine(url, poolclass=sa.NullPool)
        self.dialect = self.engine.dialect.name
        self.waits = self.dialect != "mysql"

    def build(self, world: World) -> None:
        """Make the tables of *world* and their rows; foreign keys hold afterwards."""
        with self.engine.connect() as connection:
            self._drop(connection)
            inline = self.dialect == "sqlite"
            for table in world.tables:
                connection.exec_driver_sql(table.ddl(inline=inline))
            for table in world.tables:
                if table.rows:
                    columns: list[Any] = [sa.column(c.name) for c in table.columns]
                    connection.execute(sa.insert(sa.table(table.name, *columns)), table.rows)
            for table in world.tables if not inline else ():
                for text in table.foreign_ddl(deferrable=self.dialect == "postgresql"):
                    connection.exec_driver_sql(text)
            connection.commit()

    def _drop(self, connection: sa.Connection) -> None:
        if self.dialect == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        elif self.dialect == "mysql":
            connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS = 0")
        for name in sa.inspect(connection).get_table_names():
            tail = " CASCADE" if self.dialect == "postgresql" else ""
            connection.exec_driver_sql(f"DROP TABLE {name}{tail}")
        if self.dialect == "mysql":
            connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS = 1")
        connection.commit()

    def picture(self, world: World) -> Picture:
        """Return every row of every table."""
        with self.engine.connect() as connection:
            return {
                t.name: Counter(
                    tuple(row)
                    for row in connection.exec_driver_sql(
                        f"SELECT {', '.join(c.name for c in t.columns)} FROM {t.name}"
                    )
                )
                for t in world.tables
            }

    def broken(self) -> list[Any]:
        """Return rows whose foreign key points nowhere; SQLite alone lets that happen."""
        if self.dialect != "sqlite":
            return []
        with self.engine.connect() as connection:
            return list(connection.exec_driver_sql("PRAGMA foreign_key_check").all())

    def ask(self, world: World, kind: Kind, *options: str, **given: Any) -> dict[str, Any]:
        """Run one request; ``records`` are those of its package."""
        [outcome] = self.ask_for(world, [world.person], kind, *options, **given)
        return outcome

    def ask_for(
        self,
        world: World,
        people: Sequence[Mapping[str, str]],
        kind: Kind,
        *options: str,
        **given: Any,
    ) -> list[dict[str, Any]]:
        """Run the same request for several people, as one file of them would."""
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            shutil.copytree(self.template, place / "state")
            file = place / "datamap.yaml"
            file.write_text(world.datamap(), encoding="utf-8")
            asked = {"kind": str(kind), "options": options}
            orders = [Order.read(asked, person) for person in people]
            more = {"state": place / "state", "out": place / "out", **given}
            with pytest.MonkeyPatch.context() as patch:  # several labs may be open at once
                patch.setenv("RIGHTS_SECRET_LAB_URL", self.url)
                outcomes = run(file, orders, more)
            for outcome in outcomes:
                if outcome["package"]:
                    outcome["records"] = records(outcome["package"])
            return outcomes


@contextmanager
def opened(url: str, template: Path) -> Iterator[Lab]:
    """Yield a lab over a register that is migrated already, and that tries again at once."""
    lab = Lab(url, template)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workflows.inline.upgrade", lambda _: None)  # the template's is done
        patch.setattr("workflows.inline.settings_in", impatient)
        yield lab
    lab.engine.dispose()


def impatient(file: Path, state: Path) -> Settings:
    """Return settings that try again at once, and not for long: what fails here fails for good."""
    return settings_in(file, state).model_copy(update={"backoff_s": (0, 0), "inline_s": 5.0})


def register(folder: Path) -> Path:
    """Return *folder* with a migrated register in it."""
    (folder / "map.yaml").write_text("", encoding="utf-8")
    state = folder / "state"
    upgrade(settings_in(folder / "map.yaml", state).database_url)
    return state
