"""What the verbs do to a service that speaks the protocol."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.http_backend import HttpBackend
from connectors.sdk import (
    Change,
    Collection,
    Expect,
    KeySet,
    Link,
    Reach,
    Receipt,
    Role,
    Standing,
    Target,
    Verb,
)
from tests.connectors import backend_service as service
from tests.connectors import notes
from tests.connectors.backend_service import Backend, Server
from tests.connectors.contract import Case, ConnectorContract
from tests.connectors.http_backend.recommender import (
    ERASED,
    OWNER,
    PERSONALISED,
    REACH,
    TAGS,
    connect,
    ids,
    of,
    tag,
    work,
)


class TestContract(ConnectorContract):
    @pytest.fixture
    def case(self, backend: Backend) -> Iterator[Case]:
        rows = [dict(row) for row in (*notes.MINE, *notes.OTHERS)]
        backend.tables["notes"] = rows
        made: list[HttpBackend] = []

        def connecting(**more: Any) -> HttpBackend:
            made.append(connect(backend, retries=0, **more))
            return made[-1]

        def down() -> HttpBackend:
            with Server(Backend()) as gone:
                url = gone.backend.url
            return connecting(url=url)

        yield Case(
            connect=connecting,
            target=notes.TARGET,
            mine=len(notes.MINE),
            others=lambda: copy.deepcopy([r for r in rows if r["owner_email"] != notes.CANARY]),
            put_back=lambda: rows.append(dict(notes.MINE[0])),
            canary=notes.CANARY,
            unmapped=notes.UNMAPPED,
            values=lambda name: [r[name] for r in rows if r["owner_email"] == notes.CANARY],
            change=notes.CHANGE,
            new=(notes.ADDING, notes.NEW),
            switch=notes.SWITCH,
            down=down,
            denied=lambda: connecting(secret="whsec_" + "b" * 40),
            lost=replace(notes.NOTES, name="lost"),
            journals=False,
        )
        for connector in made:
            connector.close_connections()


def test_probe_succeeds_on_a_service_that_speaks_the_protocol(connector: HttpBackend) -> None:
    connector.probe()


def test_locate_counts_the_persons_rows_only(connector: HttpBackend) -> None:
    found = connector.locate(of("ann"), work())

    assert (found.rows, found.by_standing) == (2, {Standing.SOLE: 2})


def test_collect_yields_the_disclosed_fields_and_drops_the_rest(connector: HttpBackend) -> None:
    assert list(connector.collect(of("ann"), work())) == [
        {"tag": "t1", "score": 0.5},
        {"tag": "t3", "score": 1.5},
    ]


def test_only_columns_that_are_needed_are_asked_for(
    connector: HttpBackend, backend: Backend
) -> None:
    list(connector.collect(of("ann"), work()))

    assert backend.seen[-1].document["columns"] == ["id", "user_id", "tag", "score"]


def test_rows_come_page_by_page(backend: Backend) -> None:
    backend.tables["tags"] = [tag(n, "ann") for n in range(10, 35)]
    connector = connect(backend, page_rows=10)

    assert len(list(connector.collect(of("ann"), work()))) == 25
    assert len(backend.seen) == 3
    connector.close_connections()


def test_erase_removes_the_persons_rows_and_nobody_elses(
    connector: HttpBackend, backend: Backend
) -> None:
    receipt = connector.erase(of("ann"), work())

    assert (receipt.affected, ids(backend)) == (2, [2])
    assert connector.verify(of("ann"), work(), ERASED).rows == 0


def test_erasing_many_rows_in_pages_skips_none(backend: Backend) -> None:
    backend.tables["tags"] = [tag(n, "ann" if n % 3 else "bob") for n in range(100, 200)]
    connector = connect(backend, page_rows=7)

    receipt = connector.erase(of("ann"), work())

    assert receipt.affected == 67
    assert {row["user_id"] for row in backend.tables["tags"]} == {"bob"}
    connector.close_connections()


def test_a_row_that_somebody_else_owns_too_is_cut_and_stays(backend: Backend) -> None:
    mate = Link(columns=("mate_id",), role=Role.OWNER, identifier="user_id")
    shared = Collection("recommender", "tags", key=("id",), links=(OWNER, mate))
    target = Target(
        shared,
        of("ann").keys,
        (REACH, Reach(("mate_id",), "identifier:user_id", Role.OWNER, mate)),
    )
    backend.tables["tags"] = [tag(1, "ann", mate_id="bob"), tag(2, "ann", mate_id="ann")]
    connector = connect(backend)

    receipt = connector.erase(target, work())

    assert (receipt.affected, receipt.decorrelated) == (1, 1)
    assert [(r["id"], r["user_id"], r["mate_id"]) for r in backend.tables["tags"]] == [
        (1, None, "bob")
    ]
    connector.close_connections()


def test_correct_compares_before_it_sets(connector: HttpBackend, backend: Backend) -> None:
    change = Change("tag", "jazz", old="t1", check_old=True)

    receipt = connector.correct(of("ann"), work(), [change])

    assert (receipt.affected, receipt.conflicts) == (1, 1)
    assert [row["tag"] for row in backend.tables["tags"]] == ["jazz", "t2", "t3"]
    assert connector.verify(of("ann"), work(), Expect.CORRECTED, changes=[change]).rows == 1


def test_a_row_changed_between_reading_and_writing_is_a_conflict(
    connector: HttpBackend, backend: Backend
) -> None:
    def meanwhile(_: service.Handler) -> bool:
        backend.tables["tags"][0]["tag"] = "newer"
        return False

    backend.faults.extend([lambda _: False, meanwhile])
    receipt = connector.correct(of("ann"), work(), [Change("tag", "x", old="t1", check_old=True)])

    assert receipt.conflicts == 2
    assert backend.tables["tags"][0]["tag"] == "newer"


@pytest.mark.parametrize(
    ("verb", "column", "value", "expect"),
    [
        (Verb.RESTRICT, "frozen", True, Expect.RESTRICTED),
        (Verb.CLOSE, "active", False, Expect.CLOSED),
    ],
)
def test_a_flag_is_set_on_the_persons_rows_and_read_back(
    connector: HttpBackend,
    backend: Backend,
    verb: Verb,
    column: str,
    value: bool,  # noqa: FBT001
    expect: Expect,
) -> None:
    before = connector.verify(of("ann"), work(), expect).rows
    receipt: Receipt = getattr(connector, verb)(of("ann"), work())

    assert (before, receipt.affected) == (2, 2)
    assert connector.verify(of("ann"), work(), expect).rows == 0
    assert [row[column] == value for row in backend.tables["tags"]] == [True, False, True]


def test_a_switch_is_turned_off_and_read_back(connector: HttpBackend, backend: Backend) -> None:
    receipt = connector.suppress(of("ann"), work(), PERSONALISED)

    assert receipt.affected == 2
    assert [row["on"] for row in backend.tables["tags"]] == [False, True, False]
    verified = connector.verify(of("ann"), work(), Expect.SUPPRESSED, switch=PERSONALISED)
    assert verified.rows == 0


def test_a_switch_can_be_turned_off_for_somebody_the_service_has_not_met(
    connector: HttpBackend, backend: Backend
) -> None:
    receipt = connector.suppress(of("device-9"), work(), PERSONALISED)

    assert receipt.affected == 1
    assert {**backend.tables["tags"][-1], "id": 0} == {"id": 0, "user_id": "device-9", "on": False}


def test_freeze_returns_keys_and_other_columns_by_standing(connector: HttpBackend) -> None:
    keys = connector.freeze(TAGS, of("ann").keys, (REACH,), ((), ("tag",)))

    assert keys.anchors["recommender.tags"] == {Standing.SOLE: ((1,), (3,))}
    assert keys.keys("recommender.tags:tag") == (("t1",), ("t3",))


def test_discover_lists_what_the_service_serves(connector: HttpBackend) -> None:
    inventory = connector.discover()

    (table,) = inventory.tables
    assert (table.name, table.key, table.columns["score"]) == ("tags", ("id",), "float")
    assert connector.discover().hash == inventory.hash


@pytest.mark.parametrize("verb", [Verb.LOCATE, Verb.ERASE, Verb.RESTRICT, Verb.CLOSE])
def test_no_keys_reach_nothing_and_ask_nothing(
    connector: HttpBackend, backend: Backend, verb: Verb
) -> None:
    for keys in (KeySet(), KeySet({"identifier:user_id": {Standing.SOLE: ((None,),)}})):
        getattr(connector, verb)(Target(TAGS, keys, (REACH,)), work())

    assert backend.seen == []
