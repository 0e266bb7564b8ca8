"""What the pages of the console say of requests, in the words of their reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from rights.domain.duties import Act
from rights.services import acknowledging, catalogue, clock_words, packages, reasons, ticking
from rights.services.console import dossier, proving, rechecks
from rights.services.console.dossier import Dossier, Progress
from rights.services.console.listing import Line
from rights.services.staff_access import accounts
from rights.store.models import Aftercare, ClockPause, Complaint, Request
from rights.web.console import door, masks, pages, parting, planning, proof_lines, trail_lines
from rights.web.parts import parts

_LATE: Final = 100
_SOON: Final = 75


def title(kind: str, option: str) -> str:
    """Return what a request asks for: kind and option in one."""
    headings = catalogue.words()["kinds"].get(kind, {}).get("headings", {})
    return pages.said().either(headings.get(option, {}), f"{kind}/{option}")


def regimes(names: Sequence[str]) -> str:
    """Name several laws."""
    w, known = pages.said(), parts().context.regimes
    return w.laws([w.either(known[n].titles, n) if n in known else n for n in names])


def reason(code: str) -> str:
    """Return the words of a reason, or its code."""
    known = reasons.catalogue().get(code)
    return pages.said().either(known.texts, code) if known else code


def lines(found: Sequence[Line], names: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    """Return requests as a list shows them."""
    return [_line(one, names, now) for one in found]


def _line(one: Line, names: Mapping[str, str], now: datetime) -> dict[str, Any]:
    w = pages.said()
    return {
        "id": one.id,
        "title": title(one.kind, one.option),
        "state": w.say("states", one.state),
        "code": one.state,
        "wait": w.say("waits", one.wait) if one.wait else "",
        "channel": w.say("channels", one.channel),
        "received": pages.day(one.received_at),
        "due": pages.day(one.promised_at),
        "late": one.late(now),
        "left": _left(one, now),
        "assigned": names.get(one.assigned, "") or w.say("request", "nobody"),
        "age": one.age,
    }


def _left(one: Line, now: datetime) -> str:
    """Return how much time is left; nothing of what is late for nobody."""
    over = one.promised_at < now and not one.late(now)
    return "" if one.closed_at or one.paused or over else left(one.promised_at, now)


def left(promised_at: datetime, now: datetime) -> str:
    """Return how much time is left, or since when it is over."""
    w, zone = pages.said(), pages.zone()
    days = (promised_at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if promised_at < now:
        return w.say("left", "late_today") if days == 0 else w.say("left", "late", count=-days)
    if days == 0:
        return w.say("left", "today")
    return w.say("left", "day") if days == 1 else w.say("left", "days", count=days)


def sample_line(row: Mapping[str, Any]) -> str:
    """Return a masked row of a plan's sample as one line."""
    return "  ".join(f"{name}={masks.said(mask)}" for name, mask in row.items())


# -- one request ---------------------------------------------------------------------------------


def of(session: Session, request_id: str, now: datetime, *, before: int = 0) -> dict[str, Any]:
    """
    Return what the page of a request says.

    Args:
        before: The place of an entry, whose predecessors are shown in place of the newest.
    """
    context = parts().context
    found = dossier.read(session, context, request_id, now=now, before=before)
    names = accounts.names(session)
    proved = proving.read(session, context, found.request)
    return {
        "dossier": found,
        "proofs": proof_lines.of(proved, names, now),
        "id": request_id,
        "title": title(found.request.kind, found.request.option),
        "facts": _facts(found, names),
        "clock": _clock(found, now),
        "steps": [_step(one, names) for one in found.steps],
        "planned": _plan(found, names),
        "timeline": _timeline(found, names),
        "complaints": [_complaint(one) for one in found.complaints],
        "related": lines(found.related[0], names, now),
        "more_related": found.related[1],
        "finds": door.may(Act.FIND_PERSON),
        "proposal": _proposal(found, names),
        "asking": _asking(found, names),
        "parting": parting.waiting(found, names),
        "left": parting.told(found.left),
        "appeal": _appeal(found, names, now),
        "packages": [_package(one, now) for one in found.packages],
        "aftercare": [_care(one, names, now) for one in found.aftercare],
    }


