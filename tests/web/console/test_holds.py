"""Holds in the console: placed by one, approved by another, told of on the request."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.duties import AUTOMATION, MAY, Act
from rights.domain.staff import EVERY_ROLE, SCOPES
from rights.services import holds
from rights.store.models import HeldRows, LegalHold
from tests.web.console.clerk import Clerk, clerk, events, id_of, told
from tests.web.house import ALICE, BOB, House

CASE = {"rank": "litigation", "basis": "case 2026-17"}
ON_SHOP = {"collection": "shop.users", **CASE}


def _only(house: House) -> LegalHold:
    with house.reading() as session:
        found: LegalHold = session.exec(select(LegalHold)).one()
    return found


def _none(house: House) -> bool:
    with house.reading() as session:
        return session.exec(select(LegalHold)).first() is None


def _kept(house: House, request_id: str, **more: Any) -> None:
    now = house.clock.now()
    given: dict[str, Any] = {
        "request_id": request_id,
        "collection": "shop.orders",
        "code": "ecom_trade_3y",
        "basis": "E-Commerce Law 31",
        "rank": "law",
        "count": 3,
        "latest": now + timedelta(days=9),
        "created_at": now,
        **more,
    }
    with house.writing() as session:
        session.add(HeldRows(**given))


@pytest.fixture
def rui(house: House) -> Clerk:
    return clerk(house, "rui", "reviewer")


@pytest.fixture
def wei(house: House) -> Clerk:
    return clerk(house, "wei", "legal")


@pytest.mark.requirement("R-24-6")
def test_a_hold_takes_two_and_whoever_placed_it_does_not_approve_it(
    house: House, wei: Clerk
) -> None:
    page = wei.get("/holds")
    page = wei.reader.send(page, "/holds", **ON_SHOP)
    assert "waits for approval" in page.text
    made = _only(house)
    assert not [form for form in page.forms if form.action.endswith("/confirm")]
    assert wei.force(f"/holds/{made.id}/confirm").status == 403
    assert _only(house).approved_at is None

    lin = clerk(house, "lin", "legal")
    assert "legal holds to approve or to release 1" in " ".join(lin.get("/").text.split())
    assert made.id[:8] in lin.get("/waiting").text
    page = lin.reader.send(lin.get("/holds"), f"/{made.id}/confirm")

    assert "in force" in page.text
    assert _only(house).approved_by == f"staff:{id_of(house, 'lin')}"
    assert lin.force(f"/holds/{made.id}/confirm").status == 409
    assert "Nothing waits for you" in lin.get("/").text
    names = [name for name, _ in events(house)]
    assert {"hold_placed", "hold_confirmed", "staff_refused"} <= {*names}


def test_a_hold_on_a_person_is_found_again_and_its_page_names_nobody(
    house: House, rui: Clerk
) -> None:
    made = str(house.asserted("deletion")["id"])

    page = rui.act(made, "hold", by="email", **CASE, until="2999-01-02")

    assert "deletions it covers wait" in page.text
    with house.reading() as session:
        people = {name: [value] for name, value in ALICE.items()}
        (found,) = holds.covering(session, house.context.vault, people, house.clock.now())
    assert (found.path, found.rank, found.basis) == ("", "litigation", "case 2026-17")
    assert "hold_placed" in told(house, made)
    for one in (page, rui.get("/holds"), rui.get("/waiting")):
        assert not [value for value in ALICE.values() if value in one.text]
    assert "waits for approval" in page.text
    assert "a lawsuit: case 2026-17" in page.text
    assert "Nothing." not in page.text.partition("Held")[2].partition("Timeline")[0]
    assert f'href="/console/requests/{made}#held-title"' in rui.get("/holds").html
    lin, again = clerk(house, "lin", "legal"), str(house.asserted("access")["id"])
    lin.force(f"/holds/{_only(house).id}/release")
    assert "released by lin" in rui.get(f"/requests/{again}").text  # the same person's
    other = str(house.asserted("deletion", BOB)["id"])
    assert "case 2026-17" not in rui.get(f"/requests/{other}").text


@pytest.mark.parametrize(
    ("path", "said", "status"),
    [
        ("/holds", {**ON_SHOP, "rank": "policy"}, 422),
        ("/holds", {**ON_SHOP, "basis": " "}, 422),
        ("/holds", {**ON_SHOP, "collection": "shop.nowhere"}, 422),
        ("/holds", {**ON_SHOP, "until": "2001-01-01"}, 422),
        ("/holds", {**ON_SHOP, "until": "soon"}, 422),
        ("/requests/{made}/hold", {**CASE, "by": "phone"}, 422),
        ("/requests/{made}/hold", {**CASE, "by": "email", "rank": "law"}, 422),
        ("/holds/" + "a" * 32 + "/confirm", {}, 404),
        ("/holds/" + "a" * 32 + "/release", {}, 404),
    ],
)
def test_what_holds_nothing_is_refused_and_nothing_is_placed(
    house: House, wei: Clerk, path: str, said: dict[str, str], status: int
) -> None:
    made = str(house.asserted("deletion")["id"])

    assert wei.force(path.format(made=made), **said).status == status

    assert _none(house)
    assert ("staff_refused", f"staff:{id_of(house, 'wei')}") in events(house)


def test_the_same_is_held_on_the_same_basis_once(house: House, wei: Clerk) -> None:
    wei.force("/holds", **ON_SHOP)

    assert wei.force("/holds", **ON_SHOP).status == 409

    assert _only(house).path == "shop.users"


def test_who_releases_lets_what_it_kept_be_looked_at_at_once(house: House, wei: Clerk) -> None:
    made = str(house.asserted("deletion")["id"])
    wei.force("/holds", **ON_SHOP)
    hold = _only(house).id
    _kept(house, made, hold_id=hold, code="litigation_hold", latest=None)
    page = wei.get(f"/requests/{made}")
    assert "deleted once the hold is released" in page.text
    assert "Kept for a lawsuit" in page.text

    page = wei.reader.send(wei.get("/holds"), f"/{hold}/release")

    assert _only(house).released_by == f"staff:{id_of(house, 'wei')}"
    assert "released" in page.text
    with house.reading() as session:
        assert session.exec(select(HeldRows)).one().next_at is not None
    assert wei.force(f"/holds/{hold}/release").status == 409


@pytest.mark.parametrize("role", [r for r in (*EVERY_ROLE, *SCOPES) if r != AUTOMATION])
def test_each_role_is_offered_what_it_may_do_and_refused_the_rest(house: House, role: str) -> None:
    with house.writing() as session:
        now, lin = house.clock.now(), id_of(house, clerk(house, "lin", "legal").name)
        hold = LegalHold(
            path="shop.users", rank="litigation", basis="x", placed_by=f"staff:{lin}", placed_at=now
        )
        session.add(hold)
        hold_id = hold.id
    made = str(house.asserted("deletion")["id"])
    eve = clerk(house, "eve", role)
    places, decides = role in MAY[Act.PLACE_HOLD], role in MAY[Act.DECIDE_HOLD]

    page = eve.get("/holds")
    offered = {form.action.rpartition("/")[2] for form in page.forms}
    assert ("holds" in offered, "confirm" in offered) == (places, decides)
    acts = {form.action.rpartition("/")[2] for form in eve.get(f"/requests/{made}").forms}
    assert ("hold" in acts) is places

    fine = {True: 200, False: 403}
    other = {**ON_SHOP, "basis": "another"}
    assert eve.force("/holds", **other).status == fine[places]
    assert eve.force(f"/requests/{made}/hold", by="email", **CASE).status == fine[places]
    assert eve.force(f"/holds/{hold_id}/confirm").status == fine[decides]
    with house.reading() as session:
        mine = select(LegalHold.id).where(LegalHold.approved_by == "")
        waits = next(iter(session.exec(mine)))
    assert eve.force(f"/holds/{waits}/release").status == fine[decides]


@pytest.mark.requirement("R-24-5")
def test_what_ends_soon_has_ended_or_is_stuck_is_on_the_page_and_nothing_else(
    house: House, rui: Clerk
) -> None:
    made, now = str(house.asserted("deletion")["id"]), house.clock.now()
    _kept(house, made, collection="shop.soon")
    _kept(house, made, collection="shop.over", latest=now - timedelta(days=1))
    _kept(house, made, collection="shop.forgotten", latest=now - timedelta(days=300))
    _kept(house, made, collection="shop.stuck", latest=None, state="stuck", note="no answer")
    _kept(house, made, collection="shop.later", latest=now + timedelta(days=400))
    _kept(house, made, collection="shop.gone", state="ended", ended_at=now)

    page = rui.get("/holds")

    for name, then in (
        ("shop.soon", "then the rows are deleted, and the person is told"),
        ("shop.over", "it has ended; the rows are being deleted"),
        ("shop.forgotten", "it has ended; the rows are being deleted"),
        ("shop.stuck", "staff have to look"),
    ):
        assert then in page.text.partition(name)[2][:200], name
    assert "shop.later" not in page.text
    assert "shop.gone" not in page.text
    request = rui.get(f"/requests/{made}").text
    for said in ("shop.later", "shop.gone", "deleted", "E-Commerce Law 31", "a law", "3 rows"):
        assert said in request, said
