"""
A person's passkeys and authenticator apps: which there are, adding one, taking one away.

For people whose account their product vouches for, and who answered a code in this visit: whoever
merely holds a session or a token neither sees nor changes them.

Source: NDSR 9, 25(1)(1); PIPL 47, 51.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from flask import g
from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import LevelTooLow, NotFound, Unauthenticated
from rights.domain.levels import Acr
from rights.domain.proof_keys import MOST, NAME, Way
from rights.services import (
    authenticators,
    ceremonies,
    fresh,
    key_letters,
    passkeys,
    person_keys,
    portal,
)
from rights.services.passkeys import Place
from rights.services.person_keys import Content
from rights.services.portal import Person
from rights.store.db import reading, transaction
from rights.store.models import PersonKey
from rights.web.parts import parts
from rights.web.portal import door, pages

area = door.private("keys")
pages.errors(area)

_ABOUT: Final = "keys"


@area.get("/keys")
def keys() -> Response:
    """Show the person's keys, or how to get to see them."""
    return _page()


@area.get("/keys/<path:action>")
def again(action: str) -> Response:
    """Lead back from the address of a form that somebody loads anew."""
    del action
    return pages.go("portal-keys.keys")


@area.post("/keys/code")
def send() -> Response:
    """Send the code that opens this page."""
    here, who = parts(), _owner()
    door.slowly(_ABOUT)
    with transaction(here.engine) as session:
        key_letters.send_code(
            session, here.context, who, door.visit().id, locale=g.language, now=here.now()
        )
    return pages.go("portal-keys.keys", sent=1)


@area.post("/keys/proof")
def prove() -> Response:
    """Check the code. A wrong one is counted, then shown beside the field."""
    here = parts()
    _owner()
    door.slowly(_ABOUT)
    given, right = call.form.get("code", ""), False
    with transaction(here.engine) as session:
        try:
            right = key_letters.answer_code(
                session, here.context, door.visit().id, given, now=here.now()
            )
        except Unauthenticated:
            pass  # said below, in the same words as a wrong one
    return pages.go("portal-keys.keys") if right else _page("wrong_code", 401)


@area.post("/keys/authenticator")
def begin() -> Response:
    """Show the secret of a new app: here and now, and never again."""
    here, words = parts(), pages.said()
    company = here.context.datamap.controller.get("name", {})
    with transaction(here.engine) as session:
        who = _proved(session)
        person_keys.room(session, here.context, who)
        shown = authenticators.begin(
            session,
            here.context,
            door.visit().id,
            issuer=words.either(company) or door.caller().name,
            label=door.caller().name,
            now=here.now(),
        )
    spaced = " ".join(shown.secret[at : at + 4] for at in range(0, len(shown.secret), 4))
    return pages.page("authenticator.html", secret=spaced, uri=shown.uri, wrong=[])


@area.post("/keys/authenticator/confirm")
def confirm() -> Response:
    """Keep the app once it shows the right code."""
    here = parts()
    door.slowly(_ABOUT)
    with transaction(here.engine) as session:
        who = _proved(session)
        made = authenticators.add(
            session,
            here.context,
            who,
            door.visit().id,
            call.form.get("code", ""),
            _name(Way.TOTP),
            now=here.now(),
        )
        if made is not None:
            _tell(session, who, "key_added", made)
        again = authenticators.waiting(session, here.context, door.visit().id, now=here.now())
    if made is not None:
        return pages.go("portal-keys.keys", added=1)
    if not again:  # sent twice, or too late, or wrong too often: the page shows what there is
        return pages.go("portal-keys.keys")
    said = [pages.said().say("keys", "wrong_app")]
    return pages.page("authenticator.html", 401, secret="", uri="", wrong=said)


@area.post("/keys/passkey/options")
def options() -> Response:
    """Give a browser what it needs to make a passkey, for the page's own script."""
    here = parts()
    door.slowly(_ABOUT)
    with transaction(here.engine) as session:
        who = _proved(session)
        _offered()
        person_keys.room(session, here.context, who)
        body = passkeys.to_add(session, here.context, who, place(), now=here.now())
    return Response(body, content_type="application/json")


