"""
The portal in a product's page, once it has stopped moving.

The frame grows to what is in it as soon as its page has told how high that is. A click that is
on its way while this happens can come down beside what it was aimed at, in the page around it,
and nobody notices: neither the driver nor the person who would simply click again.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Page

_STILL: Final = """(wait) => {
  const frame = document.querySelector("rights-portal iframe");
  const height = frame ? frame.style.height : "";
  const still = height.endsWith("px") && `${wait} ${height}` === window.heightBefore;
  window.heightBefore = `${wait} ${height}`;
  return still;
}"""
_WAITS: Final = count()
"""A number for each wait: what an earlier one saw says nothing about now."""


def go(page: Page, url: str) -> FrameLocator:
    """Open a page of the product; return its portal, which has got its height and keeps it."""
    page.goto(url)
    return still(page)


def still(page: Page) -> FrameLocator:
    """Wait until the frame is as high as what is in it, and has been for a moment."""
    page.wait_for_function(_STILL, arg=next(_WAITS), polling=100)
    return page.frame_locator("rights-portal iframe")
