"""People who ask for somebody else, in the portal, without JavaScript."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import State
from rights.domain.representation import DOCUMENT_GAPS, GAPS, RELATIONS, Role
from rights.services import contacts, evidence, reaching, subjects
from rights.services.words import LANGUAGES, catalogue
from rights.store.models import Representation, Request
from rights.web.portal import words
from tests.architecture.tree import ROOT
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page, Reader
from tests.web.verifying import PDF, PNG, accepted

RELATIVE: dict[str, Any] = {
    "who__email": "son@example.com",
    "acting__role": "close_relative",
    "acting__relation": "close_relative.child",
    "about__email": ALICE["email"],
    "acting__interest": "I settle my mother's estate.",
}
AGENT: dict[str, Any] = {
    "who__email": "lawyer@firm.example",
    "acting__role": "agent",
    "acting__relation": "agent.lawyer",
    "about__user_id": ALICE["user_id"],
    "acting__name": "Li Na",
    "acting__matters": ["copy"],
    "acting__scope": "receive",
    "acting__until": "2999-12-31",
}


def ask(reader: Reader, kind: str = "copy", **said: Any) -> Page:
    return reader.send(reader.get(f"/portal/ask/{kind}"), f"/ask/{kind}", **said)


def only(house: House) -> Request:
    with house.reading() as session:
        found: Request = session.exec(
            select(Request).where(Request.requester_role != Role.SELF)
        ).one()
    return found


def prove(reader: Reader, page: Page, request_id: str) -> Page:
    return reader.send(page, "/proof", code=reader.house.code(request_id))


def attach(reader: Reader, page: Page, *files: tuple[bytes, str], **said: Any) -> Page:
    form = page.form("/evidence")
    return reader.attach(form.action, form.holding(**said), list(files))


def objects(house: House) -> list[Path]:
    root = Path(house.context.settings.evidence_url.removeprefix("file://"))
    return [path for path in root.rglob("*") if path.is_file()]


def test_who_asks_for_themselves_sees_the_choice_folded_away(reader: Reader) -> None:
    reader.enter(ALICE)
    page = reader.get("/portal/ask/copy")

    assert "<details><summary>I ask for somebody else" in page.html
    assert reader.send(page, "/ask/copy").status == 200
    with reader.house.reading() as session:
        assert session.exec(select(Representation)).all() == []


@pytest.mark.requirement("R-P49-1")
def test_a_relative_asks_proves_shows_and_receives(shop: House, reader: Reader) -> None:
    reader.begin()
    page = ask(reader, **RELATIVE)
    made = only(shop)
    assert (made.requester_role, made.channel) == (
        Role.CLOSE_RELATIVE, "portal",
    )  # fmt: skip
    assert "close relative of a person who has died (child)" in page.text
    assert "Choose documents" not in page.text

    page = prove(reader, page, made.id)
    assert "destroyed with the decision, at the latest after 30 days" in page.text
    page = attach(reader, page, (PDF, "death.pdf"), (PNG, "../../etc/passwd"))
    assert page.text.count("waits to be looked at") == 2
    assert {path.name for path in objects(shop)} == {
        row.id for row in _documents(shop, made.id)
    }  # no name is kept
    accepted(shop, made.id)
    shop.package(made.id, b"PK")
    shop.clock.forward(minutes=11)  # what was proved a moment ago would open it by itself

    page = reader.get(f"/portal/requests/{made.id}")
    assert "Documents were looked at." in page.text
    assert page.text.count("destroyed on") == 2
    assert "Your copy" in page.text
    shop.clock.forward(minutes=2)
    page = reader.send(page, "/code")
    package = next(f.action for f in page.forms if f.action.endswith("/open"))
    got = reader.send(page, package, code=shop.code(made.id, "grant"))
    assert got.response.data == b"PK"


def _documents(house: House, request_id: str) -> Any:
    with house.reading() as session:
        return evidence.of_request(session, request_id)


def test_the_relatives_address_finds_nobodys_data(shop: House, reader: Reader) -> None:
    reader.begin()
    ask(reader, **RELATIVE)

    with shop.reading() as session:
        rows = subjects.identifier_rows(session, only(shop).id)
        second = reaching.representatives(session, only(shop).id)
        found = subjects.opened(shop.context.vault, rows)
        theirs = [contacts.value(shop.context.vault, one) for one in second]
    assert found == {"email": ALICE["email"]}
    assert theirs == ["son@example.com"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"acting__relation": "agent.lawyer"}, "Please choose what that person is to you"),
        ({"acting__relation": ""}, "Please choose what that person is to you"),
        ({"about__email": ""}, "Please give one way to recognise you"),
        ({"who__email": "", "who__user_id": "u-9"}, "Please give an e-mail address of the one"),
        ({"acting__name": "Li\x9bNa"}, "Please check: Name of the agent. It is too long, or"),
        ({"acting__name": "n" * 201}, "Please check: Name of the agent. It is too long, or"),
    ],
)
def test_what_does_not_fit_is_said_beside_what_was_typed(
    reader: Reader, wrong: dict[str, str], told: str
) -> None:
    reader.begin()

    page = ask(reader, **{**RELATIVE, **wrong})

    assert (page.status, told in page.text) == (422, True)
    assert "<details open><summary>I ask for somebody else" in page.html
    assert "I settle my mother&#39;s estate." in page.html


@pytest.mark.parametrize("typed", ["Li\x9bNa", "n" * 201])
def test_a_name_that_is_added_later_is_looked_at_too(
    shop: House, reader: Reader, typed: str
) -> None:
    reader.begin()
    page = ask(reader, **{**AGENT, "acting__name": ""})

    bad = reader.send(page, "/acting", acting__name=typed)
    good = reader.send(page, "/acting", acting__name="n" * 200)

    assert (bad.status, "Please check: Name of the agent." in bad.text) == (422, True)
    assert good.status == 200
    assert "poa_name" not in only(shop).needs


def test_an_agent_adds_what_is_missing(shop: House, reader: Reader) -> None:
    reader.begin()
    page = ask(reader, **{**AGENT, "acting__until": "2020-01-01"})
    assert "the one you named has ended" in page.text
    assert "the signature of the person" in page.text

    page = reader.send(page, "/acting", acting__until="2999-01-01", acting__signed="1")

    assert "has ended" not in page.text
    assert only(shop).needs == ["evidence"]
    assert reader.send(page, "/proof", code=shop.code(only(shop).id)).status == 200
    bad = reader.post(
        f"/portal/requests/{only(shop).id}/acting",
        {"key": page.form("/proof").holding()["key"], "acting.until": "soon"},
    )
    assert bad.status in (409, 422)


@pytest.mark.requirement("R-CC165-1")
def test_a_principal_says_in_the_portal_that_the_agent_is_theirs(
    shop: House, reader: Reader
) -> None:
    reader.begin()
    page = ask(reader, **AGENT)
    made = only(shop)
    prove(reader, page, made.id)
    principal = Reader(shop)
    principal.enter(ALICE, "mfa")

    page = principal.get(f"/portal/requests/{made.id}")
    assert "If you have asked them to, say so here" in page.text
    page = principal.send(page, "/delegate")

    now = only(shop)
    assert (now.state, now.level, now.needs) == (State.IN_PROGRESS, 3, [])
    assert "The person themselves has agreed." in page.text


def test_a_weak_session_delegates_nothing(shop: House, reader: Reader) -> None:
    reader.begin()
    prove(reader, ask(reader, **AGENT), only(shop).id)
    principal = Reader(shop)
    principal.enter(ALICE, "session")

    page = principal.send(principal.get(f"/portal/requests/{only(shop).id}"), "/delegate")

    assert page.status == 401
    assert only(shop).state is State.VERIFYING


def test_an_agent_who_may_only_ask_learns_nothing_of_the_answer(
    shop: House, reader: Reader
) -> None:
    reader.begin()
    page = ask(reader, **{**AGENT, "acting__scope": "submit"})
    made = only(shop)
    prove(reader, page, made.id)
    principal = Reader(shop)
    principal.enter(ALICE, "mfa")
    principal.send(principal.get(f"/portal/requests/{made.id}"), "/delegate")
    shop.package(made.id, b"PK")

    assert "Your copy" not in reader.get(f"/portal/requests/{made.id}").text
    assert "Your copy" in principal.get(f"/portal/requests/{made.id}").text


def test_the_principal_cancels_what_they_do_not_know_of(shop: House, reader: Reader) -> None:
    reader.begin()
    ask(reader, **AGENT)
    principal = Reader(shop)
    principal.enter(ALICE)

    principal.send(principal.get(f"/portal/requests/{only(shop).id}"), "/cancel")

    assert only(shop).state is State.REVOKED


def test_somebody_signed_in_asks_for_a_child_and_is_vouched_for_only_themselves(
    shop: House, reader: Reader
) -> None:
    reader.enter(BOB, "mfa")
    page = ask(
        reader,
        acting__role="guardian",
        acting__relation="guardian.parent",
        about__user_id="u-12",
    )
    made = only(shop)

    assert (made.state, made.level) == (State.VERIFYING, 0)
    assert "guardian of a minor (parent)" in page.text
    page = attach(reader, page, (PDF, "birth.pdf"))
    assert accepted(shop, made.id) == State.IN_PROGRESS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_role_relation_and_gap_has_words_on_pages_and_in_letters(language: str) -> None:
    said = words.of(language)
    relations = {one for role in Role for one in RELATIONS[role]}
    roles = [str(role) for role in Role if role is not Role.SELF]
    wanted = [
        *(("acting_roles", name) for name in (*roles, "child")),
        *(("relations", name) for name in relations),
        *(("gaps", name) for name in (*GAPS, *DOCUMENT_GAPS)),
        *(("shown_by", name) for name in ("attested", "delegated", "documents")),
        *(("document_kinds", name) for name in evidence.ENDINGS.values()),
    ]

    assert [path for path in wanted if not said.find(*path)] == []
    letters = catalogue(ROOT / "workflows" / "notices" / "words", language)
    assert [n for n in (*GAPS, *DOCUMENT_GAPS, "guardian") if n not in letters["needs"]] == []
    assert {*roles, "self"} == set(letters["roles"])
