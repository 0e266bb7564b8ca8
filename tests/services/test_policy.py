"""A policy file may say what the law leaves open, and is refused by a named rule for the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from rights.app import context_of
from rights.domain.errors import ConfigError
from rights.domain.kinds import OPTIONS, Kind, Option
from rights.domain.levels import ceiling, minimum
from rights.domain.policy import LAWFUL
from rights.services import datamap, policy_files
from rights.services.policy_rules import rules
from rights.settings import load
from tests.architecture.pages import blocks, page
from tests.web.house import settings_for
from workflows.building import context_for
from workflows.cli import cli

TEXT = {"zh-CN": "客服电话", "en": "By phone"}
ONLINE = {"zh-CN": "网页", "en": "Online"}
MAP = Path(__file__).parents[1] / "web" / "datamap.yaml"


def _level(kind: str, level: int, because: str = "account_takeovers") -> dict[str, object]:
    return {"levels": {kind: {"level": level, "because": because}}}


RULES = {
    "required_field": (
        {"required": {"deletion": ["reason"]}},
        {"required": {"consent_withdrawal": ["purposes"]}},
    ),
    "forced_way": ({"required": {"deletion": ["phone_call"]}}, {"required": {"deletion": []}}),
    "portal_missing": (
        {"channels": {"phone": TEXT}},
        {"channels": {"portal": ONLINE, "phone": TEXT}},
    ),
    "waiting_period": ({"waiting_days": 3}, {}),
    "fee": ({"fee": 10}, {}),
    "level_lowered": (_level("portability", 2), _level("portability", 3, "")),
    "level_raised": (_level("recommendation_opt_out", 2), _level("access/summary", 2)),
    "level_unexplained": (_level("access/summary", 2, ""), _level("access/summary", 2)),
    "opt_out_wall": (
        _level("recommendation_opt_out/personalised_off", 1),
        _level("recommendation_opt_out/personalised_off", 0, ""),
    ),
    "face_only": ({"proof": {"ways": ["face"]}}, {"proof": {"ways": ["code", "assertion"]}}),
    "network_identity_only": (
        {"proof": {"ways": ["network_identity"]}},
        {"proof": {"ways": ["code", "network_identity"]}},
    ),
    "document_first": (
        {"proof": {"ways": ["id_document", "code"]}},
        {"proof": {"ways": ["code"]}},
    ),
    "code_missing": (
        {"proof": {"ways": ["assertion"]}},
        {"proof": {"ways": ["assertion", "code"]}},
    ),
    "blocker": (
        {"cancellation": {"blockers": ["open_orders"]}},
        {"cancellation": {"blockers": ["unpaid_debt"]}},
    ),
    "retention_messages": (
        {"cancellation": {"retention_message": [ONLINE, TEXT]}},
        {"cancellation": {"retention_message": TEXT}},
    ),
    "ended_by_time": ({"deny_after_days": 30}, {}),
    "dark_pattern": ({"cancellation": {"confirm_twice": True}}, {"cancellation": {}}),
    "cooling_off_forced": (
        {"cancellation": {"cooling_off": {"forced": True}}},
        {"cancellation": {"cooling_off": {"days": 0}}},
    ),
    "cooling_off_long": (
        {"cancellation": {"cooling_off": {"days": 8}}},
        {"cancellation": {"cooling_off": {"days": 7}}},
    ),
    "login_cancels": ({"cancellation": {"login_cancels": True}}, {"cancellation": {}}),
    "products": ({"cancellation": {"products": "all"}}, {"cancellation": {}}),
    "rules_text": (
        {"rules_page": {"text": "call us"}},
        {"rules_page": {"minors_rules": "https://shop.example/children"}},
    ),
}
"""Of each rule a file that breaks it, and the nearest one that is lawful."""


def _file(folder: Path, content: object) -> Path:
    file = folder / "policy.yaml"
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return file


def test_every_rule_has_its_pair_here_and_words_in_both_languages() -> None:
    in_the_map = {"training_necessary"}

    assert set(RULES) | in_the_map == set(rules())
    for rule in rules().values():
        assert rule.requirement.startswith("R-"), rule.name
        assert set(rule.say) == {"zh-CN", "en"}, rule.name
        assert all(rule.say.values()), rule.name


PROVED = {
    "required_field": pytest.mark.requirement("R-23-3:bad"),
    "forced_way": pytest.mark.requirement("R-NEG-6:bad"),
    "portal_missing": pytest.mark.requirement("R-NEG-6"),
    "waiting_period": pytest.mark.requirement("R-23-3:bad"),
    "fee": pytest.mark.requirement("R-23-3:bad"),
    "level_lowered": pytest.mark.requirement("R-ID-1:bad"),
    "level_raised": pytest.mark.requirement("R-ID-1:bad"),
    "opt_out_wall": pytest.mark.requirement("R-ID-7:bad", "R-US7021-1:bad"),
    "face_only": pytest.mark.requirement("R-ID-4", "R-ID-4:bad"),
    "network_identity_only": pytest.mark.requirement("R-ID-4", "R-ID-4:bad"),
    "blocker": pytest.mark.requirement("R-APP6-2:bad"),
    "cooling_off_forced": pytest.mark.requirement("R-APP6-3:bad", "R-NEG-9:bad"),
    "dark_pattern": pytest.mark.requirement("R-NEG-8:bad"),
    "retention_messages": pytest.mark.requirement("R-NEG-8:bad"),
    "products": pytest.mark.requirement("R-NEG-10:bad"),
    "ended_by_time": pytest.mark.requirement("R-NEG-26:bad"),
    "rules_text": pytest.mark.requirement("R-21-1:bad"),
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=PROVED.get(n, ())) for n in RULES])
def test_a_file_that_breaks_a_rule_is_refused_and_the_nearest_lawful_one_is_not(
    tmp_path: Path, name: str
) -> None:
    broken, lawful = RULES[name]
    rule = rules()[name]

    with pytest.raises(ConfigError) as refused:
        policy_files.policy(_file(tmp_path, broken))

    lines = [p for p in refused.value.problems if f"[{rule.requirement} {name}]" in p]
    assert len(lines) >= 1, refused.value.problems
    assert all("policy.yaml:" in line for line in lines)
    policy_files.policy(_file(tmp_path, lawful))


@pytest.mark.requirement("R-APP6-3:bad", "R-NEG-9:bad")
@pytest.mark.parametrize(
    "said",
    [{"forced": True}, {"mandatory": True}, {"imposed": 3}, {"min_days": 1}, {"default_days": 7}],
)
def test_however_it_is_said_no_pause_is_imposed(tmp_path: Path, said: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"\[R-APP6-3, R-NEG-9 cooling_off_forced\]"):
        policy_files.policy(_file(tmp_path, {"cancellation": {"cooling_off": {"days": 7, **said}}}))


def test_a_pause_to_choose_is_shortened_by_a_policy_and_never_made_longer(tmp_path: Path) -> None:
    def days(stated: object) -> int:
        file = _file(tmp_path, {"cancellation": {"cooling_off": stated}})
        return policy_files.policy(file).pause_days

    assert [days(said) for said in ({}, {"days": 0}, {"days": 3}, {"days": 7})] == [7, 0, 3, 7]
    assert policy_files.policy(_file(tmp_path, {})).pause_days == 7


@pytest.mark.requirement("R-23-3", "R-23-3:bad", "R-NEG-6:bad")
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("word", ["phone_call", "reason", "id_photo_front", "anything_else"])
def test_nothing_may_be_demanded_beside_what_the_work_needs(
    tmp_path: Path, kind: Kind, word: str
) -> None:
    with pytest.raises(ConfigError, match=r"\[R-(23-3|NEG-6) "):
        policy_files.policy(_file(tmp_path, {"required": {str(kind): [word]}}))


@pytest.mark.requirement("R-ID-1:bad", "R-ID-7:bad")
@pytest.mark.parametrize("pair", [(k, o) for k, options in OPTIONS.items() for o in options])
@pytest.mark.parametrize("level", range(5))
def test_a_level_stays_between_its_minimum_and_its_ceiling(
    tmp_path: Path, pair: tuple[Kind, Option], level: int
) -> None:
    file = _file(tmp_path, _level("/".join(pair), level))

    if minimum(*pair) <= level <= ceiling(*pair):
        assert policy_files.policy(file).level(*pair) == level
    else:
        with pytest.raises(ConfigError, match=r"\[R-ID-[17] "):
            policy_files.policy(file)


def test_each_ceiling_leaves_room_for_its_minimum_and_opting_out_has_none() -> None:
    pairs = [(kind, option) for kind, options in OPTIONS.items() for option in options]

    assert [pair for pair in pairs if not minimum(*pair) <= ceiling(*pair) <= 3] == []
    switches = (Option.PERSONALISED_OFF, Option.PUSH_OFF, Option.COMMERCIAL_MESSAGES_OFF)
    assert {ceiling(Kind.RECOMMENDATION_OPT_OUT, one) for one in switches} == {0}


@pytest.mark.parametrize(
    "content",
    [
        {"intake": {}},
        {"levels": {"nonsense": {"level": 1}}},
        {"levels": {"access/nonsense": {"level": 2}}},
        {"not_offered": ["nonsense"]},
        {"not_offered": ["portability/push"]},
        {"proof": {"ways": ["telepathy", "code"]}},
        {"channels": {"portal": ONLINE, "pigeon": TEXT}},
        {"channels": {"portal": {"en": "Online"}}},
        {"channels": {"portal": {**ONLINE, "en": "x" * 301}}},
        {"complaints": {}},
        {"rules_page": {"minors_rules": "javascript:alert(1)"}},
        {"cancellation": {"cooling_off": 7}},
        {"fields": {"deletion": {"order_number": {"required": False}}}},
    ],
)
def test_what_nothing_here_does_is_refused_and_never_ignored(
    tmp_path: Path, content: object
) -> None:
    with pytest.raises(ConfigError, match=r"policy.yaml:\d+ "):
        policy_files.policy(_file(tmp_path, content))


def test_everything_that_is_wrong_is_named_at_once_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(
        "fee: 3\nlevels:\n  portability:\n    level: 1\nnonsense: 1\n", encoding="utf-8"
    )

    with pytest.raises(ConfigError) as refused:
        policy_files.policy(file)

    places = [problem.split(": ")[0].rpartition("/")[2] for problem in refused.value.problems]
    assert sorted(places) == [
        "policy.yaml:1 fee",
        "policy.yaml:4 levels.portability.level",
        "policy.yaml:5 nonsense",
    ]


def test_without_a_file_nothing_changes_and_a_file_that_is_gone_stops_the_start(
    tmp_path: Path,
) -> None:
    assert policy_files.policy(None) is LAWFUL
    with pytest.raises(ConfigError, match="cannot be read"):
        policy_files.policy(tmp_path / "gone.yaml")


def test_the_page_names_every_rule_with_its_requirement_and_shows_a_file_that_is_taken(
    tmp_path: Path,
) -> None:
    rows = [line for line in page("policy").splitlines() if line.startswith("| `")]
    (shown,) = blocks(page("policy"), "yaml")
    file = tmp_path / "policy.yaml"
    file.write_text(shown, encoding="utf-8")

    for rule in rules().values():
        row = next(row for row in rows if f"`{rule.name}`" in row)
        assert f"| {rule.requirement} |" in row
    assert policy_files.policy(file).blockers == ("unpaid_debt",)


def test_web_and_worker_and_relay_refuse_it_at_their_start(tmp_path: Path) -> None:
    file = _file(tmp_path, RULES["face_only"][0])
    settings = settings_for("sqlite://", "redis://127.0.0.1:1", tmp_path, policy=file)

    for start in (context_of, context_for):  # the relay is put together like a worker
        with pytest.raises(ConfigError, match="R-ID-4"):
            start(settings)
    assert load(**settings.model_dump()).policy == file


def test_the_command_names_rule_requirement_and_place(tmp_path: Path) -> None:
    bad, good = _file(tmp_path, {"cancellation": {"products": "all"}}), tmp_path / "good.yaml"
    good.write_text("cancellation: {}\n", encoding="utf-8")

    refused = CliRunner().invoke(cli, ["policy", "check", str(bad), "--json"])
    plain = CliRunner().invoke(cli, ["policy", "check", str(bad)])
    taken = CliRunner().invoke(cli, ["policy", "check", str(good), "--json"])

    assert (refused.exit_code, plain.exit_code, taken.exit_code) == (2, 2, 0)
    told = json.loads(refused.stdout.splitlines()[-1])
    (one,) = told["refusals"]
    assert (one["rule"], one["requirement"]) == ("products", "R-NEG-10")
    assert set(one["text"]) == {"zh-CN", "en"}
    assert "cancellation.products" in one["place"]
    assert "R-NEG-10" in plain.output
    assert json.loads(taken.stdout) == {"ok": True, "problems": [], "refusals": []}


@pytest.mark.requirement("R-AI-7", "R-AI-7:bad")
@pytest.mark.parametrize(
    ("name", "use"), [("model_training", ""), ("improving", "training"), ("chat", "both")]
)
def test_training_is_not_necessary_for_a_service_without_an_approval(
    tmp_path: Path, name: str, use: str
) -> None:
    written = yaml.safe_load(MAP.read_text(encoding="utf-8"))
    title = {"zh": "训练", "en": "Training"}
    purpose = {"name": name, "title": title, "basis": "consent", "necessary": True}
    purpose |= {"use": use} if use else {}

    def read(**more: object) -> None:
        file = tmp_path / "map.yaml"
        changed = {**written, "purposes": [*written["purposes"], {**purpose, **more}]}
        file.write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")
        datamap.load(file)

    with pytest.raises(ConfigError, match=r"map.yaml:\d+.*R-AI-7"):
        read()
    read(approval="LEGAL-2026-7")
    read(necessary=False)
