"""A package waits for a look, and nothing goes out or is lost before; whatever ends a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from sqlmodel import Session, select

from rights import failpoints
from rights.domain.errors import Conflict, Forbidden, Invalid, NotFound
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import Event, State, Wait
from rights.services import audit, package_reviews, packages, redaction_desk, requests, tasks
from rights.services.live_settings import changing
from rights.services.live_settings.in_force import InForce
from rights.services.purge import purge
from rights.store.db import reading, transaction
from rights.store.migrate import upgrade
from rights.store.models import (
    Aftercare,
    Entry,
    Notice,
    OutboxMessage,
    Package,
    Request,
    Staff,
)
from tests.workflows.house import ask
from tests.workflows.people_in_stores import People
from tests.workflows.test_other_people import ANN, BOB, shop
from workflows import aftercare, jobs
from workflows.building import floor_for, parts_for
from workflows.floor import Floor
from workflows.inline import settings_in
from workflows.packing import files_of

__all__ = ["shop"]

ONLY = pytest.mark.parametrize("shop", ["sqlite"], indirect=True)


class Ended(BaseException):
    """The power went."""


@dataclass
class Desk:
    """A floor over a live shop, and the reviewer at it."""

    shop: People
    floor: Floor
    ahead: timedelta = timedelta()

    def setting(self, value: str) -> None:
        """Let staff have set when packages are looked at."""
        with transaction(self.floor.register) as session:
            ada, ben = (self.staff(session, name, "admin") for name in ("ada", "ben"))
            about = (session, self.floor.context, "packages_reviewed", value, ada, ben)
            changing.change_agreed(*about, now=self.floor.now())
        self.floor.context.in_force.look_again()

    def asked(self, kind: Kind = Kind.COPY, option: Option | None = None) -> str:
        """Ask, and let a worker do what it can."""
        made = ask(self.floor, kind, ANN, option=option)
        jobs.work_on(self.floor, made)
        return made

    def staff(self, session: Session, name: str = "rui", *roles: str) -> Staff:
        """Return a member of staff."""
        known = session.exec(select(Staff).where(Staff.name == name)).first()
        made = known or Staff(name=name, roles=[*(roles or ("reviewer",))], created_at=_now())
        session.add(made)
        session.flush()
        return made

    def let_go(self, request_id: str, sha256: str = "", name: str = "rui", *roles: str) -> None:
        """Let a package go, by its hash if none is given."""
        sha256 = sha256 or self.package(request_id).sha256
        with transaction(self.floor.register) as session:
            who, found = self.staff(session, name, *roles), requests.locked(session, request_id)
            about = (session, self.floor.context, found, sha256, who)
            package_reviews.let_go(*about, now=self.floor.now())

    def anew(self, request_id: str, because: str = "changed") -> None:
        """Have a package made anew."""
        sha256 = self.package(request_id).sha256
        with transaction(self.floor.register) as session:
            who, found = self.staff(session), requests.locked(session, request_id)
            about = (session, found, sha256, because, who)
            package_reviews.make_anew(*about, now=self.floor.now())

    def release(self, request_id: str, value: str) -> None:
        """Say that a value that was taken out is the person's own."""
        with transaction(self.floor.register) as session:
            about = (session, self.floor.context, self.floor.blobs, request_id)
            staff = self.staff(session)
            rows = list(redaction_desk.seen(*about, staff, self.floor.now()))
            numbers = [row["number"] for row in rows if row["value"] == value]
            redaction_desk.release(*about, numbers, staff, self.floor.now())

    def rows(self, model: Any, *where: Any) -> list[Any]:
        """Return rows of the register."""
        with reading(self.floor.register) as session:
            return list(session.exec(select(model).where(*where)))

    def request(self, request_id: str) -> Request:
        """Return a request as it stands."""
        (found,) = self.rows(Request, Request.id == request_id)
        assert isinstance(found, Request)
        return found

    def package(self, request_id: str) -> Package:
        """Return the only package of a request."""
        (found,) = self.rows(Package, Package.request_id == request_id)
        assert isinstance(found, Package)
        return found

    def events(self, request_id: str) -> list[str]:
        """Return its entries."""
        return [one.event for one in self.rows(Entry, Entry.chain == request_id)]

    def given(self, request_id: str) -> list[Package]:
        """Return what the person and products see of its packages."""
        with reading(self.floor.register) as session:
            return packages.of_request(session, requests.find(session, request_id))

    def waits(self, request_id: str) -> bool:
        """Return whether its package waits for a look, and nobody can tell that there is one."""
        found, package = self.request(request_id), self.package(request_id)
        held = (found.state, found.wait, package.state) == (State.ON_HOLD, Wait.TASK, "in_review")
        told = self.rows(Notice, Notice.request_id == request_id, Notice.event == "package_ready")
        assert not held or (not self.given(request_id) and not told and not package.expires_at)
        with reading(self.floor.register) as session, pytest.raises(NotFound):
            packages.find(session, found, package.id if held else "0" * 32)
        return held


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def desk(shop: People) -> Iterator[Desk]:
    settings = settings_in(shop.map_file, shop.folder / "state")
    upgrade(settings.database_url)
    given = settings.model_copy()
    given.model_fields_set.discard("packages_reviewed")
    parts = parts_for(settings)
    context = replace(parts.context, in_force=InForce(given))
    floor = floor_for(replace(parts, context=context), worker="w1")
    made = Desk(shop, floor)
    made.floor = replace(floor, now=lambda: floor.now() + made.ahead)
    yield made
    floor.close()


