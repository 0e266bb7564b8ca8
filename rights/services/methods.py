"""
How each right is used here, by which road and how soon: for the product's own rules page.

Made from what is really configured, so it can name nothing that is not offered; and what the laws
in use ask for though this deployment has switched it off is told to whoever watches the service.

Source: NDSR 21(1); PIPL 17, 31.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session, col, select

from rights import yaml_file
from rights.domain.kinds import Kind, Option
from rights.domain.policy import CHANNELS, PORTAL
from rights.domain.regime import Clock, Span
from rights.domain.wording import filled
from rights.services import catalogue
from rights.services.context import Context
from rights.services.words import Words
from rights.store.models import Backend

FORMAT: Final = 1
"""Of the block: it grows by new members only."""

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "methods.yaml"
_LEFT_TO_US: Final = frozenset(
    {
        (Kind.DELETION, Option.ANONYMISE),
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_EDIT),
    }
)
"""
What the law lets the one who answers choose: to delete, or to anonymise; to let tags be selected,
or deleted. Source: NDSR 24; Algorithmic Recommendation Provisions 17(2).
"""

_HOUR: Final = timedelta(hours=1)


@cache
def texts() -> Mapping[str, Any]:
    """Return the words of the block, in both languages."""
    found: Mapping[str, Any] = yaml_file.read(_FILE)
    return found


def blocked(context: Context, words: Words) -> list[str]:
    """Return what may hold back a part of a cancellation here, in the reader's words."""
    return [words.either(texts()["blockers"][name]) for name in context.policy.blockers]


def regimes_in_use(session: Session, context: Context) -> tuple[str, ...]:
    """Return the regimes under which requests are taken in: by default, or for a live backend."""
    query = select(Backend.regimes).where(col(Backend.closed_at).is_(None))
    named = {name for regimes in session.exec(query) for name in regimes}
    wanted = {*context.settings.default_regimes, *named}
    return tuple(name for name in context.regimes if name in wanted)


def lacking(context: Context, regimes: Sequence[str]) -> list[str]:
    """Return what a regime in use asks for and the policy has switched off, as kind/option."""
    return sorted(
        f"{kind}/{option}"
        for kind, option in context.policy.off
        if (kind, option) not in _LEFT_TO_US
        and any(_asks_for(context.regimes[name].clock(kind, option)) for name in regimes)
    )


def _asks_for(clock: Clock | None) -> bool:
    """Return whether a law knows this right by its own name, and not merely under another."""
    return clock is not None and clock.maps_to is None


def block(context: Context, regimes: Sequence[str], words: Words) -> dict[str, Any]:
    """
    Return the block, JSON-native, in one language.

    Args:
        regimes: Those whose times are told.
    """
    said, controller = texts(), context.datamap.controller
    company = words.either(controller.get("name", {})) or "-"
    policy = context.policy
    return {
        "format": FORMAT,
        "language": words.language,
        "title": words.either(said["title"]),
        "opening": words.either(said["opening"]).format(company=company),
        "portal": _portal(context),
        "contact": controller.get("dpo_contact") or None,
        "complaints": policy.complaints or None,
        "channels": list(_channels(context, words)),
        "methods": [_method(context, kind, regimes, words) for kind in policy.kinds()],
        "blockers": blocked(context, words) if Kind.ACCOUNT_CANCELLATION in policy.kinds() else [],
        "under_14": {
            "title": words.either(said["under_14"]["title"]),
            "about": words.either(said["under_14"]["about"]),
            "rules": policy.minors_rules or None,
        },
    }


def _portal(context: Context) -> str:
    return f"{context.settings.base_url.rstrip('/')}/portal/"


def _channels(context: Context, words: Words) -> Iterator[dict[str, str]]:
    stated = context.policy.channels or {PORTAL: texts()["online"]}
    for name, text in sorted(stated.items(), key=lambda one: CHANNELS.index(one[0])):
        yield {"channel": name, "text": words.either(text)}


def _method(context: Context, kind: Kind, regimes: Sequence[str], words: Words) -> dict[str, Any]:
    told = catalogue.words()["kinds"][kind]
    return {
        "kind": str(kind),
        "title": words.either(told["title"]),
        "about": words.either(told["about"]),
        "options": [
            {
                "option": str(option),
                "title": words.either(told["options"][option]),
                "proof": words.either(texts()["proof"][context.policy.level(kind, option)]),
                "times": list(_times(context, kind, option, regimes, words)),
            }
            for option in context.policy.offered(kind)
        ],
    }


def _times(
    context: Context, kind: Kind, option: Option, regimes: Sequence[str], words: Words
) -> Iterator[dict[str, str]]:
    for name in regimes:
        regime = context.regimes[name]
        clock = regime.clock(kind, option)
        if clock is not None:
            title, text = words.either(regime.titles), _time(clock, words)
            yield {"regime": name, "title": title, "text": text}


def _time(clock: Clock, words: Words) -> str:
    span = clock.promise or clock.response.period
    if span is None:
        return words.either(texts()["times"]["immediate"])
    unit, count = _counted(span)
    return filled(words.either(texts()["times"][unit]), {"count": count})


def _counted(span: Span) -> tuple[str, int]:
    if isinstance(span, timedelta):
        return "hours", max(1, span // _HOUR)
    return str(span.unit), span.count
