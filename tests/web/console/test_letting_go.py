"""A package that waits for a look: seen by staff alone, and let go or made anew from its page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.duties import MAY, Act
from rights.domain.lifecycle import Event, State, Wait
from rights.domain.staff import EVERY_ROLE, SCOPES
from rights.services import audit, requests
from rights.services.denial_proposals import propose
from rights.services.denials import Said
from rights.store.models import OutboxMessage, Package, Request, Staff, StepRow, StepState
from tests.web.console.clerk import Clerk, clerk, id_of, refusals, told
from tests.web.console.test_passages import _packed
from tests.web.console.test_settings import _set
from tests.web.house import House

SQLITE = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
WAITS = "Look at the package, and let it go"


def _kept_back(house: House) -> tuple[str, str]:
    """Let a worker have made a package that waits; return its request and its hash."""
    made = _packed(house)
    with house.writing() as session:
        package = session.exec(select(Package).where(Package.request_id == made)).one()
        package.state, package.expires_at = "in_review", None
        step: dict[str, Any] = {"id": f"{made}-03-review-package", "phase": 3}
        step |= {"action": "review", "state": StepState.MANUAL, "code": "package_review"}
        session.add(StepRow(request_id=made, **step))
        request, sha256, now = session.get_one(Request, made), package.sha256, house.clock.now()
        line = audit.Line("package_kept_back", "system", {"sha256": sha256})
        audit.append(session, request, [line], now=now)
        request.wait = Wait.TASK
        requests.record(session, request, Event.HELD, actor="system", now=now)
    return made, sha256


def _state(house: House, request_id: str) -> State:
    with house.reading() as session:
        return State(session.get_one(Request, request_id).state)


@pytest.fixture
def rui(house: House) -> Clerk:
    return clerk(house, "rui", "reviewer")


@pytest.mark.requirement("R-PKG-3")
def test_a_package_that_waits_is_shown_to_staff_alone_and_let_go_from_its_page(
    house: House, rui: Clerk
) -> None:
    made, sha256 = _kept_back(house)

    assert house.get(f"/v1/requests/{made}/packages").json == {"items": []}
    with house.reading() as session:
        package = session.exec(select(Package.id)).one()
    assert house.get(f"/v1/requests/{made}/packages/{package}").status_code == 404
    grant = house.post(f"/v1/requests/{made}/packages/{package}/grants", {"code": "000000"})
    assert grant.status_code == 404
    for page in (rui.get("/waiting"), rui.get(f"/requests/{made}")):
        assert WAITS in page.text
    page = rui.get(f"/requests/{made}")
    for said in ("made, waits for a look", "shop.users", "crm.notes", "masked records"):
        assert said in page.text, said
    assert f"/{made}/complete" not in page.html and f"/{made}/leave_out" not in page.html

    page = rui.reader.send(page, f"/{made}/let_go")

    assert "the person gets it and is told" in page.text
    assert "The package was let go" in page.text and WAITS not in rui.get("/waiting").text
    with house.reading() as session:
        (entry,) = [one for one in audit.entries(session, made) if one.event == "package_let_go"]
        rung = session.exec(select(OutboxMessage).where(OutboxMessage.job == "advance")).all()
    assert (entry.actor, entry.data["sha256"]) == (f"staff:{id_of(house, 'rui')}", sha256)
    assert _state(house, made) is State.IN_PROGRESS
    assert any(one.args == {"request_id": made} for one in rung)


def test_a_package_is_thrown_away_and_everything_is_read_again(house: House, rui: Clerk) -> None:
    made, sha256 = _kept_back(house)

    page = rui.act(made, "make_anew", because="incomplete")

    assert "everything is read again" in page.text
    with house.reading() as session:
        assert not session.exec(select(Package)).all() and not session.exec(select(StepRow)).all()
        jobs = [one.job for one in session.exec(select(OutboxMessage))]
        (entry,) = [one for one in audit.entries(session, made) if one.event == "package_made_anew"]
    assert entry.data["because"] == "incomplete" and entry.data["sha256"] == sha256
    assert "drop_spools" in jobs and _state(house, made) is State.IN_PROGRESS


@SQLITE
@pytest.mark.requirement("R-PKG-3:bad")
@pytest.mark.parametrize(
    ("name", "said", "status", "words"),
    [
        ("let_go", {"package": "f" * 64}, 409, "The package is another one by now"),
        ("let_go", {"package": ""}, 409, "The package is another one by now"),
        ("let_go", {}, 409, "The package is another one by now"),
        ("make_anew", {"package": "x", "because": "changed"}, 409, "another one by now"),
        ("make_anew", {"because": "I say so"}, 422, "Nothing was changed"),
        ("make_anew", {}, 422, "Nothing was changed"),
        ("complete", {"step": "{made}-03-review-package"}, 409, "looked at by itself"),
        (
            "leave_out",
            {"step": "{made}-03-review-package", "reason": "infeasible"},
            409,
            "looked at by itself",
        ),
    ],
)
def test_nothing_else_lets_it_go(
    house: House, rui: Clerk, name: str, said: dict[str, str], status: int, words: str
) -> None:
    made, _ = _kept_back(house)

    page = rui.force(
        f"/requests/{made}/{name}", **{k: v.replace("{made}", made) for k, v in said.items()}
    )

    assert page.status == status
    assert words in page.text
    assert _state(house, made) is State.ON_HOLD
    assert "package_let_go" not in told(house, made)


@SQLITE
@pytest.mark.parametrize("role", sorted({*EVERY_ROLE, *SCOPES} - {"automation"}))
def test_the_roles_that_may_let_a_package_go(house: House, role: str) -> None:
    made, sha256 = _kept_back(house)
    who = clerk(house, "kim", role, *(() if role in EVERY_ROLE else ("auditor",)))
    offered = f"/{made}/let_go" in who.get(f"/requests/{made}").html

    page = who.force(f"/requests/{made}/let_go", package=sha256)

    assert offered == (page.status == 200) == (role in MAY[Act.REVIEW])
    assert ("package_let_go" in told(house, made)) == offered
    if not offered:
        assert refusals(house)[-1]["act"] == "one.let_go"


@SQLITE
def test_who_brought_the_request_in_has_a_colleague_let_it_go(house: House, rui: Clerk) -> None:
    made, sha256 = _kept_back(house)
    with house.writing() as session:
        line = audit.Line("received", f"staff:{id_of(house, 'rui')}", {})
        audit.append(session, session.get_one(Request, made), [line], now=house.clock.now())

    page = rui.get(f"/requests/{made}")
    assert f"/{made}/let_go" not in page.html and "You brought this request in" in page.text
    assert rui.force(f"/requests/{made}/let_go", package=sha256).status == 403
    assert refusals(house)[-1]["code"] == "own_request"
    clerk(house, "zhou", "reviewer").act(made, "let_go")
    assert "package_let_go" in told(house, made)


@SQLITE
def test_nothing_goes_out_while_a_denial_waits_for_its_second_person(
    house: House, rui: Clerk
) -> None:
    made, sha256 = _kept_back(house)
    with house.writing() as session:
        ann = Staff(name="ann", roles=["approver"], created_at=house.clock.now())
        session.add(ann)
        session.flush()
        request, said = session.get_one(Request, made), Said("identity_unverified")
        request.level = 0
        propose(session, house.context, request, ann, said, now=house.clock.now())

    assert f"/{made}/let_go" not in rui.get(f"/requests/{made}").html
    page = rui.force(f"/requests/{made}/let_go", package=sha256)

    assert page.status == 409 and "waits for a second person" in page.text


@SQLITE
def test_a_look_that_is_late_is_late_like_any_work(house: House) -> None:
    made, _ = _kept_back(house)
    house.clock.at += timedelta(days=30)

    line = (
        clerk(house, "rui", "reviewer")
        .get("/waiting")
        .html.partition(WAITS)[2]
        .partition("</tr>")[0]
    )

    assert "late" in line
    with house.reading() as session:
        assert session.get_one(Request, made).pause_cause == ""


@SQLITE
def test_looking_less_often_takes_a_second_administrator(house: House) -> None:
    ada = clerk(house, "ada", "admin")
    _set(ada, "packages_reviewed", "always")
    assert "always" in ada.get("/settings").text

    page = ada.reader.send(
        ada.get("/settings"), "/settings/packages_reviewed", value="quarantined", because="too slow"
    )

    assert "waits" in page.text.lower()
    with house.reading() as session:
        assert "setting_proposed" in {one.event for one in audit.entries(session, _day(house))}


def _day(house: House) -> str:
    return f"day:{house.clock.now():%Y-%m-%d}"
