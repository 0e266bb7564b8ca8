"""
A first data map from a live schema: a draft to correct, every guess marked ``# confirm``.

Nothing is decided for the author: tables that no foreign key leads to from a person are listed
as comments, so that the check keeps asking about them until somebody has looked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

from connectors.sdk import Inventory, TableFound
from rights.domain.datamap import Store
from workflows.guesses import Arrow, Guessed, guessed
from workflows.personal import guess, split

_HEAD: Final = """\
# A draft made from the live schema. Every line marked "confirm" is a guess from a name or a
# foreign key: correct it, remove the mark, then run `rights datamap check`.
version: 1
controller:
  name: {zh: 待填写, en: to be filled in}  # confirm
  dpo_contact: to be filled in  # confirm: how people reach the personal information officer
"""

_PURPOSE: Final = (
    "- {name: service, title: {zh: 提供服务, en: Providing the service}, "
    "basis: contract, necessary: true}  # confirm"
)


def scaffold(found: Sequence[tuple[Store, Inventory]]) -> str:
    """Return a data map, as YAML text, for the stores that were looked at."""
    pairs = [(s, i, guessed(i)) for s, i in found]
    return "\n".join(
        [
            _HEAD.rstrip(),
            *_identifiers([g for _, _, g in pairs]),
            "purposes:",
            _PURPOSE,
            "stores:",
            *(line for store, inventory, g in pairs for line in _store(store, inventory, g)),
            "",
        ]
    )


def _identifiers(all_guessed: list[Guessed]) -> Iterator[str]:
    names = dict.fromkeys(
        name for g in all_guessed for columns in g.people.values() for name in columns
    )
    yield "identifiers:"
    for name in names or {"user_id": None}:
        if name == "email":
            yield "  email: {kind: contact, normalise: email}"
        elif name == "phone":
            yield "  phone: {kind: contact, normalise: e164, recycled: true}"
        else:
            yield f"  {name}: {{kind: account}}  # confirm"


def _store(store: Store, inventory: Inventory, g: Guessed) -> Iterator[str]:
    yield f"- name: {store.name}"
    yield f"  connector: {store.connector}"
    if store.settings:
        yield f"  settings: {_flow(store.settings)}"
    yield "  role: controller  # confirm"
    yield "  classification: unknown  # confirm: general, important or core"
    yield "  defaults: {basis: contract, purposes: [service], retention: none}  # confirm"
    yield "  collections:" if g.reached else "  collections: []"
    tables = {t.name: t for t in inventory.tables}
    for name in g.reached:
        yield from _collection(tables[name], g)
    rest = [t for t in inventory.tables if t.name not in g.reached]
    if rest:
        yield "  # No foreign key leads from these to a person. Map each, or excuse it:"
        yield "  # ignored:"
        yield from (f"  # - {{name: {_flow(t.name)}, because: …}}" for t in rest)
    for table in rest:
        yield from _pointed_at(table, [tables[name] for name in g.reached])


def _pointed_at(table: TableFound, reached: list[TableFound]) -> Iterator[str]:
    """Suggest the way to rows that look personal and that a person's rows point at."""
    if not any(guess(column) for column in table.columns):
        return
    for holder in reached:
        for columns, to, _ in holder.foreign_keys:
            if to == table.name:
                key = _flow(list(table.key))
                link = f"{{columns: {key}, to: {_flow(holder.name)}"
                yield f"  # {table.name} looks personal, and {holder.name} points at it. Perhaps:"
                yield (
                    f"  # - {{name: {_flow(table.name)}, key: {key}, links: [{link}, "
                    f"to_columns: {_flow(list(columns))}, role: owner}}]}}"
                )


def _collection(table: TableFound, g: Guessed) -> Iterator[str]:
    yield f"  - name: {_flow(table.name)}"
    identifies = g.people.get(table.name)
    if identifies:
        yield f"    identifies: {_flow(identifies)}  # confirm"
        yield "    erasure: anonymise  # confirm: delete, unless other rows must keep pointing here"
    if not table.key:
        yield "    key: []  # confirm: columns that are unique together; the table has no key"
    arrows = [a for a in g.arrows if a.table == table.name]
    guests = [] if identifies else _addresses(table, g)
    if guests or arrows:
        yield "    links:"
    for arrow in arrows:
        yield _link(arrow)
    for column in guests:
        link = f"{{columns: [{_flow(column)}], identifier: email, role: owner}}"
        yield f"    - {link}  # confirm: whose row it is where no account is named"
    yield from _fields(table, arrows)


def _addresses(table: TableFound, g: Guessed) -> list[str]:
    """Return the columns that seem to hold e-mail addresses, where people have one."""
    if not any("email" in columns for columns in g.people.values()):
        return []
    named = (c for c in table.columns if split(c).rpartition("_")[2] in {"email", "mail"})
    return [c for c in named if (found := guess(c)) and found.contact == "email"]


def _link(arrow: Arrow) -> str:
    to = f", to_columns: {_flow(list(arrow.to_columns))}" if arrow.to_columns else ""
    text = (
        f"- {{columns: {_flow(list(arrow.columns))}, to: {_flow(arrow.to)}{to}, "
        f"role: {arrow.role}}}"
    )
    circle = ": it closes a circle" if arrow.circular else ""
    return f"    {text}  # confirm{circle}"


def _fields(table: TableFound, arrows: list[Arrow]) -> Iterator[str]:
    pointing = {c for a in arrows for c in a.columns}
    plain = [c for c in table.columns if c not in pointing and c not in table.key]
    if plain:
        yield "    fields:"
    for column in plain:
        found = guess(column)
        name = _flow(column)
        if found is None:
            yield f"    - {{name: {name}, category: other}}  # confirm"
        elif found.secret:
            what = f"category: {found.category}, secret: {found.secret}"
            yield f"    - {{name: {name}, {what}}}  # confirm"
        else:
            yield f"    - {{name: {name}, category: {found.category}, disclose: true}}  # confirm"


def _flow(value: Any) -> str:
    plain = _plain(value)
    text = yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value
