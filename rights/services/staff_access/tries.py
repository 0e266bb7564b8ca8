"""
Wrong passwords and codes of one account: counted apart, and answered by a rest that grows.

Anybody can type a wrong password; a wrong code only who has the password. So whoever knows a name
can let its password rest, and keeps nobody out who is past it or comes with a passkey.

Source: NIST SP 800-63B 5.2.2.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain.errors import TooMany
from rights.domain.proof_keys import pause
from rights.services import audit
from rights.store.models import StaffLogin

MOST: Final = 8
"""Wrong ones in a row after which they are not looked at for a while; then longer each time."""


def rested(mine: StaffLogin, now: datetime) -> None:
    """Make sure that the password does not rest. Raises TooMany."""
    _rested(mine.blocked_until, now)


def code_rested(mine: StaffLogin, now: datetime) -> None:
    """Make sure that codes do not rest. Raises TooMany."""
    _rested(mine.code_blocked_until, now)


def wrong(session: Session, mine: StaffLogin, now: datetime) -> None:
    """Count a wrong password; that it rests from now on is an entry."""
    mine.tries += 1
    if wait := pause(mine.tries, tries=MOST):
        mine.blocked_until = now + wait
        _note(session, mine, {"tries": mine.tries, "of": "password"}, now)


def wrong_code(session: Session, mine: StaffLogin, now: datetime) -> None:
    """Count a wrong code; that codes rest from now on is an entry."""
    mine.code_tries += 1
    if wait := pause(mine.code_tries, tries=MOST):
        mine.code_blocked_until = now + wait
        _note(session, mine, {"tries": mine.code_tries, "of": "code"}, now)


def over(mine: StaffLogin) -> None:
    """Forget the wrong ones: somebody is all the way in."""
    mine.tries, mine.blocked_until = 0, None
    mine.code_tries, mine.code_blocked_until = 0, None


def _rested(until: datetime | None, now: datetime) -> None:
    if until is not None and until > now:
        raise TooMany("too many wrong passwords or codes: wait", retry_after=until - now)


def _note(session: Session, mine: StaffLogin, data: dict[str, object], now: datetime) -> None:
    said = {"staff": mine.staff_id, **data}
    audit.append_day(session, audit.Line("staff_sign_in_blocked", "system", said), now=now)
