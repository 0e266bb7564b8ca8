"""Who works here: accounts added, given their roles and a way in, and closed. Admins only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from flask import request
from sqlmodel import Session
from werkzeug import Response

from rights.domain import staff as rules
from rights.domain.duties import AUTOMATION, Act
from rights.domain.errors import Conflict, Forbidden, Invalid
from rights.services.staff_access import accounts, provider, sessions
from rights.settings import Settings
from rights.store.db import reading, transaction
from rights.store.models import Staff, StaffInvitation
from rights.web.console import door, noting, pages, showing
from rights.web.parts import parts

area = door.private("staff", Act.MANAGE_STAFF)
pages.errors(area)


@area.get("/staff")
def listed() -> Response:
    """Show every account."""
    return _shown()


def _shown(
    status: int = 200, *, wrong: list[str] | None = None, link: tuple[str, str] | None = None
) -> Response:
    with reading(parts().engine) as session:
        elsewhere = provider.elsewhere(session, _settings())
        everybody = accounts.listed(session)
        rows = [_line(one, elsewhere) for one in everybody]
        ages, links = accounts.passwords_set(session), accounts.invitations(session, now=_now())
        names = {one.id: one.name for one in everybody}
        browsers = sessions.counted(session, now=_now())
    for row in rows:
        row.update(_way_in(str(row["id"]), ages, links, names))
        row["browsers"] = _browsers(browsers.get(str(row["id"])))
    return pages.page(
        "staff.html",
        status,
        rows=rows,
        known=[(one, pages.said().say("roles", one)) for one in rules.KNOWN],
        given=request.form,
        passwords=not _settings().staff_oidc_only,
        wrong=wrong or [],
        link=link,
    )


def _now() -> datetime:
    return parts().now()


def _way_in(
    staff_id: str,
    ages: Mapping[str, datetime],
    links: Mapping[str, StaffInvitation],
    names: Mapping[str, str],
) -> dict[str, str]:
    """Say how old a password is, and who made a link that was not used yet."""
    w, age, link = pages.said(), ages.get(staff_id), links.get(staff_id)
    invited = {}
    if link is not None:
        who, until = showing.who(link.made_by, names), pages.moment(link.expires_at)
        invited = {"invited": w.say("staff", "invited", who=who, until=until)}
    return {"password": w.say("staff", "password", day=pages.day(age)) if age else "", **invited}


def _browsers(found: sessions.Browsers | None) -> str:
    """Say in how many browsers somebody is signed in, since when, and when one was last used."""
    if found is None:
        return ""
    since, used = pages.moment(found.since), pages.moment(found.seen_at)
    return pages.said().say("staff", "browsers", count=found.count, since=since, used=used)


def _settings() -> Settings:
    return parts().context.settings


def _line(one: Staff, elsewhere: AbstractSet[str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "roles": one.roles,
        "since": pages.day(one.created_at),
        "closed": pages.day(one.closed_at) if one.closed_at else "",
        "mine": one.id == door.staff().id,
        "elsewhere": one.id in elsewhere,
    }


@area.post("/staff")
def add() -> Response:
    """Add somebody, and show the link with which they set their password, once."""

    def do(session: Session, now: datetime) -> tuple[str, str]:
        name, roles = request.form.get("name", ""), request.form.getlist("roles")
        made = accounts.add(session, name, roles, door.staff(), now=now)
        if AUTOMATION in made.roles:
            return made.name, ""
        provider.allow_passwords(_settings())
        return made.name, accounts.invite(session, made, door.staff(), now=now)

    return _done(do)


@area.post("/staff/<id:staff_id>/roles")
def change(staff_id: str) -> Response:
    """Say what somebody may do from now on."""

    def do(session: Session, now: datetime) -> None:
        one, roles = accounts.find(session, staff_id), request.form.getlist("roles")
        provider.local(session, _settings(), one)
        accounts.change_roles(session, one, roles, door.staff(), now=now)

    return _done(do)


@area.post("/staff/<id:staff_id>/invitation")
def invite(staff_id: str) -> Response:
    """Show a fresh link with which somebody sets their password, once."""

    def do(session: Session, now: datetime) -> tuple[str, str]:
        one = accounts.find(session, staff_id)
        provider.allow_passwords(_settings())
        provider.local(session, _settings(), one)
        return one.name, accounts.invite(session, one, door.staff(), now=now)

    return _done(do)


@area.post("/staff/<id:staff_id>/second-factor")
def forget_second_factor(staff_id: str) -> Response:
    """Let somebody whom the provider signs in set up another second factor."""

    def do(session: Session, now: datetime) -> None:
        one = accounts.find(session, staff_id)
        accounts.forget_second_factor(session, one, door.staff(), now=now)

    return _done(do)


@area.post("/staff/<id:staff_id>/sign-out")
def sign_out(staff_id: str) -> Response:
    """Sign somebody out of every browser."""

    def do(session: Session, now: datetime) -> None:
        accounts.sign_out(session, accounts.find(session, staff_id), door.staff(), now=now)

    return _done(do)


@area.post("/staff/<id:staff_id>/close")
def close(staff_id: str) -> Response:
    """Let somebody in no more."""

    def do(session: Session, now: datetime) -> None:
        accounts.close(session, accounts.find(session, staff_id), door.staff(), now=now)

    return _done(do)


def _done(do: Callable[[Session, datetime], tuple[str, str] | None]) -> Response:
    """Do it; show the link that came of it, or why it was not done. A refusal is an entry."""
    here = parts()
    try:
        with transaction(here.engine) as session:
            made = do(session, here.now())
    except (Conflict, Forbidden, Invalid) as error:
        noting.note(error)
        status = {Conflict: 409, Forbidden: 403}.get(type(error), 422)
        return _shown(status, wrong=pages.refusal(error))
    if made is None or not made[1]:
        return pages.go("console-staff.listed")
    base = here.context.settings.console_address
    return _shown(link=(made[0], f"{base}{door.PREFIX}/invitation?w={made[1]}"))
