"""
What still has to be proved for a request, what was proved in this visit, and what that opens.

The pages name ways, never an address or a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlmodel import Session, select

from rights.domain.errors import Conflict, TooMany
from rights.domain.levels import Acr, level
from rights.domain.lifecycle import TERMINAL, State
from rights.domain.representation import Role
from rights.services import (
    assurance,
    contacts,
    earlier,
    fresh_proofs,
    intake,
    law_levels,
    not_me,
    portal_sessions,
    proving,
    reaching,
    requests,
    subjects,
    verification,
)
from rights.services.contacts import Contact
from rights.services.earlier import Earlier
from rights.services.fresh_proofs import Asking
from rights.services.intake import Submission
from rights.services.portal_sessions import Visit
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import door, pages
from rights.web.portal.who import ways
from rights.web.portal.words import identifier

PROVING: Final = (State.OPEN, State.VERIFYING)
REAL_NAME: Final = 3
"""The level at which somebody's real name is known."""
TWO: Final = 2
"""How many contacts are worth the second level."""

Way = tuple[str, str]
"""A button: the type of the identifier, and what it says."""


def shown(session: Session, here: Visit, found: Request) -> dict[str, Any]:
    """Return what the section about proofs shows."""
    if not_me.stopped(found):
        return {"proving": False, "read_by": []}
    if found.state not in PROVING:
        return {"proving": False, "read_by": _to_read(session, here, found)}
    context = parts().context
    rows = reaching.rows(session, found)
    useful = _useful(found, rows)
    done = assurance.answered_at(session, found)
    left = [row for row in useful if row.id not in done]
    # Somebody who acts for another one adds nothing to how that one is recognised.
    asks = here.changes(found) and found.requester_role is Role.SELF
    more = _addable(rows) if asks else []
    lately = earlier.live(session, context, here, now=parts().now())
    can = {row.id for row in rows if assurance.counts(found, row)} - done
    short = _short(found, [row for row in rows if row.id in done or row in useful], more)
    return {
        "proving": True,
        "read_by": [],
        "go_on": bool(can & earlier.at(context, rows, lately).keys()),
        "reachable": bool(useful),
        "asked": bool(left) and (not done or not assurance.asked_at(session, found) <= done),
        "sends": _sends(left) if done or len(left) > 1 else [],
        "resend": not done and len(left) == 1,
        "short": short,
        "pair": "" if short or found.level_needed != TWO or found.acr else _pair(bool(done)),
        "minutes": context.settings.code_minutes,
        "who": more if short == "add" else (_every_other(rows) if asks and not useful else []),
    }


def _useful(found: Request, rows: Iterable[Contact]) -> list[Contact]:
    """Return the contacts whose codes count, or all that get codes where none does."""
    reached = contacts.reachable(parts().context, rows)
    return [row for row in reached if assurance.counts(found, row)] or reached


def _pair(begun: bool) -> str:  # noqa: FBT001 - one of two sentences
    return "second" if begun else "both"


def _short(found: Request, given: Sequence[Contact], more: Sequence[Any]) -> str:
    """
    Return which proof is missing even when every code has been answered.

    Empty when none is, ``three`` where a real name has to be known, ``add`` where another contact
    helps, else ``two``.
    """
    if found.requester_role is not Role.SELF:
        return ""  # what shows that somebody may ask is on a part of the page of its own
    context, acr = parts().context, Acr(found.acr) if found.acr else None
    counting = {contacts.place(context, one) for one in given if assurance.counts(found, one)}
    cap = door.caller().level_cap
    if level(acr, counting, cap=cap) >= found.level_needed:
        return ""
    if found.level_needed == REAL_NAME:
        return "three"
    helps = level(acr, {*counting, "another"}, cap=cap) >= found.level_needed
    return "add" if more and helps and not acr and counting else "two"


