"""
Conversations: rows of a dialogue that a person names one by one, and no more than those.

A row is named by its key, a conversation by what its rows have in common. Such names are sealed
with a request and count within the person's own rows alone: another's name reaches nothing.

Source: Interim Measures for Anthropomorphic AI Interaction Services 16.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

CONVERSATIONS: Final = "conversations"
"""The sealed value that names them, the look-up that shows them, and the page that does."""

PART: Final = "part"
"""Of a request that is about named rows: the parameter that says so in clear. We set it."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """
    What makes the rows of a collection a dialogue: columns of it that people are shown.

    Args:
        session: What the messages of one conversation have in common.
        text: What was said.
        at: When.
    """

    session: str
    text: str
    at: str


@dataclass(frozen=True, slots=True)
class Named:
    """
    What somebody named of one dialogue.

    Args:
        session: One conversation; empty means any.
        messages: Rows by name; empty means every one.
    """

    collection: str
    session: str = ""
    messages: frozenset[str] = frozenset()

    @property
    def whole(self) -> bool:
        """Return whether conversations go as such, not only messages of them."""
        return not self.messages

    def takes(self, session: str, name: str) -> bool:
        """Return whether a row of this conversation and name is meant."""
        return self.session in ("", session) and (self.whole or name in self.messages)


def named(values: Mapping[str, Any]) -> tuple[Named, ...]:
    """Return what the sealed values of a request name."""
    return tuple(
        Named(one["collection"], one.get("session", ""), frozenset(one.get("messages", ())))
        for one in values.get(CONVERSATIONS, ())
    )


def part_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that say that a request is about named rows; none where it is not."""
    return {PART: CONVERSATIONS} if CONVERSATIONS in values else {}


def is_part(parameters: Mapping[str, Any]) -> bool:
    """Return whether a request is about named rows only."""
    return bool(parameters.get(PART))


def name_of(key: Iterable[Any]) -> str:
    """Return the name of a row: its key, as a text."""
    parts = [str(part) for part in key]
    return parts[0] if len(parts) == 1 else json.dumps(parts, ensure_ascii=False)
