"""
Fixtures of the portal in a real browser.

``street``
    The portal and a product that shows it, each served on a site of its own.
``texting``
    The same where telephones can get codes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rights import logs
from rights.services import backends
from rights.store.migrate import upgrade
from tests.browser.portal.product import Product
from tests.browser.serving import serving
from tests.web.house import House, furnish, settings_for


@dataclass
class Street:
    """Where everything is."""

    house: House
    product: Product
    rights: str
    shop: str


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("portal") / "migrated.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def opened(
    _migrated: Path, tmp_path: Path, private_redis_url: str, free_port: Callable[[], int]
) -> Callable[..., AbstractContextManager[Street]]:
    """Return what opens a street; it takes settings."""

    @contextmanager
    def open_it(**values: Any) -> Iterator[Street]:
        logs.configure()
        port, file = free_port(), tmp_path / "register.db"
        shutil.copy(_migrated, file)
        rights = f"http://127.0.0.1:{port}"
        given = {"base_url": rights, "webhook_allow": "127.0.0.0/8,::1/128", **values}
        settings = settings_for(f"sqlite:///{file}", private_redis_url, tmp_path, **given)
        house = furnish(settings)
        product = Product(house, rights)
        with serving(house.app, port=port), serving(product.app(), name="localhost") as shop:
            with house.writing() as session:
                backends.allow_origins(session, "shop", [shop], now=house.clock.now())
            yield Street(house, product, rights, shop)
        house.engine.dispose()
        house.parts.limits.close()

    return open_it


@pytest.fixture
def street(opened: Callable[..., AbstractContextManager[Street]]) -> Iterator[Street]:
    with opened() as made:
        yield made


@pytest.fixture
def texting(opened: Callable[..., AbstractContextManager[Street]]) -> Iterator[Street]:
    """Yield the same where telephones can get codes."""
    with opened(sms_url="https://sms.example/messages") as made:
        yield made