@ONLY
def test_nothing_waits_unless_the_company_wants_it(desk: Desk) -> None:
    made = desk.asked()

    assert desk.request(made).state is State.FULFILLED
    assert desk.package(made).state == "ready"


@ONLY
@pytest.mark.parametrize("kind", [Kind.COPY, Kind.ACCESS, Kind.PORTABILITY])
def test_a_package_is_made_and_waits_until_somebody_lets_it_go(desk: Desk, kind: Kind) -> None:
    desk.setting("always")
    made = desk.asked(kind)
    assert desk.waits(made)
    before = desk.request(made).promised_at
    (task,) = tasks_of(desk)
    assert (task["request"], task["action"], task["code"]) == (made, "review", "package_review")

    desk.ahead = timedelta(days=40)  # longer than a package lives
    purge(desk.floor.register, desk.floor.context, desk.floor.blobs, now=desk.floor.now())
    jobs.work_on(desk.floor, made)
    assert desk.waits(made) and desk.request(made).promised_at == before  # its clock went on

    desk.let_go(made)
    assert not desk.given(made)  # the state, the letter and the copy are one transaction
    jobs.work_on(desk.floor, made)

    found, package = desk.request(made), desk.package(made)
    assert found.state is State.FULFILLED
    assert package.state == "ready" and desk.given(made)
    assert found.closed_at is not None
    assert package.expires_at == found.closed_at + timedelta(days=7)
    assert desk.rows(Notice, Notice.request_id == made, Notice.event == "package_ready")
    assert b"".join(files_of(desk.floor, package)).startswith(b"PK")
    (entry,) = desk.rows(Entry, Entry.chain == made, Entry.event == "package_let_go")
    assert entry.data["sha256"] == package.sha256 and entry.actor.startswith("staff:")


def tasks_of(desk: Desk) -> list[dict[str, Any]]:
    with reading(desk.floor.register) as session:
        return tasks.open_tasks(session)


@ONLY
def test_only_what_something_was_taken_out_of_waits_where_that_is_wanted(desk: Desk) -> None:
    desk.setting("quarantined")
    assert desk.waits(desk.asked())  # Bob's number was in it
    assert desk.request(desk.asked(Kind.ACCESS, Option.AI_USE)).state is State.FULFILLED


@ONLY
def test_what_the_law_wants_at_once_and_what_is_no_copy_never_waits(desk: Desk) -> None:
    desk.setting("always")
    assert desk.request(desk.asked(Kind.EXPLANATION, Option.RULES)).state is State.FULFILLED


@ONLY
def test_switched_off_meanwhile_what_waits_still_takes_its_look(desk: Desk) -> None:
    desk.setting("always")
    made = desk.asked()
    desk.setting("never")
    jobs.work_on(desk.floor, made)
    assert desk.waits(made)
    assert desk.request(desk.asked(Kind.ACCESS)).state is State.FULFILLED

    desk.let_go(made)
    jobs.work_on(desk.floor, made)
    assert desk.request(made).state is State.FULFILLED


