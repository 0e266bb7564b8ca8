"""
A request that came by letter, by phone, at a counter or to a wrong address, as staff log it.

Its time runs from the moment it arrived. What staff type proves nothing about who asks.

Source: NDSR 23; 11 CCR 7020(e).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import request as call
from werkzeug import Response
from werkzeug.datastructures import MultiDict

from rights.domain.duties import Act
from rights.domain.errors import Conflict, FieldError, Forbidden, Invalid
from rights.domain.kinds import Kind, Option
from rights.domain.representation import AgeBand
from rights.services import arrivals, backends
from rights.services.arrivals import Arrival
from rights.services.words import LANGUAGES
from rights.store.db import reading, transaction
from rights.web.console import arriving_inputs, arriving_writer, door, noting, pages, showing, words
from rights.web.parts import parts

area = door.private("arriving", Act.LOG_REQUEST)
pages.errors(area)

_TOLD: Final = ("code", "proof", "information", "guardian")
LOGGED: Final = ("logged", *(f"logged_{one}" for one in _TOLD))
"""What whoever logged a request is told: that, and what comes next."""

_STATUS: Final = {Forbidden: 403, Conflict: 409}
_WHO: Final = "who."


@area.get("/log")
def ask() -> Response:
    """Ask what was asked for; then, of that, everything else."""
    return _shown(call.args)


def _shown(
    given: MultiDict[str, str], status: int = 200, *, wrong: list[str] | None = None
) -> Response:
    here, chosen = parts(), _chosen(given.get("ask", ""))
    with reading(here.engine) as session:
        products = [(name, name) for _, name in backends.open_ones(session)]
    return pages.page(
        "arriving.html",
        status,
        asks=[(f"{k}/{o}", showing.title(k, o)) for k in Kind for o in _offered(k)],
        ask="/".join(chosen) if chosen else "",
        inputs=arriving_inputs.asked(here.context.datamap, *chosen) if chosen else [],
        types=_types(),
        writer=arriving_writer.asked(given),
        channels=[(one, pages.said().say("channels", one)) for one in arrivals.CHANNELS],
        products=products,
        laws=[(n, pages.said().either(r.titles, n)) for n, r in here.context.regimes.items()],
        ages=[(one, pages.said().say("ages", one)) for one in AgeBand],
        tongues=[(one, words.of(one).say("language")) for one in LANGUAGES],
        zone=str(pages.zone()),
        given=given,
        wrong=wrong or [],
    )


def _offered(kind: Kind) -> tuple[Option, ...]:
    return parts().context.policy.offered(kind)


def _chosen(said: str) -> tuple[Kind, Option] | None:
    kind, _, option = said.partition("/")
    known = kind in {*map(str, Kind)} and option in {*map(str, _offered(Kind(kind)))}
    return (Kind(kind), Option(option)) if known else None


def _types() -> list[tuple[str, str]]:
    w = pages.said()
    return [(n, w.find("identifiers", n) or n) for n in parts().context.datamap.identifiers]


@area.post("/log/request")
def log() -> Response:
    """Log it; what is wrong is told beside what was typed."""
    here = parts()
    try:
        arrival = _arrival(call.form)
        with transaction(here.engine) as session:
            made = arrivals.log(session, here.context, arrival, door.staff(), now=here.now())
            session.flush()
            told = arrivals.told(session, here.context, made, here.now())
    except (Conflict, Forbidden, Invalid) as error:
        noting.note(error)
        return _shown(
            call.form, _STATUS.get(type(error), 422), wrong=pages.refusal(error, form="arriving")
        )
    logged = f"logged_{told['next']}"
    done = logged if logged in LOGGED else "logged"
    return pages.go("console-one.one", request_id=told["reference"], done=done)


def _arrival(form: MultiDict[str, str]) -> Arrival:
    chosen = _chosen(form.get("ask", ""))
    if chosen is None:
        raise Invalid(
            "choose what is asked for", [FieldError("ask", "is not offered", rule="not_offered")]
        )
    kind, option = chosen
    inputs = arriving_inputs.asked(parts().context.datamap, kind, option)
    laws = form.get("regimes", "")
    return Arrival(
        kind=kind,
        option=option,
        subject=_subject(form),
        parameters=arriving_inputs.read(inputs, form),
        received=_moment(form.get("received_at", "")),
        channel=form.get("channel", ""),
        backend=form.get("backend", ""),
        regimes=(laws,) if laws else (),
        locale=_one_of("locale", form, LANGUAGES),
        age_band=AgeBand(_one_of("age_band", form, tuple(AgeBand))),
        writer=arriving_writer.read(form),
    )


def _subject(form: MultiDict[str, str]) -> dict[str, str]:
    typed = {name: form.get(_WHO + name, "").strip() for name, _ in _types()}
    return {name: value for name, value in typed.items() if value}


def _one_of(name: str, form: MultiDict[str, str], allowed: tuple[str, ...]) -> str:
    said = form.get(name, "")
    if said not in allowed:
        raise Invalid(
            "choose one of the list", [FieldError(name, "is not of the list", rule="choose")]
        )
    return said


def _moment(text: str) -> datetime:
    wrong: Any = [FieldError("received_at", "is no day and time", rule="no_moment")]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("when did it arrive?", wrong) from None
    if found.tzinfo is not None:
        raise Invalid("when did it arrive?", wrong)
    return found
