"""
Fixtures of the console's tests.

``desk``
    A provider of our making, at which Ana signs in with a second factor.
``company``
    An office whose staff sign in there.
``stated``, ``school``
    A house whose organisation states a profile; one for minors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.organisations import profile_file
from tests.web.console.company import ANA, GIVEN, Company
from tests.web.console.organised import NOW
from tests.web.house import House
from tests.web.portal.desk import Desk
from tests.web.portal.town import opened


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
