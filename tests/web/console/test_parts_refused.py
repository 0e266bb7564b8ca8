"""What cannot be left out of a plan, and who cannot leave it out: refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from rights.services import audit
from rights.store.models import PartProposal, Request, Staff
from tests.web.console.clerk import clerk, refusals, told
from tests.web.console.paper import FACTS, FREE, ONE, Paper, whose
from tests.web.correspondence import Office

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)


@pytest.mark.requirement("R-P50-2:bad")
@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({"part.press.stories": "too_busy", "facts": FACTS}, 422, "It can be: "),
        (
            {"part.press.stories": "not_consent_or_contract_data", "facts": FACTS},
            422,
            "It can be: ",
        ),
        ({"part.press.stories": "held", "facts": FACTS}, 422, "It can be: "),
        ({"part.press.stories": FREE}, 422, "Nothing was typed here"),
        ({"part.press.diaries": FREE, "facts": FACTS}, 422, "It is nothing of what was shown"),
        ({"part.shop.carts": FREE, "facts": FACTS}, 422, "It hangs on shop.users"),
        ({"part.press.stories": "no_ground", "facts": FACTS}, 422, "There is a ground to delete"),
        ({"facts": FACTS}, 409, "That is so already"),
        (
            {f"part.{path}": FREE for path in ("shop.users", "shop.carts", "press.stories")}
            | {"facts": FACTS},
            409,
            "To leave everything out is a denial",
        ),
    ],
)
def test_what_cannot_be_left_out_is_refused_by_name(
    paper: Paper, said: dict[str, str], status: int, words: str
) -> None:
    ana, made = clerk(paper.house, "ana", "approver"), paper.asked()

    page = ana.force(f"/requests/{made}/propose_parts", **said)

    assert page.status == status
    assert words in page.text
    with paper.house.reading() as session:
        assert session.exec(select(PartProposal)).all() == []
    assert "parts_proposed" not in told(paper.house, made)


def test_a_reason_of_one_law_is_none_under_another(paper: Paper) -> None:
    ana, made = clerk(paper.house, "ana", "approver"), paper.asked(regime="cn_general")

    page = ana.force(f"/requests/{made}/propose_parts", **ONE)

    assert page.status == 422
    assert FREE not in ana.get(f"/requests/{made}").html


def test_nobody_confirms_what_they_proposed_brought_in_or_have_not_read(paper: Paper) -> None:
    ana, bea = clerk(paper.house, "ana", "approver"), clerk(paper.house, "bea", "approver")
    otto, rui = clerk(paper.house, "otto", "auditor"), clerk(paper.house, "rui", "reviewer")
    made = paper.asked()
    denied = rui.force(f"/requests/{made}/propose_parts", **ONE)
    ana.act(made, "propose_parts", **ONE)
    which = paper.proposal().id
    cyd = clerk(paper.house, "cyd", "approver", "verifier")
    _brought_in(paper, made, "cyd")

    twice = bea.force(f"/requests/{made}/propose_parts", **ONE)
    tries = [
        one.force(f"/requests/{made}/confirm_parts", parts=which) for one in (ana, bea, cyd, otto)
    ]

    assert [page.status for page in (denied, twice, *tries)] == [403, 409, 403, 409, 403, 403]
    codes = [one["code"] for one in refusals(paper.house)]
    assert codes == [
        "forbidden", "parts_proposed", "own_parts", "parts_unread", "own_request", "forbidden",
    ]  # fmt: skip
    assert paper.proposal().id == which
    pages = [one.get(f"/requests/{made}") for one in (ana, bea, cyd)]
    assert ["confirm_parts" in page.html for page in pages] == [False, False, False]
    assert "You brought this request in" in pages[2].text
    assert "Open it first" in pages[1].text


def _brought_in(paper: Paper, request_id: str, name: str) -> None:
    """Say in the trail that somebody vouched for the contact of a request."""
    with paper.house.writing() as session:
        staff = session.exec(select(Staff).where(Staff.name == name)).one()
        line = audit.Line("contact_trusted", f"staff:{staff.id}", {"because": "seen"})
        request = session.get_one(Request, request_id)
        audit.append(session, request, [line], now=paper.house.clock.now())


def test_what_was_proposed_before_a_law_was_added_is_proposed_anew(
    paper: Paper, tmp_path: Path
) -> None:
    kim, lou = clerk(paper.house, "kim", "approver"), clerk(paper.house, "lou", "approver")
    made = paper.asked()
    kim.act(made, "propose_parts", **ONE)
    lou.reader.send(lou.get(f"/requests/{made}"), "/open/parts")
    added = Office(paper.house, tmp_path).run(
        "regimes", "add", made, "--regime", "uk_gdpr", "--as", "rui"
    )
    assert added.exit_code == 0, added.output

    refused = lou.act(made, "confirm_parts")

    assert refused.status == 409
    assert "This was proposed under other laws" in refused.text
    assert "Nothing is left out like that" in lou.act(made, "dismiss_parts").text
    assert kim.act(made, "propose_parts", **ONE).status == 200


def test_while_it_is_undecided_the_plan_is_not_approved_and_a_colleague_can_dismiss_it(
    paper: Paper,
) -> None:
    ana, bea = clerk(paper.house, "ana", "approver"), clerk(paper.house, "bea", "approver")
    made = paper.asked()
    hash_ = paper.plan(made).hash
    ana.act(made, "propose_parts", **ONE)

    page = bea.get(f"/requests/{made}")
    refused = bea.force(f"/requests/{made}/approve", plan=hash_)
    dismissed = bea.act(made, "dismiss_parts")

    assert not any(form.action.endswith("/approve") for form in page.forms)
    assert "can be approved once the proposal" in page.text
    assert (refused.status, "wait for a decision" in refused.text) == (409, True)
    assert "Nothing is left out like that" in dismissed.text
    assert told(paper.house, made)[-2:] == ["parts_proposed", "parts_dismissed"]
    bea.act(made, "approve")
    paper.work(made)
    assert paper.request(made).state == "fulfilled"
    assert whose(paper, "press", "stories") == ["u-2"]


def test_after_the_approval_it_is_too_late_and_says_so(paper: Paper) -> None:
    ana, bea = clerk(paper.house, "ana", "approver"), clerk(paper.house, "bea", "approver")
    made = paper.asked()
    bea.act(made, "approve")

    late = ana.force(f"/requests/{made}/propose_parts", **ONE)
    again = ana.force(f"/requests/{made}/approve", plan=paper.plan(made).hash)

    assert [late.status, again.status] == [409, 409]
    assert [one["code"] for one in refusals(paper.house)] == ["plan_settled", "plan_not_to_approve"]
    assert "propose_parts" not in ana.get(f"/requests/{made}").html


def test_who_brought_a_request_in_is_not_offered_its_approval_and_reads_who_may(
    paper: Paper,
) -> None:
    cyd, bea = clerk(paper.house, "cyd", "approver"), clerk(paper.house, "bea", "approver")
    made = paper.asked()
    _brought_in(paper, made, "cyd")

    pages = [one.get(f"/requests/{made}") for one in (cyd, bea)]
    tried = cyd.force(f"/requests/{made}/approve", plan=paper.plan(made).hash)

    offered = [any(form.action.endswith("/approve") for form in page.forms) for page in pages]
    assert offered == [False, True]
    told_who = "A colleague with the role approver has to approve its plan"
    assert [told_who in page.text for page in pages] == [True, False]
    assert (tried.status, refusals(paper.house)[-1]["code"]) == (403, "own_request")
