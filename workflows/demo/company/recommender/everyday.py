"""What the recommender is for: the feed people see, and the tier they get."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from workflows.demo.company.recommender.rules import Inputs, decide, feed
from workflows.demo.company.recommender.store import Row, Store
from workflows.demo.company.recommender.tables import catalogue, moment


def feed_for(store: Store, *, user_id: str = "", device_id: str = "") -> Row:
    """
    Return the feed of a signed-in person or of an anonymous device.

    Whoever said no anywhere gets the plain one: the person, or the device they hold.
    """
    device = _one(store, "devices", "device_id", device_id) if device_id else None
    user = user_id or (str(device["user_id"] or "") if device else "")
    profile = _one(store, "profiles", "user_id", user) if user else None
    rows = [row for row in (device, profile) if row is not None]
    wanted = bool(rows) and all(r["personalised"] and not r["restricted"] for r in rows)
    interests = [t["interest"] for t in _rows(store, "tags", "user_id", user)] if wanted else []
    return {"personalised": wanted, "items": feed(catalogue(), interests, personalised=wanted)}


def decide_for(store: Store, user_id: str, now: datetime) -> Row | None:
    """
    Decide again about one person; None when the recommender does not know them.

    Who refused to be judged by a machine alone gets no outcome here: a person decides.
    """
    profile = _one(store, "profiles", "user_id", user_id)
    if profile is None:
        return None
    inputs = Inputs(profile["orders_count"], profile["spent_cents"], profile["account_days"])
    made = decide(inputs)
    by_human = profile["human_required"]
    row = {
        "score": None if by_human else made.score,
        "outcome": None if by_human else made.outcome,
        "state": "pending_human" if by_human else "automatic",
        "model": made.model,
    }
    with store:
        store.add("decisions", {"user_id": int(user_id), **row, "decided_at": moment(now)})
    return row


def _one(store: Store, collection: str, column: str, value: str) -> Row | None:
    return next(iter(_rows(store, collection, column, value)), None)


def _rows(store: Store, collection: str, column: str, value: str) -> list[dict[str, Any]]:
    if not value:
        return []
    return store.find(collection, [{"columns": [column], "keys": [[value]]}], None, 100)
