"""What axe-core, the program that looks for barriers, says about a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Error

if TYPE_CHECKING:
    from playwright.sync_api import Page

_TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# The frames' own copies of axe answer the page's, whatever site they come from.
_PREPARE: Final = "() => axe.configure({allowedOrigins: ['<unsafe_all_origins>']})"
_RUN: Final = """tags => axe.run(document, {
  runOnly: {type: 'tag', values: tags},
  resultTypes: ['violations', 'incomplete'],
  pingWaitTime: 20000,  // half a second, as it is by default, is too short on a busy machine
})"""
_LOOKS: Final = 4
# A frame that axe could not look into is only a doubt to it; to us it is a mistake of the test.
_NOT_LOOKED_AT: Final = "frame-tested"


def violations(page: Page) -> list[str]:
    """
    Return a line for each element of the page or of a frame in it that breaks a rule.

    The page must run scripts. One that renews itself meanwhile is looked at anew.
    """
    for _ in range(_LOOKS):
        try:
            return _found(page)
        except Error as error:
            if "navigation" not in str(error):
                raise
    return _found(page)


def _found(page: Page) -> list[str]:
    for frame in page.frames:
        frame.evaluate(AXE_SCRIPT)
        frame.evaluate(_PREPARE)
    found = page.evaluate(_RUN, _TAGS)
    doubts = [rule for rule in found["incomplete"] if rule["id"] == _NOT_LOOKED_AT]
    return [line for rule in (*found["violations"], *doubts) for line in _lines(rule)]


def _lines(rule: dict[str, Any]) -> Iterator[str]:
    for node in rule["nodes"]:
        where = " in ".join(str(part) for part in reversed(node["target"]))
        yield f"{rule['id']} ({rule['impact']}): {rule['help']}: {where}: {node['html'][:200]}"
