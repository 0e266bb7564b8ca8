"""The contract's second half: effects happen once, to the right rows, and are read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sdk import (
    Change,
    Expect,
    Fenced,
    KeySet,
    Receipt,
    Target,
    Transient,
    Verb,
    Work,
)
from tests.connectors.case import Case, StoreContract, record, work


class EffectContract(StoreContract):
    """What is promised of the verbs that change something, and of ``verify``."""

    # -- erasing --------------------------------------------------------------------------

    def test_erase_leaves_nothing_to_find_and_spares_everybody_else(
        self, connector: Any, case: Case
    ) -> None:
        self.able(connector, Verb.ERASE, Verb.LOCATE)
        before = case.others()

        receipt = connector.erase(case.target, work())

        assert receipt.affected == case.mine
        assert connector.locate(case.target, work()).rows == receipt.retained
        assert case.others() == before

    def test_erasing_again_reports_what_was_done_and_does_nothing(
        self, connector: Any, another: Any, case: Case
    ) -> None:
        self.able(connector, Verb.ERASE)
        unit = work()

        first = connector.erase(case.target, unit)
        after = case.others()
        second = another.erase(case.target, replace(unit, fence=2))

        assert case.others() == after
        if case.journals:
            assert second == first
        else:
            assert second.affected in {0, first.affected}

    def test_what_came_back_after_the_step_is_another_step_s_work(
        self, connector: Any, case: Case
    ) -> None:
        self.able(connector, Verb.ERASE, Verb.LOCATE)
        connector.erase(case.target, work())
        case.put_back()

        assert connector.erase(case.target, work()).affected == 1
        assert connector.locate(case.target, work()).rows == 0

    def test_a_late_worker_is_fenced_off_and_changes_nothing(
        self, connector: Any, case: Case
    ) -> None:
        self.able(connector, Verb.ERASE)
        if connector.manifest.journal != "transaction" or not case.journals:
            pytest.skip("the store cannot compare fences")
        unit = work(fence=7)
        connector.erase(case.empty(), unit)

        with pytest.raises(Fenced):
            connector.erase(case.target, replace(unit, fence=6))

        assert connector.locate(case.target, work()).rows == case.mine

    def test_a_worker_that_lost_its_lease_stops(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.ERASE, Verb.LOCATE)

        def lost() -> None:
            raise Fenced("lost")

        with pytest.raises(Fenced):
            connector.erase(case.target, work(keep_running=lost))

        assert connector.locate(case.target, work()).rows == case.mine

    def test_a_step_whose_time_is_up_changes_nothing(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.ERASE, Verb.LOCATE)
        late = work(deadline=datetime.now(UTC) - timedelta(seconds=1))

        with pytest.raises(Transient):
            connector.erase(case.target, late)

        assert connector.locate(case.target, work()).rows == case.mine

    # -- what an erasure would come to ----------------------------------------------------

    def test_what_is_foreseen_is_what_the_receipt_says_and_foreseeing_changes_nothing(
        self, connector: Any, case: Case
    ) -> None:
        self.able(connector, Verb.ERASE, Verb.LOCATE)
        before = case.others()

        seen = connector.foresee(case.target, work())

        assert connector.locate(case.target, work()).rows == case.mine
        assert case.others() == before
        assert seen.measured > 0
        assert seen.row_bytes > 0
        receipt = connector.erase(case.target, work())
        assert seen.deleted + seen.anonymised == receipt.affected == case.mine
        assert seen.decorrelated == receipt.decorrelated
        assert seen.held + seen.kept == receipt.retained

    def test_nothing_is_foreseen_for_nobody(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.ERASE)

        seen = connector.foresee(case.empty(), work())

        assert (seen.deleted, seen.anonymised, seen.decorrelated, seen.held) == (0, 0, 0, 0)
        assert seen.measured == 0

    # -- reading an effect back -----------------------------------------------------------

    def test_verify_finds_everything_before_and_nothing_after_an_erasure(
        self, connector: Any, case: Case
    ) -> None:
        self.able(connector, Verb.ERASE, Verb.VERIFY)

        before = connector.verify(case.target, work(), Expect.ERASED)
        receipt = connector.erase(case.target, work())
        after = connector.verify(case.target, work(), Expect.ERASED)

        assert before.rows == case.mine
        assert (after.rows, after.restricted) == (0, receipt.retained)

    @pytest.mark.requirement("R-NEG-13")
    def test_verify_finds_what_a_lying_effect_left(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.ERASE, Verb.VERIFY)
        connector.erase(case.target, work())
        case.put_back()

        assert connector.verify(case.target, work(), Expect.ERASED).rows == 1

    def test_verify_of_an_empty_key_set_finds_nothing(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.VERIFY)

        assert connector.verify(case.empty(), work(), Expect.ERASED).rows == 0

    # -- the other effects ----------------------------------------------------------------

    def test_correct_sets_the_named_column_only_and_is_proved(
        self, connector: Any, case: Case
    ) -> None:
        self.able(connector, Verb.CORRECT, Verb.VERIFY, Verb.COLLECT)
        assert case.change is not None and case.values is not None
        column, change, before = case.change.column, case.change, case.others()
        other = [r for r in case.collection.disclosed if r != column]
        rest = [[r.get(n) for n in other] for r in _read(connector, case)]
        changes = (change,)
        wrong = connector.verify(case.target, work(), Expect.CORRECTED, changes=changes)

        receipt = connector.correct(case.target, work(), changes)

        assert wrong.rows == receipt.affected == case.mine
        assert set(case.values(column)) == {change.value}
        assert [[r.get(n) for n in other] for r in _read(connector, case)] == rest
        assert connector.verify(case.target, work(), Expect.CORRECTED, changes=changes).rows == 0
        assert case.others() == before

    def test_a_value_somebody_changed_meanwhile_is_left_alone(
        self, connector: Any, case: Case
    ) -> None:
        self.able(connector, Verb.CORRECT)
        assert case.change is not None and case.values is not None
        before = case.values(case.change.column)
        stale = replace(case.change, old="something else", check_old=True)

        receipt = connector.correct(case.target, work(), [stale])

        assert (receipt.affected, receipt.conflicts) == (0, case.mine)
        assert case.values(case.change.column) == before

    def test_correcting_twice_is_correcting_once(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.CORRECT)
        assert case.change is not None
        checked = replace(case.change, check_old=True)
        connector.correct(case.target, work(), [checked])

        again = connector.correct(case.target, work(), [checked])

        assert (again.affected, again.conflicts) == (0, 0)

    # -- rows that a person adds -----------------------------------------------------------

    def test_rows_that_are_added_are_made_once_and_proved(
        self, connector: Any, another: Any, case: Case
    ) -> None:
        target, changes = self.adds(connector, case)
        before, unit = case.others(), work()
        missing = connector.verify(target, work(), Expect.ADDED, changes=changes)

        receipt = connector.correct(target, unit, changes)
        another.correct(target, replace(unit, fence=2), changes)
        again = connector.correct(target, work(), changes)

        assert (missing.rows, receipt.affected, again.affected) == (2, 2, 0)
        assert connector.verify(target, work(), Expect.ADDED, changes=changes).rows == 0
        assert connector.locate(case.target, work()).rows == case.mine + 1
        assert case.others() == before

    def test_what_is_not_there_is_made_by_adding_alone(self, connector: Any, case: Case) -> None:
        target, changes = self.adds(connector, case)

        connector.correct(replace(target, adding=False), work(), changes)

        assert connector.locate(case.target, work()).rows == case.mine
        assert connector.verify(target, work(), Expect.ADDED, changes=changes).rows == 1

    def test_a_row_that_was_added_and_went_again_is_found_missing(
        self, connector: Any, case: Case
    ) -> None:
        self.able(connector, Verb.ERASE)
        target, changes = self.adds(connector, case)
        connector.correct(target, work(), changes)
        connector.erase(case.target, work())

        assert connector.verify(target, work(), Expect.ADDED, changes=changes).rows == 2

    def test_nobody_has_nothing_added(self, connector: Any, case: Case) -> None:
        target, changes = self.adds(connector, case)

        receipt = connector.correct(replace(target, keys=KeySet()), work(), changes)

        assert receipt.affected == 0
        assert connector.locate(case.target, work()).rows == case.mine

    def adds(self, connector: Any, case: Case) -> tuple[Target, tuple[Change, ...]]:
        """What is added in this case; skipped where the connector adds nothing."""
        if not connector.manifest.adds:
            pytest.skip("declares no adding of rows")
        assert case.new is not None
        return case.new

    def test_restrict_is_proved_and_counted(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.RESTRICT, Verb.VERIFY, Verb.LOCATE)
        before = case.others()
        open_ = connector.verify(case.target, work(), Expect.RESTRICTED).rows

        receipt = connector.restrict(case.target, work())

        assert open_ == receipt.affected == case.mine
        assert connector.verify(case.target, work(), Expect.RESTRICTED).rows == 0
        assert connector.locate(case.target, work()).restricted == case.mine
        assert case.others() == before

    def test_suppress_turns_the_switch_off_for_this_person(
        self, connector: Any, case: Case
    ) -> None:
        self.able(connector, Verb.SUPPRESS, Verb.VERIFY)
        assert case.switch is not None
        before, switch = case.others(), case.switch
        on = connector.verify(case.target, work(), Expect.SUPPRESSED, switch=switch).rows

        receipt = connector.suppress(case.target, work(), switch)

        assert on == receipt.affected == case.mine
        assert connector.verify(case.target, work(), Expect.SUPPRESSED, switch=switch).rows == 0
        assert case.others() == before

    def test_close_makes_the_account_unusable(self, connector: Any, case: Case) -> None:
        self.able(connector, Verb.CLOSE, Verb.VERIFY)
        before = case.others()

        receipt = connector.close(case.target, work())

        assert receipt.affected == case.mine
        assert connector.verify(case.target, work(), Expect.CLOSED).rows == 0
        assert case.others() == before

    @pytest.mark.parametrize("verb", [Verb.CORRECT, Verb.RESTRICT, Verb.SUPPRESS, Verb.CLOSE])
    def test_an_effect_repeated_by_another_worker_reports_the_same(
        self, connector: Any, another: Any, case: Case, verb: Verb
    ) -> None:
        self.able(connector, verb)
        if not case.journals:
            pytest.skip("the store keeps no journal")
        unit = work()

        first = _perform(connector, case, verb, unit)
        second = _perform(another, case, verb, replace(unit, fence=2))

        assert first.affected == case.mine
        assert second == first


def _read(connector: Any, case: Case) -> list[dict[str, Any]]:
    return [record(item) for item in connector.collect(case.target, work())]


def _perform(connector: Any, case: Case, verb: Verb, unit: Work) -> Receipt:
    more: dict[Verb, tuple[Any, ...]] = {
        Verb.CORRECT: ((case.change,),),
        Verb.SUPPRESS: (case.switch,),
    }
    receipt = getattr(connector, verb)(case.target, unit, *more.get(verb, ()))
    assert isinstance(receipt, Receipt)
    return receipt
