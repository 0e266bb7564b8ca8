"""The organisation's profile in words, for its page and for the documents of its duties."""

from __future__ import annotations

from rights.domain.organisation import FIGURES, FLAGS, LARGE, Profile
from rights.services.words import Words


def profile(one: Profile, w: Words) -> list[tuple[str, str]]:
    """Return what an organisation says of itself: a name and a text each."""
    flags = [w.say("organisation", "names", name) for name in FLAGS if one.holds(name)]
    lines = [(w.say("organisation", "since"), w.day(one.since))]
    lines += [
        (w.say("organisation", "names", name), w.number(one.figures[name])) for name in FIGURES
    ]
    lines.append((w.say("organisation", "is"), w.listed(flags) or w.say("organisation", "nothing")))
    if (decided := one.decision) is not None:
        word = "decided_yes" if decided.large else "decided_no"
        said = w.say("organisation", word, by=decided.by, day=w.day(decided.on))
        lines.append((w.say("organisation", "names", LARGE), said))
    return lines
