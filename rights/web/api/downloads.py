"""
The content of a package: decrypted while it is sent, any range of it.

The grant travels in a header, never in an address: addresses are logged.
"""

from __future__ import annotations

import base64
from typing import Any, Final

from flask import request
from werkzeug import Response
from werkzeug.datastructures import ContentRange
from werkzeug.http import parse_range_header

from rights.services import packages
from rights.store.db import reading
from rights.store.models import Package
from rights.web.area import Area
from rights.web.auth import Guard, grant_token
from rights.web.parts import parts
from rights.web.problems import Problem

area = Area(
    "downloads",
    prefix="/v1/packages",
    guard=Guard.GRANT,
    about="The content of a package, with a grant.",
)

_ZIP: Final[dict[str, Any]] = {
    "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    "headers": {
        "ETag": {"schema": {"type": "string"}, "description": "Strong: the SHA-256 of the ZIP."},
        "Accept-Ranges": {"schema": {"type": "string"}},
    },
}
_RANGE_HEADERS: Final = (
    {
        "name": "Range",
        "in": "header",
        "required": False,
        "description": "One range of bytes; several at once are answered with the whole.",
        "schema": {"type": "string", "maxLength": 200},
    },
    {
        "name": "If-Range",
        "in": "header",
        "required": False,
        "description": "The ETag under which the range makes sense; else the whole is sent.",
        "schema": {"type": "string", "maxLength": 100},
    },
)
_GIVES: Final = {
    200: {"description": "The whole package.", **_ZIP},
    206: {"description": "The range that was asked for.", **_ZIP},
    304: {"description": "It is what you have."},
}


@area.call(
    "GET",
    "/<id:package_id>/content",
    gives=_GIVES,
    problems=(404, 410, 416),
    parameters=_RANGE_HEADERS,
)
def download_package(package_id: str) -> Response:
    """Download a package, or one range of it; interrupted downloads go on where they stopped."""
    here = parts()
    with reading(here.engine) as session:
        package = packages.redeem(session, grant_token(), package_id, now=here.now())
    if request.if_none_match.contains(package.sha256):
        return Response(status=304, headers={"ETag": f'"{package.sha256}"'})
    return _sent(package, *_wanted(package))


@area.call(
    "HEAD",
    "/<id:package_id>/content",
    gives={200: {"description": "What a download would give.", "headers": _ZIP["headers"]}},
    problems=(404, 410),
)
def measure_package(package_id: str) -> Response:
    """Read the size and the ETag of a package's content."""
    here = parts()
    with reading(here.engine) as session:
        package = packages.redeem(session, grant_token(), package_id, now=here.now())
    response = Response(status=200, content_type="application/zip", headers=_headers(package))
    response.headers["Content-Length"] = str(package.size)
    return response


def _wanted(package: Package) -> tuple[int, int, bool]:
    """Return start, length and whether that is a part; 416 when it lies outside."""
    asked = parse_range_header(request.headers.get("Range"))
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1 or not _same(package):
        return 0, package.size, False
    found = asked.range_for_length(package.size)
    if found is None:
        headers = {"Content-Range": f"bytes */{package.size}"}
        raise Problem("range_not_satisfiable", headers)
    start, stop = found
    return start, stop - start, True


def _same(package: Package) -> bool:
    """Tell whether a condition on the range, if there is one, holds; a weak tag never does."""
    given = request.headers.get("If-Range")
    return given is None or given.strip() == f'"{package.sha256}"'


def _sent(package: Package, start: int, length: int, part: bool) -> Response:  # noqa: FBT001 - the third of three
    here = parts()
    pieces = packages.content(here.context, here.blobs, package, start=start, length=length)
    response = Response(
        pieces,
        206 if part else 200,
        content_type="application/zip",
        headers=_headers(package),
        direct_passthrough=True,
    )
    response.headers["Content-Length"] = str(length)
    if part:
        response.content_range = ContentRange("bytes", start, start + length, package.size)
    return response


def _headers(package: Package) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(package.sha256)).decode()
    return {
        "ETag": f'"{package.sha256}"',
        "Accept-Ranges": "bytes",
        "Repr-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": f'attachment; filename="personal-data-{package.id[:8]}.zip"',
    }
