"""What is too much for the page of a request: it says that something is left out."""

from __future__ import annotations

from datetime import timedelta

from rights.services.console import dossier
from rights.store.models import Aftercare, Package
from tests.web.console.clerk import clerk, planned
from tests.web.house import House


def test_what_is_cut_short_says_so(house: House) -> None:
    rui, made = clerk(house, "rui", "reviewer"), planned(house)
    now = house.clock.now()
    with house.writing() as session:
        for number in range(dossier.MOST + 1):
            at = now + timedelta(seconds=number)
            session.add(Aftercare(request_id=made, kind="recheck", created_at=at, due_at=at))
            session.add(Package(request_id=made, created_at=at, expires_at=at))

    page = rui.get(f"/requests/{made}")

    assert page.text.count("Only the newest 100 are shown") == 2
