"""
Fixtures of the console's tests.

``desk``
    A provider of our making, at which Ana signs in with a second factor.
``company``
    An office whose staff sign in there.
``paper``
    A newspaper with a shop: its console, and workers over the same register.
``stated``, ``school``
    A house whose organisation states a profile; one for minors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rights.domain.kinds import Kind
from tests.organisations import profile_file
from tests.web.console.company import ANA, GIVEN, Company
from tests.web.console.organised import NOW
from tests.web.console.paper import MAP, Paper, tables
from tests.web.house import House
from tests.web.portal.desk import Desk
from tests.web.portal.town import opened
from tests.workflows.house import floor_over
from workflows.embedded.smtp import Sink


@pytest.fixture
def desk() -> Iterator[Desk]:
    with opened(Desk(person=dict(ANA))) as one:
        yield one


@pytest.fixture
def company(furnished: Callable[..., House], desk: Desk) -> Company:
    house = furnished(**GIVEN, staff_oidc_issuer=desk.issuer)
    desk.now = lambda: house.clock.now().timestamp()
    return Company(house, desk)


@pytest.fixture
def stated(furnished: Callable[..., House], tmp_path: Path) -> Callable[..., House]:
    """Return a house whose organisation states a profile, on the first of February 2027."""

    def make(**said: Any) -> House:
        house = furnished(organisation=profile_file(tmp_path, **said))
        house.clock.at = NOW
        return house

    return make


@pytest.fixture
def school(stated: Callable[..., House]) -> House:
    return stated(persons=2_000_000, minors_service=True, is_ciio=True)


@pytest.fixture
def paper(
    furnished: Callable[..., House], tmp_path: Path, register_url: str, smtp_sink: Sink
) -> Paper:
    (tmp_path / "map.yaml").write_text(MAP, encoding="utf-8")
    kinds = (Kind.DELETION, Kind.COPY)
    mail = {"smtp_host": smtp_sink.host, "smtp_port": smtp_sink.port}
    house = furnished(datamap=tmp_path / "map.yaml", approval_kinds=kinds, **mail)
    rows = tables()
    place = tmp_path / "floor"
    place.mkdir()
    given: dict[str, Any] = {"register_url": register_url, "approval_kinds": kinds}
    floor = floor_over(place, MAP, rows, house.clock.now, **given)  # type: ignore[arg-type]  # any clock
    return Paper(house, floor, rows, smtp_sink)
