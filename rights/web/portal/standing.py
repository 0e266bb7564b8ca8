"""
What the page of a request says of whoever acts in it: as whom, what is missing, what shows it.

Source: PIPL 31, 49; Civil Code 165; GB/T 35273-2020 8.5(e).
"""

from __future__ import annotations

from typing import Any, Final

from sqlmodel import Session

from rights.domain.errors import Conflict, NotFound
from rights.domain.lifecycle import TERMINAL, State
from rights.domain.representation import DOCUMENT_GAPS, GAPS, POA_SIGNED, RELATIONS, Role
from rights.services import assurance, evidence, guardians, representatives
from rights.services.portal_sessions import Known, Visit
from rights.store.models import Representation, Request
from rights.web.parts import parts
from rights.web.portal import acting, pages

_TERM: Final = frozenset({Role.AGENT, Role.GUARDIAN_ADULT})


def of(session: Session, here: Visit, found: Request) -> dict[str, Any]:
    """Return everything the page says of it; nothing where people ask for themselves."""
    return {
        **_acting(session, here, found),
        **_documents(session, here, found),
        **_guarding(session, here, found),
    }


def _acting(session: Session, here: Visit, found: Request) -> dict[str, Any]:
    """Return what the page of a request says of who acts in it; nothing where nobody does."""
    if found.requester_role is Role.SELF:
        return {"acting": None, "delegable": False}
    row = representatives.find(session, found)
    words, mine = pages.said(), acts(here, found)
    missing = [name for name in found.needs if name in GAPS]
    principal = here.person is not None and found.subject in here.person.subjects
    return {
        "acting": {
            "role": words.say("acting_roles", str(row.role)),
            "relation": words.say("relations", row.relation),
            "shown": words.find("shown_by", row.method) if _settled(row) else "",
            "missing": [words.say("gaps", name) for name in missing] if mine else [],
            "supplies": mine and bool(missing) and found.state not in TERMINAL,
            "term": row.role in _TERM,
            "agent": row.role is Role.AGENT,
        },
        "delegable": principal and _delegable(found),
        "acting_choices": acting.choices() if mine and missing else {},
    }


def _delegable(found: Request) -> bool:
    """Return whether a principal can say yes: to an agent who has said how far it goes."""
    lacks = set(found.needs) & set(GAPS) - {POA_SIGNED}
    agent = found.requester_role is Role.AGENT
    return agent and found.state is State.VERIFYING and not lacks


def _settled(row: Any) -> bool:
    return bool(row.attested or representatives.suffices(row))


def acts(here: Visit, found: Request) -> bool:
    """Return whether this visit is the representative's, not the principal's."""
    if here.person is not None and found.subject in here.person.subjects:
        return here.person.role is not Role.SELF
    known = here.requests.get(found.id)
    return known is not None and (known.made or known.level > 0)


def _documents(session: Session, here: Visit, found: Request) -> dict[str, Any]:
    """Return what the page of a request says of documents: what is there, and whether more may."""
    if not shows(here, found):
        return {"documents": None}
    try:
        evidence.taking(session, found)
        takes = parts().evidence is not None
    except (Conflict, NotFound):
        takes = False
    words = pages.said()
    lines = [
        {
            "kind": words.say("document_kinds", evidence.ENDINGS[row.media_type]),
            "size": words.number(max(1, row.size // 1000)),
            "gone": pages.moment(row.destroyed_at, found) if row.destroyed_at else "",
        }
        for row in evidence.of_request(session, found.id)
    ]
    asked = [words.say("gaps", name) for name in found.needs if name in DOCUMENT_GAPS]
    return {
        "documents": {
            "takes": takes,
            "lines": lines,
            "asked": asked,
            "days": parts().context.settings.evidence_days,
            "most": evidence.MOST_FILES,
            "bytes": evidence.MOST_BYTES,
        }
    }


def shows(here: Visit, found: Request) -> bool:
    """Return whether this visit is the one that shows documents in a request."""
    if found.requester_role is not Role.SELF:
        return acts(here, found)
    known = here.requests.get(found.id)
    return known is not None and known.guardian


def is_guardian(here: Visit, found: Request) -> bool:
    """Return whether the guardian's code was answered in this visit."""
    return here.requests.get(found.id, Known()).guardian


def _guarding(session: Session, here: Visit, found: Request) -> dict[str, Any]:
    """Return what the page of a child's request says of its guardian."""
    waits = assurance.waits_for_guardian(found) and found.closed_at is None
    row = session.get(Representation, found.id) if waits else None
    words = pages.said()
    unnamed = waits and guardians.NAMED in found.needs and here.changes(found)
    return {
        "guarded": waits,
        "guardian_unnamed": unnamed,
        "guardian_relations": [
            (f"{Role.GUARDIAN}.{one}", words.say("relations", one))
            for one in RELATIONS[Role.GUARDIAN]
        ],
        "guardian_answers": row is not None
        and row.confirmed_at is None
        and is_guardian(here, found),
        "guardian_unshown": row is not None
        and row.confirmed_at is not None
        and not guardians.confirmed(row)
        and is_guardian(here, found),
    }
