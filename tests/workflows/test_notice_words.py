"""The words of the notices: the same in both languages, and none missing."""

from __future__ import annotations

import pytest

from rights.domain.kinds import OPTIONS, Kind
from rights.services import notices
from tests.catalogues import gaps
from workflows.notices import about_incidents, compose, correspondence
from workflows.notices.words import LANGUAGES, catalogue, language_of, words
from workflows.outcome import TOLD


def _gaps(language: str) -> dict[tuple[str, ...], set[str]]:
    return gaps(words(language), catalogue(language))


def test_both_languages_say_the_same_things_with_the_same_gaps() -> None:
    chinese, english = (_gaps(language) for language in LANGUAGES)

    assert chinese.keys() == english.keys()
    assert {path for path in chinese if chinese[path] != english[path]} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_are_missing_for_anything_that_can_happen(language: str) -> None:
    say = words(language)
    wanted = [
        *(("asked", str(kind), str(option)) for kind in Kind for option in OPTIONS[kind]),
        *(("lines", str(action), way) for action in TOLD for way in ("done", "none")),
        *(
            ("subjects", event)
            for event in (*notices.EVENTS, *notices.OF_COMPLAINTS, *notices.OF_INCIDENTS)
        ),
        *(("outcome", state) for state in ("fulfilled", "partially_fulfilled", "denied")),
    ]

    assert [path for path in wanted if not say.find(*path)] == []
    assert set(compose._BODIES) == set(notices.EVENTS)  # noqa: SLF001 - the table is the fact
    assert set(correspondence.OF_COMPLAINTS) == set(notices.OF_COMPLAINTS)
    assert set(about_incidents.BODIES) == set(notices.OF_INCIDENTS)


@pytest.mark.parametrize(
    ("locale", "language"),
    [("zh-CN", "zh-CN"), ("en", "en"), ("en-GB", "en"), ("en_US", "en"), ("fr", "zh-CN"),
     ("", "zh-CN"), ("zh-TW", "zh-CN"), ("eng", "zh-CN")],
)  # fmt: skip
def test_who_asked_for_english_gets_english_and_everybody_else_chinese(
    locale: str, language: str
) -> None:
    assert language_of(locale) == language
