"""
The data map: which store holds what about a person, whose it is, and what may be done to it.

These are the *types*; ``rights.services.datamap`` reads the YAML. Everything here is frozen,
so that a map can be hashed, shared between threads and recorded with the request it served.

Source: NDSR 21, 33; PIPL 51(2); GDPR 30.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from rights.domain.advice import ADVICE, ByHand
from rights.domain.conversation import Conversation
from rights.domain.holds import Restriction, Retention, Ruling
from rights.domain.mapwords import (
    Depth,
    Erasure,
    OnErasure,
    RelatesTo,
    Role,
    Scalar,
    Secret,
    Source,
)
from rights.domain.pacing import Limits, PauseWhen
from rights.domain.products import Unsettled
from rights.domain.purposes import Contract, Purpose
from rights.domain.tags import TagChoice, Tags

__all__ = [
    "Collection",
    "Contract",
    "Conversation",
    "Correctable",
    "DataMap",
    "Decision",
    "Depth",
    "Erasure",
    "Field",
    "Identifier",
    "Limits",
    "Link",
    "OnErasure",
    "PauseWhen",
    "Purpose",
    "Recipient",
    "RelatesTo",
    "Restriction",
    "Retention",
    "Role",
    "Ruling",
    "Scalar",
    "Secret",
    "Source",
    "Store",
    "Switch",
    "TagChoice",
    "Tags",
    "Unsettled",
]

_EMPTY: Mapping[str, Any] = MappingProxyType({})

PACE: Mapping[str, bool] = MappingProxyType({"pace": True})
"""Marks what says how fast something is done: the map's hash does not cover it."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """
    One way to recognise a person.

    Args:
        kind: ``account``, ``contact``, ``device``, or ``locator``: where something about a person
            stands that is public; staff look at it, and it reaches nothing but that.
        normalise: ``email``, ``e164``, ``lower``, ``url`` or empty: how spellings are compared.
        recycled: The value may pass to another person; alone it reaches nobody's rows.
    """

    name: str
    kind: str
    normalise: str = ""
    recycled: bool = False


@dataclass(frozen=True, slots=True)
class Correctable:
    """
    Whether and how a field may be corrected.

    Args:
        mode: ``self_service``, ``allowed`` or ``refused``.
        type: ``text``, ``integer``, ``number``, ``date`` or ``boolean``.
        pattern: A regular expression the whole new value must match; empty for none.
    """

    mode: str = "allowed"
    because: str = ""
    type: str = "text"
    max_length: int = 500
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """
    One column or key.

    Args:
        name: As the store spells it; a dotted path for JSON (``payload.customer.email``).
        category: A data category a person would recognise, e.g. ``contact``.
        disclose: Whether packages include it. Absent means no.
        basis: ``contract``, ``consent:<purpose>``, ``legal_obligation`` and so on.
        ai: ``{"role": …, "use": …}`` when models learn from it or read it.
        correct: None when the map says nothing: then staff decide.
        relates_to: Whose data it may hold; None when the map does not say.
        emptied_to: The one value that stands for nobody; empty lets the connector choose.
        on_source_erasure: ``recompute``, ``erase``, ``keep`` or empty: of derived values.
        proof, contact_changed_at: May verify a person (``rights.domain.facts``); and since when.
        compare: How it is compared then; empty for the usual way of its kind of proof.
    """

    name: str
    category: str
    disclose: bool = False
    source: Source = Source.PROVIDED
    purposes: tuple[str, ...] = ()
    basis: str = ""
    sensitive: bool = False
    relates_to: RelatesTo | None = None
    secret: Secret | None = None
    erasure: Erasure | None = None
    emptied_to: tuple[Scalar, ...] = ()
    because: str = ""
    derived_from: tuple[str, ...] = ()
    ai: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    correct: Correctable | None = None
    title: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    on_source_erasure: str = ""
    proof: str = ""
    contact_changed_at: str = ""
    compare: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """
    How a row relates to a person or to another row.

    Args:
        columns: Columns of this collection.
        to: ``<store>.<collection>``, always qualified here; empty when ``identifier`` is set.
        to_columns: Columns of the target; empty means its key.
        identifier: The identifier type whose value the column holds (a guest order's e-mail).
        type_column, type_value: For polymorphic links: the row counts only if they agree.
        mask: Fields hidden from the person who reaches the row by this link.
        omit: That person does not get the row at all by this link.
        anonymise: Columns that point at the person and are cut when they are erased.
    """

    columns: tuple[str, ...]
    role: Role
    to: str = ""
    to_columns: tuple[str, ...] = ()
    identifier: str = ""
    type_column: str = ""
    type_value: Scalar = None
    mask: tuple[str, ...] = ()
    omit: bool = False
    on_erasure: OnErasure = OnErasure.DECORRELATE
    anonymise: tuple[str, ...] = ()
    depth: Depth = Depth.SHALLOW
    because: str = ""

    @property
    def anchor(self) -> str:
        """The name under which the keys this link points at are frozen."""
        if self.identifier:
            return f"identifier:{self.identifier}"
        return f"{self.to}:{','.join(self.to_columns)}" if self.to_columns else self.to


@dataclass(frozen=True, slots=True)
class Collection:
    """
    One table, bucket prefix, index or endpoint.

    Args:
        identifies: Identifier type to column: this row *is* the person.
        key: Columns that name a row; empty lets the connector reflect the primary key.
        close: Column and value that close an account, for account cancellation.
        settings: What only the connector understands (a key template, an endpoint).
        basis, purposes: Of the rows; fields without their own have taken them over.
        ruling: What is decided about its holds; only workflows set it.
        conversation: Its rows are what people said in a dialogue; None where they are not.
        products: The products whose alone its rows are; empty where they are everybody's.
        unsettled: Which of its rows are a matter that is not settled; None where that is not said.
        tags: Which tags people may choose here; None where they can choose none.
        lets_go: Columns that point at rows which belong to this one and go with it, as an address
            does: one that stays anonymised has to let go of them. Worked out from the map.
        by_hand: How staff do here what no connector does; else the store says it.
    """

    store: str
    name: str
    fields: tuple[Field, ...] = ()
    identifies: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    links: tuple[Link, ...] = ()
    key: tuple[str, ...] = ()
    erasure: Erasure = Erasure.DELETE
    because: str = ""
    retention: Retention | None = None
    restriction: Restriction | None = None
    close: Mapping[str, Scalar] = field(default_factory=lambda: _EMPTY)
    title: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    settings: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    basis: str = ""
    purposes: tuple[str, ...] = ()
    ruling: Ruling | None = None
    lets_go: tuple[str, ...] = ()
    conversation: Conversation | None = None
    products: tuple[str, ...] = ()
    unsettled: Unsettled | None = None
    tags: Tags | None = None
    by_hand: ByHand = field(default_factory=lambda: _EMPTY, metadata=ADVICE)

    @property
    def path(self) -> str:
        """``<store>.<collection>``: the name used everywhere outside its store."""
        return f"{self.store}.{self.name}"

    @property
    def disclosed(self) -> tuple[str, ...]:
        """
        Fields that may be read for a package; credentials never are, whatever the map says.

        Other secrets are read so that the package can describe them ("ending 12X").
        """
        shown = (f for f in self.fields if f.disclose and f.secret is not Secret.CREDENTIAL)
        return tuple(f.name for f in shown)

    @property
    def follows(self) -> tuple[Link, ...]:
        """The links along which a row is held as long as the row it points at is."""
        to = self.retention.with_ if self.retention else ""
        return tuple(link for link in self.links if to and link.to == to)

    def field(self, name: str) -> Field | None:
        """Return the field called *name*, or None."""
        for each in self.fields:  # asked for every value of a package: a generator costs more
            if each.name == name:
                return each
        return None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody the data is given to."""

    name: str
    contact: str = ""
    purpose: str = ""
    method: str = ""
    categories: tuple[str, ...] = ()
    country: str = ""
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Store:
    """
    One system to act on.

    Args:
        connector: The name of a manifest.
        settings: As written, secrets still as references; only workers resolve them.
        role: ``controller``, ``joint``, ``entrusted`` or ``entrusted_public_sector``.
        classification: ``general``, ``important``, ``core`` or ``unknown``.
        serving: The store answers people directly, so an opt-out waits for it.
        horizon, horizon_by: How long deleted bytes may remain, and what removes them then.
        backups: Where restored data may come from: ``name``, ``keeps``, ``remedy``.
        limits, pause_when: How gently it is asked. Not what is done: plans do not depend on it.
        by_hand: How staff do what no connector does, where the collection does not say it.
    """

    name: str
    connector: str
    collections: tuple[Collection, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=lambda: _EMPTY, repr=False)
    owner: str = ""
    role: str = "controller"
    location: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    classification: str = "unknown"
    recipients: tuple[Recipient, ...] = ()
    ignored: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    title: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    serving: bool = False
    horizon: str = ""
    horizon_by: str = ""
    backups: tuple[Mapping[str, str], ...] = ()
    limits: Limits = field(default=Limits(), metadata=PACE)
    pause_when: PauseWhen = field(default=PauseWhen(), metadata=PACE)
    by_hand: ByHand = field(default_factory=lambda: _EMPTY, metadata=ADVICE)


@dataclass(frozen=True, slots=True)
class Switch:
    """
    One thing a person can turn off, and where that is stored.

    Args:
        name: ``personalised``, ``push``, ``commercial_messages`` or ``purpose:<name>``.
        collection: ``<store>.<collection>`` whose rows carry the switch.
        column: The column or endpoint field.
    """

    name: str
    collection: str
    column: str
    on: Scalar = True
    off: Scalar = False


@dataclass(frozen=True, slots=True)
class Decision:
    """
    One automated decision about people.

    Args:
        inputs: ``<store>.<collection>.<field>``: the person's own values the decision read.
        outcome: ``<store>.<collection>.<field>``.
        human_flag: Switch name that makes later decisions need a person; empty for none.
    """

    name: str
    title: Mapping[str, str]
    purpose: str
    inputs: tuple[str, ...]
    logic: Mapping[str, str]
    outcome: str
    version_field: str = ""
    solely_automated: bool = True
    reviewer_role: str = "reviewer"
    human_flag: str = ""


@dataclass(frozen=True, slots=True)
class DataMap:
    """
    The whole map, with the hash that requests record.

    Args:
        products: Their titles, by name.
        chinese: By their English, the Chinese of texts that the map gives in both languages.
    """

    stores: tuple[Store, ...]
    identifiers: Mapping[str, Identifier]
    purposes: Mapping[str, Purpose] = field(default_factory=lambda: _EMPTY)
    switches: tuple[Switch, ...] = ()
    decisions: tuple[Decision, ...] = ()
    version: int = 1
    hash: str = ""
    controller: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    chinese: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    products: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: _EMPTY)

    def __iter__(self) -> Iterator[Store]:
        return iter(self.stores)

    def store(self, name: str) -> Store:
        """Return one store. Raises KeyError."""
        return next((s for s in self.stores if s.name == name), None) or _missing(name)

    def collection(self, path: str) -> Collection:
        """Return one collection by its path. Raises KeyError."""
        found = (c for s in self.stores for c in s.collections if c.path == path)
        return next(found, None) or _missing(path)

    def text(self, said: str) -> Mapping[str, str]:
        """Return a text of the map in both languages; what has only one is the same in both."""
        return {"zh": self.chinese.get(said, said), "en": said}

    @property
    def collections(self) -> Iterator[Collection]:
        """Every collection, store by store, in the map's order."""
        return (c for s in self.stores for c in s.collections)


def _missing(name: str) -> Any:
    raise KeyError(name)
