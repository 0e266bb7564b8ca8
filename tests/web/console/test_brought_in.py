"""Who said whose a request is lets nothing through in it; a colleague with the same roles may."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from rights.store.models import ReleasedValue
from tests.web.console.clerk import Clerk, clerk, refusals, told
from tests.web.console.test_documents import _look_at, _waiting
from tests.web.console.test_passages import _opened, _packed
from tests.web.house import House
from tests.web.portal.reader import Reader
from tests.web.portal.test_take_over import press, warn

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

ROLES = ("verifier", "approver", "reviewer")


@pytest.fixture
def wang(house: House) -> Clerk:
    return clerk(house, "wang", *ROLES)


def _approve(who: Clerk, request_id: str) -> tuple[int, str]:
    """Try to approve a plan that is not there; return status and code of the refusal."""
    page = who.force(f"/requests/{request_id}/approve", plan="p" * 64)
    return page.status, refusals(who.house)[-1]["code"]


def _only_a_colleague(house: House, wang: Clerk, request_id: str) -> None:
    status, code = _approve(wang, request_id)
    assert (status, code) == (403, "own_request")
    status, code = _approve(clerk(house, "zhou", *ROLES), request_id)
    assert status != 403
    assert code != "own_request"  # there is no plan to approve, and that is all


def _stopped(house: House, request_id: str) -> None:
    press(Reader(house), warn(house, request_id))


def test_who_accepted_the_documents_does_not_approve_the_plan(house: House, wang: Clerk) -> None:
    made, document = _waiting(house)
    _look_at(wang, made, document)
    wang.act(made, "accept_documents")

    _only_a_colleague(house, wang, made)


def test_who_sent_the_documents_back_vouched_for_nobody(house: House, wang: Clerk) -> None:
    made, _ = _waiting(house)
    wang.act(made, "return_documents", missing=["evidence_relation"])

    assert "evidence_decided" in told(house, made)
    assert _approve(wang, made)[1] != "own_request"


def test_who_let_a_stopped_request_go_on_does_not_approve_its_plan(
    house: House, wang: Clerk
) -> None:
    made = str(house.asserted("deletion")["id"])
    _stopped(house, made)
    assert wang.force(f"/requests/{made}/release", why="she came to the shop").status == 200
    assert "not_me_released" in told(house, made)

    _only_a_colleague(house, wang, made)


def test_who_vouched_for_it_does_not_let_out_what_its_copy_left_out(
    house: House, wang: Clerk
) -> None:
    made = _packed(house)
    _stopped(house, made)
    assert wang.force(f"/requests/{made}/release", why="she came to the shop").status == 200
    zhou = clerk(house, "zhou", *ROLES)

    def release(who: Clerk) -> int:
        view = _opened(house, who, made).response.request.path.rpartition("/")[2]
        said: dict[str, Any] = {"view": view, "numbers": ["1"], "because": "own_before"}
        return who.force(f"/requests/{made}/release_passages", **said).status

    assert release(wang) == 403
    assert refusals(house)[-1]["code"] == "own_request"
    with house.reading() as session:
        assert session.exec(select(ReleasedValue)).all() == []
    assert release(zhou) == 200
    with house.reading() as session:
        assert len(session.exec(select(ReleasedValue)).all()) == 1
