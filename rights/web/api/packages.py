"""Packages: what there is, and leave to download it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services import packages, verification
from rights.store.models import Package, Request
from rights.web.answers import Answer, commit_try, look
from rights.web.api import by_app
from rights.web.api.verification import proved_now
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import requests as proofs
from rights.web.schemas import results as shapes

area = Area(
    "packages",
    prefix="/v1/requests/<id:request_id>/packages",
    guard=Guard.KEY_OR_PORTAL,
    about="What the person gets.",
)


@area.call("GET", "", scope="packages:read", gives={200: shapes.Packages}, problems=(404,))
def list_packages(request_id: str) -> Response:
    """List the packages of a request, the newest first."""

    def work(session: Session, _: datetime) -> Answer:
        request = speaker().find(session, request_id)
        found = packages.of_request(session, request)
        return Answer({"items": [_shown(p, request) for p in found]})

    return look(work)


@area.call(
    "GET",
    "/<id:package_id>",
    scope="packages:read",
    gives={200: shapes.Package},
    problems=(404,),
)
def read_package(request_id: str, package_id: str) -> Response:
    """Read what a package holds and lacks; its content needs a grant."""

    def work(session: Session, _: datetime) -> Answer:
        request = speaker().find(session, request_id)
        return Answer(_shown(packages.find(session, request, package_id), request))

    return look(work)


@area.call(
    "POST",
    "/<id:package_id>/grants",
    scope="packages:read",
    takes=proofs.Proof,
    gives={201: shapes.Grant},
    problems=(404, 409, 410),
)
def grant_download(given: dict[str, Any], request_id: str, package_id: str) -> Response:
    """
    Get leave to download, with a fresh proof at the level of the request.

    A code for this is asked for with the purpose `grant`; a portal token may give what its
    person's authenticator app shows instead. The leave lasts half an hour and any
    number of ranges; a package has a few of them.
    """
    limits = parts().limits
    limits.hit((limits.verification, f"{speaker().counted_as}|{request_id}"))
    if "totp" in given:
        return by_app.grant(given, request_id, package_id, granted)

    def work(session: Session, now: datetime) -> Answer | None:
        request = speaker().find(session, request_id, lock=True)
        package = packages.find(session, request, package_id)
        level = proved_now(session, request, given, now)
        if level is None:
            return None
        return granted(session, request, package, level, now)

    return commit_try(work, verification.refused)


def granted(
    session: Session, request: Request, package: Package, level: int, now: datetime
) -> Answer:
    """Answer with the leave to download, if *level* is enough for it."""
    made = packages.grant(
        session,
        parts().context,
        request,
        package,
        level=level,
        actor=speaker().actor,
        now=now,
        key="" if speaker().person else speaker().backend.key_id,
    )
    body = {
        "token": made.token,
        "expires_at": made.expires_at.isoformat(),
        "grants_left": made.grants_left,
        "content": f"/v1/packages/{package.id}/content",
    }
    return Answer(body, 201)


def _shown(package: Package, request: Request) -> dict[str, Any]:
    return {
        "id": package.id,
        "state": package.state,
        "size": package.size,
        "sha256": package.sha256,
        "complete": package.complete,
        "missing": list(package.missing),
        "grants_left": max(0, package.grants_max - package.grants_used),
        "created_at": package.created_at.isoformat(),
        "expires_at": package.expires_at.isoformat() if package.expires_at else None,
        "level_needed": packages.needed(parts().context, request),
    }
