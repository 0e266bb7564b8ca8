"""A request and a download are proved with the code of an authenticator app."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from rights.store.models import Backend, Entry, KeyProof, PersonKey, Request
from tests.web.house import ALICE, BOB, House
from tests.web.portal.keys import App, aged, opened, told, with_app
from tests.web.portal.reader import Page, Reader
from tests.web.portal.test_following import ask, only

PROOF = "/key/proof"


@pytest.fixture
def app(shop: House, reader: Reader) -> App:
    """Alice's app, a week old; she has just come in again."""
    reader.enter(ALICE)
    made = with_app(shop, reader)
    aged(shop, reader)
    return made


def _events(house: House, request_id: str) -> list[tuple[str, Any]]:
    with house.reading() as session:
        lines = session.exec(select(Entry).where(Entry.chain == request_id))
        return [(line.event, line.data) for line in lines]


def _state(house: House, request_id: str) -> tuple[str, int]:
    with house.reading() as session:
        found = session.get_one(Request, request_id)
        return str(found.state), found.level


def test_the_apps_code_starts_a_deletion_in_place_of_the_mailed_one(
    shop: House, reader: Reader, app: App
) -> None:
    page = ask(reader, "deletion")
    request_id = only(shop).id

    page = reader.send(page, PROOF, totp=app.shows(shop.clock.now()))

    assert "Being worked on" in page.text
    assert "Proved with a passkey or an authenticator app" in page.text
    assert _state(shop, request_id) == ("in_progress", 2)
    said = dict(_events(shop, request_id))["key_used"]
    assert (said["way"], said["trusted"]) == ("totp", True)
    assert app.shows(shop.clock.now()) not in str(_events(shop, request_id))
    assert "Last used on" in opened(shop, reader).text


def test_a_key_of_this_week_counts_for_nothing_alone(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    app = with_app(shop, reader)
    shop.clock.forward(days=6)
    reader.enter(ALICE)
    page = ask(reader, "deletion")
    made = only(shop)

    assert not any(form.action.endswith(PROOF) for form in page.forms)
    assert "counts only beside a code by mail until" in page.text
    key = page.form("/proof").holding()["key"]
    code = app.shows(shop.clock.now())
    young = reader.post(f"/portal/requests/{made.id}{PROOF}", {"key": key, "totp": code})
    assert (young.status, "That was right, but" in young.text) == (401, True)
    assert _state(shop, made.id) == ("verifying", 1)

    page = reader.get(f"/portal/requests/{made.id}")
    reader.send(page, f"{made.id}/proof", code=shop.code(made.id))
    assert _state(shop, made.id) == ("in_progress", 2)


def test_a_code_is_good_once_and_so_is_its_half_minute(
    shop: House, reader: Reader, app: App
) -> None:
    ask(reader, "deletion")
    first = only(shop)
    page = reader.get(f"/portal/requests/{first.id}")
    code = app.shows(shop.clock.now())
    reader.send(page, PROOF, totp=code)
    made = shop.asserted("account_cancellation", ALICE, "session")
    page = reader.get(f"/portal/requests/{made['id']}")

    again = reader.send(page, PROOF, totp=code)
    older = reader.send(page, PROOF, totp=app.shows(shop.clock.now(), steps=-1))

    assert (again.status, older.status) == (401, 401)
    assert "did not prove it" not in again.text
    assert "use the code your app shows now" in again.text
    assert _state(shop, made["id"])[0] == "verifying"
    shop.clock.forward(seconds=30)
    reader.send(page, PROOF, totp=app.shows(shop.clock.now()))
    assert _state(shop, made["id"])[0] == "in_progress"


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True),
                                              (2, False)])  # fmt: skip
def test_a_clock_may_be_half_a_minute_off(
    shop: House, reader: Reader, app: App, steps: int, *, right: bool
) -> None:
    page = ask(reader, "deletion")

    page = reader.send(page, PROOF, totp=app.shows(shop.clock.now(), steps=steps))

    assert (page.status == 200) is right
    assert (_state(shop, only(shop).id)[0] == "in_progress") is right


