"""
The tests every connector must pass. Subclass, supply one fixture, done.

The fixture ``case`` describes a store that is filled already: some items of one person, some of
other people. What a connector does not declare in its manifest is not asked of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connectors import registry
from connectors.sdk import (
    ConnectorError,
    Expect,
    KeySet,
    Misconfigured,
    Target,
    Transient,
    Verb,
)
from tests.connectors.case import NOW, Case, record, said, work
from tests.connectors.contract_effects import EffectContract

__all__ = ["NOW", "Case", "ConnectorContract", "record", "said", "work"]


class ConnectorContract(EffectContract):
    """What ``connectors/sdk.py`` promises. Supply ``case``."""

    # -- the manifest ---------------------------------------------------------------------

    def test_the_manifest_tells_what_the_class_does(self, connector: Any) -> None:
        registry.check_manifest(type(connector))

        assert {"en", "zh-CN"} <= connector.manifest.title.keys()

    def test_probe_succeeds_on_a_working_store(self, connector: Any) -> None:
        connector.probe()

    def test_a_connector_may_be_used_again_after_its_connections_were_closed(
        self, connector: Any, case: Case
    ) -> None:
        connector.probe()
        connector.close_connections()

        connector.probe()

    # -- reading --------------------------------------------------------------------------

    def test_locate_finds_the_person_only(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.LOCATE)

        found = connector.locate(case.target, work())

        assert found.rows == case.mine
        assert sum(found.by_standing.values()) in {0, case.mine}

    def test_collect_yields_each_item_once_and_json_native(
        self, connector: Any, case: Case
    ) -> None:
        self.able(connector, Verb.COLLECT)

        records = [record(item) for item in connector.collect(case.target, work())]

        assert len(records) == case.mine
        assert json.loads(json.dumps(records)) == records

    def test_collect_yields_disclosed_fields_and_nothing_else(
        self, connector: Any, case: Case
    ) -> None:
        self.able(connector, Verb.COLLECT)

        records = [record(item) for item in connector.collect(case.target, work())]

        assert {name for r in records for name in r} <= set(case.collection.disclosed)
        assert not case.unmapped or case.unmapped not in json.dumps(records)

    def test_collect_gives_the_same_order_every_time(
        self, connector: Any, another: Any, case: Case
    ) -> None:
        self.able(connector, Verb.COLLECT)

        first = [record(item) for item in connector.collect(case.target, work())]
        second = [record(item) for item in another.collect(case.target, work())]

        assert first == second

    def test_reading_changes_nothing(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.LOCATE, Verb.COLLECT)
        before = case.others()

        connector.locate(case.target, work())
        list(connector.collect(case.target, work()))

        assert case.others() == before
        assert connector.locate(case.target, work()).rows == case.mine

    # -- an empty key set -----------------------------------------------------------------

    def test_an_empty_key_set_reaches_nothing(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.LOCATE, Verb.COLLECT)

        assert connector.locate(case.empty(), work()).rows == 0
        assert list(connector.collect(case.empty(), work())) == []

    def test_an_empty_key_set_freezes_nothing(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.FREEZE)

        frozen = connector.freeze(case.collection, KeySet(), case.target.predicate, ())

        assert not frozen

    def test_an_empty_key_set_erases_nothing(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.ERASE, Verb.LOCATE)
        before = case.others()

        receipt = connector.erase(case.empty(), work())

        assert (receipt.affected, receipt.decorrelated, receipt.retained) == (0, 0, 0)
        assert connector.locate(case.target, work()).rows == case.mine
        assert case.others() == before

    def test_a_predicate_without_reaches_reaches_nothing(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.LOCATE)
        nowhere = replace(case.target, predicate=())

        assert connector.locate(nowhere, work()).rows == 0

    # -- freezing -------------------------------------------------------------------------

    def test_freeze_names_the_persons_items_and_they_lead_back(
        self, connector: Any, case: Case
    ) -> None:
        self.able(connector, Verb.FREEZE)

        frozen = connector.freeze(case.collection, case.target.keys, case.target.predicate, ((),))

        assert len(frozen.keys(case.collection.path)) == case.mine
        assert KeySet.from_json(json.loads(json.dumps(frozen.to_json()))) == frozen

    # -- discovery ------------------------------------------------------------------------

    def test_discover_lists_the_collection_and_keeps_its_hash(
        self, connector: Any, another: Any, case: Case
    ) -> None:
        self.able(connector, Verb.DISCOVER)

        inventory = connector.discover()

        assert case.collection.name in {table.name for table in inventory.tables}
        assert inventory.hash == another.discover().hash

    # -- failures -------------------------------------------------------------------------

    def test_a_store_that_is_down_is_transient_and_never_empty(
        self, case: Case, opened: Callable[[Any], Any]
    ) -> None:
        if case.down is None:
            pytest.skip("cannot be down")
        down = opened(case.down())

        for call in _calls(down, case.target):
            with pytest.raises(Transient) as caught:
                call()
            self.assert_silent(caught.value, case)

    def test_wrong_credentials_are_misconfigured(
        self, case: Case, opened: Callable[[Any], Any]
    ) -> None:
        if case.denied is None:
            pytest.skip("asks for no credentials")
        denied = opened(case.denied())

        for call in _calls(denied, case.target):
            with pytest.raises(Misconfigured) as caught:
                call()
            self.assert_silent(caught.value, case)

    def test_a_collection_that_is_not_there_is_an_error_and_never_empty(
        self, connector: Any, case: Case
    ) -> None:
        if case.lost is None:
            pytest.skip("every name is a collection here")
        lost = replace(case.target, collection=case.lost)

        for call in _calls(connector, lost)[1:]:
            with pytest.raises(Misconfigured) as caught:
                call()
            self.assert_silent(caught.value, case)

    @pytest.mark.requirement("R-NEG-23")
    def test_no_key_is_in_the_representation_of_anything(self, connector: Any, case: Case) -> None:
        frozen = case.target.keys

        assert case.canary not in f"{connector!r}{case.target!r}{frozen!r}{work()!r}"

    def assert_silent(self, error: ConnectorError, case: Case) -> None:
        assert case.canary not in " ".join(said(error))


def _calls(connector: Any, target: Target) -> list[Callable[[], object]]:
    """A probe, then one call of every verb that needs nothing but a target."""
    verbs = connector.manifest.verbs
    calls: list[Callable[[], object]] = [connector.probe]
    if Verb.LOCATE in verbs:
        calls.append(lambda: connector.locate(target, work()))
    if Verb.COLLECT in verbs:
        calls.append(lambda: list(connector.collect(target, work())))
    if Verb.ERASE in verbs:
        calls.append(lambda: connector.erase(target, work()))
    if Verb.VERIFY in verbs:
        calls.append(lambda: connector.verify(target, work(), Expect.ERASED))
    if Verb.FREEZE in verbs:
        calls.append(
            lambda: connector.freeze(target.collection, target.keys, target.predicate, ((),))
        )
    return calls