@area.post("/keys/passkey")
def keep() -> Response:
    """Keep the passkey that a browser made."""
    here = parts()
    door.slowly(_ABOUT)
    with transaction(here.engine) as session:
        who = _proved(session)
        _offered()
        answer = call.form.get("answer", "")
        made = passkeys.add(
            session, here.context, who, place(), answer, _name(Way.PASSKEY), now=here.now()
        )
        if made is not None:
            _tell(session, who, "key_added", made)
    if made is None:
        return _page("key_refused", 401)
    return pages.go("portal-keys.keys", added=1)


@area.post("/keys/<id:key_id>/remove")
def remove(key_id: str) -> Response:
    """Take a key away, at once."""
    here = parts()
    door.slowly(_ABOUT)
    with transaction(here.engine) as session:
        who = _proved(session)
        key = person_keys.find(session, here.context, who, key_id)
        _tell(session, who, "key_removed", key)
        person_keys.remove(session, key, now=here.now())
    return pages.go("portal-keys.keys", removed=1)


def place() -> Place:
    """Return where a ceremony of this call takes place."""
    here = door.visit()
    return Place(here.id, here.origin)


def _owner() -> Person:
    """Return whose keys these are. Raises NotFound where no product vouches for an account."""
    who = door.person()
    if not person_keys.subjects_of(parts().context, who):
        raise NotFound("keys are for people whose account a product vouches for")
    return who


def _proved(session: Session) -> Person:
    """Return whose keys these are, if they answered a code in this visit. Raises LevelTooLow."""
    who = _owner()
    if not _is_fresh(session, who):
        raise LevelTooLow("answer a code in this visit first")
    return who


def _is_fresh(session: Session, who: Person) -> bool:
    cap = door.caller().level_cap
    return fresh.fresh_level(session, who, door.visit().id, cap=cap) >= fresh.NEEDED


def _offered() -> None:
    if not ceremonies.relying_party(parts().context.settings.base_url):
        raise NotFound("browsers make no passkeys for this address")


def _name(way: Way) -> str:
    """Return what the person calls it; printable, and never empty."""
    given = "".join(c for c in call.form.get("name", "") if c.isprintable()).strip()
    return given[:NAME] or pages.said().say("keys", str(way))


def _tell(session: Session, who: Person, event: str, key: PersonKey) -> None:
    here = parts()
    key_letters.tell(session, here.context, who, event, key.way, locale=g.language, now=here.now())


def _page(wrong: str = "", status: int = 200) -> Response:
    here, who = parts(), door.person()
    owner = bool(person_keys.subjects_of(here.context, who))
    with reading(here.engine) as session:
        proved = owner and _is_fresh(session, who)
        found = person_keys.listed(session, here.context, who) if proved else []
        shown = [_shown(key) for key in found]
    said = [pages.said().say("problem", wrong, "about")] if wrong else []
    return pages.page(
        "keys.html",
        status,
        wrong=said,
        owner=owner,
        proved=proved,
        keys=shown,
        room=len(shown) < MOST,
        most=MOST,
        minutes=here.context.settings.code_minutes,
        days=here.context.settings.key_trust_days,
        passkeys=bool(ceremonies.relying_party(here.context.settings.base_url)),
        outside=_token(who) if proved and door.visit().origin else "",
    )


def _shown(key: PersonKey) -> dict[str, Any]:
    context, words = parts().context, pages.said()
    content: Content = person_keys.content_of(context, key)
    from_day = key.created_at + timedelta(days=context.settings.key_trust_days)
    return {
        "id": key.id,
        "name": content.name,
        "way": words.say("keys", key.way),
        "added": pages.day(key.created_at),
        "used": pages.day(key.last_used_at) if key.last_used_at else "",
        "from": "" if person_keys.trusted(context, key, parts().now()) else pages.day(from_day),
    }


def _token(who: Person) -> str:
    """
    Return what opens the portal on a page of its own, for whom has it in a frame.

    Worth a plain session there, whatever the product's word was: no proof gets fresh by it.
    """
    here = parts()
    plain = replace(who, acr=Acr.SESSION if who.acr else None)
    token, _ = portal.issue(here.context, plain, now=here.now())
    return token
