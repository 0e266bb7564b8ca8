"""What is said about messages, appeals and complaints: never their texts, but for one's reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from rights.services import appeals
from workflows.notices.facts import Facts
from workflows.notices.letter import Block, bullets, heading, paragraph, table
from workflows.notices.parts import about, code_and_rest, label
from workflows.notices.told import ComplaintFacts


def _message(facts: Facts) -> Iterator[Block]:
    yield paragraph(facts.words.say("message", "opening"))
    yield table(about(facts))
    yield paragraph(facts.words.say("message", "how"))


def _appeal_received(facts: Facts) -> Iterator[Block]:
    say = facts.words
    yield paragraph(say.say("appeal_received", "opening"))
    due = facts.moment(facts.appeal.promised_at) if facts.appeal else ""
    yield table([*about(facts), label(facts, "due", due)])
    yield paragraph(say.either(appeals.optional()))


def _appeal_decided(facts: Facts) -> Iterator[Block]:
    """Say how an appeal was decided; why, only to an address that was proved."""
    say, appeal = facts.words, facts.appeal
    if appeal is None or appeal.decided_at is None:
        return
    yield paragraph(say.say("appeal_decided", appeal.outcome))
    answered = label(facts, "answered", facts.moment(appeal.decided_at))
    yield table([*about(facts), answered, label(facts, "anew", appeal.led_to)])
    if facts.proved and facts.answers:
        yield heading(say.say("appeal_decided", "because"))
        yield from map(paragraph, facts.answers)
    else:
        yield paragraph(say.say("appeal_decided", "brief"))
    yield heading(say.say("outcome", "remedies"))
    yield bullets(
        say.join([say.either(way["text"]), say.either(way["time"])])
        for way in appeals.ways_left(facts.context, facts.request)
    )
    yield paragraph(say.either(appeals.optional()))


BODIES: Final[Mapping[str, Callable[[Facts], Iterator[Block]]]] = MappingProxyType(
    {
        "message": _message,
        "appeal_received": _appeal_received,
        "appeal_decided": _appeal_decided,
    }
)


def _code(facts: ComplaintFacts) -> Iterator[Block]:
    yield paragraph(facts.words.say("code", "opening", reference=facts.reference))
    yield from code_and_rest(facts)


def _received(facts: ComplaintFacts) -> Iterator[Block]:
    say, complaint = facts.words, facts.complaint
    yield paragraph(say.say("complaint_received", "opening"))
    yield table(
        [
            label(facts, "reference", complaint.id),
            label(facts, "received", facts.moment(complaint.received_at)),
            label(facts, "due", facts.moment(complaint.promised_at)),
        ]
    )
    yield paragraph(say.say("complaint_received", "how"))


def _answered(facts: ComplaintFacts) -> Iterator[Block]:
    say = facts.words
    yield paragraph(say.say("complaint_answered", "opening"))
    yield table([label(facts, "reference", facts.reference)])
    yield paragraph(say.say("complaint_answered", "how"))


OF_COMPLAINTS: Final[Mapping[str, Callable[[ComplaintFacts], Iterator[Block]]]] = MappingProxyType(
    {"code": _code, "complaint_received": _received, "complaint_answered": _answered}
)
"""The same about complaints; a test compares it with ``services.notices.OF_COMPLAINTS``."""
