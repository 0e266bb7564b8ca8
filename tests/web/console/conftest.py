"""
Fixtures of the console's tests.

``desk``
    A provider of our making, at which Ana signs in with a second factor.
``company``
    An office whose staff sign in there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.web.console.company import ANA, GIVEN, Company
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
