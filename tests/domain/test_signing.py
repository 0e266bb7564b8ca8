"""The wire format of signed messages, checked against a published example and by tampering."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rights.domain import signing
from rights.domain.errors import ConfigError, Unauthenticated

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OLD = signing.secret_of(b"o" * 32)
NEW = signing.secret_of(b"n" * 32)
BODY = b'{"type":"request.fulfilled"}'


def test_the_published_example_comes_out_to_the_letter() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = datetime.fromtimestamp(1614265330, UTC)

    headers = signing.sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_signature_is_what_anyone_can_compute_by_hand() -> None:
    headers = signing.sign([NEW], "m1", NOW, BODY)

    signed = f"m1.{int(NOW.timestamp())}.".encode() + BODY
    by_hand = base64.b64encode(hmac.new(b"n" * 32, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{by_hand}"


@given(body=st.binary(max_size=200), key=st.binary(min_size=24, max_size=64))
def test_whatever_is_signed_verifies(body: bytes, key: bytes) -> None:
    secret = signing.secret_of(key)

    signed = signing.verify([secret], signing.sign([secret], "m1", NOW, body), body, NOW)

    assert signed == signing.Signed("m1", NOW)


def test_a_receiver_that_knows_only_the_old_secret_still_verifies_while_it_changes() -> None:
    headers = signing.sign([NEW, OLD], "m1", NOW, BODY)

    assert signing.verify([OLD], headers, BODY, NOW).id == "m1"
    assert signing.verify([NEW], headers, BODY, NOW).id == "m1"


def test_a_receiver_that_knows_both_secrets_verifies_a_sender_that_knows_one() -> None:
    assert signing.verify([NEW, OLD], signing.sign([OLD], "m1", NOW, BODY), BODY, NOW).id == "m1"


def test_header_names_are_read_in_any_case() -> None:
    headers = {name.title(): value for name, value in signing.sign([NEW], "m1", NOW, BODY).items()}

    assert signing.verify([NEW], headers, BODY, NOW).id == "m1"


def test_signatures_of_other_versions_are_passed_over() -> None:
    headers = signing.sign([NEW], "m1", NOW, BODY)
    headers["webhook-signature"] = f"v1a,abc v2,??? v1,??? {headers['webhook-signature']}"

    assert signing.verify([NEW], headers, BODY, NOW).id == "m1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "m2"),
        ("webhook-id", ""),
        ("webhook-id", "m.1"),
        ("webhook-timestamp", str(int(NOW.timestamp()) + 1)),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", "now"),
        ("webhook-timestamp", "-5"),
        ("webhook-timestamp", "\u0661\u0662"),
        ("webhook-timestamp", "9" * 400),
        ("webhook-signature", ""),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1,AAAA"),
        ("webhook-signature", "v2," + "A" * 44),
    ],
)
def test_a_changed_header_is_not_believed(name: str, value: str) -> None:
    headers = {**signing.sign([NEW], "m1", NOW, BODY), name: value}

    with pytest.raises(Unauthenticated):
        signing.verify([NEW], headers, BODY, NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_not_believed(name: str) -> None:
    headers = signing.sign([NEW], "m1", NOW, BODY)
    del headers[name]

    with pytest.raises(Unauthenticated):
        signing.verify([NEW], headers, BODY, NOW)


def test_a_changed_body_is_not_believed() -> None:
    with pytest.raises(Unauthenticated):
        signing.verify([NEW], signing.sign([NEW], "m1", NOW, BODY), BODY + b" ", NOW)


def test_another_secret_does_not_verify_and_no_secret_verifies_nothing() -> None:
    headers = signing.sign([NEW], "m1", NOW, BODY)

    for secrets in ([OLD], []):
        with pytest.raises(Unauthenticated):
            signing.verify(secrets, headers, BODY, NOW)


@pytest.mark.parametrize("off", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_a_message_from_too_long_ago_or_ahead_is_not_believed(off: timedelta) -> None:
    headers = signing.sign([NEW], "m1", NOW + off, BODY)

    with pytest.raises(Unauthenticated, match="clock"):
        signing.verify([NEW], headers, BODY, NOW)


def test_the_tolerance_is_inclusive_and_can_be_set() -> None:
    headers = signing.sign([NEW], "m1", NOW - timedelta(seconds=300), BODY)

    assert signing.verify([NEW], headers, BODY, NOW).id == "m1"
    with pytest.raises(Unauthenticated):
        signing.verify([NEW], headers, BODY, NOW, timedelta(seconds=10))


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_!!!!", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
)
def test_a_secret_that_cannot_be_read_is_a_configuration_error_and_is_not_shown(
    secret: str,
) -> None:
    with pytest.raises(ConfigError) as error:
        signing.sign([secret], "m1", NOW, BODY)
    assert not secret.removeprefix("whsec_") or secret.removeprefix("whsec_") not in str(
        error.value
    )


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "a\nb", "\u00e9", "x" * 256])
def test_an_id_that_would_blur_what_is_signed_is_not_signed(message_id: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        signing.sign([NEW], message_id, NOW, BODY)


def test_signing_without_a_secret_is_an_error_and_not_an_unsigned_message() -> None:
    with pytest.raises(ConfigError):
        signing.sign([], "m1", NOW, BODY)


def test_a_secret_is_made_of_enough_randomness() -> None:
    assert signing.secret_of(b"x" * 24).startswith("whsec_")
    for few_or_many in (b"x" * 23, b"x" * 65):
        with pytest.raises(ConfigError):
            signing.secret_of(few_or_many)
