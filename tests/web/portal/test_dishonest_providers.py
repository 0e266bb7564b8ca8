"""What a provider says is believed only if all of it holds; and it costs nobody else anything."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey
from werkzeug import Response

from rights import logs
from rights.net import partners
from rights.services.sign_in import directory
from tests.day_entries import day_entries
from tests.web.portal.desk import CLIENT, Desk, part, visited
from tests.web.portal.reader import Page
from tests.web.portal.town import (
    Town,
    leave,
    opened,
    people,
    problem,
    sign_in,
)

_HOUR = 3600


def _refused(town: Town, page: Page, code: str = "sign_in_failed") -> None:
    assert problem(page) == code
    assert people(town.house) == []
    assert "Set-Cookie" not in page.response.headers


def _at(**by: int) -> Callable[[Desk], dict[str, Any]]:
    """Return claims at so many seconds from now."""
    return lambda desk: {name: int(desk.now()) + seconds for name, seconds in by.items()}


def _these(**claims: Any) -> Callable[[Desk], dict[str, Any]]:
    return lambda _: claims


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param(_these(nonce="another"), id="nonce of another sign-in"),
        pytest.param(_these(nonce=None), id="no nonce"),
        pytest.param(_these(nonce=["x"]), id="a list of nonces"),
        pytest.param(_these(iss="https://login.evil.example"), id="another issuer"),
        pytest.param(_these(iss=None), id="no issuer"),
        pytest.param(_these(aud="another-client"), id="for another client"),
        pytest.param(_these(aud=None), id="for nobody"),
        pytest.param(_these(aud=[CLIENT, "other"]), id="for others too, by nobody's word"),
        pytest.param(_these(aud=[CLIENT, "other"], azp="other"), id="given to another client"),
        pytest.param(_these(azp="other"), id="another party"),
        pytest.param(_at(exp=-61), id="expired"),
        pytest.param(_these(exp=None), id="no end"),
        pytest.param(_these(exp="never"), id="an end that is no time"),
        pytest.param(_these(exp=True), id="an end that is no number"),
        pytest.param(_at(iat=-_HOUR), id="made before it was asked for"),
        pytest.param(_at(iat=_HOUR), id="made in the future"),
        pytest.param(_these(iat=None), id="made at no time"),
        pytest.param(_at(nbf=_HOUR), id="not yet good"),
        pytest.param(_these(at_hash="AAAAAAAAAAAAAAAAAAAAAA"), id="another access token"),
        pytest.param(_these(at_hash="会话"), id="a hash that is none"),
        pytest.param(_these(sub=None), id="nobody"),
        pytest.param(_these(sub=""), id="an empty name"),
        pytest.param(_these(sub=7), id="a number for a name"),
        pytest.param(_these(sub="x" * 256), id="an endless name"),
    ],
)
def test_a_claim_that_does_not_hold(town: Town, claims: Callable[[Desk], dict[str, Any]]) -> None:
    town.desk.said = claims(town.desk)

    _refused(town, sign_in(town.reader()))


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param(_these(aud=[CLIENT]), id="a list of one"),
        pytest.param(_these(aud=[CLIENT, "other"], azp=CLIENT), id="others, and we asked"),
        pytest.param(_at(exp=-30), id="a clock that is a little slow"),
        pytest.param(_at(iat=30, nbf=30), id="a clock that is a little fast"),
        pytest.param(_these(at_hash=None), id="no hash"),
    ],
)
def test_a_claim_that_holds(town: Town, claims: Callable[[Desk], dict[str, Any]]) -> None:
    town.desk.said = claims(town.desk)

    assert sign_in(town.reader()).status == 200


def _none(claims: dict[str, Any], _: RSAKey) -> str:
    return f"{part({'alg': 'none', 'kid': 'k1'})}.{part(claims)}."


def _shared(claims: dict[str, Any], key: RSAKey) -> str:
    """Sign with the public key as if it were a secret both know."""
    public = key.as_pem(private=False)
    unsigned = f"{part({'alg': 'HS256', 'kid': 'k1'})}.{part(claims)}"
    import hashlib  # noqa: PLC0415 - as somebody without our libraries would
    import hmac  # noqa: PLC0415 - of this forgery alone

    made = hmac.digest(public, unsigned.encode(), hashlib.sha256)
    return f"{unsigned}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def _secret(claims: dict[str, Any], _: RSAKey) -> str:
    """Sign with the client's secret, which some providers do."""
    from tests.web.portal.desk import SECRET  # noqa: PLC0415 - only here

    key = OctKey.import_key(SECRET)
    return jws.serialize_compact({"alg": "HS256"}, json.dumps(claims), key, ["HS256"])


