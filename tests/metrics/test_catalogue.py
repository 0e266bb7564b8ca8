"""Every metric that is counted, shown or alarmed on is in the catalogue, and on its page."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rights.metrics.facts import facts
from tests.architecture.pages import page
from tests.architecture.tree import ROOT

LABELS = {
    "about",
    "action",
    "channel",
    "chore",
    "connector",
    "kind",
    "outcome",
    "queue",
    "regime",
    "route",
    "state",
    "status",
    "store",
    "surface",
}
"""What a label may say. None of these can hold an id, an address or anything about a person."""

_NAME = re.compile(r"\brights_[a-z_]+")
_CALLS = {"count", "observe", "mark", "timed", "touch"}
_DASHBOARD = ROOT / "deploy" / "grafana" / "rights.json"
_ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"
_GUIDE = ROOT / "docs" / "how-to" / "watch-it.md"
_SPREAD = {
    "labels": {"action", "store"},
    "counted.labels(claim)": {"action", "store"},
    "labels(claim)": {"action", "store"},
    "of": {"surface", "route"},
}
"""What stands behind the two stars of a call, by its expression."""


def _series() -> set[str]:
    return {name for fact in facts().values() for name in fact.series}


def _sources() -> Iterator[Path]:
    for folder in ("rights", "workflows"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def _calls() -> Iterator[tuple[str, str, set[str]]]:
    """Yield place, name and labels of every call that counts something."""
    for path in _sources():
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            function = getattr(call, "func", None)
            if not isinstance(call, ast.Call) or not isinstance(function, ast.Attribute):
                continue
            if function.attr in _CALLS and ast.unparse(function.value) == "metrics":
                yield f"{path.name}:{call.lineno}", _named(call.args[0]), _given(call)


def _named(argument: ast.expr) -> str:
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    assert ast.unparse(argument) == "LAST", "name a metric where it is counted"
    return "rights_chore_last_success_timestamp_seconds"


def _given(call: ast.Call) -> set[str]:
    named = {word.arg for word in call.keywords if word.arg}
    spread = [_SPREAD[ast.unparse(word.value)] for word in call.keywords if word.arg is None]
    return named.union(*spread)


def test_what_is_counted_is_in_the_catalogue_with_its_labels() -> None:
    wrong = [
        (place, name, given)
        for place, name, given in _calls()
        if name not in facts() or set(facts()[name].labels) != given
    ]
    counted = {name for _, name, _ in _calls()}

    assert wrong == []
    assert {n for n, fact in facts().items() if fact.type != "reading"} == counted


def test_a_label_says_nothing_about_anybody() -> None:
    assert {label for fact in facts().values() for label in fact.labels} <= LABELS


def test_a_name_says_what_is_counted_and_in_which_unit() -> None:
    for name, fact in facts().items():
        assert name.startswith("rights_")
        assert name.endswith("_total") == (fact.type == "counter"), name
        assert bool(fact.buckets) == (fact.type == "histogram"), name
        if fact.type == "histogram":
            assert name.endswith(("_seconds", "_bytes")), name


def test_the_page_has_every_metric_and_no_other() -> None:
    rows = re.findall(
        r"^\| `(rights_\w+)` \| (\w+) \| (.*?) \| (.*?) \| (.*?) \|$", page("metrics"), re.MULTILINE
    )

    said = {name: (kind, labels, processes, about) for name, kind, processes, labels, about in rows}
    assert said == {
        name: (
            fact.shown_as,
            ", ".join(f"`{label}`" for label in fact.labels) or "none",
            ", ".join(fact.processes),
            fact.about,
        )
        for name, fact in facts().items()
    }
    assert set(_NAME.findall(page("metrics"))) <= _series() | set(facts())


def _dashboard() -> Any:
    return json.loads(_DASHBOARD.read_text(encoding="utf-8"))


def _queries(panel: Any) -> Iterator[str]:
    yield from (target["expr"] for target in panel.get("targets", ()))
    for inner in panel.get("panels", ()):
        yield from _queries(inner)


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(_ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _strangers(expression: str) -> set[str]:
    """Return what an expression names that is not there: metrics, and labels of those it names."""
    names = set(_NAME.findall(expression))
    known = {
        label for fact in facts().values() if names & set(fact.series) for label in fact.labels
    }
    known |= {"le", "instance", "job"}
    grouped = re.findall(r"\b(?:by|without|on) ?\(([^)]*)\)", expression)
    selected = re.findall(r"[{,]\s*(\w+)\s*[=!]~?", expression)
    labels = {one.strip() for group in grouped for one in group.split(",")} | set(selected)
    return (names - _series()) | (labels - known)


def test_every_query_of_the_dashboard_names_what_is_there() -> None:
    queries = [query for panel in _dashboard()["panels"] for query in _queries(panel)]

    assert len(queries) > 15
    assert {query: wrong for query in queries if (wrong := _strangers(query))} == {}
    assert all(_NAME.search(query) for query in queries)


def test_the_dashboard_names_no_place_and_no_account() -> None:
    board = _dashboard()

    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert board["templating"]["list"][0]["type"] == "datasource"
    text = _DASHBOARD.read_text(encoding="utf-8")
    assert re.findall(r"https?://", text) == []


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_names_what_is_there_and_stands_in_the_guide(rule: dict[str, Any]) -> None:
    assert _NAME.search(rule["expr"])
    assert _strangers(rule["expr"]) == set()
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert f"`{rule['alert']}`" in _GUIDE.read_text(encoding="utf-8")
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook"] == "docs/how-to/watch-it.md"


def test_a_wrong_name_or_label_would_be_seen() -> None:
    assert _strangers('sum by (kid) (rights_requests_late{knd="x"})') == {"kid", "knd"}
    assert _strangers("rights_request_late > 0") == {"rights_request_late"}


def test_every_chore_that_an_alert_or_panel_names_is_one_of_the_relays() -> None:
    text = (ROOT / "workflows" / "relaying.py").read_text(encoding="utf-8")
    chores = set(re.findall(r'relay\.Chore\(\s*"(\w+)"', text)) | {"drain"}
    named = re.findall(r'chore="(\w+)"', json.dumps(_dashboard()).replace('\\"', '"'))
    named += [c for rule in _rules() for c in re.findall(r'chore="(\w+)"', rule["expr"])]
    several = [c for rule in _rules() for c in re.findall(r'chore=~"([\w|]+)"', rule["expr"])]

    assert {c for one in several for c in one.split("|")} | set(named) <= chores
    assert "clocks" in named
