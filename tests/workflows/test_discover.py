"""Drafts and differences of a data map, secrets, and names that look personal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from rights.domain.datamap import Role, Store
from rights.domain.errors import ConfigError
from rights.services.datamap import parse
from tests.workflows.shop_on_sql import MAP, SCHEMA, check_shop, execute
from workflows.datamap_cli import diff_command, discover_command
from workflows.personal import guess, looks_like_people
from workflows.secrets import Secrets, require


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def shop(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    execute(url, SCHEMA)
    return url


# -- discover ---------------------------------------------------------------------------------


def test_a_draft_of_a_live_schema_is_a_map_that_loads_and_checks(tmp_path: Path, shop: str) -> None:
    file = tmp_path / "stores.yaml"
    file.write_text(
        'stores: [{name: shop, connector: sql, settings: {url: "${secret:SHOP_URL}"}}]',
        encoding="utf-8",
    )
    out = io.StringIO()
    code = discover_command(file, environ={"RIGHTS_SECRET_SHOP_URL": shop}, out=out)
    draft = out.getvalue()

    assert code == 0
    assert shop not in draft
    datamap = parse(draft)
    assert dict(datamap.collection("shop.users").identifies) == {"user_id": "id", "email": "email"}
    assert datamap.collection("shop.order_items").links[0].to == "shop.orders"
    assert "  # - {name: migrations, because: …}" in draft.splitlines()
    found = check_shop(tmp_path, shop, draft)
    assert [f.partition(" → ")[0] for f in found] == [
        "error: shop.migrations: the table is neither mapped nor ignored"
    ]


def test_a_draft_marks_the_key_that_closes_a_circle_and_makes_nobody_an_owner_by_it(
    tmp_path: Path, sqlite_url: str
) -> None:
    execute(sqlite_url, SCHEMA)
    execute(sqlite_url, "ALTER TABLE users ADD COLUMN last_order INTEGER REFERENCES orders (id)")
    file = tmp_path / "stores.yaml"
    file.write_text(f"stores: [{{name: shop, connector: sql, settings: {{url: '{sqlite_url}'}}}}]")
    out = io.StringIO()
    discover_command(file, environ={}, out=out)

    assert "closes a circle" in out.getvalue()
    datamap = parse(out.getvalue())
    assert datamap.collection("shop.orders").links[0].to == "shop.users"
    (back,) = datamap.collection("shop.users").links
    assert (back.to, back.role) == ("shop.orders", Role.NONE)


def test_a_draft_of_a_schema_without_people_says_nothing_about_them(
    tmp_path: Path, sqlite_url: str
) -> None:
    execute(sqlite_url, "CREATE TABLE parts (id INTEGER PRIMARY KEY)")
    file = tmp_path / "stores.yaml"
    file.write_text(f"stores: [{{name: depot, connector: sql, settings: {{url: '{sqlite_url}'}}}}]")
    out = io.StringIO()

    assert discover_command(file, environ={}, out=out) == 0
    with pytest.raises(ConfigError) as refused:
        parse(out.getvalue())
    (problem,) = refused.value.problems
    assert "stores[depot]: has no collections" in problem
    draft = out.getvalue().replace("  # ignored:\n  # - ", "  ignored:\n  - ")
    draft = draft.replace("because: …", "because: about nobody")
    assert parse(draft).store("depot").collections == ()


# -- diff -------------------------------------------------------------------------------------


def test_what_changed_since_the_map_was_written_is_listed(tmp_path: Path, shop: str) -> None:
    execute(shop, "ALTER TABLE users ADD COLUMN shirt VARCHAR(4)")
    execute(shop, "CREATE TABLE letters (id INTEGER PRIMARY KEY)")
    execute(shop, "DROP TABLE order_items")
    file = tmp_path / "datamap.yaml"
    file.write_text(MAP, encoding="utf-8")
    out = io.StringIO()

    code = diff_command(file, environ={"RIGHTS_SECRET_SHOP_URL": shop}, out=out)

    assert code == 1
    assert out.getvalue().splitlines() == [
        "+ table shop.letters",
        "- table shop.order_items",
        "+ column shop.users.shirt",
    ]


def test_a_map_that_fits_has_no_differences(tmp_path: Path, shop: str) -> None:
    file = tmp_path / "datamap.yaml"
    file.write_text(MAP, encoding="utf-8")
    out = io.StringIO()

    assert diff_command(file, environ={"RIGHTS_SECRET_SHOP_URL": shop}, out=out) == 0
    assert out.getvalue() == ""


# -- secrets and names ------------------------------------------------------------------------


def test_all_missing_secrets_are_named_at_once_with_the_stores_that_need_them() -> None:
    stores = (
        Store("a", "sql", settings={"url": "${secret:ONE}", "read_url": "${secret:TWO}"}),
        Store("b", "sql", settings={"url": "db://x:${secret:TWO}@${secret:HERE}/y"}),
    )

    with pytest.raises(ConfigError) as caught:
        require(stores, Secrets({"RIGHTS_SECRET_HERE": "x"}))

    assert [p.partition(" → ")[0] for p in caught.value.problems] == [
        "ONE (needed by a)",
        "TWO (needed by a, b)",
    ]


def test_a_secret_may_be_a_file_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "ONE").write_text("from the file\n", encoding="utf-8")
    (tmp_path / "TWO").write_text("from the file", encoding="utf-8")
    environ = {"RIGHTS_SECRETS_DIR": str(tmp_path), "RIGHTS_SECRET_TWO": "from outside"}

    secrets = Secrets.of(environ)

    assert secrets.resolved({"a": ["${secret:ONE}!"], "b": "${secret:TWO}", "c": 3}) == {
        "a": ["from the file!"],
        "b": "from outside",
        "c": 3,
    }
    assert "from" not in repr(secrets)


@pytest.mark.parametrize(
    ("column", "category"),
    [
        ("userEmailAddr", "contact"),
        ("shouji_hao", "contact"),
        ("ID_CARD", "identity_document"),
        ("shenfenzheng", "identity_document"),
        ("last_ip", "online_identifier"),
        ("weixin", "contact"),
        ("dizhi", "address"),
    ],
)
def test_personal_column_names_are_recognised_in_english_and_pinyin(
    column: str, category: str
) -> None:
    found = guess(column)

    assert found is not None
    assert found.category == category


@pytest.mark.parametrize("column", ["shipment", "total", "page", "recipe", "status", "panel"])
def test_other_column_names_are_left_alone(column: str) -> None:
    assert guess(column) is None


def test_tables_of_people_are_recognised_by_their_last_word() -> None:
    assert looks_like_people("auth_user")
    assert looks_like_people("yonghu")
    assert not looks_like_people("user_order")
