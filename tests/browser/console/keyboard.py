"""A page gone through by its keys alone, and what is wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

_FOCUSED: Final = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  const label = one.labels && one.labels[0] ? one.labels[0].innerText : "";
  const name = one.ariaLabel || one.innerText || label;
  // The parts of a date, and the button of its calendar, have rings of their own.
  const ring = getComputedStyle(one).outlineStyle !== "none" || one.type === "date";
  return [name.trim().slice(0, 60), ring && box.width > 0 && box.height > 0];
}"""
_SCRIPT: Final = Path(__file__).with_name("keyboard.js").read_text(encoding="utf-8")


def tab(page: Page) -> str:
    """Go on by one key; return what the focus is on, which must be seen."""
    page.wait_for_load_state("load")  # a key pressed while a page comes goes to the one before
    page.keyboard.press("Tab")
    name, seen = page.evaluate(_FOCUSED)
    assert seen, name
    return str(name)


def to(page: Page, name: str, most: int = 60) -> None:
    """Go on by the keyboard until something is reached by its name."""
    passed = []
    for _ in range(most):
        passed.append(tab(page))
        if passed[-1].startswith(name):
            return
    pytest.fail(f"{name} is not reached: {passed}")


def reach(page: Page, selector: str, most: int = 200) -> None:
    """Go on by the keyboard until what a selector matches is reached."""
    passed = []
    for _ in range(most):
        passed.append(tab(page))
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"{selector} is not reached: {passed}")


@dataclass
class Walk:
    """
    Goes through pages, and notes what is wrong.

    Args:
        found: A line for each fault: the page, the control, and what it does not do.
    """

    page: Page
    found: list[str] = field(default_factory=list)

    def at(self, what: str) -> None:
        """
        Go through the page that is open: open what is folded, reach every control, and leave.

        The rules are those of WCAG 2.2: 1.4.10, 2.1.1, 2.1.2, 2.4.1, 2.4.3, 2.4.7, 2.4.11, 2.5.8.
        """
        self.page.wait_for_load_state("load")
        self.page.evaluate(_SCRIPT)
        told = [*self._unfolded(), *self._passed(), *self._skipped()]
        self.found += [f"{what}: {line}" for line in told]

    def _unfolded(self) -> list[str]:
        """Open and close each thing that is folded, and leave it open."""
        wrong: list[str] = []
        while name := self.page.evaluate("keyboard.folded()"):
            for key, opens in (("Enter", True), ("Space", False), ("Space", True)):
                self.page.keyboard.press(key)
                if self.page.evaluate("keyboard.open()") is not opens:
                    return [*wrong, f"{name} does not heed {key}"]
            self.page.keyboard.press("Escape")
            if self.page.evaluate("keyboard.open()"):
                wrong.append(f"{name} does not fold with Escape")
            else:
                self.page.keyboard.press("Enter")
        return wrong

    def _passed(self) -> list[str]:
        most, wrong = self.page.evaluate("keyboard.begin()")
        for _ in range(most + 1):
            self.page.keyboard.press("Tab")
        return [*wrong, *self.page.evaluate("keyboard.end()")]

    def _skipped(self) -> list[str]:
        """Leave out the head of the page with its first link."""
        self.page.evaluate("keyboard.begin()")
        self.page.keyboard.press("Tab")
        if not self.page.evaluate("document.activeElement.matches('.skip')"):
            return ["the first key does not lead to the link that skips the head"]
        self.page.keyboard.press("Enter")
        if not self.page.evaluate("document.activeElement.matches('main')"):
            return ["the link that skips the head does not lead to the content"]
        return []
