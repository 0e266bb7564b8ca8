"""
Text messages: one provider, reached over HTTPS, and what its answers mean.

A provider takes ``POST`` of a JSON object with a bearer credential. What went wrong is told like
a mail server's: ``Refused`` this message will never be taken, ``Transient`` try it again,
``Down`` there is no use trying any other now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Protocol, Self

import orjson

from rights.domain.errors import ConfigError, Misconfigured, Refused, Transient
from rights.net import Client, Guard, Response
from rights.settings import Settings
from workflows.notices.mail import Down

TIMEOUT_S: Final = 10.0
_MOST_BYTES: Final = 65_536
_OK: Final = 2
_WRONG: Final = 400
_THEIR_FAULT: Final = 500
_OF_THE_SENDER: Final = frozenset({401, 402, 403, 404, 405, 407, 410, 429, 503})
"""Answers about us, our address or the moment: the next message would get the same."""
_OF_THE_MOMENT: Final = frozenset({408, 409, 425})


class ProviderDown(Down):
    """The provider of text messages cannot be reached, or takes nothing from us."""

    code = "sms_down"


@dataclass(frozen=True, slots=True)
class Text:
    """
    One text message.

    Args:
        id: The notice's, the same on a repeat.
        to: A telephone number, ``+`` and digits.
        values: What *text* was filled in with, for gateways that have texts of their own.
    """

    id: str
    to: str = field(repr=False)
    text: str = field(repr=False)
    event: str
    language: str
    values: Mapping[str, str] = field(repr=False)


class Provider(Protocol):
    """Whoever takes text messages from us."""

    def send(self, text: Text) -> None:
        """
        Hand one message over; on return the provider has taken it.

        Raises:
            Refused: it will never be taken.
            Transient: not now, but others may go through.
            Down: nothing goes through.
        """
        ...


class HttpProvider:
    """The provider that ``sms_url`` names; a connection is opened at the first message."""

    def __init__(self, settings: Settings, *, timeout: float = TIMEOUT_S) -> None:
        self._settings, self._timeout = settings, timeout
        self._client: Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def send(self, text: Text) -> None:
        """Hand one message over, as :class:`Provider` says."""
        try:
            response = self._posted(text)
        except (Transient, Misconfigured, Refused, ConfigError) as error:
            # Whatever keeps us from the provider keeps every message from it.
            raise ProviderDown(f"the provider of text messages: {error}") from None
        _judge(response)

    def _posted(self, text: Text) -> Response:
        settings = self._settings
        if self._client is None:
            self._client = Client(Guard(settings.sms_allow))
        return self._client.request(
            "POST",
            settings.sms_url,
            headers={
                "Authorization": f"Bearer {settings.sms_token.get_secret_value()}",
                "Content-Type": "application/json",
                # The same on a repeat, so that a message that was sent twice can be told.
                "Idempotency-Key": text.id,
            },
            body=_body(text, settings.sms_sender),
            timeout=self._timeout,
            max_bytes=_MOST_BYTES,
        )


def check(settings: Settings) -> None:
    """
    Make sure that text messages can be sent, if they are to be.

    Raises:
        ConfigError: the credential is missing, or the address is plain HTTP and not allowed.
    """
    if not settings.sms_url:
        return
    problems = []
    if not settings.sms_token.get_secret_value():
        problems.append("RIGHTS_SMS_TOKEN: is missing, and the provider asks for it")
    if settings.sms_url.startswith("http://") and not settings.sms_allow:
        problems.append(
            "RIGHTS_SMS_URL: must begin with https://, unless RIGHTS_SMS_ALLOW opens it"
        )
    Guard(settings.sms_allow)
    if problems:
        raise ConfigError("text messages cannot be sent:", problems)


def _body(text: Text, sender: str) -> bytes:
    said = {
        "id": text.id,
        "to": text.to,
        "text": text.text,
        "event": text.event,
        "language": text.language,
        "values": dict(text.values),
    }
    return orjson.dumps({**said, "from": sender} if sender else said)


def _judge(response: Response) -> None:
    """Raise what an answer means; the answer's own text may quote the number and is not told."""
    status = response.status
    if status // 100 == _OK:
        return
    if status in _OF_THE_SENDER or status < _WRONG:
        raise ProviderDown(f"the provider of text messages answered {status}: see the settings")
    if status in _OF_THE_MOMENT or status >= _THEIR_FAULT:
        raise Transient(f"the provider of text messages put this one off ({status})")
    raise Refused(f"the provider of text messages refused this one for good ({status})")
