"""The console's role is refused whatever its pages do not show and its acts do not write."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rights.store.db import open_engine
from rights.store.migrate import metadata
from tests.architecture.deployed import Register

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
NEVER = (
    *("capsule", "escrow_key", "disputed_value", "correction_guard"),
    *("suppression", "hold_approval", "published_report"),
    *("nonce", "backend_key", "idempotency", "grant", "receipt_opening"),
    *("sign_in_provider", "network_identity_bridge", "network_identity_visit"),
    *("portal_session", "person_key", "key_proof", "key_letter"),
    *("proof", "proof_try", "contact_warning", "bundle", "request_clock"),
)
"""What no page shows and no act writes."""
REFUSED = (
    "UPDATE entry SET event = ''",
    "DELETE FROM entry",
    "UPDATE receipt SET request_id = ''",
    "UPDATE plan SET hash = ''",
    "UPDATE plan SET body = '{}'",
    "UPDATE step SET fence = 9",
    "UPDATE denial_proposal SET proposed_by = ''",
    "UPDATE content_approval SET asked_by = ''",
    "UPDATE content_approval SET purpose = ''",
    "UPDATE staff SET name = ''",
    "UPDATE identifier SET sealed = ''",
    "UPDATE staff_invitation SET staff_id = ''",
    "SELECT sealed_code FROM challenge",
    "SELECT blind FROM proof_try",
    "SELECT rests_on FROM proof",
    "SELECT key_id FROM key_proof",
    "SELECT sealed_secret FROM webhook_subscription",
    "SELECT sealed_secret FROM network_identity_bridge",
    "UPDATE evidence SET request_id = ''",
    "UPDATE evidence SET media_type = ''",
    "DELETE FROM evidence",
    "UPDATE representation SET role = ''",
    "UPDATE arrangement SET rules = '{}'",
    "UPDATE security_incident SET discovered_at = now()",
    "UPDATE security_incident SET drill = true",
    "UPDATE incident_clock SET due_at = now()",
    "INSERT INTO incident_told (id) VALUES ('x')",
    "DELETE FROM security_incident",
    "SELECT args FROM outbox",
    "SELECT hash FROM backend_key",
    "UPDATE backend_key SET hash = ''",
    "UPDATE backend_key SET scopes = '[]'",
    "SELECT body FROM webhook_delivery",
    "UPDATE webhook_delivery SET body = ''",
    "UPDATE webhook_subscription SET url = ''",
    "SELECT url FROM webhook_subscription",
    "SELECT tables FROM store_schema",
    "DELETE FROM store_change",
)
"""Statements that no page and no act of the console needs."""


@pytest.fixture
def may(register: Register) -> Callable[[str, str], list[str]]:
    return lambda process, table: [r for r in RIGHTS if register.may(process, r, table)]


def test_the_console_has_nothing_that_lets_people_in_or_that_work_is_done_with(
    may: Callable[[str, str], list[str]], register: Register
) -> None:
    assert set(NEVER) <= set(metadata().tables)
    assert {table: may("console", table) for table in NEVER} == {table: [] for table in NEVER}
    assert may("console", "keyring") == may("console", "subject_lock") == ["DELETE"]
    assert may("console", "outbox") == may("console", "webhook_delivery") == ["INSERT"]
    with pytest.raises(DBAPIError, match="permission denied"):
        _as_console(register, "SELECT sealed FROM keyring")


def test_the_console_leaves_what_is_written_as_it_is(
    may: Callable[[str, str], list[str]],
) -> None:
    for table in ("entry", "notice", "writing", "consent", "lookup", "released_value"):
        assert may("console", table) == ["SELECT", "INSERT"], table
    for table in ("receipt", "journal", "backend", "store_status", "figures"):
        assert may("console", table) == ["SELECT"], table
    for table in ("request", "denial_proposal", "content_approval", "appeal", "complaint", "staff"):
        assert not {"DELETE", "TRUNCATE"} & {*may("console", table)}, table


@pytest.mark.parametrize("statement", REFUSED)
def test_the_console_is_refused_what_is_not_its_own(register: Register, statement: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        _as_console(register, statement)


def _as_console(register: Register, statement: str) -> None:
    engine = open_engine(register.as_role("console"))
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


@pytest.mark.parametrize("process", ["web", "worker"])
def test_nobody_but_console_and_relay_sees_how_staff_sign_in(
    may: Callable[[str, str], list[str]], process: str
) -> None:
    staffs = ("staff", "staff_login", "staff_session", "staff_invitation", "saved_view")

    for table in (*staffs, "assignment", "figures"):
        assert may(process, table) == [], table