def _another_key(claims: dict[str, Any], _: RSAKey) -> str:
    key = RSAKey.generate_key(2048)
    return jws.serialize_compact({"alg": "RS256", "kid": "k1"}, json.dumps(claims), key, ["RS256"])


def _its_own_key(claims: dict[str, Any], _: RSAKey) -> str:
    key = RSAKey.generate_key(2048)
    header = {"alg": "RS256", "kid": "k1", "jwk": key.as_dict(private=False)}
    return jws.serialize_compact(header, json.dumps(claims), key, ["RS256"])


def _changed(claims: dict[str, Any], key: RSAKey) -> str:
    header = {"alg": "RS256", "kid": "k1"}
    made = jws.serialize_compact(header, json.dumps(claims), key, ["RS256"])
    first, _, last = made.split(".")
    return f"{first}.{part({**claims, 'sub': 'u-2'})}.{last}"


def _extended(claims: dict[str, Any], key: RSAKey) -> str:
    unsigned = f"{part({'alg': 'RS256', 'kid': 'k1', 'crit': ['b64'], 'b64': True})}.{part(claims)}"
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - as above

    made = key.private_key.sign(unsigned.encode(), PKCS1v15(), SHA256())  # type: ignore[union-attr]  # an RSA key
    return f"{unsigned}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "forge",
    [_none, _shared, _secret, _another_key, _its_own_key, _changed, _extended],
    ids=lambda one: one.__name__.strip("_"),
)
def test_a_signature_that_is_none(town: Town, forge: Callable[[dict[str, Any], Any], str]) -> None:
    town.desk.forge = lambda claims: forge(claims, town.desk.key)

    _refused(town, sign_in(town.reader()))


@pytest.mark.parametrize(
    "token", ["", "x", "a.b", "a.b.c", "e30.e30.", "a.b.c.d.e", "会.话.x", "x" * 20_000]
)
def test_a_token_that_is_none(town: Town, token: str) -> None:
    town.desk.forge = lambda _: token

    _refused(town, sign_in(town.reader()))


def test_the_key_of_a_short_length_is_none(town: Town) -> None:
    import warnings  # noqa: PLC0415 - the library warns of what we refuse

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        town.desk.key = RSAKey.generate_key(1024, {"kid": "k1"})
        page = sign_in(town.reader())

    _refused(town, page)


