"""Lists of what and whom an incident touched, as files: no contact of anybody is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any, Final

from flask import stream_with_context
from werkzeug import Response

from rights.services.reports.fonts import font
from rights.services.security_incidents import list_files, touched, whom
from rights.services.security_incidents.scope import Scope
from rights.web.console import pages
from rights.web.parts import parts

NAMES: Final = (list_files.TOUCHED, list_files.PEOPLE)
FORMS: Final = (("jsonl", "JSON Lines"), ("csv", "CSV"), ("pdf", "PDF"))
"""In which forms each list comes, and what these are called."""


def writer(name: str, form: str) -> Callable[[Scope], Iterable[bytes]]:
    """
    Return what writes a list, looked for before any work.

    A PDF is written at once, for it may be too long; the others as they are sent.

    Raises:
        ConfigError: a PDF needs a font, and there is none.
    """
    here = parts()
    write = list_files.writer(
        name,
        form,
        pages.said().language,
        font=lambda: font(here.context.settings.report_font),
        at=here.now(),
        zone=pages.zone(),
    )
    return lambda scope: write(_lines(name, scope))


def _lines(name: str, scope: Scope) -> Iterator[dict[str, Any]]:
    here = parts()
    if name == list_files.PEOPLE:
        return map(asdict, whom.listed(here.engine, here.context, scope))
    return map(asdict, touched.listed(here.engine, scope))


def file(name: str, form: str, incident_id: str, written: Iterable[bytes]) -> Response:
    """Return a list as a file."""
    sent = stream_with_context(iter(written))
    response = Response(sent, content_type=list_files.MEDIA[form])
    called = f"{name}-{incident_id}.{form}"
    response.headers["Content-Disposition"] = f'attachment; filename="{called}"'
    return response
