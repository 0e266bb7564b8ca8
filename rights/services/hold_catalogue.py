"""
The catalogue of grounds on which a row may be held: duties of law, and the rest in words.

Source: NDSR 24; PIPL 47(2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from rights.domain.errors import ConfigError
from rights.domain.holds import BY_ITSELF, RANKS

_FILE: Final = Path(__file__).parents[1] / "catalogue" / "holds.yaml"
_DUTY: Final = ("period", "basis", "rank", "zh", "en")


@dataclass(frozen=True, slots=True)
class Duty:
    """
    A duty to keep: how long, on what basis, and what that basis is worth.

    Args:
        basis, chinese: The basis in English, which is kept, and in Chinese.
    """

    code: str
    period: str
    basis: str
    rank: str
    chinese: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Duties by code, and the words of every code, keys ``zh`` and ``en``."""

    duties: Mapping[str, Duty]
    words: Mapping[str, Mapping[str, str]]


@cache
def catalogue() -> Catalogue:
    """Return the catalogue this product comes with. Raises ConfigError as :func:`parse`."""
    return parse(_FILE.read_text(encoding="utf-8"))


def parse(text: str) -> Catalogue:
    """
    Read a catalogue.

    Raises:
        ConfigError: an entry lacks something, has an unknown rank, or would hold by itself
            though its rank does not allow it (R-24-6).
    """
    raw = yaml.safe_load(text) or {}
    duties: dict[str, Any] = raw.get("duties") or {}
    problems = [p for code, entry in duties.items() for p in _wrong(code, entry)]
    grounds: dict[str, Any] = raw.get("grounds") or {}
    problems += [f"{c}: has no words" for c, e in grounds.items() if not (e["zh"] and e["en"])]
    if problems:
        raise ConfigError("the hold catalogue is wrong:", problems)
    words = {c: {"zh": e["zh"], "en": e["en"]} for c, e in (duties | grounds).items()}
    made = {c: _duty(c, e) for c, e in duties.items()}
    return Catalogue(made, words)


def _duty(code: str, entry: Mapping[str, Any]) -> Duty:
    basis = entry["basis"]
    return Duty(code, entry["period"], basis["en"], entry["rank"], basis["zh"])


def _wrong(code: str, entry: Mapping[str, Any]) -> Iterator[str]:
    for name in _DUTY:
        if not entry.get(name):
            yield f"{code}: has no {name}"
    basis = entry.get("basis")
    if basis and not (isinstance(basis, dict) and basis.get("zh") and basis.get("en")):
        yield f"{code}: basis: write it in both languages, {{zh: …, en: …}}"
    rank = entry.get("rank")
    if rank and rank not in RANKS:
        yield f"{code}: {rank} is no rank; one of {', '.join(sorted(RANKS))}"
    elif entry.get("automatic") and rank not in BY_ITSELF:
        yield (
            f"{code}: holds by itself with rank {rank}; only laws and administrative regulations"
            " do: write automatic: false, and let staff approve the rule"
        )


def code_of(rank: str, hold: str) -> str:
    """Return the code of a retention rule of *rank* taken from the entry *hold*, if any."""
    return hold or ("statutory_retention" if rank in BY_ITSELF else "approved_retention")
