"""A mail server of our own that keeps what it is sent instead of delivering it."""

from __future__ import annotations

import asyncio
import email.policy
import threading
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser

from aiosmtpd.smtp import SMTP, Envelope, Session

_PARSER = BytesParser(policy=email.policy.default)


class Sink:
    """
    A running SMTP server on 127.0.0.1.

    ``messages`` grows in the order of arrival; the envelope's recipients are in the header
    ``X-Envelope-To`` of each. ``on_message`` is called in the server's thread. Whoever is in
    ``put_off`` is answered "later", as servers do with senders they do not know yet; whoever is
    in ``unknown`` is never taken.
    """

    def __init__(
        self, *, port: int = 0, on_message: Callable[[EmailMessage], None] | None = None
    ) -> None:
        self.messages: list[EmailMessage] = []
        self.put_off: set[str] = set()
        self.unknown: set[str] = set()
        self._arrived = threading.Condition()
        self._on_message = on_message
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            self._loop.create_server(self._session, "127.0.0.1", port)
        )
        self.host, self.port = self._server.sockets[0].getsockname()[:2]
        self.url = f"smtp://{self.host}:{self.port}"
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp", daemon=True)
        self._thread.start()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - the name and arguments that aiosmtpd calls
        """Keep one message."""
        if self.put_off.intersection(envelope.rcpt_tos):
            return "451 later"
        if self.unknown.intersection(envelope.rcpt_tos):
            return "550 nobody of that name"
        content = envelope.content
        raw = content.encode() if isinstance(content, str) else content or b""
        message = _PARSER.parsebytes(raw)
        assert isinstance(message, EmailMessage)
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()
        if self._on_message is not None:
            self._on_message(message)
        return "250 kept"

    def wait_for(self, count: int, *, timeout_s: float = 10) -> list[EmailMessage]:
        """
        Return all messages once there are at least ``count``.

        Raises:
            TimeoutError: fewer arrived in time; the message says how many.
        """
        end = time.monotonic() + timeout_s
        with self._arrived:
            while len(self.messages) < count:
                if not self._arrived.wait(end - time.monotonic()):
                    raise TimeoutError(f"{len(self.messages)} of {count} messages arrived.")
            return list(self.messages)

    def stop(self) -> None:
        """Stop listening and close what is open: a mail server that went down."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def _session(self) -> SMTP:
        return SMTP(self, hostname="sink", loop=self._loop, enable_SMTPUTF8=True)

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