def _wrong(app: App, house: House) -> str:
    near = {app.shows(house.clock.now(), steps=steps) for steps in (-1, 0, 1)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)


def test_who_guesses_waits_longer_each_time_and_everybody_is_told(
    shop: House, reader: Reader, app: App
) -> None:
    page = ask(reader, "deletion")
    request_id = only(shop).id
    for _ in range(5):
        assert reader.send(page, PROOF, totp=_wrong(app, shop)).status == 401

    sixth = reader.send(page, PROOF, totp=app.shows(shop.clock.now()))

    assert sixth.status == 429
    assert int(sixth.response.headers["Retry-After"]) == 900
    assert told(shop, "key_suspected") == ["alice@example.com"]
    assert [e for e, _ in _events(shop, request_id)].count("key_refused") == 5
    shop.clock.forward(minutes=15)
    assert reader.send(page, PROOF, totp=_wrong(app, shop)).status == 401
    shop.clock.forward(seconds=61)
    reader.send(page, PROOF, totp=app.shows(shop.clock.now()))
    assert _state(shop, request_id)[0] == "in_progress"


def test_the_mailed_code_works_while_the_app_is_left_alone(
    shop: House, reader: Reader, app: App
) -> None:
    page = ask(reader, "deletion")
    request_id = only(shop).id
    for _ in range(5):
        reader.send(page, PROOF, totp=_wrong(app, shop))

    reader.send(page, f"{request_id}/proof", code=shop.code(request_id))

    assert _state(shop, request_id)[0] == "in_progress"


def test_sent_twice_it_is_one_proof(shop: House, reader: Reader, app: App) -> None:
    page = ask(reader, "deletion")
    code = app.shows(shop.clock.now())

    reader.send(page, PROOF, totp=code)
    second = reader.send(page, PROOF, totp=code)

    assert second.status == 200
    assert "Being worked on" in second.text
    with shop.reading() as session:
        assert len(session.exec(select(KeyProof)).all()) == 1


def test_a_key_that_was_removed_proves_nothing(shop: House, reader: Reader, app: App) -> None:
    page = ask(reader, "deletion")
    request_id = only(shop).id
    reader.send(opened(shop, reader), "/remove")

    answer = reader.send(page, PROOF, totp=app.shows(shop.clock.now()))

    assert answer.status == 401
    assert _state(shop, request_id)[0] == "verifying"


def test_nobody_proves_with_the_key_of_somebody_else(shop: House, reader: Reader, app: App) -> None:
    made = shop.asserted("deletion", BOB, "session")
    theirs = shop.asserted("deletion", ALICE, "session")
    bob = Reader(shop)
    bob.enter(BOB)
    page = bob.get(f"/portal/requests/{made['id']}")
    key = page.form("/proof").holding()["key"]
    given = {"key": key, "totp": app.shows(shop.clock.now())}

    own = bob.post(f"/portal/requests/{made['id']}{PROOF}", given)
    other = bob.post(f"/portal/requests/{theirs['id']}{PROOF}", given)

    assert "In place of the code by mail" not in page.text
    assert (own.status, other.status) == (401, 404)
    assert _state(shop, made["id"])[0] == "verifying"


def test_a_stranger_who_types_an_address_does_not_learn_of_keys(
    shop: House, reader: Reader, app: App
) -> None:
    stranger = Reader(shop)
    stranger.begin()
    page = ask(stranger, "deletion", who__user_id="u-1", who__email="thief@example.com")
    key = page.form("/proof").holding()["key"]
    given = {"key": key, "totp": app.shows(shop.clock.now())}

    known = stranger.post(f"{stranger.path}{PROOF}", given)
    nobody = Reader(shop)
    nobody.begin()
    other = ask(nobody, "deletion", who__user_id="u-404", who__email="thief@example.com")
    given |= {"key": other.form("/proof").holding()["key"]}
    unknown = nobody.post(f"{nobody.path}{PROOF}", given)

    assert "authenticator" not in page.text + other.text
    assert (known.status, known.text) == (unknown.status, unknown.text)
    assert known.status == 404


