"""
What is asked of a bridge, and what of its answers is believed.

Both sides sign what they send (``rights.domain.signing``), and an answer carries the id of the
question, so an answer of another moment answers nothing. No call names a person.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from rights.domain import signing
from rights.domain.errors import (
    ConnectorError,
    Misconfigured,
    Refused,
    Transient,
    Unauthenticated,
)
from rights.net import Guard, PartnerClient, Response
from rights.net.partners import leads_on
from rights.services.disturbances import Tell, nobody
from rights.services.network_identity.bridge import Bridge
from rights.store.ids import new_id

PROTOCOL: Final = 1

_BYTES: Final = 16_384
_OK: Final = 200


class Unsigned(Transient):
    """An answer came that the bridge did not sign, or not as an answer to this question."""

    code = "answer_unsigned"


class Bridges:
    """
    Calls bridges, few at a time, so that a slow one holds up nobody else.

    Args:
        guard: Where they may be.
        tell: Told of a bridge that could not be asked.
    """

    def __init__(self, guard: Guard, tell: Tell = nobody) -> None:
        self._tell = tell
        self._client = PartnerClient(guard, max_bytes=_BYTES)

    def close(self) -> None:
        """Close what is kept open."""
        self._client.close()

    def about(self, bridge: Bridge, *, now: datetime) -> None:
        """Make sure that a bridge is there and speaks this protocol. Raises like :meth:`ask`."""
        said = self.ask(bridge, "about", {}, now=now)
        if said.get("protocol") != PROTOCOL:
            raise Refused(f"the bridge does not speak protocol {PROTOCOL}")

    def place(self, bridge: Bridge, said: Mapping[str, Any], *, now: datetime) -> str:
        """
        Announce somebody who is about to come; return where their browser goes.

        Raises: like :meth:`ask`.
        """
        url = self.ask(bridge, "visits", said, now=now).get("go")
        if not isinstance(url, str) or not leads_on(bridge.url, url):
            raise Refused("the bridge did not say where to go")
        return url

    def ask(
        self, bridge: Bridge, path: str, said: Mapping[str, Any], *, now: datetime
    ) -> dict[str, Any]:
        """
        Return what a bridge answers.

        Raises:
            Unsigned: somebody answered, but it was not the bridge, or not to this.
            Transient: it cannot be reached, or not now.
            Refused: it does not take the question, or answers at too great a length.
            Misconfigured: its certificate is not valid.
        """
        question, body = new_id(), orjson.dumps({"protocol": PROTOCOL, **said})
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            **signing.sign([bridge.secret], question, now, body),
        }
        try:
            answer = self._client.request("POST", f"{bridge.url}/{path}", headers, body)
            return _read(bridge, question, answer, now)
        except ConnectorError as error:
            self._tell(bridge.backend_id, error.code)
            raise


def _read(bridge: Bridge, question: str, answer: Response, now: datetime) -> dict[str, Any]:
    if answer.status in (401, 403):
        raise Misconfigured(f"the bridge does not take our signature ({answer.status})")
    if answer.status != _OK:
        raise Transient(f"the bridge answered {answer.status}")
    try:
        signed = signing.verify([bridge.secret], answer.headers, answer.body, now)
        found = orjson.loads(answer.body)
    except (Unauthenticated, ValueError):
        raise Unsigned("the answer is not signed by the bridge") from None
    if not hmac.compare_digest(signed.id.encode(), question.encode()):
        raise Unsigned("the bridge answered another question")
    if not isinstance(found, dict):
        raise Unsigned("the answer is no object")
    return found
