"""
Reading the service's rows, page by page, and proving that each is one we asked for.

A service that forgets its filter would hand us everybody: a row that no key of ours reaches
ends the step before anything is shown or changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.http_backend.answers import Answer
from connectors.http_backend.asking import Document, Row, key_of, match
from connectors.http_backend.calls import Call, Caller
from connectors.parts.standing import Standings
from connectors.sdk import Collection, Misconfigured, Target, Verb, Work

Page = list[Row]


class Rows:
    """
    The rows of one target.

    Args:
        keep_running: Called before every page; raises when the step was lost.
    """

    def __init__(
        self,
        caller: Caller,
        target: Target,
        deadline: datetime,
        page_rows: int,
        keep_running: Callable[[], None] = lambda: None,
    ) -> None:
        self.target = target
        self.standings = Standings(target, key_of(target.collection))
        self._caller = caller
        self._deadline = deadline
        self._page_rows = page_rows
        self._keep_running = keep_running

    def pages(self, verb: Verb, columns: tuple[str, ...]) -> Iterator[Page]:
        """
        Yield the reached rows with *columns*, ordered by key.

        Raises:
            Refused: the service returned a row nobody asked for, or never ends.
        """
        wanted = match(self.target)
        after: str | None = None
        seen: set[str] = set()
        while wanted:
            answer = self._asked(verb, wanted, columns, after)
            if answer is None:
                return
            yield [self._proved(row, answer) for row in answer.rows(columns)]
            after = answer.cursor()
            if after is None:
                return
            if after in seen:
                raise answer.refused("goes round in circles: 'next' repeats")
            seen.add(after)

    def each(self, verb: Verb, columns: tuple[str, ...]) -> Iterator[Row]:
        """Yield the same rows one by one."""
        for page in self.pages(verb, columns):
            yield from page

    def _asked(
        self, verb: Verb, wanted: list[Document], columns: tuple[str, ...], after: str | None
    ) -> Answer | None:
        said = {"match": wanted, "columns": columns, "limit": self._page_rows, "after": after}
        return self._caller.call(
            call(self.target.collection, verb, said, self._deadline, self._keep_running)
        )

    def _proved(self, row: Row, answer: Answer) -> Row:
        if not self.standings.hits(row):
            raise answer.refused("holds a row that was not asked for; nothing of it is used")
        return row


def call(
    collection: Collection,
    verb: Verb,
    said: Document,
    deadline: datetime,
    keep_running: Callable[[], None] = lambda: None,
) -> Call:
    """Return a call of *verb*, addressed and labelled."""
    return Call(
        path=f"{_path(collection)}/{verb}",
        about=f"{verb} of {collection.path}",
        document={"verb": str(verb), "collection": collection.name, **said},
        deadline=deadline,
        keep_running=keep_running,
    )


def effect(target: Target, verb: Verb, said: Document, work: Work) -> Call:
    """Return a call of a *verb* that changes rows, tied to its unit of work."""
    asked = call(target.collection, verb, said, work.deadline, work.keep_running)
    return Call(
        path=asked.path,
        about=asked.about,
        document={**asked.document, "step": work.step_id, "chunk": work.chunk},
        deadline=work.deadline,
        unit=f"{work.step_id}:{work.chunk}",
        fence=work.fence,
        keep_running=work.keep_running,
    )


def _path(collection: Collection) -> str:
    path: Any = collection.settings.get("path", collection.name)
    if not isinstance(path, str) or not path.strip("/") or ".." in path.split("/"):
        raise Misconfigured(f"{collection.path}: its 'path' must be a path below the store's url")
    return quote(path.strip("/"))
