"""
Which values of a row may go into a package: an allowlist, applied once more to what comes in.

Connectors are asked for disclosed fields only. Should one return more, the rest is dropped
before it is written anywhere, and whoever runs the service is told: a leak that was caught is
still a defect. Sign-in secrets are never shown to anybody; numbers that open doors elsewhere
are described unless the person, proved by real name, asks for them.

Source: NDSR 9; 11 CCR 7024(d); PIPL 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from connectors.sdk import Collection, MapField, Record
from rights.domain.datamap import RelatesTo, Secret
from workflows.packages.detecting import Own
from workflows.packages.words import word

_REAL_NAME: Final = 3
_ENDING: Final = 3
_LONG_ENOUGH: Final = 8


@dataclass(frozen=True, slots=True)
class Policy:
    """
    What this request may see of guarded values.

    Args:
        level: The assurance level reached.
        in_clear: The person asked for identity and account numbers in clear.
        never: Classes of secrets that a law of the request never lets go out in clear.
        own: What is known to be this person's; other numbers in text are somebody else's.
    """

    level: int = 0
    in_clear: bool = False
    never: frozenset[str] = frozenset()
    own: Own = field(default_factory=Own, repr=False)

    def shows(self, secret: Secret) -> bool:
        """Tell whether values of this class go out as they are."""
        if secret is Secret.CREDENTIAL:
            return False
        return self.in_clear and self.level >= _REAL_NAME and secret not in self.never


class Why(StrEnum):
    """Why a value was kept back."""

    SECRET = "secret"  # noqa: S105  # a reason, not a password
    UNDISCLOSED = "undisclosed"
    UNDECLARED = "undeclared"
    OTHER_PERSON = "other_person"

    @property
    def alarming(self) -> bool:
        """Whether the connector should not have returned it in the first place."""
        return self is not Why.OTHER_PERSON


class Act(StrEnum):
    """What happens to one field."""

    SHOW = "show"
    DESCRIBE = "describe"
    DROP = "drop"


@dataclass(slots=True)
class _Node:
    """One field, or one step of a dotted path to fields."""

    act: Act = Act.DROP
    why: Why = Why.UNDECLARED
    secret: Secret | None = None
    children: dict[str, _Node] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return self.act is Act.SHOW and not self.children


def describe(secret: Secret, value: Any) -> str:
    """Say that a value is held, and how it ends when it is long enough for that to be safe."""
    zh, en = word("secrets", secret)
    text = value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
    plain = "".join(c for c in text if c.isalnum())
    if secret is Secret.BIOMETRIC or len(plain) < _LONG_ENOUGH:
        return f"已保存您的{zh}，此处不显示 / we hold your {en}; it is not shown here"
    end = plain[-_ENDING:]
    return f"已保存您的{zh}，末尾为 {end} / we hold your {en}, ending {end}"


class Shaper:
    """
    Shapes the rows of one collection and counts what it kept back.

    Attributes:
        dropped: ``(field, why)`` to number of rows.
        columns: Names seen in shaped rows, in the order of first appearance.
    """

    def __init__(self, collection: Collection, policy: Policy) -> None:
        self._nodes = _tree(collection, policy)
        self._plain = frozenset(n for n, node in self._nodes.items() if node.whole)
        self.dropped: dict[tuple[str, Why], int] = {}
        self.columns: dict[str, None] = {}
        self._last: frozenset[str] = frozenset()

    def shape(self, record: Record) -> Record:
        """Return what of *record* may be shown; the same object when that is all of it."""
        keys = record.keys()
        if not keys <= self._plain:
            record = self._mapping(record, self._nodes, "")
            keys = record.keys()
        if keys != self._last:
            self.columns.update(dict.fromkeys(keys))
            self._last = frozenset(keys)
        return record

    def _mapping(self, row: Mapping[str, Any], nodes: Mapping[str, _Node], at: str) -> Record:
        out: dict[str, Any] = {}
        for name, value in row.items():
            node = nodes.get(name, _UNDECLARED)
            kept = self._value(value, node, f"{at}{name}")
            if kept is not _NOTHING:
                out[name] = kept
        return out

    def _value(self, value: Any, node: _Node, path: str) -> Any:
        if node.whole:
            return value
        if node.children and isinstance(value, Mapping):
            # Inside an object that is shown whole, only what is marked otherwise goes.
            rest = value.keys() if node.act is Act.SHOW else ()
            nodes = {**dict.fromkeys(rest, _SHOWN), **node.children}
            return self._mapping(value, nodes, f"{path}.")
        if node.children and isinstance(value, list):
            kept = (self._value(item, node, path) for item in value)
            return [item for item in kept if item is not _NOTHING]
        if node.act is Act.SHOW:
            return value
        if node.act is Act.DESCRIBE and node.secret is not None:
            return None if value is None else describe(node.secret, value)
        return self._drop(path, node.why)

    def _drop(self, path: str, why: Why) -> object:
        self.dropped[path, why] = self.dropped.get((path, why), 0) + 1
        return _NOTHING


_NOTHING: Final = object()
_UNDECLARED: Final = _Node()
_SHOWN: Final = _Node(Act.SHOW)


def act(of: MapField, policy: Policy) -> tuple[Act, Why]:
    """Return what happens to the values of a field, and why if they are dropped."""
    if of.secret is Secret.CREDENTIAL:
        return Act.DROP, Why.SECRET
    if of.secret is not None:
        return (Act.SHOW if policy.shows(of.secret) else Act.DESCRIBE), Why.SECRET
    if of.relates_to is RelatesTo.OTHER:
        return Act.DROP, Why.OTHER_PERSON
    return (Act.SHOW if of.disclose else Act.DROP), Why.UNDISCLOSED


def _tree(collection: Collection, policy: Policy) -> dict[str, _Node]:
    """
    Return fields by exact name, and by the steps of their dotted paths.

    A store may return ``payload.customer.email`` as one flat name or as nested objects.
    """
    exact: dict[str, _Node] = {}
    roots: dict[str, _Node] = {}
    for of in collection.fields:
        what, why = act(of, policy)
        steps = [step.removesuffix("[]") for step in of.name.split(".")]
        node = roots.setdefault(steps[0], _Node())
        for step in steps[1:]:
            node = node.children.setdefault(step, _Node())
        node.act, node.why, node.secret = what, why, of.secret
        if len(steps) > 1:
            exact[of.name] = _Node(what, why, of.secret)
    return {**roots, **exact}
