"""What ``deploy/`` gives each process suffices for its work and for nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError
from rq import Queue, SimpleWorker

from rights.settings import Settings, load
from rights.store.migrate import upgrade
from tests.architecture.deployed import PROCESSES
from tests.architecture.tree import ROOT
from tests.web.console.clerk import newcomer
from tests.web.house import furnish, settings_for
from workflows.embedded.valkey import Valkey
from workflows.rqjob import SERIALIZER, IdJob

DEPLOY = ROOT / "deploy"
_COMMANDS = {
    "web": "web --surface api --surface portal",
    "console": "web --surface console",
    "worker": "worker",
    "relay": "relay",
}
_HARDENED = (
    *("NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes"),
    *("PrivateDevices=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes", "UMask=0077"),
    "CapabilityBoundingSet=",
)
_FOREIGN = {"RIGHTS_SECRETS_DIR", "RIGHTS_CONFIG"}


def _environment(process: str) -> dict[str, str]:
    lines = (DEPLOY / "env" / f"{process}.env").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("process", PROCESSES)
def test_every_variable_of_an_environment_is_a_setting(process: str) -> None:
    known = {f"RIGHTS_{name.upper()}" for name in Settings.model_fields}

    assert set(_environment(process)) - known - _FOREIGN == set()


@pytest.mark.parametrize("process", PROCESSES)
def test_the_settings_accept_an_environment(process: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _environment(process).items():
        monkeypatch.setenv(name, value)

    assert load().base_url == "https://privacy.example.com"


def test_where_staff_work_is_another_address_known_to_whoever_names_it() -> None:
    found = {p: _environment(p).get("RIGHTS_CONSOLE_URL", "") for p in PROCESSES}

    assert found["console"] == found["relay"] != ""
    assert found["console"] != _environment("console")["RIGHTS_BASE_URL"]
    assert (found["web"], found["worker"]) == ("", "")


def test_the_console_can_open_no_blob_and_sign_nothing() -> None:
    console = _environment("console")

    assert console["RIGHTS_BLOBS_URL"].startswith("file:///")
    assert [n for n in console if re.search("ACCESS|SECRET|SIGNING|EVIDENCE|REPLAY", n)] == []


def test_the_proxy_leads_to_the_console_from_the_internal_address_alone() -> None:
    text = (DEPLOY / "nginx" / "rights.conf").read_text(encoding="utf-8")
    console = _environment("console")["RIGHTS_CONSOLE_URL"].removeprefix("https://")
    unit = (DEPLOY / "systemd" / "rights-console.service").read_text(encoding="utf-8")
    port = re.findall(r"--port (\d+)", unit)[0]
    public, internal = (f"server {{{part}" for part in text.split("\nserver {")[1:])

    assert "location ^~ /console { return 404; }" in public
    assert f":{port};" not in public
    assert f"proxy_pass http://127.0.0.1:{port};" in internal
    assert f"server_name {console};" in internal
    assert re.search(r"listen \d+\.\d+\.\d+\.\d+:443", internal)
    assert "deny all;" in internal


@pytest.mark.parametrize("process", ["web", "console", "relay"])
def test_only_the_worker_has_a_way_to_the_stores(process: str) -> None:
    assert [name for name in _environment(process) if name.startswith("RIGHTS_SECRET")] == []
    assert "RIGHTS_SECRETS_DIR" in _environment("worker")


def test_only_the_relay_may_send_mail() -> None:
    mailing = [p for p in PROCESSES if any("SMTP" in name for name in _environment(p))]

    assert mailing == ["relay"]


@pytest.mark.parametrize("process", PROCESSES)
def test_a_unit_runs_its_process_as_a_user_of_its_own(process: str) -> None:
    unit = (DEPLOY / "systemd" / f"rights-{process}.service").read_text(encoding="utf-8")

    assert re.search(rf"^ExecStart=\S+/rights {_COMMANDS[process]}\b", unit, re.MULTILINE)
    assert f"User=rights-{process}\n" in unit
    assert f"EnvironmentFile=/etc/rights/{process}.env\n" in unit
    assert {*_HARDENED} <= {*unit.splitlines()}


class Guarded:
    """A Valkey on which the users of ``deploy/`` are the only ones but this test."""

    def __init__(self, server: Valkey) -> None:
        self.admin = Redis.from_url(server.url)
        self._socket = server.url.removeprefix("unix://").partition("?")[0]
        for line in (DEPLOY / "redis" / "users.acl").read_text(encoding="utf-8").splitlines():
            _, name, *rules = line.split()
            if name != "default":  # this test is the default user
                self.admin.execute_command("ACL", "SETUSER", name, *rules)  # type: ignore[no-untyped-call]

    def url(self, process: str) -> str:
        """Return the address for one process."""
        return f"unix://rights_{process}:CHANGE-ME-{process}@{self._socket}?db=0"

    def keys(self) -> set[str]:
        """Return what is there, before the first colon."""
        return {key.decode().partition(":")[0] for key in self.admin.scan_iter()}

    def refused(self) -> list[str]:
        """Return what the server refused."""
        return [f"{line['username']} {line['object']}" for line in self.admin.acl_log()]


@pytest.fixture
def guarded(private_valkey: Valkey) -> Iterator[Guarded]:
    found = Guarded(private_valkey)
    yield found
    found.admin.close()


def test_the_web_counts_with_its_user_and_leaves_only_limits(
    guarded: Guarded, tmp_path: Path
) -> None:
    register = f"sqlite:///{tmp_path / 'register.db'}"
    upgrade(register)

    house = furnish(settings_for(register, guarded.url("web"), tmp_path))
    house.submit()

    assert house.client.get("/readyz").get_json()["redis"] == "up"
    assert guarded.keys() == {"limit"}
    assert guarded.refused() == []
    house.parts.limits.close()
    house.engine.dispose()


def test_the_console_counts_with_its_user_and_leaves_only_limits(
    guarded: Guarded, tmp_path: Path
) -> None:
    register = f"sqlite:///{tmp_path / 'register.db'}"
    upgrade(register)

    house = furnish(settings_for(register, guarded.url("console"), tmp_path))
    newcomer(house, "ana", "approver")

    assert guarded.keys() == {"limit"}
    assert guarded.refused() == []
    house.parts.limits.close()
    house.engine.dispose()


def test_the_relay_rings_and_the_worker_hears_with_their_users(guarded: Guarded) -> None:
    relay, worker = (Redis.from_url(guarded.url(name)) for name in ("relay", "worker"))
    bell = Queue("work", connection=relay, serializer=SERIALIZER, job_class=IdJob)
    job = Queue.prepare_data("workflows.jobs.forged", job_id="outbox-1", timeout=60)

    bell.enqueue_many([job])
    heard = Queue("work", connection=worker, serializer=SERIALIZER, job_class=IdJob)
    kind = SimpleWorker([heard], connection=worker, serializer=SERIALIZER, job_class=IdJob)
    kind.work(burst=True, logging_level="CRITICAL")

    assert guarded.admin.hget("rq:job:outbox-1", "status") == b"failed"
    assert guarded.keys() == {"rq"}
    assert guarded.refused() == []
    relay.close()
    worker.close()


@pytest.mark.parametrize(
    ("process", "command"),
    [
        ("web", ("RPUSH", "rq:queue:work", "forged")),
        ("web", ("GET", "rq:job:1")),
        ("web", ("KEYS", "*")),
        ("web", ("SUBSCRIBE", "rq:pubsub:1")),
        ("console", ("RPUSH", "rq:queue:work", "forged")),
        ("console", ("GET", "rq:job:1")),
        ("relay", ("GET", "limit:1")),
        ("relay", ("FLUSHALL",)),
        ("worker", ("SET", "limit:1", "0")),
        ("worker", ("CONFIG", "GET", "*")),
    ],
)
def test_a_process_may_not_do_anothers_work_in_redis(
    guarded: Guarded, process: str, command: tuple[str, ...]
) -> None:
    with Redis.from_url(guarded.url(process)) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command)
