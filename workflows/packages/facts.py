"""
What must be said about each category of data: why, from where, how long, to whom.

Everything here follows from the data map and from which collections hold something of this
person's; no row is looked at.

Source: PIPL 17, 45, 48; GDPR 15(1); R-PKG-1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from connectors.sdk import Collection, DataMap, MapField, Store
from rights.domain.datamap import Recipient
from workflows.packages.disclosure import Act, Policy, Why, act
from workflows.packages.spool import FILE_FIELD
from workflows.packages.spool_index import Spooled
from workflows.packages.words import Both, basis, both, period, word

FILE_TITLE: Final = Both("文件内容或名称", "The file or its name")

_WITHHELD: Final = {
    Why.SECRET: "secret",
    Why.OTHER_PERSON: "other_person",
    Why.UNDISCLOSED: "not_disclosed",
}


@dataclass(frozen=True, slots=True)
class PurposeFact:
    """What data of a category is used for, and on what ground."""

    name: str
    title: Both
    basis: Both


@dataclass(frozen=True, slots=True)
class RetentionFact:
    """How long rows of one collection stay."""

    collection: str
    title: Both
    text: Both
    period: str = ""
    from_: str = ""
    basis: str = ""
    rank: str = ""


@dataclass(slots=True)
class CategoryFacts:
    """
    One category of data that this person's package holds something of.

    Args:
        main: Collections shown under this category: most of their fields belong to it.
        also: Collections that hold fields of it and are shown elsewhere.
    """

    name: str
    title: Both
    sensitive: bool = False
    purposes: dict[str, PurposeFact] = field(default_factory=dict)
    bases: dict[str, Both] = field(default_factory=dict)
    sources: dict[str, Both] = field(default_factory=dict)
    retention: dict[str, RetentionFact] = field(default_factory=dict)
    recipients: dict[tuple[str, str], Recipient] = field(default_factory=dict)
    main: list[str] = field(default_factory=list)
    also: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Withheld:
    """A declared field whose values are not in the package as they are."""

    collection: str
    field: str
    category: str
    code: str
    text: Both


def shown_fields(collection: Collection, found: Spooled, policy: Policy) -> Iterator[MapField]:
    """Yield the fields of which the rows of this person hold something that is given."""
    for of in collection.fields:
        root = of.name.partition(".")[0].removesuffix("[]")
        there = of.name in found.columns or root in found.columns
        if there and act(of, policy)[0] is not Act.DROP:
            yield of


def categories(
    datamap: DataMap, held: Mapping[str, Spooled], policy: Policy
) -> tuple[CategoryFacts, ...]:
    """
    Return the facts of every category found in *held*, in the map's order.

    Args:
        held: By path, the collections that hold something of this person's.
    """
    out: dict[str, CategoryFacts] = {}
    for store in datamap:
        for collection in store.collections:
            if found := held.get(collection.path):
                _take(out, datamap, store, collection, shown_fields(collection, found, policy))
    return tuple(out.values())


def withheld(
    datamap: DataMap,
    held: Mapping[str, Spooled],
    policy: Policy,
    asked_for: Callable[[MapField], bool] = lambda _: True,
) -> tuple[Withheld, ...]:
    """
    Return every declared field of *held* that is not given, or only described.

    Args:
        asked_for: A field that nobody asked for is not kept back.
    """
    out = []
    for collection in datamap.collections:
        if collection.path not in held:
            continue
        for of in collection.fields:
            what, why = act(of, policy)
            if what is not Act.SHOW and asked_for(of):
                out.append(_withheld(datamap, collection, of, _WITHHELD[why]))
    return tuple(out)


@dataclass(frozen=True, slots=True)
class Gone:
    """What was taken out of the values of one field: what it was, and how often, no value."""

    collection: str
    title: Both
    field: str
    field_title: Both
    counts: Mapping[str, int]

    @property
    def said(self) -> Both:
        """The counts in words."""
        zh = "、".join(f"{word('others', w).zh} {n}" for w, n in self.counts.items())
        en = ", ".join(f"{word('others', w).en}: {n}" for w, n in self.counts.items())
        return Both(zh, en)


def redacted(datamap: DataMap, spooled: Iterable[Spooled]) -> tuple[Gone, ...]:
    """Return the fields out of whose values somebody else's data was taken."""
    return tuple(gone for of in spooled for gone in _gone(datamap, of))


