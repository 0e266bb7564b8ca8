"""What happens to one request, as plain facts with their moments: the log of whoever made it up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from rights.domain.kinds import Kind, Option
from rights.domain.representation import AgeBand, Role
from tests.month.oracle import Asked

AT_ONCE, LATER, NEVER = "at once", "later", "never"
FULFILLED, PARTLY, DENIED, REVOKED = "fulfilled", "partially_fulfilled", "denied", "revoked"
OPEN, MERGED, LAPSED = "open", "merged", "expired"
LOGGED = ("letter", "phone", "counter", "email")
"""Ways of asking outside the product: staff write it down."""

SECRET = frozenset({"secrecy_by_law", "state_duty_obstruction"})
"""Reasons that take a provision of the law, and are told as another."""


@dataclass
class Story:
    """
    One request.

    Args:
        entered: When it came into the register; later than *received* where a letter was logged.
        mail, rep_mail: Whether the person, and whoever acts for them, can be written to.
        proof: When it is proved who asks; *proved* is the moment, None where it never is.
        doubted: When staff let the clock stand still until it is proved who asks.
        asked, answered: When the person is asked for more, and answers; *paused*: the clock
            stands still meanwhile.
        more: When staff ask for more time.
        proposed: When a denial is proposed that *ended* confirms.
        tells: When staff tell who wrote, called or came, and left no address, what came of it.
        repeats: The number of the story that this one repeats word for word.
        appealed, decided: Of an appeal; *upheld* says how.
    """

    number: int
    kind: Kind
    option: Option
    laws: tuple[str, ...]
    channel: str
    received: datetime
    entered: datetime
    role: Role = Role.SELF
    age: AgeBand = AgeBand.UNKNOWN
    mail: bool = False
    rep_mail: bool = False
    proof: str = AT_ONCE
    proved: datetime | None = None
    doubted: datetime | None = None
    doubt: str = ""
    asked: datetime | None = None
    answered: datetime | None = None
    paused: bool = False
    more: datetime | None = None
    proposed: datetime | None = None
    end: str = OPEN
    ended: datetime | None = None
    reason: str = ""
    tells: datetime | None = None
    repeats: int | None = None
    appealed: datetime | None = None
    decided: datetime | None = None
    upheld: bool = False
    id: str = field(default="", compare=False)

    @property
    def asks(self) -> Asked:
        return Asked(self.laws, str(self.kind), str(self.option), self.received)

    @property
    def user(self) -> str:
        """Who it is about: whoever repeats a request is the same person."""
        return f"u-{self.number if self.repeats is None else self.repeats}"

    @property
    def address(self) -> str:
        return f"{self.user}@people.example"

    @property
    def named(self) -> dict[str, str]:
        return {"user_id": self.user} | ({"email": self.address} if self.mail else {})

    @property
    def guarded(self) -> bool:
        """Whether a child's guardian has to say yes before it is done."""
        waits = self.kind in _FOR_GUARDIANS or (self.kind, self.option) == _RECORDS
        return self.role is Role.SELF and self.age is AgeBand.UNDER_14 and waits

    @property
    def unaddressed(self) -> bool:
        """Whether there is an answer that who asked learns of by staff alone."""
        return self.channel in LOGGED and not self.told and self.end in ANSWERED

    @property
    def told(self) -> bool:
        """Whether a letter about the outcome reaches anybody."""
        acting = self.role in (Role.GUARDIAN, Role.GUARDIAN_ADULT, Role.CLOSE_RELATIVE)
        both = self.end == DENIED and self.age in (AgeBand.UNDER_14, AgeBand.FROM_14)
        if both:
            return self.mail or self.rep_mail
        return self.rep_mail if acting else self.mail


ANSWERED = (FULFILLED, PARTLY, DENIED)
"""Ends of which somebody is written to."""

_FOR_GUARDIANS = frozenset(
    {Kind.COPY, Kind.CORRECTION, Kind.DELETION, Kind.ACCOUNT_CANCELLATION, Kind.PORTABILITY}
)
_RECORDS = (Kind.ACCESS, Option.RECORDS)
