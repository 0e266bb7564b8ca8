"""
A copy and a receipt, downloaded by whose they are.

Each download of a copy needs a fresh proof: a code that was answered in this visit within the last
ten minutes, or the product's own strong word if that is no older than its token. What the proof
opens is kept in a cookie for that copy alone, so a download that broke off goes on where it stopped
and no address opens anything.

Source: PIPL 45, 51; NDSR 9, 25.
"""

from __future__ import annotations

from typing import Final

import orjson
from flask import redirect, url_for
from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import NotFound, RightsError, TooMany, Unauthenticated
from rights.services import packages, proving, receipt_page, receipts, verification
from rights.services.packages import Granted
from rights.store.db import reading, transaction
from rights.store.models import Request
from rights.web import sending
from rights.web.parts import parts
from rights.web.portal import door, pages, proofs
from rights.web.portal.proving import refused

area = door.private("downloading")
pages.errors(area)
checking = door.public("checking")
pages.errors(checking)

_GRANT: Final = "rights_grant"


@area.post("/requests/<id:request_id>/packages/<id:package_id>/code")
def send(request_id: str, package_id: str) -> Response:
    """Send a code for one download."""
    door.slowly(request_id)
    with transaction(parts().engine) as session:
        found = door.visit().find(session, request_id, lock=True)
        packages.find(session, found, package_id)
        context, now, to = parts().context, parts().now(), call.form.get("to", "")
        proving.start(session, context, found, purpose="grant", now=now, to=to)
    return pages.go("portal-following.follow", request_id=request_id, _anchor="package", sent=1)


@area.post("/requests/<id:request_id>/packages/<id:package_id>/open")
def unlock(request_id: str, package_id: str) -> Response:
    """Check the code and begin the download."""
    door.slowly(request_id)
    wrong: RightsError | None = None
    granted: Granted | None = None
    with transaction(parts().engine) as session:
        found = door.visit().find(session, request_id, lock=True)
        try:
            granted = _granted(session, found, package_id)
        except (Unauthenticated, TooMany) as error:  # of a level that is too low, too
            wrong = error
    if granted is None:
        return refused(request_id, wrong or verification.refused())
    return begin(request_id, package_id, granted)


def begin(request_id: str, package_id: str, granted: Granted) -> Response:
    """Begin a download: go where the copy is, with the cookie that opens it."""
    path = url_for("portal-downloading.content", request_id=request_id, package_id=package_id)
    response: Response = redirect(path, 303)
    minutes = parts().context.settings.grant_minutes
    door.grant(response, _GRANT, granted.token, path, minutes * 60)
    return response


def _granted(session: Session, found: Request, package_id: str) -> Granted | None:
    context, here, now = parts().context, door.visit(), parts().now()
    package = packages.find(session, found, package_id)
    given = call.form.get("code", "").strip()
    if given and not proofs.answered(session, found, given):
        return None
    level = proofs.fresh_level(session, here, found)
    return packages.grant(session, context, found, package, level=level, actor="subject", now=now)


@area.get("/requests/<id:request_id>/packages/<id:package_id>/content")
def content(request_id: str, package_id: str) -> Response:
    """Send a copy or a range of it, to the browser that proved who is using it."""
    here = parts()
    with reading(here.engine) as session:
        found = door.visit().find(session, request_id)
        packages.find(session, found, package_id)
        token = call.cookies.get(_GRANT, "")
        package = packages.redeem(session, token, package_id, now=here.now())
    return sending.package(package)


@area.get("/requests/<id:request_id>/receipt")
def receipt(request_id: str) -> Response:
    """Send the signed receipt as a file."""
    with reading(parts().engine) as session:
        found = door.visit().find(session, request_id)
        if not door.visit().reads(found):
            raise NotFound("there is no receipt for this visit")
        body = receipts.shown(session, found)
    return _file(orjson.dumps(body), "application/json", f"receipt-{request_id[:8]}.json")


@checking.get("/receipt-check")
def check() -> Response:
    """Send the page that checks receipts: a file that works without us and without a network."""
    return _file(receipt_page.page().encode(), "text/html", "receipt-check.html")


def _file(data: bytes, kind: str, name: str) -> Response:
    response = Response(data, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