def _facts(found: Dossier, names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return what is known of a request: name, value, and the request that a value leads to."""
    w, request = pages.said(), found.request
    say = w.say
    told: list[tuple[str, str]] = [
        ("state", say("states", str(request.state))),
        ("wait", say("waits", str(request.wait)) if request.wait else ""),
        ("needs", w.listed([need(name) for name in request.needs])),
        ("reason", reason(request.reason) if request.reason else ""),
        ("laws", regimes(request.regimes)),
        ("product", found.product),
        ("channel", say("channels", request.channel)),
        ("role", say("asker", str(request.requester_role))),
        ("age", say("ages", str(request.age_band)) if found.minors else ""),
        ("level", _levels(request)),
        ("received", pages.moment(request.received_at)),
        ("closed", pages.moment(request.closed_at) if request.closed_at else ""),
        ("assigned", names.get(found.assigned, "") or say("request", "nobody")),
    ]
    linked = [("follows", request.follows), ("merged_into", request.merged_into)]
    return [
        *((say("facts", name), value, "") for name, value in told if value),
        *((say("facts", name), to[:8], to) for name, to in linked if to),
    ]


def _levels(request: Request) -> str:
    """Return what was proved and what has to be, each level by its meaning."""
    say = pages.said().say
    proved, needed = (say("levels", str(n)) for n in (request.level, request.level_needed))
    return say("request", "level", level=proved, needed=needed)


def need(name: str) -> str:
    """Return what a request lacks, in words."""
    w = pages.said()
    return w.either(catalogue.words()["fields"].get(name, {}), w.find("needs", name) or name)


def _clock(found: Dossier, now: datetime) -> dict[str, Any]:
    """Return how far a request's time is: a bar that is drawn, and the same in words."""
    request = found.request
    share = min(found.share, _LATE)
    still = bool(request.pause_cause) and request.closed_at is None
    counts = ticking.counted(request, parts().context.regimes) and not still
    over = counts and (request.closed_at or now) > request.promised_at
    quiet = request.closed_at or still or (request.promised_at < now and not over)
    return {
        "share": found.share,
        "width": share,
        "mark": "late" if over else "soon" if share >= _SOON else "fine",
        "due": pages.moment(request.promised_at),
        "left": "" if quiet else left(request.promised_at, now),
        "over": over,
        "moved": _moved(found, now),
    }


def _moved(found: Dossier, now: datetime) -> list[str]:
    """Return what made the date another one, or may still: more time, pauses, a missing year."""
    w, request, out = pages.said(), found.request, _confirmed(found.request, now)
    if request.pause_cause and request.paused_at is not None:
        cause = w.either(clock_words.causes().get(request.pause_cause, {}), request.pause_cause)
        since = pages.moment(request.paused_at)
        out.append(w.say("request", "still", since=since, cause=cause))
    out += [_stood_still(one) for one in found.pauses if one.ended_at is not None]
    if request.paused_days:
        out.append(w.say("request", "paused", days=request.paused_days))
    for row in found.extensions:
        why = w.either(clock_words.reasons().get(row.reason, {}), row.reason)
        until = pages.day(row.promised_at)
        out.append(w.say("extensions", row.state, why=why, until=until))
    if request.due_provisional and request.closed_at is None:
        out.append(w.say("request", "provisional"))
    return out


def _stood_still(one: ClockPause) -> str:
    """Return a time in which the clock stood still: from, until, why, and what ended it."""
    w = pages.said()
    return w.say(
        "request",
        "stood_still",
        since=pages.moment(one.began_at),
        until=pages.moment(one.ended_at or one.began_at),
        cause=w.either(clock_words.causes().get(one.cause, {}), one.cause),
        ended=w.find("timeline", "codes", one.ended_by) or one.ended_by,
    )


def _confirmed(request: Request, now: datetime) -> list[str]:
    """Return by when receipt is confirmed, that it was not by then, or when it was."""
    if request.ack_at is None:
        return []
    say = pages.said().say
    if not request.acked_at and not acknowledging.is_open(request):
        return [say("request", "unconfirmed_ended")]
    if request.acked_at is None:
        name = "unconfirmed" if now < request.ack_at else "unconfirmed_late"
        return [say("request", name, moment=pages.moment(request.ack_at))]
    name = "confirmed" if request.acked_at <= request.ack_at else "confirmed_late"
    return [say("request", name, moment=pages.moment(request.acked_at))]


def _step(one: Progress, names: Mapping[str, str]) -> dict[str, Any]:
    w = pages.said()
    return {
        "id": one.id,
        "action": w.say("actions", one.action),
        "code_of_action": one.action,
        "store": one.store,
        "state": w.say("step_states", one.state),
        "code": one.state,
        "why": _why(one.code),
        "package": one.code == packages.REVIEW,
        "note": one.note,
        "rows": w.number(one.rows) if one.rows else "",
        "attempts": one.attempts,
        "at": pages.moment(one.done_at) if one.done_at else "",
        "by": who(one.done_by, names),
        "waits": one.waits,
        "by_hand": one.by_hand,
    }


def _why(code: str) -> str:
    """Return why a step waits, or was left out."""
    if code == packages.REVIEW:
        return pages.said().say("looked_over", "waits")
    return reason(code) if code else ""


def _plan(found: Dossier, names: Mapping[str, str]) -> dict[str, Any] | None:
    if found.plan is None:
        return None
    plan = found.plan
    return {
        "hash": plan["plan"],
        "waits": plan["needs_approval"] and not plan["approved_by"],
        "approved": who(plan["approved_by"], names),
        "again": plan["again"],
        "again_words": pages.said().find("planned", "again", plan["again_code"]),
        "warnings": [_warning(one["text"]) for one in plan["warnings"]],
        **planning.of(found),
    }


def _warning(text: Mapping[str, str]) -> tuple[str, str]:
    """Return a warning in the reader's language, or in the one it was written in, and which."""
    language = pages.said().language
    return (text[language], language) if language in text else (text["en"], "en")


def who(actor: str, names: Mapping[str, str]) -> str:
    """Return the name behind an actor of the trail; what is nobody's name is said in words."""
    kind, _, rest = actor.partition(":")
    if kind == "staff":
        return names.get(rest, rest[:8])
    return pages.said().find("actors", kind) or actor


def _timeline(found: Dossier, names: Mapping[str, str]) -> dict[str, Any]:
    """Return entries of the trail, and how many are before them."""
    told = [one for one in found.entries if one.event not in trail_lines.QUIET]
    first = found.entries[0].seq if found.entries else 1
    return {
        "lines": [trail_lines.of(one, lambda actor: who(actor, names), names) for one in told],
        "first": first,
        "before": first - 1,
        "later": bool(found.entries) and found.entries[-1].seq < found.request.head_seq,
    }


def _complaint(one: Complaint) -> dict[str, Any]:
    w = pages.said()
    answered = pages.moment(one.answered_at) if one.answered_at else ""
    return {
        "id": one.id,
        "opens": door.may(Act.ANSWER_COMPLAINT),
        "received": pages.moment(one.received_at),
        "due": pages.day(one.promised_at),
        "answered": w.say("complaint", "answered", moment=answered) if answered else "",
    }


def _asking(found: Dossier, names: Mapping[str, str]) -> dict[str, str] | None:
    one = found.asking
    if one is None:
        return None
    at = pages.moment(one.proposed_at)
    return {"id": one.id, "by": names.get(one.proposed_by, ""), "at": at}


def _proposal(found: Dossier, names: Mapping[str, str]) -> dict[str, Any] | None:
    one = found.proposal
    if one is None:
        return None
    return {
        "id": one.id,
        "reason": reason(one.reason),
        "by": names.get(one.proposed_by, ""),
        "by_id": one.proposed_by,
        "at": pages.moment(one.proposed_at),
    }


def _appeal(found: Dossier, names: Mapping[str, str], now: datetime) -> dict[str, Any] | None:
    one = found.appeal
    if one is None:
        return None
    return {
        "id": one.id,
        "outcome": pages.said().say("outcomes", one.outcome) if one.outcome else "",
        "due": pages.day(one.promised_at),
        "left": "" if one.decided_at else left(one.promised_at, now),
        "assigned": names.get(one.assigned_to, ""),
        "assigned_id": one.assigned_to,
        "led_to": one.led_to,
    }


def _care(one: Aftercare, names: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return one thing that goes on after the end: when it is due or was done, what was found."""
    w, done = pages.said(), one.done_at is not None
    told = w.find("events", one.code) or reason(one.code) if one.code else ""
    at = one.done_at or one.due_at
    # What was found is nobody's by a date: it is due from the moment it was found.
    late = not done and one.state == "waiting" and one.due_at < now
    return {
        "what": w.say("aftercare", one.kind),
        "round": one.round + 1 if one.kind == "recheck" and not done else 0,
        "store": one.store,
        "state": w.say("aftercare", "done" if done else one.state),
        "mark": "done" if done else "late" if late else "",
        "left": left(one.due_at, now) if late else "",
        "at": pages.moment(at),
        "by": who(one.done_by, names) if done else "",
        "why": w.listed([text for text in (told, one.note) if text]),
        **_leads_to(one),
    }


def _leads_to(one: Aftercare) -> dict[str, str]:
    """Return where more is said of it, or where it waits for staff."""
    if one.kind == rechecks.KIND:
        return {"list": "rechecks", "after": rechecks.just_before(one)}
    if one.state == "open" and one.kind == "incident" and door.may(Act.COMPLETE):
        return {"list": "waiting", "after": ""}
    return {"list": "", "after": ""}


def _package(one: Any, now: datetime) -> dict[str, Any]:
    w = pages.said()
    over = one.purged_at is not None or (one.expires_at is not None and one.expires_at <= now)
    return {
        "state": w.say("package_states", "purged" if over else one.state),
        "size": w.number(max(1, one.size // 1000)) if one.size else "",
        "complete": one.complete,
        "used": one.grants_used,
        "until": pages.day(one.expires_at) if one.expires_at else "",
        "missing": len(one.missing),
    }
