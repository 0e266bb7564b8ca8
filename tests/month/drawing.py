"""Draw the stories of a month: who asks for what, and what becomes of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from rights.domain.kinds import OPTIONS, Kind, Option
from rights.domain.levels import minimum
from rights.domain.parameters import NOT_OFFERED
from rights.domain.representation import STATUTE_LISTS, AgeBand, Role
from rights.services import reasons
from tests.month import story as said
from tests.month.days import ZONES, Known
from tests.month.laws import LAWS, place, rule
from tests.month.oracle import dates, longer, may_pause, may_take_more
from tests.month.rounds import rounds
from tests.month.story import Story

FIRST = datetime(2025, 12, 31, tzinfo=UTC)
DAYS = 31
KNOWN: Known = frozenset({2025, 2026})
CHANNELS = ("api",) * 4 + ("portal",) * 4 + said.LOGGED
LETTERED = frozenset({Kind.ACCESS, Kind.COPY, Kind.DELETION, Kind.RESTRICTION, Kind.PORTABILITY,
                      Kind.ACCOUNT_CANCELLATION, Kind.EXPLANATION})  # fmt: skip
GROWN_UP = frozenset({Option.SWITCH_ON, Option.TAGS_EDIT})
"""What a child agrees to takes its guardian, and no letter says it."""

STANDING = frozenset({Option.PERSONALISED_OFF, Option.PUSH_OFF, Option.COMMERCIAL_MESSAGES_OFF,
                      Option.OBJECT_MARKETING, Option.TAGS_EDIT})  # fmt: skip
"""What counts at once cannot be taken back."""

_WEIGHT = {Kind.ACCESS: 18, Kind.DELETION: 15, Kind.RECOMMENDATION_OPT_OUT: 16, Kind.COPY: 10,
           Kind.ACCOUNT_CANCELLATION: 9}  # fmt: skip
_MINORS = (AgeBand.UNDER_14, AgeBand.FROM_14)
_NOT_DRAWN = frozenset(
    {
        *("no_ground", "identity_unverified", "deceased_arrangement"),
        *("not_identifiable", "manifestly_unfounded_or_excessive"),
    }
)
"""
Reasons that are the case only of some (a plan that found nothing, nobody proved, the dead), or
before which the person has to be asked or told, and given time.
"""

_NOT_YET = frozenset({Option.AUTOMATED_DECISION, Option.REFUSE_SOLE_AUTOMATION})
"""What California knows from 2027 on, and is handled as a question for the rules until then."""

_LOOKS = [one.at for one in rounds()]
_HOUR = timedelta(hours=1)
_CODED = 20 * _HOUR
"""So long it is known at least that a code was sent."""

_DAY = timedelta(days=1)


def stories(number: int, seed: int) -> list[Story]:
    """Return so many stories; the same ones for the same seed."""
    chance = random.Random(seed)
    made: list[Story] = []
    while len(made) < number:
        one = _asked(chance, len(made))
        _proof(chance, one)
        if one.proved is not None:
            _course(chance, one)
        made.append(one)
        made += _repeat(chance, one, len(made))
    return made[:number]


def _asked(chance: random.Random, number: int) -> Story:
    kinds = list(OPTIONS)
    (kind,) = chance.choices(kinds, [_WEIGHT.get(kind, 6) for kind in kinds])
    option = chance.choice([o for o in OPTIONS[kind] if (kind, o) not in NOT_OFFERED])
    at = FIRST + timedelta(seconds=chance.randrange(DAYS * 86_400), microseconds=number)
    laws = chance.sample(sorted(LAWS), 1 if chance.random() < 0.6 else 2)
    if laws == ["us_ca"] and option in _NOT_YET:
        option = Option.RULES
    channel = chance.choice(CHANNELS if kind in LETTERED else CHANNELS[:-4])
    one = Story(number, kind, option, tuple(laws), channel, at, at, mail=chance.random() < 0.2)
    one.age = _age(chance, one)
    if channel in said.LOGGED:
        _logged(chance, one)
    elif kind is not Kind.PORTABILITY and option not in GROWN_UP:
        _acted_for(chance, one)
    if kind is Kind.PORTABILITY:
        one.mail = True
    return one


def _age(chance: random.Random, one: Story) -> AgeBand:
    if "cn_minor" in one.laws:
        grown = one.option in GROWN_UP or one.kind is Kind.PORTABILITY
        return AgeBand.FROM_14 if grown else chance.choice(_MINORS)
    return chance.choice((AgeBand.UNKNOWN, AgeBand.UNKNOWN, AgeBand.ADULT, AgeBand.ADULT))


def _logged(chance: random.Random, one: Story) -> None:
    """Let it arrive some days before somebody logs it; it is dated by the minute."""
    zone = ZONES[place(one.laws[0])]
    arrived = one.entered - chance.choice((0, 0, 1, 3, 9, 25)) * _DAY - _HOUR
    one.received = arrived.astimezone(zone).replace(second=0, microsecond=0).astimezone(UTC)


def _acted_for(chance: random.Random, one: Story) -> None:
    luck = chance.random()
    if one.age is AgeBand.UNDER_14 and luck < 0.5:
        one.role, one.rep_mail = Role.GUARDIAN, True
    elif one.age is AgeBand.ADULT and luck < 0.2:
        one.role, one.rep_mail = chance.choice((Role.AGENT, Role.GUARDIAN_ADULT)), True
    elif one.age is AgeBand.ADULT and luck < 0.3 and one.kind in STATUTE_LISTS:
        one.role, one.rep_mail = Role.CLOSE_RELATIVE, True


def _unasked(one: Story) -> bool:
    """Say whether nobody may be asked for proof: California, to limit a use (11 CCR 7027(e))."""
    return one.option is Option.RESTRICT and "us_ca" in one.laws


def _proof(chance: random.Random, one: Story) -> None:
    """Say when it is proved who asks; relatives send no documents, so theirs lapses."""
    level, late = minimum(one.kind, one.option), one.entered + chance.uniform(1, 140) * _HOUR
    level = 0 if _unasked(one) else level
    if one.role is Role.CLOSE_RELATIVE:
        one.proof = said.NEVER
    elif level and (one.channel in said.LOGGED or one.kind is Kind.PORTABILITY):
        given = one.kind is Kind.PORTABILITY and "us_ca" in one.laws
        # California gives whoever proved a little the kinds of data instead, by another request.
        never = said.LATER if given else said.NEVER
        one.proof = chance.choice((said.LATER, said.LATER, said.LATER, never))
    elif level and one.role is Role.SELF and not one.guarded:
        one.proof = chance.choice((*(said.AT_ONCE,) * 6, said.LATER, said.LATER, said.NEVER))
    if one.proof == said.AT_ONCE:
        one.proved = one.entered
    elif one.proof == said.LATER:
        one.proved = late
        _doubt(chance, one)


def _doubt(chance: random.Random, one: Story) -> None:
    """Let staff stop the clock until it is proved who asks, where the law knows that."""
    assert one.proved is not None
    asked = one.entered + min((one.proved - one.entered) / 3, _CODED)
    if chance.random() < 0.4:
        return
    if one.mail and may_pause(one.asks, "identity"):  # a code was sent, which is waited for
        one.doubted, one.doubt = asked, "identity"
    elif may_pause(one.asks, "identity_doubt"):
        one.doubted, one.doubt = asked, "identity_doubt"


def _course(chance: random.Random, one: Story) -> None:
    """Say how a request goes on of which it is known who asks."""
    assert one.proved is not None
    first = dates(one.asks, KNOWN, proved=one.proved)
    if may_take_more(one.asks) and chance.random() < 0.4 and one.kind is not Kind.PORTABILITY:
        _more(chance, one, (first.promised - one.received))
    elif chance.random() < 0.25:
        _more_asked(chance, one, (first.promised - one.received))
    until = longer(one.asks, KNOWN).promised if one.more else first.promised
    since = max(filter(None, (one.proved, one.answered, one.more)))
    _end(chance, one, since + timedelta(seconds=90), until)


def _more(chance: random.Random, one: Story, whole: timedelta) -> None:
    at = one.received + whole * chance.uniform(0.4, 0.97)
    one.more = at if one.proved and at > one.proved + _HOUR else None


def _more_asked(chance: random.Random, one: Story, whole: timedelta) -> None:
    """Let staff ask for more, and the clock stand still meanwhile where the law knows that."""
    assert one.proved is not None
    if whole < 5 * _DAY or one.guarded:
        return
    one.asked = one.proved + chance.uniform(0.1, 2) * _DAY
    one.answered = one.asked + chance.uniform(0.5, 12) * _DAY
    one.paused = may_pause(one.asks, "clarification")
    if one.paused and chance.random() < 0.5:
        one.more = one.answered + chance.uniform(0.1, 3) * _DAY


def _end(chance: random.Random, one: Story, since: datetime, until: datetime) -> None:
    late = chance.random() < 0.18
    span = max(until - since, 6 * _HOUR)
    one.ended = since + span * (chance.uniform(1.02, 1.4) if late else chance.uniform(0.01, 0.98))
    luck = chance.random()
    reason = _reason(chance, one)
    if luck < 0.05 or (one.guarded and luck < 0.4):
        one.end, one.ended = said.OPEN, None
    elif luck < 0.12 and one.option not in STANDING and one.kind is not Kind.CONSENT_WITHDRAWAL:
        one.end = said.REVOKED
    elif luck < 0.3 and reason and one.ended - since > 2 * _HOUR:
        one.end, one.reason = said.DENIED, reason
        one.proposed = since + (one.ended - since) * chance.uniform(0.1, 0.9)
    else:
        one.end = chance.choice((*(said.FULFILLED,) * 5, said.PARTLY))
    if one.unaddressed and chance.random() < 0.8:
        _told_by_staff(chance, one)
    _appeal(chance, one, until)


def _told_by_staff(chance: random.Random, one: Story) -> None:
    """Let staff see in a list, after the relay's next round, that nobody was written to."""
    assert one.ended is not None
    found = next((at for at in _LOOKS if at > one.ended), None)
    one.tells = found and found + chance.uniform(0.05, 4) * _DAY


