"""
A provider of our own making: it keeps the protocol, unless a test tells it not to.

Every way to misbehave is a value that a test sets; nothing of the service is replaced.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from werkzeug import Request, Response

CLIENT = "rights-portal"
SECRET = "sesame-of-the-portal"
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop ID</title></head>
<body><main><h1>Shop ID</h1><form method="post"><button>I am Alice</button></form></main></body>
</html>"""
Key = RSAKey | ECKey | OKPKey | OctKey


@cache
def _first_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "k1"})


def _hash(text: str, name: str = "sha256", *, half: bool = False) -> str:
    digest = hashlib.new(name, text.encode()).digest()
    digest = digest[: len(digest) // 2] if half else digest
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def part(value: Any) -> str:
    """Return a part of a token as it is written."""
    raw = json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Desk:
    """
    A provider.

    Args:
        person: What it says of whoever signs in.
        said: Claims of the token that are to be something else; None leaves one out.
        published: What it publishes about itself that is to be something else; None likewise.
        userinfo: What it tells only when asked.
        forge: Makes the whole token, from its claims.
        asks: It shows a page with a button first.
        waits: It shows nothing at all: the browser stays where it is.
        pause_s: How long it takes over a token.
        answers: What one of its paths answers in place of what it should.
    """

    issuer: str = ""
    now: Callable[[], float] = time.time
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "u-1"})
    said: dict[str, Any] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    names_itself: bool = True
    algorithm: str = "RS256"
    key: Key = field(default_factory=_first_key)
    forge: Callable[[dict[str, Any]], str] | None = None
    asks: bool = False
    waits: bool = False
    pause_s: float = 0.0
    answers: dict[str, Response] = field(default_factory=dict)
    secret: str = SECRET
    proved_by: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)

    def app(self) -> Any:
        """Return its application."""
        return Request.application(self._answer)

    def _answer(self, request: Request) -> Response:
        self.asked.append(request.path)
        if request.path in self.answers:
            return self.answers[request.path]
        known = {
            "/.well-known/openid-configuration": self._discovery,
            "/authorize": self._authorize,
            "/token": self._token,
            "/keys": self._keys,
            "/userinfo": self._userinfo,
        }
        found = known.get(request.path)
        return found(request) if found else Response(status=404)

    def _discovery(self, _: Request) -> Response:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "authorization_response_iss_parameter_supported": self.names_itself,
            **self.published,
        }
        return _json({name: value for name, value in document.items() if value is not None})

    def _authorize(self, request: Request) -> Response:
        given = request.args.to_dict()
        assert given["response_type"] == "code"
        assert given["code_challenge_method"] == "S256"
        assert given["client_id"] == CLIENT
        if self.waits:
            return Response(status=204)
        if self.asks and request.method == "GET":
            return Response(_PAGE, content_type="text/html; charset=utf-8")
        code = secrets.token_urlsafe(16)
        self.codes[code] = given
        back = {"code": code, "state": given["state"]}
        if self.names_itself:
            back["iss"] = self.issuer
        return Response(
            status=302, headers={"Location": f"{given['redirect_uri']}?{urlencode(back)}"}
        )

    def _token(self, request: Request) -> Response:
        time.sleep(self.pause_s)
        given = self.codes.pop(request.form["code"], None)
        if not self._proved(request):
            return _json({"error": "invalid_client"}, 401)
        if (
            given is None
            or given["redirect_uri"] != request.form["redirect_uri"]
            or given["code_challenge"] != _hash(request.form["code_verifier"])
        ):
            return _json({"error": "invalid_grant", "error_description": "no such code"}, 400)
        access = secrets.token_urlsafe(16)
        self.tokens.append(access)
        id_token = self._signed(self._claims(given, access))
        return _json({"token_type": "Bearer", "access_token": access, "id_token": id_token})

    def _proved(self, request: Request) -> bool:
        methods = self.published.get("token_endpoint_auth_methods_supported", [])
        self.proved_by.append("header" if request.authorization else "form")
        if "client_secret" in request.form and "client_secret_post" in methods:
            given = request.form["client_id"], request.form["client_secret"]
            return given == (CLIENT, self.secret)
        who = request.authorization
        if "none" in methods:
            return who is None and request.form["client_id"] == CLIENT
        return who is not None and (who.username, who.password) == (CLIENT, self.secret)

    def _claims(self, given: dict[str, str], access: str) -> dict[str, Any]:
        now = int(self.now())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": given["nonce"],
            "at_hash": _hash(
                access, "sha512" if self.algorithm == "EdDSA" else "sha256", half=True
            ),
            **self.person,
            **self.said,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.forge is not None:
            return self.forge(claims)
        header = {"alg": self.algorithm, "kid": self.key.kid}
        return jws.serialize_compact(header, json.dumps(claims), self.key, [self.algorithm])

    def _keys(self, _: Request) -> Response:
        return _json({"keys": [self.key.as_dict(private=False)]})

    def _userinfo(self, request: Request) -> Response:
        if request.headers.get("Authorization") not in [f"Bearer {one}" for one in self.tokens]:
            return _json({}, 401)
        return _json({"sub": self.person["sub"], **self.userinfo})


def _json(document: Any, status: int = 200) -> Response:
    return Response(json.dumps(document), status, content_type="application/json")


def visited(url: str, form: dict[str, str] | None = None) -> str:
    """Go to a provider's page as a browser would; return where it sends the browser next."""
    there = urlsplit(url)
    connection = http.client.HTTPConnection(there.netloc, timeout=10)
    body = urlencode(form) if form else None
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    connection.request(
        "POST" if form else "GET", f"{there.path}?{there.query}", body=body, headers=headers
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def asked_for(url: str) -> dict[str, str]:
    """Return what a provider is asked, by its address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
