"""
What each notice says.

A letter holds the reference, codes, times and counts; never the person's data. One address stands
in some of them, as text: where somebody who did not ask says so. A token stands as text beside the
code that it replaces. One function for each event, and a table of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from rights.domain.lifecycle import TERMINAL, State
from rights.domain.parameters import MEANWHILE, UNTIL
from rights.domain.products import named
from rights.domain.representation import Role
from rights.services import cooling, denial_offers, denials
from rights.services.arrivals import CHANNELS
from rights.services.askable import is_question
from rights.services.reasons import catalogue as reasons
from rights.services.reasons import told as told_as
from rights.store.models import Request
from workflows.notices import about_incidents, about_keys, about_packages, correspondence, elements
from workflows.notices.facts import Facts
from workflows.notices.letter import (
    Block,
    Letter,
    bullets,
    heading,
    paragraph,
    paste,
    table,
)
from workflows.notices.lines import basis_of, items
from workflows.notices.parts import about as _about
from workflows.notices.parts import code_and_rest, why
from workflows.notices.parts import label as _label
from workflows.notices.told import ComplaintFacts, Told
from workflows.notices.words import Words


def compose(facts: Told) -> Letter:
    """Return the letter for one notice."""
    say = facts.words
    blocks = (
        paragraph(say.say("greeting")),
        *_body(facts),
        table([(say.say("labels", "contact"), facts.contact)]),
        paragraph(say.say("footer", company=facts.company)),
    )
    return Letter(
        subject=say.say("subjects", facts.event, reference=facts.reference),
        sender=say.say("from", company=facts.company).strip(" ,"),
        language=say.language,
        colon=say.say("colon"),
        blocks=tuple(block for block in blocks if block != table(())),
    )


def _body(facts: Told) -> Iterator[Block]:
    if isinstance(facts, ComplaintFacts):
        return correspondence.OF_COMPLAINTS[facts.event](facts)
    assert isinstance(facts, Facts), "a notice is about a request or a complaint"
    return (_BODIES.get(facts.event) or about_incidents.BODIES[facts.event])(facts)


def _received(facts: Facts) -> Iterator[Block]:
    say, request = facts.words, facts.request
    yield paragraph(say.say("received", "opening"))
    step = _step(facts)
    titles = [say.either(regime.titles, regime.name) for regime in facts.regimes]
    yield table(
        [
            *_about(facts),
            _label(facts, "received", facts.moment(request.received_at)),
            _label(facts, "rules", say.listed(titles)),
            _label(facts, "due", facts.moment(request.promised_at)),
            *_waits(facts),
            _label(facts, "next", say.say("next", step, needs=_needs(facts), until=_until(facts))),
        ]
    )
    if step == "code":
        yield from code_and_rest(facts)
    if facts.link and request.state not in TERMINAL:
        yield from _not_me(facts)
    if request.state not in TERMINAL:
        ways = [_label(facts, name, _how(facts, name)) for name in ("add", "cancel")]
        if _until(facts):
            ways.append(_label(facts, "proceed", say.say("how", "proceed")))
        yield table(ways)
    yield from elements.paragraphs(facts)
    yield paragraph(say.say("received", "closing"))


def _step(facts: Facts) -> str:
    """Return what the person has to do now, if anything."""
    if facts.request.state in TERMINAL:
        return "closed"
    if facts.request.state is State.VERIFYING:
        return "code" if facts.code else "ask_code"
    if facts.request.needs:
        return "needs_info"
    if not cooling.cools(facts.request):
        return "working"
    return "cooling_off_product" if named(facts.request.parameters) else "cooling_off"


def _until(facts: Facts) -> str:
    """Return until when the person chose to wait; empty where they did not."""
    day = cooling.until(facts.request)
    return facts.moment(day) if day else ""


def _waits(facts: Facts) -> Iterator[tuple[str, str]]:
    if until := _until(facts):
        yield _label(facts, "waits", until)


def _needs(facts: Facts) -> str:
    say = facts.words
    return say.listed([_need(say, name) for name in facts.request.needs])


def _how(facts: Facts, name: str) -> str:
    if not facts.contact:
        return facts.words.say("how", f"{name}_here")
    return facts.words.say("how", name, contact=facts.contact)


def _code(facts: Facts) -> Iterator[Block]:
    yield paragraph(facts.words.say("code", "opening", reference=facts.request.id))
    yield from code_and_rest(facts)


def _needs_info(facts: Facts) -> Iterator[Block]:
    say, needs = facts.words, facts.request.needs
    yield paragraph(say.say("needs_info", "opening"))
    yield table(_about(facts))
    if needs:
        yield bullets(_asked(facts))
    else:
        yield paragraph(say.say("needs_info", "nothing"))
    yield table([_label(facts, "add", _how(facts, "add"))])


def _asked(facts: Facts) -> Iterator[str]:
    """Yield what is missing; what staff wrote about it only to who may read what was found."""
    say = facts.words
    told = {} if _brief(facts) else {one.name: one for one in facts.asked}
    for name in facts.request.needs:
        one = told.get(name)
        if one is None:
            yield _need(say, name)
        else:
            yield say.say(
                "needs_info", "because", what=one.question or _need(say, name), why=one.why
            )


def _need(say: Words, name: str) -> str:
    return say.say("needs", "question") if is_question(name) else say.find("needs", name) or name


def _outcome(facts: Facts) -> Iterator[Block]:
    say, request = facts.words, facts.request
    denied = request.state is State.DENIED
    if _brief(facts):
        yield paragraph(say.say("outcome", "brief"))
        yield table(_about(facts))
        if denied:  # the ways out and the offers are the law's, and tell nothing about anybody
            yield from _ways_out(facts)
            yield from _offers(facts)
        return
    yield paragraph(say.say("outcome", str(request.state)))
    answered = facts.moment(request.closed_at) if request.closed_at else ""
    rests = _rests_on(facts)
    yield table([*_about(facts), _label(facts, "answered", answered), *rests, *_denial(facts)])
    if MEANWHILE in request.parameters:
        about = "meanwhile_product" if named(request.parameters) else "meanwhile"
        yield paragraph(say.say("outcome", about, reference=request.follows))
    yield from _result(facts)
    if facts.answers:
        yield heading(say.say("outcome", "facts"))
        yield from map(paragraph, facts.answers)
    yield from _ways_out(facts)
    yield from _offers(facts)


def _rests_on(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield on which ground of the law a restriction rests, and where that stands."""
    if row := facts.rests_on:
        said = facts.words.either(row.texts)
        told = facts.words.say("rests_on", ground=said, law=row.source.text)
        yield _label(facts, "rests_on", told)


