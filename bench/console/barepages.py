"""
The bare pages: Flask and Jinja with one plain query each, as somebody writes them by hand.

They know nobody and check nothing. Run as ``gunicorn bench.console.barepages:application``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any, Final

import psycopg
from flask import Flask, Response, render_template
from flask import request as call
from jinja2 import DictLoader

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>requests</title></head><body>
{% for rows in tables %}<table>{% for row in rows %}
<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}
</table>{% endfor %}</body></html>
"""
_LIST: Final = (
    "SELECT r.id, r.kind, r.option, r.state, r.wait, r.channel, r.received_at, r.promised_at,"
    " r.closed_at, a.staff_id FROM request r LEFT JOIN assignment a ON a.request_id = r.id WHERE "
)
_OPEN: Final = "r.closed_at IS NULL"
_RUNNING: Final = f"{_OPEN} AND r.state IN ('in_progress', 'on_hold')"
_MINE: Final = "r.id IN (SELECT request_id FROM assignment WHERE staff_id = %(me)s)"
_BY: Final = " ORDER BY r.promised_at, r.id LIMIT 51"
_TEN: Final = " ORDER BY r.promised_at, r.id LIMIT 10"
_QUEUE: Final = (
    "SELECT r.id, r.kind, r.promised_at FROM {} x JOIN request r ON r.id = x.request_id"
    " WHERE {} ORDER BY r.promised_at LIMIT 200"
)
_ENDING: Final = (
    "SELECT * FROM held_rows WHERE latest BETWEEN now() - interval '90 days'"
    " AND now() + interval '30 days' ORDER BY latest LIMIT 100"
)
_TRAIL: Final = (
    "SELECT * FROM entry WHERE chain BETWEEN 'day:' || (now() - interval '6 days')::date"
    " AND 'day:' || now()::date {} ORDER BY chain DESC, seq DESC LIMIT 51"
)
_ONE: Final = " WHERE request_id = %(full)s"
_PACKED: Final = " WHERE request_id = %(packed)s"
_STEPS: Final = f"SELECT phase, action, store, state FROM step{_PACKED} ORDER BY phase"
_APPEALED: Final = " WHERE request_id = %(appealed)s"
_LETTERS: Final = (
    "SELECT t.state, count(*) FROM incident_told t JOIN incident_letter l ON l.id = t.letter_id"
    " WHERE l.incident_id = %(incident)s GROUP BY t.state"
)

