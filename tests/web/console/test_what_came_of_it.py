"""Each act on a page says what happened and what comes next, in both languages, and once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rights.services.security_incidents import facts
from rights.services.words import LANGUAGES
from rights.web.console import words
from tests.web.console.clerk import Clerk, clerk
from tests.web.house import ALICE, House
from tests.web.portal.reader import Page

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
LETTER = {f"{name}__{at}": f"{name}-{at}" for name in facts.titles("elements") for at in LANGUAGES}


def _local(house: House, hours: float) -> str:
    zone = house.context.regimes["cn_general"].counting.zone
    at = house.clock.now() - timedelta(hours=hours)
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")


def _says(page: Page, language: str, part: str, done: str) -> bool:
    """Return whether a page tells what came of an act, where a screen reader finds it."""
    said = words.of(language).say(part, "done", done)
    return f'<p class="next" role="status">{said}</p>' in page.html


def _clerk(house: House, language: str, name: str, *roles: str) -> Clerk:
    made = clerk(house, name, *roles)
    made.get(f"/?lang={language}")
    made.reader.language = language
    return made


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_act_on_an_incident_says_what_came_of_it(house: House, language: str) -> None:
    ana = _clerk(house, language, "ana", "dpo")
    new: dict[str, Any] = {"kind": "network", "severity": "considerable"}
    page = ana.reader.send(
        ana.get("/incidents"), "/incidents", discovered_at=_local(house, 1), **new
    )
    assert _says(page, language, "incidents", "opened")

    when = {"since": _local(house, 9), "until": _local(house, 0.1)}
    for act, done, said in (
        ("graver", "raised", {"severity": "major", "graver": "Three hosts, not one."}),
        ("scope", "settled", {"by": "", **when}),
        ("letter", "told", LETTER),
        ("clocks/network_4h", "answered", {"reference": "CAC-17"}),
        ("close", "closed", {"because": "It never left the house."}),
    ):
        page = ana.reader.send(page, f"/{act}", **said)
        assert _says(page, language, "incidents", done), act
    again = ana.force(page.form("/count").action.removeprefix("/console"))
    assert not any(_says(again, language, "incidents", one) for one in ("closed", "told"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answered_complaint_says_so(house: House, language: str) -> None:
    given = {"text": "No answer.", "subject": ALICE}
    number = str(house.post("/v1/complaints", given).json["id"])
    rui = _clerk(house, language, "rui", "reviewer")
    early = rui.get(f"/complaints/{number}?done=answered")
    assert not _says(early, language, "complaint", "answered"), "an address alone answers nothing"

    page = rui.reader.send(early, "/answer", text="We are sorry.")

    assert _says(page, language, "complaint", "answered")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_approval_to_open_what_a_minor_wrote_says_for_whom_it_counts(
    house: House, language: str
) -> None:
    made = str(house.asserted("access", subject_age_band="14_17")["id"])
    clerk(house, "rui", "reviewer").act(made, "ask_minor", purpose="answer")
    lin = _clerk(house, language, "lin", "approver")
    page = lin.get("/waiting")
    approval = next(form for form in page.forms if "/waiting/minors/" in form.action)

    done = lin.reader.post(approval.action, approval.holding(hours="2"))

    assert _says(done, language, "waiting", "approved")


@pytest.mark.parametrize("said", ["", "none", "done", "opened.x", "<b>"])
def test_what_no_act_says_is_not_said(house: House, said: str) -> None:
    ana = clerk(house, "ana", "dpo")

    page = ana.get(f"/organisation?done={said}")

    assert page.status == 200
    assert 'class="next" role="status"' not in page.html
