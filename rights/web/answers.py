"""
From work to answer: one transaction, and the same answer again for the same call.

What is answered is JSON as the services made it; the tests hold every answer against the
contract, so it is not shaped twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from flask import request
from sqlmodel import Session
from werkzeug import Response
from werkzeug.datastructures import ETags

from rights.domain.errors import FieldError, Invalid, RightsError, Unavailable
from rights.services import idempotency
from rights.services.idempotency import Call, Repeated, Reply
from rights.store.db import reading, transaction
from rights.web.auth import speaker
from rights.web.parts import parts
from rights.web.problems import Problem

_KEY: Final = re.compile(r"[!-~]{1,255}")
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What a call gives back.

    Args:
        body: JSON-native; None for an answer without a body.
    """

    body: Mapping[str, Any] | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return it as HTTP."""
        data = b"" if self.body is None else orjson.dumps(self.body)
        response = Response(data, self.status, content_type="application/json")
        if self.body is None:
            del response.headers["Content-Type"]
        response.headers.extend(dict(self.headers))
        return response


Work = Callable[[Session, datetime], Answer]


def look(work: Work) -> Response:
    """Answer from what the register says; nothing is changed."""
    here = parts()
    with reading(here.engine) as session:
        answer = work(session, here.now())
    return answer.response()


def commit(work: Work, *, once: bool = False) -> Response:
    """
    Do *work* in one transaction.

    Args:
        once: Honour an ``Idempotency-Key``: the same call again gets the same answer.
    """
    here = parts()
    this = _call() if once else None
    for _ in range(_TRIES):
        try:
            with transaction(here.engine) as session:
                answer = _once(session, this, work, here.now())
        except Repeated:
            continue
        return answer.response()
    raise Unavailable("the same call is being made at the same time: repeat it")


def commit_try(
    work: Callable[[Session, datetime], Answer | None], refused: Callable[[], RightsError]
) -> Response:
    """
    Do *work* in one transaction, in which somebody tries to prove something.

    None says that it was wrong: that is counted, hence committed, and only then refused.
    """
    wrong: list[bool] = []

    def tried(session: Session, now: datetime) -> Answer:
        answer = work(session, now)
        if answer is None:
            wrong.append(True)
        return answer or Answer(None)

    response = commit(tried)
    if wrong:
        raise refused()
    return response


def _once(session: Session, this: Call | None, work: Work, now: datetime) -> Answer:
    if this is None:
        return work(session, now)
    vault = parts().context.vault
    before = idempotency.earlier(session, vault, this, now=now)
    if before is not None:
        kept = orjson.loads(before.body)
        return Answer(kept["body"], before.status, kept["headers"])
    answer = work(session, now)
    kept_body = orjson.dumps({"body": answer.body, "headers": dict(answer.headers)})
    idempotency.keep(session, vault, this, Reply(answer.status, kept_body), now=now)
    return answer


def _call() -> Call | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        wrong = FieldError("Idempotency-Key", "must be 1 to 255 printable ASCII characters")
        raise Invalid("a header is wrong", [wrong])
    who = speaker()
    # A person's key is that person's own: the same word from two people is two calls.
    name = f"{who.counted_as}|{key}" if who.person else key
    operation = f"{request.method} {request.path}"
    data = request.get_data(cache=True)
    return idempotency.call(parts().context.vault, who.backend.id, name, operation, data)


def etag(version: int) -> str:
    """Return the ETag of a version of something mutable."""
    return f'"{version}"'


def unchanged(version: int) -> None:
    """Raise the problem 412 if the caller read another version than this."""
    given: ETags = request.if_match
    if given and not given.contains(str(version)):
        raise Problem("precondition_failed")
