"""Where people who were sent elsewhere come back to: pages of the product that sent them."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from rights.domain.errors import FieldError, Invalid
from rights.services.backends import Caller

_URL: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,260}(/[A-Za-z0-9._~/-]{0,500})?")


def address(caller: Caller, back: str) -> str:
    """
    Return *back* if it is an address of a page of the product.

    Raises:
        Invalid: its origin is none of the backend's, or it has a query or a fragment.
    """
    parts = urlsplit(back) if _URL.fullmatch(back) else None
    if parts is None or f"{parts.scheme}://{parts.netloc}" not in caller.origins:
        wrong = FieldError(
            "back",
            "must be an address of the product, without a query: see rights backend origins",
            caller.origins,
        )
        raise Invalid("nobody can come back there", [wrong])
    return back
