"""The data map beside live stores: check, discover and diff, as an operator runs them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from connectors.sdk import Inventory, TableFound
from rights.domain.datamap import Collection, DataMap, Identifier, Link, Role, Store
from tests.workflows.shop_on_sql import MAP, SCHEMA, check_shop, execute, run_check
from workflows import tables
from workflows.datamap_cli import check_command


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def shop(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    execute(url, SCHEMA)
    return url


# -- check ------------------------------------------------------------------------------------


def test_a_map_that_fits_its_store_has_no_findings(tmp_path: Path, shop: str) -> None:
    assert run_check(tmp_path, MAP, {"RIGHTS_SECRET_SHOP_URL": shop}, ci=True) == (0, [])


def test_a_table_that_is_neither_mapped_nor_ignored_is_an_error(tmp_path: Path, shop: str) -> None:
    execute(shop, "CREATE TABLE letters (id INTEGER PRIMARY KEY, shouji VARCHAR(20))")

    (finding,) = check_shop(tmp_path, shop)

    assert finding.startswith("error: shop.letters: the table is neither mapped nor ignored")
    assert "shouji look personal" in finding


def test_a_table_or_column_that_is_only_in_the_map_is_an_error(tmp_path: Path, shop: str) -> None:
    text = MAP.replace("name: order_items", "name: order_lines").replace("name: note", "name: nota")

    found = check_shop(tmp_path, shop, text)

    assert [f.partition(" → ")[0] for f in found] == [
        "error: shop.order_lines: the store has no table order_lines",
        "error: shop.order_items: the table is neither mapped nor ignored",
        "error: shop.orders.nota: the table has no column nota, which is named by the field nota",
    ]


def test_an_unmapped_column_that_looks_personal_is_a_warning_and_in_ci_an_error(
    tmp_path: Path, shop: str
) -> None:
    execute(shop, "ALTER TABLE orders ADD COLUMN recipient_phone VARCHAR(20)")

    (relaxed,) = check_shop(tmp_path, shop)
    (strict,) = check_shop(tmp_path, shop, ci=True)

    assert relaxed.startswith("warning: shop.orders.recipient_phone: the column is not mapped")
    assert strict.startswith("error: shop.orders.recipient_phone: ")


def test_a_table_without_a_key_is_an_error_until_the_map_names_one(
    tmp_path: Path, shop: str
) -> None:
    execute(shop, "CREATE TABLE visits (user_id INTEGER NOT NULL REFERENCES users (id), page TEXT)")
    execute(shop, "CREATE INDEX visits_user ON visits (user_id)")
    visits = "  - name: visits\n    links: [{columns: [user_id], to: users, role: owner}]\n"
    text = MAP.replace("  ignored:", f"{visits}  ignored:")

    assert [f.partition(",")[0] for f in check_shop(tmp_path, shop, text)] == [
        "error: shop.visits: the table has no primary key"
    ]
    keyed = text.replace("name: visits", "name: visits\n    key: [user_id, page]")
    assert check_shop(tmp_path, shop, keyed) == []


def test_a_foreign_key_without_a_link_is_found(tmp_path: Path, shop: str) -> None:
    execute(shop, "ALTER TABLE orders ADD COLUMN agent INTEGER REFERENCES users (id)")

    (finding,) = check_shop(tmp_path, shop)

    assert finding == (
        "warning: shop.orders.agent: a foreign key to users (id) has no link → add "
        "{columns: [agent], to: users, role: …}; role: none if it says nothing about a person"
    )


def test_a_foreign_key_may_be_declared_from_the_other_end(tmp_path: Path, shop: str) -> None:
    execute(shop, "CREATE TABLE addresses (id INTEGER PRIMARY KEY, dizhi VARCHAR(80))")
    execute(shop, "ALTER TABLE orders ADD COLUMN ship_to INTEGER REFERENCES addresses (id)")
    execute(shop, "CREATE INDEX orders_ship_to ON orders (ship_to)")
    addresses = """\
  - name: addresses
    key: [id]
    links: [{columns: [id], to: orders, to_columns: [ship_to], role: owner}]
    fields: [{name: dizhi, category: address}]