def _brief(facts: Facts) -> bool:
    """Return whether this reader has not shown enough to be told what was found."""
    request = facts.request
    if facts.acting and request.requester_role is not Role.SELF:
        # Somebody may switch a thing off for another without any proof; what came of it is theirs.
        return not (facts.proved and request.level_needed and request.level >= request.level_needed)
    return not facts.proved and (request.level_needed > 0 or _typed_only(request))


def _typed_only(request: Request) -> bool:
    """
    Return whether somebody merely typed addresses into the portal, or staff did from a letter.

    One of them may be another person's: a letter that says what was found would tell the one
    who typed it whether there was anything.
    """
    return request.channel in ("portal", *CHANNELS) and not request.acr


def _ways_out(facts: Facts) -> Iterator[Block]:
    """Yield where the person can turn, under every law, and for a denial how much time there is."""
    say, denied = facts.words, facts.request.state is State.DENIED
    yield heading(say.say("outcome", "remedies"))
    told = ("text", "time") if denied else ("text",)
    yield bullets(
        say.join([say.either(way[name]) for name in told])
        for way in denials.ways_out(facts.context, facts.request)
    )


def _offers(facts: Facts) -> Iterator[Block]:
    """Yield what a law of the request wants offered with a denial."""
    for offer in denial_offers.of(facts.context, facts.request):
        yield paragraph(facts.words.either(offer["text"]))


