"""
One area of the API: a blueprint with a guard, whose calls say what they take and give.

A call does four things in this order: guard, read, work, answer. What it takes and gives is
written once and becomes both the check and the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema
from werkzeug import Response

from rights.web import reading
from rights.web.auth import Guard, enter
from rights.web.saying import Gives, Said, documented

View = Callable[..., Response]


class Area(Blueprint):  # type: ignore[misc]  # the library publishes no types
    """
    Calls that share a guard.

    Args:
        about: One sentence for the contract.
    """

    def __init__(self, name: str, *, prefix: str, guard: Guard, about: str) -> None:
        super().__init__(name, __name__, url_prefix=prefix, description=about)
        self.guard = guard

    def call(
        self,
        method: str,
        rule: str,
        *,
        gives: Gives,
        scope: str = "",
        takes: type[Schema] | None = None,
        query: type[Schema] | None = None,
        problems: tuple[int, ...] = (),
        once: bool = False,
        versioned: bool = False,
        neutral: bool = False,
        parameters: tuple[Mapping[str, Any], ...] = (),
        content: Mapping[str, Any] | None = None,
    ) -> Callable[[View], View]:
        """
        Register a view; :class:`Said` explains what is not explained here.

        Args:
            scope: What a key must be allowed to do.
            takes: The JSON body; the view gets it as its first argument.
            query: The query string; the view gets it likewise.
        """
        body, words = takes() if takes else None, query() if query else None
        said = Said(
            self.guard,
            gives,
            scope,
            body,
            words,
            problems,
            once,
            versioned,
            parameters,
            content,
            neutral,
        )
        return partial(self._register, method, rule, said)

    def _register(self, method: str, rule: str, said: Said, view: View) -> View:
        @wraps(view)
        def entered(**path: str) -> Response:
            enter(said.guard, said.scope, neutral=said.neutral)
            read = [reading.body(said.body)] if said.body else []
            if said.words:
                read.append(reading.query(said.words))
            return view(*read, **path)

        vars(entered).update(  # where the library looks, and the test of guards
            _apidoc=documented(view.__name__, said), scope=said.scope
        )
        self.add_url_rule(rule, view.__name__, entered, methods=[method])
        return view
