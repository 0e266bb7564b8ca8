"""Every sentence in English that counts something says one of it as one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any, Final

import pytest
import yaml

from rights.domain.wording import BETWEEN, filled
from rights.services import words
from rights.web.console import words as of_console
from rights.web.portal import words as of_portal

ROOT: Final = Path(__file__).parents[2]

FILES: Final = sorted(
    file
    for folder in ("rights/catalogue", "rights/services", "workflows/notices", "workflows/packages")
    for file in (ROOT / folder).rglob("*.yaml")
)
"""Every file of words; the sample company's are what its people say."""

TEXTS: Final = frozenset(
    (
        *("allowed", "because", "by", "cause", "company", "contact", "field", "id", "kind"),
        *("law", "laws", "moment", "name", "names", "period", "place", "reason", "thing"),
        *("title", "trigger", "until", "what", "where", "who", "why", "year"),
    )
)
"""What a sentence names that is no number; a name that is new is one until it stands here."""

_MANY: Final = frozenset(("are", "were", "have", "people", "children", "their", "these", "those"))
_ONE: Final = re.compile(r"(ss|us|is|'s|’s|ways|yes|less)$|^(as|its|this|was|has|always)$")
_FORMS: Final = re.compile(r"\{(\w+):([^{}|]+)\|([^{}|]+)\}")
_COUNTED: Final = re.compile(r"\{(\w+)\}((?: [a-z'’]+){1,3})")
_CHINESE: Final = re.compile(r"[一-鿿]")
_ENDS: Final = frozenset(
    (
        *("of", "in", "on", "at", "for", "from", "to", "by", "with"),
        *("that", "which", "because", "and", "or", "only"),
    )
)
"""Where what is counted ends, and something else begins."""


def _sentences(said: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(said, dict):
        for key, inner in said.items():
            yield from _sentences(inner, f"{at}.{key}")
    elif isinstance(said, list):
        for inner in said:
            yield from _sentences(inner, at)
    elif isinstance(said, str) and "{" in said:
        yield at, said


def _read(file: Any) -> list[tuple[str, str]]:
    return [*_sentences(yaml.safe_load(file.read_text(encoding="utf-8")))]


def _only_many(text: str) -> Iterator[str]:
    """Yield what stands behind a number and fits no single one."""
    plain = _FORMS.sub("ONE", text)
    for name, behind in _COUNTED.findall(plain):
        if name in TEXTS:
            continue
        for word in behind.split():
            if word in _ENDS:
                break
            if word in _MANY or (word.endswith("s") and not _ONE.search(word)):
                yield f"{{{name}}}{behind}"
    yield from re.findall(r"\b(?:are|were) \{(?:count|number)\}", plain)


@pytest.mark.parametrize(
    "text",
    [
        "{count} rows",
        "{rows} older rows wait",
        "only {count} are shown",
        "of {persons} people",
        "There are {count} here",
        "{count} {count:row|rows} of {all} collections",
        "{unheard_of} days",
    ],
)
def test_a_sentence_without_a_form_for_one_is_found(text: str) -> None:
    assert [*_only_many(text)]


@pytest.mark.parametrize(
    "text",
    [
        "{count} {count:row|rows} {count:waits|wait}",
        "{count} of the rows",
        "{who} waits",
        "Rows: {count}",
        "{count} somebody else's",
    ],
)
def test_a_sentence_that_fits_one_is_let_be(text: str) -> None:
    assert not [*_only_many(text)]


@pytest.mark.parametrize("file", FILES, ids=lambda one: str(one.relative_to(ROOT)))
def test_every_sentence_in_english_says_one_of_what_it_counts(file: Any) -> None:
    found = {
        at: wrong
        for at, text in _read(file)
        if not _CHINESE.search(text) and (wrong := [*_only_many(text)])
    }

    assert found == {}


@pytest.mark.parametrize("file", FILES, ids=lambda one: str(one.relative_to(ROOT)))
def test_every_form_is_whole_and_chinese_has_none(file: Any) -> None:
    for at, text in _read(file):
        if BETWEEN not in text or not _FORMS.search(text):
            continue
        assert not _CHINESE.search(text), at
        parts = [*Formatter().parse(text)]
        numbers = {name for _, name, form, _ in parts if name and not form}
        for _, name, form, _ in parts:
            if form and BETWEEN in form:
                one, many = form.split(BETWEEN)
                assert one.strip() and many.strip() and one != many, at
                assert name in numbers, f"{at}: the number itself is not said"


@pytest.mark.parametrize(
    ("number", "said", "left", "look"),
    [
        (0, "0 on their way", "0 days left", "0 rows came back, 0 unsure"),
        (1, "1 on its way", "1 day left", "1 row came back, 1 unsure"),
        (2, "2 on their way", "2 days left", "2 rows came back, 2 unsure"),
    ],
)
def test_what_pages_say_of_none_one_and_two(number: int, said: str, left: str, look: str) -> None:
    console, portal = of_console.of("en"), of_portal.of("en")
    counted = dict.fromkeys(("back", "unsure", "by_hand", "collections"), number)

    assert console.say("products", "waiting", count=number) == said
    assert console.say("left", "days", count=number) == portal.say("follow", "days", count=number)
    assert console.say("left", "days", count=number) == left
    assert console.say("rechecks", "look", **counted).startswith(look)
    assert console.say("request", "rows", count=console.number(number)) == (
        "1 row" if number == 1 else f"{number} rows"
    )
    assert of_console.of("zh-CN").say("request", "rows", count=number) == f"{number} 行"


@pytest.mark.parametrize("number", [0, 1, 2])
def test_what_letters_say_of_none_one_and_two(number: int) -> None:
    folder = ROOT / "workflows" / "notices" / "words"
    english, chinese = (words.catalogue(folder, one) for one in ("en", "zh-CN"))

    wanted = "1 record" if number == 1 else f"{number} records"
    assert filled(english["count"]["exactly"], {"count": number}) == wanted
    assert filled(english["count"]["at_least"], {"count": number}) == f"at least {wanted}"
    assert filled(chinese["count"]["exactly"], {"count": number}) == f"{number} 条记录"
