"""Global Privacy Control: what a browser says where people come in counts, and is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest
from sqlmodel import select

from rights import logs
from rights.services import audit, preferences
from rights.store.models import Preference, Request
from tests.web.house import ALICE, House
from tests.web.portal.desk import Desk
from tests.web.portal.reader import Reader
from tests.web.portal.town import Town, sign_in

CALIFORNIA = {"default_regimes": ("us_ca",)}


def _reader(house: House, signal: str = "1") -> Reader:
    return Reader(house, signal=signal)


def _requests(house: House) -> list[Request]:
    with house.reading() as session:
        return list(session.exec(select(Request)))


def _value(house: House) -> str:
    with house.reading() as session:
        return preferences.read(session, house.context, ALICE, "personalised").value


@pytest.mark.requirement("R-US7021-1")
def test_whoever_comes_in_with_the_signal_is_opted_out_and_it_is_recorded(
    furnished: Callable[..., House],
) -> None:
    house = furnished(**CALIFORNIA)

    home = _reader(house).enter(ALICE, None, origin="")

    (made,) = _requests(house)
    assert (made.kind, made.option) == ("recommendation_opt_out", "personalised_off")
    assert (made.state, made.level_needed, made.regimes) == ("in_progress", 0, ["us_ca"])
    with house.reading() as session:
        first = audit.entries(session, made.id)[0]
    assert (first.event, first.data["signal"], first.data["channel"]) == (
        "received",
        "gpc",
        "portal",
    )
    assert _value(house) == "off"
    assert "Off, and being carried out" in home.text
    shown = house.get(f"/v1/requests/{made.id}").json
    assert shown["due_at"] == made.promised_at.isoformat()
    days = made.promised_at - made.received_at
    assert 19 <= days.days <= 23  # 15 business days


@pytest.mark.requirement("R-US7021-1")
def test_it_is_made_once_and_what_the_person_turned_on_again_stays_on(
    furnished: Callable[..., House],
) -> None:
    house = furnished(**CALIFORNIA)
    _reader(house).enter(ALICE, None, origin="")
    _reader(house).enter(ALICE, None, origin="")
    assert len(_requests(house)) == 1
    with house.writing() as session:
        row = session.exec(select(Preference)).first()
        assert row is not None
        who = [one.subject for one in session.exec(select(Preference)).all()]
        on = ("personalised", preferences.ON)
        preferences.write(session, row.request_id, who, on, [], now=house.clock.now())

    _reader(house).enter(ALICE, None, origin="")

    assert len(_requests(house)) == 1
    assert _value(house) == "on"


@pytest.mark.parametrize(
    ("laws", "signal"), [(("us_ca",), ""), (("us_ca",), "0"), (("cn_general", "eu_gdpr"), "1")]
)
def test_without_the_signal_or_a_law_that_knows_it_nothing_is_made(
    furnished: Callable[..., House], laws: tuple[str, ...], signal: str
) -> None:
    house = furnished(default_regimes=laws)

    _reader(house, signal).enter(ALICE, None, origin="")

    assert _requests(house) == []
    assert _value(house) == "on"


def test_it_is_heard_of_whoever_signs_in_on_the_portals_own_page_too(
    furnished: Callable[..., House], desk: Desk
) -> None:
    house = furnished(webhook_allow="127.0.0.0/8", **CALIFORNIA)
    desk.now = lambda: house.clock.now().timestamp()
    town = Town(house, desk)
    town.configure()
    reader = town.reader()
    reader.signal = "1"

    sign_in(reader)

    assert [one.option for one in _requests(house)] == ["personalised_off"]


def test_a_signal_that_cannot_be_honoured_keeps_nobody_out_and_leaves_nothing(
    furnished: Callable[..., House],
) -> None:
    house = furnished(**CALIFORNIA)
    laws, reader = house.context.regimes, _reader(house)
    clocks = {n: c for n, c in laws["us_ca"].clocks.items() if "recommendation" not in n}
    bare = {**laws, "us_ca": replace(laws["us_ca"], clocks=clocks)}
    context = replace(house.context, regimes=bare)  # a law that offers no such opt-out
    house.app.extensions["rights"] = replace(house.parts, context=context)
    said = StringIO()
    logs.configure(said)

    home = reader.enter(ALICE, None, origin="")

    assert home.status == 200
    assert _requests(house) == []
    with house.reading() as session:
        assert session.exec(select(Preference)).all() == []
    logs.configure()
    out = said.getvalue()
    told = [line for line in out.splitlines() if "portal.signal_refused" in line]
    assert len(told) == 1
    assert '"invalid"' in told[0]
    assert not any(value in out for value in ALICE.values())
