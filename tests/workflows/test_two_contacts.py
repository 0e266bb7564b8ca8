"""Two contacts proved by codes are worth one account, never two people's data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from connectors.sql import Sql, SqlSettings
from rights.domain.kinds import Kind, default_option
from rights.domain.lifecycle import State, Wait
from rights.services import assurance, intake, lookups, subjects, verification
from rights.store.db import reading, transaction
from rights.store.models import Lookup, Request, StepRow
from tests.workflows.house import Clock, floor_over, replace, request_of
from tests.workflows.shop_on_sql import execute
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.lookups import answer

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80), second VARCHAR(80), merged INTEGER);
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id));
CREATE TABLE letters (id INTEGER PRIMARY KEY, email VARCHAR(80), second VARCHAR(80));
INSERT INTO users VALUES (1, 'ann@example.com', 'ann@work.example', NULL);
INSERT INTO users VALUES (2, 'bo@example.com', 'bo@work.example', NULL);
INSERT INTO users VALUES (3, 'cy@example.com', NULL, NULL);
INSERT INTO users VALUES (4, 'di@example.com', 'shared@work.example', NULL);
INSERT INTO users VALUES (5, 'ed@example.com', 'shared@work.example', NULL);
INSERT INTO users VALUES (6, 'gus@example.com', 'gus@work.example', NULL);
INSERT INTO users VALUES (7, 'gus.old@example.com', 'gus@work.example', 6);
INSERT INTO orders VALUES (10, 1);
INSERT INTO orders VALUES (20, 2);
INSERT INTO orders VALUES (30, 3);
INSERT INTO letters VALUES (1, 'eve@example.com', 'eve@work.example');
INSERT INTO letters VALUES (2, 'fay@example.com', 'fay@work.example');
"""

MAP = """\
version: 1
controller: {name: {zh: 示例公司, en: Sample Company}, dpo_contact: privacy@example.com}
identifiers:
  user_id: {kind: account}
  email: {kind: contact, normalise: email}
  second: {kind: contact, normalise: email}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
stores:
- name: shop
  connector: sql
  settings: {url: "${secret:SHOP_URL}"}
  role: controller
  classification: general
  defaults: {purposes: [service], retention: none}
  collections:
  - name: users
    key: [id]
    identifies: {user_id: id, email: email, second: second}
    links: [{columns: [merged], to: users, role: owner}]
    fields:
    - {name: email, category: contact, disclose: true}
    - {name: second, category: contact, disclose: true}
  - name: orders
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
  - name: letters
    key: [id]
    identifies: {email: email, second: second}
    fields:
    - {name: email, category: contact, disclose: true}
    - {name: second, category: contact, disclose: true}
"""


class Shop:
    """A live database with several people in it, and a worker over it."""

    def __init__(self, folder: Path, url: str, map_text: str = MAP) -> None:
        execute(url, SCHEMA)
        self.engine = sa.create_engine(url)
        self.sql = Sql(SqlSettings(url=url))
        bare = floor_over(folder, map_text, {}, Clock())
        stores, manifests = {"shop": self.sql}, {"sql": Sql.manifest}
        self.floor: Floor = replace(bare, connector=stores.__getitem__, manifests=manifests)

    def close(self) -> None:
        self.engine.dispose()
        self.sql.close_connections()
        self.floor.register.dispose()

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        with self.engine.connect() as connection:
            return {
                name: [
                    tuple(row)
                    for row in connection.execute(sa.text(f"SELECT * FROM {name} ORDER BY id"))
                ]
                for name in ("users", "orders", "letters")
            }

    def proved(self, kind: Kind, email: str, second: str) -> str:
        """Submit a request and answer the code of both addresses, as two mail boxes would."""
        floor, context = self.floor, self.floor.context
        who = subjects.cleaned(context.datamap, {"email": email, "second": second})
        new = intake.Submission(kind, default_option(kind), identifiers=who, ask=False)
        with transaction(floor.register) as session:
            request, _ = intake.submit(session, context, new, now=floor.now())
            for contact in subjects.identifier_rows(session, request.id):
                made = verification.challenge(session, context, request, contact, now=floor.now())
                code = verification.code_of(context, made)
                assert verification.answer(session, context, request, code, now=floor.now())
                session.flush()
            assurance.raise_level(session, context, request, cap=2, now=floor.now())
            assert (request.level, request.state) == (2, State.IN_PROGRESS)
            return request.id


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    if request.param == "postgres":
        url = str(request.getfixturevalue("postgres_url"))
    else:
        url = f"sqlite:///{tmp_path / 'shop.db'}"
    made = Shop(tmp_path, url)
    yield made
    made.close()


