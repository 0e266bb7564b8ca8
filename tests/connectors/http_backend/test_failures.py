"""A service that is slow, busy, broken or lying never looks like one without data."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.http_backend import HttpBackend, HttpBackendSettings
from connectors.sdk import (
    Collection,
    Fenced,
    Misconfigured,
    Refused,
    Transient,
    Verb,
    Work,
)
from tests.connectors import backend_service as service
from tests.connectors.backend_service import SECRET, Backend, Server
from tests.connectors.http_backend.recommender import (
    OWNER,
    connect,
    ids,
    of,
    tag,
    work,
)


def test_a_busy_service_is_asked_again_after_the_time_it_names(
    connector: HttpBackend, backend: Backend
) -> None:
    backend.faults.append(service.status(429, Retry_After="1"))
    started = time.monotonic()

    assert connector.locate(of("ann"), work()).rows == 2
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_a_service_that_recovers_within_the_step_costs_time_only(
    connector: HttpBackend, backend: Backend, code: int
) -> None:
    backend.faults.append(service.status(code))

    assert connector.locate(of("ann"), work()).rows == 2
    assert len(backend.seen) == 2


def test_a_long_wait_is_left_to_the_schedule(connector: HttpBackend, backend: Backend) -> None:
    backend.faults.append(service.status(503, Retry_After="3600"))

    with pytest.raises(Transient) as error:
        connector.locate(of("ann"), work())
    assert error.value.retry_after == timedelta(hours=1)
    assert len(backend.seen) == 1


def test_a_wait_may_be_named_as_a_date(connector: HttpBackend, backend: Backend) -> None:
    backend.faults.append(service.status(503, Retry_After="Fri, 31 Dec 2100 23:59:59 GMT"))

    with pytest.raises(Transient) as error:
        connector.locate(of("ann"), work())
    assert error.value.retry_after is not None
    assert error.value.retry_after > timedelta(days=365)


@pytest.mark.parametrize("value", ["soon", "-1", "9" * 30, "Fri, 99 Foo 2026 99:99:99 GMT"])
def test_a_wait_that_cannot_be_read_is_ignored(
    connector: HttpBackend, backend: Backend, value: str
) -> None:
    backend.faults.append(service.status(503, Retry_After=value))

    assert connector.locate(of("ann"), work()).rows == 2


def test_a_service_that_stays_down_is_transient_and_never_empty(backend: Backend) -> None:
    connector = connect(backend, retries=1)
    backend.faults.extend([service.status(500)] * 2)

    with pytest.raises(Transient):
        connector.locate(of("ann"), work())
    connector.close_connections()


def test_an_unreachable_service_is_transient(backend: Backend) -> None:
    with Server(Backend()) as gone:
        url = gone.backend.url
    settings = HttpBackendSettings(url, SECRET, allow=("127.0.0.0/8",), retries=0)

    with pytest.raises(Transient):
        HttpBackend(settings).locate(of("ann"), work())


def test_a_service_that_hangs_is_left_at_the_timeout(backend: Backend) -> None:
    connector = connect(backend, timeout_s=0.2, retries=0)
    backend.faults.append(service.hanging)

    with pytest.raises(Transient, match="in time"):
        connector.locate(of("ann"), work())
    connector.close_connections()


def test_the_steps_deadline_ends_waiting_and_trying(backend: Backend) -> None:
    connector = connect(backend, retries=50)
    backend.faults.extend([service.status(503)] * 50)
    started = time.monotonic()

    with pytest.raises(Transient):
        connector.locate(of("ann"), work(within_s=0.5))
    assert time.monotonic() - started < 1.5
    connector.close_connections()


def test_a_step_past_its_deadline_sends_nothing(connector: HttpBackend, backend: Backend) -> None:
    with pytest.raises(Transient):
        connector.erase(of("ann"), work(within_s=-1))
    assert backend.seen == []


def test_an_answer_that_was_lost_is_given_again_and_counted_once(
    connector: HttpBackend, backend: Backend
) -> None:
    backend.faults.extend([lambda _: False, service.losing_the_answer])

    receipt = connector.erase(of("ann"), work())

    assert (receipt.affected, ids(backend)) == (2, [2])
    assert [s.path for s in backend.seen] == ["/tags/locate", "/tags/erase", "/tags/erase"]
    assert backend.seen[1].headers["webhook-id"] == backend.seen[2].headers["webhook-id"]


def test_a_worker_that_lost_its_lease_stops_before_the_next_call(
    connector: HttpBackend, backend: Backend
) -> None:
    def lost() -> None:
        raise Fenced("a newer worker owns this step")

    late = Work("a" * 32, 1, 0, datetime.now(UTC) + timedelta(seconds=9), keep_running=lost)

    with pytest.raises(Fenced):
        connector.erase(of("ann"), late)
    assert backend.seen == []


def test_a_service_that_saw_a_newer_worker_turns_the_late_one_away(
    connector: HttpBackend, backend: Backend
) -> None:
    connector.restrict(of("ann"), work(fence=2))
    backend.tables["tags"].append(tag(4, "ann"))

    with pytest.raises(Fenced):
        connector.restrict(of("ann"), work(fence=1))


def test_a_404_the_service_vouches_for_is_nothing_there(
    connector: HttpBackend, backend: Backend
) -> None:
    backend.faults.append(service.status(404))
    assert connector.locate(of("ann"), work()).rows == 0

    backend.faults.extend([lambda _: False, service.status(404)])
    assert connector.erase(of("ann"), work()).affected == 0


def test_a_404_from_a_wrong_address_is_not_nothing_there(backend: Backend) -> None:
    wrong = HttpBackend(
        HttpBackendSettings(f"{backend.url}/v9", SECRET, allow=("127.0.0.0/8",), retries=0)
    )
    backend.faults.extend([service.status(404), service.status(404)])

    with pytest.raises(Misconfigured, match="url"):
        wrong.locate(of("ann"), work())
    wrong.close_connections()


def test_a_collection_the_service_does_not_serve_is_not_nothing_there(
    connector: HttpBackend,
) -> None:
    other = Collection("recommender", "labels", key=("id",), links=(OWNER,))

    with pytest.raises(Misconfigured, match="does not list it"):
        connector.locate(of("ann", collection=other), work())


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (301, Misconfigured),
        (302, Misconfigured),
        (401, Misconfigured),
        (403, Misconfigured),
        (400, Refused),
        (405, Refused),
        (409, Refused),
        (413, Refused),
        (422, Refused),
        (501, Refused),
        (202, Refused),
        (204, Refused),
    ],
)
def test_a_status_says_what_happens_next(
    connector: HttpBackend, backend: Backend, code: int, error: type[Exception]
) -> None:
    backend.faults.append(service.status(code, {"error": "made_up", "rows": [], "next": None}))

    with pytest.raises(error):
        connector.locate(of("ann"), work())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"<html>",
        b"{}",
        b'{"rows": []}',
        b'{"rows": [], "next": 1}',
        b'{"rows": [], "next": ""}',
        b'{"rows": null, "next": null}',
        b'{"rows": 0, "next": null}',
        b'{"rows": [1], "next": null}',
        b'{"rows": {}, "next": null}',
        b'{"rows": [{}], "next": null}',
        b'{"next": null}',
        b'{"error": "oops"}',
        b'{"rows": [], "next": null} trailing',
        b'{"rows": [], "next": NaN}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("verb", [Verb.LOCATE, Verb.ERASE])
def test_a_malformed_answer_is_refused_and_never_read_as_empty(
    connector: HttpBackend, backend: Backend, verb: Verb, body: bytes
) -> None:
    backend.faults.append(service.saying(body))

    with pytest.raises(Refused):
        getattr(connector, verb)(of("ann"), work())


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"affected": null}',
        b'{"affected": "2"}',
        b'{"affected": -1}',
        b'{"affected": true}',
        b'{"affected": 2.0}',
        b'{"affected": 3}',
    ],
)
def test_an_effect_that_does_not_say_what_it_did_is_refused(
    connector: HttpBackend, backend: Backend, body: bytes
) -> None:
    backend.faults.extend([lambda _: False, service.saying(body)])

    with pytest.raises(Refused, match=r"affected|more than"):
        connector.erase(of("ann"), work())


def test_an_answer_that_is_not_said_to_be_json_is_refused(
    connector: HttpBackend, backend: Backend
) -> None:
    backend.faults.append(
        service.saying(b'{"rows": [], "next": null}', content_type="text/html; charset=utf-8")
    )

    with pytest.raises(Refused, match="application/json"):
        connector.locate(of("ann"), work())


def test_an_answer_that_is_too_large_is_refused(backend: Backend) -> None:
    connector = connect(backend, max_bytes=100)

    with pytest.raises(Refused, match="100 bytes"):
        list(connector.collect(of("ann"), work()))
    connector.close_connections()


def test_pages_that_go_round_in_circles_are_refused(
    connector: HttpBackend, backend: Backend
) -> None:
    backend.faults.extend([service.saying(b'{"rows": [], "next": "again"}')] * 2)

    with pytest.raises(Refused, match="circles"):
        connector.locate(of("ann"), work())


@pytest.mark.parametrize("verb", [Verb.LOCATE, Verb.ERASE, Verb.COLLECT])
def test_a_service_that_forgets_its_filter_shows_and_loses_nobodys_rows(
    connector: HttpBackend, backend: Backend, verb: Verb
) -> None:
    everybody = b'{"rows": [%s], "next": null}' % b",".join(
        b'{"id": %d, "user_id": "%s", "tag": "t", "score": 1, "internal_note": "n", "frozen": 0}'
        % (n, user)
        for n, user in ((1, b"ann"), (2, b"bob"))
    )
    backend.faults.append(service.saying(everybody))

    with pytest.raises(Refused, match="not asked for"):
        list(getattr(connector, verb)(of("ann"), work()))
    assert ids(backend) == [1, 2, 3]


@pytest.mark.parametrize("version", [b"2", b"null", b'"1"'])
def test_another_version_of_the_protocol_is_not_spoken(
    connector: HttpBackend, backend: Backend, version: bytes
) -> None:
    backend.faults.append(service.saying(b'{"protocol": %s, "collections": {}}' % version))

    with pytest.raises((Misconfigured, Refused), match="protocol"):
        connector.probe()


def test_a_private_address_is_refused_unless_the_operator_allows_it(backend: Backend) -> None:
    connector = connect(backend, allow=[])

    with pytest.raises(Refused, match="loopback"):
        connector.probe()
    assert backend.seen == []


@pytest.mark.parametrize("wrong", [{"secret": "plain"}, {"secret": ""}, {"allow": ["everything"]}])
def test_settings_that_cannot_work_are_misconfigured_from_the_start(
    backend: Backend, wrong: dict[str, Any]
) -> None:
    with pytest.raises(Misconfigured):
        connect(backend, **wrong)


def test_a_collection_without_a_key_is_misconfigured(connector: HttpBackend) -> None:
    with pytest.raises(Misconfigured, match="key"):
        connector.locate(of("ann", collection=Collection("recommender", "tags")), work())


def test_no_error_and_no_repr_shows_who_was_asked_about(
    connector: HttpBackend, backend: Backend
) -> None:
    person = "ann-4711@example.org"
    bodies = [
        b'{"error": "%s"}' % person.encode(),
        b'{"rows": [{"%s": 1}], "next": null}' % person.encode(),
        b"not json: " + person.encode(),
    ]
    for body in bodies:
        for code in (200, 400, 500, 503):
            backend.faults.extend([service.saying(body, code=code)] * 4)
            with pytest.raises(Exception) as error:  # noqa: PT011 - whichever it is
                connector.locate(of(person), work(within_s=0.3))
            backend.faults.clear()
            cause = error.value.__cause__
            assert person not in str(error.value) + repr(error.value) + repr(cause)
    assert SECRET not in repr(HttpBackendSettings(backend.url, SECRET))
