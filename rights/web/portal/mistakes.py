"""What has to be looked at again in a form, in the words of its reader."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from rights.domain.errors import FieldError, Invalid
from rights.domain.parameters import UNTIL, WAIT_DAYS
from rights.domain.representation import TEXTS
from rights.services import catalogue
from rights.web.parts import parts
from rights.web.portal import pages
from rights.web.portal.words import identifier


@dataclass(slots=True)
class Mistakes:
    """Sentences for the person; none of them quotes what was typed."""

    said: list[str] = field(default_factory=list)

    def empty(self, titles: list[str]) -> None:
        """Name what is needed and was left empty."""
        self.said += [pages.said().say("wrong", "needed", field=title) for title in titles]

    def found(self, error: Invalid) -> None:
        """Take over what the services found."""
        self.said += [_sentence(one) for one in error.errors]
        if not self.said:
            self.said.append(pages.said().say("wrong", "title"))


_OWN: Final = {UNTIL: "until", WAIT_DAYS: "wait_days", "value": "value"}
"""What has a sentence of its own, and where it stands."""


def _sentence(one: FieldError) -> str:
    words = pages.said()
    name = next((part for part in reversed(one.field.split(".")) if not part.isdigit()), "")
    if one.field.startswith("subject"):
        return _about_identifier(one.field)
    if one.field.startswith(("requester", "guardian")):
        return _about_who_acts(name)
    if name in _OWN:
        return words.say("wrong", _OWN[name])
    if name == "option":
        return words.say("wrong", "any", field=words.say("ask", "option"))
    if one.field.startswith("answers"):
        return words.say("wrong", "answer")
    title = words.either(catalogue.words()["fields"].get(name, {}), name)
    return words.say("wrong", "any", field=title)


def _about_who_acts(name: str) -> str:
    words = pages.said()
    if name in TEXTS:
        return words.say("wrong", "text", field=words.say("acting", name))
    return words.say("acting", "wrong_relation" if name == "relation" else "wrong_contact")


def _about_identifier(path: str) -> str:
    words, known = pages.said(), parts().context.datamap.identifiers
    name = path.partition(".")[2]
    if name not in known:
        return words.say("wrong", "subject")
    return words.say("wrong", "identifier", field=identifier(words, name, known[name].kind))
