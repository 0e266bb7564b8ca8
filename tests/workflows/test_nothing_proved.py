"""Where nothing can be found or done, a request says so: it is never "fulfilled, nothing there"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.memory import Memory
from rights.domain.errors import ConfigError
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State, Wait
from rights.services.datamap import parse
from tests.workflows.house import Clock, ask, floor_over, request_of
from workflows.jobs import work_on
from workflows.plan import Asked, plan_for
from workflows.scopes import restrictable

MAP = """
version: 1
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
  phone: {kind: contact, recycled: true}
stores:
- name: shop
  connector: memory
  role: controller
  classification: general
  defaults: {basis: contract, retention: none}
  collections:
  - name: users
    key: [id]
    identifies: {user_id: id, email: email, phone: phone}
    restriction: {strategy: flag, column: restricted, value: true}
    fields: [{name: email, category: contact, disclose: true}]
  - name: orders
    links:
    - {columns: [user_id], to: users, role: owner}
    - {columns: [guest_email], identifier: email, role: owner}
    fields: [{name: id, category: order, disclose: true}]
  - name: lines
    links: [{columns: [order_id], to: orders, role: owner}]
  - name: visits
    links: [{columns: [user_id], to: users, role: owner}]
  - name: seen
    links: [{columns: [user_id], to: users, role: accessor}]
"""

ROW = {"id": 1, "email": "ann@example.com", "phone": "+8613800138000", "restricted": False}


def _tables() -> dict[str, dict[str, list[dict[str, Any]]]]:
    names = ("orders", "lines", "visits", "seen")
    return {"shop": {"users": [dict(ROW)], **{name: [] for name in names}}}


def test_an_identifier_that_finds_no_row_by_itself_is_refused_and_not_answered(
    tmp_path: Path,
) -> None:
    floor = floor_over(tmp_path, MAP, _tables(), Clock())
    request_id = ask(floor, Kind.COPY, {"phone": str(ROW["phone"])})

    work_on(floor, request_id)

    found = request_of(floor, request_id)
    assert (found.state, found.wait) == (State.ON_HOLD, Wait.TASK)


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        (Kind.RECOMMENDATION_OPT_OUT, Option.TAGS_LIST),
        (Kind.EXPLANATION, Option.AUTOMATED_DECISION),
        (Kind.CONSENT_WITHDRAWAL, Option.ALL),
    ],
)
def test_a_plan_that_looks_nowhere_is_refused_though_it_would_make_a_package(
    kind: Kind, option: Option
) -> None:
    with pytest.raises(ConfigError, match="names nothing"):
        plan_for(Asked(kind, option), parse(MAP), {"memory": Memory.manifest})


def test_rules_are_told_without_looking_anywhere() -> None:
    plan = plan_for(Asked(Kind.EXPLANATION, Option.RULES), parse(MAP), {"memory": Memory.manifest})

    assert [str(step.action) for step in plan] == ["package"]


def test_a_guests_row_hangs_on_nothing_that_could_be_restricted_for_it() -> None:
    datamap = parse(MAP)

    known = {c.name: restrictable(datamap, c) for c in datamap.collections}

    assert known == {"users": True, "orders": False, "lines": False, "visits": True, "seen": False}
    steps = [
        s
        for s in plan_for(
            Asked(Kind.RESTRICTION, Option.RESTRICT), datamap, {"memory": Memory.manifest}
        )
        if s.action == "restrict"
    ]
    [by_hand] = [s for s in steps if s.manual]
    assert "shop.orders" in by_hand.manual
    assert not {"shop.seen", "shop.users"} & set(by_hand.collections)
    assert "shop.users" in {path for s in steps if not s.manual for path in s.collections}
