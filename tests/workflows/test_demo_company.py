import sqlite3
import threading
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import create_engine, func, inspect, select

from connectors.http_backend import HttpBackend
from connectors.http_backend.settings import HttpBackendSettings
from connectors.sdk import Change, Expect, KeySet, Reach, Role, Standing, Target, Work
from rights.domain import choosable
from rights.domain.datamap import DataMap, Switch
from rights.domain.facts import comparable, different
from rights.domain.identifiers import plausible
from rights.domain.keys import of_identifiers
from rights.services.datamap import load
from rights.services.way_catalogue import marked
from tests.connectors.case import record
from workflows.demo.company import assistant, datamap_file, newsletter, shop_tables
from workflows.demo.company.files import PEOPLE, cabinet
from workflows.demo.company.filling import create, insert
from workflows.demo.company.people import Company, found
from workflows.demo.company.recommender import tables
from workflows.demo.company.recommender.rules import Inputs, decide, feed
from workflows.demo.company.recommender.service import serve
from workflows.demo.company.recommender.store import BadRequest, Store
from workflows.demo.company.shop import GUESTS, Shop, stock
from workflows.graph import freeze_columns, predicate_for
from workflows.languages import one_language

TODAY = date(2026, 11, 22)
SECRET = "whsec_" + "ZGVtby10ZXN0cy1vbmx5LTMyLWJ5dGVzLWxvbmchISE="


@pytest.fixture(scope="module")
def company() -> Company:
    return found(TODAY)


@pytest.fixture(scope="module")
def shop(company: Company) -> Shop:
    return stock(company)


@pytest.fixture(scope="module")
def datamap() -> DataMap:
    return load(datamap_file())


@dataclass
class Service:
    url: str
    connector: HttpBackend

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:  # noqa: S310 - our own http address
            return orjson.loads(answer.read())

    def post(self, path: str) -> Any:
        request = urllib.request.Request(f"{self.url}{path}", method="POST", data=b"")  # noqa: S310 - as above
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - our own http address
            return orjson.loads(answer.read())


