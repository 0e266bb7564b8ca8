"""What every letter knows: whom it goes to, in which words, and the code it may carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from rights.domain.regime import Regime
from rights.services.contacts import Way
from rights.services.context import Context
from rights.store.models import Complaint
from workflows.notices.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    What is the same for every notice.

    Args:
        way: By mail or by text message.
        contact: Of the person in charge of privacy; empty when the data map names none.
        code: The one-time code, while it works.
        token: What can be pasted in place of it, as long.
        not_after: From then on it is not sent any more: what it says would not be true.
    """

    notice_id: str
    event: str
    context: Context = field(repr=False)
    words: Words = field(repr=False)
    address: str = field(repr=False)
    way: Way
    contact: str
    now: datetime
    code: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    code_until: datetime | None = None
    challenge_id: str = ""
    not_after: datetime | None = None

    @property
    def reference(self) -> str:
        """The reference of what it is about."""
        raise NotImplementedError

    @property
    def laws(self) -> list[str]:
        """The names of the regimes it is handled under."""
        raise NotImplementedError

    @property
    def company(self) -> str:
        """The name of who answers."""
        name = self.context.datamap.controller.get("name", "")
        return self.words.either(name) if isinstance(name, Mapping) else str(name)

    @property
    def regimes(self) -> tuple[Regime, ...]:
        """The laws it is handled under."""
        book = self.context.regimes
        return tuple(book[name] for name in self.laws if name in book)

    @property
    def zone(self) -> tzinfo:
        """Where the first of these laws counts its days."""
        return next((regime.counting.zone for regime in self.regimes), UTC)

    def moment(self, at: datetime) -> str:
        """Return a moment in the person's language and the law's zone."""
        return self.words.moment(at, self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintFacts(Told):
    """Everything a letter about a complaint may say: never what was complained of or answered."""

    complaint: Complaint = field(repr=False)

    @property
    def reference(self) -> str:
        """The reference of the complaint."""
        return self.complaint.id

    @property
    def laws(self) -> list[str]:
        """The names of the regimes it is handled under."""
        return self.complaint.regimes