def test_a_new_key_is_fetched_at_most_once_a_minute(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [1000.0]
    monkeypatch.setattr(town.house.parts.directory, "_monotonic", lambda: seconds[0])
    assert sign_in(town.reader()).status == 200
    town.desk.key = RSAKey.generate_key(2048, {"kid": "k2"})

    for _ in range(3):
        _refused_at_once = problem(sign_in(town.reader()))
        assert _refused_at_once == "sign_in_failed"
    assert town.desk.asked.count("/keys") == 1

    seconds[0] += directory.AGAIN_S
    assert sign_in(town.reader()).status == 200
    assert town.desk.asked.count("/keys") == 2


def test_a_key_that_was_taken_back_is_forgotten_within_the_hour(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [1000.0]
    monkeypatch.setattr(town.house.parts.directory, "_monotonic", lambda: seconds[0])
    stolen = town.desk.key
    assert sign_in(town.reader()).status == 200
    town.desk.key = RSAKey.generate_key(2048, {"kid": "k2"})
    town.desk.forge = lambda claims: jws.serialize_compact(
        {"alg": "RS256", "kid": "k1"}, json.dumps(claims), stolen, ["RS256"]
    )
    seconds[0] += directory.KEPT_S

    assert problem(sign_in(town.reader())) == "sign_in_failed"


# What it publishes about itself


@pytest.mark.parametrize(
    "published",
    [
        {"issuer": "https://login.evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://user:word@login.example/authorize"},
        {"authorization_endpoint": "https://login.example/authorize#here"},
        {"authorization_endpoint": "https://login.example/a b"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": ["https://login.example"]},
        {"token_endpoint": "ftp://login.example/token"},
        {"jwks_uri": ""},
        {"userinfo_endpoint": "file:///etc/passwd"},
    ],
)
def test_what_it_publishes_is_wrong(town: Town, published: dict[str, Any]) -> None:
    town.desk.published = published
    reader = town.reader()

    page = reader.send(reader.get("/portal/"), "/sign-in")

    _refused(town, page)


@pytest.mark.parametrize("which", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
@pytest.mark.parametrize("where", ["http://169.254.169.254/x", "http://10.0.0.1/x"])
def test_it_does_not_lead_us_into_a_private_network(town: Town, which: str, where: str) -> None:
    town.desk.person = {"sub": "u-1"}
    town.desk.published = {which: where}

    _refused(town, sign_in(town.reader()))


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
def test_a_redirect_is_followed_nowhere(town: Town, path: str) -> None:
    with opened(Desk()) as elsewhere:
        town.desk.answers[path] = Response(
            status=302, headers={"Location": elsewhere.issuer + path}
        )
        reader = town.reader()
        if path.startswith("/."):
            page = reader.send(reader.get("/portal/"), "/sign-in")
        else:
            page = sign_in(reader)

        _refused(town, page)
        assert elsewhere.asked == []


@pytest.mark.parametrize("path", ["/keys", "/token"])
@pytest.mark.parametrize(
    "body", [b"{" + b" " * 300_000 + b"}", b"[]", b"not json", b"", b"\xff\xfe", b'{"keys": 7}']
)
def test_an_answer_that_is_huge_or_none(town: Town, path: str, body: bytes) -> None:
    town.desk.answers[path] = Response(body, content_type="application/json")

    _refused(town, sign_in(town.reader()))


@pytest.mark.parametrize("path", ["/keys", "/token"])
def test_a_fault_of_the_provider_is_called_one(town: Town, path: str) -> None:
    town.desk.answers[path] = Response("<h1>mail@example.com</h1>", 502)

    page = sign_in(town.reader())

    assert page.status == 503
    _refused(town, page, "sign_in_unavailable")
    assert "example.com</h1>" not in page.html
    ((_, told),) = day_entries(town.house.engine, "sign_in_unavailable")
    assert told["code"] == "sign_in_unavailable"
    assert set(told) == {"backend", "code"}


def test_a_slow_provider_is_waited_for_so_long_and_no_longer(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partners, "_TIMEOUT_S", 0.3)
    town.desk.pause_s = 1.5
    began = time.monotonic()

    page = sign_in(town.reader())

    assert time.monotonic() - began < 1.4
    _refused(town, page, "sign_in_unavailable")


def test_a_slow_provider_holds_up_only_those_who_sign_in(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partners, "_PATIENCE_S", 0.05)
    turns = town.house.parts.directory._client._turns  # noqa: SLF001 - all of them taken
    taken = [turns.acquire(timeout=1) for _ in range(3)]
    assert all(taken)

    reader = town.reader()
    page = reader.send(reader.get("/portal/"), "/sign-in")

    assert problem(page) == "sign_in_unavailable"
    assert reader.begin().status == 200
    for _ in taken:
        turns.release()


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "invalid_grant", "error_description": "alice@example.com\u2028"},
        {"access_token": "x", "token_type": "Bearer"},
        {"id_token": 7, "access_token": "x", "token_type": "Bearer"},
        {"id_token": "x", "access_token": 7, "token_type": "Bearer"},
        {"error": ["x"]},
    ],
)
def test_a_code_that_is_worth_nothing(town: Town, answer: dict[str, Any]) -> None:
    town.desk.answers["/token"] = Response(json.dumps(answer), content_type="application/json")

    _refused(town, sign_in(town.reader()))


def test_a_code_of_another_sign_in_is_worth_nothing(town: Town) -> None:
    theirs = visited(leave(town.reader()))
    reader = town.reader()
    mine = visited(leave(reader))
    code = theirs.partition("code=")[2].partition("&")[0]
    own = mine.partition("code=")[2].partition("&")[0]

    _refused(town, reader.get(mine.replace(own, code)))


def test_nothing_about_anybody_is_logged(town: Town) -> None:
    heard = io.StringIO()
    logs.configure(heard)
    town.desk.said = {"nonce": "another-nonce"}
    back = visited(leave(town.reader()))
    town.reader().get(back)
    sign_in(town.reader())
    town.desk.answers["/token"] = Response(
        json.dumps({"error": "alice@example.com", "error_description": "alice@example.com"}), 400
    )
    sign_in(town.reader())

    lines = [json.loads(line) for line in heard.getvalue().splitlines()]
    assert [line["code"] for line in lines] == ["nonce", "code"]
    assert {line["event"] for line in lines} == {"sign_in.failed"}
    code = back.partition("code=")[2].partition("&")[0]
    for secret in ("alice", "u-1", code, "sesame", *town.desk.tokens):
        assert secret not in heard.getvalue()
