"""
From a letter to a mail, and from here to the mail server.

What went wrong is told by what happens next: ``Refused`` this message will never be taken,
``Transient`` try it again, ``Down`` there is no use trying any other now.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr
from types import TracebackType
from typing import Final, Self

from rights.domain.errors import Refused, Transient
from rights.failpoints import Point, hit
from rights.settings import Settings
from workflows.notices.letter import Letter

TIMEOUT_S: Final = 10.0
_TLS_FROM_THE_START: Final = 465
_PERMANENT: Final = 500
# The older classes: the newer ones take ten times as long to write the same bytes. What they
# would check is checked here: every address, and that no header has a second line.
_AS_SENT: Final = compat32.clone(linesep="\r\n", max_line_length=None)
_NOT_IN_ADDRESSES: Final = frozenset('<>,;:"()[]\\')


class Down(Transient):
    """The mail server cannot be reached, or does not take mail from us."""

    code = "mail_down"


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as it goes over the wire."""

    sender: str
    to: str = field(repr=False)
    content: bytes = field(repr=False)


def message(
    letter: Letter,
    *,
    settings: Settings,
    to: str,
    reply_to: str,
    notice_id: str,
    now: datetime,
) -> Mail:
    """
    Return a letter as a mail: plain text and HTML, nothing attached.

    Raises:
        Refused: *to* is not an address that can stand in a header.
    """
    sender, recipient = _address(settings.mail_from), _address(to)
    mail = MIMEMultipart("alternative")
    mail["From"] = formataddr((_one_line(letter.sender), sender))
    # A name outside ASCII would need headers that not every reader can read: the envelope has it.
    mail["To"] = recipient if recipient.isascii() else "undisclosed-recipients:;"
    mail["Subject"] = Header(_one_line(letter.subject), header_name="Subject").encode()
    mail["Date"] = format_datetime(now)
    # The same on a repeat, so that a mail that was sent twice can be told.
    mail["Message-ID"] = f"<{notice_id}@{_domain(sender)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = letter.language
    with suppress(Refused):  # a web page or a phone number is no address to reply to
        mail["Reply-To"] = _address(reply_to)
    mail.attach(MIMEText(letter.text(), "plain", "utf-8"))
    mail.attach(MIMEText(letter.html(), "html", "utf-8"))
    return Mail(sender, recipient, mail.as_bytes(policy=_AS_SENT))


def _address(text: str) -> str:
    """
    Return an address as it may stand in a header and on the wire.

    Raises:
        Refused: it could be read as more than one address, or as more than an address.
    """
    user, at, domain = text.rpartition("@")
    odd = not text.isprintable() or " " in text or _NOT_IN_ADDRESSES.intersection(text)
    if not at or not user or not domain or odd or "@" in user:
        raise Refused("a value that was given as an e-mail address is not one")
    try:
        return f"{user}@{domain.encode('idna').decode()}"
    except UnicodeError:  # a label that is empty or too long
        raise Refused("a value that was given as an e-mail address is not one") from None


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _one_line(text: str) -> str:
    return " ".join(text.split())


class Outgoing:
    """One connection to the mail server, opened at the first message and used for all."""

    def __init__(self, settings: Settings, *, timeout: float = TIMEOUT_S) -> None:
        self._settings, self._timeout = settings, timeout
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        server, self._server = self._server, None
        if server is not None:
            with suppress(smtplib.SMTPException, OSError):  # it said goodbye first
                server.quit()
            server.close()

    def send(self, mail: Mail) -> None:
        """
        Hand one mail over; on return the server has taken it.

        Raises:
            Refused: the server will never take it.
            Transient: not now, but others may go through.
            Down: nothing goes through.
        """
        try:
            self._hand_over(mail)
        except smtplib.SMTPServerDisconnected:
            # It hung up between two mails, as servers do after a while: once more, afresh.
            self._drop()
            self._typed(mail)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise self._error(error) from None  # the cause may quote the address

    def _typed(self, mail: Mail) -> None:
        try:
            self._hand_over(mail)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise self._error(error) from None  # as above

    def _hand_over(self, mail: Mail) -> None:
        if self._server is None:
            self._server = self._connected()
        # Only an address outside ASCII needs more of the server than every server can do.
        options = () if mail.to.isascii() else ("SMTPUTF8", "BODY=8BITMIME")
        hit(Point.MAIL_BEFORE)
        self._server.sendmail(mail.sender, [mail.to], mail.content, options)
        hit(Point.MAIL_AFTER)

    def _connected(self) -> smtplib.SMTP:
        options = self._settings
        host, port, name = options.smtp_host, options.smtp_port, _own_name(options)
        tls = ssl.create_default_context() if options.smtp_tls else None
        server: smtplib.SMTP
        if tls is not None and port == _TLS_FROM_THE_START:
            server = smtplib.SMTP_SSL(host, port, name, timeout=self._timeout, context=tls)
        else:
            server = smtplib.SMTP(host, port, name, timeout=self._timeout)
        try:
            if tls is not None and port != _TLS_FROM_THE_START:
                server.starttls(context=tls)
            if options.smtp_user:
                server.login(options.smtp_user, options.smtp_password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server

    def _error(self, error: Exception) -> Exception:
        """Say what an error of the mail server means for us."""
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            codes = [code for code, _ in error.recipients.values()]
            return _answered(max(codes, default=0))
        if isinstance(error, smtplib.SMTPDataError):
            return _answered(error.smtp_code)
        if isinstance(error, (smtplib.SMTPNotSupportedError, ValueError)):
            return Refused("the mail server cannot take an address of this form")
        self._drop()
        return Down("the mail server cannot be reached or takes no mail from us: see the settings")

    def _drop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()


def _answered(code: int) -> Exception:
    if code >= _PERMANENT:
        return Refused("the mail server refused this message for good")
    return Transient("the mail server put this message off")


def _own_name(settings: Settings) -> str:
    """Return the name we greet with; the library would ask a name server, and wait for it."""
    return settings.mail_from.rpartition("@")[2] or "localhost"
