"""Sending a package: the whole, or the range of it that was asked for."""

from __future__ import annotations

import base64

from flask import request
from werkzeug import Response
from werkzeug.datastructures import ContentRange
from werkzeug.http import parse_range_header

from rights.services import packages
from rights.store.models import Package
from rights.web.parts import parts
from rights.web.problems import Problem


def package(found: Package) -> Response:
    """Return the content of a package, decrypted while it is sent; 416 outside of it."""
    if request.if_none_match.contains(found.sha256):
        return Response(status=304, headers={"ETag": f'"{found.sha256}"'})
    return _sent(found, *_wanted(found))


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
        headers=headers(package),
        direct_passthrough=True,
    )
    response.headers["Content-Length"] = str(length)
    if part:
        response.content_range = ContentRange("bytes", start, start + length, package.size)
    return response


def headers(found: Package) -> dict[str, str]:
    """Return the headers that go with the content of a package, whole or in part."""
    digest = base64.b64encode(bytes.fromhex(found.sha256)).decode()
    return {
        "ETag": f'"{found.sha256}"',
        "Accept-Ranges": "bytes",
        "Repr-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": f'attachment; filename="personal-data-{found.id[:8]}.zip"',
    }
