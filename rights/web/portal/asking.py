"""Asking for a right: one page for every kind, one action to send it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import g, request
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import Invalid, NotFound, TooMany
from rights.domain.kinds import Kind, Option
from rights.domain.products import PRODUCTS
from rights.domain.representation import Role
from rights.services import (
    asking_for_many,
    catalogue,
    forms,
    idempotency,
    law_levels,
    lookups,
    methods,
    naming_grounds,
    pauses,
    portal_sessions,
    submission,
)
from rights.services.idempotency import Reply
from rights.services.intake import Submission
from rights.services.portal import Person
from rights.services.regimes import promise
from rights.store.db import transaction
from rights.web import watching
from rights.web.api import taking
from rights.web.parts import parts
from rights.web.portal import acting, beforehand, door, inputs, pages, proofs
from rights.web.portal.inputs import Form, Input
from rights.web.portal.mistakes import Mistakes
from rights.web.portal.who import visitor, ways
from rights.web.reading import loaded
from rights.web.schemas import requests as shapes

area = door.private("asking")
pages.errors(area)


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a kind as the form shows it."""

    option: Option
    title: str
    inputs: list[Input]
    due: str
    immediate: bool
    level: int


@area.get("/ask/<kind>")
def ask(kind: str) -> Response:
    """Show the form of one kind."""
    # What a link brings along may choose an option and products; it types nothing for anybody.
    wanted = _kind(kind)
    named = [(f"{_option(wanted)}.{PRODUCTS}", one) for one in request.args.getlist(PRODUCTS)]
    chosen = Form([("option", request.args.get("option", "")), *named])
    return _form(wanted, Mistakes(), chosen)


@area.post("/ask/<kind>")
def send(kind: str) -> Response:
    """Take a request in; what is wrong with it is shown beside what was typed."""
    wanted, wrong = _kind(kind), Mistakes()
    option = _option(wanted)
    try:
        forms.option_for(wanted, request.form.get("option"), parts().context.policy)
        request_id = _taken(wanted, option, wrong)
    except Invalid as error:
        wrong.found(error)
    except TooMany as error:
        return _too_many(wanted, error)
    if wrong.said:
        return _form(wanted, wrong, request.form, 422)
    return pages.go("portal-following.follow", request_id=request_id)


def _too_many(kind: Kind, error: TooMany) -> Response:
    """Say why it is too much for now, on the form with all that was typed."""
    said = pages.said().find("problem", error.code, "about")
    if error.code != asking_for_many.CODE or not said:
        raise error
    response = _form(kind, Mistakes([str(said)]), request.form, 429)
    response.headers["Retry-After"] = str(math.ceil(error.retry_after.total_seconds()))
    return response


def _kind(name: str) -> Kind:
    if name not in list(Kind) or not _offered(Kind(name)):
        raise NotFound("there is no such kind")
    return Kind(name)


def _offered(kind: Kind) -> tuple[Option, ...]:
    return parts().context.policy.offered(kind)


def _option(kind: Kind) -> Option:
    said = request.values.get("option", "")
    return next((o for o in _offered(kind) if o == said), _offered(kind)[0])


def _asked(kind: Kind, option: Option) -> list[Input]:
    datamap, words = parts().context.datamap, pages.said()
    return inputs.asked(
        datamap, words, kind, option, pause=_pause(kind, option), grounds=_grounds(kind)
    )


def _grounds(kind: Kind) -> tuple[str, ...]:
    """Return the grounds of the laws that what is asked here is handled under."""
    context = parts().context
    regimes = door.caller().regimes or context.settings.default_regimes
    return naming_grounds.choices(kind, regimes, context.regimes)


def _pause(kind: Kind, option: Option) -> int:
    """Return how many days somebody may choose to wait; none where the law leaves no room."""
    context = parts().context
    regimes = door.caller().regimes or context.settings.default_regimes
    return pauses.most(context, kind, option, regimes, parts().now())


def _alike(every: list[list[Input]]) -> bool:
    """Return whether several options ask for the same: the form then asks once, for the first."""
    return len(every) > 1 and all(one == every[0] for one in every)


def _prefix(kind: Kind, option: Option) -> str:
    """Return what the names of an option's inputs begin with."""
    every = [_asked(kind, one) for one in _offered(kind)]
    return f"{_offered(kind)[0] if _alike(every) else option}."


