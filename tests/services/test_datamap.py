"""The data map's loader: the YAML's meaning, and every mistake at once."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml

from rights.domain.datamap import DataMap, Depth, Erasure, OnErasure, Role, Secret, Source
from rights.domain.errors import ConfigError
from rights.domain.pacing import Limits, PauseWhen
from rights.services.datamap import load, parse, stubs

DATA = Path(__file__).parents[1] / "data"
FULL = DATA / "datamap_full.yaml"
MISTAKES = DATA / "datamap_mistakes.yaml"

SMALL = """\
version: 1
identifiers: {user_id: {kind: account}}
stores:
- name: shop
  connector: sql
  role: controller
  classification: general
  collections:
  - name: users
    identifies: {user_id: id}
    basis: contract
    retention: none
    fields:
    - {name: email, category: contact}
"""


@pytest.fixture(scope="module")
def full() -> DataMap:
    return load(FULL)


# -- what the YAML means ----------------------------------------------------------------------


def test_links_point_at_whole_paths_whether_written_short_or_long(full: DataMap) -> None:
    assert full.collection("shop.orders").links[0].to == "shop.users"
    assert full.collection("assistant.chats").links[0].to == "shop.users"


def test_a_guest_row_is_reached_by_an_identifier(full: DataMap) -> None:
    link = full.collection("shop.orders").links[1]

    assert (link.identifier, link.to, link.anchor) == ("email", "", "identifier:email")


def test_a_polymorphic_link_names_its_type_column_and_value(full: DataMap) -> None:
    link = full.collection("shop.comments").links[2]

    assert (link.type_column, link.type_value) == ("item_type", "order")


def test_what_access_and_erasure_do_by_a_link_is_read(full: DataMap) -> None:
    sent, received = full.collection("shop.messages").links
    (founded,) = full.collection("shop.groups").links
    joined, given_access = full.collection("shop.memberships").links

    assert sent.anonymise == ("body", "sender_id")
    assert (received.role, received.mask) == (Role.ACCESSOR, ("sender_ip",))
    assert founded.omit
    assert (founded.on_erasure, founded.because) == (
        OnErasure.KEEP,
        "the group belongs to its members",
    )
    assert joined.on_erasure is OnErasure.DELETE
    assert (given_access.role, given_access.to_columns) == (Role.ACCESSES, ("id",))
    assert full.collection("shop.comments").links[1].depth is Depth.SHALLOW


def test_fields_say_everything_a_package_and_a_correction_need(full: DataMap) -> None:
    users = full.collection("shop.users")
    email, id_number, score = users.fields

    assert users.disclosed == ("email",)
    assert email.title["zh"] == "电子邮箱"
    assert email.correct is not None
    assert (email.correct.mode, email.correct.max_length) == ("self_service", 120)
    assert (email.contact_changed_at, email.proof) == ("email_changed_at", "")
    assert (id_number.proof, id_number.compare) == ("id_number", "digits")
    assert (id_number.secret, id_number.erasure) == (Secret.GOV_ID, Erasure.KEEP)
    assert score.derived_from == ("shop.users.email", "shop.orders.total")
    assert (score.source, score.on_source_erasure) == (Source.DERIVED, "recompute")
    assert dict(score.ai) == {"role": "feature", "use": "inference"}


def test_a_field_takes_over_what_its_collection_and_store_say(full: DataMap) -> None:
    email, id_number, score = full.collection("shop.users").fields

    assert (email.source, email.purposes, email.basis) == (
        Source.PROVIDED,
        ("service",),
        "contract",
    )
    assert id_number.basis == "legal_obligation"
    assert (score.purposes, score.basis) == (("ads",), "consent:ads")
    assert full.collection("shop.comments").purposes == ("ads",)


def test_retention_none_means_deleted_at_once(full: DataMap) -> None:
    orders = full.collection("shop.orders").retention

    assert full.collection("shop.users").retention is None
    assert orders is not None
    assert (orders.period, orders.from_, orders.rank) == (
        "3y",
        "created_at",
        "administrative_regulation",
    )
    assert orders.keep_fields == ("total",)


def test_stores_carry_where_they_are_and_who_else_gets_the_data(full: DataMap) -> None:
    shop = full.store("shop")

    assert dict(shop.location) == {"country": "CN", "region": "cn-east-1"}
    assert (shop.role, shop.classification, shop.serving) == ("controller", "general", True)
    assert (shop.recipients[0].name, shop.recipients[0].condition) == ("Courier", "")
    assert (shop.horizon, shop.horizon_by) == ("30d", "nightly vacuum")
    assert shop.backups[0]["remedy"] == "rights replay"
    assert shop.limits == Limits(concurrent=4, per_minute=600)
    assert shop.pause_when == PauseWhen(replication_lag_s=10, lock_waits=3)
    assert dict(shop.ignored) == {"schema_migrations": "no personal data"}


def test_on_and_off_are_keys_and_not_truth_values(full: DataMap) -> None:
    personalised, human_only, ads = full.switches

    assert (personalised.on, personalised.off) == (True, False)
    assert (human_only.on, human_only.off) == (0, 1)
    assert (ads.name, ads.on, ads.off) == ("purpose:ads", True, False)


def test_decisions_purposes_and_the_controller_are_read(full: DataMap) -> None:
    (offer,) = full.decisions

    assert offer.inputs == ("shop.users.churn_score", "shop.orders.total")
    assert offer.human_flag == "human_only"
    assert full.purposes["service"].necessary
    assert full.controller["name"]["zh"] == "示例公司"
    assert full.controller["dpo_contact"] == "privacy@example.com"
    assert full.identifiers["phone"].recycled


def test_restriction_close_and_settings_reach_the_collection(full: DataMap) -> None:
    users = full.collection("shop.users")
    seal = full.collection("assistant.chats").restriction

    assert users.restriction is not None
    assert seal is not None
    assert (users.restriction.strategy, users.restriction.column) == ("flag", "is_restricted")
    assert seal.strategy == "seal"
    assert dict(users.close) == {"status": "closed"}
    assert dict(full.collection("assistant.chats").settings) == {"table": "chat_log"}


# -- the hash ---------------------------------------------------------------------------------


def test_the_hash_depends_on_the_content_and_not_on_how_it_is_written() -> None:
    rewritten = yaml.safe_dump(yaml.safe_load(SMALL), sort_keys=True)

    assert parse(SMALL).hash == parse("# a comment\n" + rewritten).hash
    assert (
        parse(SMALL).hash
        == parse(SMALL.replace("kind: account", "kind: account, recycled: no")).hash
    )


def test_the_hash_changes_with_the_content() -> None:
    changed = SMALL.replace("category: contact", "category: contact, disclose: true")

    assert parse(SMALL).hash != parse(changed).hash
    assert re.fullmatch("[0-9a-f]{64}", parse(SMALL).hash)


def test_how_gently_a_store_is_asked_is_no_part_of_the_hash() -> None:
    """Otherwise lowering a limit in need would stop every erasure that was planned before."""
    gently = "  limits: {concurrent: 1}\n  pause_when: {lock_waits: 2}\n  collections:"
    datamap = parse(SMALL.replace("  collections:", gently, 1))

    assert datamap.stores[0].limits == Limits(concurrent=1)
    assert datamap.stores[0].pause_when == PauseWhen(lock_waits=2)
    assert datamap.hash == parse(SMALL).hash


def test_a_rule_taken_over_from_the_store_hashes_as_if_it_were_written_out() -> None:
    inherited = SMALL.replace("    basis: contract\n    retention: none\n", "").replace(
        "  collections:", "  defaults: {basis: contract, retention: none}\n  collections:"
    )

    assert parse(inherited).hash == parse(SMALL).hash


# -- files ------------------------------------------------------------------------------------


def test_an_unchanged_file_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "datamap.yaml"
    file.write_text(SMALL, encoding="utf-8")

    assert load(file) is load(str(file))


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "datamap.yaml"
    file.write_text(SMALL, encoding="utf-8")
    before = load(file)
    file.write_text(SMALL.replace("category: contact", "category: identi"), encoding="utf-8")
    os.utime(file, ns=(1, 1))

    assert load(file).hash != before.hash


def test_a_folder_is_one_map_and_mistakes_name_the_file_they_are_in(tmp_path: Path) -> None:
    extra = """\
