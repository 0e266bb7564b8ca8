"""Changing rows of the service: exactly those that are named, and never more than that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from connectors.http_backend.asking import Document, Row, key_of, keys
from connectors.http_backend.calls import Caller
from connectors.http_backend.rows import effect
from connectors.sdk import Key, Scalar, Target, Verb, Work


class Counted(NamedTuple):
    """What the service says it did to the rows it was named."""

    affected: int = 0
    conflicts: int = 0


class Effects:
    """Sends effects of one unit of work."""

    def __init__(self, caller: Caller, target: Target, work: Work) -> None:
        self._caller = caller
        self._target = target
        self._work = work

    def named(self, verb: Verb, rows: list[Row], **said: Any) -> Counted:
        """
        Have *rows* changed.

        Raises:
            Refused: the service says it changed more rows than it was named.
        """
        if not rows:
            return Counted()
        named: Document = {"rows": keys(self._target.collection, rows), **said}
        answer = self._caller.call(effect(self._target, verb, named, self._work))
        if answer is None:
            return Counted()
        conflicts = answer.count("conflicts") if verb is Verb.CORRECT else 0
        counted = Counted(answer.count("affected"), conflicts)
        if sum(counted) > len(rows):
            raise answer.refused(f"says it changed more than the {len(rows)} rows it was named")
        return counted

    def added(self, new: list[Key], values: Mapping[str, Scalar]) -> int:
        """
        Have a row made for each key of *new*, holding *values*; return how many were.

        Raises:
            Refused: the service says it made more rows than it was asked for.
        """
        if not new:
            return 0
        columns = list(key_of(self._target.collection))
        create = [{"columns": columns, "keys": [list(key) for key in new]}]
        document: Document = {"rows": [], "create": create, "set": dict(values)}
        answer = self._caller.call(effect(self._target, Verb.CORRECT, document, self._work))
        made = answer.count("affected") if answer else 0
        if answer and made > len(new):
            raise answer.refused(f"says it made more than the {len(new)} rows it was asked for")
        return made

    def created(self, verb: Verb, match: list[Document], **said: Any) -> Counted:
        """Have a row made for whoever *match* means, where the service wants one."""
        if not match:
            return Counted()
        document = {"rows": [], "create": match, **said}
        answer = self._caller.call(effect(self._target, verb, document, self._work))
        return Counted(answer.count("affected")) if answer else Counted()
