"""What one notice is about, read from the register."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

import orjson
from sqlmodel import Session, col, select

from rights.domain.regime import Regime
from rights.services import notes, subjects, verification
from rights.services.context import Context
from rights.store.models import (
    Challenge,
    IdentifierRow,
    Notice,
    Package,
    ReceiptRow,
    Request,
)
from workflows.expiry import ENDED
from workflows.notices.ended import ended_lines
from workflows.notices.words import Words, language_of, words


@dataclass(frozen=True, slots=True)
class Facts:
    """
    Everything a letter may say.

    Args:
        proved: The address was proved in this request, by a code or by the backend's word.
        contact: Of the person in charge of privacy; empty when the data map names none.
        code: The one-time code, while it works.
        token: What can be pasted in place of it, as long.
        receipt: The signed statement of outcome, once there is one.
        answers: What staff added to the outcome.
    """

    notice_id: str
    event: str
    request: Request = field(repr=False)
    context: Context = field(repr=False)
    words: Words = field(repr=False)
    address: str = field(repr=False)
    proved: bool
    contact: str
    now: datetime
    code: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    code_until: datetime | None = None
    challenge_id: str = ""
    receipt: Mapping[str, Any] = field(default_factory=dict, repr=False)
    package: Package | None = field(default=None, repr=False)
    answers: tuple[str, ...] = field(default=(), repr=False)

    @property
    def company(self) -> str:
        """The name of who answers."""
        name = self.context.datamap.controller.get("name", "")
        return self.words.either(name) if isinstance(name, Mapping) else str(name)

    @property
    def regimes(self) -> tuple[Regime, ...]:
        """The laws the request is handled under."""
        book = self.context.regimes
        return tuple(book[name] for name in self.request.regimes if name in book)

    @property
    def zone(self) -> tzinfo:
        """Where the first of these laws counts its days."""
        return next((regime.counting.zone for regime in self.regimes), UTC)

    def moment(self, at: datetime) -> str:
        """Return a moment in the person's language and the law's zone."""
        return self.words.moment(at, self.zone)


@dataclass(frozen=True, slots=True)
class Unsendable:
    """There is nobody to send it to, or nothing left to say; ``state`` is the notice's last."""

    state: str


@dataclass(frozen=True, slots=True)
class Known:
    """The requests that some notices are about, and the identifiers of each, by its id."""

    requests: Mapping[str, Request]
    identifiers: Mapping[str, Sequence[IdentifierRow]]


def known(session: Session, notices: Iterable[Notice]) -> Known:
    """Read for many notices at once what most of them need."""
    ids = sorted({notice.request_id for notice in notices})
    requests = session.exec(select(Request).where(col(Request.id).in_(ids))).all()
    identifiers: dict[str, list[IdentifierRow]] = {one: [] for one in ids}
    query = select(IdentifierRow).where(col(IdentifierRow.request_id).in_(ids))
    for row in session.exec(query):
        identifiers[row.request_id].append(row)
    return Known({request.id: request for request in requests}, identifiers)


def gather(
    session: Session, context: Context, notice: Notice, about: Known, now: datetime
) -> Facts | Unsendable:
    """
    Read what a notice needs.

    Args:
        about: From :func:`known`.

    Raises:
        Tampered, ConfigError: a sealed value does not open.
    """
    request = about.requests.get(notice.request_id)
    row = _recipient(context, notice, about.identifiers[notice.request_id]) if request else None
    if request is None or row is None:
        return Unsendable("no_contact")
    challenge = session.get(Challenge, notice.challenge_id) if notice.challenge_id else None
    live = challenge is not None and challenge.used_at is None and challenge.expires_at > now
    if notice.event == "code" and not live:
        return Unsendable("stale")
    code = challenge if live else None
    return Facts(
        notice_id=notice.id,
        event=notice.event,
        request=request,
        context=context,
        words=words(language_of(request.locale)),
        address=subjects.value(context.vault, row),
        proved=bool(row.proof),
        contact=str(context.datamap.controller.get("dpo_contact", "")),
        now=now,
        code=verification.code_of(context, code) if code else "",
        token=verification.token_of(context, code) if code else "",
        code_until=code.expires_at if code else None,
        challenge_id=code.id if code else "",
        **_result(session, context, request, notice.event),
    )


def _recipient(
    context: Context, notice: Notice, rows: Sequence[IdentifierRow]
) -> IdentifierRow | None:
    wanted = [r for r in rows if notice.identifier_id in ("", r.id)]
    return verification.contact_among(context, wanted)


def _result(session: Session, context: Context, request: Request, event: str) -> dict[str, Any]:
    """Read what only some events speak of."""
    if event == "outcome":
        receipt = session.get(ReceiptRow, request.id)
        answers = notes.read(session, context.vault, request.id, notes.ANSWER)
        return {
            "receipt": orjson.loads(receipt.body) if receipt else {},
            "answers": tuple(str(answer) for answer in answers),
        }
    if event == ENDED:
        return {"receipt": {"outcome": ended_lines(session, request.id)}}
    if event.startswith("package_"):
        query = select(Package).where(Package.request_id == request.id)
        newest = query.order_by(col(Package.created_at).desc()).limit(1)
        return {"package": session.exec(newest).first()}
    return {}
