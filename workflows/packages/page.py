"""
``index.html``: the package as its owner reads it, offline, in two languages, without a script.

The page is rendered as a stream and asks for the rows of one table at a time, so that it never
holds more than the rows it is showing.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files as resources
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from connectors.sdk import Collection, DataMap
from workflows.packages.facts import CategoryFacts, Gone, RetentionFact, Withheld
from workflows.packages.manifest import instant
from workflows.packages.names import is_active
from workflows.packages.spool import FILE_FIELD
from workflows.packages.spool_index import Spooled
from workflows.packages.statements import Statement
from workflows.packages.terms import CHINESE, About, Disputed, Missing
from workflows.packages.words import Both, both, word
from workflows.packages.writer import FileEntry

Rows = Callable[[str, int], Iterable[Mapping[str, Any]]]
"""``rows(collection, count)``: the first records of a collection."""

_LONGEST_TEXT: Final = 600
_PIECE_CHARS: Final = 64 * 1024
_LITERAL: Final = re.compile(r"\[\[(.*?)\|\|(.*?)\]\]")
_CELL: Final = "\x1f"
_NEXT_CELL: Final = Markup("</td><td>")
_ROW: Final = "\x1e"
_NEXT_ROW: Final = Markup("</td></tr>\n<tr><td>")
_UNSEEN: Final = str.maketrans(dict.fromkeys((_CELL, _ROW), " "))
_SIGNS: Final = {None: "—", True: "✓", False: "✗"}


class Link(NamedTuple):
    """A data file as the page links to it."""

    href: str
    name: str
    bytes: int


class Row(NamedTuple):
    """
    One record on the page.

    Args:
        path: Of the file that the record describes, in the package; empty for none.
        href: The same as a link; empty where opening the file could run something.
    """

    texts: Sequence[str]
    path: str = ""
    href: str = ""
    name: str = ""


class Place(NamedTuple):
    """A table further up or down the page."""

    anchor: str
    title: Both


class Kept(NamedTuple):
    """One retention rule with the collections it is for; no titles when it is for all."""

    titles: tuple[Both, ...]
    text: Both


@dataclass(frozen=True, slots=True)
class Table:
    """One collection on the page."""

    anchor: str
    title: Both
    store: Both
    records: int
    shown: int
    columns: tuple[str, ...]
    heads: tuple[Both, ...]
    files: tuple[Link, ...]
    has_files: bool
    first: Callable[[int], Iterable[Mapping[str, Any]]]

    @property
    def count(self) -> str:
        """The number of records, grouped for reading."""
        return f"{self.records:,}"

    @property
    def body(self) -> Markup:
        """
        The rows from the first cell to the last, escaped in one go.

        Row by row and cell by cell a page takes five times as long, and it is most of a small
        package. The marks that stand between cells until then occur in no text: see ``_shown``.
        """
        rows = (_CELL.join(row.texts) for row in self.rows())
        return escape(_ROW.join(rows)).replace(_CELL, _NEXT_CELL).replace(_ROW, _NEXT_ROW)

    def rows(self) -> Iterator[Row]:
        """Read the first rows, now."""
        for record in self.first(self.shown):
            texts = [_shown(record.get(name)) for name in self.columns]
            path = record.get(FILE_FIELD, "")
            if path:
                name = path.rpartition("/")[2]
                yield Row(texts, path, "" if is_active(path) else _href(path), name)
            else:
                yield Row(texts)


@dataclass(frozen=True, slots=True)
class Group:
    """One category with what is shown under it."""

    facts: CategoryFacts
    tables: tuple[Table, ...]
    retention: tuple[Kept, ...]
    also: tuple[Place, ...]


def page(
    *,
    about: About,
    datamap: DataMap,
    spooled: Sequence[Spooled],
    files: Sequence[FileEntry],
    categories: Sequence[CategoryFacts],
    missing: Sequence[Missing],
    statements: Sequence[Statement],
    withheld: Sequence[Withheld],
    redacted: Sequence[Gone],
    disputed: Sequence[Disputed],
    rows: Rows,
    rows_shown: int,
) -> Iterator[bytes]:
    """Render the page in pieces."""
    made = _Maker(datamap, spooled, files, rows, rows_shown)
    style, policy = _style()
    stream = _template().generate(
        about=about,
        english=about.language != CHINESE,
        kind=word("kinds", about.kind),
        made=instant(about.generated_at),
        controller={k: _controller(datamap, k) for k in ("name", "contact")},
        records=f"{sum(s.records for s in spooled):,}",
        documents=sum(s.documents for s in spooled),
        missing=[made.gap(m) for m in missing],
        statements=statements,
        searched=bool(spooled),
        groups=[made.group(facts) for facts in categories],
        empty=[made.title(s.collection) for s in spooled if not s.records],
        withheld=withheld,
        others={"gone": redacted, "text": word("redacted", "other_people")},
        disputed=[made.dispute(d) for d in disputed],
        datamap=datamap,
        said=made.said,
        style=style,
        policy=policy,
    )
    return _pieces(stream)


class _Maker:
    """Puts together what the template shows."""

    def __init__(
        self,
        datamap: DataMap,
        spooled: Iterable[Spooled],
        files: Iterable[FileEntry],
        rows: Rows,
        rows_shown: int,
    ) -> None:
        self._datamap = datamap
        self._collections = {c.path: c for c in datamap.collections}
        self._stores = {s.name: both(s.title, s.name) for s in datamap}
        self._spooled = {s.collection: s for s in spooled}
        self._anchors = {path: f"t{n}" for n, path in enumerate(self._spooled, start=1)}
        self._rows = rows
        self._rows_shown = rows_shown
        self._links: dict[str, list[Link]] = {}
        for file in files:
            if file.role == "data":
                link = Link(_href(file.path), file.path.rpartition("/")[2], file.bytes)
                self._links.setdefault(file.collection, []).append(link)
        for links in self._links.values():
            # What a spreadsheet opens comes first; both kinds keep the order of their volumes.
            links.sort(key=lambda link: not link.name.endswith(".csv"))

    def said(self, text: str) -> Both:
        return both(self._datamap.text(text))

    def title(self, path: str) -> Both:
        collection = self._collections[path]
        return both(collection.title, collection.name)

    def gap(self, of: Missing) -> dict[str, Any]:
        store = self._stores.get(of.store) or Both(of.store, of.store)
        title = store
        if of.collection:
            known = self._collections.get(f"{of.store}.{of.collection}")
            name = both(known.title, known.name) if known else Both(of.collection, of.collection)
            title = Both(f"{store.zh} · {name.zh}", f"{store.en} · {name.en}")
        return {
            "title": title,
            "text": both(of.text, of.code),
            "basis": self._basis(of),
            "until": of.until.isoformat() if of.until else "",
        }

    def _basis(self, of: Missing) -> Both | str:
        if of.basis_zh:
            return Both(of.basis_zh, of.basis)
        return self.said(of.basis) if of.basis else ""

    def dispute(self, of: Disputed) -> dict[str, Any]:
        collection = self._collections.get(of.collection)
        title = self.title(of.collection) if collection else Both(of.collection, of.collection)
        name = _head(collection, of.field) if collection else Both(of.field, of.field)
        return {
            "title": Both(f"{title.zh} · {name.zh}", f"{title.en} · {name.en}"),
            "text": word("disputed", of.code),
            "claimed": _shown(of.claimed),
            "statement": of.statement,
            "since": instant(of.since)[:10],
        }

    def group(self, facts: CategoryFacts) -> Group:
        tables = tuple(self._table(self._spooled[path]) for path in facts.main)
        also = tuple(Place(self._anchors[path], self.title(path)) for path in facts.also)
        return Group(facts, tables, _kept(tuple(facts.retention.values())), also)

    def _table(self, of: Spooled) -> Table:
        collection = self._collections[of.collection]
        columns = tuple(name for name in of.columns if name != FILE_FIELD)
        return Table(
            anchor=self._anchors[of.collection],
            title=both(collection.title, collection.name),
            store=self._stores[collection.store],
            records=of.records,
            shown=min(self._rows_shown, of.records),
            columns=columns,
            heads=tuple(_head(collection, name) for name in columns),
            files=tuple(self._links.get(of.collection, ())),
            has_files=of.documents > 0,
            first=lambda count: self._rows(of.collection, count),
        )


def _kept(rules: Sequence[RetentionFact]) -> tuple[Kept, ...]:
    """Say a rule once for all collections it is for."""
    by_text: dict[Both, list[Both]] = {}
    for rule in rules:
        by_text.setdefault(rule.text, []).append(rule.title)
    if len(by_text) == 1:
        return (Kept((), next(iter(by_text))),)
    return tuple(Kept(tuple(titles), text) for text, titles in by_text.items())


def _head(collection: Collection, column: str) -> Both:
    of = collection.field(column)
    return both(of.title, column) if of else Both(column, column)


def _shown(value: Any) -> str:
    """Return a value as text for one cell, cut where it would drown the page."""
    if value is None or value is True or value is False:
        return _SIGNS[value]
    if isinstance(value, (dict, list)):
        value = orjson.dumps(value).decode()
    text = str(value)
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]}…"
    return text if text.isprintable() else text.translate(_UNSEEN)


def _href(path: str) -> str:
    return quote(path, safe="/")


def _controller(datamap: DataMap, key: str) -> Both | None:
    value = datamap.controller.get(key)
    if isinstance(value, Mapping):
        return both(value)
    return Both(str(value), str(value)) if value else None


def _pieces(stream: Iterable[str]) -> Iterator[bytes]:
    held: list[str] = []
    size = 0
    for text in stream:
        held.append(text)
        size += len(text)
        if size >= _PIECE_CHARS:
            yield "".join(held).encode()
            held.clear()
            size = 0
    yield "".join(held).encode()


class _Loader(PackageLoader):
    """Reads templates in which ``[[中文||English]]`` stands for a text in both languages."""

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool] | None]:
        source, name, fresh = super().get_source(environment, template)
        both_ways = r'<span lang="zh-CN">\1</span><span lang="en">\2</span>'
        return _LITERAL.sub(both_ways, source), name, fresh


@lru_cache(maxsize=1)
def _template() -> Template:
    # The policy of the page: whatever comes from a store is escaped.
    environment = Environment(
        loader=_Loader("workflows.packages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("index.html")


@lru_cache(maxsize=1)
def _style() -> tuple[Markup, str]:
    """Return our style sheet and the policy that lets it, and nothing else, take effect."""
    css = resources(__package__).joinpath("templates/page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return Markup(css), policy  # noqa: S704  # our own file, not data
