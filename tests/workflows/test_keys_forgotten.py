"""Who is erased has no keys left; who is not, keeps them."""

from __future__ import annotations

import base64
import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind
from rights.domain.levels import Acr
from rights.domain.lifecycle import State
from rights.domain.proof_keys import Way
from rights.services import person_keys, rotation, subjects
from rights.services.person_keys import Content
from rights.services.portal import Person
from rights.store.db import transaction
from rights.store.keys import Keyring
from rights.store.models import PersonKey
from rights.store.vault import Vault
from tests.workflows.house import KEY, Clock, ask, floor_over, request_of
from tests.workflows.test_engine import MAP
from workflows.floor import Floor
from workflows.jobs import work_on

USERS: dict[str, Any] = {
    "shop": {
        "users": [
            {"id": 1, "email": "ann@example.com", "personalised": True, "status": "open"},
            {"id": 2, "email": "bob@example.com", "personalised": True, "status": "open"},
        ],
        "orders": [],
    },
    "letters": {"subscribers": []},
}


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    return floor_over(tmp_path, MAP, copy.deepcopy(USERS), Clock())


def _give(floor: Floor, user_id: str) -> str:
    context = floor.context
    who = subjects.cleaned(context.datamap, {"user_id": user_id})
    found = subjects.subjects_of(context.vault, context.datamap, who)
    person = Person("b" * 32, who, frozenset(who), Acr.SESSION, found)
    with transaction(floor.register) as session:
        content = Content("phone", secret="A" * 32)
        key = person_keys.keep(
            session, context, person, Way.TOTP, content, now=floor.now(), last_step=0
        )
        return key.id


def _left(floor: Floor) -> set[str]:
    with transaction(floor.register) as session:
        return set(session.exec(select(PersonKey.id)))


@pytest.mark.parametrize("kind", [Kind.DELETION, Kind.ACCOUNT_CANCELLATION])
@pytest.mark.parametrize("known_by", [{"user_id": "1"}, {"email": "ann@example.com"}])
def test_an_erasure_takes_the_persons_keys_along_and_nobody_elses(
    floor: Floor, kind: Kind, known_by: dict[str, str]
) -> None:
    _give(floor, "1")
    other = _give(floor, "2")
    request_id = ask(floor, kind, known_by)

    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    assert _left(floor) == {other}


@pytest.mark.parametrize("kind", [Kind.ACCESS, Kind.RECOMMENDATION_OPT_OUT])
def test_everything_else_leaves_them(floor: Floor, kind: Kind) -> None:
    keys = {_give(floor, "1")}

    work_on(floor, ask(floor, kind, {"user_id": "1"}))

    assert _left(floor) == keys


def test_keys_are_sealed_anew_when_the_vault_gets_a_new_key(floor: Floor) -> None:
    key_id = _give(floor, "1")
    newer = "k2:" + base64.b64encode(b"n" * 32).decode()
    vault = Vault(Keyring.parse(f"{newer},{KEY}"))

    assert rotation.rotate(floor.register, vault)["person_key"] == 1

    only_new = replace(floor.context, vault=Vault(Keyring.parse(newer)))
    with transaction(floor.register) as session:
        key = session.get_one(PersonKey, key_id)
        assert person_keys.content_of(only_new, key).name == "phone"