stores:
- name: blog
  connector: sql
  role: controller
  classification: general
  collections:
  - name: posts
    basis: contract
    retention: none
    links: [{columns: [u], to: shop.users, role: owner}]
"""
    (tmp_path / "a.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "b.yml").write_text(extra, encoding="utf-8")
    assert [s.name for s in load(tmp_path)] == ["shop", "blog"]

    (tmp_path / "b.yml").write_text(extra.replace("role: owner", "role: ownr"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)

    (problem,) = caught.value.problems
    assert problem.startswith(
        f"{tmp_path / 'b.yml'}:10: stores[blog].collections[posts].links[0].role:"
    )


def test_two_files_may_not_say_different_things(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "b.yaml").write_text("identifiers: {user_id: {kind: device}}", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"b\.yaml:1: identifiers\.user_id: is declared in two"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["missing.yaml", "empty"])
def test_a_map_that_is_not_there_is_said_so(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(ConfigError, match=name):
        load(tmp_path / name)


def test_a_file_that_is_not_utf8_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "datamap.yaml"
    file.write_bytes("version: 1 # 数据".encode("gb18030"))

    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load(file)


def test_where_the_stores_are_can_be_read_before_there_is_a_map(tmp_path: Path) -> None:
    file = tmp_path / "stores.yaml"
    file.write_text("stores: [{name: shop, connector: sql, settings: {url: x}}]", encoding="utf-8")

    (store,) = stubs(file)

    assert (store.name, store.connector, dict(store.settings)) == ("shop", "sql", {"url": "x"})
