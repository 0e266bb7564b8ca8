"""Records of a request have an end: at closure, a month later, and after three years."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary, Table, select
from sqlmodel import SQLModel

from rights.app import context_of
from rights.domain.errors import ConfigError
from rights.domain.lifecycle import State
from rights.services import audit, checkpoints, evidence, plans, purge, trail
from rights.services.signing import Signer
from rights.settings import Settings
from rights.store.models import Lookup, Request
from tests.web.correspondence import Office
from tests.web.house import SEED, House
from tests.web.verifying import reached, refused, upload
from workflows.building import context_for

SAID = {"user_id": "canary-0815", "email": "canary-0815@example.com"}

OWN_LIFE = {"package", "complaint", "consent", "preference", "suppression", "tag_kept_away",
            "tag_said", "store_turn", "network_identity_visit", "webhook_delivery"}  # fmt: skip
"""Tables that know a request and are forgotten by a date, or by a wish, of their own."""


@pytest.fixture
def office(furnished: Callable[..., House], tmp_path: Path) -> Office:
    return Office(furnished(), tmp_path)


def _tables() -> list[Table]:
    return [t for t in SQLModel.metadata.sorted_tables if "request_id" in t.c]


def _left(office: Office, request_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return every row that names a request, by table."""
    with office.house.reading() as session:
        found = {
            table.name: [
                dict(row._mapping)  # noqa: SLF001 - the name that SQLAlchemy gives it
                for row in session.execute(select(table).where(table.c.request_id == request_id))
            ]
            for table in _tables()
        }
    return {name: rows for name, rows in found.items() if rows}


def _sealed(left: dict[str, list[dict[str, Any]]]) -> set[str]:
    """Return the tables in which something of these rows could still be opened."""
    binary = {t.name: [c.name for c in t.c if isinstance(c.type, LargeBinary)] for t in _tables()}
    return {name for name, rows in left.items() if any(r[c] for r in rows for c in binary[name])}


def _files(house: House) -> list[Path]:
    settings = house.context.settings
    folders = [Path(u.removeprefix("file://")) for u in (settings.blobs_url, settings.evidence_url)]
    return [file for folder in folders for file in folder.rglob("*") if file.is_file()]


def _relay(house: House) -> dict[str, int]:
    """Do what the relay does every few minutes: documents, packages, and what is over."""
    now = house.clock.now()
    evidence.destroy(house.engine, house.parts.evidence, now=now)
    return purge.purge(house.engine, house.context, house.blobs, now=now)


def _ended(office: Office) -> str:
    """Let a representative ask, show a document, write and be answered; return the request."""
    house = office.house
    made = reached(house, subject=SAID)
    assert upload(house, made).status_code == 201
    house.package(made, b"canary-0815")
    wrote = house.post(f"/v1/requests/{made}/messages", {"text": "canary-0815 is my account"})
    assert wrote.status_code == 201, wrote.json
    now = house.clock.now()
    with house.writing() as session:
        plans.keep_sample(session, house.context.vault, made, {"shop.users": [SAID]}, now)
        session.add(
            Lookup(
                request_id=made,
                question="counts",
                sealed_input=b"canary-0815",
                created_at=now,
                expires_at=now + timedelta(minutes=15),
            )
        )
    house.clock.forward(seconds=1)
    assert refused(house, made, "identity_unverified") == State.DENIED
    return made


@pytest.mark.requirement("R-LOG-2")
def test_at_closure_goes_what_was_of_use_while_it_was_open(office: Office) -> None:
    house, made = office.house, _ended(office)
    before = _left(office, made)
    assert plans.SAMPLE in _purposes(before)
    assert "lookup" in before

    _relay(house)

    left = _left(office, made)
    assert "lookup" not in left
    assert plans.SAMPLE not in _purposes(left)
    assert [file for file in _files(house) if "evidence" in str(file)] == []
    # What answers go to, and what was said, is needed while the person may disagree.
    assert {"identifier", "representative_contact", "writing", "package"} <= _sealed(left)


@pytest.mark.requirement("R-LOG-2")
def test_a_month_later_only_how_it_was_handled_is_left(office: Office) -> None:
    house, made = office.house, _ended(office)
    house.clock.forward(days=house.context.settings.contact_days + 1)

    _relay(house)

    left = _left(office, made)
    assert _files(house) == []
    assert _sealed(left) == set()
    assert not set(left) & {"identifier", "representative_contact", "writing", "sealed_note"}
    assert "canary-0815" not in str(left)
    with house.reading() as session:
        kept = session.get_one(Request, made)
        assert (kept.state, kept.reason) == (State.DENIED, "identity_unverified")
        events = {one.event for one in audit.entries(session, made)}
    assert {"received", "evidence_destroyed", "denied", "package_purged"} <= events
    assert trail.verify(house.engine, Signer(SEED)).ok


@pytest.mark.requirement("R-LOG-2")
def test_after_three_years_nothing_names_it_but_the_leaf_of_a_checkpoint(office: Office) -> None:
    house, made = office.house, _ended(office)
    days = house.context.settings.record_days
    for ahead in (days - 1, 2):
        assert _left(office, made)
        house.clock.forward(days=ahead)
        counts = _relay(house)
        with house.writing() as session:
            checkpoints.checkpoint(session, Signer(SEED), house.clock.now())
    assert counts["requests"] == 1

    assert _left(office, made) == {}
    with house.reading() as session:
        assert session.get(Request, made) is None
        assert list(audit.entries(session, made)) == []
    assert trail.verify(house.engine, Signer(SEED)).ok


def _purposes(left: dict[str, list[dict[str, Any]]]) -> list[str]:
    return [one["purpose"] for one in left.get("sealed_note", [])]


@pytest.mark.requirement("R-LOG-2")
def test_every_table_that_knows_a_request_is_forgotten_with_it_or_by_a_date_of_its_own() -> None:
    with_it = {model.__tablename__ for model in purge.OF_A_REQUEST}

    known = {table.name for table in _tables()}
    assert known == with_it | OWN_LIFE
    assert with_it & OWN_LIFE == set()


@pytest.mark.requirement("R-LOG-2:bad")
@pytest.mark.parametrize("days", ["100", "729", "730"])
@pytest.mark.parametrize("opened", [context_of, context_for])
def test_records_that_would_go_before_a_law_allows_it_are_refused_at_start(
    settings_of: Callable[..., Settings], days: str, opened: Callable[[Settings], Any]
) -> None:
    # Two years from January 2024 have 731 days. Source: 11 CCR 7101.
    assert opened(settings_of(record_days="731"))

    with pytest.raises(ConfigError, match="RECORD_DAYS") as refused:
        opened(settings_of(record_days=days))

    assert days != "730" or "us_ca asks for: 24 months, 731 days" in str(refused.value)
