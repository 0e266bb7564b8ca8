"""Staff at the command line, and requests that have ended: for tests of what people write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from sqlmodel import select

from rights.domain.lifecycle import Event
from rights.services import requests as lifecycle
from rights.store.models import Request, Staff
from tests.web.house import KEYS, SEED, House
from workflows.cli import cli
from workflows.notices.alert_mail import Done

STAFF = {
    "ana": ["approver"],
    "rui": ["reviewer"],
    "wei": ["approver", "legal"],
    "otto": ["auditor"],
    "vera": ["verifier"],
    "bot": ["approver", "automation"],
}
STRANGE = "<script>alert(1)</script> \u202egnirts\u202c a\u200bb \U0001f469\u200d\U0001f467 & \"'"
"""What somebody may write: markup, marks that turn or hide text, a family, quotes."""


class Office:
    """The privacy team of a house, and what its relay knows of mails about clocks."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.folder = house, folder
        self.alerted: Done = set()
        with house.writing() as session:
            at = house.clock.now()
            session.add_all(Staff(name=n, roles=r, created_at=at) for n, r in STAFF.items())

    def run(self, *words: str, text: str | bytes = "", typed: str = "") -> Result:
        """Run ``rights``; *text* is the file that ``FILE`` stands for, *typed* comes by ``-``."""
        file = self.folder / "text.txt"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        settings = self.house.context.settings
        environ = {
            "RIGHTS_DATABASE_URL": settings.database_url,
            "RIGHTS_REDIS_URL": settings.redis_url,
            "RIGHTS_BLOBS_URL": settings.blobs_url,
            "RIGHTS_EVIDENCE_URL": settings.evidence_url,
            "RIGHTS_KEYS": KEYS,
            "RIGHTS_SIGNING_KEY": SEED,
            "RIGHTS_DATAMAP": str(settings.datamap),
            **({"RIGHTS_ORGANISATION": str(own)} if (own := settings.organisation) else {}),
        }
        given = [str(file) if word == "FILE" else word for word in words]
        return CliRunner().invoke(cli, given, env=environ, input=typed or None)

    def listed(self, queue: str) -> list[dict[str, Any]]:
        """Return what a queue of the command line lists."""
        done = self.run(queue, "list", "--json")
        assert done.exit_code == 0, done.output
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def id_of(self, name: str) -> str:
        with self.house.reading() as session:
            return str(session.exec(select(Staff.id).where(Staff.name == name)).one())

    def ended(self, request_id: str, event: Event, *, by: str = "ana", reason: str = "") -> None:
        """End a request as a member of staff, or the work, would."""
        with self.house.writing() as session:
            request = session.get_one(Request, request_id)
            request.reason = reason
            actor = f"staff:{self.id_of(by)}" if by else "system"
            now = self.house.clock.now()
            lifecycle.record(session, request, event, actor=actor, now=now)

    def denied(self, request_id: str, *, by: str = "ana") -> None:
        """Deny a request."""
        self.ended(request_id, Event.DENIED, by=by, reason="no_ground")


def request_of(house: House, request_id: str) -> Request:
    """Return a request as it is now."""
    with house.reading() as session:
        found: Request = session.get_one(Request, request_id)
    return found


def code(result: Any) -> str:
    """Return the code of the error with which a command ended, as exit 1."""
    assert result.exit_code == 1, result.output
    return str(getattr(result.exception, "code", result.exception))
