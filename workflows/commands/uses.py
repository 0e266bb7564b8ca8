"""What a backend is for, as ``rights backend`` shows it; what it was refused, written down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Engine

from rights.domain import uses
from rights.domain.errors import Forbidden
from rights.services import equal_service
from rights.store.db import transaction
from rights.store.models import Backend


@contextmanager
def noted(register: Engine, tried: str, now: datetime) -> Iterator[None]:
    """Write down what was refused because of a backend's uses; the error goes on its way."""
    try:
        yield
    except Forbidden as error:
        if error.code == equal_service.CODE:
            with transaction(register) as session:
                equal_service.note(session, "staff:cli", tried, now=now)
        raise


def shown(backend: Backend) -> str:
    """Return what a backend is for, in words of both languages, and what follows."""
    lines = [_line(use) for use in backend.uses]
    told = "no: it sets prices, or decides who is served" if uses.decides(backend.uses) else "yes"
    return "\n".join([*lines, f"told who used a right: {told}"])


def _line(use: str) -> str:
    title, about = (equal_service.words()[use][part] for part in ("title", "about"))
    english = f"  {title['en']}: {about['en']}"
    return "\n".join([use, english, f"  {title['zh-CN']}：{about['zh-CN']}"])
