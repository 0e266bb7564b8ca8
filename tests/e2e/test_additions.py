"""A copy made anew by a real relay and workers, while workers end in the middle of it."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import select

from rights.store.db import reading, transaction
from rights.store.models import Aftercare, Notice
from tests.e2e import shop
from tests.e2e.processes import running
from tests.e2e.test_aftercare import Company, company, rights, until

__all__ = ["company"]

SUBJECT = {"user_id": "1", "email": "p1@example.com"}
NUMBER = "13900139000"


def _packages(company: Company, request_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = company.house.get(f"/v1/requests/{request_id}/packages").json[
        "items"
    ]
    return found


def _granted(company: Company, request_id: str, package_id: str) -> Any:
    word = company.house.partner.assertion(SUBJECT, company.house.clock.now(), "mfa")
    place = f"/v1/requests/{request_id}/packages/{package_id}/grants"
    return company.house.post(place, {"assertion": word})


def _nickname(company: Company, package_id: str, token: str) -> str:
    got = company.house.client.get(
        f"/v1/packages/{package_id}/content", headers={"Authorization": f"Bearer {token}"}
    )
    with zipfile.ZipFile(io.BytesIO(got.data)) as package:
        return str(json.loads(package.read("data/shop/users.jsonl"))["nickname"])


def _owed(company: Company) -> Aftercare:
    with reading(company.house.engine) as session:
        return session.exec(select(Aftercare).where(Aftercare.kind == "addition")).one()


def _letters(company: Company) -> int:
    with reading(company.house.engine) as session:
        return len(session.exec(select(Notice).where(Notice.event == "package_added")).all())


def _its_time_comes(company: Company) -> None:
    with transaction(company.house.engine) as session:
        row = session.exec(select(Aftercare).where(Aftercare.kind == "addition")).one()
        row.due_at -= timedelta(minutes=10)
        row.next_at = row.due_at


def _first_copy(company: Company) -> tuple[str, str]:
    """Let a copy be made and fetched that lacks the number; return the request and the package."""
    house = company.house
    with company.store.begin() as connection:
        mine = update(shop.USERS).where(shop.USERS.c.id == 1)
        connection.execute(mine.values(nickname=f"call {NUMBER}"))
    with running("worker", env=company.env, log=company.log):
        made = str(house.asserted("copy", SUBJECT)["id"])
        until(lambda: house.get(f"/v1/requests/{made}").json["state"] == "fulfilled")
    (first,) = _packages(company, made)
    token = _granted(company, made, first["id"]).json["token"]
    assert NUMBER not in _nickname(company, first["id"], token)
    return made, first["id"]


def _made_anew(company: Company) -> None:
    """Let workers end in the middle of it, twice, and others take it over."""
    ending = {"RIGHTS_FAILPOINT": "blob.publish.before:2", "RIGHTS_FAILPOINTS_ALLOWED": "true"}
    with running("worker", env={**company.env, **ending}, log=company.log):
        until(lambda: _owed(company).attempts >= 2)
    assert _letters(company) == 0
    with running("worker", env=company.env, log=company.log):
        until(lambda: _owed(company).state == "done")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.requirement("R-PKG-3")
def test_what_staff_let_through_is_fetched_once_though_workers_end_while_it_is_made(
    company: Company,
) -> None:
    house, env = company.house, company.env
    with running("relay", env=env, log=company.log):
        made, first = _first_copy(company)
        closed = house.get(f"/v1/requests/{made}").json
        receipt = house.get(f"/v1/requests/{made}/receipt").json
        rights(env, "staff", "add", "rui", "--role", "reviewer")
        rights(env, "redactions", "release", made, "1", "--as", "rui")
        _its_time_comes(company)
        _made_anew(company)

    house.clock.forward(minutes=5)
    new, old = _packages(company, made)
    assert (old["id"], old["grants_left"], new["missing"]) == (first, 4, [])
    assert _granted(company, made, old["id"]).status_code == 410
    token = _granted(company, made, new["id"]).json["token"]
    assert _nickname(company, new["id"], token) == f"call {NUMBER}"
    assert _letters(company) == 1
    assert house.get(f"/v1/requests/{made}").json == closed
    assert house.get(f"/v1/requests/{made}/receipt").json == receipt
    assert rights(env, "audit", "verify", "--json")["ok"] is True
