"""A pause before an account is cancelled, on the portal: chosen or not, and two equal ways out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from rights.domain.lifecycle import State, Wait
from rights.store.models import Request
from tests.web.cooling import ANN, KIND, Company, company
from tests.web.house import House
from tests.web.portal.reader import Page, Reader
from tests.web.waiting_shop import Waiting, waiting


@pytest.fixture
def here(furnished: Callable[..., House], tmp_path: Path) -> Iterator[Company]:
    made = company(furnished, tmp_path)
    yield made
    made.floor.register.dispose()


@pytest.fixture
def shop(furnished: Callable[..., House], tmp_path: Path) -> Iterator[Waiting]:
    made = waiting(furnished, tmp_path)
    yield made
    made.floor.register.dispose()


def _only(here: Company) -> Request:
    with here.house.reading() as session:
        found: Request = session.exec(select(Request).where(Request.kind == KIND)).one()
    return found


def _waiting(here: Company, reader: Reader, days: int = 3) -> Page:
    reader.enter(ANN, "mfa")
    form = reader.get(f"/portal/ask/{KIND}")
    return reader.send(form, f"/ask/{KIND}", all__wait_days=days)


@pytest.mark.requirement("R-NEG-9")
def test_the_form_leaves_it_empty_and_folded_and_names_no_day_first(here: Company) -> None:
    reader = Reader(here.house)
    reader.enter(ANN, "mfa")
    page = reader.get(f"/portal/ask/{KIND}")

    folded = page.html.partition("<details>")[2].partition("</details>")[0]
    offered = re.findall(r'<option value="(\d?)"( selected)?>([^<]+)', folded)
    assert [value for value, _, _ in offered] == ["", "1", "2", "3", "4", "5", "6", "7"]
    assert not any(selected for _, selected, _ in offered)
    assert offered[0][2] == "None: cancel it at once"

    reader.send(page, f"/ask/{KIND}")
    assert (_only(here).state, _only(here).parameters) == (State.IN_PROGRESS, {})


@pytest.mark.requirement("R-NEG-9:bad")
def test_it_is_not_offered_where_the_law_leaves_no_room_and_cannot_be_typed_in(
    furnished: Callable[..., House], tmp_path: Path
) -> None:
    made = company(furnished, tmp_path, default_regimes="cn_general,cn_ecommerce")
    reader = Reader(made.house)
    reader.enter(ANN, "mfa")
    page = reader.get(f"/portal/ask/{KIND}")
    assert "all.wait_days" not in page.names

    reader.send(page, f"/ask/{KIND}", all__wait_days=3)

    assert (_only(made).wait, _only(made).parameters) == (Wait.NONE, {})
    made.floor.register.dispose()


@pytest.mark.parametrize("days", ["8", "0", "-1", "12", "three", "٣"])
def test_another_number_than_those_of_the_list_is_told_kindly(here: Company, days: str) -> None:
    reader = Reader(here.house)
    reader.enter(ANN, "mfa")
    form = reader.get(f"/portal/ask/{KIND}")
    page = reader.send(form, f"/ask/{KIND}", all__wait_days=days)

    assert page.status == 422
    assert "Please choose a number of days from the list, or none." in page.text


@pytest.mark.requirement("R-NEG-9")
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["You chose to wait until", "Cancel this request", "Do it now", "Signing in"]),
        ("zh-CN", ["您选择了等待至", "取消该请求", "立即办理", "登录"]),
    ],
)
def test_the_page_names_the_day_and_two_equal_ways(
    here: Company, language: str, said: list[str]
) -> None:
    page = _waiting(here, Reader(here.house, language))

    assert [one for one in said if one not in page.text] == []
    both = page.html.partition('id="pause"')[2].partition("</section>")[0]
    assert len(re.findall("<button>", both)) == 2  # neither has a class of its own
    assert "<details" not in both
    assert len([f for f in page.forms if f.action.endswith("/cancel")]) == 1
    assert page.response.headers.get("Refresh") is None


@pytest.mark.requirement("R-NEG-9")
def test_coming_back_every_day_changes_nothing(here: Company) -> None:
    _waiting(here, Reader(here.house))
    made = _only(here).id
    here.pass_by()
    before = here.stands(made)

    for acr in ("session", "mfa"):
        here.pass_by(hours=25)
        reader = Reader(here.house)
        for page in (
            reader.enter(ANN, acr),
            reader.get(f"/portal/requests/{made}"),
            reader.get(f"/portal/requests/{made}/live"),
            reader.get(f"/portal/requests/{made}/proceed"),
            reader.get(f"/portal/ask/{KIND}"),
        ):
            assert page.status == 200
        here.work(made)
        assert here.stands(made) == before
    assert here.untouched()

    here.pass_by(days=1)
    here.work(made)
    assert _only(here).state is State.FULFILLED
    assert here.erased()


def test_do_it_now_takes_the_proof_of_the_request_and_then_is_done(here: Company) -> None:
    _waiting(here, Reader(here.house))
    made = _only(here).id
    here.house.clock.forward(days=1)
    reader = Reader(here.house)
    reader.enter(ANN, "session")
    page = reader.get(f"/portal/requests/{made}")

    assert "it needs a fresh code" in page.text
    assert reader.send(page, "/proceed").status == 401
    assert _only(here).wait is Wait.COOLING_OFF
    page = reader.send(page, "/proceed/code")
    assert "A code is on its way." in page.text
    assert reader.send(page, "/proceed", code="000000").status == 401
    page = reader.send(page, "/proceed", code=here.house.code(made, "proceed"))

    assert "You asked not to wait any longer" in page.text
    here.work(made)
    assert _only(here).state is State.FULFILLED


def test_signed_in_with_two_factors_one_button_does_it(here: Company) -> None:
    reader = Reader(here.house)
    page = _waiting(here, reader)

    page = reader.send(page, "/proceed")

    assert _only(here).state is State.IN_PROGRESS
    assert 'id="pause"' not in page.html


@pytest.mark.requirement("R-NEG-9")
def test_the_other_button_cancels_without_any_proof(here: Company) -> None:
    _waiting(here, Reader(here.house))
    here.house.clock.forward(days=1)
    reader = Reader(here.house)
    reader.enter(ANN, "session")
    page = reader.get(f"/portal/requests/{_only(here).id}")

    reader.send(page, "/cancel")

    assert _only(here).state is State.REVOKED
    here.pass_by(days=4)
    assert here.untouched()


def test_it_is_nobody_elses(here: Company) -> None:
    page = _waiting(here, Reader(here.house))
    made = _only(here).id
    bo = Reader(here.house)
    bo.enter({"user_id": "2", "email": "bo@example.com"}, "mfa")
    key = bo.get("/portal/several").form("/several").holding()["key"]

    for where in ("proceed", "proceed/code", "cancel"):
        assert bo.post(f"/portal/requests/{made}/{where}", {"key": key}).status == 404
    assert bo.get(f"/portal/requests/{made}").status == 404
    assert (page.status, _only(here).wait) == (200, Wait.COOLING_OFF)


def test_who_has_no_account_here_may_choose_it_too(here: Company) -> None:
    reader = Reader(here.house)
    reader.begin()
    form = reader.get(f"/portal/ask/{KIND}")
    said = {"all__wait_days": 2, "who__email": "ann@example.com"}

    page = reader.send(form, f"/ask/{KIND}", **said)

    assert (page.status, _only(here).state) == (200, State.VERIFYING)
    assert _only(here).parameters == {"wait_days": 2}


@pytest.mark.requirement("R-APP6-3")
@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("en", "Meanwhile your data is being put out of use", "out of use already, but not in"),
        ("zh-CN", "我们正在限制处理您的信息", "已经限制处理，但并非每一处都能做到"),
    ],
)
def test_the_page_says_how_far_it_is_with_putting_the_data_out_of_use(
    shop: Waiting, language: str, before: str, after: str
) -> None:
    reader = Reader(shop.house, language)
    assert before in _waiting(shop, reader).text
    made = _only(shop).id
    shop.pass_by()
    shop.work(shop.meanwhile(made).id)

    page = reader.get(f"/portal/requests/{made}")

    assert after in page.text
    assert f"/portal/requests/{shop.meanwhile(made).id}" in page.html
    there = reader.get(f"/portal/requests/{shop.meanwhile(made).id}")
    assert (there.status, made in there.html) == (200, True)
