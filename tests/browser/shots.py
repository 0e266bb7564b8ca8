"""Pictures of pages, for people to look at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

_ENVIRONMENT = "RIGHTS_SHOTS"


def shot(page: Page, name: str) -> None:
    """Save a picture of the whole page as NAME.png in the folder ``RIGHTS_SHOTS``, if it is set."""
    folder = os.environ.get(_ENVIRONMENT)
    if not folder:
        return
    path = Path(folder) / f"{name}.png"
    page.screenshot(path=path, full_page=True, scale="css", animations="disabled")
