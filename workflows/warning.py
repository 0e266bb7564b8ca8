"""
Tell the contacts on file: look them up, and queue a mail to each.

Nothing waits for it. A store that cannot be asked is asked again, with growing pauses; the
request goes on, and before anything is given away or destroyed for it the step that makes its plan
queues the same mails from what it froze.
"""

from __future__ import annotations

from rights.domain.errors import ConfigError, ConnectorError
from rights.logs import get
from rights.services import contact_warnings, requests, subjects, warnings_due
from rights.store.db import reading, transaction
from rights.store.models import Request
from workflows.contacts import on_file
from workflows.floor import Floor
from workflows.visits import visit


def run(floor: Floor, request_id: str) -> None:
    """Tell the contacts on file what they are still to be told about a request."""
    with reading(floor.register) as session:
        request = session.get(Request, request_id)
        due = [row.event for row in warnings_due.waiting(session, request_id)]
        rows = subjects.identifier_rows(session, request_id)
        given = subjects.opened(floor.context.vault, rows)
    if request is None or not due:
        return
    try:
        with visit(floor):
            found = on_file(floor, floor.plain, given)
    except (ConnectorError, ConfigError) as error:
        _later(floor, request_id, error.code)
        return
    with transaction(floor.register) as session:
        fresh = requests.locked(session, request_id)
        for row in warnings_due.waiting(session, request_id):
            if row.event in due:
                now = floor.now()
                contact_warnings.queue(session, floor.context, fresh, row.event, found, now=now)
                row.next_at = None
                session.add(row)


def _later(floor: Floor, request_id: str, code: str) -> None:
    get().warning("contacts.later", request_id=request_id, code=code)
    with transaction(floor.register) as session:
        for row in warnings_due.waiting(session, request_id):
            warnings_due.later(session, row, floor.now())