def _addable(rows: Iterable[Contact]) -> list[tuple[str, str, str]]:
    """Return the contacts that were not given and could get a code."""
    how = contacts.ways(parts().context)
    return [one for one in _every_other(rows) if one[0] in how]


def _every_other(rows: Iterable[Contact]) -> list[tuple[str, str, str]]:
    given = {row.type for row in rows}
    return [one for one in ways() if one[0] not in given]


def _sends(rows: Sequence[Contact]) -> list[Way]:
    """Return a button for each contact; of two of one way, each with its name."""
    words, known = pages.said(), parts().context.datamap.identifiers
    how = contacts.ways(parts().context)
    found = []
    for row in rows:
        text = words.say("proofs", "by", str(how[row.type]))
        if sum(how[one.type] is how[row.type] for one in rows) > 1:
            name = identifier(words, row.type, known[row.type].kind)
            text = words.say("proofs", "named", text=text, name=name)
        found.append((row.type, text))
    return found


def _to_read(session: Session, here: Visit, found: Request) -> list[Way]:
    """Return where codes can go for whoever proved too little here to read the answer."""
    if here.person is not None or found.state not in TERMINAL or here.reads(found):
        return []
    rows = reaching.rows(session, found)
    proved = earlier.at(parts().context, rows, earlier.every(session, here))
    reached = contacts.reachable(parts().context, rows)
    return _sends([row for row in reached if row.id not in proved])


def opening(
    session: Session, here: Visit, found: Request, purpose: str, needed: int
) -> dict[str, Any]:
    """Return which proof opens this here: what was proved a moment ago, a code, or none."""
    context, now = parts().context, parts().now()
    rows = reaching.rows(session, found, purpose)
    acr = _of_receiver(here, found, purpose)
    reached = [r for r in contacts.reachable(context, rows) if acr is None or _named(here, r)]
    fresh = earlier.at(context, rows, earlier.fresh(session, here, now=now))
    left = [row for row in reached if row.id not in fresh]
    asking = Asking(acr, door.caller().level_cap, here.id, purpose)
    could = fresh_proofs.worth(session, context, found, asking, reached, now=now)
    return {
        "vouched": fresh_level(session, here, found, purpose) >= needed,
        "by_code": bool(reached) and could >= needed,
        "begun": bool(fresh),
        "sends": _sends(left) if fresh or len(left) > 1 else [],
    }


def _of_receiver(here: Visit, found: Request, purpose: str) -> Acr | None:
    """Return what the session is worth: for whom a copy goes to or who asked, and nobody else."""
    mine = here.person is not None and fresh_proofs.receives(found, here.person.role, purpose)
    return here.person.acr if here.person and mine else None


def _named(here: Visit, row: Contact) -> bool:
    return row.proof == "assertion" or bool(here.person and row.type in here.person.attested)


def answered(session: Session, found: Request, given: str, purpose: str = "grant") -> bool:
    """Check a code and note it: where two are needed, the next one stands beside it."""
    context, now = parts().context, parts().now()
    by_token = len(given) > verification.DIGITS
    said = verification.answer(
        session, context, found, given, now=now, purpose=purpose, by_token=by_token
    )
    if said is not None:
        earlier.note(session, context, door.visit(), said, now=now)
        remember(session, found)
    return said is not None


def fresh_level(session: Session, here: Visit, found: Request, purpose: str = "grant") -> int:
    """Return the level of what was proved in this visit within the last minutes."""
    context, now = parts().context, parts().now()
    rows = reaching.rows(session, found, purpose)
    proved = earlier.at(context, rows, earlier.fresh(session, here, now=now))
    acr = _of_receiver(here, found, purpose)
    coded = [r for r in rows if r.id in proved and (acr is None or r.proof == "assertion")]
    # The product's word may be older, where a code stands beside it.
    said = acr if coded or here.vouched(now) else None
    asking = Asking(said, door.caller().level_cap, here.id, purpose)
    return fresh_proofs.worth(session, context, found, asking, coded, now=now)


