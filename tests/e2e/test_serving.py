"""Opting out, from the call to what the serving store does: web, relay and workers as they run."""

from __future__ import annotations

import sqlite3
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlmodel import select

from rights.store.migrate import upgrade
from rights.store.models import Entry
from tests.e2e.processes import environment, running
from tests.web.house import House, furnish, settings_for
from workflows.demo.company.recommender.service import serve
from workflows.demo.company.recommender.store import Store
from workflows.demo.company.recommender.tables import SCHEMA

SECRET = "whsec_" + "ZGVtby10ZXN0cy1vbmx5LTMyLWJ5dGVzLWxvbmchISE="
MAP = """\
version: 1
controller: {name: {zh: 商城, en: Shop}, dpo_contact: privacy@example.com}
identifiers: {user_id: {kind: account}, device_id: {kind: device}}
purposes: [{name: feed, title: {zh: 推荐, en: Recommendations}, basis: consent}]
switches:
- {name: personalised, collection: recommender.profiles, column: personalised, on: true, off: false}
- {name: personalised, collection: recommender.devices, column: personalised, on: true, off: false}
stores:
- name: recommender
  connector: http_backend
  settings:
    url: "${secret:SHOP_URL}"
    secret: "${secret:RECOMMENDER_KEY}"
    allow: ["127.0.0.1/32"]
    retries: 0
  role: controller
  classification: general
  serving: true
  defaults: {purposes: [feed], source: observed, retention: none}
  collections:
  - name: profiles
    key: [user_id]
    identifies: {user_id: user_id}
    fields: [{name: personalised, category: preference, disclose: true}]
  - name: devices
    key: [device_id]
    identifies: {device_id: device_id, user_id: user_id}
    fields: [{name: personalised, category: preference, disclose: true}]
"""
DEVICES = {"d-phone": 1, "d-tablet": 1, "d-other": 2}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


class Recommender:
    """The serving store: a service that can be switched off and on again on its port."""

    def __init__(self, file: Path, port: int) -> None:
        self.file, self.port = file, port
        with sqlite3.connect(file) as db:
            db.executescript(SCHEMA)
            profiles = "INSERT INTO profiles VALUES (?, 1, 1, 1, 0, 0, 5, 900, 30)"
            db.executemany(profiles, [(n,) for n in set(DEVICES.values())])
            db.executemany("INSERT INTO devices VALUES (?, ?, 1, 1, 0)", DEVICES.items())
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        self._store = Store(self.file)
        self._server = serve(self._store, SECRET, self.port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._store.close()

    def personalised(self, **who: Any) -> bool:
        query = "&".join(f"{name}={value}" for name, value in who.items())
        with urllib.request.urlopen(f"{self.url}/feed?{query}", timeout=5) as answer:  # noqa: S310 - our own http address
            return bool(orjson.loads(answer.read())["personalised"])


@dataclass
class Site:
    """A web application, relay and workers beside it, and the store that serves people."""

    house: House
    recommender: Recommender

    def off(self, **subject: str) -> tuple[int, Any, float]:
        """Opt out; return status, document and how long it took."""
        began = time.monotonic()
        body = {"name": "personalised", "subject": subject}
        reply = self.house.post("/v1/preferences/off", body)
        return reply.status_code, reply.json, time.monotonic() - began

    def off_at_last(self, **subject: str) -> Any:
        """Opt out, again while it is pending, as a busy machine may need; return the 200."""
        said: list[Any] = []

        def effective() -> bool:
            status, document, _ = self.off(**subject)
            said.append(document)
            return status == 200

        _until(effective)
        # What is asked again of an account while it is pending is the same request; another one is
        # begun only where the one before had ended. Of a device it is always one of its own.
        made = list(dict.fromkeys(document["request"]["id"] for document in said))
        if "user_id" not in subject:
            assert len(made) == len(said)
            return said[-1]
        for before, after in pairwise(made):
            assert self._entry(before, "completed") < self._entry(after, "received")
        return said[-1]

    def _entry(self, request_id: str, event: str) -> int:
        """Return the number of an entry: they are counted up as things happen."""
        query = select(Entry.id).where(Entry.chain == request_id, Entry.event == event)
        with self.house.reading() as session:
            return int(session.exec(query).one() or 0)

    def read(self, **subject: str) -> Any:
        body = {"name": "personalised", "subject": subject}
        return self.house.post("/v1/preferences/read", body).json


@pytest.fixture
def site(
    tmp_path: Path,
    private_redis_url: str,
    free_port: Callable[[], int],
) -> Iterator[Site]:
    recommender = Recommender(tmp_path / "recommender.db", free_port())
    recommender.start()
    register = f"sqlite:///{tmp_path / 'register.db'}"
    upgrade(register)
    env = environment(
        tmp_path,
        register=register,
        redis=private_redis_url,
        shop=f"{recommender.url}/rights",
        map_text=MAP,
    )
    env["RIGHTS_SECRET_RECOMMENDER_KEY"] = SECRET
    settings = settings_for(
        register,
        private_redis_url,
        tmp_path,
        datamap=tmp_path / "map.yaml",
        optout_wait_ms=800,
    )
    log = tmp_path / "log"
    with running("relay", env=env, log=log), running("worker", "--count", "2", env=env, log=log):
        one = Site(furnish(settings), recommender)
        _until(lambda: log.read_text().count("worker.ready") >= 2)
        yield one
    one.house.engine.dispose()
    recommender.stop()


@pytest.mark.requirement("R-42-1", "R-ID-7")
def test_an_anonymous_device_is_no_longer_served_what_is_personal_when_the_answer_comes(
    site: Site,
) -> None:
    assert site.recommender.personalised(device_id="d-phone")

    said = site.off_at_last(device_id="d-phone")

    assert (said["preference"]["effective"], said["preference"]["pending"]) == (True, [])
    assert said["request"]["level_needed"] == 0
    assert not site.recommender.personalised(device_id="d-phone")
    assert site.recommender.personalised(device_id="d-other")


@pytest.mark.requirement("R-42-1")
def test_it_holds_on_every_device_of_the_person_and_for_nobody_else(site: Site) -> None:
    assert all(site.recommender.personalised(device_id=d) for d in DEVICES)

    site.off_at_last(user_id="1")

    personal = {d: site.recommender.personalised(device_id=d) for d in DEVICES}
    assert personal == {"d-phone": False, "d-tablet": False, "d-other": True}
    assert not site.recommender.personalised(user_id=1)
    with sqlite3.connect(site.recommender.file) as db:
        off = db.execute("SELECT device_id FROM devices WHERE NOT personalised").fetchall()
    assert sorted(off) == [("d-phone",), ("d-tablet",)]


@pytest.mark.requirement("R-42-1:bad")
def test_a_store_that_is_down_is_named_and_told_as_soon_as_it_is_back(site: Site) -> None:
    site.recommender.stop()

    status, said, took = site.off(device_id="d-phone")

    assert status == 202
    assert said["preference"]["pending"] == ["recommender"]
    assert 0.8 <= took < 10
    assert site.read(device_id="d-phone")["effective"] is False
    site.recommender.start()
    _until(lambda: site.read(device_id="d-phone")["effective"])
    assert not site.recommender.personalised(device_id="d-phone")


def _until(ready: Callable[[], Any], within_s: float = 60) -> None:
    end = time.monotonic() + within_s
    while not ready():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
