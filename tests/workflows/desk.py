"""A register with a mail server beside it, for tests of what is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from connectors.sdk import KeySet, Receipt
from rights.domain.actions import Action
from rights.domain.kinds import Kind, default_option
from rights.services import intake, requests, subjects
from rights.store.db import reading, transaction
from rights.store.models import ExtensionRow, KeyringRow, Notice, Request, StepRow, StepState
from tests.services.registers import NOW
from tests.workflows.house import Clock, ask, floor_over
from workflows.embedded.smtp import Sink
from workflows.finish import finish
from workflows.floor import Floor
from workflows.keyring import sealed_keys
from workflows.notices.send import send_due
from workflows.plan import Plan, Step

MAP = """
version: 1
controller:
  name: {zh: 示例商城有限公司, en: Example Mall Ltd}
  dpo_contact: privacy@example.com
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
purposes:
- {name: service, title: {zh: 提供服务, en: the service}, basis: contract, necessary: true}
- {name: ads, title: {zh: 广告, en: advertising}, basis: consent}
switches:
- {name: personalised, collection: shop.users, column: personalised}
- {name: "purpose:ads", collection: shop.users, column: ads}
stores:
- name: shop
  title: {zh: 商城, en: Shop}
  connector: memory
  owner: commerce
  role: controller
  classification: general
  location: {country: CN, region: cn-east-1}
  defaults: {basis: contract, purposes: [service], retention: none, source: provided}
  collections:
  - name: users
    title: {zh: 账号资料, en: Your account}
    key: [id]
    identifies: {user_id: id, email: email}
    erasure: anonymise
    fields:
    - {name: id, category: account, disclose: true, erasure: keep, because: An invented number}
    - {name: email, category: contact, disclose: true}
    - {name: personalised, category: preference, disclose: true}
    - {name: ads, category: preference, disclose: true}
  - name: orders
    title: {zh: 订单, en: Orders}
    key: [number]
    links: [{columns: [user_id], to: users, role: owner}]
    restriction: {strategy: flag, column: restricted, value: true}
    retention: {period: 3y, from: created_at,
      basis: {zh: 《电子商务法》第三十一条, en: Art. 31 of the E-Commerce Law of China}, rank: law}
    fields:
    - {name: number, category: transaction, disclose: true}
    - {name: user_id, category: account, disclose: true}
    - {name: restricted, category: account}
    - {name: created_at, title: {zh: 下单时间, en: Ordered}, category: time, disclose: true}
  - name: reviews
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields:
    - {name: id, category: content, disclose: true}
    - {name: user_id, category: account, disclose: true}
- name: files
  title: {zh: 文件, en: Files}
  connector: memory
  owner: commerce
  role: controller
  classification: general
  location: {country: CN, region: cn-east-1}
  defaults: {basis: contract, purposes: [service], retention: none, source: provided}
  collections:
  - name: uploads
    title: {zh: 上传的文件, en: Uploads}
    key: [id]
    links: [{columns: [user_id], to: shop.users, role: owner}]
    fields:
    - {name: id, category: file, disclose: true}
    - {name: user_id, category: account, disclose: true}
"""

EMAIL = "Wang.Fang@mail.example"


class Desk:
    """One deployment's register, clock and way of sending."""

    def __init__(
        self, folder: Path, smtp: tuple[str, int], *, register_url: str = "", **settings: Any
    ) -> None:
        self.clock = Clock()
        self.clock.at = NOW
        self.floor: Floor = floor_over(
            folder,
            MAP,
            {},
            self.clock,
            register_url=register_url,
            smtp_host=smtp[0],
            smtp_port=smtp[1],
            mail_from="rights@mall.example",
            **settings,
        )
        self.register, self.context = self.floor.register, self.floor.context

    def close(self) -> None:
        self.register.dispose()

    def typed(self, kind: Kind = Kind.ACCESS, email: str = EMAIL, **more: Any) -> str:
        """Submit a request of somebody who only typed an address; return its id."""
        who = subjects.cleaned(self.context.datamap, {"email": email})
        new = intake.Submission(kind, default_option(kind), identifiers=who, **more)
        with transaction(self.register) as session:
            request, _ = intake.submit(session, self.context, new, now=self.clock())
            return request.id

    def proved(self, kind: Kind, **more: Any) -> str:
        """Submit a request of somebody whose backend vouches for account and address."""
        return ask(self.floor, kind, {"user_id": "u1", "email": EMAIL}, **more)

    def answer(self, request_id: str, done: Sequence[StepRow], plan: Plan) -> None:
        """Close a request whose steps are *done*."""
        with transaction(self.register) as session:
            request = requests.locked(session, request_id)
            session.add_all(done)
            frozen = sealed_keys(self.context.vault, request_id, KeySet())
            at = self.clock()
            session.add(KeyringRow(request_id=request_id, sealed=frozen, created_at=at))
            session.flush()
            finish(session, self.floor, request, done, plan, now=self.clock())

    def send(self, **more: Any) -> int:
        return send_due(self.register, self.context, self.clock, **more)

    def notices(self, request_id: str = "") -> list[Notice]:
        query = select(Notice).order_by(col(Notice.created_at), col(Notice.id))
        if request_id:
            query = query.where(Notice.request_id == request_id)
        with reading(self.register) as session:
            return list(session.exec(query))

    def request(self, request_id: str) -> Request:
        with reading(self.register) as session:
            return session.get_one(Request, request_id)


def steps_of(request_id: str) -> tuple[list[StepRow], Plan]:
    """Five lines: done, held, nothing there, not feasible, done for somebody else too."""
    erased = {
        "shop.users": Receipt(affected=1),
        "shop.orders": Receipt(
            affected=4, retained=2, because="Art. 31 of the E-Commerce Law of China"
        ),
        "shop.reviews": Receipt(),
    }
    wanted = [
        (Step(1, Action.ERASE, "shop", tuple(erased)), StepState.DONE, erased, ""),
        (Step(1, Action.ERASE, "files", ("files.uploads",)), StepState.LEFT_OUT, {}, "infeasible"),
        (
            Step(2, Action.CORRECT, "shop", ("shop.users",)),
            StepState.DONE,
            {"shop.users": Receipt(affected=3, at_least=True, decorrelated=1)},
            "",
        ),
    ]
    rows = [
        StepRow(
            id=f"{request_id}-{step.name}",
            request_id=request_id,
            phase=step.phase,
            action=step.action,
            store=step.store,
            state=state,
            code=code,
            result={"collections": {p: asdict(r) for p, r in result.items()}},
        )
        for step, state, result, code in wanted
    ]
    return rows, Plan(tuple(step for step, *_ in wanted), config_hash="ab" * 32)


def longer(session: Session, notice: Notice) -> None:
    """Have a notice tell of more time."""
    request = session.get_one(Request, notice.request_id)
    row = ExtensionRow(
        request_id=request.id,
        reason="complexity",
        said_id="",
        asked_by="staff:1",
        asked_at=notice.created_at,
        notice_id=notice.id,
        first_due_at=request.promised_at,
        due_at=request.due_at,
        promised_at=request.promised_at,
    )
    session.add(row)


def text_of(mail: EmailMessage) -> str:
    """Return what a reader of plain text sees."""
    return _part(mail, "plain")


def html_of(mail: EmailMessage) -> str:
    """Return what a reader of HTML sees, as source."""
    return _part(mail, "html")


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def only(sink: Sink) -> EmailMessage:
    """Return the one mail that arrived."""
    assert len(sink.messages) == 1
    return sink.messages[0]
