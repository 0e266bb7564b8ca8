"""The console's role suffices for holds, and for what was taken out of a copy."""

from __future__ import annotations

import pytest

from rights.store.models import LegalHold, ReleasedValue
from tests.architecture.deployed import Register
from tests.architecture.desk import Office
from tests.architecture.test_deploy_console import _did, _do
from tests.web.console.test_passages import ROWS, _packed

CASE = {"rank": "litigation", "basis": "case 2026-17"}


def test_holds_are_placed_approved_and_released_with_the_consoles_role(office: Office) -> None:
    ana, wei, lin = office.clerk("ana"), office.clerk("wei"), office.clerk("lin")
    made = office.asserted("deletion")
    store = office.console.context.datamap.stores[0].collections[0].path

    _did(ana.force("/holds", collection=store, **CASE))
    _do(ana, made, "hold", by="email", **CASE)
    for hold in office.rows(LegalHold):
        _did(wei.force(f"/holds/{hold.id}/confirm"))
        _did(wei.force(f"/holds/{hold.id}/propose-release", because="It is over."))
        _did(lin.force(f"/holds/{hold.id}/dismiss-release"))
        _did(wei.force(f"/holds/{hold.id}/propose-release", because="It is over."))
        assert "It is over." in _did(lin.force(f"/holds/{hold.id}/read-release")).text
        _did(lin.force(f"/holds/{hold.id}/confirm-release"))
    _did(wei.get("/holds"))
    _did(wei.get(f"/requests/{made}"))

    assert all(one.approved_by and one.released_by for one in office.rows(LegalHold))


def test_what_was_taken_out_is_opened_and_decided_on_with_the_consoles_role(
    office: Office,
) -> None:
    ana = office.clerk("ana")
    made = _packed(office.house)
    for name, said in (("release_passages", {"numbers": ["1"]}), ("confirm_passages", {})) * 2:
        page = _did(ana.force(f"/requests/{made}/passages"))
        office.house.looked_up({"rows": ROWS, "more": False})
        path = page.response.request.path
        assert str(ROWS[0]["value"]) in _did(ana.reader.get(path)).text
        view = path.rpartition("/")[2]
        _do(ana, made, name, view=view, because="own", **said)
    _did(ana.get("/waiting"))
    _did(ana.get("/"))

    assert office.only(ReleasedValue).request_id == made


@pytest.mark.parametrize("table", ["hold_approval", "legal_hold", "hold_exception"])
@pytest.mark.parametrize("right", ["INSERT", "UPDATE", "DELETE"])
def test_no_worker_and_so_no_connector_ends_a_hold_or_makes_one(
    register: Register, table: str, right: str
) -> None:
    assert register.may("worker", "SELECT", table)
    assert not register.may("worker", right, table)
