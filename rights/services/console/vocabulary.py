"""
The words by which a free search knows requests: those that staff read of them, in both languages.

A register keeps codes (``denied``), people read and type words (``denied``, ``已拒绝``). Which
codes a word means is known before the register is asked, so nothing is indexed twice and the same
is found on every database. Chinese is written without spaces: what was typed in one go is cut into
words that are known here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Final

from rights import yaml_file
from rights.domain.datamap import DataMap
from rights.domain.lifecycle import State, Wait
from rights.domain.regime import Regime
from rights.domain.representation import AgeBand, Role
from rights.services import catalogue, clock_words, reasons, words

_FILE: Final = Path(__file__).parents[2] / "catalogue" / "search.yaml"
_CONSOLE: Final = _FILE.with_name("console")

_HAN: Final = "\u3400-\u9fff\uf900-\ufaff"
_RUNS: Final = re.compile(rf"[{_HAN}]+|[^\W{_HAN}]+")
_IS_HAN: Final = re.compile(rf"[{_HAN}]")
_MARKS: Final = re.compile(r"[^\w]+")

_LONGEST: Final = 16
"""Characters of one word within a run of Chinese; what is longer is typed apart."""

MOST: Final = 8
"""Words that one run is cut into; of more, the run is looked for as it is."""

_WHOLE, _OF_A_NAME, _OF_A_SENTENCE, _UNKNOWN = 2, 3, 6, 100
"""What a word costs when a run is cut: one that stands alone somewhere is the likeliest."""

KIND, OPTION, REASON = "kind", "option", "reason"
LAW, STORE, PRODUCT = "law", "store", "product"
_BARE: Final = ("merged", "guardian_declined")
"""What else stands as the reason of a request: no ground that staff give, so it is a code alone."""

Texts = tuple[str, ...]
Codes = Mapping[str, Texts]
"""Codes and what is said of them, folded. An option's code is ``kind/option``."""


def fold(text: str) -> str:
    """Return a text as it is compared: without case, full-width letters as any others."""
    return unicodedata.normalize("NFKC", text).casefold()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """
    What can be said of a request.

    Args:
        said: Codes and their texts, by field.
        names, sentences: All texts, one a line: of what has a name, and of reasons.
        wholes: Names, and their parts between marks.
        empty: Words that say nothing of one request.
    """

    said: Mapping[str, Codes]
    names: str
    sentences: str
    wholes: frozenset[str]
    empty: frozenset[str]

    def codes(self, field: str, word: str) -> list[str]:
        """Return the codes of a field that are called so, or whose texts have the word."""
        asked = fold(word)
        return [
            code
            for code, texts in self.said[field].items()
            if asked in code.rpartition("/")[2] or any(_in(asked, one) for one in texts)
        ]

    def titled(self, field: str, word: str) -> list[str]:
        """Return the codes that are exactly the word, or whose texts have it."""
        asked = fold(word)
        return [
            code
            for code, texts in self.said[field].items()
            if word == code or any(_in(asked, one) for one in texts)
        ]

    def products(self, word: str) -> list[str]:
        """Return the ids of the products that have a word in their name."""
        asked = fold(word)
        return [one for one, names in self.said[PRODUCT].items() if asked in "".join(names)]

    def telling(self, typed: Iterable[str]) -> tuple[str, ...]:
        """Return what was typed without what says nothing; all of it where nothing is left."""
        every = tuple(typed)
        return tuple(one for one in every if one not in self.empty) or every

    def parts(self, word: str) -> tuple[str, ...]:
        """Return the words that are written together in one; itself where it is one or too many."""
        if not _IS_HAN.search(word):
            return (word,)
        runs = _RUNS.findall(fold(word))
        found = tuple(chain.from_iterable(self._cut(one) for one in runs))
        told = self.telling(found)
        return told if 0 < len(told) <= MOST else (word,)

    def _cut(self, run: str) -> tuple[str, ...]:
        """Cut a run into known words, with as little left over as can be."""
        if not _IS_HAN.match(run):
            return (run,)
        best: list[tuple[int, tuple[str, ...]]] = [(0, ())]
        for end in range(1, len(run) + 1):
            begins = range(max(0, end - _LONGEST), end)
            best.append(
                min(
                    (best[at][0] + self._cost(run[at:end]), (*best[at][1], run[at:end]))
                    for at in begins
                )
            )
        return best[-1][1]

    def _cost(self, word: str) -> int:
        if word in self.wholes or word in self.empty:
            return _WHOLE
        if len(word) > 1 and word in self.names:
            return _OF_A_NAME
        if len(word) > 1 and word in self.sentences:
            return _OF_A_SENTENCE
        return _UNKNOWN * len(word) + 1


def _in(word: str, text: str) -> bool:
    """Tell whether a text has a word: Chinese anywhere, others where a word begins."""
    if _IS_HAN.match(word):
        return word in text
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}", text) is not None


def of(datamap: DataMap, regimes: Mapping[str, Regime], products: Mapping[str, str]) -> Vocabulary:
    """
    Return the words of this deployment: of every catalogue, of its laws, stores and products.

    Args:
        products: Their names by their ids, closed ones too.
    """
    said = {
        **_everywhere(),
        LAW: {name: _folded(one.titles) for name, one in regimes.items()},
        STORE: {one.name: _folded(one.title) for one in datamap.stores},
        PRODUCT: {one: (fold(name),) for one, name in products.items()},
    }
    names = [text for field, codes in said.items() if field != REASON for text in _texts(codes)]
    parts = (part for text in names for part in (text, *_MARKS.split(text)))
    return Vocabulary(
        said=said,
        names="\n".join(names),
        sentences="\n".join(_texts(said[REASON])),
        wholes=frozenset(part for part in parts if part),
        empty=_empty(),
    )


def _texts(codes: Codes) -> Iterator[str]:
    yield from chain.from_iterable(codes.values())


def _folded(texts: Mapping[str, str]) -> Texts:
    return tuple(dict.fromkeys(fold(one) for one in texts.values() if one))


@cache
def _empty() -> frozenset[str]:
    found: Mapping[str, Any] = yaml_file.read(_FILE)
    return frozenset(chain.from_iterable(found["empty"].values()))


@cache
def _everywhere() -> Mapping[str, Codes]:
    """Return what the catalogues say, whatever the data map and the laws are."""
    shown = [words.catalogue(_CONSOLE, language) for language in words.LANGUAGES]
    kinds = catalogue.words()["kinds"]
    return {
        KIND: {kind: _folded(one["title"]) for kind, one in kinds.items()},
        OPTION: {
            f"{kind}/{option}": _folded(title)
            for kind, one in kinds.items()
            for option, title in one["options"].items()
        },
        REASON: {
            **dict.fromkeys(_BARE, ()),
            **{code: _folded(one.texts) for code, one in reasons.catalogue().items()},
        },
        "pause_cause": {code: _folded(texts) for code, texts in clock_words.causes().items()},
        "state": _both(shown, "states", tuple(State)),
        "wait": _both(shown, "waits", tuple(one for one in Wait if one)),
        "channel": _both(shown, "channels", tuple(shown[0]["channels"])),
        "age_band": _both(shown, "ages", tuple(AgeBand)),
        "requester_role": _both(shown, "asker", tuple(Role)),
    }


def _both(shown: list[Mapping[str, Any]], place: str, codes: Iterable[str]) -> Codes:
    """Return what the console's catalogues call these codes, in both languages together."""
    return {code: tuple(dict.fromkeys(fold(one[place][code]) for one in shown)) for code in codes}
