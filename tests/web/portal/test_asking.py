"""Every kind and option can be asked for, with nothing more than is needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.conversation import CONVERSATIONS
from rights.domain.datamap import Correctable
from rights.domain.kinds import Kind, Option
from rights.domain.parameters import PARAMETERS, VALUES, offered
from rights.services import notes, subjects
from rights.store.models import IdentifierRow, Request
from rights.web.portal import inputs
from tests.web.house import ALICE, House
from tests.web.portal.reader import Page, Reader

EVERY = [(kind, option) for kind in Kind for option in offered(kind)]
LEAST: dict[Kind, dict[str, Any]] = {
    Kind.CONSENT_WITHDRAWAL: {"all__purposes": ["newsletter"]},
}
CHANGED = {"changes__1__field": "shop.users.nickname", "changes__1__value": "Ali"}
ODD = "ا\u202eb\u200b<script>alert(1)</script> 😀 & \"quoted\" 'single'"


def _least(kind: Kind) -> dict[str, Any]:
    if kind is Kind.RECOMMENDATION_OPT_OUT:
        return {"switch_on__switches": ["personalised"], "tags_edit__chosen": ["tea"]}
    if kind is Kind.CORRECTION:
        return {f"correct__{name}": value for name, value in CHANGED.items()}
    return LEAST.get(kind, {})


def _requests(house: House) -> list[Request]:
    with house.reading() as session:
        return list(session.exec(select(Request).order_by(Request.received_at)).all())  # type: ignore[arg-type]  # a column


def _ask(reader: Reader, kind: Kind, **said: Any) -> Page:
    return reader.send(reader.get(f"/portal/ask/{kind}"), f"/ask/{kind}", **said)


@pytest.mark.parametrize(("kind", "option"), EVERY)
def test_each_option_is_two_actions_away_for_who_is_signed_in(
    shop: House, reader: Reader, kind: Kind, option: Option
) -> None:
    home = reader.enter(ALICE)
    assert f"/portal/ask/{kind}" in home.links

    page = _ask(reader, kind, option=option, **_least(kind))

    made = next(r for r in _requests(shop) if r.kind is kind)
    assert page.status == 200, page.text
    assert reader.path == f"/portal/requests/{made.id}"
    assert (made.option, made.channel, made.needs) == (option, "portal", [])
    assert made.id in page.text


@pytest.mark.parametrize(("kind", "option"), EVERY)
def test_each_option_can_be_asked_for_without_an_account(
    shop: House, reader: Reader, kind: Kind, option: Option
) -> None:
    reader.begin()

    page = _ask(reader, kind, option=option, who__email="eve@example.com", **_least(kind))

    made = next(r for r in _requests(shop) if r.kind is kind)
    assert page.status == 200, page.text
    assert reader.path == f"/portal/requests/{made.id}"
    with shop.reading() as session:
        (row,) = session.exec(select(IdentifierRow).where(IdentifierRow.request_id == made.id))
        assert subjects.value(shop.context.vault, row) == "eve@example.com"
        assert row.proof == ""


def test_every_name_a_person_may_give_has_a_shape() -> None:
    names = {n for names in PARAMETERS.values() for n in names}
    names |= {n for names in VALUES.values() for n in names}
    names -= {CONVERSATIONS}  # they are chosen on a page of their own, which shows them

    assert names == set(inputs._SHAPES)  # noqa: SLF001 - the table is the fact


def test_what_narrows_a_request_arrives(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    until = (shop.clock.now() + timedelta(days=30)).date().isoformat()

    _ask(
        reader,
        Kind.RESTRICTION,
        option="restrict",
        restrict__categories=["contact", "profile"],
        restrict__purposes=["newsletter"],
        restrict__until=until,
        lift__purposes=["service"],  # beside an option that was not chosen: not its business
    )

    (made,) = _requests(shop)
    assert made.parameters == {
        "categories": ["contact", "profile"],
        "purposes": ["newsletter"],
        "until": until,
    }


@pytest.mark.parametrize("kind", [Kind.ACCESS, Kind.CORRECTION, Kind.EXPLANATION])
def test_what_all_options_ask_for_alike_is_asked_for_once(
    shop: House, reader: Reader, kind: Kind
) -> None:
    reader.enter(ALICE)

    names = reader.get(f"/portal/ask/{kind}").names

    first, *more = offered(kind)
    assert any(name.startswith(f"{first}.") for name in names)
    assert not [name for name in names for option in more if name.startswith(f"{option}.")]


def test_what_was_asked_for_once_counts_for_the_option_that_was_chosen(
    shop: House, reader: Reader
) -> None:
    reader.enter(ALICE)

    _ask(reader, Kind.ACCESS, option="summary", records__categories=["contact"])

    (made,) = _requests(shop)
    assert (made.option, made.parameters) == (Option.SUMMARY, {"categories": ["contact"]})


def test_corrections_arrive_sealed_and_as_their_fields_hold_them(
    shop: House, reader: Reader
) -> None:
    reader.enter(ALICE)

    _ask(
        reader,
        Kind.CORRECTION,
        option="correct",
        correct__changes__1__field="shop.users.nickname",
        correct__changes__1__value=" Ali ",
        correct__changes__3__field="shop.users.birthday",
        correct__changes__3__value="1990-02-03",
        correct__text="and please check my street",
    )

    (made,) = _requests(shop)
    with shop.reading() as session:
        (values,) = notes.read(session, shop.context.vault, made.id, "values")
    assert values == {
        "changes": [
            {"field": "shop.users.nickname", "value": "Ali"},
            {"field": "shop.users.birthday", "value": "1990-02-03"},
        ],
        "text": "and please check my street",
    }


def test_words_alone_are_enough_for_a_correction(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)

    page = _ask(reader, Kind.CORRECTION, option="correct", correct__text=ODD)

    (made,) = _requests(shop)
    assert page.status == 200
    assert made.needs == ["changes"]


def test_a_double_click_is_one_request_and_another_wish_is_another(
    shop: House, reader: Reader
) -> None:
    reader.begin()
    form = reader.get("/portal/ask/restriction").form("/ask/restriction")
    sent = form.holding(option="restrict", who__email="eve@example.com")

    first, second = reader.post(form.action, sent), reader.post(form.action, sent)
    other = reader.post(form.action, {**sent, "restrict.purposes": ["newsletter"]})

    assert first.status == second.status == other.status == 200
    assert len(_requests(shop)) == 2


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"who__email": "not-an-address"}, "does not look like what is asked for: E-mail"),
        ({"who__phone": "12"}, "does not look like what is asked for: Phone"),
        ({"who__email": "a@b.example", "restrict__until": "2001-01-01"}, "not in the past"),
        ({"who__email": "a@b.example", "restrict__until": "soon"}, "not in the past"),
        ({"who__email": "a@b.example", "restrict__categories": ["nonsense"]}, "Please check"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    shop: House, reader: Reader, said: dict[str, Any], sentence: str
) -> None:
    reader.begin()

    page = _ask(reader, Kind.RESTRICTION, option="restrict", **said)

    assert page.status == 422
    assert sentence in page.text
    kept = page.form("/ask/restriction").holding()
    for name, value in said.items():
        if isinstance(value, str):
            assert kept[name.replace("__", ".")] == [value]
    assert _requests(shop) == []


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "Please fill in"),
        ({"changes__1__field": "shop.users.nickname", "changes__1__value": "x" * 21}, "not fit"),
        ({"changes__1__field": "shop.users.nickname", "changes__1__value": "<b>"}, "not fit"),
        ({"changes__1__field": "shop.users.birthday", "changes__1__value": "then"}, "not fit"),
        ({"changes__1__field": "shop.users.verdict", "changes__1__value": "x"}, "Please check"),
        ({"changes__1__field": "no.such.field", "changes__1__value": "x"}, "Please check"),
        ({"text": "x" * 10_001}, "Please check"),
        ({"text": "bell \x07"}, "Please check"),
    ],
)
def test_a_correction_that_cannot_be_is_said_in_words(
    shop: House, reader: Reader, said: dict[str, str], sentence: str
) -> None:
    reader.enter(ALICE)
    named = {f"correct__{name}": value for name, value in said.items()}

    page = _ask(reader, Kind.CORRECTION, option="correct", **named)

    assert page.status == 422
    assert sentence in page.text
    assert _requests(shop) == []


def test_whatever_is_typed_is_shown_as_text(shop: House, reader: Reader) -> None:
    reader.begin()

    page = _ask(
        reader,
        Kind.CORRECTION,
        option="correct",
        correct__text=ODD,
        correct__changes__1__value=ODD,
        who__email=f'"><script>alert(2)</script>{ODD}',
    )

    assert page.status == 422
    assert "<script>alert" not in page.html
    assert ODD in page.text


def test_an_unknown_kind_or_one_that_is_not_offered_is_no_page(reader: Reader) -> None:
    reader.enter(ALICE)

    assert reader.get("/portal/ask/nonsense").status == 404
    assert reader.get("/portal/nonsense").status == 404


def test_an_option_of_another_kind_is_not_taken(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)

    page = _ask(reader, Kind.ACCESS, option="delete")

    assert page.status == 422
    assert _requests(shop) == []


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "1.5", 1.5),
        ("number", "nan", "nan"),
        ("number", "inf", "inf"),
        ("number", "1e999", "1e999"),
        ("integer", "12", 12),
        ("integer", "9" * 30, "9" * 30),
        ("integer", "twelve", "twelve"),
        ("boolean", "True", True),
        ("boolean", "perhaps", "perhaps"),
        ("text", "12", "12"),
    ],
)
def test_what_a_field_cannot_hold_stays_what_was_typed(kind: str, text: str, value: Any) -> None:
    rule = Correctable(type=kind)

    assert inputs._as(rule, text) == value  # noqa: SLF001 - one step of reading a form
