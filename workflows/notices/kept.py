"""
What is kept of a letter that went out: its words, without what only its reader may know.

A code, its token and a link are replaced before the letter is composed, so no place in it can hold
one. What is written about a complaint or about somebody's keys is shown nowhere, and not kept.
"""

from __future__ import annotations

from dataclasses import replace

from rights.services.contacts import Way
from workflows.notices.compose import compose
from workflows.notices.facts import Facts
from workflows.notices.short import short
from workflows.notices.told import Told


def kept(facts: Told) -> str:
    """Return what staff may read of a letter later; nothing where nobody does."""
    if not isinstance(facts, Facts) or facts.key_way:
        return ""
    hidden = facts.words.say("kept")
    shown = replace(
        facts,
        code=hidden if facts.code else "",
        token=hidden if facts.token else "",
        link=hidden if facts.link else "",
    )
    if facts.way is Way.SMS:
        return short(shown).text
    letter = compose(shown)
    return f"{letter.subject}\n\n{letter.text().strip()}"