@ONLY
def test_the_package_that_was_looked_at_goes_and_no_other(desk: Desk) -> None:
    desk.setting("always")
    made = desk.asked()
    first = desk.package(made)
    lay = set(desk.floor.blobs.list("packages"))
    assert lay

    desk.anew(made)
    with reading(desk.floor.register) as session:
        thrown = select(OutboxMessage).where(OutboxMessage.job == "drop_spools")
        assert {one.args["package_id"] for one in session.exec(thrown)} >= {first.id}
    desk.ahead += timedelta(minutes=5)  # within one second it would be the same, byte by byte
    jobs.work_on(desk.floor, made)
    aftercare.drop_spools(desk.floor, first.id)

    assert not lay & set(desk.floor.blobs.list("packages"))  # no leftovers
    assert not list(desk.floor.blobs.list(f"apart/{first.id}"))
    assert desk.waits(made)
    with pytest.raises(Conflict) as stale:
        desk.let_go(made, first.sha256)
    assert stale.value.code == "package_rebuilt"
    desk.let_go(made)
    jobs.work_on(desk.floor, made)
    assert desk.given(made) and first.id != desk.package(made).id
    assert "package_made_anew" in desk.events(made)


@ONLY
def test_what_was_thrown_away_goes_though_nobody_heard_the_ring_for_it(desk: Desk) -> None:
    desk.setting("always")
    made = desk.asked()
    first = desk.package(made)
    desk.anew(made)
    desk.ahead += timedelta(minutes=5)
    jobs.work_on(desk.floor, made)
    desk.let_go(made)
    jobs.work_on(desk.floor, made)
    assert list(desk.floor.blobs.list(f"packages/{first.id}"))

    aftercare.close_out(desk.floor, made)

    for place in (f"packages/{first.id}", f"apart/{first.id}"):
        assert not list(desk.floor.blobs.list(place))
    assert b"".join(files_of(desk.floor, desk.package(made))).startswith(b"PK")


@ONLY
def test_what_is_released_while_it_waits_has_to_be_in_it_before_it_goes(desk: Desk) -> None:
    desk.setting("quarantined")
    made = desk.asked()

    desk.release(made, BOB["mobile"])

    # No second copy is owed, and no second letter.
    assert not desk.rows(Aftercare, Aftercare.request_id == made)
    with pytest.raises(Conflict) as lacking:
        desk.let_go(made)
    assert lacking.value.code == "package_lacks_released"
    desk.anew(made, "released")
    jobs.work_on(desk.floor, made)
    desk.let_go(made)
    jobs.work_on(desk.floor, made)
    assert desk.request(made).state is State.FULFILLED
    assert desk.given(made)


@ONLY
def test_what_is_released_after_it_was_let_go_comes_with_a_second_copy(desk: Desk) -> None:
    desk.setting("quarantined")
    made = desk.asked()
    desk.let_go(made)

    desk.release(made, BOB["mobile"])  # before any worker ended the request

    (owed,) = desk.rows(Aftercare, Aftercare.request_id == made)
    jobs.work_on(desk.floor, made)
    (first,) = desk.given(made)
    desk.ahead += timedelta(minutes=6)
    desk.setting("never")
    jobs.at(desk.floor)
    jobs.JOBS["look_again"](owed.id)
    (second,) = (one for one in desk.given(made) if one.id != first.id)
    assert BOB["mobile"].encode() not in text_of(desk, first)
    assert BOB["mobile"].encode() in text_of(desk, second)


def text_of(desk: Desk, package: Package) -> bytes:
    """Return what is in the records of a package."""
    with ZipFile(BytesIO(b"".join(files_of(desk.floor, package)))) as file:
        return b"".join(file.read(name) for name in file.namelist() if name.endswith(".jsonl"))


@ONLY
@pytest.mark.parametrize("end", [Event.REVOKED, Event.DENIED])
def test_nothing_is_owed_to_who_called_it_off_or_was_denied(desk: Desk, end: Event) -> None:
    desk.setting("quarantined")
    made = desk.asked()
    with transaction(desk.floor.register) as session:
        found, actor = requests.locked(session, made), f"staff:{desk.staff(session).id}"
        requests.record(session, found, end, actor=actor, now=desk.floor.now())

    desk.release(made, BOB["mobile"])

    assert "redactions_released" in desk.events(made)
    assert not desk.rows(Aftercare, Aftercare.request_id == made)


