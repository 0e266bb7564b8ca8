"""Every word of the console is there in both languages."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from rights.domain.actions import Action
from rights.domain.compliance import Rhythm
from rights.domain.duties import Act
from rights.domain.lifecycle import Event, State, Wait
from rights.domain.minors import Purpose
from rights.domain.organisation import FIGURES, FLAGS, LARGE
from rights.domain.representation import AgeBand, Role
from rights.domain.settable import PROTECTS
from rights.domain.staff import KNOWN
from rights.domain.terms import Standing
from rights.services.console.board import OTHER
from rights.services.console.filters import CHANNELS, CLOCKS, STATES
from rights.services.console.queues import QUEUES
from rights.services.denials import CHANNELS as TOLD_BY
from rights.services.live_settings.catalogue import settables
from rights.services.notices import EVENTS
from rights.services.words import LANGUAGES, catalogue
from rights.store.models import StepState
from rights.web.console import pages, words
from rights.web.console.acts import ACTS
from rights.web.console.arriving import LOGGED
from tests.architecture.tree import ROOT
from tests.catalogues import gaps

FOLDER = ROOT / "rights" / "catalogue" / "console"
TEMPLATES = ROOT / "rights" / "web" / "templates" / "console"


def test_both_languages_say_the_same_things_with_the_same_gaps() -> None:
    chinese, english = (gaps(words.of(one), catalogue(FOLDER, one)) for one in LANGUAGES)

    assert chinese.keys() == english.keys()
    assert {path for path in chinese if chinese[path] != english[path]} == set()


def test_english_is_english() -> None:
    english = (FOLDER / "en.yaml").read_text(encoding="utf-8")
    assert not re.search(r"[\u4e00-\u9fff]", english)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_are_missing_for_anything_that_can_be_shown(language: str) -> None:
    wanted = [
        *(("states", one) for one in STATES),
        *(("states", str(one)) for one in State),
        *(("waits", str(one)) for one in Wait if one),
        *(("clocks", one) for one in CLOCKS),
        *(("channels", one) for one in CHANNELS),
        *(("actions", str(one)) for one in Action),
        *(("step_states", str(one)) for one in StepState),
        *(("events", str(one)) for one in Event),
        *(("purposes", str(one)) for one in Purpose),
        *(("ages", str(one)) for one in AgeBand),
        *(("asker", str(one)) for one in Role),
        *(("roles", one) for one in KNOWN),
        *(("acts_of_staff", str(one)) for one in Act),
        *(("mine", one) for one in (*QUEUES, OTHER)),
        *(("queues", one) for one in QUEUES),
        *(("told_by", one) for one in TOLD_BY),
        *(("done", one) for one in (*ACTS, *LOGGED)),
        *(("areas", name) for name, _, _ in pages.AREAS),
        *(("settings", "groups", one.group) for one in settables().values()),
        *(("settings", "units", one.unit) for one in settables().values() if one.unit),
        *(("settings", "origins", one) for one in ("started", "staff", "default")),
        *(("settings", "takes_two", one) for one in PROTECTS if one),
        *(("letters", one) for one in EVENTS if not one.startswith("key_")),
        *(("organisation", "names", one) for one in (*FIGURES, *FLAGS, LARGE)),
        *(("organisation", "rhythms", str(one)) for one in Rhythm),
        *(("organisation", "standings", str(one)) for one in Standing),
    ]
    said = words.of(language)
    assert [path for path in wanted if not said.find(*path)] == []


def test_every_rule_that_a_field_can_break_has_its_words_and_every_word_its_rule() -> None:
    code = [file.read_text(encoding="utf-8") for file in (ROOT / "rights").rglob("*.py")]
    broken = {name for text in code for name in re.findall(r'\brule="(\w+)"', text)}
    said = {*catalogue(FOLDER, "en")["rules"]}

    assert broken <= said
    assert {rule for rule in said if not any(f'"{rule}"' in text for text in code)} == set()


def test_every_word_that_a_template_says_is_there() -> None:
    said = catalogue(FOLDER, "en")
    missing = []
    for file in TEMPLATES.glob("*.html"):
        text = file.read_text(encoding="utf-8")
        for found in re.findall(r'say\(((?:["\'][\w-]+["\'](?:, )?)+)', text):
            path = re.findall(r"[\w-]+", found)
            if not _there(said, path):
                missing.append((file.name, path))
    assert missing == []


def _there(said: Mapping[str, Any], path: list[str]) -> bool:
    """Return whether there are words at a path, or words below it by a code."""
    found: Any = said
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found is not None


@pytest.mark.parametrize("file", sorted(FOLDER.parent.rglob("*.yaml")), ids=lambda file: file.stem)
def test_nothing_is_said_twice_under_one_name(file: Path) -> None:
    """Of two keys of the same name the second would win, without a word."""
    waiting, twice = [yaml.compose(file.read_text(encoding="utf-8"))], list[str]()
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            names = [name.value for name, _ in node.value]
            twice += [name for name, count in Counter(names).items() if count > 1]
            waiting += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value

    assert twice == []


def _written() -> set[str]:
    """Return the names of entries that the code writes, as they stand or by a name of a module."""
    found: set[str] = set()
    for file in (f for room in ("rights", "workflows") for f in (ROOT / room).rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        named = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.AnnAssign)
            and isinstance(target := node.target, ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        lines = (n for n in ast.walk(tree) if isinstance(n, ast.Call) and n.args)
        for first in (n.args[0] for n in lines if getattr(n.func, "attr", "") == "Line"):
            if isinstance(first, ast.Constant):
                found.add(str(first.value))
            elif isinstance(first, ast.Name) and first.id in named:
                found.add(str(named[first.id]))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entry_that_the_code_writes_has_words(language: str) -> None:
    written = _written()

    assert len(written) > 100
    assert sorted(written - {*words.of(language).codes("events")}) == []
