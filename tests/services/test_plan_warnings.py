"""What a plan warns of has words in both languages for all that the stores can be found to be."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter
from typing import Any

from rights.services import plan_warnings
from workflows import preflight
from workflows.findings import planned

NAMES: dict[str, Any] = {"trigger": "t", "to": "users", "columns": "a, b"}


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_each_warning_of_a_live_store_has_words_and_no_words_are_for_nothing() -> None:
    tree = ast.parse(Path(preflight.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    codes = [
        getattr(plan_warnings, call.args[1].id)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "planned"
        if isinstance(call.args[1], ast.Name)
    ]

    assert sorted(codes) == sorted(plan_warnings.words())
    assert "warning" not in {call.func.id for call in calls if isinstance(call.func, ast.Name)}, (
        "a warning without a code has words in one language"
    )


def test_both_languages_say_the_same_of_the_same_names() -> None:
    for code, words in plan_warnings.words().items():
        for part, text in words.items():
            assert _fields(text["zh"]) == _fields(text["en"]), (code, part)
            assert re.search(r"[\u4e00-\u9fff]", text["zh"]), (code, part)
            assert not re.search(r"[\u4e00-\u9fff]", text["en"]), (code, part)


def test_a_finding_says_to_whoever_checks_a_map_what_a_plan_says() -> None:
    for code in plan_warnings.words():
        found = planned("shop.orders", code, **NAMES)
        (told,) = plan_warnings.told({"warnings": [found.warned()]})
        assert str(found) == f"warning: {told['text']['en']}"
        assert (told["code"], told["place"]) == (code, "shop.orders")


def test_a_sentence_of_an_older_plan_is_told_as_it_was_approved() -> None:
    (told,) = plan_warnings.told({"warnings": ["warning: shop.a: slow → an index"]})
    assert told == {"code": "", "place": "", "text": {"en": "shop.a: slow → an index"}}
