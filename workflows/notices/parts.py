"""Parts that several letters have."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from rights.domain.products import named
from rights.services import clock_words
from workflows.notices.facts import Facts
from workflows.notices.letter import Block, big, paragraph, paste
from workflows.notices.told import Told


def label(facts: Told, name: str, value: str) -> tuple[str, str]:
    """Return a value with its label."""
    return facts.words.say("labels", name), value


def about(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield the lines that name the request."""
    request, say = facts.request, facts.words
    yield label(facts, "reference", request.id)
    yield label(facts, "asked", say.say("asked", str(request.kind), str(request.option)))
    if wanted := named(request.parameters):
        titles = facts.context.datamap.products
        told = [say.either(titles.get(name, {}), name) for name in sorted(wanted)]
        yield label(facts, "products", say.listed(told))


def why(facts: Facts) -> Mapping[str, str]:
    """Return why more time is taken, as the law names it."""
    assert facts.longer is not None, "this letter is about more time"
    return clock_words.reasons()[facts.longer.reason]


def code_and_rest(facts: Told) -> Iterator[Block]:
    """Yield a code, how long it works, and what can be pasted in its place."""
    say = facts.words
    assert facts.code_until is not None, "a code has an end"
    left = (facts.code_until - facts.now).total_seconds()
    yield big(facts.code)
    until = facts.moment(facts.code_until)
    yield paragraph(say.say("code", "validity", minutes=max(1, math.floor(left / 60)), until=until))
    yield paragraph(say.say("code", "token"))
    yield paste(facts.token)
    yield paragraph(say.say("code", "not_you"))
