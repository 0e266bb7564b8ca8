"""
The page that checks receipts in a browser: one file that reaches no network.

The page itself is ``rights/catalogue/receipt_check.html``. The words for kinds and reasons are
put into it here, so that it says in both languages what the receipt has as codes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import orjson

from rights.services import catalogue, reasons

TEMPLATE: Final = Path(__file__).parents[1] / "catalogue" / "receipt_check.html"
_PLACE: Final = "const CODES = {};"


def page() -> str:
    """Return the page, complete."""
    codes: dict[str, dict[str, str]] = {"en": {}, "zh-CN": {}}
    told = {c: one for c, one in reasons.catalogue().items() if reasons.told(c) == c}
    for code, reason in told.items():
        codes["en"][code], codes["zh-CN"][code] = reason.texts["en"], reason.texts["zh"]
    for kind, words in catalogue.words()["kinds"].items():
        for language, title in words["title"].items():
            codes[language][kind] = title
    # A script may not hold the characters that would end it.
    made = orjson.dumps(codes).decode().replace("<", "\\u003c")
    return TEMPLATE.read_text(encoding="utf-8").replace(_PLACE, f"const CODES = {made};")