TWO_PEOPLE = [
    pytest.param("ann@example.com", "bo@work.example", id="each-on-an-account-of-their-own"),
    pytest.param("ann@example.com", "nobody@work.example", id="one-on-no-account"),
    pytest.param("ann@example.com", "eve@work.example", id="one-on-a-newsletter-only"),
    pytest.param("di@example.com", "shared@work.example", id="one-on-two-accounts"),
    pytest.param("eve@example.com", "fay@work.example", id="two-newsletters-and-no-account"),
]


@pytest.mark.parametrize("kind", [Kind.COPY, Kind.DELETION, Kind.ACCESS])
@pytest.mark.parametrize(("email", "second"), TWO_PEOPLE)
def test_contacts_of_two_people_open_nobodys_data_and_go_to_staff(
    shop: Shop, kind: Kind, email: str, second: str
) -> None:
    before = shop.rows()
    request_id = shop.proved(kind, email, second)

    work_on(shop.floor, request_id)

    held = request_of(shop.floor, request_id)
    assert (held.state, held.wait, held.irreversible_at) == (State.ON_HOLD, Wait.TASK, None)
    assert shop.rows() == before
    with reading(shop.floor.register) as session:
        query = select(StepRow).where(StepRow.request_id == request_id)
        (step,) = session.exec(query).all()
    assert (step.action, step.state, step.code) == ("prepare", "failed", "store_refused")
    assert "two people" in step.note
    assert "@" not in step.note


@pytest.mark.parametrize(
    ("email", "second", "users", "letters"),
    [
        ("ann@example.com", "ann@work.example", [2, 3, 4, 5, 6, 7], [1, 2]),
        ("eve@example.com", "eve@work.example", [1, 2, 3, 4, 5, 6, 7], [2]),
        # The second stands on an account of his that was merged into the first as well.
        ("gus@example.com", "gus@work.example", [1, 2, 3, 4, 5], [1, 2]),
    ],
)
def test_contacts_that_stand_together_reach_what_is_theirs(
    shop: Shop, email: str, second: str, users: list[int], letters: list[int]
) -> None:
    request_id = shop.proved(Kind.DELETION, email, second)

    work_on(shop.floor, request_id)

    assert request_of(shop.floor, request_id).state is State.FULFILLED
    rows = shop.rows()
    assert [row[0] for row in rows["users"]] == users
    assert [row[0] for row in rows["letters"]] == letters


def test_contacts_that_nobody_has_are_answered_with_nothing_found(shop: Shop) -> None:
    before = shop.rows()
    request_id = shop.proved(Kind.DELETION, "none@example.com", "none@work.example")

    work_on(shop.floor, request_id)

    assert request_of(shop.floor, request_id).state is State.FULFILLED
    assert shop.rows() == before


@pytest.mark.parametrize(
    ("second", "state"), [("ann@work.example", "answered"), ("bo@work.example", "failed")]
)
def test_a_glance_beforehand_mixes_nobody_up_either(shop: Shop, second: str, state: str) -> None:
    floor = shop.floor
    request_id = shop.proved(Kind.ACCESS, "ann@example.com", second)
    with transaction(floor.register) as session:
        request = session.get_one(Request, request_id)
        asked = lookups.ask(session, floor.context, request, "counts", now=floor.now()).id

    answer(floor, asked)

    with reading(floor.register) as session:
        row = session.get_one(Lookup, asked)
    assert (row.state, row.sealed_answer is not None) == (state, state == "answered")


NUMBERS = MAP.replace(
    "second: {kind: contact, normalise: email}",
    "second: {kind: contact, normalise: e164, recycled: true}",
)


@pytest.fixture
def numbers(tmp_path: Path) -> Iterator[Shop]:
    """Yield the shop with telephones for second contacts; numbers pass on to other people."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    made = Shop(tmp_path, url, NUMBERS)
    execute(
        url, "UPDATE users SET second = '+861380013800' || id; UPDATE letters SET second = NULL"
    )
    yield made
    made.close()


def test_a_mailbox_and_a_number_that_may_pass_on_reach_the_one_account(numbers: Shop) -> None:
    request_id = numbers.proved(Kind.DELETION, "ann@example.com", "138 0013 8001")

    work_on(numbers.floor, request_id)

    assert request_of(numbers.floor, request_id).state is State.FULFILLED
    assert [row[0] for row in numbers.rows()["users"]] == [2, 3, 4, 5, 6, 7]


def test_ones_own_mailbox_and_somebody_elses_number_go_to_staff(numbers: Shop) -> None:
    before = numbers.rows()
    request_id = numbers.proved(Kind.COPY, "ann@example.com", "138 0013 8002")

    work_on(numbers.floor, request_id)

    held = request_of(numbers.floor, request_id)
    assert (held.state, held.wait) == (State.ON_HOLD, Wait.TASK)
    assert numbers.rows() == before
