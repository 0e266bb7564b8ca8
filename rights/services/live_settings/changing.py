"""
Changing a setting while everything runs: each change is an entry with the old and the new value.

A change after which people are protected less than before takes two administrators: one proposes
it and says why, another agrees. Everything else one of them does alone.

Source: NDSR 9; PIPL 51.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.errors import Conflict, Forbidden, NotFound
from rights.domain.plain_text import plain
from rights.domain.settable import Settable, Value
from rights.services import audit
from rights.services.context import Context
from rights.services.live_settings import catalogue, values
from rights.services.organisation import profile_defaults
from rights.store.ids import new_id
from rights.store.models import SettingProposal, SettingValue, Staff

AGREED: Final = "agreed"
DISMISSED: Final = "dismissed"
WITHDRAWN: Final = "withdrawn"
LONGEST: Final = 300
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What somebody wants a setting to be.

    Args:
        value: None: what the processes were started with.
        after: What would hold then.
    """

    setting: Settable
    value: Value | None
    before: Value
    after: Value

    @property
    def weakens(self) -> bool:
        """Whether people would be protected less than now."""
        return self.setting.weakens(self.before, self.after)


def wish(session: Session, context: Context, name: str, said: str | None) -> Wish:
    """
    Return what a change would be; the setting is locked until the transaction ends.

    Args:
        said: The value as it was typed; None: what the processes were started with.

    Raises:
        NotFound: it is none that can be changed now.
        Conflict: the environment names it, or it is so already.
        Invalid: like :meth:`rights.domain.settable.Settable.read`.
    """
    setting = catalogue.find(name)
    if values.fixed(context.given, name):
        message = f"{name} is named where the processes are started: it is changed there"
        raise Conflict(message, code="setting_fixed")
    default = catalogue.value_of(context.given, name)
    value = setting.read(said) if said is not None else None
    row = _row(session, name)
    held = values.set_in(row)
    if value == held and (value is not None or not row.value):
        raise Conflict(f"{name} is so already", code="setting_same")
    return Wish(
        setting, value, default if held is None else held, default if value is None else value
    )


def _row(session: Session, name: str) -> SettingValue:
    """Return the row of a setting, locked; made unless somebody else has made it just now."""
    postgres = session.connection().dialect.name == "postgresql"
    make = postgresql.insert(SettingValue) if postgres else sqlite.insert(SettingValue)
    new = {"name": name, "value": "", "changed_by": "", "agreed_by": ""}
    session.execute(make.values(**new).on_conflict_do_nothing())
    return session.get_one(SettingValue, name, with_for_update=True, populate_existing=True)


def change(
    session: Session,
    context: Context,
    name: str,
    said: str | None,
    staff: Staff,
    *,
    because: str = "",
    now: datetime,
) -> SettingProposal | None:
    """
    Change a setting, or propose it where it protects people less; return the proposal then.

    Raises:
        Forbidden: they are no administrator.
        NotFound, Conflict, Invalid: like :func:`wish`; such a change waits for a second person
            already; there is no reason for one.
    """
    duties.check(staff.roles, duties.Act.CHANGE_SETTINGS)
    wanted = wish(session, context, name, said)
    if wanted.weakens:
        return _propose(session, wanted, staff, because, now)
    _write(session, wanted, by=staff.id, agreed_by="", now=now)
    return None


def change_agreed(
    session: Session,
    context: Context,
    name: str,
    said: str | None,
    staff: Staff,
    colleague: Staff | None,
    *,
    now: datetime,
) -> None:
    """
    Change a setting at once, with the agreement of a colleague where that is needed.

    Raises:
        Forbidden: one of them is no administrator, or they are the same.
        Conflict: like :func:`wish`; or it takes two and nobody agrees.
        NotFound, Invalid: like :func:`wish`.
    """
    duties.check(staff.roles, duties.Act.CHANGE_SETTINGS)
    wanted = wish(session, context, name, said)
    if wanted.weakens and colleague is None:
        message = f"{name} would protect people less: a second administrator has to agree to it"
        raise Conflict(message, code="setting_takes_two")
    if colleague is not None:
        _another(colleague, staff.id)
    agreed = colleague.id if colleague is not None and wanted.weakens else ""
    _write(session, wanted, by=staff.id, agreed_by=agreed, now=now)


def _typed(value: Value | None) -> str:
    return "" if value is None else str(value)


def _another(colleague: Staff, first: str) -> None:
    duties.check(colleague.roles, duties.Act.CHANGE_SETTINGS)
    if colleague.id == first:
        message = "whoever proposes a change does not agree to it: another administrator has to"
        raise Forbidden(message, code="own_setting")


def _write(session: Session, wanted: Wish, *, by: str, agreed_by: str, now: datetime) -> None:
    row = _row(session, wanted.setting.name)
    row.value = _typed(wanted.value)
    row.changed_by, row.agreed_by, row.changed_at = by, agreed_by, now
    session.add(row)
    data = {"setting": row.name, "before": wanted.before, "after": wanted.after}
    if wanted.value is None:
        data["reset"] = True
    if agreed_by:
        data["agreed_by"] = f"staff:{agreed_by}"
    audit.append_day(session, audit.Line("setting_changed", f"staff:{by}", data), now=now)
    for one in _waiting(session, row.name):  # what it would have been changed from is gone
        _decide(session, one, WITHDRAWN, by, now)


