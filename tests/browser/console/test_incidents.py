"""The pages of security incidents, looked at with every form open: nothing keeps anybody out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rights.services.security_incidents import opening, scope
from rights.services.security_incidents.opening import New
from rights.services.security_incidents.scope import Given
from rights.store.models import Staff
from tests.browser.console.conftest import Office
from tests.browser.console.people import Person
from tests.browser.console.test_pages import Look, unfolded
from tests.browser.pages import Pages

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


def _incident(office: Office) -> str:
    house = office.house
    wei, now = Staff(name="w", roles=["dpo"], created_at=house.clock.now()), house.clock.now()
    new = New("leak", "major", now - timedelta(hours=5), endangers=True, minors=True, drill=True)
    with house.writing() as session:
        made = opening.opened(session, house.context, wei, new, now=now).id
    given = Given(now - timedelta(days=9), now)
    with house.writing() as session:
        scope.settle(session, house.context, made, wei, given, now=now)
    return made


@pytest.mark.parametrize(("language", "width", "dark"), [("zh-CN", 320, True), ("en", 1280, False)])
def test_no_page_of_an_incident_has_a_barrier(
    office: Office, new_page: Pages, language: str, width: int, *, dark: bool
) -> None:
    page = new_page(language=language, width=width, dark=dark)
    look = Look(page, f"{language}-{width}-{'dark' if dark else 'light'}")
    made = _incident(office)
    Person(office, page, "ana").come_in()
    for name, path in (("incidents", "/incidents"), ("incident", f"/incidents/{made}")):
        page.goto(office.address + path)
        unfolded(page)
        look.at(name)

    assert look.found == []
