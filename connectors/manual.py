"""
A store that no program reaches: paper, a partner's portal, a spreadsheet, a system without an API.

It has no verb, so whatever a request needs from it is a task for staff, and the answer names what
they did or could not do. That is the point: a place that holds people is in the data map though
nothing can reach it, and no answer passes it over in silence.

Source: NDSR 21; PIPL 45, 47.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from connectors.sdk import Manifest


@dataclass(frozen=True, slots=True)
class ManualSettings:
    """Nothing to set: who acts there is the ``owner`` of the store in the data map."""


class Manual:
    """A place where people act by hand."""

    manifest: ClassVar[Manifest] = Manifest(
        name="manual",
        title={"en": "By hand", "zh-CN": "人工处理"},
        verbs=frozenset(),
        settings=ManualSettings,
        journal="intent",
    )

    def __init__(self, settings: ManualSettings) -> None:
        self.settings = settings

    def probe(self) -> None:
        """There is nothing to reach."""

    def close_connections(self) -> None:
        """There are none."""