@ONLY
@pytest.mark.parametrize("end", [Event.REVOKED, Event.DENIED])
def test_what_is_called_off_meanwhile_takes_its_package_along(desk: Desk, end: Event) -> None:
    desk.setting("always")
    made = desk.asked()
    with transaction(desk.floor.register) as session:
        actor = f"staff:{desk.staff(session).id}"
        requests.record(
            session, requests.locked(session, made), end, actor=actor, now=desk.floor.now()
        )
    with pytest.raises(Conflict) as over:
        desk.let_go(made)
    assert over.value.code == "package_not_waiting"
    assert not tasks_of(desk) and not desk.given(made)
    aftercare.close_out(desk.floor, made)
    purge(desk.floor.register, desk.floor.context, desk.floor.blobs, now=desk.floor.now())

    package = desk.package(made)
    assert (package.state, package.wrapped_key) == ("unsent", b"")
    assert not desk.given(made)
    assert not list(desk.floor.blobs.list(f"packages/{package.id}"))


@ONLY
def test_nobody_lets_go_without_the_role_or_what_they_brought_in(desk: Desk) -> None:
    desk.setting("always")
    made = desk.asked()
    for role in ("approver", "verifier", "admin", "auditor", "legal", "dpo"):
        with pytest.raises(Forbidden):
            desk.let_go(made, "", role, role)
    with transaction(desk.floor.register) as session:
        wang = desk.staff(session, "wang", "reviewer").id
        logged = audit.Line("received", f"staff:{wang}", {})
        audit.append(session, requests.locked(session, made), [logged], now=desk.floor.now())
    with pytest.raises(Forbidden) as own:
        desk.let_go(made, "", "wang")
    assert own.value.code == "own_request"
    with pytest.raises(Invalid):
        desk.anew(made, "because I say so")
    assert desk.waits(made)


@ONLY
def test_a_general_word_about_a_step_lets_no_package_go(desk: Desk) -> None:
    desk.setting("always")
    made = desk.asked()
    step = tasks_of(desk)[0]["step"]
    for do in ("complete", "leave_out", "retry"):
        with transaction(desk.floor.register) as session, pytest.raises(Conflict):
            said = {"complete": {"proof": "T-1"}, "leave_out": {"reason": "infeasible"}}
            given: dict[str, Any] = {"now": desk.floor.now(), **said.get(do, {})}
            getattr(tasks, do)(session, step, desk.staff(session), **given)
    assert desk.waits(made)


@ONLY
def test_a_worker_that_ends_anywhere_lets_nothing_out_and_loses_nothing(desk: Desk) -> None:
    desk.setting("always")
    made = ask(desk.floor, Kind.COPY, ANN)
    for at in range(1, 400):
        if _ended_at(desk, made, at):
            break
        assert not desk.given(made)
        desk.ahead += timedelta(minutes=10)  # the lease of whoever ended lapses
    assert at > 5  # it was cut off, and more than once
    assert desk.waits(made)
    assert desk.events(made).count("package_kept_back") == 1

    desk.let_go(made)
    for at in range(1, 100):
        over = _ended_at(desk, made, at)
        assert bool(desk.given(made)) == (desk.request(made).closed_at is not None)
        if over:
            break
    assert at > 2
    assert desk.given(made)
    assert len(desk.rows(Notice, Notice.request_id == made, Notice.event == "package_ready")) == 1


def _ended_at(desk: Desk, request_id: str, at: int) -> bool:
    """Work and let the power go at the so many-th point; return whether it went on to its end."""
    try:
        return _ended(lambda: jobs.work_on(desk.floor, request_id), at)
    finally:
        desk.floor.leases.stop()


def _ended(do: Callable[[], None], at: int) -> bool:
    """Do it and let the power go at the so many-th point; return whether it went on to its end."""
    passed = 0

    def act(_: failpoints.Point) -> None:
        nonlocal passed
        passed += 1
        if passed >= at:
            raise Ended

    failpoints.on(act)
    try:
        do()
    except Ended:
        return False
    finally:
        failpoints.on(None)
    return True