@pytest.fixture
def service(tmp_path: Path, company: Company, shop: Shop) -> Iterator[Service]:
    file = tmp_path / "recommender.db"
    tables.fill(file, company, shop)
    store = Store(file)
    server = serve(store, SECRET, 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    settings = HttpBackendSettings(f"{url}/rights", SECRET, allow=("127.0.0.1/32",))
    connector = HttpBackend(settings)
    yield Service(url, connector)
    connector.close_connections()
    server.shutdown()
    thread.join()
    server.server_close()
    store.close()


@pytest.fixture
def target(datamap: DataMap) -> Callable[[str, KeySet], Target]:
    def of(path: str, keys: KeySet) -> Target:
        collection = datamap.collection(path)
        return Target(collection, keys, predicate_for(datamap, collection))

    return of


def work(step: str = "step") -> Work:
    return Work(step, 1, 0, datetime.now(UTC) + timedelta(seconds=20))


def switch(datamap: DataMap, name: str, path: str) -> Switch:
    return next(s for s in datamap.switches if (s.name, s.collection) == (name, path))


def test_two_foundings_on_one_day_are_the_same(company: Company, shop: Shop) -> None:
    again = found(TODAY)
    assert again.people == company.people
    assert stock(again).rows == shop.rows
    assert assistant.talk(again) == assistant.talk(company)
    assert newsletter.subscribe(again) == newsletter.subscribe(company)
    assert list(cabinet(again, stock(again))) == list(cabinet(company, shop))


def test_another_seed_is_another_company(company: Company) -> None:
    assert found(TODAY, seed=1).people[100].name != company.people[100].name


def test_everybody_can_be_told_apart(company: Company) -> None:
    people = company.people
    assert len(people) == 2000
    for values in zip(*((p.id, p.email, p.phone, p.device) for p in people), strict=True):
        assert len(set(values)) == 2000


def test_nobody_has_an_address_that_could_be_real(company: Company) -> None:
    domains = {p.email.partition("@")[2] for p in company.people}
    assert domains == {"example.com", "example.org", "example.net"}
    assert all(plausible(p.email, "email") and plausible(p.phone, "e164") for p in company.people)
    british = [p.phone for p in company.people if p.phone.startswith("+44")]
    assert british
    assert all(p.startswith("+447700900") for p in british)


def test_the_company_has_chinese_and_english_people_some_of_them_banned(company: Company) -> None:
    assert {p.locale for p in company.people} == {"zh-CN", "en"}
    assert {p.status for p in company.people} == {"active", "suspended", "banned"}


def test_people_of_the_cast_have_old_orders_and_new_ones(company: Company, shop: Shop) -> None:
    limit = company.midnight - timedelta(days=3 * 366)
    for person in (p for p in company.people if p.role):
        mine = [o.at for o in shop.orders if o.owner == person]
        assert sum(at < limit for at in mine) == 2
        assert sum(at > limit for at in mine) == 3


def test_guests_are_known_by_their_address_only(shop: Shop) -> None:
    guests = [row for row in shop.rows[shop_tables.ORDERS] if row["user_id"] is None]
    assert len(guests) == GUESTS
    assert all(row["guest_email"] for row in guests)


def test_nothing_happens_before_people_joined_or_after_today(company: Company, shop: Shop) -> None:
    joined = {p.id: p.joined for p in company.people}
    latest = company.midnight + timedelta(days=1)
    for table in (shop_tables.REVIEWS, shop_tables.LOGIN_EVENTS):
        for row in shop.rows[table]:
            assert joined[row["user_id"]] <= row["created_at"] < latest


def test_the_database_holds_every_row(tmp_path: Path, shop: Shop) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    create(url, shop_tables.METADATA)
    insert(url, shop_tables.METADATA, shop.rows)
    engine = create_engine(url)
    with engine.connect() as connection:
        for table, rows in shop.rows.items():
            count = select(func.count()).select_from(table)
            assert connection.execute(count).scalar_one() == len(rows)
        assert not connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    engine.dispose()


def test_avatars_are_pictures(company: Company, shop: Shop) -> None:
    objects = list(cabinet(company, shop))
    avatars = [o for o in objects if o.key.startswith("avatars/")]
    assert len(avatars) == PEOPLE
    body = avatars[0].body
    start = body.index(b"IDAT") + 4
    length = int.from_bytes(body[start - 8 : start - 4], "big")
    assert body.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(zlib.decompress(body[start : start + length])) == 32 * (32 * 3 + 1)


def test_the_data_map_names_every_table_of_every_database(tmp_path: Path, datamap: DataMap) -> None:
    by_store = {
        "shop": shop_tables.METADATA,
        "assistant": assistant.METADATA,
        "newsletter": newsletter.METADATA,
    }
    for name, metadata in by_store.items():
        store = datamap.store(name)
        known = {c.name for c in store.collections} | set(store.ignored)
        assert known == set(metadata.tables)
        for collection in store.collections:
            columns = set(metadata.tables[collection.name].columns.keys())
            assert {f.name for f in collection.fields} <= columns
    with sqlite3.connect(tmp_path / "r.db") as connection:
        connection.executescript(tables.SCHEMA)
    connection.close()
    engine = create_engine(f"sqlite:///{tmp_path / 'r.db'}")
    for collection in datamap.store("recommender").collections:
        columns = {c["name"] for c in inspect(engine).get_columns(collection.name)}
        assert {f.name for f in collection.fields} <= columns
    engine.dispose()


def test_every_text_of_the_data_map_is_bilingual(datamap: DataMap) -> None:
    for collection in datamap.collections:
        assert set(collection.title) == {"zh", "en"}
        shown = [f for f in collection.fields if f.disclose]
        assert all(set(f.title) == {"zh", "en"} for f in shown)
    assert list(one_language(datamap)) == []


def test_a_decision_follows_from_the_persons_own_numbers() -> None:
    assert decide(Inputs(0, 0, 0)).outcome == "basic"
    assert decide(Inputs(5, 75_000, 600)).score == 15 + 15 + 10
    assert decide(Inputs(5, 75_000, 600)).outcome == "silver"
    assert decide(Inputs(99, 99_999_999, 99_999)).score == 100


def test_a_feed_without_personalisation_is_the_same_for_everybody() -> None:
    goods = [("A", "tea"), ("B", "books")]
    assert feed(goods, ["books"], personalised=True) == ["B", "A"]
    assert feed(goods, ["books"], personalised=False) == ["A", "B"]


def test_switching_personalisation_off_empties_the_feed_of_traits(
    company: Company, datamap: DataMap, service: Service, target: Callable[..., Target]
) -> None:
    person = company.people[0]
    assert service.get(f"/feed?user_id={person.id}")["personalised"] is True
    path = "recommender.profiles"
    goal = target(path, of_identifiers({"user_id": str(person.id)}))
    off = switch(datamap, "personalised", path)
    assert service.connector.suppress(goal, work(), off).affected == 1
    assert service.connector.verify(goal, work(), Expect.SUPPRESSED, switch=off).rows == 0
    assert service.get(f"/feed?user_id={person.id}")["personalised"] is False
    assert service.get(f"/feed?user_id={company.people[1].id}")["personalised"] is True


def test_a_device_nobody_signed_in_on_can_opt_out(
    datamap: DataMap, service: Service, target: Callable[..., Target]
) -> None:
    path = "recommender.devices"
    goal = target(path, of_identifiers({"device_id": "d-never-seen"}))
    off = switch(datamap, "personalised", path)
    assert service.connector.suppress(goal, work(), off).affected == 1
    assert service.connector.verify(goal, work(), Expect.SUPPRESSED, switch=off).rows == 0
    assert service.connector.locate(goal, work()).rows == 1
    assert service.get("/feed?device_id=d-never-seen")["personalised"] is False


def test_a_device_somebody_signed_in_on_can_opt_out_too(
    company: Company, datamap: DataMap, service: Service, target: Callable[..., Target]
) -> None:
    path, device = "recommender.devices", company.people[0].device
    assert service.get(f"/feed?device_id={device}")["personalised"] is True
    goal = target(path, of_identifiers({"device_id": device}))
    off = switch(datamap, "personalised", path)
    assert service.connector.suppress(goal, work(), off).affected == 1
    assert service.get(f"/feed?device_id={device}")["personalised"] is False


def test_a_restricted_profile_is_not_used_for_recommendations(
    company: Company, service: Service, target: Callable[..., Target]
) -> None:
    person = company.people[0]
    goal = target("recommender.profiles", of_identifiers({"user_id": str(person.id)}))
    assert service.connector.restrict(goal, work()).affected == 1
    assert service.connector.verify(goal, work(), Expect.RESTRICTED).rows == 0
    assert service.get(f"/feed?user_id={person.id}")["personalised"] is False


def test_who_refused_to_be_judged_by_a_machine_alone_waits_for_a_person(
    company: Company, datamap: DataMap, service: Service, target: Callable[..., Target]
) -> None:
    person = company.people[0]
    assert service.post(f"/decide?user_id={person.id}")["state"] == "automatic"
    path = "recommender.profiles"
    goal = target(path, of_identifiers({"user_id": str(person.id)}))
    service.connector.suppress(goal, work(), switch(datamap, "human_required", path))
    decided = service.post(f"/decide?user_id={person.id}")
    assert decided["state"] == "pending_human"
    assert decided["outcome"] is None


def test_erasing_a_profile_erases_tags_and_decisions_of_that_person_only(
    company: Company, datamap: DataMap, service: Service, target: Callable[..., Target]
) -> None:
    person, other = company.people[:2]
    keys = of_identifiers({"user_id": str(person.id)})
    goal = target("recommender.profiles", keys)
    columns = freeze_columns(datamap, goal.collection)
    frozen = service.connector.freeze(goal.collection, keys, goal.predicate, columns)
    keys = keys.merged(frozen)
    for path in ("recommender.tags", "recommender.decisions", "recommender.profiles"):
        goal = target(path, keys)
        assert service.connector.locate(goal, work()).rows > 0
        assert service.connector.erase(goal, work(path.replace(".", "-"))).affected > 0
        assert service.connector.verify(goal, work(), Expect.ERASED).rows == 0
    others = target("recommender.profiles", of_identifiers({"user_id": str(other.id)}))
    assert service.connector.locate(others, work()).rows == 1


@pytest.mark.requirement("R-42-2")
def test_a_topic_that_somebody_chooses_comes_first_in_their_feed_at_once(
    company: Company, datamap: DataMap, service: Service, target: Callable[..., Target]
) -> None:
    person = company.people[0]
    (place,) = choosable.places(datamap)
    before = service.get(f"/feed?user_id={person.id}")["items"]
    own = KeySet({"recommender.profiles": {Standing.SOLE: ((person.id,),)}})
    held = service.connector.collect(target(place.collection.path, own), work())
    liked = {record(one)["interest"] for one in held}
    topic = next(one.tag for one in place.tags.choices if one.tag not in liked)
    key = KeySet({place.collection.path: {Standing.SOLE: ((person.id, topic),)}})
    reach = (Reach(place.collection.key, place.collection.path, Role.OWNER),)
    goal = Target(replace(place.collection, links=()), key, reach, adding=True)
    said = {**place.tags.marks(topic), "since": "2026-11-30T09:00:00+00:00"}
    changes = [Change(name, value) for name, value in said.items()]

    made = service.connector.correct(goal, work("chosen"), changes)
    again = service.connector.correct(goal, work("chosen-again"), changes)

    assert (made.affected, again.affected) == (1, 0)
    marks = [c for c in changes if c.column != "since"]
    assert service.connector.verify(goal, work(), Expect.ADDED, changes=marks).rows == 0
    after = service.get(f"/feed?user_id={person.id}")["items"]
    wanted = {sku for sku, interest in tables.catalogue() if interest in {*liked, topic}}
    assert set(after[: len(wanted)]) == wanted
    assert after != before


def test_an_unsigned_call_of_the_protocol_is_refused(service: Service) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        service.post("/rights/about")
    assert refused.value.code == 401
    refused.value.close()


def test_a_column_that_is_not_there_is_refused(
    tmp_path: Path, company: Company, shop: Shop
) -> None:
    file = tmp_path / "recommender.db"
    tables.fill(file, company, shop)
    store = Store(file)
    with pytest.raises(BadRequest, match="unknown_column"):
        store.known("profiles", ["user_id; DROP TABLE profiles"])
    store.close()


def test_whom_the_guide_tells_to_prove_themselves_has_details_to_do_it_with(
    company: Company, shop: Shop, datamap: DataMap
) -> None:
    asked = marked(datamap, "fact")
    reader = company.member("copy")
    orders = [o for o in shop.rows[shop_tables.ORDERS] if o["user_id"] == reader.id]
    mine = {o["id"] for o in orders}
    paid = [p for p in shop.rows[shop_tables.PAYMENTS] if p["order_id"] in mine]

    given = [
        comparable(reader.born, asked["shop.users.born"]),
        comparable(orders[0]["number"], asked["shop.orders.number"]),
        *(comparable(p["card_tail"], asked["shop.payments.card_tail"]) for p in paid[:1]),
    ]

    assert len(different(given)) >= 2
    assert comparable(reader.born.isoformat(), "date") == given[0]
