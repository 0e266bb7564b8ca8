"""Who was told of what was done: written down in the console, read by the person and the API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from rights.domain.lifecycle import Event
from rights.services import requests
from rights.store.models import ReceiptRow, Request
from tests.web.console.clerk import Clerk, clerk, told
from tests.web.house import ALICE, House
from tests.web.portal.reader import Reader
from tests.web.recipients import MILL, PARCEL, giving

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

WHY = "Mill GmbH was wound up in 2024, and nobody succeeded it."
LAWS = ("eu_gdpr", "uk_gdpr")
ACTIONS = {"deletion": "erase", "correction": "correct", "restriction": "restrict"}


@pytest.fixture
def shop(furnished: Callable[..., House], tmp_path: Path) -> House:
    """Return a house whose shop gives data to two others, and whose mailer to a third."""
    return furnished(datamap=giving(tmp_path))


def _done(house: House, kind: str = "deletion", law: str = "eu_gdpr", **more: Any) -> str:
    """Return a request that was done: rows of the shop were changed, none of the mailer."""
    values = {"changes": [{"field": "shop.users.nickname", "value": "Al"}]}
    given: dict[str, Any] = {"values": values} if kind == "correction" else {}
    made = str(house.asserted(kind, regimes=[law], **given)["id"])
    line = {"action": ACTIONS[kind], "categories": [], "happened": [], "retained": 0}
    line |= {"because": "", "until": "", "missing": "", "at": None, **more}
    lines = [
        {**line, "store": "shop", "collection": "users", "affected": 3},
        {**line, "store": "mailer", "collection": "switches", "affected": 0},
    ]
    now = house.clock.now()
    with house.writing() as session:
        request = session.get_one(Request, made)
        requests.record(session, request, Event.COMPLETED, actor="system", now=now)
        body = orjson.dumps({"outcome": lines}).decode()
        receipt: dict[str, Any] = {
            "body": body,
            "key_id": "s1",
            "signature": "c2ln",
            "created_at": now,
        }
        session.add(ReceiptRow(request_id=made, **receipt))
    return made


def _told(ana: Clerk, request_id: str, **said: str) -> Any:
    return ana.act(request_id, "tell_recipient", **said)


def _read(house: House, request_id: str) -> dict[str, str]:
    found = house.get(f"/v1/requests/{request_id}/remarks").json["recipients"]
    return {one["name"]: one["outcome"] for one in found}


@pytest.mark.requirement("R-EU17-1")
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("kind", ACTIONS)
def test_of_each_recipient_it_is_known_whether_they_were_told(
    shop: House, kind: str, law: str
) -> None:
    ana, made = clerk(shop, "ana", "approver"), _done(shop, kind, law)
    before = _read(shop, made)

    assert _told(ana, made, recipient=PARCEL, outcome="told").status == 200
    assert _told(ana, made, recipient=MILL, outcome="impossible", because=WHY).status == 200

    assert before == {PARCEL: "open", MILL: "open"}
    assert _read(shop, made) == {PARCEL: "told", MILL: "impossible"}
    found = shop.get(f"/v1/requests/{made}/remarks").json["recipients"]
    assert [one["because"] for one in found] == [None, WHY]
    assert told(shop, made)[-2:] == ["recipient_told", "recipient_told"]


@pytest.mark.requirement("R-EU17-1")
@pytest.mark.parametrize(
    ("locale", "open_", "done", "not_"),
    [
        ("en", "Not told yet", "Told", "disproportionate effort"),
        ("zh-CN", "尚未告知", "已告知", "不成比例"),
    ],
)
def test_the_persons_page_lists_them(
    shop: House, locale: str, open_: str, done: str, not_: str
) -> None:
    ana, made = clerk(shop, "ana", "approver"), _done(shop)
    reader = Reader(shop, locale)
    reader.enter(ALICE, "mfa", origin="")
    before = reader.get(f"/portal/requests/{made}").text
    _told(ana, made, recipient=PARCEL, outcome="told")
    _told(ana, made, recipient=MILL, outcome="disproportionate", because=WHY)
    after = reader.get(f"/portal/requests/{made}").text

    assert open_ in before
    assert PARCEL in before
    assert "Post AG" not in before + after
    assert open_ not in after
    assert done in after
    assert not_ in after
    assert WHY in after


@pytest.mark.requirement("R-EU17-1:bad")
@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"recipient": MILL, "outcome": "disproportionate", "because": " \n"}, 422),
        ({"recipient": MILL, "outcome": "impossible"}, 422),
        ({"recipient": "Post AG", "outcome": "told"}, 422),
        ({"recipient": MILL, "outcome": "open"}, 422),
        ({"recipient": PARCEL, "outcome": "impossible", "because": WHY}, 409),
    ],
)
def test_what_is_not_true_or_has_no_reason_is_refused_and_changes_nothing(
    shop: House, said: dict[str, str], status: int
) -> None:
    ana, made = clerk(shop, "ana", "approver"), _done(shop)
    _told(ana, made, recipient=PARCEL, outcome="told")

    assert ana.force(f"/requests/{made}/tell_recipient", **said).status == status
    assert _read(shop, made) == {PARCEL: "told", MILL: "open"}


def test_of_what_is_open_or_changed_nothing_nobody_is_told(shop: House) -> None:
    ana = clerk(shop, "ana", "approver")
    going = str(shop.asserted("deletion", regimes=["eu_gdpr"])["id"])

    refused = ana.force(f"/requests/{going}/tell_recipient", recipient=PARCEL, outcome="told")

    assert refused.status == 409
    assert _read(shop, going) == {}


@pytest.mark.parametrize(
    ("role", "outcome", "status"),
    [
        ("auditor", "told", 403),
        ("verifier", "told", 403),
        ("legal", "told", 403),
        ("admin", "told", 200),
        ("admin", "impossible", 403),
        ("auditor", "impossible", 403),
        ("reviewer", "told", 200),
        ("reviewer", "impossible", 200),
    ],
)
def test_telling_is_a_task_and_not_telling_a_decision(
    shop: House, role: str, outcome: str, status: int
) -> None:
    one, made = clerk(shop, "one", role), _done(shop)

    sent = {"recipient": MILL, "outcome": outcome, "because": WHY}
    answered = one.force(f"/requests/{made}/tell_recipient", **sent)

    assert answered.status == status
    assert _read(shop, made)[MILL] == (outcome if status == 200 else "open")
