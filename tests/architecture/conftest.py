"""Fixtures of the tests of what ``deploy/`` gives each process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rights.app import create_app
from rights.store.migrate import upgrade
from rights.store.models import WebhookSubscription
from tests.architecture.deployed import Register
from tests.architecture.desk import Office
from tests.organisations import profile_file
from tests.web.house import House, furnish, settings_for


@pytest.fixture
def register(
    postgres_template: Callable[[str, Callable[[str], None]], str],
) -> Iterator[Register]:
    """A migrated register on PostgreSQL, with a role for each process."""
    found = Register(postgres_template("web-register", upgrade))
    yield found
    found.drop()


@pytest.fixture
def office(register: Register, private_redis_url: str, tmp_path: Path) -> Iterator[Office]:
    own = profile_file(tmp_path, persons=1, minors_service=True, important_data=True)
    house = furnish(settings_for(register.url, private_redis_url, tmp_path, organisation=own))
    settings = settings_for(register.as_role("console"), private_redis_url, tmp_path)
    app = create_app(settings, ["console"], context=house.context, now=house.clock.now)
    console = House(app, house.clock, house.partner)
    made = Office(house, console)
    url, events = "https://x.example", ["request.denied", "request.in_progress"]
    made.add(
        WebhookSubscription(
            backend_id=house.partner.id,
            url=url,
            events=events,
            sealed_secret=b"x",
            created_at=house.clock.now(),
        )
    )
    yield made
    for one in (house, console):
        one.parts.limits.close()
        one.engine.dispose()
