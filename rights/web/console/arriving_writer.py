"""
Who wrote what is logged, where that is not the person: what the form asks, and what was typed.

Nothing that is typed here is guessed at or dropped: what does not fit is refused by name, and what
a letter leaves out is asked for by name later, as from whoever asks by the API.

Source: PIPL 31, 49; Civil Code 165.
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug.datastructures import MultiDict

from rights.domain.errors import FieldError, Invalid
from rights.domain.representation import RELATIONS, TEXTS, Scope
from rights.services import catalogue, contacts, writers
from rights.services.representatives import Second
from rights.web.console import pages
from rights.web.parts import parts

PREFIX: Final = "writer."
_CONTACT: Final = "contact."
_WORDS: Final = ("name", "interest", "scope", "until")
_RELATION: Final = "relation"


def asked(given: MultiDict[str, str]) -> dict[str, Any]:
    """Return what the form offers, and whether it lies open: once anything of it was typed."""
    w = pages.said()
    return {
        "open": bool(_said(given)),
        "roles": [(str(one), w.say("asker", str(one))) for one in writers.ROLES],
        "relations": [
            (
                w.say("asker", str(role)),
                [(f"{role}.{one}", w.say("relations", one)) for one in RELATIONS[role]],
            )
            for role in writers.ROLES
        ],
        "contacts": [(one, w.find("identifiers", one) or one) for one in _types()],
        "matters": [(str(one), _kind(one)) for one in parts().context.policy.kinds()],
        "scopes": [(str(one), w.say("scopes", str(one))) for one in Scope],
        "longest": TEXTS,
    }


def _kind(name: str) -> str:
    return pages.said().either(catalogue.words()["kinds"][name]["title"], name)


def read(form: MultiDict[str, str]) -> Second | None:
    """
    Return who wrote; None where it was the person.

    Raises:
        Invalid: something was typed of a writer who is not said to be any, or does not fit.
    """
    said = _said(form)
    if not said:
        return None
    if "role" not in said:
        wrong = FieldError(f"{writers.PATH}.role", "has to be said", rule="who_wrote")
        raise Invalid("it is not said as whom somebody wrote", [wrong])
    return writers.of(parts().context, said)


def _said(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return what was typed of who wrote, as a call of the API has it; nothing of what is empty."""
    said: dict[str, Any] = {name: form.get(PREFIX + name, "").strip() for name in _WORDS}
    said["role"] = form.get(f"{PREFIX}role", "")
    said[_RELATION] = _relation(form.get(PREFIX + _RELATION, ""), said["role"])
    typed = {one: form.get(PREFIX + _CONTACT + one, "").strip() for one in _types()}
    said["contact"] = {one: value for one, value in typed.items() if value}
    said["matters"] = form.getlist(f"{PREFIX}matters")
    said["signed"] = bool(form.get(f"{PREFIX}signed"))
    return {name: value for name, value in said.items() if value}


def _relation(chosen: str, role: str) -> str:
    """Return the relation; that of another role stays whole, which is none of this one's."""
    of, _, relation = chosen.partition(".")
    return relation if of == role else chosen


def _types() -> tuple[str, ...]:
    """Return by what somebody can be reached."""
    return tuple(contacts.kinds(parts().context.datamap))
