"""
The compliance calendar: what is due when, who sees to it, what was done and by which reference.

That something was done is an entry of the audit trail. So is each time that staff are told of a
day that comes near, or has passed.

Source: NDSR 33, 44; audit measures (2025) 4; Minors Regulation 37; PIPL 54.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from rights.domain import compliance, duties
from rights.domain.clock import local_day
from rights.domain.compliance import Duty, Owed
from rights.domain.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from rights.domain.organisation import Profile
from rights.domain.plain_text import plain
from rights.domain.terms import Done, Standing, Term, Was, terms
from rights.services import audit
from rights.services.context import Context
from rights.services.organisation.duty_catalogue import catalogue
from rights.store.models import DutyTerm, Staff

NO_PROFILE: Final = "no_profile"
LONGEST: Final = 200
"""Characters of a reference."""

_OFFICER: Final = "dpo"
_PRESSING: Final = (Standing.SOON, Standing.OVERDUE)


def profile_of(context: Context) -> Profile:
    """Return the organisation's profile. Raises NotFound: none is stated."""
    if context.profile is None:
        raise NotFound(
            "the organisation has stated no profile: name its file in RIGHTS_ORGANISATION",
            code=NO_PROFILE,
        )
    return context.profile


def owed(context: Context) -> tuple[Owed, ...]:
    """Return the duties of this organisation. Raises NotFound: it has stated no profile."""
    return compliance.owed(profile_of(context), catalogue().values())


def today(context: Context, now: datetime) -> date:
    """Return the day that it is where this organisation counts its days."""
    return local_day(context.regimes[context.settings.default_regimes[0]].counting, now)


def calendar(session: Session, context: Context, now: datetime) -> tuple[Term, ...]:
    """
    Return every day of the calendar, what is open before what is done, the earliest first.

    Raises:
        NotFound: the organisation has stated no profile.
    """
    rows = session.exec(select(DutyTerm).where(col(DutyTerm.done_on).is_not(None)))
    done = defaultdict(list)
    for row in rows:
        assert row.done_on is not None
        done[row.duty].append(Was(row.due, Done(row.done_on, row.reference, row.done_by)))
    profile, day = profile_of(context), today(context, now)
    found = [term for one in owed(context) for term in terms(one, profile, done[_code(one)], day)]
    return tuple(sorted(found, key=lambda t: (t.done is not None, t.due, t.duty.code)))


def _code(one: Owed) -> str:
    return one.duty.code


def pressing(session: Session, context: Context, now: datetime) -> tuple[Term, ...]:
    """Return what is overdue or falls due soon; nothing where no profile is stated."""
    if context.profile is None:
        return ()
    day = today(context, now)
    return tuple(t for t in calendar(session, context, now) if t.standing(day) in _PRESSING)


def counted(session: Session, context: Context, now: datetime) -> Counter[Standing]:
    """Return how many days of the calendar are overdue, and how many fall due soon."""
    day = today(context, now)
    return Counter(term.standing(day) for term in pressing(session, context, now))


# -- done --------------------------------------------------------------------------------------


def mark(
    session: Session,
    context: Context,
    staff: Staff,
    code: str,
    due: date,
    *,
    on: date,
    reference: str,
    now: datetime,
) -> None:
    """
    Say that a duty was seen to for one day of the calendar.

    Args:
        on: When it was done.
        reference: Of the document that shows it; no personal data.

    Raises:
        Forbidden: it is for its owner or the data protection officer.
        NotFound: there is no such day in the calendar.
        Conflict: it was done already.
        Invalid: the reference is none, or it cannot have been done on that day for this one.
    """
    term = _term(session, context, staff, code, due, now)
    if term.done is not None:
        raise Conflict("this was marked as done already", code="duty_done")
    words = plain(reference, field="reference", longest=LONGEST)
    if "\n" in words:
        raise Invalid(
            "reference has two lines", [FieldError("reference", "is one line", rule="one_line")]
        )
    term.check(on, today(context, now))
    row = _row(session, code, due)
    if row.done_on is not None:
        raise Conflict("this was marked as done already", code="duty_done")
    row.done_on, row.reference = on, words
    row.done_by, row.done_at = f"staff:{staff.id}", now
    said = {"duty": code, "due": due.isoformat(), "on": on.isoformat()}
    audit.append_day(session, audit.Line("duty_done", row.done_by, said), now=now)


