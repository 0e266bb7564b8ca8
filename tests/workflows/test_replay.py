"""After a restore: what was erased is gone again, what was corrected is right again, no more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlmodel import col, select

from rights.services import audit, restores
from rights.store.models import Aftercare, Capsule, JournalRow, ReceiptRow, Request
from tests.workflows.restored import MAP, PEOPLE, SCHEMA, Shop, beside, changed, move_in, now, of
from workflows.commands.replay import replay


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    url = str(request.getfixturevalue(f"{request.param}_url"))
    monkeypatch.setenv("RIGHTS_SECRET_REPLAY_SHOP_URL", url)
    (tmp_path / "map.yaml").write_text(MAP, encoding="utf-8")
    made = Shop(url, tmp_path, sa.create_engine(url))
    for statement in SCHEMA:
        made.write(statement)
    for number, name in PEOPLE:
        move_in(made, number, name)
    yield made
    made.engine.dispose()


@pytest.mark.requirement("R-24-7", "R-NEG-30")
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "tables"])
def test_what_was_erased_and_corrected_since_the_backup_is_so_again_and_nothing_else_is(
    shop: Shop, *, whole: bool
) -> None:
    backup, since = shop.content(), now()
    shop.execute("deletion", user_id="1", email="ann@example.com")
    shop.execute("correction", "shop.users.nickname=Bobo", user_id="2")
    assert of(shop, 1) == set()
    after = shop.content()
    receipts = [(r.request_id, r.body, r.signature) for r in shop.rows(ReceiptRow)]

    shop.restore(backup, whole=whole)
    shop.write("UPDATE users SET nickname = 'cyan' WHERE id = 3")  # somebody else's edit
    assert of(shop, 1)
    done = shop.replay(since)

    assert (done["exit"], done["whole"]) == (0, True), done
    assert shop.content()["users"] == changed(after, 3, "cyan")["users"]
    assert of(shop, 1) == set()
    assert beside(shop.content(), 1, 2) == beside(changed(after, 3, "cyan"), 1, 2)
    assert [(r.request_id, r.body, r.signature) for r in shop.rows(ReceiptRow)] == receipts
    assert [r for r in after["invoices"] if r[0] == 1] == [
        r for r in shop.content()["invoices"] if r[0] == 1
    ]  # held by law then, held by law now


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "tables"])
@pytest.mark.requirement("R-NEG-30")
def test_a_correction_alone_is_made_again_where_the_old_value_is_back(
    shop: Shop, *, whole: bool
) -> None:
    backup, since = shop.content(), now()
    shop.execute("correction", "shop.users.nickname=Bobo", user_id="2")
    after = shop.content()

    shop.restore(backup, whole=whole)
    assert shop.recheck(since)["requests"][0]["back"] == {"shop.users.nickname": 1}
    done = shop.replay(since)

    assert (done["exit"], done["requests"][0]["affected"]) == (0, {"shop.users": 1})
    assert shop.content() == after
    assert [a.code for a in shop.rows(Aftercare) if a.kind == "incident"] == ["correction_undone"]


def test_a_value_older_than_the_one_that_was_corrected_is_shown_to_staff_and_never_guessed(
    shop: Shop,
) -> None:
    backup, since = shop.content(), now()
    shop.write("UPDATE users SET nickname = 'Bob' WHERE id = 2")
    shop.execute("correction", "shop.users.nickname=Bobo", user_id="2")
    after = shop.content()

    shop.restore(backup)
    done = shop.replay(since)

    assert (done["exit"], done["requests"][0]["left"]) == (3, {"shop.users": 1})
    assert shop.content() == backup  # it might be the person's own newer value
    assert [a.code for a in shop.rows(Aftercare) if a.kind == "incident"] == ["differs"]
    assert shop.replay(since, "--store=shop")["exit"] == 0
    assert shop.content() == after


def test_a_second_replay_changes_nothing_and_each_one_is_in_the_trail(shop: Shop) -> None:
    backup, since = shop.content(), now()
    request_id = shop.execute("deletion", user_id="1", email="ann@example.com")["request"]
    shop.restore(backup)

    first = shop.replay(since)
    content = shop.content()
    second = shop.replay(since)

    assert sum(first["requests"][0]["affected"].values()) == 6
    assert second["requests"][0]["affected"] == {}
    assert (second["exit"], second["whole"]) == (0, True)
    assert shop.content() == content
    with shop.register() as session:
        events = [e.event for e in audit.entries(session, request_id)]
        query = select(JournalRow).where(col(JournalRow.phase) == "replay")
        journal = {j.collection: j.affected for j in session.exec(query)}
        request = session.get_one(Request, request_id)
    assert events.count("replayed") == 2
    assert journal == {"shop.users": 1, "shop.orders": 3, "shop.order_items": 2, "shop.invoices": 0}
    assert str(request.state) == "fulfilled"


def test_without_a_restore_a_replay_touches_neither_newer_edits_nor_a_new_account(
    shop: Shop,
) -> None:
    since = now()
    shop.execute("deletion", user_id="1", email="ann@example.com")
    shop.execute("correction", "shop.users.nickname=Bobo", user_id="2")
    shop.write("UPDATE users SET nickname = 'Bob' WHERE id = 2")  # newer than the correction
    shop.write("INSERT INTO users VALUES (9, 'ann@example.com', 'new ann', NULL)")
    shop.write("INSERT INTO orders VALUES (90, 9, NULL, 'bowl')")
    shop.write("INSERT INTO orders VALUES (95, NULL, 'ann@example.com', 'bowl')")
    content = shop.content()

    shop.replay(since)

    assert shop.content() == content


def test_a_guest_who_may_have_bought_again_is_left_to_staff_unless_the_store_was_restored(
    shop: Shop,
) -> None:
    backup, since = shop.content(), now()
    shop.execute("deletion", email="ann@example.com", user_id="1")
    shop.write("INSERT INTO orders VALUES (15, NULL, 'ann@example.com', 'guest')")

    unsure = shop.replay(since)
    assert (unsure["exit"], unsure["requests"][0]["unsure"]) == (3, {"shop.orders": 1})
    assert len(of(shop, 1)) == 1
    assert [a.code for a in shop.rows(Aftercare) if a.kind == "incident"] == ["perhaps_new"]

    shop.restore(backup)
    done = shop.replay(since, "--store=shop")
    assert (done["exit"], of(shop, 1)) == (0, set())


def test_rows_that_hang_on_a_row_that_came_back_go_too_though_nobody_had_frozen_them(
    shop: Shop,
) -> None:
    shop.write("INSERT INTO orders VALUES (17, 1, NULL, 'older')")
    shop.write("INSERT INTO order_items VALUES (17, 1, 'older')")
    backup, since = shop.content(), now()
    shop.write("DELETE FROM order_items WHERE order_id = 17")
    shop.write("DELETE FROM orders WHERE id = 17")  # gone before the erasure: no key was frozen
    shop.execute("deletion", user_id="1")

    shop.restore(backup)
    shop.replay(since)

    assert of(shop, 1) <= {("orders", 15)}  # the guest order: no address was proved


def test_what_was_erased_before_the_backup_was_made_is_left_alone(shop: Shop) -> None:
    shop.execute("deletion", user_id="1", email="ann@example.com")

    done = shop.replay(now() + timedelta(seconds=1))

    assert done["requests"] == []


def test_a_store_that_cannot_be_reached_fails_the_replay_by_name(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = now()
    shop.execute("deletion", user_id="1", email="ann@example.com")
    monkeypatch.setenv("RIGHTS_SECRET_REPLAY_SHOP_URL", "postgresql://127.0.0.1:1/none")

    done = shop.replay(since)

    assert (done["exit"], done["whole"]) == (1, False)
    assert done["requests"][0]["code"].startswith("store_")


def test_a_recheck_by_hand_finds_what_a_restore_brought_back(shop: Shop) -> None:
    backup, since = shop.content(), now()
    shop.execute("deletion", user_id="1", email="ann@example.com")
    assert shop.recheck(since)["exit"] == 0

    shop.restore(backup)
    found = shop.recheck(since)

    assert found["exit"] == 3
    assert found["requests"][0]["back"] == {
        "shop.order_items": 2,
        "shop.orders": 2,
        "shop.users": 1,
    }
    assert [a.code for a in shop.rows(Aftercare) if a.kind == "incident"] == [
        "came_back",
        "perhaps_new",
    ]


def test_the_capsule_ends_when_neither_a_backup_nor_a_look_can_need_it(shop: Shop) -> None:
    shop.execute("deletion", user_id="1")
    shop.execute("correction", "shop.users.nickname=Bobo", user_id="2")

    spans = sorted((c.expires_at - c.acted_at).days for c in shop.rows(Capsule))

    assert spans == [31, 31]


@pytest.mark.parametrize(
    "given", [("--since=yesterday",), ("--since=2026-01-01", "--store=cellar"), ()]
)
def test_bad_input_is_told(shop: Shop, given: tuple[str, ...]) -> None:
    shop.execute("deletion", user_id="3")
    where = (f"--datamap={shop.folder / 'map.yaml'}", f"--state={shop.folder / 'state'}")

    result = CliRunner().invoke(replay, [*where, *given])

    assert result.exit_code == 2


@pytest.mark.requirement("R-24-7:bad")
@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_a_restored_store_is_ready_only_once_a_whole_replay_covered_it(shop: Shop) -> None:
    backup, since = shop.content(), now()
    shop.execute("deletion", user_id="1", email="ann@example.com")
    told = shop.announce(since)
    shop.restore(backup)
    assert told == {"store": "shop", "backup": since.isoformat(), "ready": False, "exit": 0}
    assert _why_not_ready(shop) == "replay_due"

    too_late = shop.replay(now(), "--store=shop")
    assert (too_late["whole"], too_late["ready"]) == (True, [])
    assert _why_not_ready(shop) == "replay_due"

    assert shop.replay(since, "--store=shop")["ready"] == ["shop"]
    assert (of(shop, 1), _why_not_ready(shop)) == (set(), "")


def _why_not_ready(shop: Shop) -> str:
    with shop.register() as session:
        return restores.why_not_ready(session, "shop")
