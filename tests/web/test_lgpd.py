"""LGPD: fifteen days, and no day more."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlmodel import select

from rights.store.models import ExtensionRow
from tests.web.console.clerk import clerk
from tests.web.house import BOB, House

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

MORE = {"reason": "complexity", "because": "It is a lot."}


@pytest.mark.requirement("R-BR19-1:bad", "R-SLA-12:bad")
@pytest.mark.parametrize("kind", ["access", "deletion", "correction"])
def test_no_more_time_is_taken(house: House, kind: str) -> None:
    ana = clerk(house, "ana", "approver")
    here = house.asserted(kind, regimes=["br_lgpd"])
    there = house.asserted(kind, BOB, regimes=["eu_gdpr"])

    page = ana.force(f"/requests/{here['id']}/extend", **MORE)

    assert page.status == 409
    assert house.get(f"/v1/requests/{here['id']}").json["due_at"] == here["due_at"]
    received, due = (datetime.fromisoformat(here[name]) for name in ("received_at", "due_at"))
    assert (due - received).days <= 15
    with house.reading() as session:
        assert session.exec(select(ExtensionRow)).all() == []
    assert ana.force(f"/requests/{there['id']}/extend", **MORE).status == 200