def quietly(session: Session, new: Submission) -> Submission:
    """Return a submission that asks for no code, where one was answered a moment ago."""
    context, here, now = parts().context, door.visit(), parts().now()
    laws = intake.laws_of(context, new).names
    asked = law_levels.needed(context, new.kind, new.option, laws, now)
    needed = max(asked, new.at_least, new.least)
    if level(new.acr, (), cap=new.level_cap) >= needed:
        return new
    places = {one.place for one in earlier.live(session, context, here, now=now)}
    second = new.second if new.role is not Role.SELF else None
    asks, vouched = (
        (second.identifiers, second.vouched) if second else (new.identifiers, new.attested)
    )
    counting = {
        contacts.place_of(context, value)
        for name, value in asks.items()
        if places and (new.acr is None or name in vouched)
    }
    return replace(new, ask=False) if counting & places else new


def begin(session: Session, made: Request, *, asked: bool) -> None:
    """
    Let what was proved in this visit count for a request that was just made in it.

    Args:
        asked: A code was sent already, if one was needed.
    """
    # It may be one that was open already: another tab could be proving it right now.
    carried = carry(session, requests.find(session, made.id, lock=True))
    if asked or not carried or made.state not in PROVING:
        return
    context, now = parts().context, parts().now()
    done = assurance.answered_at(session, made)
    rows = _useful(made, reaching.rows(session, made))
    left = [row for row in rows if row.id not in done]
    if left and assurance.counts(made, left[0]):
        proving.start(session, context, made, purpose="request", now=now, to=left[0].type)


def carry(session: Session, found: Request) -> list[Earlier]:
    """Let earlier proofs of this visit count for a request; its row is locked, or is new."""
    context, here, now = parts().context, door.visit(), parts().now()
    lately = earlier.live(session, context, here, now=now)
    cap = door.caller().level_cap
    done = proving.carry(session, context, found, lately, cap=cap, now=now) if lately else []
    if done:
        earlier.count_for(session, here, found, done)
        remember(session, found)
    return done


def remember(session: Session, found: Request) -> None:
    """
    Let this visit read what it proved enough for; a repeat leads to the request that goes on.

    A code is worth one level here, whatever others have proved for the same request elsewhere.
    """
    context, here, now = parts().context, door.visit(), parts().now()
    if here.person is not None:
        return  # reads whatever is theirs
    proved = earlier.level_for(session, context, here, found, now=now)
    portal_sessions.remember(session, here, found.id, level=proved)
    for other in _sent_together(session, found):
        proved = earlier.level_for(session, context, here, found, other, now=now)
        portal_sessions.remember(session, here, other.id, level=proved)
    first = session.get(Request, found.merged_into) if found.merged_into else None
    if first is not None:
        proved = earlier.level_for(session, context, here, found, first, now=now)
        portal_sessions.remember(session, here, first.id, level=proved)


def _sent_together(session: Session, found: Request) -> Sequence[Request]:
    """Return what was sent together about the same person: the code that was answered is theirs."""
    if not found.bundle_id:
        return []
    query = select(Request).where(
        Request.bundle_id == found.bundle_id,
        Request.subject == found.subject,
        Request.id != found.id,
    )
    return session.exec(query).all()


def send_to_added(session: Session, found: Request, added: Iterable[str]) -> None:
    """Send a code to a contact that was just added, unless another code is being waited for."""
    context, now = parts().context, parts().now()
    rows = [r for r in subjects.identifier_rows(session, found.id) if r.type in set(added)]
    reached = contacts.reachable(context, rows)
    waited = assurance.asked_at(session, found) - assurance.answered_at(session, found)
    if not reached or waited or found.state not in PROVING:
        return
    try:
        proving.start(session, context, found, purpose="request", now=now, to=reached[0].type)
    except (TooMany, Conflict):
        return  # the page has a button for it
