"""
Holds: what was placed and by whom, what waits for a second person, what ends, and what then.

A hold keeps rows from deletion and from every use. Who places one does not approve it.

Source: NDSR 24; PIPL 47(2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from types import MappingProxyType
from typing import Any, Final

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.duties import Act
from rights.domain.errors import FieldError, Invalid
from rights.domain.holds import PLACED
from rights.services import hold_catalogue, hold_releases, holds
from rights.services.console import held, held_lists
from rights.services.staff_access import accounts
from rights.store.db import reading
from rights.store.models import HeldRows, LegalHold, Staff
from rights.web.console import door, pages, showing
from rights.web.console.trying import status_of, tried
from rights.web.parts import parts

area = door.private("holding")
pages.errors(area)

_FORM: Final = "hold_fields"


@area.get("/holds")
def listed() -> Response:
    """
    Show every hold that was placed, and what ends.

    ``list`` in the address shows one list by itself, ``after`` where it goes on.
    """
    return _shown()


def _shown(status: int = 200, *, wrong: list[str] | None = None) -> Response:
    here, now = parts(), parts().now()
    only, after = _asked()
    with reading(here.engine) as session:
        names = accounts.names(session)
        found = {
            name: held_lists.page(session, name, now, after=after)
            for name in held_lists.LISTS
            if only in ("", name)
        }
        theirs = held.requests_of(
            session, [one for name in ("legal", "ending") for one in found.get(name, ((), ""))[0]]
        )
    told = {
        name: [kept(one, now) if name == "rows" else legal(one, names, now, theirs) for one in rows]
        for name, (rows, _) in found.items()
    }
    return pages.page(
        "holds.html",
        status,
        lists=told,
        rest={name: rest for name, (_, rest) in found.items()},
        only=only,
        collections=[(one.path, one.path) for one in here.context.datamap.collections],
        ranks=ranks(),
        places=door.may(Act.PLACE_HOLD),
        decides=door.may(Act.DECIDE_HOLD),
        days=held_lists.SOON.days,
        given=call.form,
        wrong=wrong or [],
    )


def _asked() -> tuple[str, str]:
    """Return which list is looked at by itself, and from where on; nothing for all of them."""
    only = call.args.get("list", "")
    return (only, call.args.get("after", "")) if only in held_lists.LISTS else ("", "")


def ranks() -> list[tuple[str, str]]:
    """Return on what a legal hold can rest, in words."""
    return [(one, pages.said().say("ranks", one)) for one in sorted(PLACED)]


def legal(
    one: LegalHold,
    names: Mapping[str, str],
    now: datetime,
    requests: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> dict[str, Any]:
    """
    Return what a page says of a legal hold: on what, why, until when, how far it is.

    Args:
        requests: By hold, those of whom it is on.
    """
    w = pages.said()
    over = one.until is not None and one.until <= now
    code = "released" if one.released_at else "over" if over else _standing(one)
    return {
        "id": one.id,
        "on": one.path or w.say("holds", "person"),
        "rank": w.say("ranks", one.rank),
        "basis": one.basis,
        "until": pages.day(one.until) if one.until else w.say("holds", "no_end"),
        "state": w.say("hold_states", code),
        "code": code,
        "placed": w.say(
            "holds", "placed", who=showing.who(one.placed_by, names), at=pages.moment(one.placed_at)
        ),
        "approved": showing.who(one.approved_by, names) if one.approved_by else "",
        "mine": one.placed_by == f"staff:{door.staff().id}",
        "releasing": "" if over else _releasing(one, names),
        "released": _released(one, names),
        "requests": requests.get(one.id, ()),
        "open": one.released_at is None and not over,
    }


def _standing(one: LegalHold) -> str:
    return "in_force" if one.approved_at else "waiting"


def _releasing(one: LegalHold, names: Mapping[str, str]) -> str:
    if one.release_proposed_at is None or not hold_releases.waits(one):
        return ""
    who, at = showing.who(one.release_proposed_by, names), pages.moment(one.release_proposed_at)
    return pages.said().say("holds", "releasing", who=who, at=at)


def _released(one: LegalHold, names: Mapping[str, str]) -> str:
    if one.released_at is None:
        return ""
    who, at = showing.who(one.released_by, names), pages.moment(one.released_at)
    return pages.said().say("holds", "released", who=who, at=at)


def kept(one: HeldRows, now: datetime) -> dict[str, Any]:
    """Return what a page says of rows that are held: why, until when, and what happens then."""
    w, known = pages.said(), hold_catalogue.catalogue().words
    return {
        "request": one.request_id,
        "collection": one.collection,
        "why": w.either(_tongues(known.get(one.code, {})), one.code),
        "basis": one.basis,
        "rank": w.find("ranks", one.rank),
        "rows": w.number(one.count),
        "until": pages.day(one.latest) if one.latest else w.say("holds", "no_end"),
        "late": one.state == "stuck" or (one.state == "held" and _past(one, now)),
        "then": _then(one, now),
        "note": one.note if one.state == "stuck" else "",
    }


def _tongues(said: Mapping[str, str]) -> dict[str, str]:
    return {"zh-CN": said["zh"], "en": said["en"]} if said else {}


def _past(one: HeldRows, now: datetime) -> bool:
    return one.latest is not None and one.latest <= now


def _then(one: HeldRows, now: datetime) -> str:
    w = pages.said()
    if one.state == "ended":
        return w.say("holds", "then", "ended", day=pages.day(one.ended_at or now))
    if one.state == "stuck":
        return w.say("holds", "then", "stuck")
    if one.latest is not None:
        return w.say("holds", "then", "over" if _past(one, now) else "deleted")
    return w.say("holds", "then", "released" if one.hold_id else "looked")


# -- what is done here ---------------------------------------------------------------------------


@area.post("/holds")
def place() -> Response:
    """Place a legal hold on a collection."""

    def do(session: Session, staff: Staff, now: datetime) -> None:
        context, form = parts().context, call.form
        given: dict[str, Any] = {"rank": form.get("rank", ""), "basis": form.get("basis", "")}
        given |= {"on": form.get("collection", ""), "until": until(form.get("until", ""))}
        holds.place(session, context.vault, context.datamap, staff, **given, now=now)

    return _done(do)


def until(said: str) -> datetime | None:
    """Return the moment at which a day begins on which a hold ends. Raises Invalid."""
    if not said:
        return None
    try:
        day = date.fromisoformat(said)
    except ValueError:
        raise Invalid("name a day", [FieldError("until", "is no day", rule="no_day")]) from None
    return datetime.combine(day, time.min, pages.zone()).astimezone(UTC)


@area.post("/holds/<id:hold_id>/confirm")
def confirm(hold_id: str) -> Response:
    """Approve a legal hold that a colleague placed."""
    return _done(lambda session, staff, now: holds.confirm(session, hold_id, staff, now=now))


@area.post("/holds/<id:hold_id>/release")
def release(hold_id: str) -> Response:
    """End a legal hold that nobody approved; an approved one is released by two."""
    return _done(lambda session, staff, now: holds.release(session, hold_id, staff, now=now))


def _done(do: Callable[[Session, Staff, datetime], object]) -> Response:
    if wrong := tried(do):
        return _shown(status_of(wrong), wrong=pages.refusal(wrong, form=_FORM))
    return pages.go("console-holding.listed")
