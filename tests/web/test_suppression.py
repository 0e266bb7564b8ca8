"""Asking before an import: what is older than an erasure stays out, younger data comes in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from rights.domain.errors import ConfigError
from rights.services import backends, suppression
from rights.services.backends import SCOPES
from rights.services.purge import purge
from rights.services.suppression import Asked
from rights.store.keys import Keyring
from rights.store.models import Request, Suppression
from rights.store.vault import Vault
from tests.web.house import ALICE, KEYS, House


def _erased(
    house: House,
    before: datetime,
    *,
    kind: str = "deletion",
    parts: list[str] | None = None,
    **more: Any,
) -> None:
    found: dict[str, list[str]] = {name: [value] for name, value in ALICE.items()}
    with house.writing() as session:
        suppression.write(
            session,
            house.context.vault,
            house.context.datamap,
            {**found, "phone": ["+8613800000001"], **more},
            request_id="a" * 32,
            kind=kind,
            before=before,
            expires_at=before + timedelta(days=100),
            parts=parts,
        )


def _ask(house: House, *items: dict[str, Any]) -> list[dict[str, Any]]:
    answer = house.post("/v1/suppression/check", {"items": list(items)})
    assert answer.status_code == 200, answer.json
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def test_what_is_older_than_the_erasure_is_kept_out_and_what_is_younger_is_let_in(
    house: House,
) -> None:
    now = house.clock.now()
    _erased(house, now)
    address = {"type": "email", "value": "Alice@Example.com"}

    old, new, unknown, stranger = _ask(
        house,
        {**address, "recorded_at": (now - timedelta(seconds=1)).isoformat()},
        {**address, "recorded_at": (now + timedelta(seconds=1)).isoformat()},
        address,
        {"type": "email", "value": "bob@example.com"},
    )

    assert (old["allowed"], new["allowed"], unknown["allowed"]) == (False, True, False)
    assert datetime.fromisoformat(old["before"]) == now
    assert old["kinds"] == ["deletion"]
    assert stranger == {
        "allowed": True,
        "before": None,
        "kinds": [],
        "partly": False,
        "ended": False,
    }


def test_of_an_erasure_of_a_part_only_what_was_erased_is_kept_out(house: House) -> None:
    now = house.clock.now()
    gone, stays = [c.path for c in house.context.datamap.collections][:2]
    _erased(house, now, parts=[gone])
    address = {"type": "email", "value": "alice@example.com"}
    younger = (now + timedelta(seconds=1)).isoformat()

    erased, kept, unsaid, new = _ask(
        house,
        {**address, "collection": gone},
        {**address, "collection": stays},
        address,
        {**address, "recorded_at": younger},
    )

    assert (erased["allowed"], erased["partly"], erased["kinds"]) == (False, False, ["deletion"])
    assert kept == {"allowed": True, "before": None, "kinds": [], "partly": False, "ended": False}
    assert (unsaid["allowed"], unsaid["partly"]) == (False, True)
    assert (new["allowed"], new["partly"]) == (True, False)


def test_an_erasure_of_a_part_and_one_of_everything_each_keep_their_own_line(house: House) -> None:
    now = house.clock.now()
    gone, stays = [c.path for c in house.context.datamap.collections][:2]
    _erased(house, now - timedelta(days=9), kind="account_cancellation")
    _erased(house, now, parts=[gone])  # they registered again, and are a customer
    address = {"type": "email", "value": "alice@example.com"}
    between = (now - timedelta(days=1)).isoformat()
    before = (now - timedelta(days=10)).isoformat()

    erased, kept, unsaid, old, old_unsaid = _ask(
        house,
        {**address, "collection": gone, "recorded_at": between},
        {**address, "collection": stays, "recorded_at": between},
        {**address, "recorded_at": between},
        {**address, "collection": stays, "recorded_at": before},
        {**address, "recorded_at": before},
    )

    assert [a["allowed"] for a in (erased, kept, unsaid)] == [False, True, False]
    assert (unsaid["partly"], old["allowed"]) == (True, False)
    assert (old_unsaid["allowed"], old_unsaid["partly"]) == (False, False)  # a name changes nothing


def test_the_list_does_not_show_which_part_of_a_persons_data_was_erased(house: House) -> None:
    gone = next(iter(house.context.datamap.collections)).path
    _erased(house, house.clock.now(), parts=[gone])

    with house.reading() as session:
        rows = session.exec(select(Suppression)).all()
    assert len(rows) == 4  # two identifiers, each with the part and with "some part"
    assert gone not in " ".join(str(row.model_dump()) for row in rows)


def test_a_number_that_may_be_another_persons_by_now_is_not_on_the_list(house: House) -> None:
    _erased(house, house.clock.now())

    (phone,) = _ask(house, {"type": "phone", "value": "+8613800000001"})

    assert phone["allowed"] is True


def test_the_register_holds_no_identifier_of_the_list_in_clear(house: House) -> None:
    _erased(house, house.clock.now())

    with house.reading() as session:
        rows = session.exec(select(Suppression)).all()
    text = " ".join(str(row.model_dump()) for row in rows)
    assert len(rows) == 2
    assert not any(value in text for value in ALICE.values())


def test_a_second_erasure_moves_the_line_and_never_back(house: House) -> None:
    now = house.clock.now()
    _erased(house, now, kind="account_cancellation")
    _erased(house, now - timedelta(days=9))

    (found,) = _ask(house, {"type": "user_id", "value": "u-1"})

    assert datetime.fromisoformat(found["before"]) == now
    assert found["kinds"] == ["account_cancellation", "deletion"]


def test_after_a_change_of_keys_the_list_is_found_until_its_last_row_expires(house: House) -> None:
    now, old, new = house.clock.now(), KEYS, "k9:" + "OTk5" * 10 + "OTk="
    _erased(house, now)
    asked = [Asked("email", ALICE["email"])]

    def ask(keys: str) -> suppression.Answer:
        with house.reading() as session:
            vault, datamap = Vault(Keyring.parse(keys)), house.context.datamap
            return suppression.check(session, vault, datamap, asked, now=house.clock.now())[0]

    assert ask(f"{new},{old}").allowed is False
    with pytest.raises(ConfigError, match="k1"):
        ask(new)  # "not on the list" would be a guess
    with house.reading() as session:
        assert suppression.keys_in_use(session, now) == {"k1": (2, now + timedelta(days=100))}

    house.clock.forward(days=101)
    purge(house.engine, house.context, house.blobs, now=house.clock.now())
    with house.reading() as session:
        assert session.exec(select(Suppression)).all() == []
        assert suppression.keys_in_use(session, now) == {}
    assert ask(new).allowed is True


def test_a_second_erasure_under_a_newer_key_leaves_one_row(house: House) -> None:
    now, both = house.clock.now(), "k9:" + "OTk5" * 10 + f"OTk=,{KEYS}"
    _erased(house, now)
    with house.writing() as session:
        suppression.write(
            session,
            Vault(Keyring.parse(both)),
            house.context.datamap,
            {"email": [ALICE["email"]]},
            request_id="b" * 32,
            kind="deletion",
            before=now + timedelta(days=1),
            expires_at=now + timedelta(days=9),
        )

    with house.reading() as session:
        found = {key: count for key, (count, _) in suppression.keys_in_use(session, now).items()}
    assert found == {"k1": 1, "k9": 1}


@pytest.mark.parametrize(
    "body",
    [
        {"items": []},
        {"items": [{"type": "email", "value": "a@example.com"}] * (suppression.MOST + 1)},
        {"items": [{"type": "shoe_size", "value": "43"}]},
        {"items": [{"type": "email"}]},
        {"items": [{"type": "email", "value": "a@example.com", "collection": "no.such"}]},
        {"items": [{"type": "email", "value": "a@example.com", "recorded_at": "yesterday"}]},
        {"items": [{"type": "email", "value": "a@example.com", "recorded_at": "2026-01-01T00:00"}]},
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(house: House, body: Any) -> None:
    answer = house.post("/v1/suppression/check", body)

    assert answer.status_code == 422
    assert "a@example.com" not in answer.data.decode()


def test_a_key_without_the_scope_may_not_ask(house: House) -> None:
    scopes = [scope for scope in SCOPES if scope != "suppression:check"]
    with house.writing() as session:
        _, key = backends.issue_key(session, house.partner.id, scopes, now=house.clock.now())

    body = {"items": [{"type": "email", "value": "a@example.com"}]}
    answer = house.post("/v1/suppression/check", body, token=key)

    assert answer.status_code == 403


def test_the_same_work_is_done_whether_somebody_is_on_the_list_or_not(house: House) -> None:
    now = house.clock.now()
    _erased(house, now)
    seen: list[tuple[str, int]] = []

    def note(_c: Any, _k: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, len(parameters)))

    counts = []
    for value in ("alice@example.com", "nobody@example.com"):
        event.listen(house.engine, "before_cursor_execute", note)
        _ask(house, {"type": "email", "value": value})
        event.remove(house.engine, "before_cursor_execute", note)
        counts.append([s for s in seen if "suppression" in s[0]])
        seen.clear()

    assert counts[0] == counts[1]
    assert len(counts[0]) == 2


@pytest.mark.requirement("R-APP6-4:bad")
def test_who_signs_up_again_gets_a_new_account_and_is_a_new_person_to_us(house: House) -> None:
    now = house.clock.now()
    old = house.submit("restriction", ALICE)
    _erased(house, now, kind="account_cancellation")
    house.clock.forward(days=5)
    young = {"recorded_at": house.clock.now().isoformat()}

    account, contact, another = _ask(
        house,
        {"type": "user_id", "value": ALICE["user_id"], **young},
        {"type": "email", "value": ALICE["email"], **young},
        {"type": "user_id", "value": "u-900", **young},
    )

    assert (account["allowed"], account["ended"], account["partly"]) == (False, True, False)
    assert (contact["allowed"], contact["ended"]) == (True, False)
    assert (another["allowed"], another["ended"]) == (True, False)
    new = house.submit("restriction", {**ALICE, "user_id": "u-900"})
    with house.reading() as session:
        subjects = [session.get_one(Request, made["id"]).subject for made in (old, new)]
    assert new["id"] != old["id"]
    assert subjects[0] != subjects[1]


def test_who_was_erased_and_stayed_a_customer_keeps_the_account(house: House) -> None:
    now = house.clock.now()
    _erased(house, now, kind="deletion")
    _erased(house, now, kind="account_cancellation", parts=["shop.users"], email=["x@example.com"])

    (account,) = _ask(
        house,
        {
            "type": "user_id",
            "value": ALICE["user_id"],
            "recorded_at": (now + timedelta(days=1)).isoformat(),
        },
    )

    assert (account["allowed"], account["ended"]) == (True, False)
