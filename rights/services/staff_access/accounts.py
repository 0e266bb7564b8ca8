"""
Accounts of the privacy staff: added, changed, closed, and given a way in.

Source: NDSR 9; PIPL 51 (who may do what is settled and written down).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from rights.domain import staff as rules
from rights.domain.duties import AUTOMATION, Act, check
from rights.domain.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Unauthenticated
from rights.services import audit
from rights.services.staff_access import passwords, sessions, tries
from rights.store.models import (
    Appeal,
    Assignment,
    SavedView,
    Staff,
    StaffInvitation,
    StaffLogin,
    StaffPasskey,
)

OPERATOR: Final = "operator"
"""Who acts on the command line."""

LINK_LIFE: Final = timedelta(days=3)

_NUMBER: Final = 6
"""Characters that a number behind a name may take."""


def named(session: Session, name: str) -> Staff | None:
    """Return the open account of that name, if there is one."""
    query = select(Staff).where(Staff.name == name, col(Staff.closed_at).is_(None))
    return session.exec(query).first()


def find(session: Session, staff_id: str) -> Staff:
    """Return an account, closed or not. Raises NotFound."""
    found = session.get(Staff, staff_id)
    if found is None:
        raise NotFound("there is no such member of staff")
    return found


def listed(session: Session) -> Sequence[Staff]:
    """Return every account, by name."""
    return session.exec(select(Staff).order_by(col(Staff.name))).all()


def names(session: Session) -> dict[str, str]:
    """Return the name of every account, by id: entries say ids only."""
    return dict(session.exec(select(Staff.id, Staff.name)).all())


def login(session: Session, staff: Staff) -> StaffLogin:
    """Return how somebody proves who they are; a fresh row where there is none yet."""
    found = session.get(StaffLogin, staff.id, with_for_update=True)
    if found is None:
        found = StaffLogin(staff_id=staff.id)
        session.add(found)
    return found


def ways(session: Session, staff: Staff) -> frozenset[str]:
    """Return what somebody proves with here who they are: ``password``, ``app``, both or none."""
    mine = session.get(StaffLogin, staff.id) or StaffLogin(staff_id=staff.id)
    has = {"password": bool(mine.password), "app": bool(mine.totp)}
    return frozenset(way for way, there in has.items() if there)


def add(
    session: Session, name: str, roles: Iterable[str], by: Staff | None, *, now: datetime
) -> Staff:
    """
    Add a member of staff, who has no way in yet.

    Args:
        by: Who does so; None for whoever has the command line.

    Raises:
        Forbidden: they may not.
        Invalid: the name or the roles are none. Conflict: somebody has, or had, that name.
    """
    if by is not None:
        check(by.roles, Act.MANAGE_STAFF)
    return made(session, name, roles, _actor(by), now=now)


def made(session: Session, name: str, roles: Iterable[str], actor: str, *, now: datetime) -> Staff:
    """
    Return a new member of staff.

    Args:
        actor: Who adds them, as the audit trail names them.

    Raises:
        Invalid, Conflict: like :func:`add`.
    """
    name, given = " ".join(name.split()), tuple(dict.fromkeys(roles))
    if not 0 < len(name) <= rules.LONGEST_NAME or not name.isprintable():
        wrong = FieldError(
            "name",
            f"is one line of 1 to {rules.LONGEST_NAME} characters",
            rule="line_of",
            bound=str(rules.LONGEST_NAME),
        )
        raise Invalid("nobody can be called that", [wrong])
    rules.check_roles(given)
    if session.exec(select(Staff.id).where(Staff.name == name)).first():
        raise Conflict("somebody has, or had, this name: take another", code="name_taken")
    one = Staff(name=name, roles=[*given], created_at=now)
    session.add(one)
    session.flush()
    _note(session, "staff_added", one, actor, now, roles=sorted(given))
    return one


def free_name(session: Session, name: str) -> str:
    """Return *name*, with a number behind it where somebody has, or had, it: names are unique."""
    stem = name[: rules.LONGEST_NAME - _NUMBER]
    like = select(Staff.name).where(col(Staff.name).startswith(stem, autoescape=True))
    taken = set(session.exec(like).all())
    numbered = (f"{stem} {number}" for number in count(2))
    return name if name not in taken else next(one for one in numbered if one not in taken)


def change_roles(
    session: Session, staff: Staff, roles: Iterable[str], by: Staff | None, *, now: datetime
) -> None:
    """
    Say what somebody may do, in place of what was said before; it counts at once.

    Raises:
        Forbidden: they may not, or would change their own.
        Invalid: the roles are none. Conflict: nobody could manage accounts any more.
    """
    _by_another(by, staff)
    given = tuple(dict.fromkeys(roles))
    rules.check_roles(given)
    if "admin" in staff.roles and "admin" not in given:
        _not_the_last(session, staff)
    set_roles(session, staff, given, _actor(by), now=now)


def set_roles(
    session: Session, staff: Staff, roles: Sequence[str], actor: str, *, now: datetime
) -> None:
    """Let somebody have these roles, which were looked at; none: they may do nothing."""
    before, staff.roles = sorted(staff.roles), [*roles]
    session.add(staff)
    _note(session, "staff_roles", staff, actor, now, before=before, roles=sorted(roles))


def close(session: Session, staff: Staff, by: Staff | None, *, now: datetime) -> None:
    """
    Let somebody in no more; whatever they are signed in with ends.

    Raises:
        Forbidden: they may not, or would close their own account.
        Conflict: it is closed, or nobody could manage accounts any more.
    """
    _by_another(by, staff)
    if staff.closed_at is not None:
        raise Conflict("this account is closed already", code="account_closed")
    if "admin" in staff.roles:
        _not_the_last(session, staff)
    staff.closed_at = now
    session.add(staff)
    session.execute(delete(StaffInvitation).where(col(StaffInvitation.staff_id) == staff.id))
    _forget_login(session, staff)
    session.execute(delete(SavedView).where(col(SavedView.staff_id) == staff.id))
    sessions.end_all(session, staff.id)
    _note(session, "staff_closed", staff, _actor(by), now, given_back=_give_back(session, staff))


def _give_back(session: Session, staff: Staff) -> int:
    """Let what was somebody's work be nobody's: it shows as that again; return how much it was."""
    decides = (col(Appeal.assigned_to) == staff.id, col(Appeal.decided_at).is_(None))
    given = delete(Assignment).where(col(Assignment.staff_id) == staff.id)
    appeals = update(Appeal).where(*decides).values(assigned_to="")
    return sum(session.connection().execute(one).rowcount for one in (given, appeals))


def _forget_login(session: Session, staff: Staff) -> None:
    """Forget how somebody proved who they are; that they were closed counts at a provider too."""
    _forget_passkeys(session, staff)
    mine = session.get(StaffLogin, staff.id, with_for_update=True)
    if mine is None:
        return
    account = mine.account
    session.delete(mine)
    session.flush()
    if account:
        session.add(StaffLogin(staff_id=staff.id, account=account))


def _forget_passkeys(session: Session, staff: Staff) -> None:
    session.execute(delete(StaffPasskey).where(col(StaffPasskey.staff_id) == staff.id))


def _by_another(by: Staff | None, staff: Staff) -> None:
    if by is None:
        return
    check(by.roles, Act.MANAGE_STAFF)
    if by.id == staff.id:
        raise Forbidden("nobody changes their own account's roles or closes it", code="own_account")


def _not_the_last(session: Session, staff: Staff) -> None:
    # Locked in one order: two admins who take each other's role at once wait for one another.
    everybody = select(Staff).where(col(Staff.closed_at).is_(None)).order_by(col(Staff.id))
    rows = session.exec(everybody.with_for_update().execution_options(populate_existing=True)).all()
    if not any("admin" in one.roles for one in rows if one.id != staff.id):
        message = "nobody could manage accounts any more: make somebody else admin first"
        raise Conflict(message, code="last_admin")


def sign_out(session: Session, staff: Staff, by: Staff | None, *, now: datetime) -> None:
    """
    Sign somebody out everywhere, as after a laptop was lost; their way in stays.

    Raises:
        Forbidden: they may not.
    """
    if by is not None:
        check(by.roles, Act.MANAGE_STAFF)
    ended = sessions.end_all(session, staff.id)
    _note(session, "staff_signed_out", staff, _actor(by), now, sessions=ended)


def forget_second_factor(
    session: Session, staff: Staff, by: Staff | None, *, now: datetime
) -> None:
    """
    Let somebody whom a provider signs in set up another second factor here, with the next sign-in.

    App, codes on paper and passkeys count no more, and whatever they are signed in with ends. Who
    has a password here gets a link instead (:func:`invite`), which sets both anew.

    Raises:
        Forbidden: they may not, or it is their own.
        Conflict: the account is closed, has a password of its own, or no second factor here.
    """
    _by_another(by, staff)
    if staff.closed_at is not None:
        raise Conflict("nobody signs in with this account", code="account_closed")
    mine = session.get(StaffLogin, staff.id, with_for_update=True)
    if mine is None or not mine.account:
        message = "this account has a password here: make a link, which sets both anew"
        raise Conflict(message, code="account_is_local")
    keys = session.exec(select(StaffPasskey.id).where(StaffPasskey.staff_id == staff.id)).all()
    if not (mine.totp or mine.recovery or keys):
        raise Conflict("there is no second factor here", code="no_second_factor")
    mine.totp, mine.totp_step, mine.recovery = b"", 0, []
    _forget_passkeys(session, staff)
    tries.over(mine)
    sessions.end_all(session, staff.id)
    _note(session, "staff_second_factor_reset", staff, _actor(by), now, passkeys=len(keys))


def passwords_set(session: Session) -> dict[str, datetime]:
    """Return when whoever has a password set it, by id."""
    query = select(StaffLogin).where(StaffLogin.password != "")
    rows = session.exec(query).all()
    return {row.staff_id: row.password_at for row in rows if row.password_at is not None}


def invitations(session: Session, *, now: datetime) -> dict[str, StaffInvitation]:
    """Return the links that were not used and still work, by whom they are for."""
    query = select(StaffInvitation).where(col(StaffInvitation.expires_at) > now)
    return {row.staff_id: row for row in session.exec(query).all()}


# -- a way in ---------------------------------------------------------------------------------


def invite(session: Session, staff: Staff, by: Staff | None, *, now: datetime) -> str:
    """
    Return what a link holds with which somebody sets a password, once, within three days.

    For who has one already it starts afresh: password and second factor are set anew, and until
    then the old ones count.

    Raises:
        Forbidden: they may not, or it is their own.
        Conflict: the account is closed, or an automaton's.
    """
    # A session is not enough to set one's own password and app anew: "my account" asks for both.
    _by_another(by, staff)
    if staff.closed_at is not None or AUTOMATION in staff.roles:
        raise Conflict("nobody signs in with this account", code="account_closed")
    session.execute(delete(StaffInvitation).where(col(StaffInvitation.staff_id) == staff.id))
    token = secrets.token_urlsafe(32)
    row = StaffInvitation(
        id=_place(token),
        staff_id=staff.id,
        made_by=_actor(by),
        created_at=now,
        expires_at=now + LINK_LIFE,
    )
    session.add(row)
    _note(session, "staff_invited", staff, _actor(by), now)
    return token


def invited(session: Session, token: str, *, now: datetime) -> Staff:
    """Return whom a link is for. Raises Unauthenticated: it is none, was used, or is too old."""
    row = session.get(StaffInvitation, _place(token)) if token else None
    found = session.get(Staff, row.staff_id) if row is not None and row.expires_at > now else None
    if found is None or found.closed_at is not None:
        raise _link_over()
    return found


def _link_over() -> Unauthenticated:
    message = "this link was used, or is too old: ask for another one"
    return Unauthenticated(message, code="invitation_over")


def accept(session: Session, token: str, password: str, *, now: datetime) -> Staff:
    """
    Set a password with a link, which is used up; whatever was signed in before ends.

    Raises:
        Unauthenticated: like :func:`invited`. Invalid: the password is not taken.
    """
    staff = invited(session, token, now=now)
    rules.check_password(password, staff.name)
    used = delete(StaffInvitation).where(col(StaffInvitation.id) == _place(token))
    if session.connection().execute(used).rowcount != 1:  # another browser was faster
        raise _link_over()
    session.execute(delete(StaffInvitation).where(col(StaffInvitation.staff_id) == staff.id))
    mine = login(session, staff)
    mine.password, mine.password_at = passwords.hashed(password), now
    mine.totp, mine.totp_step, mine.recovery = b"", 0, []
    _forget_passkeys(session, staff)
    tries.over(mine)
    sessions.end_all(session, staff.id)
    _note(session, "staff_password_set", staff, _actor(staff), now)
    return staff


def change_password(
    session: Session, here: sessions.Present, old: str, new: str, *, now: datetime
) -> str:
    """
    Change one's own password; return what the cookie of this browser holds from now on.

    Every other browser is signed out, whoever has a copy of the cookie too, and no link is left.

    Raises:
        Forbidden: the old one is wrong; the caller counts it (:func:`mistyped`).
        Invalid: the new one is not taken. TooMany: it rests after too many wrong ones.
    """
    staff = here.staff
    mine = login(session, staff)
    tries.rested(mine, now)
    if not passwords.right(mine.password, old):
        raise Forbidden("the password in use now is another one", code="wrong_password")
    rules.check_password(new, staff.name)
    mine.password, mine.password_at = passwords.hashed(new), now
    session.execute(delete(StaffInvitation).where(col(StaffInvitation.staff_id) == staff.id))
    sessions.end_all(session, staff.id, but=here.id)
    _note(session, "staff_password_set", staff, _actor(staff), now)
    return sessions.under_another_secret(session, here)


def mistyped(session: Session, staff: Staff, *, now: datetime) -> None:
    """Count a wrong password of one's own, in a transaction of its own."""
    tries.wrong(session, login(session, staff), now)


def _place(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _actor(by: Staff | None) -> str:
    return f"staff:{by.id}" if by is not None else OPERATOR


def _note(
    session: Session, event: str, staff: Staff, actor: str, now: datetime, **more: object
) -> None:
    line = audit.Line(event, actor, {"staff": staff.id, **more})
    audit.append_day(session, line, now=now)
