"""An approved legal hold is released by two: proposed and why, read, confirmed or dismissed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.duties import AUTOMATION, MAY, Act
from rights.domain.staff import EVERY_ROLE, SCOPES
from rights.services import holds, purge, trail
from rights.services.signing import Signer
from rights.store.models import Entry, HeldRows, LegalHold, Staff, Writing
from rights.web.problems import catalogue
from tests.web.console.clerk import Clerk, clerk, events, id_of, refusals
from tests.web.house import SEED, House

WHY = "The judgment of 3 March is final."
on_sqlite = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)


def _held(house: House, *, approved: bool = True, **more: Any) -> str:
    """Put a hold on a collection and what it keeps into the register; return the hold."""
    now = house.clock.now()
    given: dict[str, Any] = {"path": "shop.users", "rank": "litigation", "basis": "case 2026-17"}
    given |= {"approved_by": "staff:two", "approved_at": now} if approved else {}
    hold = LegalHold(placed_by="staff:one", placed_at=now, **given | more)
    kept: dict[str, Any] = {"collection": "shop.users", "code": "litigation_hold", "basis": "x"}
    rows = HeldRows(request_id="r", count=3, hold_id=hold.id, created_at=now, **kept)
    hold_id = hold.id
    with house.writing() as session:
        session.add_all([hold, rows])
    return hold_id


def _of(house: House, hold_id: str) -> LegalHold:
    with house.reading() as session:
        found: LegalHold = session.get_one(LegalHold, hold_id)
    return found


def _looked_at(house: House) -> bool:
    """Return whether what the hold kept is looked at by the next sweep."""
    with house.reading() as session:
        return session.exec(select(HeldRows)).one().next_at is not None


def _proposed(who: Clerk, hold_id: str) -> None:
    page = who.force(f"/holds/{hold_id}/propose-release", because=WHY)
    assert page.status == 200, page.text


def _acts(who: Clerk, hold_id: str) -> set[str]:
    """Return what the page of a hold offers somebody."""
    forms = who.get(f"/holds/{hold_id}").forms
    return {one.action.rpartition("/")[2] for one in forms if f"/{hold_id}/" in one.action}


def _refused(who: Clerk, hold_id: str, act: str, code: str, **said: Any) -> None:
    """Make sure that it is refused by its rule, which is an entry, and that nothing is changed."""
    before = _of(who.house, hold_id).model_dump()
    for language in ("en", "zh-CN"):
        who.reader.language = language
        page = who.force(f"/holds/{hold_id}/{act}", **said)
        assert page.status == (403 if code == "own_release" else 409), page.text
        assert catalogue()[code]["title"][language] in page.text
        last = refusals(who.house)[-1]
        assert last["code"] == code
        assert act in last["act"] or act.replace("-release", "") in last["act"]
    who.reader.language = "en"
    assert _of(who.house, hold_id).model_dump() == before


@pytest.fixture
def rui(house: House) -> Clerk:
    return clerk(house, "rui", "reviewer")


@pytest.fixture
def wei(house: House) -> Clerk:
    return clerk(house, "wei", "legal")


@pytest.fixture
def lin(house: House) -> Clerk:
    return clerk(house, "lin", "legal")


def test_one_proposes_and_another_reads_why_and_releases_it(
    house: House, rui: Clerk, wei: Clerk, lin: Clerk
) -> None:
    hold = _held(house)
    assert _acts(wei, hold) == {"propose-release"}

    page = rui.reader.send(rui.get(f"/holds/{hold}"), "/propose-release", because=WHY)

    assert "it holds until a colleague confirms" in page.text
    assert "You proposed it" in page.text
    with house.reading() as session:
        assert [one.id for one in holds.in_force(session, house.clock.now())] == [hold]
    assert not _looked_at(house)
    assert "legal holds to approve or to release 1" in " ".join(lin.get("/").text.split())
    queue = lin.get("/waiting")
    assert "rui would release it" in queue.text
    assert f"/console/holds/{hold}" in queue.links
    assert "Nothing waits for you" in rui.get("/").text
    assert "rui proposed to release it" in wei.get("/holds").text
    for one in (page, queue, lin.get(f"/holds/{hold}"), lin.get("/holds")):
        assert WHY not in one.text  # but by whoever opens it

    page = wei.get(f"/holds/{hold}")
    assert "Open why first" in page.text
    assert _acts(wei, hold) == {"read-release", "dismiss-release"}
    page = wei.reader.send(page, "/read-release")
    assert WHY in page.text
    page = wei.reader.send(page, "/confirm-release")

    assert "Released." in page.text
    assert _acts(wei, hold) == {"read-release"}
    assert _looked_at(house)
    found = _of(house, hold)
    assert found.released_by == f"staff:{id_of(house, 'wei')}"
    assert found.release_proposed_by == f"staff:{id_of(house, 'rui')}"
    assert "Nothing waits for you" in lin.get("/").text
    _told(house, hold)


def _told(house: House, hold_id: str) -> None:
    """Make sure of what the trail says, and of what nothing in clear does."""
    rui, wei = (f"staff:{id_of(house, name)}" for name in ("rui", "wei"))
    acts = [one for one in events(house) if "release" in one[0]]
    assert acts == [("release_proposed", rui), ("release_read", wei), ("hold_released", wei)]
    with house.reading() as session:
        entries = session.exec(select(Entry).where(Entry.event == "hold_released")).all()
        kept = [row.model_dump() for row in session.exec(select(Writing))]
        said = str([dict(one.data) for one in session.exec(select(Entry))])
    assert [(one.data["hold"], one.data["proposed_by"]) for one in entries] == [(hold_id, rui)]
    assert WHY not in said + str(kept)
    assert trail.verify(house.engine, Signer(SEED)).ok


@on_sqlite
def test_each_refusal_names_its_rule_and_changes_nothing(
    house: House, rui: Clerk, wei: Clerk, lin: Clerk
) -> None:
    hold, fresh = _held(house), _held(house, approved=False)
    why = {"because": WHY}

    _refused(wei, hold, "release", "release_takes_two")
    _refused(rui, fresh, "propose-release", "hold_unapproved", **why)
    for act in ("confirm-release", "dismiss-release", "read-release"):
        _refused(wei, hold, act, "release_decided")
    _proposed(wei, hold)
    _refused(rui, hold, "propose-release", "release_proposed", **why)
    assert wei.force(f"/holds/{hold}/read-release").status == 200
    _refused(wei, hold, "confirm-release", "own_release")
    _refused(lin, hold, "confirm-release", "release_unread")
    _refused(lin, hold, "release", "release_takes_two")
    assert lin.force(f"/holds/{hold}/read-release").status == 200
    assert lin.force(f"/holds/{hold}/confirm-release").status == 200
    for act in ("confirm-release", "dismiss-release"):
        _refused(lin, hold, act, "release_decided")
    _refused(rui, hold, "propose-release", "hold_over", **why)
    _refused(wei, hold, "release", "hold_over")


@on_sqlite
@pytest.mark.parametrize("because", ["", " \n", "x" * 1001])
def test_without_words_that_a_colleague_can_read_nothing_is_proposed(
    house: House, rui: Clerk, because: str
) -> None:
    hold = _held(house)

    page = rui.force(f"/holds/{hold}/propose-release", because=because)

    assert page.status == 422
    assert "Why it is to be released" in page.text
    assert _of(house, hold).release_proposed_at is None
    with house.reading() as session:
        assert session.exec(select(Writing)).all() == []


@on_sqlite
def test_of_a_hold_that_is_not_there_nothing_is_done(house: House, wei: Clerk) -> None:
    for act in ("propose", "read", "confirm", "dismiss"):
        assert wei.force(f"/holds/{'a' * 32}/{act}-release", because=WHY).status == 404
    assert wei.get(f"/holds/{'a' * 32}").status == 404


@pytest.mark.parametrize("role", [r for r in (*EVERY_ROLE, *SCOPES) if r != AUTOMATION])
@on_sqlite
def test_each_role_is_offered_what_it_may_do_and_refused_the_rest(
    house: House, role: str, wei: Clerk
) -> None:
    hold, other = _held(house), _held(house, path="shop.orders")
    _proposed(wei, other)
    eve = clerk(house, "eve", role)
    proposes, decides = role in MAY[Act.PROPOSE_RELEASE], role in MAY[Act.DECIDE_HOLD]
    fine = {True: 200, False: 403}

    assert ("propose-release" in _acts(eve, hold)) is proposes
    assert _acts(eve, other) == ({"read-release", "dismiss-release"} if decides else set())
    assert eve.force(f"/holds/{hold}/propose-release", because=WHY).status == fine[proposes]
    for act in ("read", "confirm"):
        assert eve.force(f"/holds/{other}/{act}-release").status == fine[decides]
    assert bool(_of(house, other).released_at) is decides
    third = _held(house, path="shop.carts")
    _proposed(wei, third)
    assert eve.force(f"/holds/{third}/dismiss-release").status == fine[decides]
    assert (_of(house, third).release_proposed_at is None) is decides


@on_sqlite
def test_one_lawyer_alone_releases_what_a_colleague_proposes(
    house: House, rui: Clerk, wei: Clerk
) -> None:
    hold = _held(house)
    _proposed(wei, hold)
    assert rui.force(f"/holds/{hold}/confirm-release").status == 403

    page = wei.reader.send(wei.get(f"/holds/{hold}"), "/dismiss-release")  # takes it back
    assert "It holds as before" in page.text
    _proposed(rui, hold)
    wei.reader.send(wei.get(f"/holds/{hold}"), "/read-release")
    wei.reader.send(wei.get(f"/holds/{hold}"), "/confirm-release")

    assert _of(house, hold).released_by == f"staff:{id_of(house, 'wei')}"
    assert "release_withdrawn" in [name for name, _ in events(house)]


@on_sqlite
def test_what_was_dismissed_is_proposed_anew_and_read_anew(
    house: House, rui: Clerk, wei: Clerk
) -> None:
    hold = _held(house)
    _proposed(rui, hold)
    wei.force(f"/holds/{hold}/read-release")

    page = wei.reader.send(wei.get(f"/holds/{hold}"), "/dismiss-release")

    assert "It holds as before" in page.text
    assert "release_dismissed" in [name for name, _ in events(house)]
    assert _of(house, hold).released_at is None
    _proposed(rui, hold)
    _refused(wei, hold, "confirm-release", "release_unread")
    assert rui.force(f"/holds/{hold}/dismiss-release").status == 200  # their own


@on_sqlite
@pytest.mark.parametrize("how", ["left", "lost the role"])
def test_a_proposal_outlives_whoever_made_it(
    house: House, rui: Clerk, wei: Clerk, how: str
) -> None:
    hold = _held(house)
    _proposed(rui, hold)
    with house.writing() as session:
        staff = session.get_one(Staff, id_of(house, "rui"))
        if how == "left":
            staff.closed_at = house.clock.now()
        else:
            staff.roles = ["auditor"]

    assert "rui proposed to release it" in wei.get(f"/holds/{hold}").text
    wei.force(f"/holds/{hold}/read-release")
    assert wei.force(f"/holds/{hold}/confirm-release").status == 200
    assert _of(house, hold).released_at is not None


@on_sqlite
def test_a_hold_ends_by_its_day_whether_its_release_waits_or_not(
    house: House, rui: Clerk, wei: Clerk
) -> None:
    hold = _held(house, until=house.clock.now() + timedelta(minutes=9))
    _proposed(rui, hold)
    wei.force(f"/holds/{hold}/read-release")
    house.clock.forward(minutes=10)

    _refused(wei, hold, "confirm-release", "hold_over")

    assert _acts(wei, hold) == {"read-release"}
    assert "It keeps nothing any more" in wei.get(f"/holds/{hold}").text
    assert "Nothing waits for you" in wei.get("/").text


def test_of_two_who_confirm_at_once_one_releases_it(
    house: House, rui: Clerk, wei: Clerk, lin: Clerk
) -> None:
    hold = _held(house)
    _proposed(rui, hold)
    pages = [who.reader.send(who.get(f"/holds/{hold}"), "/read-release") for who in (wei, lin)]

    done = _at_once([wei, lin], pages, ["/confirm-release", "/confirm-release"])

    assert sorted(done) == [200, 409]
    assert [name for name, _ in events(house)].count("hold_released") == 1
    assert refusals(house)[-1]["code"] == "release_decided"
    assert trail.verify(house.engine, Signer(SEED)).ok


def test_of_one_who_confirms_and_one_who_dismisses_at_once_one_is_refused(
    house: House, rui: Clerk, wei: Clerk, lin: Clerk
) -> None:
    hold = _held(house)
    _proposed(rui, hold)
    pages = [who.reader.send(who.get(f"/holds/{hold}"), "/read-release") for who in (wei, lin)]

    done = _at_once([wei, lin], pages, ["/confirm-release", "/dismiss-release"])

    assert sorted(done) == [200, 409]
    released = _of(house, hold).released_at is not None
    assert (done[0] == 200) is released is _looked_at(house)
    names = [name for name, _ in events(house)]
    assert names.count("hold_released") + names.count("release_dismissed") == 1


def _at_once(who: list[Clerk], pages: list[Any], acts: list[str]) -> list[int]:
    """Send one form of each page at the same moment; return what came of them."""
    start = Barrier(len(who))

    def send(one: tuple[Clerk, Any, str]) -> int:
        start.wait(20)
        return one[0].reader.send(one[1], one[2]).status

    with ThreadPoolExecutor(len(who)) as pool:
        return list(pool.map(send, zip(who, pages, acts, strict=True)))


@on_sqlite
def test_why_is_forgotten_with_records_of_its_time_once_the_hold_is_over(
    house: House, rui: Clerk, wei: Clerk
) -> None:
    over, stays = _held(house), _held(house, path="shop.orders")
    for hold in (over, stays):
        _proposed(rui, hold)
        wei.force(f"/holds/{hold}/read-release")
    wei.force(f"/holds/{over}/confirm-release")
    assert WHY in wei.reader.send(wei.get(f"/holds/{over}"), "/read-release").text
    now = house.clock.now()
    later = now + timedelta(days=house.context.settings.record_days + 1)

    assert _forgotten(house, now) == 0
    assert _forgotten(house, later) == 1

    with house.reading() as session:
        assert [one.request_id for one in session.exec(select(Writing))] == [stays]


def _forgotten(house: House, now: Any) -> int:
    return purge.purge(house.engine, house.context, house.blobs, now=now)["releases"]
