"""Where escrow is refused before anything is touched, and what its locks keep and let go."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from botocore.exceptions import ClientError
from click.testing import CliRunner

from rights.store.models import HeldRows
from tests.servers.s3 import Bucket
from tests.workflows.escrow_shop import (
    escrow_shop,
    in_escrow,
    locks,
    orders,
    settings,
    stored,
)
from tests.workflows.held_shop import MAP, Shop, shop_at
from tests.workflows.shop_on_sql import run_check
from workflows import expiry
from workflows.commands.replay import replay

Make = Callable[..., Shop]
LATE = timedelta(days=1200)
LAW_OF_A_DAY = "{period: 1d, from: created_at, basis: a law, rank: law}"


@pytest.fixture
def make(
    tmp_path: Path, sqlite_url: str, locked_s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Make]:
    made: list[Shop] = []

    def make(**rules: str) -> Shop:
        made.append(escrow_shop(sqlite_url, tmp_path, locked_s3, monkeypatch, **rules))
        return made[-1]

    yield make
    for one in made:
        one.close()


# -- refused before anything is touched --------------------------------------------------------


@pytest.mark.requirement("R-24-3:bad")
@pytest.mark.parametrize("bucket", ["none", "without lock"])
def test_without_a_bucket_that_locks_nothing_is_touched(
    bucket: str,
    tmp_path: Path,
    sqlite_url: str,
    s3: Bucket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if bucket == "none":
        monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
        shop, why = shop_at(sqlite_url, tmp_path, restriction="escrow"), "names no bucket"
    else:
        shop = escrow_shop(sqlite_url, tmp_path, s3, monkeypatch)
        why = f"the bucket {s3.bucket} has no object lock"
    everything = shop.rows("SELECT * FROM orders ORDER BY id")

    outcome = shop.erase()

    assert outcome["state"] == "on_hold"
    assert shop.rows("SELECT * FROM orders ORDER BY id") == everything
    assert shop.rows("SELECT count(*) FROM users WHERE email IS NOT NULL") == [(2,)]
    assert stored(s3) == []
    (step,) = [s for s in shop.steps() if s.note]
    assert step.action == "prepare"
    assert "shop.orders.restriction" in step.note
    assert why in step.note
    shop.close()


def test_the_check_names_what_is_missing(tmp_path: Path, sqlite_url: str, s3: Bucket) -> None:
    shop_at(sqlite_url, tmp_path)
    text = MAP % {
        "retention": "none",
        "restriction": "escrow",
        "items": "none",
        "item_restriction": "{strategy: flag, column: label, value: x}",
        "settings": "",
    }
    secret = {"RIGHTS_SECRET_SHOP_URL": sqlite_url}
    keys = {"RIGHTS_SECRET_ESCROW_KEY": s3.access_key, "RIGHTS_SECRET_ESCROW_SECRET": s3.secret_key}
    url = 'url: "${secret:SHOP_URL}"'

    _, bare = run_check(tmp_path, text, secret)
    odd = text.replace(url, url + settings(s3, "forever"))
    _, modeless = run_check(tmp_path, odd, {**secret, **keys})
    _, lockless = run_check(tmp_path, text.replace(url, url + settings(s3)), {**secret, **keys})

    assert any("shop.orders.restriction: its held rows are to go into escrow" in f for f in bare)
    assert any(f"the bucket {s3.bucket} has no object lock" in f for f in lockless)
    assert any("escrow_mode is one of governance, compliance" in f for f in modeless)


def test_a_bucket_that_does_not_answer_leaves_the_row_and_is_asked_again(
    make: Make, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    shop = make()
    text = shop.map_file.read_text(encoding="utf-8")
    endpoint = text.partition('escrow_endpoint: "')[2].partition('"')[0]
    gone = text.replace(endpoint, f"http://127.0.0.1:{free_port()}")
    shop.map_file.write_text(gone, encoding="utf-8")
    monkeypatch.setattr(time, "sleep", lambda _: None)

    outcome = shop.erase()

    assert outcome["state"] != "fulfilled"
    assert orders(shop) == [10, 11, 12, 20, 21, 22]


# -- locks -------------------------------------------------------------------------------------


def test_a_legal_hold_is_a_flag_that_nobody_deletes_past(make: Make, locked_s3: Bucket) -> None:
    shop = make(retention="none", item_restriction="escrow")
    shop.staff("wei", "lin")
    on_mia = ("place", "--subject", "user_id=1", "--rank", "litigation")
    hold = shop.decided(*on_mia, "--basis", "case 3", "--as", "wei")
    shop.decided("confirm", hold, "--as", "lin")
    request_id = shop.erase()["request"]

    assert [x for x in orders(shop) if x < 20] == []
    (one,) = stored(locked_s3, f"keep/{request_id}/shop.orders/")
    assert locks(locked_s3, [one]) == [("", None, "ON")]
    client = locked_s3.client()
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_object(Bucket=locked_s3.bucket, Key=one["Key"], VersionId=one["VersionId"])
    expiry.run(shop.floor(LATE), request_id)
    assert len(in_escrow(shop, locked_s3, request_id)) == 6

    shop.released(hold)
    floor = shop.floor(timedelta(minutes=1))
    assert expiry.ring(floor.register, floor.now) == 1
    assert expiry.run(floor, request_id) >= 6
    assert shop.rows("SELECT 1 FROM rights_escrow") == []
    assert {one["VersionId"] for one in stored(locked_s3)} == set()
    client.close()


def test_a_legal_hold_placed_meanwhile_outlasts_the_lock(make: Make, locked_s3: Bucket) -> None:
    shop = make()
    shop.staff("wei", "lin")
    request_id = shop.erase()["request"]
    on_mia = ("place", "--subject", "email=mia@example.com", "--rank", "authority_order")
    hold = shop.decided(*on_mia, "--basis", "order 8", "--as", "wei")
    shop.decided("confirm", hold, "--as", "lin")

    expiry.run(shop.floor(LATE), request_id)

    assert len(in_escrow(shop, locked_s3, request_id)) == 2
    assert [flag for _, _, flag in locks(locked_s3, stored(locked_s3))] == ["ON", "ON"]
    assert shop.notices().count("hold_ended") == 0

    shop.released(hold)
    assert expiry.run(shop.floor(LATE), request_id) == 2
    assert stored(locked_s3) == []
    assert shop.notices().count("hold_ended") == 1


def test_what_a_legal_hold_kept_in_one_object_is_parted_when_some_of_it_may_go(
    make: Make, locked_s3: Bucket
) -> None:
    shop = make()
    shop.staff("wei", "lin")
    on_mia = ("place", "--subject", "user_id=1", "--rank", "litigation")
    hold = shop.decided(*on_mia, "--basis", "case 3", "--as", "wei")
    shop.decided("confirm", hold, "--as", "lin")
    request_id = shop.erase()["request"]
    rows = in_escrow(shop, locked_s3, request_id)
    assert [r["id"] for r in rows if "note" in r] == [10, 11, 12]

    shop.released(hold)
    expiry.run(shop.floor(timedelta(minutes=1)), request_id)

    kept = [r for r in in_escrow(shop, locked_s3, request_id) if "total" in r]
    assert [r["id"] for r in kept] == [11, 12]
    entries = shop.rows("SELECT row_count FROM rights_escrow WHERE collection = 'shop.orders'")
    assert entries == [(1,), (1,)]
    found = stored(locked_s3, f"keep/{request_id}/shop.orders/")
    assert {mode for mode, _, _ in locks(locked_s3, found)} == {"GOVERNANCE"}


@pytest.mark.requirement("R-24-5")
def test_in_compliance_mode_nobody_deletes_before_the_end_and_then_it_goes(
    make: Make, locked_s3: Bucket
) -> None:
    shop = make(mode="compliance", retention=LAW_OF_A_DAY)
    shop.run("DELETE FROM order_items; DELETE FROM orders")
    placed = datetime.now(UTC) - timedelta(days=1) + timedelta(seconds=30)
    shop.run(f"INSERT INTO orders (id, user_id, created_at) VALUES (13, 1, '{placed:%F %T}')")
    request_id = shop.erase()["request"]
    (one,) = stored(locked_s3)
    ((mode, until, _),) = locks(locked_s3, [one])
    assert (mode, until) == ("COMPLIANCE", (placed + timedelta(days=1)).replace(microsecond=0))
    assert until is not None

    client = locked_s3.client()
    for more in ({}, {"BypassGovernanceRetention": True}):
        which = {"Bucket": locked_s3.bucket, "Key": one["Key"], "VersionId": one["VersionId"]}
        with pytest.raises(ClientError, match="AccessDenied"):
            client.delete_object(**which, **more)
    assert expiry.run(shop.floor(timedelta(minutes=2)), request_id) == 0
    assert len(stored(locked_s3)) == 1
    assert shop.notices().count("hold_ended") == 0

    time.sleep(max(0.0, (until - datetime.now(UTC)).total_seconds() + 1.5))
    assert expiry.run(shop.floor(timedelta(minutes=10)), request_id) == 1
    assert stored(locked_s3) == []
    assert shop.notices().count("hold_ended") == 1
    client.close()


def test_a_lock_that_outlasts_its_hold_is_for_staff(make: Make, locked_s3: Bucket) -> None:
    shop = make(mode="compliance", retention=LAW_OF_A_DAY)
    request_id = shop.erase()["request"]

    expiry.run(shop.floor(timedelta(days=2)), request_id)

    assert len(stored(locked_s3)) == 1
    (note,) = shop.noted(HeldRows)
    assert note.state == "held"
    assert "nobody can delete it before" in note.note


# -- what is not as it was left ----------------------------------------------------------------


def test_an_object_that_was_changed_or_is_gone_is_never_taken_for_one_whose_time_is_over(
    make: Make, locked_s3: Bucket
) -> None:
    shop = make()
    request_id = shop.erase()["request"]
    client = locked_s3.client()
    first = stored(locked_s3)[0]
    which = {"Bucket": locked_s3.bucket, "Key": first["Key"], "VersionId": first["VersionId"]}
    client.delete_object(**which, BypassGovernanceRetention=True)

    expiry.run(shop.floor(LATE), request_id)

    (note,) = shop.noted(HeldRows)
    assert (note.state, note.count) == ("held", 2)
    assert "missing from the bucket" in note.note
    assert shop.notices().count("hold_ended") == 0
    client.close()


def test_a_second_request_of_the_same_person_finds_nothing_more_to_put_there(
    make: Make, locked_s3: Bucket
) -> None:
    shop = make()
    shop.erase()
    before = {one["VersionId"] for one in stored(locked_s3)}

    again = shop.erase()

    assert again["state"] == "fulfilled"
    assert shop.line(again)["retained"] == 0
    assert {one["VersionId"] for one in stored(locked_s3)} == before


def test_without_escrow_the_store_does_not_load_what_talks_to_buckets() -> None:
    code = (
        "import sys; from connectors.sql import Sql, SqlSettings;"
        "Sql(SqlSettings(url='sqlite:///x')); print('boto3' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_rows_that_came_back_with_a_backup_go_into_escrow_again(
    make: Make,
    locked_s3: Bucket,
    tmp_path: Path,
    sqlite_url: str,
) -> None:
    shop = make()
    text = shop.map_file.read_text(encoding="utf-8")
    backups = "  backups: [{name: nightly dump, keeps: 14d, remedy: rights replay}]\n"
    shop.map_file.write_text(text.replace("  role: controller\n", "  role: controller\n" + backups))
    database = Path(sa.make_url(sqlite_url).database or "")
    backup = shutil.copy(database, tmp_path / "backup.db")
    since = datetime.now(UTC)
    request_id = shop.erase()["request"]
    rows = in_escrow(shop, locked_s3, request_id)
    shutil.copy(backup, database)
    assert orders(shop) == [10, 11, 12, 20, 21, 22]

    where = (f"--datamap={shop.map_file}", f"--state={shop.state}")
    result = CliRunner().invoke(replay, [*where, f"--since={since.isoformat()}"])

    assert result.exit_code == 0, result.output
    assert orders(shop) == [20, 21, 22]
    assert shop.rows("SELECT sum(row_count) FROM rights_escrow") == [(2,)]
    assert in_escrow(shop, locked_s3, request_id) == rows
    assert expiry.run(shop.floor(LATE), request_id) == 2
    assert stored(locked_s3) == []