def _reason(chance: random.Random, one: Story) -> str:
    """Return a reason with which the product lets this be denied; none for what it never does."""
    known = set(reasons.for_denying(one.kind, one.laws)) - _NOT_DRAWN
    if one.option is Option.OBJECT_MARKETING:  # nothing is weighed against it
        known -= {"overriding_grounds"}
    return chance.choice(sorted(known)) if known else ""


def _appeal(chance: random.Random, one: Story, until: datetime) -> None:
    short = one.end in (said.DENIED, said.PARTLY)
    knows = one.tells if one.unaddressed else one.ended
    if short and knows and chance.random() < 0.35:
        one.appealed = knows + chance.uniform(0.1, 15) * _DAY
    elif one.end == said.OPEN and chance.random() < 0.3 and not one.paused:
        since = max(filter(None, (until, one.proved, one.answered, one.proposed)))
        one.appealed = since + chance.uniform(1, 3) * _DAY
        one.upheld = chance.random() < 0.5
        if one.more or one.doubted:  # what was promised is later then
            one.appealed = None
    if one.appealed and chance.random() < 0.7:
        one.decided = one.appealed + chance.uniform(0.5, 25) * _DAY


def _repeat(chance: random.Random, one: Story, number: int) -> Iterator[Story]:
    """Let some people ask again, as strangers, for what is being worked on already."""
    level = 0 if _unasked(one) else minimum(one.kind, one.option)
    plain = one.role is Role.SELF and not one.guarded and one.channel in ("api", "portal")
    calm = not (one.asked or one.more or one.option in GROWN_UP or one.kind is Kind.PORTABILITY)
    ends = one.ended or one.entered + 30 * _DAY
    room = ends - one.entered
    if not (level and plain and calm and one.proof == said.AT_ONCE and room > 2 * _DAY):
        return
    if chance.random() < 0.15 and not rule(one.laws[0], one.kind, one.option).at_once:
        at = one.entered + room * 0.2 + timedelta(microseconds=number - one.number)
        proved = min(at + room * 0.4, at + 5 * _DAY)
        again = Story(number, one.kind, one.option, one.laws, one.channel, at, at, age=one.age,
                      mail=one.mail, proof=said.LATER, proved=proved)  # fmt: skip
        again.end, again.ended, again.repeats = said.MERGED, proved, one.number
        yield again
