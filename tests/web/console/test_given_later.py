"""What a representative of a logged letter gives later is put in by staff: an address, paper."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select

from rights import logs
from rights.domain.lifecycle import Event, State
from rights.services import audit, contacts, evidence, reaching, requests
from rights.store.models import Challenge, Evidence, Notice, Request
from tests.servers.s3 import Bucket
from tests.web.console.clerk import Clerk, clerk, id_of, refusals, told
from tests.web.console.test_arriving_writer import BARE, LAWYER, _log, _one
from tests.web.house import House
from tests.web.portal.reader import Page
from tests.web.verifying import PDF, PNG, RELATIVE, reached, upload

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

NOW = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
ROLES = ("verifier", "approver", "reviewer")
LETTER = {
    "role": "close_relative",
    "relation": "child",
    "interest": "I settle my mother's estate.",
}
SON = "son@example.com"


@pytest.fixture
def rui(house: House) -> Clerk:
    house.clock.at = NOW
    return clerk(house, "rui", *ROLES)


@pytest.fixture
def made(house: House, rui: Clerk) -> str:
    """A letter of a daughter or son that names no address."""
    _log(rui, LETTER)
    return _one(house).id


def _add(who: Clerk, request_id: str, **typed: str) -> Page:
    said = {f"contact.{name}": value for name, value in typed.items()}
    return who.force(f"/requests/{request_id}/add_contact", **said)


def _put(who: Clerk, request_id: str, content: bytes = PNG, name: str = "Li Na.png") -> Page:
    form = who.get("/account").form("/account/password")
    said = {"key": dict(form.fields)["key"]}
    path = f"/console/requests/{request_id}/add_document"
    return who.reader.attach(path, said, [(content, name)])


def _offered(who: Clerk, request_id: str) -> set[str]:
    page = who.get(f"/requests/{request_id}")
    return {form.action.rpartition("/")[2] for form in page.forms}


def _known(house: House, request_id: str) -> list[tuple[str, str, str]]:
    with house.reading() as session:
        rows = reaching.representatives(session, request_id)
        found = [(r.type, contacts.value(house.context.vault, r), r.proof) for r in rows]
    return sorted(found)


def _documents(house: House) -> list[Evidence]:
    with house.reading() as session:
        return list(session.exec(select(Evidence).order_by(col(Evidence.uploaded_at))).all())


def _code(page: Page, who: Clerk) -> str:
    assert page.status == 403, page.text
    return refusals(who.house)[-1]["code"]


# -- an address ----------------------------------------------------------------------------------


@pytest.mark.requirement("R-23-9")
def test_the_code_and_the_first_letter_go_to_an_address_that_came_later(
    house: House, rui: Clerk, made: str
) -> None:
    house.clock.forward(seconds=600)

    page = rui.act(made, "add_contact", **{"contact.email": " Son@Example.com "})

    assert "done=add_contact" in page.response.request.url, page.text
    assert "a code is on its way there" in page.text
    assert _known(house, made) == [("email", SON, "")]
    with house.reading() as session:
        (theirs,) = [one.id for one in reaching.representatives(session, made)]
        sent = {one.event: one.identifier_id for one in session.exec(select(Notice))}
        codes = [one.identifier_id for one in session.exec(select(Challenge))]
        lapses = session.get_one(Request, made).next_at
    assert (sent["received"], codes) == (theirs, [theirs])
    assert lapses is not None
    assert lapses - house.clock.now() == timedelta(days=house.context.settings.verify_days)
    answered = house.post(f"/v1/requests/{made}/verification/answer", {"code": house.code(made)})
    assert (answered.json["state"], answered.json["needs"]) == ("verifying", ["evidence"])
    assert _known(house, made) == [("email", SON, "code")]


def test_its_entry_and_the_log_name_nobody(house: House, rui: Clerk, made: str) -> None:
    stream = io.StringIO()
    logs.configure(stream)

    page = _add(rui, made, email=SON)

    with house.reading() as session:
        entries = list(audit.entries(session, made))
    (entry,) = [one for one in entries if one.event == "representative_reached"]
    assert (entry.actor, entry.data) == (f"staff:{id_of(house, 'rui')}", {"types": ["email"]})
    assert SON not in str([one.data for one in entries]) + stream.getvalue() + page.html
    assert "An address of who acts was added" in page.text


_WRONG = [
    ({}, "needs an e-mail address"),
    ({"phone": "+8613800138000"}, "needs an e-mail address"),
    ({"email": "at firm"}, "is not written"),
    ({"email": SON, "phone": "12"}, "is not written"),
]


@pytest.mark.requirement("R-23-9:bad")
@pytest.mark.parametrize(("typed", "why"), _WRONG, ids=lambda one: str(one)[:30])
def test_an_address_that_is_none_is_refused_beside_what_was_typed(
    house: House, rui: Clerk, made: str, typed: dict[str, str], why: str
) -> None:
    page = _add(rui, made, **typed)

    assert page.status == 422, page.text
    assert why in page.text
    assert '<details id="add-contact" open>' in page.html
    held = page.form("/add_contact").holding()
    assert {name: held[f"contact.{name}"] for name in typed} == {n: [v] for n, v in typed.items()}
    assert _known(house, made) == []


def test_a_known_address_is_changed_by_nobody(house: House, rui: Clerk, made: str) -> None:
    assert _add(rui, made, email=SON).status == 200
    other = clerk(house, "zhou", *ROLES)

    for who in (rui, other):
        page = _add(who, made, email="other@example.com")
        assert (page.status, refusals(house)[-1]["code"]) == (409, "contact_known")
        assert "nobody of staff changes it" in page.text
        assert "add_contact" not in _offered(who, made)

    assert [value for _, value, _ in _known(house, made)] == [SON]
    assert told(house, made).count("representative_reached") == 1


def test_one_that_was_logged_with_it_is_not_changed_either(house: House, rui: Clerk) -> None:
    _log(rui, {**BARE["agent"], "contact": {"email": LAWYER}})
    made = _one(house).id

    page = _add(rui, made, email=SON)

    assert (page.status, refusals(house)[-1]["code"]) == (409, "contact_known")


def test_what_nobody_logged_takes_nothing_from_staff(house: House, rui: Clerk) -> None:
    made = reached(house)

    assert {"add_contact", "add_document"} & _offered(rui, made) == set()
    for page in (_add(rui, made, email="other@example.com"), _put(rui, made)):
        assert (page.status, refusals(house)[-1]["code"]) == (409, "not_logged")
    assert _documents(house) == []


def test_the_letter_of_the_person_themselves_has_nobody_to_add(house: House, rui: Clerk) -> None:
    _log(rui, {})
    made = _one(house).id

    assert {"add_contact", "add_document"} & _offered(rui, made) == set()
    assert _add(rui, made, email=SON).status == 404
    assert _put(rui, made).status == 404


def test_a_closed_request_takes_nothing(house: House, rui: Clerk, made: str) -> None:
    with house.writing() as session:
        request = requests.locked(session, made)
        request.reason = "identity_unverified"
        now = house.clock.now()
        requests.record(session, request, Event.DENIED, actor="staff:x", now=now)

    assert {"add_contact", "add_document"} & _offered(rui, made) == set()
    for page in (_add(rui, made, email=SON), _put(rui, made)):
        assert (page.status, refusals(house)[-1]["code"]) == (409, "closed")
    assert (_known(house, made), _documents(house)) == ([], [])


def test_a_request_that_was_stopped_gets_no_address(house: House, rui: Clerk) -> None:
    _log(rui, BARE["agent"])
    made = _one(house).id
    with house.writing() as session:
        session.get_one(Request, made).not_me_at = house.clock.now()

    assert "add_contact" not in _offered(rui, made)
    assert _add(rui, made, email=SON).status == 403
    assert _known(house, made) == []


def test_who_may_not_log_requests_adds_nothing(house: House, rui: Clerk, made: str) -> None:
    otto = clerk(house, "otto", "auditor", "admin")

    assert {"add_contact", "add_document"} & _offered(otto, made) == set()
    assert _code(_add(otto, made, email=SON), otto) == "forbidden"
    assert _put(otto, made, b"%PDF-" + b"x" * 2_000_000).status in (403, 413)
    assert _code(_put(otto, made), otto) == "forbidden"
    assert (_known(house, made), _documents(house)) == ([], [])


# -- documents -----------------------------------------------------------------------------------


@pytest.mark.requirement("R-CC165-1")
def test_what_came_on_paper_is_sealed_looked_at_by_a_colleague_and_destroyed(
    house: House, rui: Clerk, made: str
) -> None:
    _add(rui, made, email=SON)
    form = rui.get(f"/requests/{made}").form("/add_document")

    page = rui.reader.attach(form.action, form.holding(), [(PNG, "Li Na.png")])

    assert "done=add_document" in page.response.request.url, page.text
    (row,) = _documents(house)
    assert (row.media_type, row.size, row.destroyed_at) == ("image/png", len(PNG), None)
    days = timedelta(days=house.context.settings.evidence_days)
    assert row.destroy_at == row.uploaded_at + days
    with house.reading() as session:
        (entry,) = [e for e in audit.entries(session, made) if e.event == "evidence_received"]
    assert entry.actor == f"staff:{id_of(house, 'rui')}"
    assert entry.data == {"document": row.id, "type": "image/png", "size": len(PNG)}
    zhou = clerk(house, "zhou", *ROLES)
    path = f"/requests/{made}/documents/{row.id}"
    assert zhou.force(path).response.data == PNG
    early = zhou.force(f"/requests/{made}/accept_documents", seen=row.id)
    assert (early.status, refusals(house)[-1]["code"]) == (409, "representative_unproved")
    house.post(f"/v1/requests/{made}/verification/answer", {"code": house.code(made)})
    assert zhou.act(made, "accept_documents").status == 200

    with house.reading() as session:
        assert session.get_one(Request, made).state is State.IN_PROGRESS
    assert _documents(house)[0].wrapped_key == b""
    place = house.parts.evidence
    assert evidence.destroy(house.engine, place, now=house.clock.now()) == 1
    assert "evidence_destroyed" in told(house, made)


def test_who_put_it_in_or_logged_it_does_not_accept_it(house: House, rui: Clerk, made: str) -> None:
    zhou, lin, mei = (clerk(house, one, *ROLES) for one in ("zhou", "lin", "mei"))
    _add(zhou, made, email=SON)
    house.post(f"/v1/requests/{made}/verification/answer", {"code": house.code(made)})
    assert _put(lin, made).status == 200
    (row,) = _documents(house)

    for who in (rui, zhou, lin):
        who.force(f"/requests/{made}/documents/{row.id}")
        page = who.get(f"/requests/{made}")
        assert "You brought this request in" in page.text
        assert "accept_documents" not in _offered(who, made)
        accepted = who.force(f"/requests/{made}/accept_documents", seen=row.id)
        assert _code(accepted, who) == "own_request"
    mei.force(f"/requests/{made}/documents/{row.id}")
    assert mei.act(made, "accept_documents").status == 200

    for who in (rui, zhou, lin, mei):
        assert _code(who.force(f"/requests/{made}/approve", plan="p" * 64), who) == "own_request"


def test_who_put_it_in_neither_sends_it_back_nor_denies_with_it(
    house: House, rui: Clerk, made: str
) -> None:
    lin = clerk(house, "lin", *ROLES)
    _put(lin, made)
    (row,) = _documents(house)
    back = {"seen": row.id, "missing": "evidence_relation"}
    denies = {"seen": row.id, "reason": "identity_unverified", "facts": "Another name."}

    assert {"return_documents", "deny_documents"} & _offered(lin, made) == set()
    sent_back = lin.force(f"/requests/{made}/return_documents", **back)
    assert _code(sent_back, lin) == "own_request"
    assert _code(lin.force(f"/requests/{made}/deny_documents", **denies), lin) == "own_request"
    assert _documents(house)[0].wrapped_key
    assert rui.act(made, "return_documents", missing=["evidence_relation"]).status == 200
    assert _documents(house)[0].wrapped_key == b""


@pytest.mark.requirement("R-CC165-1:bad")
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"GIF89a", "PDF, PNG or JPEG"),
        (b"", "PDF, PNG or JPEG"),
        (b"<html>%PDF-", "PDF, PNG or JPEG"),
        (PDF + b"x" * evidence.MOST_BYTES, "5 MB"),
    ],
    ids=["gif", "empty", "page", "large"],
)
def test_what_is_no_document_or_too_large_leaves_nothing_behind(
    house: House, rui: Clerk, made: str, content: bytes, why: str
) -> None:
    page = _put(rui, made, content)

    assert page.status in (413, 422), page.text
    assert why in page.text, page.text
    assert not [one for one in _documents(house) if one.wrapped_key or one.file_id]
    assert "evidence_received" not in told(house, made)
    assert _put(rui, made).status == 200


def test_a_form_without_a_document_is_told_so(house: House, rui: Clerk, made: str) -> None:
    page = rui.force(f"/requests/{made}/add_document")

    assert page.status == 422
    assert '<details id="add-document" open>' in page.html


def test_five_at_a_time_are_enough_and_what_failed_counts_for_none(
    house: House, rui: Clerk, made: str
) -> None:
    for _ in range(evidence.MOST_FILES):
        assert _put(rui, made, PDF + b"x" * evidence.MOST_BYTES).status in (413, 422)
    for _ in range(evidence.MOST_FILES):
        assert _put(rui, made).status == 200

    page = _put(rui, made)

    assert (page.status, refusals(house)[-1]["code"]) == (409, "enough_documents")


def test_a_representatives_own_upload_still_waits_for_their_code(
    house: House, rui: Clerk, made: str
) -> None:
    refused = house.submit("copy", requester=RELATIVE, subject={"email": "a@example.com"})

    assert upload(house, refused["id"]).json["code"] == "representative_unproved"


def test_a_minors_document_is_put_in_unseen_and_opened_with_an_approval(
    house: House, rui: Clerk
) -> None:
    _log(rui, BARE["guardian"], age_band="under_14")
    made = _one(house).id
    assert _put(rui, made).status == 200
    (row,) = _documents(house)
    zhou = clerk(house, "zhou", *ROLES)

    page = zhou.force(f"/requests/{made}/documents/{row.id}")

    assert page.status == 403
    assert page.response.data != PNG


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_forms_are_there_in_both_languages(
    house: House, rui: Clerk, made: str, language: str
) -> None:
    page = rui.get(f"/requests/{made}?lang={language}")

    words = {"en": "Add an address of who acts", "zh-CN": "补充代理人的联系方式"}
    assert words[language] in page.text
    assert {"contact.email", "contact.phone", "document"} <= page.names


def test_a_place_that_takes_nothing_from_here_is_said_and_nothing_is_kept(
    furnished: Callable[..., House], s3: Bucket
) -> None:
    place = f"s3://{s3.bucket}/documents?endpoint={s3.endpoint}"
    keys = {"evidence_access_key": s3.access_key, "evidence_secret_key": "of-nobody-who-may-write"}
    house = furnished(evidence_url=place, blobs_region=s3.region, **keys)
    house.clock.at = NOW
    rui = clerk(house, "rui", *ROLES)
    _log(rui, LETTER)
    made = _one(house).id

    page = _put(rui, made)

    assert page.status == 409, page.text
    assert [row.wrapped_key for row in _documents(house)] == [b""]  # what began cannot be read
    assert "The place of documents takes none from here." in page.text
    assert [one["code"] for one in refusals(house)] == ["place_only_read"]
