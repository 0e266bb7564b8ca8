"""Every mistake in a data map is told at once, with its place and its remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rights.domain.errors import ConfigError
from rights.services.datamap import load, parse
from tests.services.test_datamap import FULL, MISTAKES, SMALL


def problems_of(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return caught.value.problems


def the_problem(text: str) -> str:
    (only,) = problems_of(text)
    return only


def expected_mistakes() -> set[tuple[int, str]]:
    lines = MISTAKES.read_text(encoding="utf-8").splitlines()
    marked = ((n, line.partition("# ! ")[2]) for n, line in enumerate(lines, 1))
    return {(n, part) for n, mark in marked if mark for part in mark.split(" & ")}


def test_every_mistake_is_told_at_once_with_its_line() -> None:
    expected = expected_mistakes()

    with pytest.raises(ConfigError) as caught:
        load(MISTAKES)

    found = caught.value.problems
    missed = {
        (line, part)
        for line, part in expected
        if not any(p.startswith(f"{MISTAKES}:{line}: ") and part in p for p in found)
    }
    assert not missed
    assert len(found) == len(expected)
    assert len(found) > 40


def test_every_mistake_says_where_what_and_what_to_do() -> None:
    with pytest.raises(ConfigError) as caught:
        load(MISTAKES)

    form = re.compile(r".+\.yaml:\d+: \S+: .+ → .+")
    assert all(form.fullmatch(p) for p in caught.value.problems)


def test_a_credential_in_clear_is_refused_without_being_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        load(MISTAKES)

    assert "a-long-password" not in str(caught.value)


@pytest.mark.requirement("R-21-3:bad")
@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("  role: controller\n", "has no role"),
        ("  classification: general\n", "has no classification"),
        ("    basis: contract\n", "has no legal basis"),
        ("    retention: none\n", "has no retention"),
    ],
)
def test_an_entry_that_cannot_be_answered_for_is_refused(line: str, what: str) -> None:
    assert what in the_problem(SMALL.replace(line, ""))


def test_for_a_trial_what_an_entry_owes_is_told_and_the_rest_is_still_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "map.yaml"
    owing = SMALL
    for line in ("  role: controller\n", "    basis: contract\n", "    retention: none\n"):
        owing = owing.replace(line, "")
    told: list[str] = []

    path.write_text(owing, encoding="utf-8")
    assert load(path, tell=told.append).stores
    assert [line.split(": ")[2].split(" → ")[0] for line in told] == [
        "has no role",
        "has no retention",
        "has no legal basis",
    ]
    with pytest.raises(ConfigError):
        load(path)

    path.write_text(owing.replace("category: contact", "categori: contact"), encoding="utf-8")
    with pytest.raises(ConfigError, match="mistake"):
        load(path, tell=told.append)


def test_a_purpose_brings_its_basis_along() -> None:
    text = SMALL.replace("    basis: contract\n", "").replace(
        "category: contact", "category: c, purposes: [ads]"
    )
    text += "purposes: [{name: ads, title: {zh: 广告, en: Ads}, basis: consent}]\n"

    assert parse(text).collection("shop.users").fields[0].basis == "consent:ads"


def test_an_unknown_key_is_named_with_the_nearest_known_one() -> None:
    problem = the_problem(SMALL.replace("category: contact", "category: contact, discloze: true"))

    assert problem == (
        "datamap.yaml:14: stores[shop].collections[users].fields[email].discloze: "
        "is not a known key → did you mean disclose?"
    )


def test_a_key_written_twice_is_refused_where_it_is_repeated() -> None:
    problem = the_problem(SMALL.replace("    retention: none\n", "    retention: none\n" * 2))

    assert problem.startswith("datamap.yaml:13: ")
    assert "is written twice, first on line 12" in problem


@pytest.mark.parametrize(
    "name",
    ["${secret:A}", "sqlite:///x.db", "mysql://u:${secret:PW}@h/d", "${secret:U}:${secret:P}@h"],
)
def test_addresses_without_a_password_in_clear_are_accepted(name: str) -> None:
    settings_line = f'  connector: sql\n  settings: {{url: "{name}"}}\n'

    assert parse(SMALL.replace("  connector: sql\n", settings_line))


@pytest.mark.parametrize(
    "url", ["mysql://u:pw@h/d", "mysql://u:a${secret:PW}@h/d", "redis://:pw@h:6379/0"]
)
def test_addresses_with_a_password_in_clear_are_refused(url: str) -> None:
    settings_line = f'  connector: sql\n  settings: {{url: "{url}"}}\n'

    assert "password in clear" in the_problem(SMALL.replace("  connector: sql\n", settings_line))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is empty"),
        ("- a", "is not a mapping"),
        ("a: [", "is not valid YAML"),
        ("a: 1\n---\nb: 1", "is not valid YAML"),
        ("a: \x07", "is not valid YAML"),
        ("[" * 100_000, "is nested too deeply"),
        ("- " * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_no_document_is_one_mistake(text: str, what: str) -> None:
    assert what in the_problem(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: &a [1]\nb: *a", "repeats another part by an alias"),
        ("a: {<<: {b: 1}}", "a key that is not a plain word"),
        ("a: !!python/object:os.system {}", "has the tag"),
        ("a: 2024-13-45", "cannot be read as a value"),
    ],
)
def test_yaml_beyond_plain_facts_is_refused(text: str, what: str) -> None:
    assert any(what in problem for problem in problems_of(text))


FRAGMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_put_anywhere_in_a_map_is_a_map_or_a_mistake(data: st.DataObject) -> None:
    document = yaml.safe_load(FULL.read_text(encoding="utf-8"))
    node = document
    while isinstance(node, (dict, list)) and node:
        step = data.draw(
            st.sampled_from(list(node) if isinstance(node, dict) else range(len(node)))
        )
        if data.draw(st.booleans()) or not isinstance(node[step], (dict, list)):
            node[step] = data.draw(FRAGMENTS)
            break
        node = node[step]

    assert outcome(yaml.safe_dump(document, allow_unicode=True))


def outcome(text: str) -> object:
    """Return the map's hash or its mistakes; anything else that is raised is a defect."""
    try:
        return parse(text).hash
    except ConfigError as wrong:
        return wrong.problems
