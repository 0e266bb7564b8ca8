"""A ground against one piece does not defeat the rest, and the letter says what it was."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlmodel import select

from connectors.memory import Memory
from connectors.sdk import Receipt, Refused
from rights.domain.kinds import Kind
from rights.domain.levels import Acr
from rights.services import tasks
from rights.store.db import reading, transaction
from rights.store.models import Package, Staff
from tests.workflows.house import Clock, floor_over, lying
from tests.workflows.takeover.company import Company
from workflows.embedded.smtp import Sink
from workflows.packing import files_of

STORE = """
- name: {name}
  title: {{zh: {zh}, en: {en}}}
  connector: memory
  role: controller
  classification: general
  defaults: {{basis: contract, purposes: [service], retention: none, source: provided}}
  collections:
  - name: {rows}
    key: [id]
    {found}
    fields:
    - {{name: {field}, category: {category}, disclose: true, relates_to: {whose}}}
"""
MAP = """
version: 1
controller: {name: {zh: 示例公司, en: Sample Company}, dpo_contact: privacy@example.com}
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
stores:""" + "".join(
    (
        STORE.format(
            name="shop", zh="商城", en="Shop", rows="users", field="email", category="contact",
            found="identifies: {user_id: id, email: email}", whose="self",
        ),
        STORE.format(
            name="parcels", zh="物流", en="Parcels", rows="sent", field="city", category="address",
            found="links: [{columns: [user_id], to: shop.users, role: owner}]", whose="self",
        ),
        STORE.format(
            name="chat", zh="聊天", en="Chat", rows="messages", field="body", category="chat",
            found="links: [{columns: [user_id], to: shop.users, role: owner}]", whose="mixed",
        ),
    )
)  # fmt: skip
ANN, OTHER = "ann@mail.example", "13900139000"


def _rows() -> dict[str, Any]:
    said = f"Call Bob: {OTHER}. See you!"
    return {
        "shop": {"users": [{"id": "u-1", "email": ANN}]},
        "parcels": {"sent": [{"id": 1, "user_id": "u-1", "city": "Hangzhou"}]},
        "chat": {"messages": [{"id": 1, "user_id": "u-1", "body": said}]},
    }


@pytest.fixture
def company(tmp_path: Path, smtp_sink: Sink) -> Company:
    made = Company(tmp_path, smtp_sink)
    made.floor.register.dispose()
    made.rows, made.clock = _rows(), Clock()
    settings = {"smtp_host": smtp_sink.host, "smtp_port": smtp_sink.port}
    made.floor = floor_over(
        tmp_path, MAP, made.rows, made.clock, mail_from="rights@mall.example", **settings
    )
    return made


def _package(company: Company, request_id: str) -> dict[str, str]:
    floor = company.floor
    with reading(floor.register) as session:
        row = session.exec(select(Package).where(Package.request_id == request_id)).one()
    with ZipFile(BytesIO(b"".join(files_of(floor, row)))) as package:
        return {name: package.read(name).decode("utf-8", "replace") for name in package.namelist()}


@pytest.mark.requirement("R-P50-2")
@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("en", "passages about other people were left out: 1. The copy says where."),
        ("zh-CN", "其中涉及他人的内容未予提供：1。副本中注明了具体位置。"),
    ],
)
def test_two_stores_are_given_whole_and_of_the_third_what_is_the_persons(
    company: Company, locale: str, told: str
) -> None:
    who = {"user_id": "u-1", "email": ANN}
    request_id = company.ask(Kind.COPY, who, acr=Acr.MFA, locale=locale)
    promised = company.request(request_id).promised_at

    company.work()

    assert company.request(request_id).state == "fulfilled"
    assert company.request(request_id).promised_at == promised
    (letter,) = (text for _, text in company.send() if told in text)
    assert letter.count(told) == 1
    whole = _package(company, request_id)
    assert ANN in whole["data/shop/users.jsonl"]
    assert "Hangzhou" in whole["data/parcels/sent.jsonl"]
    assert "Call Bob" in whole["data/chat/messages.jsonl"]
    assert OTHER not in "".join(whole.values())
    assert OTHER not in letter


def _refused(*_: Any) -> Receipt:
    raise Refused("it does not let us")


@pytest.mark.requirement("R-P50-2")
def test_what_is_denied_of_one_store_leaves_the_rest_to_be_given_in_the_same_time(
    company: Company,
) -> None:
    floor, chat = company.floor, company.floor.connector("chat")
    assert isinstance(chat, Memory)
    honest = chat.collect
    lying(chat, collect=_refused)
    request_id = company.ask(Kind.COPY, {"user_id": "u-1", "email": ANN}, acr=Acr.MFA, locale="en")
    promised = company.request(request_id).promised_at
    company.work()
    lying(chat, collect=honest)

    with transaction(floor.register) as session:
        staff = Staff(name="li", roles=["reviewer"], created_at=floor.now())
        session.add(staff)
        session.flush()
        (task,) = tasks.open_tasks(session)
        tasks.leave_out(session, task["step"], staff, now=floor.now(), reason="other_person")
    company.work()

    done = company.request(request_id)
    assert (done.state, done.promised_at) == ("partially_fulfilled", promised)
    (letter,) = (text for _, text in company.send() if "in part" in text)
    said = ("Chat", "It concerns somebody else", "Civil Code, Art. 1034", "people's court")
    assert [words for words in said if words not in letter] == []
    whole = _package(company, request_id)
    assert ANN in whole["data/shop/users.jsonl"]
    assert "Hangzhou" in whole["data/parcels/sent.jsonl"]
    assert not [name for name in whole if name.startswith("data/chat")]
    assert "Call Bob" not in "".join(whole.values())
