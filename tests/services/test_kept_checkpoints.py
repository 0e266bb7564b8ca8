"""Checkpoints kept in a bucket where nobody can unwrite them; the server enforces the lock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import Engine, text

from rights.domain.errors import ConfigError, Unavailable
from rights.services import kept_checkpoints
from rights.services.checkpoints import Report, checkpoint, verify
from rights.services.kept_checkpoints import Keeper, compare
from rights.services.trail_checks import last_ended
from rights.settings import load
from rights.store.db import reading, transaction
from rights.store.locked_bucket import LockedBucket, open_locked
from rights.store.models import TrailCheck
from tests.servers.s3 import Bucket
from tests.services.registers import DATABASES, new_request, opened, signer, write
from tests.services.reports.terminal import Terminal
from workflows.trail_watch import Watch

DAYS = 30
START = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=3)


@dataclass
class Case:
    """A register with three days of checkpoints, and the bucket that keeps them."""

    register: Engine
    bucket: Bucket
    client: Any
    place: LockedBucket
    now: datetime

    def keeper(self, place: LockedBucket | None = None) -> Keeper:
        return Keeper(self.register, place or self.place, DAYS, lambda: self.now)

    def problems(self) -> list[str]:
        report = Report()
        compare(self.register, self.place, signer(), report, days=DAYS, now=self.now)
        return report.problems

    def objects(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.list_object_versions(
            Bucket=self.bucket.bucket
        ).get("Versions", [])
        return sorted(found, key=lambda one: one["Key"])

    def do(self, statement: str) -> None:
        with self.register.begin() as connection:
            connection.execute(text(statement))


def _place(bucket: Bucket, mode: str = "GOVERNANCE", **other: str) -> LockedBucket:
    return open_locked(
        f"s3://{bucket.bucket}/trail?endpoint={other.get('endpoint', bucket.endpoint)}",
        access_key=bucket.access_key,
        secret_key=bucket.secret_key,
        region=bucket.region,
        mode=mode,
    )


@pytest.fixture(params=DATABASES)
def case(request: pytest.FixtureRequest, locked_s3: Bucket) -> Iterator[Case]:
    register = opened(request, request.param)
    for number in range(1, 7):  # two a day
        with transaction(register) as session:
            write(session, new_request(session, number), "received", "completed")
        with transaction(register) as session:
            checkpoint(session, signer(), START + timedelta(hours=12 * (number - 1)))
    client = locked_s3.client()
    yield Case(register, locked_s3, client, _place(locked_s3), START + timedelta(days=3))
    client.close()


on_a_file = pytest.mark.parametrize("case", ["sqlite"], indirect=True)


def test_the_last_checkpoint_of_each_day_is_kept_once_and_holds(case: Case) -> None:
    assert (case.keeper().run(), case.keeper().run()) == (3, 0)

    days = [one["Key"].split("/")[1] for one in case.objects()]
    assert days == [str((START + timedelta(days=n)).date()) for n in range(3)]
    assert case.problems() == []


@on_a_file
@pytest.mark.parametrize("mode", ["COMPLIANCE", "GOVERNANCE"])
def test_a_kept_checkpoint_can_neither_be_removed_nor_its_time_be_shortened(
    case: Case, mode: str
) -> None:
    case.now = datetime.now(UTC)
    Keeper(case.register, _place(case.bucket, mode), DAYS, lambda: case.now).run()
    one = case.objects()[0]
    at = {"Bucket": case.bucket.bucket, "Key": one["Key"], "VersionId": one["VersionId"]}
    sooner = {"Mode": mode, "RetainUntilDate": case.now + timedelta(seconds=5)}

    attempts: list[Callable[[], Any]] = [
        lambda: case.client.delete_object(**at),
        lambda: case.client.put_object_retention(**at, Retention=sooner),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError) as refused:
            attempt()
        assert refused.value.response["Error"]["Code"] == "AccessDenied"
    locked = case.client.get_object_retention(**at)["Retention"]
    assert locked["Mode"] == mode
    assert locked["RetainUntilDate"] > case.now + timedelta(days=DAYS - 1)


@on_a_file
def test_a_day_that_is_not_over_waits(case: Case) -> None:
    case.now = START + timedelta(days=1, hours=2)

    assert case.keeper().run() == 1
    assert case.problems() == []


def test_who_writes_history_anew_is_found_though_the_register_holds(case: Case) -> None:
    case.keeper().run()
    case.do("DELETE FROM checkpoint_leaf")
    case.do("DELETE FROM checkpoint")
    with transaction(case.register) as session:
        checkpoint(session, signer(), START + timedelta(days=2, hours=12))

    assert verify(case.register, signer()).ok, "the register alone shows nothing"
    problems = case.problems()
    assert [("was removed from there" in p, p[:5]) for p in problems] == [(True, "kept ")] * 3


@on_a_file
def test_a_checkpoint_that_was_changed_in_the_register_is_named(case: Case) -> None:
    case.keeper().run()
    case.do("UPDATE checkpoint SET chains = chains + 1 WHERE id = 4")

    (kept, missing) = sorted(case.problems(), reverse=True)
    assert "checkpoint 4 of the register is another one" in kept
    assert missing.startswith("checkpoint 4: the one of ")


@on_a_file
def test_one_that_lacks_is_named_once_it_has_lacked_for_a_day(case: Case) -> None:
    assert [p.partition(":")[0] for p in case.problems()] == ["checkpoint 4", "checkpoint 2"]


@on_a_file
def test_what_is_hidden_added_or_overwritten_in_the_bucket_is_named(case: Case) -> None:
    case.keeper().run()
    first, second, _ = (one["Key"] for one in case.objects())
    at = {"Bucket": case.bucket.bucket}
    case.client.delete_object(**at, Key=first)
    case.client.put_object(**at, Key=second, Body=b"{}")
    case.client.put_object(**at, Key="trail/ü?.txt", Body=b"hello")

    problems = case.problems()

    assert len(problems) == 3, problems
    assert any("delete marker" in p for p in problems)
    assert any("is not what its name says" in p for p in problems)
    assert any("is no checkpoint of ours" in p for p in problems)
    assert case.keeper().run() == 1, "what is hidden is put again"


@on_a_file
def test_a_bucket_without_object_lock_is_refused_and_nothing_counts_as_kept(
    case: Case, s3: Bucket
) -> None:
    with pytest.raises(ConfigError, match="object lock"):
        case.keeper(_place(s3)).run()

    assert "Contents" not in case.client.list_objects_v2(Bucket=s3.bucket)


@on_a_file
def test_what_failed_is_made_up_for_once_the_bucket_answers(case: Case) -> None:
    away = _place(case.bucket, endpoint="http://127.0.0.1:1")
    keeper = case.keeper(away)
    case.now += timedelta(hours=30)
    with pytest.raises(Unavailable):
        keeper.run()
    first_over = START.replace(hour=0) + timedelta(days=1)
    assert keeper.unkept_s() == (case.now - first_over).total_seconds(), "none of three is there"
    again = case.keeper(away)
    with pytest.raises(Unavailable):
        again.run()
    assert again.unkept_s() == keeper.unkept_s(), "a relay that begins anew forgets nothing of it"

    keeper = case.keeper()
    assert (keeper.run(), keeper.unkept_s()) == (3, 0)


def _terminal(case: Case, tmp_path: Path, **other: str) -> Terminal:
    url = case.register.url.render_as_string(hide_password=False)
    endpoint = other.get("endpoint", case.bucket.endpoint)
    more = {
        "RIGHTS_CHECKPOINTS_URL": f"s3://{case.bucket.bucket}/trail?endpoint={endpoint}",
        "RIGHTS_CHECKPOINTS_ACCESS_KEY": case.bucket.access_key,
        "RIGHTS_CHECKPOINTS_SECRET_KEY": case.bucket.secret_key,
        "RIGHTS_CHECKPOINTS_REGION": case.bucket.region,
    }
    return Terminal(tmp_path, url, case.now, **more)


def _cut(case: Case) -> None:
    """Remove the newest checkpoint and all it covers: what is left fits."""
    case.do("DELETE FROM checkpoint_leaf WHERE checkpoint_id = 6")
    case.do("DELETE FROM checkpoint WHERE id = 6")
    case.do(f"DELETE FROM entry WHERE chain = '{6:032x}'")
    case.do(f"DELETE FROM request WHERE id = '{6:032x}'")


def test_the_command_compares_by_itself_and_finds_the_end_cut_off(
    case: Case, tmp_path: Path
) -> None:
    terminal = _terminal(case, tmp_path)
    case.keeper().run()
    terminal.run("audit", "verify")

    _cut(case)

    assert verify(case.register, signer()).ok, "the register alone shows nothing"
    assert "checkpoint 6 is not in the register" in terminal.run("audit", "verify", code=1)


@on_a_file
def test_a_bucket_that_cannot_be_reached_is_an_error_that_says_so(
    case: Case, tmp_path: Path
) -> None:
    case.keeper().run()
    away = _terminal(case, tmp_path, endpoint="http://127.0.0.1:1")
    said = away.run("audit", "verify", code=1)
    assert "RIGHTS_CHECKPOINTS_URL: checkpoints kept there were not compared" in said
    assert "does not answer" in said
    assert "hold" not in said

    case.do("UPDATE checkpoint SET chains = 9 WHERE id = 4")

    said = away.run("audit", "verify", code=1)
    assert "checkpoint 4: its signature does not hold" in said, "what is known is told all the same"
    assert "were not compared" in said


@on_a_file
@pytest.mark.parametrize("reached", [True, False])
def test_the_daily_check_of_the_relay_compares_by_itself(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, reached: bool
) -> None:
    case.keeper().run()
    _cut(case)
    environ = _terminal(case, tmp_path).environ
    if not reached:
        environ = _terminal(case, tmp_path, endpoint="http://127.0.0.1:1").environ
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    watch = Watch(load(), case.register, lambda: case.now)

    ends_at = time.monotonic() + 60
    while (row := _checked(case)) is None and time.monotonic() < ends_at:
        watch.look()
        time.sleep(0.05)

    assert row is not None
    if reached:
        assert row.outcome == "broken"
        assert "checkpoint 6 is not in the register" in " ".join(row.first_problems)
    else:
        assert (row.outcome, row.first_problems) == ("failed", [])


def _checked(case: Case) -> TrailCheck | None:
    with reading(case.register) as session:
        return last_ended(session)


@on_a_file
def test_a_place_with_more_than_is_read_is_never_said_to_agree(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.keeper().run()
    monkeypatch.setattr(kept_checkpoints, "_MOST", 2)

    assert "more than 2 versions lie there: not all of them were compared" in case.problems()