QUERIES: Final[dict[str, tuple[str, ...]]] = {
    "overview": (
        f"{_LIST}{_RUNNING} AND r.promised_at < now(){_TEN}",
        f"{_LIST}{_RUNNING} AND r.promised_at BETWEEN now() AND now() + interval '1 day'{_TEN}",
        f"{_LIST}{_OPEN} AND {_MINE}{_TEN}",
        "SELECT wait, count(*) FROM request WHERE closed_at IS NULL GROUP BY wait",
        "SELECT body FROM figures",
    ),
    "list": (f"{_LIST}{_OPEN}{_BY}",),
    "second": (f"{_LIST}{_OPEN} AND r.promised_at > now(){_BY}",),
    "kind": (f"{_LIST}{_OPEN} AND r.kind = 'deletion'{_BY}",),
    "late": (f"{_LIST}{_RUNNING} AND r.promised_at < now(){_BY}",),
    "newest": (f"{_LIST}true ORDER BY r.received_at DESC, r.id DESC LIMIT 51",),
    "all": (f"{_LIST}true{_BY}",),
    "words": (f"{_LIST}r.channel LIKE '%%letter%%' OR r.reason LIKE '%%letter%%'{_BY}",),
    "no_words": (f"{_LIST}r.channel LIKE '%%zzz%%' OR r.reason LIKE '%%zzz%%'{_BY}",),
    "reference": (f"{_LIST}r.id = %(full)s{_BY}",),
    "regime": (f"{_LIST}CAST(r.regimes AS text) LIKE '%%br_lgpd%%'{_BY}",),
    "mine": (f"{_LIST}{_OPEN} AND {_MINE}{_BY}",),
    "request": (
        f"{_LIST}r.id = %(full)s",
        f"SELECT phase, action, store, state, note FROM step{_ONE} ORDER BY phase",
        "SELECT at, event, actor, data FROM entry WHERE chain = %(full)s ORDER BY seq",
        f"SELECT hash, body FROM plan{_ONE}",
    ),
    "waiting": (
        _QUEUE.format("plan", f"{_OPEN} AND wait = 'approval'"),
        _QUEUE.format("step", "x.state IN ('manual', 'failed')"),
        _QUEUE.format("denial_proposal", "x.outcome = ''"),
        _QUEUE.format("appeal", "x.decided_at IS NULL"),
        "SELECT id, promised_at FROM complaint WHERE answered_at IS NULL LIMIT 200",
    ),
    "holds": (
        "SELECT * FROM legal_hold WHERE released_at IS NULL LIMIT 100",
        _ENDING,
    ),
    "hold": ("SELECT * FROM legal_hold WHERE id = %(one)s",),
    "rechecks": (
        "SELECT * FROM aftercare WHERE kind = 'recheck' ORDER BY created_at DESC LIMIT 51",
    ),
    "incidents": ("SELECT * FROM security_incident ORDER BY discovered_at DESC LIMIT 50",),
    "reports": ("SELECT name, head_seq FROM day_chain LIMIT 100",),
    "trail": (_TRAIL.format(""), "SELECT * FROM checkpoint ORDER BY id DESC LIMIT 1"),
    "trail_of_event": (_TRAIL.format("AND event = 'person_looked_up'"),),
    "organisation": ("SELECT * FROM duty_term",),
    "settings": ("SELECT * FROM setting_value",),
    "products": ("SELECT * FROM backend", "SELECT backend_id, created_at FROM backend_key"),
    "staff": ("SELECT id, name, roles FROM staff",),
    "account": ("SELECT id, created_at FROM staff_session WHERE staff_id = %(me)s",),
    "stores": (
        "SELECT * FROM store_status",
        "SELECT store, count(*) FROM store_turn GROUP BY store",
    ),
    "find": (f"{_LIST}r.id IN (SELECT request_id FROM identifier WHERE blind = %(full)s){_BY}",),
    "find_form": ("SELECT 1",),
    "store": ("SELECT * FROM store_status WHERE store = 'shop'",),
    "trail_of_request": ("SELECT * FROM entry WHERE chain = %(full)s ORDER BY seq DESC LIMIT 51",),
    "request_packed": (f"{_LIST}r.id = %(packed)s", f"SELECT * FROM package{_PACKED}", _STEPS),
    "request_appealed": (
        f"{_LIST}r.id = %(appealed)s",
        f"SELECT * FROM appeal{_APPEALED}",
        f"SELECT * FROM denial_proposal{_APPEALED}",
    ),
    "package": ("SELECT * FROM lookup WHERE id = %(sample)s",),
    "passages": ("SELECT * FROM lookup WHERE id = %(passages)s",),
    "messages": ("SELECT * FROM writing WHERE request_id = %(written)s ORDER BY created_at",),
    "letter": ("SELECT * FROM writing WHERE id = %(letter)s",),
    "appeal": (f"SELECT * FROM writing{_APPEALED}",),
    "appeals": ("SELECT * FROM appeal ORDER BY received_at DESC, id DESC LIMIT 51",),
    "complaints": ("SELECT * FROM complaint ORDER BY received_at DESC, id DESC LIMIT 51",),
    "proposal": (f"SELECT * FROM writing{_APPEALED}",),
    "incidents_csv": ("SELECT * FROM security_incident LIMIT 10000",),
    "incident": (
        "SELECT * FROM security_incident WHERE id = %(incident)s",
        "SELECT * FROM incident_clock WHERE incident_id = %(incident)s",
        _LETTERS,
    ),
    "complaint": ("SELECT * FROM complaint WHERE id = %(one)s",),
    "complaint_opened": ("SELECT * FROM writing WHERE id = %(one)s",),
    "log": ("SELECT id, name FROM backend",),
    "report_asked": ("SELECT id FROM asked_report WHERE state = 'made' ORDER BY asked_at LIMIT 1",),
    "report_waits": ("SELECT id, state FROM asked_report WHERE id = %(waits)s",),
    "report_made": ("SELECT body FROM asked_report WHERE id = %(figures)s",),
    "report_audit": ("SELECT body FROM asked_report WHERE id = %(evidence)s",),
    "report_file": ("SELECT body FROM asked_report WHERE id = %(figures)s",),
    "signed_evidence": ("SELECT id, state FROM asked_report WHERE id = %(one)s",),
    "lost_events": (
        (
            "SELECT id, event FROM webhook_delivery WHERE subscription_id = %(one)s"
            " AND state = 'dead' ORDER BY created_at, id LIMIT 51"
        ),
    ),
    "passkeys": ("SELECT id FROM staff_session WHERE staff_id = %(me)s",),
    "csv": (f"{_LIST}{_OPEN} ORDER BY r.promised_at, r.id LIMIT 1000",),
}
"""What a page needs at the least."""

_GIVEN: Final = {"me": os.environ.get("BARE_STAFF", ""), "full": os.environ.get("BARE_REQUEST", "")}

application = Flask("bare")
application.jinja_loader = DictLoader({"page.html": _PAGE})
_local = threading.local()


@application.get("/<name>")
def page(name: str) -> Response | str:
    """Show what one page shows."""
    given = _GIVEN | dict(call.args)
    tables = [_connection().execute(query, given).fetchall() for query in QUERIES[name]]
    if name.endswith("csv"):
        return Response(_lines(tables[0]), content_type="text/csv")
    return render_template("page.html", tables=tables)


def _lines(rows: list[tuple[Any, ...]]) -> Iterator[str]:
    for row in rows:
        yield ",".join(map(str, row)) + "\r\n"


def _connection() -> psycopg.Connection:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(os.environ["BARE_DSN"], autocommit=True)
    found: psycopg.Connection = _local.connection
    return found