def _gone(datamap: DataMap, of: Spooled) -> Iterator[Gone]:
    collection = datamap.collection(of.collection)
    counts: dict[str, dict[str, int]] = {}
    for each in of.redacted:
        counts.setdefault(each.field, {})[each.what] = each.count
    title = both(collection.title, collection.name)
    for name, by_what in counts.items():
        known = collection.field(name)
        plain = FILE_TITLE if name == FILE_FIELD else Both(name, name)
        yield Gone(of.collection, title, name, both(known.title, name) if known else plain, by_what)


def _withheld(datamap: DataMap, collection: Collection, of: MapField, code: str) -> Withheld:
    text = word("withheld", code)
    if of.because:
        why = both(datamap.text(of.because))
        text = Both(f"{text.zh}（{why.zh}）", f"{text.en} ({why.en})")
    return Withheld(collection.path, of.name, of.category, code, text)


def _take(
    out: dict[str, CategoryFacts],
    datamap: DataMap,
    store: Store,
    collection: Collection,
    fields: Iterable[MapField],
) -> None:
    counts: dict[str, int] = {}
    for of in fields:
        counts[of.category] = counts.get(of.category, 0) + 1
        facts = out.get(of.category)
        if facts is None:
            facts = out[of.category] = CategoryFacts(of.category, word("categories", of.category))
        _take_field(facts, datamap, of)
        if collection.path not in facts.retention:
            facts.retention[collection.path] = retention(datamap, collection)
    main = max(counts, key=counts.__getitem__, default="")
    for name in counts:
        facts = out[name]
        (facts.main if name == main else facts.also).append(collection.path)
        for to in store.recipients:
            if not to.categories or name in to.categories:
                facts.recipients.setdefault((to.name, to.purpose), to)


def _take_field(facts: CategoryFacts, datamap: DataMap, of: MapField) -> None:
    facts.sensitive = facts.sensitive or of.sensitive
    facts.sources.setdefault(of.source, word("sources", of.source))
    for name in of.purposes:
        if name not in facts.purposes:
            known = datamap.purposes.get(name)
            title = both(known.title, name) if known else Both(name, name)
            ground = (known.basis if known else "") or of.basis
            facts.purposes[name] = PurposeFact(name, title, basis(ground))
    if of.basis and not of.purposes:
        facts.bases.setdefault(of.basis, basis(of.basis))


def retention(datamap: DataMap, collection: Collection) -> RetentionFact:
    """Say how long rows of a collection are kept."""
    title = both(collection.title, collection.name)
    rule = collection.retention
    if rule is None:
        return RetentionFact(collection.path, title, _without_rule(datamap, collection))
    zh, en = period(rule.period)
    ground = both(datamap.text(rule.basis))
    if rule.with_:
        text = Both(
            f"与其所属记录一同保存 {zh}（依据：{ground.zh}）",
            f"{en}, together with the record it belongs to (ground: {ground.en})",
        )
        return RetentionFact(collection.path, title, text, rule.period, "", rule.basis, rule.rank)
    of = collection.field(rule.from_)
    since = both(of.title, rule.from_) if of else Both(rule.from_, rule.from_)
    text = Both(
        f"自“{since.zh}”起 {zh}（依据：{ground.zh}）",
        f"{en} from “{since.en}” (ground: {ground.en})",
    )
    return RetentionFact(
        collection.path, title, text, rule.period, rule.from_, rule.basis, rule.rank
    )


def _without_rule(datamap: DataMap, collection: Collection) -> Both:
    if collection.erasure == "keep":
        why = both(datamap.text(collection.because))
        return Both(f"持续保存（{why.zh}）", f"Kept ({why.en})")
    return Both(
        "无法定保存期限；您要求删除时即删除", "No statutory period: deleted when you ask for it"
    )
