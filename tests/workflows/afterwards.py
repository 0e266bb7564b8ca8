"""A company with a shop, a mailing list and a search index, and what happens after a deletion."""

from __future__ import annotations

import json
from typing import Any

from sqlmodel import col, select

from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import audit
from rights.store.db import reading, transaction
from rights.store.models import Aftercare, OutboxMessage, ReceiptOpening, ReceiptRow
from tests.workflows.house import ask, request_of
from workflows import rechecks, sweep
from workflows.aftercare import close_out
from workflows.floor import Floor
from workflows.jobs import work_on

MAP = """
version: 1
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
  phone: {kind: contact, normalise: e164, recycled: true}
stores:
- name: shop
  connector: memory
  role: controller
  classification: general
  defaults: {basis: contract, retention: none}
  horizon: {within: 30d, by: nightly vacuum}
  backups: [{name: nightly dump, keeps: 60d, remedy: rights replay}]
  collections:
  - name: users
    key: [id]
    identifies: {user_id: id, email: email, phone: phone}
    close: {status: closed}
    fields:
    - {name: email, category: contact, disclose: true}
    - {name: phone, category: contact, disclose: true}
    - {name: status, category: account}
  - name: orders
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: item, category: purchases, disclose: true}]
- name: letters
  connector: memory
  role: controller
  classification: general
  defaults: {basis: contract, retention: none}
  collections:
  - name: subscribers
    key: [email]
    identifies: {email: email}
    fields: [{name: topic, category: preference, disclose: true}]
- name: search
  connector: memory
  role: controller
  classification: general
  defaults: {basis: contract, retention: none}
  collections:
  - name: documents
    key: [id]
    links: [{columns: [user_id], to: shop.users, role: owner}]
    fields:
    - {name: text, category: purchases, source: derived, derived_from: [shop.orders.item]}
"""

PHONE = "+8613800000001"
ANN = {"user_id": "1"}
Tables = dict[str, dict[str, list[dict[str, Any]]]]


def user(number: int, name: str, phone: str = "") -> dict[str, Any]:
    return {"id": number, "email": f"{name}@example.com", "phone": phone, "status": "open"}


def filled() -> Tables:
    """Return the rows of Ann and Bo in every store."""
    return {
        "shop": {
            "users": [user(1, "ann", PHONE), user(2, "bo")],
            "orders": [
                {"id": n, "user_id": u, "item": "cup"} for n, u in ((10, 1), (11, 1), (12, 2))
            ],
        },
        "letters": {
            "subscribers": [{"email": f"{n}@example.com", "topic": "tea"} for n in ("ann", "bo")]
        },
        "search": {
            "documents": [{"id": n, "user_id": u, "text": "cup"} for n, u in ((10, 1), (12, 2))]
        },
    }


def erase(floor: Floor, kind: Kind = Kind.DELETION) -> str:
    request_id = ask(floor, kind, ANN)
    work_on(floor, request_id)
    assert request_of(floor, request_id).state is State.FULFILLED
    close_out(floor, request_id)
    return request_id


def rows(floor: Floor, kind: str) -> list[Aftercare]:
    with reading(floor.register) as session:
        return list(session.exec(select(Aftercare).where(Aftercare.kind == kind)))


def look(floor: Floor) -> None:
    """Ring for what is due and do it, as relay and worker would."""
    sweep.aftercare(floor.register, floor.now)
    with transaction(floor.register) as session:
        waiting = session.exec(
            select(OutboxMessage).where(
                OutboxMessage.job == "look_again",
                col(OutboxMessage.sent_at).is_(None),
            )
        ).all()
        ids = [m.args["aftercare_id"] for m in waiting]
        for message in waiting:
            message.sent_at = floor.now()
    for each in ids:
        rechecks.run(floor, each)


def events(floor: Floor, request_id: str) -> list[str]:
    with reading(floor.register) as session:
        return [e.event for e in audit.entries(session, request_id)]


def signed(floor: Floor, request_id: str) -> tuple[str, str, bytes]:
    with reading(floor.register) as session:
        row = session.get_one(ReceiptRow, request_id)
        opened = session.get_one(ReceiptOpening, request_id)
    return row.body, row.signature, opened.salt


def body(floor: Floor, request_id: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(signed(floor, request_id)[0])
    return body
