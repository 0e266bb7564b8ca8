"""Nothing that one table names is missing from another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import yaml

from connectors.sdk import Verb
from rights.domain.actions import BY_HAND, EFFECTS, IRREVERSIBLE, Action
from rights.domain.errors import IllegalTransition
from rights.domain.kinds import OPTIONS, Kind, Option
from rights.domain.levels import MINIMUM, minimum
from rights.domain.lifecycle import TERMINAL, TRANSITIONS, Event, State, next_state
from rights.domain.parameters import NEEDED, NOT_OFFERED, PARAMETERS, VALUES, offered
from rights.services import notices, webhooks
from rights.services.reasons import catalogue, for_a_step, for_staff
from rights.services.regimes import regimes
from tests.architecture.tree import ROOT
from workflows import outcome
from workflows.jobs import JOBS
from workflows.perform import DO
from workflows.plan import STORELESS
from workflows.recipes import RECIPES, VERBS, known

_ENGINE = ("rights", "workflows")
_END_BY_DECISION = (Event.DENIED, Event.REVOKED)


def _trees(folder: str) -> Iterator[ast.AST]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def _emitted() -> set[str]:
    """Return the name of every job that any code of ours asks for."""
    return {
        str(call.args[1].value)
        for folder in _ENGINE
        for tree in _trees(folder)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "emit"
        and len(call.args) > 1
        and isinstance(call.args[1], ast.Constant)
    }


def test_every_option_has_a_recipe_or_is_refused_by_name() -> None:
    assert set(RECIPES) | NOT_OFFERED == known()
    assert set(RECIPES) & NOT_OFFERED == set()


def test_every_kind_offers_something_and_begins_with_what_it_offers() -> None:
    assert set(OPTIONS) == set(Kind)
    assert [kind for kind in Kind if OPTIONS[kind][0] not in offered(kind)] == []


def test_every_option_belongs_to_a_kind() -> None:
    assert {option for options in OPTIONS.values() for option in options} == set(Option)


def test_every_kind_has_a_least_level_and_a_list_of_parameters() -> None:
    assert set(MINIMUM) == set(PARAMETERS) == set(Kind)
    assert [pair for pair in known() if not 0 <= minimum(*pair) <= 3] == []


def test_what_is_needed_can_be_given() -> None:
    given = {pair: {*PARAMETERS[pair[0]], *VALUES.get(pair, ())} for pair in known()}

    assert {
        pair: names for pair, names in NEEDED.items() if not given[pair].issuperset(names)
    } == {}


def test_every_action_is_done_by_something_or_by_a_person() -> None:
    assert set(DO) | BY_HAND == set(Action)
    assert BY_HAND.isdisjoint(DO)


def test_every_action_has_a_verb_or_needs_no_store() -> None:
    assert set(VERBS) | STORELESS | BY_HAND == set(Action)
    assert set(VERBS) & (STORELESS | BY_HAND) == set()


def test_every_verb_that_acts_is_used() -> None:
    assert set(Verb) - set(VERBS.values()) == {Verb.FREEZE, Verb.DISCOVER}


def test_what_cannot_be_undone_is_an_effect_and_every_effect_is_told() -> None:
    assert IRREVERSIBLE <= EFFECTS <= outcome.TOLD


def test_every_effect_is_read_back_in_a_later_phase() -> None:
    for pair, phases in RECIPES.items():
        actions = [phase.action for phase in phases]
        effects = [n for n, action in enumerate(actions) if action in EFFECTS]
        proofs = [n for n, action in enumerate(actions) if action is Action.VERIFY]
        assert not effects or (proofs and max(proofs) > max(effects)), pair


def test_every_job_that_is_asked_for_exists_and_every_job_is_asked_for() -> None:
    assert _emitted() == set(JOBS)


def test_every_state_can_be_reached_and_every_event_leads_somewhere() -> None:
    reached = {State.OPEN}
    for _ in State:
        reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}

    assert reached == set(State)
    assert {event for _, event in TRANSITIONS} == set(Event)


def test_what_has_ended_has_ended() -> None:
    assert {before for before, _ in TRANSITIONS} == set(State) - TERMINAL
    assert {
        State.FULFILLED,
        State.PARTIALLY_FULFILLED,
        State.DENIED,
        State.REVOKED,
        State.EXPIRED,
    } == TERMINAL


@pytest.mark.parametrize("state", sorted(set(State) - TERMINAL))
def test_a_request_that_has_not_ended_can_be_denied_and_taken_back(state: State) -> None:
    assert [next_state(state, event) for event in _END_BY_DECISION] == [
        State.DENIED,
        State.REVOKED,
    ]


def test_whatever_the_table_does_not_name_is_refused() -> None:
    others = set(product(State, Event)) - set(TRANSITIONS)

    assert others
    for state, event in others:
        with pytest.raises(IllegalTransition):
            next_state(state, event)


@pytest.mark.parametrize("name", sorted(regimes()))
def test_every_kind_and_option_has_a_clock_in_every_regime(name: str) -> None:
    regime = regimes()[name]

    assert [pair for pair in known() if regime.clock(*pair) is None] == []


def test_every_reason_is_told_in_both_languages() -> None:
    assert catalogue()
    assert [
        c for c, reason in catalogue().items() if not (reason.texts["zh"] and reason.texts["en"])
    ] == []
    assert set(for_staff()) <= set(catalogue())
    laws = ("cn_general", "eu_gdpr", "uk_gdpr", "us_ca", "br_lgpd")
    some = {code for kind in Kind for law in laws for code in for_a_step(kind, [law])}
    assert some == set(for_staff())


def test_every_reason_that_an_outcome_gives_is_in_the_catalogue() -> None:
    tree = ast.parse(Path(outcome.__file__).read_text(encoding="utf-8"))
    values = [n.value for n in ast.walk(tree) if isinstance(n, ast.keyword) and n.arg == "missing"]
    values += [
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Assign) and "missing" in {ast.unparse(t) for t in n.targets}
    ]
    given = {code for value in values for code in _codes(value)}

    assert {"left_out", "not_done", "edited_meanwhile"} <= given <= set(catalogue())


def _codes(value: ast.expr) -> Iterator[str]:
    """Yield the texts an expression may come to; the tests inside it do not count."""
    if isinstance(value, ast.IfExp):
        yield from (*_codes(value.body), *_codes(value.orelse))
    elif isinstance(value, ast.BoolOp):
        for part in value.values:
            yield from _codes(part)
    elif isinstance(value, ast.Constant) and value.value:
        yield str(value.value)


def test_people_read_about_every_kind_option_and_field_in_both_languages() -> None:
    words = yaml.safe_load((ROOT / "rights/catalogue/kinds.yaml").read_text(encoding="utf-8"))
    fields = {f for names in (*PARAMETERS.values(), *VALUES.values()) for f in names}

    assert {k: set(v["options"]) for k, v in words["kinds"].items()} == {
        str(kind): {str(option) for option in options} for kind, options in OPTIONS.items()
    }
    assert fields <= set(words["fields"])
    assert list(_untold(words)) == []


def _untold(words: object, at: str = "") -> Iterator[str]:
    """Yield the place of every text that lacks one of the languages."""
    if not isinstance(words, dict):
        return
    if {"zh-CN", "en"} & set(words):
        if not (words.get("zh-CN") and words.get("en")):
            yield at
        return
    for key, inner in words.items():
        yield from _untold(inner, f"{at}.{key}")


def test_every_state_a_request_can_enter_can_be_subscribed_to() -> None:
    entered = {f"request.{after}" for after in TRANSITIONS.values()}

    assert entered <= set(webhooks.EVENTS)


def test_every_notice_has_words_and_both_languages_the_same_ones() -> None:
    folder = ROOT / "workflows" / "notices" / "words"
    chinese, english = (
        yaml.safe_load((folder / f"{language}.yaml").read_text(encoding="utf-8"))
        for language in ("zh-CN", "en")
    )

    occasions = (*notices.EVENTS, *notices.OF_COMPLAINTS, *notices.OF_INCIDENTS)
    assert set(english["subjects"]) == set(occasions)
    assert set(_keys(english)) == set(_keys(chinese))


def _keys(words: object, at: str = "") -> Iterator[str]:
    yield at
    if isinstance(words, dict):
        for key, inner in words.items():
            yield from _keys(inner, f"{at}.{key}")
