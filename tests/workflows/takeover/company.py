"""A company whose people's contacts are on file, and an impostor's way in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from rights.domain.kinds import Kind, default_option
from rights.domain.levels import Acr
from rights.services import (
    intake,
    not_me,
    proving,
    requests,
    subjects,
    submission,
    verification,
)
from rights.store.db import reading, transaction
from rights.store.models import (
    OutboxMessage,
    Request,
    Staff,
)
from tests.workflows.desk import text_of
from tests.workflows.house import Clock, floor_over, request_of
from workflows import jobs
from workflows.embedded.smtp import Sink
from workflows.floor import Floor
from workflows.notices.send import send_due

MAP = """
version: 1
controller: {name: {zh: 示例公司, en: Sample Company}, dpo_contact: privacy@example.com}
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
  second: {kind: contact, normalise: email}
  phone: {kind: contact, normalise: e164}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
stores:
- name: shop
  connector: memory
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none, source: provided}
  collections:
  - name: users
    key: [id]
    identifies: {user_id: id, email: email, phone: phone}
    fields:
    - {name: email, category: contact, disclose: true, contact: {changed_at: email_changed_at}}
    - {name: phone, category: contact, disclose: true}
- name: letters
  connector: memory
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none, source: provided}
  collections:
  - name: readers
    key: [id]
    identifies: {user_id: user_id, second: email}
    fields:
    - {name: email, category: contact, disclose: true}
"""

ANN, OLD, NEW = "u-1", "ann.old@mail.example", "ann@mail.example"
EVE = "eve@mail.example"
BASE = "http://127.0.0.1:8080"


def _rows() -> dict[str, Any]:
    user = {"id": ANN, "email": NEW, "phone": "+8613800138000", "email_changed_at": None}
    other = {"id": "u-2", "email": "bo@mail.example", "phone": "", "email_changed_at": None}
    return {
        "shop": {"users": [user, other]},
        "letters": {"readers": [{"id": 1, "user_id": ANN, "email": OLD}]},
    }


@dataclass
class Company:
    """A company with an owner of an account, and somebody who is not her."""

    folder: Path
    sink: Sink
    rows: dict[str, Any] = field(default_factory=_rows)
    clock: Clock = field(default_factory=Clock)
    floor: Floor = field(init=False)

    def __post_init__(self) -> None:
        smtp = {"smtp_host": self.sink.host, "smtp_port": self.sink.port}
        settings = {**smtp, "mail_from": "rights@mall.example", "backoff_s": (5.0,)}
        self.floor = floor_over(self.folder, MAP, self.rows, self.clock, **settings)

    @property
    def user(self) -> dict[str, Any]:
        found: dict[str, Any] = self.rows["shop"]["users"][0]
        return found

    def ask(self, kind: Kind, who: dict[str, str], *, acr: Acr | None = None, **more: Any) -> str:
        """Submit a request: with *acr* the product vouches, without it everything is typed."""
        context = self.floor.context
        known = subjects.cleaned(context.datamap, who)
        attested = frozenset(known) if acr else frozenset()
        more.setdefault("option", default_option(kind))
        new = intake.Submission(kind, identifiers=known, attested=attested, acr=acr, **more)
        with transaction(self.floor.register) as session:
            return submission.take(session, context, new, now=self.clock())[0].id

    def prove(self, request_id: str, name: str = "email") -> None:
        """Answer the code at an address."""
        context = self.floor.context
        self.clock.on(seconds=1)  # the newest code is the one that works
        with transaction(self.floor.register) as session:
            request = requests.locked(session, request_id)
            rows = subjects.identifier_rows(session, request_id)
            (contact,) = (r for r in rows if r.type == name)
            made = verification.challenge(session, context, request, contact, now=self.clock())
            code = verification.code_of(context, made)
            assert proving.answer(
                session, context, request, code=code, proof=None, cap=2, now=self.clock()
            )

    def copy(self, **more: Any) -> str:
        """Ask for a copy with a session and a code: what a hijacked account has."""
        request_id = self.ask(Kind.COPY, {"user_id": ANN, "email": NEW}, acr=Acr.SESSION, **more)
        self.prove(request_id)
        return request_id

    def work(self) -> None:
        """Let workers do what the outbox asks for now, as the relay would hand it to them."""
        jobs.at(self.floor)
        while True:
            now = self.clock()
            with transaction(self.floor.register) as session:
                due = session.exec(
                    select(OutboxMessage)
                    .where(col(OutboxMessage.sent_at).is_(None))
                    .order_by(col(OutboxMessage.id))
                ).all()
                due = [m for m in due if m.not_before is None or m.not_before <= now]
                for message in due:
                    message.sent_at = now
                ringing = [(m.job, dict(m.args)) for m in due]
            if not ringing:
                return
            for job, args in ringing:
                jobs.JOBS[job](*args.values())

    def send(self) -> list[tuple[str, str]]:
        """Send the mail; return address and text of what arrived just now."""
        before = len(self.sink.messages)
        while send_due(self.floor.register, self.floor.context, self.clock):
            pass
        return [(m["X-Envelope-To"], text_of(m)) for m in self.sink.messages[before:]]

    def told(self) -> dict[str, str]:
        """Work and send; return the warnings by address."""
        self.work()
        return {to: text for to, text in self.send() if "Reference of this message" in text}

    def not_me(self, text: str) -> None:
        """Open the link of a mail and press the button."""
        token = link_in(text)
        with transaction(self.floor.register) as session:
            not_me.say(session, self.floor.context, token, now=self.clock())

    def request(self, request_id: str) -> Request:
        return request_of(self.floor, request_id)

    def all(self, model: Any) -> list[Any]:
        with reading(self.floor.register) as session:
            return list(session.exec(select(model)))

    def staff(self, *roles: str) -> Staff:
        with transaction(self.floor.register) as session:
            made = Staff(name="-".join(roles), roles=list(roles), created_at=self.clock())
            session.add(made)
            return made

    def release(self, request_id: str, *roles: str, reason: str = "she came to the shop") -> None:
        staff = self.staff(*(roles or ("verifier",)))
        with transaction(self.floor.register) as session:
            request = requests.locked(session, request_id)
            not_me.release(
                session, self.floor.context, request, staff, reason=reason, now=self.clock()
            )


def link_in(text: str, base: str = BASE) -> str:
    """Return the token of the link in a mail."""
    found = re.search(rf"{re.escape(base)}/portal/not-me\?w=(\S+)", text)
    assert found is not None, text
    return found[1]
