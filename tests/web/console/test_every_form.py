"""Every form of a page of a request, sent one after another: none is refused for what was known."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from rights.domain.lifecycle import Event
from rights.services import appeals, requests
from rights.store.models import Request, StepState
from tests.web.console.clerk import CITED, STEP, Clerk, clerk, id_of, planned
from tests.web.house import BOB, House
from tests.web.portal.reader import Form, Page
from tests.web.verifying import reached, upload

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

EVERYTHING = ("reviewer", "approver", "verifier", "legal", "dpo")
TYPED = ("facts", "because", "why", "text", "answer", "reasons", "proof", "basis", "law")
TWO_WAYS = {"outcome": "dismiss", "missing": "evidence_relation", "until": "2026-12-31"}


def _filled(house: House, page: Page, form: Form) -> dict[str, list[str]]:
    """Return a form as somebody sends it who chooses the first of everything and types a word."""
    html = page.html.partition(f'action="{form.action}"')[2].partition("</form>")[0]
    said = {name: "It is so." for name in TYPED if f'name="{name}"' in html}
    for name, body in re.findall(
        r'<select [^>]*name="([\w.]+)".*?>(.*?)</select>', html, re.DOTALL
    ):
        values = [one for one in re.findall(r'<option value="(\w*)"', body) if one]
        said[name] = values[0] if values else ""
    for name in [one for one in said if one.startswith("part.")][1:]:
        said[name] = ""  # everything would be a denial
    said |= {name: value for name, value in TWO_WAYS.items() if f'name="{name}"' in html}
    if form.action.rpartition("/")[2].startswith("ask"):
        said |= {"point.1": "", "question.1": "Which shop?", "why.1": "There are two."}
        said |= {f"point.{n}": "" for n in (2, 3)}
    if 'name="on"' in html:
        said["on"] = f"{house.clock.now() + timedelta(days=20):%Y-%m-%d}"
    return form.holding(**said)


def _walked(house: House, who: Clerk, request_id: str) -> dict[str, int]:
    """Send every form that the page offers, one after another; return what came of each."""
    done: dict[str, int] = {}
    while True:
        page = who.get(f"/requests/{request_id}")
        offered = (f for f in page.forms if f"/{request_id}/" in f.action)
        form = next((f for f in offered if f.action.rpartition("/")[2] not in done), None)
        if form is None:
            return done
        sent = who.reader.post(form.action, _filled(house, page, form))
        done[form.action.rpartition("/")[2]] = sent.status


def _denied(house: House, colleague: Clerk) -> str:
    made = str(house.asserted("access")["id"])
    said = {"reason": "secrecy_by_law", "facts": "Because of the file.", **CITED}
    colleague.act(made, "deny", **said)
    return made


def _appealed(house: House, colleague: Clerk) -> str:
    made = reached(house, "copy")
    with house.writing() as session:
        now, request = house.clock.now(), session.get_one(Request, made)
        request.reason = "identity_unverified"
        requests.record(session, request, Event.DENIED, actor="staff:x", now=now)
        appeals.make(session, house.context, request, "no", actor="subject", now=now)
    colleague.act(made, "assign_appeal", to=id_of(house, "all"))
    return made


def _sent_back(house: House, colleague: Clerk) -> str:
    made = reached(house)
    upload(house, made)
    colleague.act(made, "return_documents", missing=["evidence_relation"])
    upload(house, made)
    return made


TWO = {"steps": [{**STEP, "action": "erase", "collections": ["shop.users", "shop.orders"]}]}
"""A plan of which a part can be left out."""


def _in_part(house: House, colleague: Clerk) -> str:
    made = planned(house, body=TWO)
    said = {"part.shop.orders": "still_necessary_contract", "facts": "An order is open."}
    colleague.act(made, "propose_parts", **said)
    return made


SCENES: dict[str, Callable[[House, Clerk], str]] = {
    "a plan waits": lambda house, _: planned(house),
    "a plan of parts": lambda house, _: planned(house, body=TWO),
    "parts wait": _in_part,
    "by hand": lambda house, _: planned(house, "copy", state=StepState.MANUAL),
    "failed": lambda house, _: planned(house, "restriction", state=StepState.FAILED),
    "no plan": lambda house, _: planned(house, "access", action="prepare", state=StepState.FAILED),
    "being denied": _denied,
    "appealed": _appealed,
    "documents sent back": _sent_back,
    "a minor's": lambda house, _: str(
        house.asserted("access", BOB, subject_age_band="14_17")["id"]
    ),
    "begun": lambda house, _: planned(house, "deletion", state=StepState.DONE),
}


OWN = {
    "a plan waits": "approve",
    "a plan of parts": "propose_parts",
    "parts wait": "confirm_parts",
    "by hand": "complete",
    "failed": "retry",
    "no plan": "retry",
    "being denied": "confirm",
    "appealed": "decide_appeal",
    "documents sent back": "accept_documents",
    "a minor's": "ask_minor",
    "begun": "plan",
}
"""What each scene is about: it is sent at least."""


@pytest.mark.parametrize("scene", SCENES)
def test_every_form_of_a_page_can_be_sent(house: House, scene: str) -> None:
    who, colleague = (clerk(house, one, *EVERYTHING) for one in ("all", "col"))
    made = SCENES[scene](house, colleague)

    done = _walked(house, who, made)

    assert {name: status for name, status in done.items() if status != 200} == {}
    assert {"assign", "write", OWN[scene]} <= {*done}
