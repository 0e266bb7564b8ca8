"""Who waits before one product is cancelled: that product alone is out of use meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from rights.domain.lifecycle import State, Wait
from rights.store.models import Preference, Request, StepRow, StepState
from tests.web.cooling import ANN
from tests.web.house import House
from tests.web.portal.reader import Reader
from tests.web.waiting_shop import Waiting, of_products, waiting
from workflows.advance import begin, settle
from workflows.aftercare import close_out
from workflows.perform import performed

IN_USE = (0, 1, 1)
MALL = {"wait_days": 3, "products": ["mall"]}
READER = {"wait_days": 3, "products": ["reader"]}


@pytest.fixture
def here(furnished: Callable[..., House], tmp_path: Path) -> Iterator[Waiting]:
    made = waiting(furnished, tmp_path, of_products)
    yield made
    made.floor.register.dispose()


def orders(here: Waiting) -> list[tuple[int, int]]:
    """Return which orders of Ann's there are, and whether each is out of use."""
    found = here.tables["shop"]["orders"]
    return [(one["id"], one["stopped"]) for one in found if one["user_id"] == 1]


def account_untouched(here: Waiting) -> bool:
    """Return whether her account, her switches and the other product are as they were."""
    with here.house.reading() as session:
        switched = session.exec(select(Preference)).all()
    letters = [one["email"] for one in here.tables["letters"]["subscribers"]]
    return here.used() == IN_USE and not switched and "ann@example.com" in letters


@pytest.mark.requirement("R-NEG-10")
def test_only_the_product_is_out_of_use_and_the_account_never(here: Waiting) -> None:
    made = here.restricted(parameters=MALL)
    assert here.meanwhile(made).parameters["products"] == ["mall"]
    assert here.meanwhile(made).state is State.FULFILLED
    assert orders(here) == [(10, 1), (11, 1)]
    assert account_untouched(here)

    here.pass_by(days=3)
    here.work(made)
    close_out(here.floor, made)
    here.pass_by(days=1)

    assert here.request(made).state is State.FULFILLED
    assert orders(here) == []
    assert account_untouched(here)
    assert here.lift(made) is None  # nothing is left of it to lift


@pytest.mark.requirement("R-NEG-10")
def test_called_off_the_product_is_used_again_and_the_account_never_was_touched(
    here: Waiting,
) -> None:
    made = here.restricted(parameters=MALL)

    lift = here.called_off(made)

    assert lift is not None
    assert lift.state is State.FULFILLED
    assert orders(here) == [(10, 0), (11, 0)]
    assert account_untouched(here)


@pytest.mark.requirement("R-NEG-10")
def test_rows_that_a_cancelled_product_leaves_are_used_again(here: Waiting) -> None:
    made = here.restricted(parameters=MALL)
    here.pass_by(days=3)
    _erase_nothing(here, made)

    assert here.request(made).state is State.PARTIALLY_FULFILLED
    lift = here.lift(made)
    assert lift is not None
    assert lift.state is State.FULFILLED
    assert orders(here) == [(10, 0), (11, 0)]
    assert account_untouched(here)


def _erase_nothing(here: Waiting, made: str) -> None:
    """Let it be planned, and staff leave out what it would have erased."""
    claim = begin(here.floor, made)
    assert claim is not None
    following = settle(here.floor, claim, performed(here.floor, claim))
    assert following is not None
    here.floor.leases.release(following.step_id)
    with here.house.writing() as session:
        rows = session.exec(select(StepRow).where(StepRow.request_id == made)).all()
        for row in rows:
            if row.action != "prepare":
                row.state, row.code = StepState.LEFT_OUT, "by_staff"
    here.work(made)


def test_where_nothing_of_a_product_can_be_put_out_of_use_nothing_is_opened(here: Waiting) -> None:
    made: str = here.ask(parameters=READER)["id"]
    here.pass_by()

    with here.house.reading() as session:
        (only,) = session.exec(select(Request)).all()
    assert (only.id, only.wait) == (made, Wait.COOLING_OFF)
    here.pass_by(days=3)
    here.work(made)
    assert here.request(made).state is State.FULFILLED
    assert here.used() == IN_USE
    assert orders(here) == [(10, 0), (11, 0)]


def test_a_product_still_waits_when_the_whole_account_no_longer_does(here: Waiting) -> None:
    mall, whole = here.restricted(parameters=MALL), here.restricted()
    here.house.clock.forward(minutes=1)

    here.called_off(whole)

    assert (here.used(), here.reads("push")) == (IN_USE, "on")
    assert orders(here) == [(10, 1), (11, 1)]  # the product is still being cancelled
    assert here.request(mall).wait is Wait.COOLING_OFF


@pytest.mark.parametrize(
    ("language", "said", "cannot"),
    [
        ("en", "Your account, your switches and other products stay", "cannot be put out of use"),
        ("zh-CN", "您的账号、各项开关和其他产品不受影响", "在删除之前无法停用，等待期间仍照常使用"),
    ],
)
def test_the_page_says_what_of_the_product_is_out_of_use(
    here: Waiting, language: str, said: str, cannot: str
) -> None:
    mall = here.restricted(parameters=MALL)
    reads = here.ask(parameters=READER)["id"]
    here.pass_by()
    reader = Reader(here.house, language)
    reader.enter(ANN, "mfa")

    assert said in reader.get(f"/portal/requests/{mall}").text
    page = reader.get(f"/portal/requests/{reads}").text
    assert cannot in page
    assert said not in page
