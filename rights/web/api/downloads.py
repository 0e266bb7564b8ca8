"""
The content of a package: decrypted while it is sent, any range of it.

The grant travels in a header, never in an address: addresses are logged.
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug import Response

from rights.services import packages
from rights.store.db import reading
from rights.web import sending
from rights.web.area import Area
from rights.web.auth import Guard, grant_token
from rights.web.parts import parts

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
    problems=(403, 404, 410, 416),
    parameters=_RANGE_HEADERS,
)
def download_package(package_id: str) -> Response:
    """Download a package, or one range of it; interrupted downloads go on where they stopped."""
    here = parts()
    with reading(here.engine) as session:
        package = packages.redeem(session, grant_token(), package_id, now=here.now())
    return sending.package(package)


@area.call(
    "HEAD",
    "/<id:package_id>/content",
    gives={200: {"description": "What a download would give.", "headers": _ZIP["headers"]}},
    problems=(403, 404, 410),
)
def measure_package(package_id: str) -> Response:
    """Read the size and the ETag of a package's content."""
    here = parts()
    with reading(here.engine) as session:
        package = packages.redeem(session, grant_token(), package_id, now=here.now())
    response = Response(
        status=200, content_type="application/zip", headers=sending.headers(package)
    )
    response.headers["Content-Length"] = str(package.size)
    return response
