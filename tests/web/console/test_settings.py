"""Settings at run time: by whom, within which bounds, and that every process works by them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from rights.domain.settable import Settable
from rights.services import audit
from rights.services.live_settings import values
from rights.services.live_settings.catalogue import settables
from rights.services.live_settings.in_force import InForce
from rights.services.words import LANGUAGES
from rights.settings import Settings
from rights.store.models import DayChain, Entry, SettingValue
from tests.web.console.clerk import Clerk, clerk, id_of
from tests.web.correspondence import Office
from tests.web.house import House
from tests.workflows.house import Clock, floor_over
from tests.workflows.test_engine import MAP
from workflows import jobs

BEYOND = [
    ("contact_trust_days", 0),
    ("contact_trust_days", "seven"),
    ("evidence_days", 31),
    ("package_days", 999_999),
    ("alert_dpo", 101),
    ("staff_locale", "fr"),
    ("brand_colour", "#ffff00"),
    ("staff_hours", "-1"),
]


@pytest.fixture
def ada(house: House) -> Clerk:
    return clerk(house, "ada", "admin")


@pytest.fixture
def bea(house: House) -> Clerk:
    return clerk(house, "bea", "admin")


def _entries(house: House, name: str) -> list[Entry]:
    with house.reading() as session:
        days = session.exec(select(DayChain.name)).all()
        found = [one for day in days for one in audit.entries(session, day)]
    return [one for one in found if one.event == name]


def _said(house: House, name: str) -> list[tuple[str, dict[str, Any]]]:
    return [(one.actor, one.data) for one in _entries(house, name)]


def _set(who: Clerk, name: str, value: object, **more: str) -> Any:
    return who.reader.send(who.get("/settings"), f"/settings/{name}", value=str(value), **more)


def _held(house: House, name: str) -> object:
    """Return what holds for whoever asks the register now."""
    with house.reading() as session:
        found, _ = values.in_force(session)
        return getattr(values.laid_over(house.context.given, found), name)


# -- the list ------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", settables().values(), ids=lambda one: one.name)
def test_bounds_lie_within_those_of_the_start_and_the_default_within_them(one: Settable) -> None:
    field = Settings.model_fields[one.name]
    ends = [one.least, one.most] if one.type == "count" else [*one.allowed]
    given = {
        name: f.default for name, f in Settings.model_fields.items() if not f.is_required()
    } | {"database_url": "sqlite://", "redis_url": "unix:///x", "blobs_url": "file:///x"}

    assert one.check(field.default) == field.default
    for end in ends:
        made = Settings(**{**given, "keys": "k1:x", one.name: end})
        assert getattr(made, one.name) == end
    assert {*one.title, *one.about} == {*LANGUAGES}
    assert one.requirement.startswith("R-")
    assert one.source
    assert one.protects in ("more", "less", "")


def test_nothing_secret_and_no_address_is_among_them() -> None:
    fields = Settings.model_fields
    secret = {name for name in fields if "Secret" in str(fields[name].annotation)}
    places = {name for name in fields if name.endswith(("_url", "_issuer", "_allow", "_mail"))}

    assert {*settables()} & (secret | places) == set()
    assert {*settables()} <= {*fields}


# -- who, and within which bounds ----------------------------------------------------------------


@pytest.mark.requirement("R-LOG-1")
def test_an_admin_changes_a_setting_and_old_and_new_are_an_entry(house: House, ada: Clerk) -> None:
    page = _set(ada, "staff_idle_minutes", 15)

    assert page.status == 200
    assert "Set by ada" in page.text
    assert "15 minutes" in page.text
    assert _held(house, "staff_idle_minutes") == 15
    assert _said(house, "setting_changed") == [
        (
            f"staff:{id_of(house, 'ada')}",
            {"setting": "staff_idle_minutes", "before": 30, "after": 15},
        )
    ]


def test_the_page_says_bounds_law_and_where_a_value_comes_from(ada: Clerk) -> None:
    english = " ".join(ada.get("/settings").text.split())
    chinese = ada.get("/settings?lang=zh-CN").text

    assert "It can be: 5–120. This rests on NDSR 9 [R-9-1]." in english
    assert "named at the start" not in english
    assert english.count("default") >= len(settables())
    assert "运行中更改" in chinese


@pytest.mark.requirement("R-9-1:bad")
def test_what_the_law_leaves_no_room_for_is_refused_by_its_requirement(
    house: House, ada: Clerk
) -> None:
    for name, value in BEYOND:
        page = _set(ada, name, value, because="it would be easier")

        assert (name, page.status) == (name, 422)
        mistakes = page.html.partition('id="mistakes"')[2][:400]
        assert f"[{settables()[name].requirement}]" in mistakes
    assert _said(house, "setting_changed") == []
    refused = [said["code"] for _, said in _said(house, "staff_refused")]
    assert refused == ["setting_beyond"] * len(BEYOND)


def test_only_admins_see_or_change_them(house: House) -> None:
    for role in ("reviewer", "approver", "verifier", "auditor", "legal", "dpo"):
        one = clerk(house, role, role)
        assert one.get("/settings").status == 403
        assert one.force("/settings/staff_hours", value="8").status == 403
    assert _held(house, "staff_hours") == 12


def test_what_is_no_such_setting_is_not_there(ada: Clerk) -> None:
    assert ada.force("/settings/keys", value="k").status == 404
    assert ada.force("/settings/smtp_host", value="h").status == 404


def test_what_is_so_already_changes_nothing(house: House, ada: Clerk) -> None:
    _set(ada, "idle_days", 2)

    assert _set(ada, "idle_days", 2).status == 409
    assert len(_said(house, "setting_changed")) == 1


def test_what_the_environment_names_is_changed_there(furnished: Callable[..., House]) -> None:
    house = furnished(staff_hours=10)
    ada = clerk(house, "ada", "admin")

    page = ada.get("/settings")
    refused = ada.force("/settings/staff_hours", value="8")

    assert "named at the start" in page.text
    assert not [form for form in page.forms if form.action.endswith("/staff_hours")]
    assert refused.status == 409
    assert _held(house, "staff_hours") == 10


# -- two -----------------------------------------------------------------------------------------


@pytest.mark.requirement("R-NEG-28")
def test_what_protects_people_less_holds_once_a_second_admin_agrees(
    house: House, ada: Clerk, bea: Clerk
) -> None:
    page = _set(ada, "contact_trust_days", 2, because="too many ask why they wait")
    assert "from 7 days to 2 days" in page.text
    assert _held(house, "contact_trust_days") == 7
    (proposal,) = [data["proposal"] for _, data in _said(house, "setting_proposed")]

    own = ada.force(f"/settings/proposals/{proposal}/agree")
    done = bea.reader.send(bea.get("/settings"), f"/{proposal}/agree")

    assert own.status == 403
    assert done.status == 200
    assert _held(house, "contact_trust_days") == 2
    first, second = (f"staff:{id_of(house, name)}" for name in ("ada", "bea"))
    said = {"setting": "contact_trust_days", "before": 7, "after": 2, "agreed_by": second}
    assert _said(house, "setting_changed") == [(first, said)]
    assert "too many" not in json.dumps([e.data for e in _entries(house, "setting_proposed")])


@pytest.mark.requirement("R-NEG-28:bad")
def test_one_admin_alone_does_not_get_there_by_reset_or_in_steps(house: House, ada: Clerk) -> None:
    _set(ada, "contact_trust_days", 20)

    back = ada.force("/settings/contact_trust_days/reset", because="as it was")
    again = _set(ada, "contact_trust_days", 19, because="one by one")

    assert back.status == 200
    assert again.status == 409
    assert _held(house, "contact_trust_days") == 20
    assert len(_said(house, "setting_proposed")) == 1


def test_such_a_change_needs_a_reason(house: House, ada: Clerk) -> None:
    assert _set(ada, "staff_hours", 24).status == 422
    assert _said(house, "setting_proposed") == []


def test_a_change_is_dismissed_taken_back_or_overtaken_and_decided_once(
    house: House, ada: Clerk, bea: Clerk
) -> None:
    _set(ada, "staff_hours", 24, because="night shifts")
    _set(ada, "code_tries", 9, because="small screens")
    _set(ada, "idle_days", 9, because="few staff")
    one, two, three = (data["proposal"] for _, data in _said(house, "setting_proposed"))

    bea.force(f"/settings/proposals/{one}/dismiss")
    ada.force(f"/settings/proposals/{two}/dismiss")
    _set(bea, "idle_days", 1)

    for gone in (one, two, three):
        assert bea.force(f"/settings/proposals/{gone}/agree").status == 409
    assert bea.force(f"/settings/proposals/{'0' * 32}/agree").status == 404
    assert _held(house, "staff_hours") == 12
    assert _held(house, "idle_days") == 1
    assert len(_said(house, "setting_dismissed")) == 1
    assert len(_said(house, "setting_withdrawn")) == 2


# -- every process works by it -------------------------------------------------------------------


def test_this_process_works_by_it_with_the_next_call(house: House, ada: Clerk) -> None:
    _set(ada, "brand_colour", "#7a1f5c")

    css = house.app.test_client().get("/portal/brand.css").get_data(as_text=True)

    assert "--brand: #7a1f5c" in css
    _set(ada, "bulk_most", 1)
    refused = ada.force("/requests/assign", requests=["a" * 32, "b" * 32], to="")
    assert refused.status == 422


def test_another_process_works_by_it_within_seconds(house: House, ada: Clerk) -> None:
    other = replace(house.context, in_force=InForce(house.context.given))
    values.refresh(house.engine, other, at=100.0)
    _set(ada, "package_grants", 4)

    values.refresh(house.engine, other, at=100.0 + values.FRESH_S - 1)
    before = other.settings.package_grants
    values.refresh(house.engine, other, at=100.0 + values.FRESH_S)

    assert (before, other.settings.package_grants) == (5, 4)
    assert other.given.package_grants == 5


def test_it_costs_one_query_and_none_until_it_is_old(house: House) -> None:
    seen: list[str] = []
    event.listen(house.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))

    house.context.in_force.look_again()
    values.refresh(house.engine, house.context, at=50.0)
    values.refresh(house.engine, house.context, at=50.1)

    assert len([one for one in seen if "setting_value" in one]) == 1
    assert len([one for one in seen if one.lstrip().startswith("SELECT")]) == 1


def test_what_cannot_be_read_stays_as_it_was(house: House, ada: Clerk) -> None:
    _set(ada, "idle_days", 2)
    values.refresh(house.engine, house.context, at=1e6)
    with house.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE setting_value RENAME TO away")

    values.refresh(house.engine, house.context, at=2e6)

    assert house.context.settings.idle_days == 2


def test_what_a_newer_bound_forbids_does_not_hold(house: House) -> None:
    with house.writing() as session:
        session.add(SettingValue(name="staff_hours", value="99"))
        session.add(SettingValue(name="long_gone", value="1"))
        session.add(SettingValue(name="idle_days", value="1"))

    assert _held(house, "staff_hours") == 12
    assert _held(house, "idle_days") == 1


def test_a_worker_looks_before_each_job(house: House, ada: Clerk, tmp_path: Path) -> None:
    made = floor_over(tmp_path, MAP, {}, Clock())
    floor = replace(made, register=house.engine)
    _set(ada, "package_days", 5)
    jobs.at(floor)

    jobs.JOBS["advance"]("0" * 32)

    assert floor.context.settings.package_days == 5


# -- the command line ----------------------------------------------------------------------------


@pytest.fixture
def office(house: House, tmp_path: Path) -> Office:
    return Office(house, tmp_path)


def _listed(office: Office) -> dict[str, Any]:
    found = json.loads(office.run("settings", "list", "--json").stdout)
    return {one["setting"]: one for one in found["settings"]}


def test_the_command_line_lists_sets_and_resets(office: Office) -> None:
    clerk(office.house, "ada", "admin")
    clerk(office.house, "bea", "admin")

    assert office.run("settings", "set", "staff_hours", "8", "--as", "ada").exit_code == 0
    assert _listed(office)["staff_hours"]["value"] == 8
    assert _listed(office)["staff_hours"]["origin"] == "staff"
    alone = office.run("settings", "reset", "staff_hours", "--as", "ada")
    same = office.run("settings", "reset", "staff_hours", "--as", "ada", "--agreed-by", "ada")
    both = office.run("settings", "reset", "staff_hours", "--as", "ada", "--agreed-by", "bea")

    assert (alone.exit_code, "second administrator" in str(alone.exception)) == (1, True)
    assert same.exit_code == 1
    assert both.exit_code == 0
    assert _listed(office)["staff_hours"]["value"] == 12
    assert (
        "staff_hours  12  default  (1–24; NDSR 9 [R-9-1])" in office.run("settings", "list").stdout
    )


def test_the_command_line_refuses_what_is_beyond(office: Office) -> None:
    clerk(office.house, "ada", "admin")

    beyond = office.run("settings", "set", "evidence_days", "60", "--as", "ada")
    nobody = office.run("settings", "set", "evidence_days", "20", "--as", "rui")

    assert "R-ID-3" in str(beyond.exception)
    assert nobody.exit_code == 1
    assert _listed(office)["evidence_days"]["value"] == 30