"""

    text = MAP.replace("  ignored:", f"{addresses}  ignored:")

    assert check_shop(tmp_path, shop, text, ci=True) == []


def test_a_link_over_columns_without_an_index_is_found(tmp_path: Path, shop: str) -> None:
    execute(shop, "DROP INDEX orders_user")

    (finding,) = check_shop(tmp_path, shop)

    assert finding.startswith("warning: shop.orders.user_id: a link runs over columns without an")


def test_a_link_that_no_foreign_key_backs_is_found(tmp_path: Path, shop: str) -> None:
    execute(shop, "CREATE TABLE notes (id INTEGER PRIMARY KEY, writer INTEGER)")
    notes = "  - name: notes\n    links: [{columns: [writer], to: users, role: owner}]\n"

    found = check_shop(tmp_path, shop, MAP.replace("  ignored:", f"{notes}  ignored:"))

    assert any("no foreign key backs the link to shop.users" in f for f in found)


def test_an_ignored_table_that_points_at_people_is_found(tmp_path: Path, shop: str) -> None:
    execute(shop, "CREATE TABLE migrants (id INTEGER PRIMARY KEY, u INTEGER REFERENCES users (id))")

    found = check_shop(tmp_path, shop)

    assert found[0].startswith("warning: shop.migrants: is ignored, but its rows point at users")
    assert found[1].startswith("warning: shop.migrants.u: a foreign key to users without an index")
    assert len(found) == 2


def test_a_store_that_does_not_answer_is_an_error_that_repeats_no_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://app:a-long-password@127.0.0.1:1/shop"

    code, found = run_check(tmp_path, MAP, {"RIGHTS_SECRET_SHOP_URL": url})

    assert code == 1
    assert found[0].startswith("error: shop: the store cannot be reached")
    assert "a-long-password" not in "".join(found)


def test_a_missing_secret_is_named_with_where_to_put_it(tmp_path: Path) -> None:
    code, found = run_check(tmp_path, MAP, {})

    assert code == 1
    assert "shop.settings: SHOP_URL" in found[0]
    assert "RIGHTS_SECRET_SHOP_URL" in found[0]


def test_an_unknown_connector_is_an_error_that_names_those_there_are(tmp_path: Path) -> None:
    code, found = run_check(tmp_path, MAP.replace("connector: sql", "connector: sqll"), {})

    assert code == 1
    assert found[0].startswith("error: shop: no connector is called 'sqll'; there are: ")


def test_wrong_settings_are_told_all_at_once(tmp_path: Path) -> None:
    settings = 'settings: {url: "${secret:SHOP_URL}"}'
    text = MAP.replace(settings, "settings: {ulr: x, pool: many}")

    _, found = run_check(tmp_path, text, {})

    assert [f.partition("settings: ")[2].partition(" → ")[0] for f in found] == [
        "ulr is not a setting of sql",
        "url is missing",
        "pool is not a whole number",
    ]


def test_what_a_connector_cannot_do_is_told_as_work_for_staff(tmp_path: Path, shop: str) -> None:
    text = MAP.replace("strategy: flag", "strategy: escrow")
    text = text.replace("connector: sql", "connector: http_backend")

    found = check_shop(tmp_path, shop, text)

    assert any("the connector http_backend does not know escrow" in f for f in found)


def test_a_map_with_mistakes_ends_with_2_and_lists_them(tmp_path: Path) -> None:
    file = tmp_path / "datamap.yaml"
    file.write_text(MAP.replace("role: controller", "role: boss"), encoding="utf-8")
    out = io.StringIO()

    assert check_command(file, environ={}, out=out, as_json=True) == 2
    told = json.loads(out.getvalue().splitlines()[-1])
    assert "is no role of a store: boss" in told["problems"][0]


def test_findings_can_be_read_by_programs(tmp_path: Path, shop: str) -> None:
    execute(shop, "CREATE TABLE letters (id INTEGER PRIMARY KEY)")
    file = tmp_path / "datamap.yaml"
    file.write_text(MAP, encoding="utf-8")
    out = io.StringIO()

    code = check_command(file, environ={"RIGHTS_SECRET_SHOP_URL": shop}, out=out, as_json=True)

    told = json.loads(out.getvalue().splitlines()[-1])
    assert (code, told["ok"], told["errors"], told["warnings"]) == (1, False, 1, 0)
    assert told["findings"][0]["place"] == "shop.letters"


def test_a_link_that_may_be_empty_and_is_the_only_one_is_found() -> None:
    orders = Collection("shop", "orders", links=(Link(("user_id",), Role.OWNER, to="shop.users"),))
    store = Store("shop", "sql", (orders,))
    datamap = DataMap((store,), {"user_id": Identifier("user_id", "account")})
    table = TableFound("orders", {"id": "int", "user_id": "int"}, ("id",), nullable=("user_id",))

    (finding,) = tables.findings(tables.Compared.of(datamap, store, Inventory((table,), "")))

    assert finding.message.startswith("the only link to a person may be empty")


@pytest.mark.parametrize(
    ("kind", "found"), [("TIMESTAMP", 0), ("INTEGER", 0), ("VARCHAR(30)", 0), ("BOOLEAN", 1)]
)
def test_when_a_contact_was_changed_is_in_a_column_of_times(
    tmp_path: Path, shop: str, kind: str, found: int
) -> None:
    execute(shop, f"ALTER TABLE users ADD COLUMN mail_changed {kind}")
    text = MAP.replace(
        "{name: email, category: contact",
        "{name: email, contact: {changed_at: mail_changed}, category: contact",
    )
    assert text != MAP

    said = check_shop(tmp_path, shop, text)

    assert ["says when email was changed, and is no time" in one for one in said] == [True] * found


def test_a_column_of_changes_that_is_not_there_is_an_error(tmp_path: Path, shop: str) -> None:
    text = MAP.replace(
        "{name: email, category: contact",
        "{name: email, contact: {changed_at: mail_changed}, category: contact",
    )

    (finding,) = check_shop(tmp_path, shop, text)

    assert finding.startswith("error: shop.users.mail_changed: the table has no column")
