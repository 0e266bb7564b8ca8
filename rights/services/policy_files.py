"""
The policy file of a deployment, to the policy it states.

What the law forbids is refused by a named rule; what this product gives no effect to is an unknown
key. Everything wrong is named at once, with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from rights.domain import cooling
from rights.domain.errors import ConfigError
from rights.domain.kinds import OPTIONS, Kind, Option
from rights.domain.levels import ceiling, minimum
from rights.domain.parameters import NEEDED, needed, offered
from rights.domain.policy import (
    BLOCKERS,
    CHANNELS,
    CODE,
    LAWFUL,
    NETWORK_IDENTITY,
    PORTAL,
    WAYS,
    Policy,
    Raised,
)
from rights.services.located_yaml import Section, read
from rights.services.policy_rules import Lint, Refusal, forbidding
from rights.services.words import LANGUAGES

LONGEST: Final = 300
"""Characters of a text that people read, in each language."""

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{2,59}")
_FACES: Final = frozenset({"face", "face_recognition", "liveness"})
_DOCUMENTS: Final = frozenset({"id_document", "id_card_photo", "passport_photo"})
_OPT_OUT_PROOF: Final = 1
Pair = tuple[Kind, Option]
Texts = Mapping[str, str]


def policy(file: Path | None) -> Policy:
    """
    Return what a deployment states; without a file, what holds for everybody.

    Raises:
        ConfigError: the file says what the law forbids, or what nothing here does; all of it is
            named, with rule and requirement.
    """
    if file is None:
        return LAWFUL
    found, refusals, problems = examined(file)
    if problems:
        told = f"{len(refusals)} of them against the law" if refusals else "correct each line"
        raise ConfigError(f"the policy has {len(problems)} mistake(s), {told}", problems)
    return found


def examined(file: Path) -> tuple[Policy, list[Refusal], list[str]]:
    """Return what *file* states, the rules it breaks, and every mistake in it, those included."""
    problems: list[str] = []
    root, lint = read(file, problems), Lint()
    lint.tempted(root, allowed=", ".join(sorted({n for each in NEEDED.values() for n in each})))
    _required(root.section("required"), lint)
    found = Policy(
        raised=MappingProxyType(dict(_raised(root.section("levels"), lint))),
        off=frozenset(_off(root, "not_offered")),
        ways=_ways(root.section("proof"), lint),
        channels=MappingProxyType(_channels(root.section("channels"), lint)),
        complaints=_complaints(root.section("complaints"), lint),
        minors_rules=_minors_rules(root.section("rules_page"), lint),
        **_cancellation(root.section("cancellation"), lint),
    )
    root.done()
    return found, lint.found, problems


def _end(section: Section, lint: Lint) -> None:
    lint.tempted(section)
    section.done()


# -- what is asked -----------------------------------------------------------------------------


def _required(section: Section | None, lint: Lint) -> None:
    """Let nobody be asked for more than the work cannot start without."""
    for key in section.values if section is not None else ():
        assert section is not None
        pairs = _pairs(section, key)
        allowed = {name for pair in pairs for name in needed(*pair)}
        for word in section.words(key):
            if word not in allowed:
                rule = forbidding(word) or "required_field"
                lint.refuse(section, rule, key, allowed=", ".join(sorted(allowed)) or "-")


def _pairs(section: Section, key: str) -> tuple[Pair, ...]:
    """Return the kinds and options that ``kind`` or ``kind/option`` names."""
    kind, _, option = str(key).partition("/")
    known = list(Kind)
    if kind not in known:
        section.complain(f"is not a kind: one of {', '.join(known)}", key)
        return ()
    if option and option not in OPTIONS[Kind(kind)]:
        section.complain(f"is not an option of {kind}: {', '.join(OPTIONS[Kind(kind)])}", key)
        return ()
    return tuple((Kind(kind), o) for o in OPTIONS[Kind(kind)] if option in ("", o))


# -- how surely, and by which proof ------------------------------------------------------------


def _raised(section: Section | None, lint: Lint) -> Iterator[tuple[Pair, Raised]]:
    if section is None:
        return
    for key, inside in section.sections():
        level = inside.count("level", least=0)
        because = inside.text("because", "")
        _end(inside, lint)
        pairs = _pairs(section, key)
        section.seen.add(key)
        for pair in pairs:
            if _lawful(inside, lint, pair, level):
                yield pair, Raised(level, because)
        if any(level > minimum(*pair) for pair in pairs) and not _CODE.fullmatch(because):
            lint.refuse(inside, "level_unexplained", "because")


def _lawful(inside: Section, lint: Lint, pair: Pair, level: int) -> bool:
    kind, _ = pair
    least, most = minimum(*pair), ceiling(*pair)
    if level < least:
        lint.refuse(inside, "level_lowered", "level", least=least)
    elif level > most and kind is Kind.RECOMMENDATION_OPT_OUT and level == _OPT_OUT_PROOF:
        lint.refuse(inside, "opt_out_wall", "level")
    elif level > most:
        lint.refuse(inside, "level_raised", "level", most=most)
    return least <= level <= most


def _ways(section: Section | None, lint: Lint) -> tuple[str, ...]:
    if section is None:
        return WAYS
    ways = section.words("ways")
    _end(section, lint)
    allowed = ", ".join(WAYS)
    if ways and set(ways) <= _FACES:
        lint.refuse(section, "face_only", "ways", allowed=allowed)
    elif ways and set(ways) <= {*_FACES, NETWORK_IDENTITY}:
        lint.refuse(section, "network_identity_only", "ways")
    elif ways and ways[0] in _DOCUMENTS:
        lint.refuse(section, "document_first", "ways", allowed=allowed)
    elif unknown := [way for way in ways if way not in WAYS]:
        section.complain(f"there is no such way of proof: {', '.join(unknown)}; {allowed}", "ways")
    elif CODE not in ways:
        lint.refuse(section, "code_missing", "ways")
    return ways


# -- what is offered, and how people get there -------------------------------------------------


def _off(root: Section, key: str) -> Iterator[Pair]:
    for word in root.words(key):
        kind, _, option = word.partition("/")
        found = [o for o in offered(Kind(kind)) if option in ("", o)] if kind in list(Kind) else []
        if not found:
            root.complain(f"nothing is offered under {word}: name a kind, or kind/option", key)
        yield from ((Kind(kind), o) for o in found)


def _channels(section: Section | None, lint: Lint) -> dict[str, Texts]:
    if section is None:
        return {}
    found: dict[str, Texts] = {}
    for name, inside in section.sections():
        if forbidding(name):
            continue
        if name not in CHANNELS:
            section.complain(f"is not a channel: one of {', '.join(CHANNELS)}", name)
        found[name] = _text(inside, lint)
    _end(section, lint)
    if PORTAL not in found:
        lint.refuse(section, "portal_missing")
    return found


def _text(section: Section, lint: Lint) -> Texts:
    """Return what people read, in both languages."""
    said = {language: section.text(language) for language in LANGUAGES}
    for language, text in said.items():
        if len(text) > LONGEST:
            section.complain(f"is longer than {LONGEST} characters", language)
    _end(section, lint)
    return MappingProxyType(said)


def _complaints(section: Section | None, lint: Lint) -> str:
    if section is None:
        return ""
    contact = section.text("contact")
    _end(section, lint)
    if len(contact) > LONGEST:
        section.complain(f"is longer than {LONGEST} characters", "contact")
    return contact


def _minors_rules(section: Section | None, lint: Lint) -> str:
    """Return where the rules for children under fourteen stand. Source: PIPL 31."""
    if section is None:
        return ""
    address = section.text("minors_rules", "")
    _end(section, lint)
    parts = urlsplit(address)
    if address and (parts.scheme != "https" or not parts.netloc):
        section.complain("write the whole address, beginning with https://", "minors_rules")
    return address


# -- cancelling an account ---------------------------------------------------------------------


def _cancellation(section: Section | None, lint: Lint) -> dict[str, Any]:
    if section is None:
        return {}
    blockers = section.words("blockers")
    for word in blockers:
        if word not in BLOCKERS:
            lint.refuse(section, "blocker", "blockers", allowed=", ".join(BLOCKERS))
    pause = _pause(section, lint)
    message = _retention(section, lint)
    _end(section, lint)
    return {"blockers": blockers, "retention_message": message, "pause_days": pause}


def _pause(section: Section, lint: Lint) -> int:
    """Return how many days somebody may choose to wait: what is said here only shortens that."""
    pause = section.section("cooling_off")
    if pause is None:
        return cooling.LONGEST
    days = pause.count("days", least=0) if pause.has("days") else cooling.LONGEST
    _end(pause, lint)
    if days > cooling.LONGEST:
        lint.refuse(pause, "cooling_off_long", "days", most=cooling.LONGEST)
    return days


def _retention(section: Section, lint: Lint) -> Texts:
    if isinstance(section.values.get("retention_message"), list):
        section.seen.add("retention_message")
        lint.refuse(section, "retention_messages", "retention_message")
        return {}
    inside = section.section("retention_message")
    return _text(inside, lint) if inside is not None else {}
