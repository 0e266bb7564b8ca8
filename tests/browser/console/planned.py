"""Requests as workers leave them: with a plan that waits, with steps that failed or are by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from rights.domain.lifecycle import Event, Wait
from rights.services import plans, requests
from rights.store.models import (
    ContentApproval,
    JournalRow,
    PlanRow,
    Request,
    StepRow,
    StepState,
)
from tests.web.console.clerk import id_of
from tests.web.house import House

HASH: Final = "9175e8cd" * 8
_COUNTS: Final = {
    "shop.users": {"rows": 1},
    "shop.orders": {"rows": 14, "restricted": 0, "bytes": 2240, "sole": 14},
    "recommender.tags": {"rows": 26},
}
_KEPT: Final = {"code": "ecom_trade_3y", "rank": "law", "basis": "《电子商务法》第三十一条"}
_LINES: Final[tuple[dict[str, Any], ...]] = (
    {"store": "recommender", "collection": "tags"},
    {
        "store": "shop",
        "collection": "users",
        "deleted": 0,
        "anonymised": 1,
        "reasons": [{"what": "anonymised", "rows": 1, "code": "data_map", "basis": ""}],
    },
    {
        "store": "shop",
        "collection": "orders",
        "deleted": 11,
        "held": 3,
        "reasons": [{"what": "held", "rows": 3, **_KEPT, "until": "2027-07-01"}],
    },
)
_OUTLOOK: Final = {
    "collections": [{"action": "erase", **line} for line in _LINES],
    "unknown": ["recommender.tags"],
}
_GROUNDS: Final = {path: {"purpose_achieved": True, "unlawful": False} for path in _COUNTS}
_SAMPLE: Final = {
    "shop.users": [
        {
            "email": {"kind": "email", "starts": "a", "length": 17},
            "nickname": {"kind": "text"},
            "birthday": {"kind": "time"},
        }
    ],
    "shop.orders": [{"state": {"kind": "text"}, "done_at": {"kind": "time"}}],
}
_STEPS: Final = (
    (0, "prepare", "", ()),
    (3, "erase", "recommender", ("recommender.tags",)),
    (4, "erase", "shop", ("shop.users", "shop.orders")),
    (6, "verify", "shop", ()),
)


def approval(house: House, request_id: str) -> None:
    """Let it wait for somebody to approve its plan, with a sample to look at."""
    _plan(house, request_id, needs_approval=True)
    _steps(house, request_id, (StepState.DONE, *[StepState.TODO] * 3))
    with house.writing() as session:
        now = house.clock.now()
        plans.keep_sample(session, house.context.vault, request_id, _SAMPLE, now)
    _wait(house, request_id, Wait.APPROVAL)


def trouble(house: House, request_id: str) -> None:
    """Let one of its steps have failed."""
    _plan(house, request_id)
    _steps(house, request_id, (StepState.DONE, StepState.DONE, StepState.FAILED, StepState.TODO))
    _wait(house, request_id, Wait.TASK)


def by_hand(house: House, request_id: str) -> None:
    """Let one of its steps be for a person to do."""
    _plan(house, request_id)
    _steps(house, request_id, (StepState.DONE, StepState.MANUAL, StepState.TODO, StepState.TODO))
    _wait(house, request_id, Wait.TASK)


def _plan(house: House, request_id: str, **more: Any) -> None:
    steps = [
        {
            "phase": phase,
            "action": action,
            "store": store,
            "part": "",
            "collections": list(collections),
            "manual": "",
        }
        for phase, action, store, collections in _STEPS
    ]
    body: dict[str, Any] = {"steps": steps, "counts": _COUNTS, "holds": {}, "warnings": []}
    body |= {"outlook": _OUTLOOK, "grounds": _GROUNDS}
    row = PlanRow(
        request_id=request_id,
        config_hash="c",
        schema_hash="s",
        hash=HASH,
        body=body,
        created_at=house.clock.now(),
        **more,
    )
    with house.writing() as session:
        session.add(row)


def _steps(house: House, request_id: str, states: Sequence[StepState]) -> None:
    now = house.clock.now()
    with house.writing() as session:
        for (phase, action, store, collections), state in zip(_STEPS, states, strict=True):
            name = f"{request_id}-{phase:02}-{action}" + (f"-{store}" if store else "")
            row = StepRow(id=name, request_id=request_id, phase=phase, action=action, store=store)
            row.state = state
            if state is StepState.DONE:
                row.done_at, row.done_by = now + timedelta(minutes=2), "system"
                session.add_all(_touched(row, one) for one in collections)
            if state is StepState.FAILED:
                row.code, row.note, row.attempts = "store_unavailable", "connection refused", 3
            if state is StepState.MANUAL:
                row.note = "the connector http_backend cannot erase"
            session.add(row)


def _touched(row: StepRow, collection: str) -> JournalRow:
    given: dict[str, Any] = {"step_id": row.id, "request_id": row.request_id, "at": row.done_at}
    return JournalRow(chunk=0, fence=1, collection=collection, phase="done", affected=26, **given)


def _wait(house: House, request_id: str, wait: Wait) -> None:
    now = house.clock.now()
    with house.writing() as session:
        request = session.get_one(Request, request_id)
        request.wait = wait
        data = {"wait": str(wait)}
        requests.record(session, request, Event.HELD, actor="system", now=now, data=data)


SAMPLED: Final = [
    {
        "path": path,
        "long": False,
        "rows": [
            {
                "id": {"kind": "number"},
                "email": {"kind": "email", "starts": "a", "length": 17},
                "phone": {"kind": "mobile"},
                "body": {"kind": "text", "starts": "你", "length": count},
            }
            for count in (18, 240, 31)
        ],
    }
    for path in ("shop.users", "shop.messages")
]
"""What a worker answers with of a package."""

TAKEN_OUT: Final = [
    {
        "number": number,
        "collection": "shop.messages",
        "record": number,
        "field": "body",
        "what": what,
        "value": value,
    }
    for number, what, value in ((1, "mobile", "13900139000"), (2, "email", "bob@example.com"))
]
"""What was taken out of a copy as somebody else's."""