def reopen(
    session: Session, context: Context, staff: Staff, code: str, due: date, *, now: datetime
) -> None:
    """
    Take back that something was done: it was marked by mistake.

    Raises:
        Forbidden, NotFound: as :func:`mark`.
        Conflict: it is open.
    """
    term = _term(session, context, staff, code, due, now)
    row = _row(session, code, due)
    if term.done is None or row.done_on is None:
        raise Conflict("this is not marked as done", code="duty_open")
    said = {"duty": code, "due": due.isoformat(), "was": row.done_by}
    row.done_on, row.done_at, row.reference, row.done_by = None, None, "", ""
    row.told, row.mailed = "", False
    line = audit.Line("duty_reopened", f"staff:{staff.id}", said)
    audit.append_day(session, line, now=now)


def _term(
    session: Session, context: Context, staff: Staff, code: str, due: date, now: datetime
) -> Term:
    """Return a day of the calendar that this member of staff may say something about."""
    duty = catalogue().get(code)
    duties.check(staff.roles, duties.Act.MARK_DUTY, narrower=_owners(duty) if duty else None)
    for term in calendar(session, context, now):
        if (term.duty.code, term.due) == (code, due):
            return term
    raise NotFound("the calendar has no such day: `rights organisation calendar` shows it")


def may_mark(staff: Staff, duty: Duty) -> bool:
    """Return whether somebody may say that a duty was seen to."""
    try:
        duties.check(staff.roles, duties.Act.MARK_DUTY, narrower=_owners(duty))
    except Forbidden:
        return False
    return True


def _owners(duty: Duty) -> frozenset[str]:
    return frozenset({duty.owner, _OFFICER})


def _row(session: Session, code: str, due: date) -> DutyTerm:
    """Return the row of a day, locked; made unless somebody else, perhaps just now, has made it."""
    postgres = session.connection().dialect.name == "postgresql"
    make = postgresql.insert(DutyTerm) if postgres else sqlite.insert(DutyTerm)
    new = {"duty": code, "due": due, "reference": "", "done_by": "", "told": "", "mailed": False}
    session.execute(make.values(**new).on_conflict_do_nothing())
    return session.get_one(DutyTerm, (code, due), with_for_update=True, populate_existing=True)


# -- told --------------------------------------------------------------------------------------


def warn(session: Session, context: Context, now: datetime) -> list[tuple[Term, Standing]]:
    """Write down, once for each, what falls due soon and what is overdue; return the new ones."""
    fresh, day = [], today(context, now)
    for term in pressing(session, context, now):
        row, standing = _row(session, term.duty.code, term.due), term.standing(day)
        if row.told == standing:
            continue
        row.told, row.mailed = str(standing), False
        said = {"duty": term.duty.code, "due": term.due.isoformat(), "owner": term.duty.owner}
        line = audit.Line(f"duty_{standing}", "system", said)
        audit.append_day(session, line, now=now)
        fresh.append((term, standing))
    return fresh


def unmailed(session: Session, context: Context, now: datetime) -> Sequence[tuple[Term, Standing]]:
    """Return what staff were told of and not written of: open days, and how each stands."""
    rows = session.exec(select(DutyTerm).where(DutyTerm.told != "", ~col(DutyTerm.mailed)))
    waiting = {(row.duty, row.due): row.told for row in rows}
    found = pressing(session, context, now) if waiting else ()
    day = today(context, now)
    return [
        (term, term.standing(day))
        for term in found
        if waiting.get((term.duty.code, term.due)) == term.standing(day)
    ]


def mailed(session: Session, code: str, due: date) -> None:
    """Write down that staff were written of a day."""
    _row(session, code, due).mailed = True
