"""A register full of work: what privacy staff find on an ordinary morning."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from PIL import Image
from sqlmodel import Session, select

from rights.domain.kinds import Kind, default_option
from rights.domain.lifecycle import Event, State, Wait
from rights.domain.representation import Role
from rights.services import (
    appeals,
    asking,
    complaints,
    content_approvals,
    denial_proposals,
    evidence,
    hold_releases,
    holds,
    incidents,
    messages,
    recipients_told,
    requests,
)
from rights.services.askable import Point
from rights.services.complaints import NewComplaint
from rights.services.console import figures
from rights.services.denials import Said
from rights.services.staff_access import accounts
from rights.store.ids import new_id
from rights.store.models import Evidence, HeldRows, LegalHold, Representation, Request, Staff
from rights.store.sealing import SealedFiles, new_data_key
from tests.browser.console import planned, shops
from tests.web.house import ALICE, BOB, House
from tests.web.portal.test_following import close
from tests.web.recipients import MILL

TEAM: Final[dict[str, tuple[str, ...]]] = {
    "rui": ("reviewer",),
    "ana": ("approver", "legal"),
    "wei": ("approver", "legal"),
    "vera": ("verifier",),
    "otto": ("auditor",),
    "ada": ("admin", "auditor"),
}
LETTER: Final = "请问我的请求什么时候能办完？"
DISAGREES: Final = "我不同意这个决定，订单早就完成了。"
FACTS: Final = "案卷正在由主管机关办理。"
NOTICE: Final = "沪公经调证字〔2026〕9号"
WITHDRAWN: Final = "该机关已书面通知不再需要调取。"
CARA: Final = {"user_id": "u-3", "email": "cara@example.com"}
DAN: Final = {"user_id": "u-4", "email": "dan@example.com"}


def hire(house: House) -> None:
    """Add everybody who works here; none of them has set a password yet."""
    with house.writing() as session:
        for name, roles in TEAM.items():
            accounts.add(session, name, roles, None, now=house.clock.now())


def fill(house: House, now: datetime) -> dict[str, str]:
    """Put everything into the register; return what is special by its name."""
    made = _begun(house, now)
    house.clock.at = now
    with house.writing() as session:
        made["complaint"] = _correspondence(session, house, made)
        _decisions(session, house, made)
        _papers(session, house, made["documents"])
        made["hold"] = _holds(session, house, made["restricted"])
        shops.seen(session, now)
        shops.told(session, house.partner.id, made["done"], now)
        shops.looked_again(session, now)
        session.add_all(_ordinary(number, house.partner.id, now) for number in range(90))
    laws = house.context.regimes
    assert figures.renew(house.engine, house.clock.now, timedelta(minutes=5), UTC, laws)
    return made


def _begun(house: House, now: datetime) -> dict[str, str]:
    """Let people ask, on the days before *now*; return the references."""
    asked: dict[str, tuple[int, str, Any, dict[str, Any]]] = {
        "late": (33, "deletion", ALICE, {}),
        "failed": (20, "account_cancellation", BOB, {}),
        "by_hand": (19, "restriction", ALICE, {}),
        "proposed": (12, "access", CARA, {}),
        "denied": (11, "copy", ALICE, {}),
        "minor": (6, "access", DAN, {"subject_age_band": "14_17"}),
        "asked": (5, "access", BOB, {"option": "summary"}),
        "stopped": (4, "deletion", CARA, {}),
        "documents": (4, "copy", DAN, {}),
        "done": (3, "access", ALICE, {}),
        "restricted": (3, "restriction", CARA, {}),
        "plain": (1, "correction", BOB, {"values": {"text": "名字写错了"}}),
    }
    made = {}
    for name, (days, kind, subject, more) in asked.items():
        house.clock.at = now - timedelta(days=days)
        made[name] = str(house.asserted(kind, subject, **more)["id"])
    made["verifying"] = str(house.asserted("deletion", DAN, "session")["id"])
    planned.approval(house, made["late"])
    planned.trouble(house, made["failed"])
    planned.by_hand(house, made["by_hand"])
    close(house, made["done"], "disclosed")
    house.package(
        made["done"], b"x" * 40960, undecided=True, missing=[{"path": "shop.orders", "why": "held"}]
    )
    planned.packed(house, made["done"])
    close(house, made["restricted"], "restricted")
    _recipients(house, made["restricted"])
    return made


def _recipients(house: House, done: str) -> None:
    """Let one recipient not have been told, with a reason; the other is still to be."""
    said = recipients_told.Said(MILL, "impossible", "该公司已于2024年清算。")
    with house.writing() as session:
        request, rui = session.get_one(Request, done), _staff(session, "rui")
        recipients_told.record(session, house.context, request, rui, said, now=house.clock.now())


def _correspondence(session: Session, house: House, made: dict[str, str]) -> str:
    """Let people write, and staff ask them something; return the complaint."""
    now, context = house.clock.now(), house.context
    for name in ("late", "minor"):
        request = session.get_one(Request, made[name])
        messages.from_person(session, context, request, LETTER, actor="subject", now=now)
    points = [Point(question="您指的是哪一个账号？", why="您的邮箱登记在两个账号上。")]
    waits = session.get_one(Request, made["asked"])
    asking.ask(session, context, waits, points, _staff(session, "rui"), now=now)
    late = session.get_one(Request, made["late"])
    mended = NewComplaint("找不到提交请求的入口。", BOB, house.partner.id)
    answered = complaints.make(session, context, mended, now=now - timedelta(days=9))
    said = "入口已移到“我的”页面首行。"
    complaints.answer(session, context, answered, said, _staff(session, "rui"), now=now)
    new = NewComplaint("答复太慢，已经超过期限。", ALICE, house.partner.id)
    return complaints.make(session, context, new, about=late, now=now).id


def _decisions(session: Session, house: House, made: dict[str, str]) -> None:
    """Let one denial be proposed, one be appealed against, one request be stopped."""
    now, context = house.clock.now(), house.context
    proposed = session.get_one(Request, made["proposed"])
    said = Said("state_duty_obstruction", FACTS, law="《反洗钱法》第七条", rank="law")
    denial_proposals.propose(session, context, proposed, _staff(session, "wei"), said, now=now)
    denied = session.get_one(Request, made["denied"])
    denied.reason = "neutral_refusal"
    requests.record(session, denied, Event.DENIED, actor="staff:1", now=now)
    appeals.make(session, context, denied, DISAGREES, actor="subject", now=now)
    stopped = session.get_one(Request, made["stopped"])
    stopped.not_me_at, stopped.wait = now, Wait.TASK
    requests.record(session, stopped, Event.HELD, actor="system", now=now, data={"wait": "task"})
    minor = session.get_one(Request, made["minor"])
    content_approvals.ask(session, minor, _staff(session, "vera"), "verify", now=now)
    done = session.get_one(Request, made["done"])
    incidents.open_for(session, done, "came_back", {"shop.users": 1}, now=now)


def _holds(session: Session, house: House, request_id: str) -> str:
    """Let a lawsuit hold a collection, and rows of two requests be held; return what may end."""
    now, context = house.clock.now(), house.context
    given: dict[str, Any] = {"rank": "litigation", "basis": "（2026）沪01民初17号", "now": now}
    on = context.datamap.stores[0].collections[0].path
    wei = _staff(session, "wei")
    holds.place(session, context.vault, context.datamap, wei, on=on, until=None, **given)
    law: dict[str, Any] = {
        "basis": "《电子商务法》第三十一条",
        "rank": "law",
        "code": "ecom_trade_3y",
    }
    for collection, days in (("shop.orders", 9), ("shop.invoices", -1)):
        end = now + timedelta(days=days)
        row: dict[str, Any] = {
            "collection": collection,
            "count": 3,
            "latest": end,
            "created_at": now,
        }
        session.add(HeldRows(request_id=request_id, **law, **row))
    return _released(session, house)


def _released(session: Session, house: House) -> str:
    """Let the release of an approved hold wait for a second person; return the hold."""
    now, wei, by = house.clock.now(), _staff(session, "wei"), f"staff:{_staff(session, 'rui').id}"
    given: dict[str, Any] = {"path": "shop.orders", "rank": "authority_order", "basis": NOTICE}
    at = now - timedelta(days=40)
    hold = LegalHold(placed_by=by, placed_at=at, approved_by=f"staff:{wei.id}", **given)
    hold.approved_at = at
    session.add(hold)
    session.flush()
    said: dict[str, Any] = {"because": WITHDRAWN, "now": now}
    hold_releases.propose(session, house.context.vault, hold.id, wei, **said)
    return hold.id


def _staff(session: Session, name: str) -> Staff:
    return session.exec(select(Staff).where(Staff.name == name)).one()


def _papers(session: Session, house: House, request_id: str) -> None:
    """Let a relative have sent a document."""
    now = house.clock.now()
    request = session.get_one(Request, request_id)
    request.requester_role = Role.CLOSE_RELATIVE
    session.add(Representation(request_id=request_id, role=Role.CLOSE_RELATIVE, relation="child"))
    document, data_key = new_id(), new_data_key()
    files = SealedFiles(evidence.given(house.parts.evidence), document, data_key)
    sealed = files.put(evidence.key_of(document), [drawn()])
    session.add(
        Evidence(
            id=document,
            request_id=request_id,
            wrapped_key=house.context.vault.wrap(data_key, aad=evidence.aad(document)),
            file_id=sealed.file_id,
            size=sealed.size,
            media_type="image/png",
            uploaded_at=now,
            destroy_at=now + timedelta(days=30),
        )
    )


def drawn() -> bytes:
    """Return a picture, as of a page with one line on it."""
    picture = Image.new("RGB", (300, 200), "white")
    picture.paste((20, 20, 20), (40, 90, 260, 96))
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


def _ordinary(number: int, backend_id: str, now: datetime) -> Request:
    """Return one of many requests of every kind, state and wait, over half a year."""
    kinds, waits = list(Kind), [one for one in Wait if one]
    kind = kinds[number % len(kinds)]
    received = now - timedelta(days=(number * 2) % 178, hours=number % 7)
    promised = received + timedelta(days=(21, 20, 60)[number % 3])
    running = number < 12
    ended = received + timedelta(days=min(number % 25, 20), hours=2)
    denied = number % 8 == 1
    return Request(
        id=f"{number:08x}" + new_id()[8:],
        kind=kind,
        option=default_option(kind),
        backend_id=backend_id,
        regimes=[("cn_general", "eu_gdpr")[number % 2]],
        received_at=received,
        due_at=promised,
        promised_at=promised,
        channel=("api", "portal", "letter", "phone")[number % 4],
        state=State.ON_HOLD if running else State.DENIED if denied else State.FULFILLED,
        wait=waits[number % len(waits)] if running else Wait.NONE,
        closed_at=None if running else min(ended, now),
        reason=("no_ground", "identity_unverified")[number % 2] if denied else "",
    )