# -- what takes two ------------------------------------------------------------------------------


def _propose(
    session: Session, wanted: Wish, staff: Staff, because: str, now: datetime
) -> SettingProposal:
    name = wanted.setting.name
    if _waiting(session, name):
        message = f"a change of {name} waits for a second administrator already"
        raise Conflict(message, code="setting_proposed")
    made = SettingProposal(
        id=new_id(),
        name=name,
        value=_typed(wanted.value),
        before=_typed(wanted.before),
        because=plain(because, field="because", longest=LONGEST),
        proposed_by=staff.id,
        proposed_at=now,
    )
    session.add(made)
    data = {"proposal": made.id, "setting": name, "before": wanted.before, "after": wanted.after}
    audit.append_day(session, audit.Line("setting_proposed", f"staff:{staff.id}", data), now=now)
    return made


def _waiting(session: Session, name: str) -> Sequence[SettingProposal]:
    mine = select(SettingProposal).where(SettingProposal.name == name)
    return session.exec(mine.where(SettingProposal.outcome == "")).all()


def waiting(session: Session) -> Sequence[SettingProposal]:
    """Return what waits for a second administrator; of each setting one at most."""
    mine = select(SettingProposal).where(SettingProposal.outcome == "")
    return session.exec(mine.order_by(col(SettingProposal.proposed_at))).all()


def _open(session: Session, proposal_id: str) -> SettingProposal:
    """Return what is undecided, locked; its setting before it, as whoever changes that does."""
    found = session.get(SettingProposal, proposal_id)
    if found is None:
        raise NotFound("there is no such change", code="setting_unknown")
    _row(session, found.name)
    session.refresh(found, with_for_update=True)
    if found.outcome:
        raise Conflict(f"this change was {found.outcome} already", code="setting_decided")
    return found


def agree(
    session: Session, context: Context, proposal_id: str, staff: Staff, *, now: datetime
) -> None:
    """
    Let a change hold that somebody else proposed.

    Raises:
        Forbidden: they are no administrator, or proposed it themselves.
        Conflict: it was decided, or the setting is another by now.
        NotFound, Invalid: there is no such change, or it is beyond the bounds by now.
    """
    duties.check(staff.roles, duties.Act.CHANGE_SETTINGS)
    found = _open(session, proposal_id)
    _another(staff, found.proposed_by)
    wanted = wish(session, context, found.name, found.value or None)
    if _typed(wanted.before) != found.before:
        message = "the setting is another by now: dismiss this and propose it anew"
        raise Conflict(message, code="setting_decided")
    found.outcome, found.decided_by, found.decided_at = AGREED, staff.id, now
    session.flush()
    _write(session, wanted, by=found.proposed_by, agreed_by=staff.id, now=now)


def dismiss(session: Session, proposal_id: str, staff: Staff, *, now: datetime) -> None:
    """
    Say that a change is not to be; who proposed it takes it back by that.

    Raises:
        Forbidden: they are no administrator. NotFound: there is none. Conflict: it was decided.
    """
    duties.check(staff.roles, duties.Act.CHANGE_SETTINGS)
    found = _open(session, proposal_id)
    own = found.proposed_by == staff.id
    _decide(session, found, WITHDRAWN if own else DISMISSED, staff.id, now)


def _decide(session: Session, found: SettingProposal, outcome: str, by: str, now: datetime) -> None:
    found.outcome, found.decided_by, found.decided_at = outcome, by, now
    session.add(found)
    data = {"proposal": found.id, "setting": found.name}
    line = audit.Line(f"setting_{outcome}", f"staff:{by}", data)
    audit.append_day(session, line, now=now)


# -- what there is -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """
    How one setting stands.

    Args:
        value: What holds.
        default: What would hold without staff.
        origin: ``started`` (the environment or its file names it), ``staff``, ``profile`` (what the
            organisation says of itself asks for it) or ``default``.
        row: Who set it last, where staff did.
    """

    setting: Settable
    value: Value
    default: Value
    origin: str
    row: SettingValue | None


def standings(session: Session, context: Context) -> list[Standing]:
    """Return how every setting stands that can be changed: one query."""
    rows = {row.name: row for row in session.exec(select(SettingValue)).all()}
    found, stated = [], profile_defaults.values(context.profile)
    for name, setting in catalogue.settables().items():
        row, default = rows.get(name), catalogue.value_of(context.given, name)
        held = values.set_in(row)
        if values.fixed(context.given, name):
            found.append(Standing(setting, default, default, "started", None))
        elif held is not None:
            found.append(Standing(setting, held, default, "staff", row))
        else:
            origin = "profile" if name in stated else "default"
            found.append(Standing(setting, default, default, origin, row))
    return found
