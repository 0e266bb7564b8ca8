"""A newspaper with a shop, whose staff grant requests in part, and what works for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import select

from rights.store.models import PartProposal, PlanRow, Request
from tests.web.console.clerk import Clerk
from tests.web.house import House
from tests.web.portal.reader import Page
from workflows import jobs
from workflows.embedded.smtp import Sink
from workflows.floor import Floor

MAP = """
version: 1
controller: {name: {zh: 示例公司, en: Sample Company}, dpo_contact: privacy@example.com}
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
stores:
- name: shop
  title: {zh: 商城, en: Shop}
  connector: memory
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none, source: provided}
  collections:
  - name: users
    title: {zh: 账号, en: Accounts}
    key: [id]
    identifies: {user_id: id, email: email}
    fields: [{name: email, category: contact, disclose: true}]
  - name: carts
    title: {zh: 购物车, en: Carts}
    key: [id]
    links: [{columns: [user_id], to: shop.users, role: owner}]
    fields: [{name: what, category: order, disclose: true}]
- name: press
  title: {zh: 新闻, en: Press}
  connector: memory
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none, source: provided}
  collections:
  - name: stories
    title: {zh: 报道, en: Stories}
    key: [id]
    identifies: {user_id: user_id}
    fields: [{name: text, category: article, disclose: true}]
"""
WHO = {"user_id": "u-1", "email": "ann@mail.example"}
FACTS = "The story of 2025 is still read, and names the mayor."
FREE = "freedom_of_expression"
ONE = {"part.press.stories": FREE, "facts": FACTS}


def tables() -> dict[str, Any]:
    return {
        "shop": {
            "users": [{"id": "u-1", "email": WHO["email"]}, {"id": "u-2", "email": "b@x.example"}],
            "carts": [
                {"id": 1, "user_id": "u-1", "what": "tea"},
                {"id": 2, "user_id": "u-2", "what": "salt"},
            ],
        },
        "press": {
            "stories": [
                {"id": 7, "user_id": "u-1", "text": "A day in town"},
                {"id": 8, "user_id": "u-2", "text": "At night"},
            ]
        },
    }


@dataclass
class Paper:
    """A newspaper with a shop: its console, and workers over the same register."""

    house: House
    floor: Floor
    tables: dict[str, Any]
    sink: Sink

    def asked(self, kind: str = "deletion", regime: str = "eu_gdpr", **more: Any) -> str:
        made = str(self.house.asserted(kind, WHO, regimes=[regime], **more)["id"])
        self.work(made)
        return made

    def work(self, request_id: str) -> None:
        jobs.at(self.floor)
        jobs.advance(request_id)

    def request(self, request_id: str) -> Request:
        with self.house.reading() as session:
            found: Request = session.get_one(Request, request_id)
        return found

    def plan(self, request_id: str) -> PlanRow:
        with self.house.reading() as session:
            found: PlanRow = session.get_one(PlanRow, request_id)
        return found

    def proposal(self) -> PartProposal:
        with self.house.reading() as session:
            found: PartProposal = session.exec(
                select(PartProposal).where(PartProposal.outcome == "")
            ).one()
        return found


def left_out(paper: Paper, request_id: str, first: Clerk, second: Clerk, **said: str) -> Page:
    """Let two people leave something out; return the page that the second one is shown."""
    first.act(request_id, "propose_parts", **said)
    second.reader.send(second.get(f"/requests/{request_id}"), "/open/parts")
    done = second.act(request_id, "confirm_parts")
    assert "Left out; the plan is made anew" in done.text
    paper.work(request_id)
    return second.get(f"/requests/{request_id}")


def whose(paper: Paper, store: str, name: str) -> list[str]:
    """Return whose rows a collection has."""
    return [row.get("user_id") or row["id"] for row in paper.tables[store][name]]
