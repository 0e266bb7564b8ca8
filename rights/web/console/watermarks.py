"""
The mark that lies over what a minor's request says: who looks, when, and at which request.

Whoever takes a picture of the screen takes the mark with it. A style sheet keeps what is marked
from being selected and printed, and a script from being copied; nothing of it is saved from here.

Source: Minors Regulation 36.
"""

from __future__ import annotations

from typing import Final

from rights.web.console import door, pages
from rights.web.parts import parts

_LONGEST: Final = 24
"""Characters of a name that have room in one tile of the mark."""


def of(request_id: str, *, minors: bool) -> dict[str, str]:
    """
    Return the lines of a mark, and the sentence that says them once; empty where nobody needs one.

    Args:
        minors: Whether the request counts as a minor's.
    """
    if not minors:
        return {}
    w, name = pages.said(), door.staff().name
    at = pages.moment(parts().now())
    short = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
    told = w.say("watermark", "opened", who=name, at=at, request=request_id[:8])
    return {"who": short, "what": f"{at} · {request_id[:8]}", "told": told}
