"""The data map as a graph: orders, ways in, what is frozen, what is refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rights.domain import graph as pure
from rights.domain.datamap import Collection, DataMap, Depth, Identifier, Link, Role, Store
from workflows import graph

IDENTIFIERS = {
    "user_id": Identifier("user_id", "account"),
    "email": Identifier("email", "contact", "email"),
    "phone": Identifier("phone", "contact", "e164", recycled=True),
}

USERS = Collection(
    "shop", "users", identifies={"user_id": "id", "email": "email", "phone": "phone"}
)
ORDERS = Collection(
    "shop",
    "orders",
    links=(
        Link(("user_id",), Role.OWNER, to="shop.users"),
        Link(("guest_email",), Role.OWNER, identifier="email"),
    ),
)
ITEMS = Collection("shop", "items", links=(Link(("order_id",), Role.OWNER, to="shop.orders"),))
COMMENTS = Collection(
    "shop",
    "comments",
    links=(
        Link(("author_id",), Role.OWNER, to="shop.users"),
        Link(("parent_id",), Role.NONE, to="shop.comments"),
    ),
)
GROUPS = Collection("shop", "groups", key=("id",))
MEMBERSHIPS = Collection(
    "shop",
    "memberships",
    links=(
        Link(("user_id",), Role.OWNER, to="shop.users"),
        Link(("group_id",), Role.ACCESSES, to="shop.groups"),
    ),
)
CHATS = Collection(
    "assistant",
    "chats",
    links=(Link(("mail",), Role.OWNER, to="shop.users", to_columns=("email",)),),
)


def map_of(*collections: Collection) -> DataMap:
    names = dict.fromkeys(c.store for c in collections)
    return DataMap(
        stores=tuple(
            Store(n, "memory", tuple(c for c in collections if c.store == n)) for n in names
        ),
        identifiers=IDENTIFIERS,
    )


COMPANY = map_of(ITEMS, ORDERS, COMMENTS, USERS, GROUPS, MEMBERSHIPS, CHATS)


def test_keys_are_frozen_parents_first() -> None:
    order = graph.freeze_order(COMPANY)

    assert order.index("shop.users") < order.index("shop.orders") < order.index("shop.items")
    assert order.index("shop.memberships") < order.index("shop.groups")
    assert order.index("shop.users") < order.index("assistant.chats")


def test_rows_are_erased_children_first_and_people_last() -> None:
    order = graph.erase_order(COMPANY)

    assert order.index("shop.items") < order.index("shop.orders")
    assert order.index("shop.memberships") < order.index("shop.groups")
    assert order[-1] == "shop.users"


def test_a_row_that_others_point_at_is_frozen_and_erased_after_them() -> None:
    addresses = Collection(
        "shop",
        "addresses",
        key=("id",),
        links=(Link(("id",), Role.OWNER, to="shop.orders", to_columns=("ship_to",)),),
    )
    pointing = (*ORDERS.links, Link(("ship_to",), Role.NONE, to="shop.addresses"))
    orders = Collection("shop", "orders", links=pointing)
    datamap = map_of(addresses, USERS, orders)

    assert graph.freeze_order(datamap) == ("shop.users", "shop.orders", "shop.addresses")
    assert graph.erase_order(datamap) == ("shop.orders", "shop.addresses", "shop.users")


def test_a_row_that_shares_its_key_with_a_person_is_erased_before_the_person() -> None:
    same_key = Link(("id",), Role.OWNER, to="shop.users", to_columns=("id",))
    profiles = Collection("shop", "profiles", key=("id",), links=(same_key,))

    assert graph.erase_order(map_of(USERS, profiles)) == ("shop.profiles", "shop.users")


def test_people_come_after_collections_they_have_nothing_to_do_with() -> None:
    staff = Collection("shop", "staff", identifies={"email": "email"})

    assert graph.erase_order(map_of(staff, USERS, ORDERS))[0] == "shop.orders"


def test_rows_that_are_people_are_reached_by_their_identifiers_but_no_recycled_one() -> None:
    found = graph.predicate_for(COMPANY, USERS)

    assert [(r.columns, r.anchor, r.role, r.normalise) for r in found] == [
        (("id",), "identifier:user_id", Role.OWNER, ""),
        (("email",), "identifier:email", Role.OWNER, "email"),
    ]


def test_a_row_is_reached_by_its_links_and_a_guest_row_by_its_contact() -> None:
    found = graph.predicate_for(COMPANY, ORDERS)

    assert [(r.columns, r.anchor, r.normalise, r.link) for r in found] == [
        (("user_id",), "shop.users", "", ORDERS.links[0]),
        (("guest_email",), "identifier:email", "email", ORDERS.links[1]),
    ]


def test_a_link_to_other_columns_is_anchored_at_those_and_they_are_frozen() -> None:
    (reach,) = graph.predicate_for(COMPANY, CHATS)

    assert reach.anchor == "shop.users:email"
    assert graph.freeze_columns(COMPANY, USERS) == ((), ("email",))


def test_a_row_elsewhere_may_give_access_to_a_row() -> None:
    (reach,) = graph.predicate_for(COMPANY, GROUPS)

    assert (reach.columns, reach.anchor, reach.role) == (
        ("id",),
        "shop.memberships:group_id",
        Role.ACCESSOR,
    )
    assert graph.freeze_columns(COMPANY, MEMBERSHIPS) == ((), ("group_id",))


def test_a_row_elsewhere_may_give_ownership_of_a_row() -> None:
    owning = Link(("group_id",), Role.OWNS, to="shop.groups", to_columns=("number",))
    datamap = map_of(USERS, GROUPS, Collection("shop", "founders", links=(owning,)))

    reach, others = graph.predicate_for(datamap, GROUPS)

    assert (reach.columns, reach.role, reach.link) == (("number",), Role.OWNER, owning)
    assert (others.columns, others.anchor) == (("number",), "others:shop.groups:number")
    assert graph.freeze_columns(datamap, GROUPS) == ((), ("number",))


def test_leaves_are_not_frozen() -> None:
    assert graph.freeze_columns(COMPANY, ITEMS) == ()
    assert graph.frozen(COMPANY) == {
        "shop.users",
        "shop.orders",
        "shop.comments",
        "shop.memberships",
    }


def test_a_pointer_that_says_nothing_of_a_person_matters_only_for_erasing() -> None:
    reading = graph.predicate_for(COMPANY, COMMENTS)
    erasing = graph.predicate_for(COMPANY, COMMENTS, erasing=True)

    assert [r.columns for r in reading] == [("author_id",)]
    assert [(r.columns, r.role) for r in erasing][1:] == [(("parent_id",), Role.NONE)]


@pytest.mark.parametrize(
    ("role", "depth", "erasing", "expected"),
    [
        (Role.OWNER, Depth.SHALLOW, False, True),
        (Role.NONE, Depth.SHALLOW, True, False),
        (Role.NONE, Depth.DEEP, False, False),
        (Role.NONE, Depth.DEEP, True, True),
    ],
)
def test_rows_that_lead_to_more_rows_of_their_kind_are_told(
    role: Role, depth: Depth, *, erasing: bool, expected: bool
) -> None:
    folders = Collection(
        "shop",
        "folders",
        links=(
            Link(("user_id",), Role.OWNER, to="shop.users"),
            Link(("parent_id",), role, to="shop.folders", depth=depth),
        ),
    )

    assert graph.recursive(map_of(USERS, folders), folders, erasing=erasing) is expected


def test_a_collection_that_points_at_itself_is_no_circle() -> None:
    assert "shop.comments" in graph.erase_order(COMPANY)


def test_collections_in_a_circle_are_frozen_together_after_what_they_hang_on() -> None:
    a = Collection("shop", "a", links=(Link(("b_id",), Role.OWNER, to="shop.b"),))
    b = Collection(
        "shop",
        "b",
        links=(
            Link(("a_id",), Role.OWNER, to="shop.a"),
            Link(("user_id",), Role.OWNER, to="shop.users"),
        ),
    )

    assert pure.freeze_groups(map_of(a, USERS, b)) == (("shop.users",), ("shop.a", "shop.b"))
    assert set(graph.erase_order(map_of(a, USERS, b))) == {"shop.a", "shop.b", "shop.users"}
    assert graph.erase_order(map_of(a, USERS, b))[-1] == "shop.users"


def test_what_hangs_on_nobody_is_not_reachable() -> None:
    lost = Collection("shop", "lost")
    below = Collection("shop", "below", links=(Link(("lost_id",), Role.OWNER, to="shop.lost"),))
    recycled = Collection("shop", "sms", identifies={"phone": "number"})
    datamap = map_of(USERS, ORDERS, lost, below, recycled)

    assert pure.reachable(datamap) == {"shop.users", "shop.orders"}


def test_the_answer_for_another_map_is_another_answer() -> None:
    assert graph.freeze_order(map_of(USERS)) == ("shop.users",)
    assert graph.freeze_order(map_of(USERS, ORDERS)) == ("shop.users", "shop.orders")


# -- random maps ------------------------------------------------------------------------------


@st.composite
def maps(draw: st.DrawFn, *, acyclic: bool = True) -> DataMap:
    """Collections whose links point at earlier ones, or anywhere, shuffled over two stores."""
    size = draw(st.integers(1, 9))
    names = [f"{draw(st.sampled_from(['s', 't']))}.c{n}" for n in range(size)]
    out = []
    for n, path in enumerate(names):
        targets = names[:n] if acyclic else names
        to = draw(st.lists(st.sampled_from(targets), max_size=3)) if targets else []
        links = tuple(
            Link((f"k{i}",), draw(st.sampled_from(list(Role))), to=t) for i, t in enumerate(to)
        )
        store, _, name = path.partition(".")
        people = {"user_id": "id"} if draw(st.integers(0, 3)) == 0 else {}
        out.append(Collection(store, name, identifies=people, links=links, key=("id",)))
    return map_of(*draw(st.permutations(out)))


@settings(max_examples=80, deadline=None)
@given(maps())
def test_every_collection_is_erased_before_what_it_points_at(datamap: DataMap) -> None:
    order = graph.erase_order(datamap)

    assert sorted(order) == sorted(c.path for c in datamap.collections)
    for collection in datamap.collections:
        for link in collection.links:
            if link.to != collection.path:
                assert order.index(collection.path) < order.index(link.to)


@settings(max_examples=80, deadline=None)
@given(maps())
def test_every_anchor_is_frozen_before_it_is_used(datamap: DataMap) -> None:
    groups = graph.freeze_groups(datamap)
    group_of = {path: n for n, group in enumerate(groups) for path in group}
    for path, group in group_of.items():
        for reach in graph.predicate_for(datamap, datamap.collection(path), erasing=True):
            source, _, columns = reach.anchor.partition(":")
            if source in {"identifier", "others", path}:
                continue
            wanted = tuple(columns.split(",")) if columns else ()
            assert wanted in graph.freeze_columns(datamap, datamap.collection(source))
            if reach.role is not Role.NONE:
                assert group_of[source] <= group


@settings(max_examples=80, deadline=None)
@given(maps())
def test_exactly_the_reachable_collections_have_a_way_in_from_a_person(datamap: DataMap) -> None:
    found: set[str] = set()
    growing = True
    while growing:
        more = {
            c.path
            for c in datamap.collections
            if any(_begins(r.anchor, found) for r in graph.predicate_for(datamap, c))
        }
        growing = not more <= found
        found |= more

    assert found == pure.reachable(datamap)


def _begins(anchor: str, found: set[str]) -> bool:
    source = anchor.partition(":")[0]
    return source == "identifier" or source in found


@settings(max_examples=120, deadline=None)
@given(maps(acyclic=False))
def test_groups_are_the_circles_and_come_after_what_they_need(datamap: DataMap) -> None:
    before = pure.parents(datamap)
    groups = pure.freeze_groups(datamap)

    assert sorted(p for g in groups for p in g) == sorted(before)
    place = {path: n for n, group in enumerate(groups) for path in group}
    for path, needs in before.items():
        assert all(place[need] <= place[path] for need in needs)
    for group in groups:
        for one in group:
            assert {p for p in group if p == one or _leads(before, one, p)} == set(group)


def _leads(before: Mapping[str, frozenset[str]], one: str, to: str) -> bool:
    """Return whether *one* depends on *to*, at whatever distance."""
    found: set[str] = set()
    waiting = list(before[one])
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += before[path]
    return to in found
