"""Changing rows of the service: exactly those that are named, and never more than that."""

from __future__ import annotations

from typing import Any, NamedTuple

from connectors.http_backend.asking import Document, Row, keys
from connectors.http_backend.calls import Caller
from connectors.http_backend.rows import effect
from connectors.sdk import Target, Verb, Work


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

    def created(self, verb: Verb, match: list[Document], **said: Any) -> Counted:
        """Have a row made for whoever *match* means, where the service wants one."""
        if not match:
            return Counted()
        document = {"rows": [], "create": match, **said}
        answer = self._caller.call(effect(self._target, verb, document, self._work))
        return Counted(answer.count("affected")) if answer else Counted()