def packed(house: House, request_id: str) -> None:
    """Let steps have read for a package, and taken something out of it."""
    found: list[tuple[str, list[str], int, list[Any]]] = [
        ("shop.users", ["email", "phone"], 1, []),
        ("shop.orders", ["total"], 31, []),
    ]
    found.append(("shop.messages", ["body"], 12, [["body", "mobile", 1], ["body", "email", 1]]))
    collections = [
        {
            "collection": name,
            "columns": columns,
            "records": records,
            "documents": 0,
            "document_bytes": 0,
            "parts": [["records", 0, 900 * records, records]],
            "dropped": [],
            "redacted": redacted,
        }
        for name, columns, records, redacted in found
    ]
    spool = {"store": "shop", "file": {}, "collections": collections}
    place = {"key": "apart/1.jsonl", "file_id": "f" * 32, "size": 70}
    made: dict[str, Any] = {"request_id": request_id, "state": StepState.DONE}
    with house.writing() as session:
        for phase, action, result in (
            (1, "collect", {"spool": spool}),
            (2, "package", {"apart": place}),
        ):
            step = f"{request_id}-0{phase}-{action}"
            session.add(StepRow(id=step, phase=phase, action=action, result=result, **made))


def let(house: House, request_id: str, name: str) -> None:
    """Let a colleague have approved that somebody opens what a minor's request says."""
    now, (asks, agrees) = house.clock.now(), (id_of(house, one) for one in (name, "wei"))
    given: dict[str, Any] = {"asked_at": now, "approved_at": now, "approved_by": agrees}
    with house.writing() as session:
        made = ContentApproval(request_id=request_id, asked_by=asks, purpose="answer", **given)
        made.expires_at = now + timedelta(hours=2)
        session.add(made)
