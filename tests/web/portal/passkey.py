"""A passkey without a browser: it signs what it is asked to, and whatever a test makes it say."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.web.house import House
from tests.web.portal.keys import opened
from tests.web.portal.reader import Page, Reader

RIGHTS = "https://rights.example"
_PRESENT, _UNLOCKED, _NEW = 0x01, 0x04, 0x40


def text(data: bytes) -> str:
    """Return bytes as browsers spell them."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Passkey:
    """
    One passkey and the browser around it.

    Args:
        count: How often it says it was used.
        unlocked: Whether its owner unlocked it.
        origin: The page it was asked on.
        framed_by: Whose page had a frame around that one, as the browser tells.
    """

    identity: bytes = b"passkey-of-alice"
    count: int = 0
    unlocked: bool = True
    origin: str = RIGHTS
    host: str = "rights.example"
    framed_by: str = ""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )

    def made(self, options: dict[str, Any]) -> str:
        """Return what a browser says after it was made."""
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        size = len(self.identity).to_bytes(2)
        held = bytes(16) + size + self.identity + cbor2.dumps(public)
        made = {"fmt": "none", "attStmt": {}, "authData": self._data(_NEW) + held}
        return self._said(
            {
                "clientDataJSON": text(self._page("webauthn.create", options)),
                "attestationObject": text(cbor2.dumps(made)),
                "transports": ["internal", "made-up"],
            }
        )

    def answers(self, options: dict[str, Any]) -> str:
        """Return what a browser says after it was used."""
        self.count += 1
        page, data = self._page("webauthn.get", options), self._data(0)
        signed = self.key.sign(data + hashlib.sha256(page).digest(), ec.ECDSA(hashes.SHA256()))
        return self._said(
            {
                "clientDataJSON": text(page),
                "authenticatorData": text(data),
                "signature": text(signed),
            }
        )

    def _page(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        if self.framed_by:
            said |= {"crossOrigin": True, "topOrigin": self.framed_by}
        return json.dumps(said).encode()

    def _data(self, flags: int) -> bytes:
        flags |= _PRESENT | (_UNLOCKED if self.unlocked else 0)
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _said(self, response: dict[str, Any]) -> str:
        identity = text(self.identity)
        return json.dumps(
            {"id": identity, "rawId": identity, "type": "public-key", "response": response}
        )


def add(house: House, reader: Reader, passkey: Passkey) -> Page:
    """Add a passkey to whoever is in the portal."""
    page = opened(house, reader)
    form = page.form("/keys/passkey")
    options = reader.client.post("/portal/keys/passkey/options", data=form.holding()).json
    assert options, "nothing was asked"
    return reader.send(page, "/keys/passkey", name="My laptop", answer=passkey.made(options))


def asked(reader: Reader, page: Page, about: str = "/key/options") -> dict[str, Any]:
    """Return what a browser is asked to prove on the page of a request."""
    form = next(one for one in page.forms if "/key/" in one.action)
    path = form.action.removesuffix("/proof").removesuffix("/open") + "/options"
    assert path.endswith(about) or about in path
    answer = reader.client.post(path, data={"key": form.holding()["key"]})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.json or {}
    return found
