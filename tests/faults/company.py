"""
The people of the laboratory and all that is stored about them, made from their numbers.

Everything personal has the word CANARY in it, so that a search can find it where it must not be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from tests.connectors.backend_service import SECRET, Backend
from tests.servers.s3 import Bucket

MAP: Final = Path(__file__).with_name("datamap.yaml")
CANARY: Final = "canary"
"""In every value about a person, always in lower case."""

META: Final = sa.MetaData()


def _table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    key: sa.Column[Any] = sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)
    return sa.Table(name, META, key, *columns)


def _to(target: str, **more: Any) -> sa.Column[Any]:
    name, foreign = target.split(">")
    return sa.Column(name, sa.ForeignKey(f"{foreign}.id", **more), index=True)


TABLES: Final = (
    _table(
        "users",
        sa.Column("email", sa.String(120), unique=True),
        sa.Column("nickname", sa.String(80)),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("marketing", sa.Boolean, nullable=False),
        sa.Column("restricted", sa.Boolean, nullable=False),
    ),
    _table("orders", _to("user_id>users"), sa.Column("note", sa.String(80))),
    _table("items", _to("order_id>orders", ondelete="CASCADE"), sa.Column("name", sa.String(80))),
    _table(
        "comments",
        _to("author_id>users"),
        _to("parent_id>comments"),
        sa.Column("body", sa.String(80)),
    ),
    _table(
        "letters",
        _to("sender_id>users"),
        _to("recipient_id>users"),
        sa.Column("body", sa.String(80)),
        sa.Column("sender_ip", sa.String(40)),
    ),
    _table(
        "shares",
        _to("first_id>users"),
        _to("second_id>users"),
        sa.Column("title", sa.String(80)),
    ),
    _table(
        "invoices",
        sa.Column(
            "buyer", sa.Integer, index=True
        ),  # no foreign key: what the law keeps outlives it
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("name", sa.String(80)),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("restricted", sa.Boolean, nullable=False),
    ),
)

Row = dict[str, Any]
Rows = dict[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody: a number, and whose letters and shares they are in with the next one."""

    id: int

    @property
    def email(self) -> str:
        """Where mail about them goes."""
        return f"{CANARY}{self.id}@example.com"

    @property
    def nickname(self) -> str:
        """The name they chose, before any correction."""
        return f"{CANARY} nick {self.id}"

    @property
    def subject(self) -> dict[str, str]:
        """What their backend knows them by."""
        return {"user_id": str(self.id), "email": self.email}

    @property
    def files(self) -> dict[str, bytes]:
        """Key and content of their files."""
        return {
            f"avatars/{self.id}/{n}.txt": f"{CANARY} file {self.id} {n}".encode() for n in (1, 2)
        }


def rows_of(people: int) -> Rows:
    """Return the rows of the SQL store for persons 1 to *people*; each knows the next."""
    out: Rows = {table.name: [] for table in TABLES}
    recent = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=90)
    for n in range(1, people + 1):
        person, after = Person(n), n % people + 1
        out["users"].append(
            {"id": n, "email": person.email, "nickname": person.nickname, "status": "active"}
            | {"marketing": True, "restricted": False}
        )
        for k in range(3):
            order = n * 10 + k
            out["orders"].append({"id": order, "user_id": n, "note": f"{CANARY} note {order}"})
            out["items"] += [
                {"id": order * 10 + i, "order_id": order, "name": f"{CANARY} item {i}"}
                for i in range(2)
            ]
        mine, theirs = n * 10, after * 10
        out["comments"] += [
            {"id": mine, "author_id": n, "parent_id": None, "body": f"{CANARY} first {n}"},
            {"id": mine + 1, "author_id": n, "parent_id": mine, "body": f"{CANARY} self {n}"},
            {"id": mine + 2, "author_id": n, "parent_id": theirs, "body": f"{CANARY} reply {n}"},
        ]
        out["letters"].append(
            {"id": n, "sender_id": n, "recipient_id": after, "body": f"{CANARY} letter {n}"}
            | {"sender_ip": f"{CANARY}-ip-{n}"}
        )
        out["shares"].append(
            {"id": n, "first_id": n, "second_id": after, "title": f"{CANARY} share {n}"}
        )
        for k, day in enumerate((recent, datetime(2010, 1, 1))):  # noqa: DTZ001 - the column is naive
            out["invoices"].append(
                {"id": n * 10 + k, "buyer": n, "number": f"F{n}-{k}", "total": 100 + k}
                | {"name": f"{CANARY} payer {n}", "created_at": day, "restricted": False}
            )
    return out


def service_rows(people: int) -> Rows:
    """Return the rows of the service."""
    numbers = range(1, people + 1)
    return {
        "profiles": [
            {"user_id": str(n), "personalised": True, "taste": f"{CANARY} taste {n}"}
            | {"restricted": False}
            for n in numbers
        ],
        "tags": [
            {"id": f"t{n}-{k}", "user_id": str(n), "name": f"{CANARY} tag {k}"}
            for n in numbers
            for k in range(2)
        ],
    }


def fill(engine: sa.Engine, people: int) -> None:
    """Make and fill the SQL store; a reply points at a comment made later, so in two steps."""
    META.create_all(engine)
    made = rows_of(people)
    with engine.begin() as connection:
        for table in TABLES:
            rows = made[table.name]
            if table.name == "comments":
                bare = [{**row, "parent_id": None} for row in rows]
                connection.execute(sa.insert(table), bare)
                _point(connection, table, rows)
            else:
                connection.execute(sa.insert(table), rows)


def _point(connection: sa.Connection, table: sa.Table, rows: Iterable[Row]) -> None:
    update = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("which"))
        .values(parent_id=sa.bindparam("parent"))
    )
    given = [{"which": r["id"], "parent": r["parent_id"]} for r in rows if r["parent_id"]]
    connection.execute(update, given)


def fill_files(bucket: Bucket, people: Iterable[int]) -> None:
    """Put the files of these people into the bucket."""
    client = bucket.client()
    for n in people:
        for key, content in Person(n).files.items():
            client.put_object(Bucket=bucket.bucket, Key=key, Body=content)
    client.close()


def service(people: int) -> Backend:
    """Return the company's own service, filled."""
    return Backend(tables=service_rows(people), keys={"profiles": ("user_id",)})


def secrets_of(shop_url: str, bucket: Bucket, backend: Backend) -> Mapping[str, str]:
    """Return the environment variables by which workers reach the stores."""
    values = {
        "SHOP_URL": shop_url,
        "FILES_ENDPOINT": bucket.endpoint,
        "FILES_ACCESS_KEY": bucket.access_key,
        "FILES_SECRET_KEY": bucket.secret_key,
        "FILES_BUCKET": bucket.bucket,
        "SERVICE_URL": backend.url,
        "SERVICE_KEY": SECRET,
    }
    return {f"RIGHTS_SECRET_{name}": value for name, value in values.items()}
