"""Every page of the console is known: what it shows of a person, and which entry a look leaves."""

from __future__ import annotations

import pytest
from sqlmodel import select

from rights.domain import staff
from rights.services import audit
from rights.store.models import Entry
from tests.day_entries import day_entries
from tests.web.console.clerk import clerk
from tests.web.house import House

CANARY = "kanarienvogel"
PERSON = {"user_id": f"{CANARY}-7", "email": f"{CANARY}@example.com"}
NOTHING = {
    "console-account.account": "/account",
    "console-appeals.appeals": "/appeals",
    "console-arriving.ask": "/log?ask=deletion/delete",
    "console-complaints.complaints": "/complaints",
    "console-finding.find": "/find",
    "console-holding.listed": "/holds",
    "console-home.home": "/",
    "console-home.nothing": "/nothing-here",
    "console-incidents.listed": "/incidents",
    "console-listing.listed": "/requests?state=all",
    "console-one.one": "/requests/{request}",
    "console-organisation.organisation": "/organisation",
    "console-passkeys.listed": "/account/passkeys",
    "console-products.listed": "/products",
    "console-rechecks.listed": "/rechecks",
    "console-reports.reports": "/reports",
    "console-settings.listed": "/settings",
    "console-staff.listed": "/staff",
    "console-stores.listed": "/stores",
    "console-stores.store": "/stores/shop",
    "console-waiting.waiting": "/waiting",
}
"""Pages on which nothing about a person stands: codes, dates, references. They are walked below."""
ENTRY = {
    "console-listing.exported": ("/requests.csv", "list_exported"),
    "console-incidents.exported": ("/incidents.csv", "incidents_exported"),
    "console-trail.listed": ("/trail?chain={request}", "trail_read"),
}
"""Pages without personal data whose look is an entry all the same."""
SHOWS = {
    "console-passages.shown": "redactions_seen",
    "console-samples.shown": "package_sampled",
}
"""Pages that show what a worker opened; ``test_passages.py`` and ``test_samples.py`` walk them."""
ELSEWHERE = {
    "console-incidents.one",  # codes and numbers; test_incidents.py
    "console-releasing.one",  # codes, days and a basis; why is opened by a form: test_releases.py
    "console-losing.listed",  # ids and codes of events; test_lost_events.py
    "console-letters.complaint",  # what it says is opened by a form: complaint_read
    "console-health.ready",
    "console-made.one",  # codes, numbers, references: report_taken; tests/services/reports
    "console-signed.one",  # days and a hash; tests/services/reports/test_signed.py
}
OUTSIDE = {"entering", "signing", "provider"}
"""Nobody is signed in there yet."""


def _gets(house: House) -> set[str]:
    rules = [r for r in house.app.url_map.iter_rules() if r.rule.startswith("/console")]
    found = {str(r.endpoint) for r in rules if "GET" in (r.methods or ())}
    return {one for one in found if one.partition(".")[0] not in {f"console-{o}" for o in OUTSIDE}}


def test_every_page_of_the_console_is_known_to_show_somebody_or_not(house: House) -> None:
    assert _gets(house) == {*NOTHING, *ENTRY, *SHOWS, *ELSEWHERE}


@pytest.mark.requirement("R-LOG-1")
def test_pages_show_nothing_about_a_person_and_looking_somebody_up_is_an_entry(
    house: House,
) -> None:
    request_id = str(house.submit("deletion", PERSON)["id"])
    everybody = clerk(house, "kim", *staff.ROLES, *staff.SCOPES)
    for path in NOTHING.values():
        page = everybody.get(path.format(request=request_id))
        assert page.status in (200, 404), path
        assert CANARY not in page.html, path
    for path, event in ENTRY.values():
        assert CANARY not in everybody.get(path.format(request=request_id)).html
        assert len(day_entries(house.engine, event)) == 1, event

    found = everybody.reader.send(
        everybody.get("/find"), "/find", type="email", value=PERSON["email"]
    )
    assert request_id[:8] in found.html
    assert len(day_entries(house.engine, "person_looked_up")) == 1
    with house.reading() as session:
        assert CANARY not in str([dict(e.data) for e in audit.entries(session, request_id)])
    assert CANARY not in str(day_entries(house.engine, "person_looked_up", "trail_read"))


@pytest.mark.requirement("R-LOG-1")
def test_what_people_and_staff_write_is_found_nowhere_in_the_trail(house: House) -> None:
    made = str(house.asserted("deletion", PERSON)["id"])
    kim = clerk(house, "kim", *staff.ROLES, *staff.SCOPES)
    said = house.post(f"/v1/requests/{made}/messages", {"text": f"{CANARY} asks"})
    complained = house.post(
        "/v1/complaints", {"text": f"{CANARY} complains", "subject": {"email": PERSON["email"]}}
    )
    assert (said.status_code, complained.status_code) == (201, 201), complained.json
    house.clock.forward(seconds=90)
    page = kim.get(f"/requests/{made}")
    kim.reader.send(page, "/open/messages")
    kim.act(made, "write", text=f"{CANARY} is answered")
    number = str(complained.json["id"])
    opened = kim.reader.send(kim.get(f"/complaints/{number}"), "/open")
    assert f"{CANARY} complains" in opened.text
    kim.reader.send(opened, "/answer", text=f"{CANARY} is answered")
    house.post(f"/v1/requests/{made}/revoke", {})

    with house.reading() as session:
        trail = [(e.event, str(e.data)) for e in session.exec(select(Entry))]
    events = {event for event, _ in trail}
    assert {"messages_read", "complaint_read", "complaint_answered"} <= events, events
    assert not any(CANARY in data for _, data in trail)