def _taken(kind: Kind, option: Option, wrong: Mistakes) -> str:
    """Return the reference of what was asked for, unless something is wrong."""
    context = parts().context
    fields = _asked(kind, option)
    parameters, values, empty = inputs.read(fields, request.form, _prefix(kind, option))
    wrong.empty([one.title for one in fields if one.name in empty])
    wish: dict[str, Any] = {"kind": str(kind), "option": str(option)}
    wish |= {"parameters": parameters} if parameters else {}
    wish |= {"values": inputs.typed(context.datamap, values)} if values else {}
    checked = loaded(shapes.NewRequest(), {**wish, "locale": g.language})
    who = door.visit().person or visitor(kind)
    return "" if wrong.said else once(who, lambda s, now: _submitted(s, who, checked, now))


def once(who: Person, make: Callable[[Session, datetime], str]) -> str:
    """
    Return what *make* made of a form; sent twice, by a double click or after going back, it is
    made once.
    """
    here, context = parts(), parts().context
    said = hashlib.sha256(repr(sorted(request.form.items(multi=True))).encode()).hexdigest()
    name = f"portal|{door.visit().id}|{request.form.get('once', '')}|{said}"
    call = idempotency.call(context.vault, who.backend_id, name, request.path, said.encode())
    now = here.now()
    try:
        with transaction(here.engine) as session:
            if before := idempotency.earlier(session, context.vault, call, now=now):
                return before.body.decode()
            made = make(session, now)
            idempotency.keep(session, context.vault, call, Reply(201, made.encode()), now=now)
            return made
    except idempotency.Repeated:
        return once(who, make)


def _submitted(session: Session, who: Person, wish: Mapping[str, Any], now: datetime) -> str:
    about = acting.about(who)
    new = taking.submission(session, door.speaker(who), about, wish, wish)
    # What somebody says of another nobody vouches for, however surely they are known themselves.
    acted = about.second is not None and not about.second.attested
    stranger = door.visit().person is None or (acted and about.role is not Role.SELF)
    if stranger:
        new = of_a_stranger(new)
    new = proofs.quietly(session, new)
    taken = submission.take(session, parts().context, new, now=now)
    made = watching.took(session, taken)
    session.flush()
    if stranger:
        portal_sessions.remember(session, door.visit(), made.id, made=True)
    proofs.begin(session, made, asked=new.ask)
    return made.id


def of_a_stranger(new: Submission) -> Submission:
    """Mark what nobody vouches for: it is always a request of its own."""
    return replace(new, stranger=True)


def _form(kind: Kind, wrong: Mistakes, given: Form, status: int = 200) -> Response:
    words = pages.said()
    said, context = catalogue.words()["kinds"][kind], parts().context
    now, who, cap = parts().now(), door.visit().person, door.caller().level_cap
    leaving = kind is Kind.ACCOUNT_CANCELLATION
    choices = [_choice(kind, option, now) for option in _offered(kind)]
    return pages.page(
        "ask.html",
        status,
        kind=kind,
        title=words.either(said["title"]),
        about=words.either(said["about"]),
        choices=choices,
        chosen=_option(kind),
        alike=_alike([one.inputs for one in choices]),
        given=given,
        wrong=wrong.said,
        who=ways() if who is None else [],
        acting=acting.choices(),
        acting_as=given.get("acting.role", ""),
        changes=inputs.rows(given),
        beforehand=kind in beforehand.ERASING and lookups.may(context, who, "foreseen", cap=cap),
        values=kind is Kind.CORRECTION and lookups.may(context, who, "values", cap=cap),
        blocked=methods.blocked(context, words) if leaving else [],
        message=words.either(context.policy.retention_message) if leaving else "",
    )


def _choice(kind: Kind, option: Option, now: datetime) -> Choice:
    context, words = parts().context, pages.said()
    regimes = door.caller().regimes or context.settings.default_regimes
    promised = promise(kind, option, regimes, now, book=context.regimes)
    return Choice(
        option,
        words.either(catalogue.words()["kinds"][kind]["options"][option]),
        _asked(kind, option),
        words.day(promised.promised_at.astimezone(pages.zone(None)).date()),
        promised.promised_at <= now,
        law_levels.needed(context, kind, option, regimes, now),
    )