def _denial(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield reason and legal basis of a request that was denied as a whole."""
    say, request = facts.words, facts.request
    if request.state is not State.DENIED:
        return
    code = told_as(request.reason)
    known = reasons().get(code)
    yield _label(facts, "reason", say.either(known.texts) if known else code)
    yield _label(facts, "basis", basis_of(facts, code))


def _result(facts: Facts) -> Iterator[Block]:
    """Yield the lines of the receipt, and what they claim."""
    say = facts.words
    if not facts.receipt:
        return
    yield heading(say.say("outcome", "lines"))
    told = tuple(items(facts))
    yield bullets(told) if told else paragraph(say.say("outcome", "none"))
    if facts.receipt.get("proves") == "logically_gone":
        yield paragraph(say.say("outcome", "physical"))
    if facts.receipt.get("package"):
        yield paragraph(say.say("outcome", "package"))
    yield paragraph(say.say("outcome", "receipt"))


def _expired(facts: Facts) -> Iterator[Block]:
    say, days = facts.words, facts.context.settings.verify_days
    yield paragraph(say.say("expired", "opening", days=days))
    yield table(_about(facts))
    yield paragraph(say.say("expired", "again"))


def _hold_ended(facts: Facts) -> Iterator[Block]:
    say = facts.words
    yield paragraph(say.say("hold_ended", "opening"))
    yield table(_about(facts))
    told = tuple(items(facts))
    if told and (facts.proved or not facts.request.level_needed):
        yield bullets(told)
    yield paragraph(say.say("hold_ended", "closed"))


def _lift_announced(facts: Facts) -> Iterator[Block]:
    say, request = facts.words, facts.request
    day = say.day(date.fromisoformat(request.parameters[UNTIL]))
    yield paragraph(say.say("lift_announced", "opening", day=day))
    yield table([*_about(facts), *_rests_on(facts), _label(facts, "ends", day)])
    if facts.answers:
        yield heading(say.say("lift_announced", "because"))
        yield from map(paragraph, facts.answers)
    else:
        yield paragraph(say.say("lift_announced", "own"))
    yield paragraph(say.say("lift_announced", "object"))
    yield table([_label(facts, "cancel", _how(facts, "cancel"))])


def _not_me(facts: Facts) -> Iterator[Block]:
    yield paragraph(facts.words.say("not_me", "how"))
    yield paste(facts.link)


def _warning(facts: Facts) -> Iterator[Block]:
    """Yield what every contact on file is told: nothing that opens the request itself."""
    say, request = facts.words, facts.request
    yield paragraph(say.say(facts.event, "opening"))
    yield table(
        [
            _label(facts, "warning", facts.reference),
            _label(facts, "asked", say.say("asked", str(request.kind), str(request.option))),
            _label(facts, "received", facts.moment(request.received_at)),
        ]
    )
    yield paragraph(say.say("not_me", "yours"))
    yield from _not_me(facts)
    yield paragraph(say.say("not_me", "careful"))


def _represented(facts: Facts) -> Iterator[Block]:
    say = facts.words
    role = say.say("roles", str(facts.request.requester_role))
    yield paragraph(say.say("represented", "opening", role=role))
    yield table(_about(facts))
    yield paragraph(say.say("represented", "known"))
    yield paragraph(say.say("represented", "unknown"))
    yield table([_label(facts, "cancel", _how(facts, "cancel"))])


def _guardian_asked(facts: Facts) -> Iterator[Block]:
    say = facts.words
    yield paragraph(say.say("guardian_asked", "opening"))
    yield table([*_about(facts), _label(facts, "due", facts.moment(facts.request.promised_at))])
    yield paragraph(say.say("guardian_asked", "how"))
    if facts.code:
        yield from code_and_rest(facts)
    yield paragraph(say.say("guardian_asked", "meanwhile"))


def _extended(facts: Facts) -> Iterator[Block]:
    """Say that the answer takes longer, why, until when, and where to complain of it."""
    say, longer = facts.words, facts.longer
    assert longer is not None, "this letter is about more time"
    yield paragraph(say.say("extended", "opening", reason=say.either(why(facts))))
    dates = (("before", longer.first_due_at), ("due", longer.promised_at))
    told = [_label(facts, name, facts.moment(at)) for name, at in dates]
    yield table([*_about(facts), *told])
    if facts.answers and not _brief(facts):
        yield heading(say.say("outcome", "facts"))
        yield from map(paragraph, facts.answers)
    yield from _ways_out(facts)


_BODIES: Final[Mapping[str, Callable[[Facts], Iterator[Block]]]] = MappingProxyType(
    {
        "received": _received,
        "code": _code,
        "needs_info": _needs_info,
        "outcome": _outcome,
        **about_packages.BODIES,
        "expired": _expired,
        "extended": _extended,
        "hold_ended": _hold_ended,
        "lift_announced": _lift_announced,
        "someone_asked": _warning,
        "wrong_codes": _warning,
        **correspondence.BODIES,
        "represented": _represented,
        "guardian_asked": _guardian_asked,
        **about_keys.BODIES,
    }
)
"""What is said on each occasion; a test compares it with ``services.notices.EVENTS``."""
