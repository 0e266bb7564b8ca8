"""
A document that came on paper, put in on the page of its request: sealed while it is read.

Source: GB/T 35273-2020 8.5(e); PIPL 31, 49.
"""

from __future__ import annotations

from flask import request as call
from werkzeug import Response

from rights.web.console import door, given_later, one, pages
from rights.web.reading import pieces

area = door.taking("taking-in", given_later.most)
pages.errors(area)


@area.post(f"/requests/<id:request_id>/{given_later.DOCUMENT}")
def add_document(request_id: str) -> Response:
    """Put a document in that shows who acts."""
    file = call.files.get("document")
    if file is None or not file.filename:
        return one.act(request_id, given_later.DOCUMENT)
    try:
        given_later.taken(request_id, pieces(file.stream))
    except given_later.REFUSED as error:
        return one.refused(request_id, given_later.DOCUMENT, error)
    return pages.go("console-one.one", request_id=request_id, done=given_later.DOCUMENT)
