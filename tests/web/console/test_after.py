"""What goes on after the end of a request stands on its page."""

from __future__ import annotations

from datetime import timedelta

from rights.store.models import Aftercare
from tests.web.console.clerk import clerk, planned
from tests.web.house import House


def test_what_goes_on_after_the_end_is_told(house: House) -> None:
    rui, made, now = clerk(house, "rui", "reviewer"), planned(house), house.clock.now()
    assert "After it was closed" not in rui.get(f"/requests/{made}").text
    again = Aftercare(request_id=made, kind="recheck", round=1, created_at=now, due_at=now)
    back = Aftercare(request_id=made, kind="incident", state="open", created_at=now, due_at=now)
    again.due_at, back.code, back.note = now - timedelta(days=2), "came_back", "shop.users (2)"
    with house.writing() as session:
        session.add_all((again, back))

    page = rui.get(f"/requests/{made}")

    told = page.text.partition("After it was closed")[2].partition("Timeline")[0]
    assert "Look for data that came back (round 2)" in told
    for said in ("Data came back", "shop.users (2)", "waits for staff"):
        assert said in told, said
    assert page.html.count('class="note late"') == 1  # what was found has no date to be late for
    assert "2 days late" in told
