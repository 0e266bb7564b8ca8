"""A few masked records of a package: opened through a worker, noted, and shown to who asked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from rights.domain.duties import AUTOMATION, MAY, Act
from rights.domain.staff import EVERY_ROLE, SCOPES
from rights.services import audit
from rights.store.models import Lookup
from tests.web.console.clerk import Clerk, clerk, events, id_of, told
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page

FOUND: list[dict[str, Any]] = [
    {
        "path": "shop.users",
        "long": False,
        "rows": [
            {
                "email": {"kind": "email", "starts": "a", "length": 17},
                "phone": {"kind": "mobile"},
                "note": {"kind": "text", "starts": "I", "length": 1200},
            },
            {"email": {"kind": "empty"}, "_file": {"kind": "file"}},
        ],
    },
    {"path": "shop.gone", "long": True, "rows": []},
]


@pytest.fixture
def rui(house: House) -> Clerk:
    return clerk(house, "rui", "reviewer")


def _packed(house: House, subject: Any = ALICE, **more: Any) -> str:
    made = str(house.asserted("copy", subject, **more)["id"])
    house.package(made, b"x" * 4_000)
    return made


def _opened(house: House, rui: Clerk, made: str, found: Any = FOUND, *, more: bool = False) -> Page:
    page = rui.reader.send(rui.get(f"/requests/{made}"), "/sample")
    assert page.status == 200, page.text
    assert page.response.headers["Refresh"].startswith("2; url=/console/")
    house.looked_up({"collections": found, "more": more})
    return rui.reader.get(page.response.request.path)


def test_records_of_each_collection_are_opened_by_a_worker_after_an_entry(
    house: House, rui: Clerk
) -> None:
    made = _packed(house)
    assert "package_sampled" not in told(house, made)

    page = _opened(house, rui, made)

    text = " ".join(page.text.split())
    for said in (
        "shop.users",
        "E-mail address, begins with “a”, 17 characters",
        "Mobile number",
        "text, begins with “I”, 1,200 characters",
        "empty",
        "file",
        "record 2",
        "The first record is too long to be shown here",
    ):
        assert said in text, said
    assert page.response.headers["Cache-Control"] == "no-store"
    assert "Refresh" not in page.response.headers
    assert "first 2 collections" not in text
    with house.reading() as session:
        (line,) = [e for e in audit.entries(session, made) if e.event == "package_sampled"]
    assert line.actor == f"staff:{id_of(house, 'rui')}"
    assert set(line.data) == {"package"}
    assert "A masked sample of a package was looked at" in rui.get(f"/requests/{made}").text


def test_of_many_collections_it_says_how_many_are_shown(house: House, rui: Clerk) -> None:
    page = _opened(house, rui, _packed(house), more=True)

    assert "Shown are the first 2 collections" in page.text


def test_a_package_without_records_says_so(house: House, rui: Clerk) -> None:
    assert "The package has no records" in _opened(house, rui, _packed(house), []).text


def test_a_look_is_its_askers_alone_of_its_request_and_for_a_quarter_of_an_hour(
    house: House, rui: Clerk
) -> None:
    made, other = _packed(house), _packed(house, BOB)
    path = _opened(house, rui, made).response.request.path
    view = path.rpartition("/")[2]
    mei = clerk(house, "mei", "reviewer")

    assert mei.reader.get(path).status == 404
    assert rui.get(f"/requests/{other}/sample/{view}").status == 404
    assert rui.get(f"/requests/{made}/passages/{view}").status == 404
    assert house.get(f"/v1/requests/{made}/lookups/{view}").status_code == 404
    house.clock.forward(minutes=16)
    assert rui.reader.get(path).status == 410


@pytest.mark.parametrize("role", [r for r in (*EVERY_ROLE, *SCOPES) if r != AUTOMATION])
def test_nobody_opens_it_whose_role_is_not_for_it(house: House, role: str) -> None:
    made, eve = _packed(house), clerk(house, "eve", role)
    allowed = role in MAY[Act.REVIEW]
    offered = [f for f in eve.get(f"/requests/{made}").forms if f.action.endswith("/sample")]
    assert bool(offered) is allowed

    page = eve.force(f"/requests/{made}/sample")

    assert page.status == (200 if allowed else 403)
    with house.reading() as session:
        assert bool(session.exec(select(Lookup)).all()) is allowed
    assert ("package_sampled" in told(house, made)) is allowed
    if not allowed:
        assert ("staff_refused", f"staff:{id_of(house, 'eve')}") in events(house)


@pytest.mark.parametrize("gone", ["none", "over", "building"])
def test_where_no_copy_can_be_opened_none_is_offered_or_asked_for(
    house: House, rui: Clerk, gone: str
) -> None:
    made = str(house.asserted("copy")["id"])
    if gone != "none":
        house.package(made, b"x", state="building" if gone == "building" else "ready")
    if gone == "over":
        house.clock.forward(days=8)
        rui.come_in()

    page = rui.get(f"/requests/{made}")

    assert not [form for form in page.forms if form.action.endswith("/sample")]
    assert rui.force(f"/requests/{made}/sample").status == 404
    assert "package_sampled" not in told(house, made)


def test_what_a_worker_could_not_open_is_said_and_is_never_nothing(
    house: House, rui: Clerk
) -> None:
    made = _packed(house)
    page = rui.reader.send(rui.get(f"/requests/{made}"), "/sample")
    house.looked_up(None, "failed")
    with house.writing() as session:
        session.exec(select(Lookup)).one().code = "store_refused"

    page = rui.reader.get(page.response.request.path)

    assert "could not be opened" in page.text
    assert "no records" not in page.text
    assert "Refresh" not in page.response.headers


def test_the_sample_is_read_in_chinese_too(house: House, rui: Clerk) -> None:
    made = _packed(house)
    path = _opened(house, rui, made).response.request.path

    page = rui.reader.get(f"{path}?lang=zh-CN")

    for said in ("副本中的几条记录", "手机号", "首字“I”", "共 1,200 个字符"):
        assert said in page.text, said


@pytest.mark.requirement("R-M36-1:bad")
def test_a_minors_takes_an_approval_that_still_holds(house: House, rui: Clerk) -> None:
    made = _packed(house, subject_age_band="14_17")
    page = rui.get(f"/requests/{made}")
    assert not [form for form in page.forms if form.action.endswith("/sample")]
    assert rui.force(f"/requests/{made}/sample").status == 403
    assert "package_sampled" not in told(house, made)
    assert "staff_refused" in told(house, made)
    with house.reading() as session:
        assert session.exec(select(Lookup)).all() == []