def test_where_somebody_elses_address_was_proved_the_account_alone_is_not_enough(
    shop: House, reader: Reader, app: App
) -> None:
    made = shop.submit("deletion", {"user_id": "u-1", "email": "thief@example.com"})
    answer = {"code": shop.code(made["id"])}
    shop.post(f"/v1/requests/{made['id']}/verification/answer", answer)

    page = reader.get(f"/portal/requests/{made['id']}")

    assert not any(form.action.endswith(PROOF) for form in page.forms)
    assert _state(shop, made["id"])[0] == "verifying"


def test_what_was_asked_for_without_the_products_word_is_proved_with_it(
    shop: House, reader: Reader, app: App
) -> None:
    made = shop.submit("deletion", {"user_id": "u-1"})
    page = reader.get(f"/portal/requests/{made['id']}")

    reader.send(page, PROOF, totp=app.shows(shop.clock.now()))

    assert _state(shop, made["id"]) == ("in_progress", 2)


def test_it_counts_for_the_whole_bundle(shop: House, reader: Reader, app: App) -> None:
    word = shop.partner.assertion(ALICE, shop.clock.now())
    both = [{"kind": "copy"}, {"kind": "account_cancellation"}]
    made = shop.post("/v1/bundles", {"assertion": word, "requests": both}).json["requests"]
    page = reader.get(f"/portal/requests/{made[0]['id']}")

    reader.send(page, PROOF, totp=app.shows(shop.clock.now()))

    assert [_state(shop, one["id"])[0] for one in made] == ["in_progress", "in_progress"]


def test_a_session_of_a_closed_backend_proves_nothing(
    shop: House, reader: Reader, app: App
) -> None:
    page = ask(reader, "deletion")
    request_id = only(shop).id
    with shop.writing() as session:
        session.exec(select(Backend)).one().closed_at = shop.clock.now()
    shop.parts.keys._live.clear()  # noqa: SLF001 - what five seconds do

    answer = reader.send(page, PROOF, totp=app.shows(shop.clock.now()))

    assert answer.status == 401
    assert _state(shop, request_id)[0] == "verifying"


def test_where_a_real_name_is_needed_a_key_is_not_offered_to_a_plain_session(
    shop: House, reader: Reader, app: App
) -> None:
    page = ask(reader, "portability")

    assert not any(form.action.endswith(PROOF) for form in page.forms)


def test_beside_a_real_name_a_key_is_as_good_as_a_code(
    shop: House, reader: Reader, app: App
) -> None:
    reader.enter(ALICE, "real_name")
    page = ask(reader, "portability")

    reader.send(page, PROOF, totp=app.shows(shop.clock.now()))

    assert _state(shop, only(shop).id) == ("in_progress", 3)


CONTENT = bytes(range(256)) * 4


def _copy(shop: House, reader: Reader) -> tuple[str, Page]:
    made = shop.asserted("access", ALICE)
    shop.package(made["id"], CONTENT)
    return made["id"], reader.get(f"/portal/requests/{made['id']}")


def test_a_copy_is_downloaded_with_the_apps_code(shop: House, reader: Reader, app: App) -> None:
    request_id, page = _copy(shop, reader)
    action = next(
        f.action for f in page.forms if f.action.endswith("/open") and "/key/" in f.action
    )

    file = reader.send(page, action, totp=app.shows(shop.clock.now()))
    again = reader.send(page, action, totp=app.shows(shop.clock.now()))

    assert file.response.data == CONTENT
    assert again.status == 401
    events = [event for event, _ in _events(shop, request_id)]
    assert events.index("key_used") < events.index("download_granted")


def test_a_young_key_downloads_nothing_and_its_code_is_used_up(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    app = with_app(shop, reader)
    shop.clock.forward(days=1)
    reader.enter(ALICE)
    request_id, page = _copy(shop, reader)
    key = page.form("/open").holding()["key"]
    package = page.form("/open").action.split("/")[-2]
    path = f"/portal/requests/{request_id}/key/packages/{package}/open"

    code = app.shows(shop.clock.now())
    refused = reader.post(path, {"key": key, "totp": code})

    assert refused.status == 401
    with shop.reading() as session:
        used = session.exec(select(PersonKey)).one().last_step
    assert used == int(shop.clock.now().timestamp()) // 30
