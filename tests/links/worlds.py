"""Random worlds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.links.world import Column, Link, Row, Table, World

ROLES = ["owner"] * 6 + ["accessor"] * 3 + ["none"] * 2 + ["owns", "accesses"]

PEOPLE = 3


@dataclass(frozen=True)
class Kinds:
    """Which constructs a world may have."""

    circles: bool = True
    no_key: bool = True
    typed: bool = True
    keep: bool = True
    deferrable: bool = True
    tables: int = 4


EVERYTHING = Kinds()


@st.composite
def worlds(draw: st.DrawFn, kinds: Kinds = EVERYTHING) -> World:
    """A few tables around one or two tables of people, with a handful of rows each."""
    people = [_users(draw)]
    if draw(st.booleans()):
        people.append(_staff(draw))
    tables = [
        *people,
        *(_plain(draw, f"t{n}", kinds) for n in range(draw(st.integers(1, kinds.tables)))),
    ]
    for number, table in enumerate(tables):
        _link(draw, table, tables, number, kinds)
    _reachable(tables)
    for table in tables:
        _fill(draw, table)
    for table in tables:
        _point(draw, table, tables)
    person = draw(
        st.sampled_from([{"user_id": "1"}, {"user_id": "2"}, {"email": "u1@example.com"}])
    )
    return World(tables, person)


def _users(draw: st.DrawFn) -> Table:
    columns = [Column("id", nullable=False), Column("email", "VARCHAR(40)"), *_said()]
    erasure = draw(st.sampled_from(["delete"] * 3 + ["anonymise"]))
    return Table(
        "users",
        ("id",),
        columns,
        [],
        {"user_id": "id", "email": "email"},
        erasure,
        ("body", "note"),
    )


def _staff(draw: st.DrawFn) -> Table:
    columns = [Column("id", nullable=False), Column("email", "VARCHAR(40)"), *_said()]
    identifies = {"staff_id": "id"}
    if draw(st.booleans()):
        identifies["email"] = "email"
    return Table("staff", ("id",), columns, [], identifies, "delete", ("body", "note"))


def _said() -> list[Column]:
    return [Column("body", "VARCHAR(40)"), Column("note", "VARCHAR(40)")]


def _plain(draw: st.DrawFn, name: str, kinds: Kinds) -> Table:
    key = draw(st.sampled_from([("id",)] * 3 + [("tenant", "no")] + [()] * kinds.no_key))
    columns = [Column(n, nullable=False) for n in key]
    erasure = draw(st.sampled_from(["delete"] * 5 + ["anonymise"]))
    return Table(name, key, [*columns, *_said()], [], {}, erasure)


def _link(draw: st.DrawFn, table: Table, tables: list[Table], number: int, kinds: Kinds) -> None:
    person = bool(table.identifies)
    least = 0 if person else 1
    for count in range(draw(st.integers(least, 1 if person else 3))):
        forms = ["row"] * 5 + ([] if person else ["contact"])
        forms += ["typed"] if kinds.typed and not person else []
        form = draw(st.sampled_from(forms))
        mask = ("note",) if draw(st.integers(0, 3)) == 0 else ()
        if form == "contact":
            _contact(draw, table, count, mask)
        else:
            _row_link(draw, table, tables, number, count, mask, kinds, typed=form == "typed")


def _contact(draw: st.DrawFn, table: Table, count: int, mask: tuple[str, ...]) -> None:
    name = f"mail{count}"
    table.columns.append(Column(name, "VARCHAR(40)", nullable=draw(st.booleans())))
    role = draw(st.sampled_from(["owner", "owner", "accessor"]))
    table.links.append(Link((name,), role, identifier="email", mask=mask))


def _row_link(
    draw: st.DrawFn,
    table: Table,
    tables: list[Table],
    number: int,
    count: int,
    mask: tuple[str, ...],
    kinds: Kinds,
    *,
    typed: bool,
) -> None:
    among = tables if kinds.circles and draw(st.integers(0, 3)) == 0 else tables[: number + 1]
    among = (
        [t for t in among if t.key] if table.key else [t for t in among if t.key and t is not table]
    )
    if not among:
        return
    to = draw(st.sampled_from(among))
    role = draw(st.sampled_from(ROLES))
    if role in {"owns", "accesses"} and (to.identifies or not table.key or to is table):
        role = "owner"
    if role == "owner" and table.identifies and to is table:
        role = "accessor"  # an account that owns one of its own kind is that one, merged
    nullable = draw(st.sampled_from([True, True, False]))
    names = tuple(f"p{count}_{c}" for c in to.key)
    table.columns += [Column(n, nullable=nullable) for n in names]
    link = Link(names, role, to.name, to.key, mask=mask if role != "none" else ())
    link.foreign = not typed and draw(st.booleans())
    link.deferrable = kinds.deferrable and draw(st.booleans())
    if typed:
        kind = f"kind{count}"
        table.columns.append(Column(kind, "VARCHAR(10)"))
        link.type = (kind, "x")
    if role == "none":
        link.depth = draw(st.sampled_from(["", "shallow", "deep"]))
    elif role in {"owner", "accessor"}:
        _effects(draw, link, table, kinds)
    table.links.append(link)


def _effects(draw: st.DrawFn, link: Link, table: Table, kinds: Kinds) -> None:
    choice = draw(st.integers(0, 11))
    if choice == 0:
        link.on_erasure = "delete"
    elif choice == 1:
        link.anonymise = ("body", *link.columns)
    elif choice == 2 and kinds.keep and not link.foreign:
        link.on_erasure = "keep"


def _reachable(tables: list[Table]) -> None:
    """Give every table a way to people: the map refuses one that has none."""
    found = {t.name for t in tables if t.identifies}
    while True:
        ends = {
            t.name
            for t in tables
            for k in t.links
            if k.role in {"owner", "accessor"} and (k.identifier or k.to in found)
        }
        ends |= {
            k.to
            for t in tables
            for k in t.links
            if k.role in {"owns", "accesses"} and t.name in found
        }
        if ends <= found:
            break
        found |= ends
    for table in tables:
        if table.name not in found:
            table.columns.append(Column("last_user"))
            table.links.append(Link(("last_user",), "owner", "users", ("id",)))


def _fill(draw: st.DrawFn, table: Table) -> None:
    count = PEOPLE if table.identifies else draw(st.integers(1, 5))
    for n in range(1, count + 1):
        row: Row = {c.name: None for c in table.columns}
        if table.key == ("tenant", "no"):
            row |= {"tenant": (n + 1) // 2, "no": n}
        elif table.key:
            row["id"] = n
        row |= {"body": f"{table.name}-{n}", "note": f"note-{table.name}-{n}"}
        if table.name == "users":
            row["email"] = f"u{n}@example.com"
        elif table.name == "staff":  # the first is a user too, by address
            row["email"] = draw(st.sampled_from([f"U{n}@example.com", f"s{n}@example.com", None]))
        table.rows.append(row)


def _point(draw: st.DrawFn, table: Table, tables: list[Table]) -> None:
    by_name = {t.name: t for t in tables}
    for row in table.rows:
        for link in table.links:
            if link.type:
                row[link.type[0]] = draw(st.sampled_from(["x", "x", "y", None]))
            if link.identifier:
                empty: Any = None if table.column(link.columns[0]).nullable else ""
                row[link.columns[0]] = draw(
                    st.sampled_from([empty, "u1@example.com", "U2@example.com", "x@example.com"])
                )
                continue
            to = by_name[link.to]
            other = draw(st.sampled_from(to.rows))
            loose = table.column(link.columns[0]).nullable
            if loose and draw(st.integers(0, 3)) == 0:
                continue
            row |= {c: other[k] for c, k in zip(link.columns, link.to_columns, strict=True)}
