"""Every word of the portal is there in both languages, and each is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rights.domain.lifecycle import State, Wait
from rights.services import catalogue as kinds
from rights.services.forms import GROUNDS
from rights.services.preferences import BY_OPTION
from rights.services.recipients_told import Told
from rights.services.words import LANGUAGES, catalogue
from rights.web.portal import words
from tests.architecture.tree import ROOT
from tests.catalogues import gaps
from tests.web.house import ALICE, House
from tests.web.portal.reader import Reader

FOLDER = ROOT / "rights" / "catalogue" / "portal"
HAPPENED = ROOT / "docs" / "reference" / "receipts.md"


def _gaps(language: str) -> dict[tuple[str, ...], set[str]]:
    return gaps(words.of(language), catalogue(FOLDER, language))


def test_both_languages_say_the_same_things_with_the_same_gaps() -> None:
    chinese, english = (_gaps(language) for language in LANGUAGES)

    assert chinese.keys() == english.keys()
    assert {path for path in chinese if chinese[path] != english[path]} == set()


def test_each_language_is_one_file_and_the_other_one_is_not_in_it() -> None:
    assert {p.stem for p in FOLDER.glob("*.yaml")} == set(LANGUAGES)
    english = "".join(_all("en"))
    assert not re.search(r"[\u4e00-\u9fff]", english)
    for path, text in zip(_gaps("zh-CN"), _all("zh-CN"), strict=True):
        said = re.sub(r"{\w+}", "", text)
        assert re.search(r"[\u4e00-\u9fff（）“”]", said) or not re.search(r"[a-z]{3}", said), path


def _all(language: str) -> list[str]:
    return [words.of(language).find(*path) for path in _gaps(language)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_are_missing_for_anything_that_can_happen(language: str) -> None:
    happened = re.search(r"\| `happened` \| words: (.*) \|", HAPPENED.read_text(encoding="utf-8"))
    assert happened
    wanted = [
        *(("states", str(state)) for state in State),
        *(("waits", str(wait)) for wait in Wait if wait),
        *(("grounds", ground) for ground in GROUNDS),
        *(("told_recipient", outcome) for outcome in Told),
        *(("switches", name) for name in BY_OPTION.values()),
        *(("happened", name) for name in re.findall(r"`(\w+)`", happened[1])),
    ]

    assert [path for path in wanted if not words.of(language).find(*path)] == []
    assert kinds.categories()["contact"]


def test_nothing_is_kept_that_nobody_says() -> None:
    sources = [
        *(ROOT / "rights" / "web" / "portal").rglob("*.py"),
        *(ROOT / "rights" / "web" / "templates" / "portal").rglob("*.html"),
        ROOT / "rights" / "services" / "words.py",
    ]
    text = "".join(Path(one).read_text(encoding="utf-8") for one in sources)
    by_code = {
        "states", "waits", "grounds", "switches", "happened", "problem", "events", "identifiers",
        "identifier_kinds", "agreed", "prevails", "missing",
        "granted", "withdrawn", "two", "three", "add", "by", "upheld", "dismissed",
        "acting_roles", "relations", "shown_by", "gaps", "document_kinds", "told_recipient",
    }  # fmt: skip
    unsaid = [
        path
        for path in _gaps("en")
        if not by_code & set(path) and not re.search(rf"['\"]{re.escape(path[-1])}['\"]", text)
    ]

    assert unsaid == []


@pytest.mark.parametrize(
    ("header", "query", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh-CN"),
        ("en-GB,en;q=0.9", "", "en"),
        ("fr", "", "zh-CN"),
        ("", "", "zh-CN"),
        ("en", "?lang=zh-CN", "zh-CN"),
        ("zh-CN", "?lang=en", "en"),
        ("en", "?lang=xx", "en"),
    ],
)
def test_a_reader_gets_the_language_asked_for_and_keeps_it(
    shop: House, header: str, query: str, language: str
) -> None:
    reader = Reader(shop, language=header)

    page = reader.get(f"/portal/{query}")

    assert f'<html lang="{language}">' in page.html
    if query in ("?lang=zh-CN", "?lang=en"):
        assert f'<html lang="{language}">' in reader.get("/portal/").html


def test_a_page_in_one_language_has_no_sentence_of_the_other(shop: House) -> None:
    for language in LANGUAGES:
        reader = Reader(shop, language=language)
        reader.enter(ALICE)
        for path in ("", "ask/deletion", "ask/correction", "ask/restriction", "consents", "held"):
            text = reader.get(f"/portal/{path}").text.replace("中文", "")
            if language == "en":
                assert not re.search(r"[\u4e00-\u9fff]", text), path
            else:
                assert not re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", text), (path, text)
