"""
One letter about one thing to several addresses of staff: each gets it once, whatever the others do.

What one address puts off is sent it later; what it refuses for good is not tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from rights.domain.errors import Refused, Transient
from rights.logs import get
from rights.services.context import Context
from rights.store.ids import new_id
from workflows.notices.letter import Letter
from workflows.notices.mail import Outgoing, message

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Round(Generic[Key]):
    """
    What is sent in one look.

    Args:
        role: Under which name a failure stands in the log.
        to: The addresses for one thing.
        letter: What is written about it.
        told: Writes down that it needs nobody any more.
        done: What this process has sent of what still waits for another address, and whether it
            was taken; kept from look to look and changed here.
    """

    context: Context
    role: str
    to: Callable[[Key], Sequence[str]]
    letter: Callable[[Key], Letter]
    told: Callable[[Key], None]
    done: dict[tuple[str, Key], bool]

    def send(self, waiting: Sequence[Key], now: datetime) -> int:
        """Write about everything that waits; return how many mails went out."""
        sent = 0
        for key in waiting:
            addresses = self.to(key)
            sent += self._write(key, [a for a in addresses if (a, key) not in self.done], now)
            took = [self.done.get((address, key)) for address in addresses]
            if None not in took and any(took):
                self.told(key)
                for address in addresses:
                    del self.done[address, key]
        return sent

    def _write(self, key: Key, todo: Sequence[str], now: datetime) -> int:
        sent, settings = 0, self.context.settings
        if not todo:
            return 0
        with Outgoing(settings) as server:
            for to in todo:
                letter = self.letter(key)
                given: dict[str, Any] = {"settings": settings, "to": to, "reply_to": ""}
                try:
                    server.send(message(letter, **given, notice_id=new_id(), now=now))
                    sent += 1
                    self.done[to, key] = True
                except Refused:
                    get().error("alerts.refused", role=self.role)
                    self.done[to, key] = False
                except Transient as error:
                    get().warning("alerts.waits", role=self.role, error=error.code)
        return sent
