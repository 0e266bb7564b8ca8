"""What keeps a corrected value from coming back: there before the value changes, gone with it."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.sql import Sql
from rights.domain.errors import Transient
from rights.services import correction_guard
from rights.services.correction_guard import Corrected
from tests.workflows.people_in_stores import People
from tests.workflows.test_corrections import _correct, _register, _vault, shop

__all__ = ["shop"]


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_correcting_back_ends_the_guard(shop: People) -> None:
    _correct(shop, "shop.users.nickname=anna")
    _correct(shop, "shop.users.nickname=ann")

    vault, place = _vault(shop), Corrected("shop.users", "nickname", (1,))
    with _register(shop) as session:
        assert not correction_guard.stale(session, vault, place, "ann")
        assert correction_guard.stale(session, vault, place, "anna")


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_the_guard_is_there_before_the_value_changes(
    shop: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that dies right after the effect leaves a guard behind, and a repeat keeps it."""
    correct, calls = Sql.correct, []

    def dying(self: Sql, *args: Any) -> Any:
        receipt = correct(self, *args)
        calls.append(receipt)
        if len(calls) == 1:
            raise Transient("the worker lost its connection")
        return receipt

    monkeypatch.setattr(Sql, "correct", dying)

    outcome = _correct(shop, "shop.users.nickname=anna")

    assert (outcome["state"], len(calls)) == ("fulfilled", 2)
    with _register(shop) as session:
        place = Corrected("shop.users", "nickname", (1,))
        assert correction_guard.stale(session, _vault(shop), place, "ann")
